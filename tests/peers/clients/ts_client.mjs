// The official TypeScript client 2.x against any server: lists, calls, reads, prompts; prints one JSON line.
// Usage: `ts_client.mjs [--mode auto|legacy|REVISION] stdio COMMAND...` or `... http URL`; exit 0 when everything was
// answered, else 1. `auto` asks server/discover first and falls back to initialize.
import { readFileSync } from "node:fs";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const DEADLINE_MS = 60_000;
const PLAIN = { integer: 1, number: 1, boolean: true, array: [], object: {}, null: null };

function parse(words) {
  const mode = words[0] === "--mode" ? words.splice(0, 2)[1] : "auto";
  const [transport, ...rest] = words;
  if (transport === "stdio" && rest.length) return { mode, command: rest };
  if (transport === "http" && rest.length === 1) return { mode, url: rest[0] };
  console.error("usage: ts_client.mjs [--mode auto|legacy|REVISION] stdio COMMAND... | http URL");
  return process.exit(2);
}

// `add` where there is one, else the first tool with its required properties filled in.
function pickCall(tools) {
  if (tools.some((tool) => tool.name === "add")) return { name: "add", arguments: { a: 1, b: 2 } };
  const { properties = {}, required = [] } = tools[0].inputSchema;
  const fill = (name) => [name, PLAIN[properties[name]?.type] ?? "example"];
  return { name: tools[0].name, arguments: Object.fromEntries(required.map(fill)) };
}

function promptArguments(prompt) {
  const wanted = (prompt.arguments ?? []).filter((each) => each.required);
  return Object.fromEntries(wanted.map((each) => [each.name, "example"]));
}

async function look(client) {
  const offers = client.getServerCapabilities() ?? {};
  const tools = offers.tools ? (await client.listTools()).tools : [];
  const resources = offers.resources ? (await client.listResources()).resources : [];
  const prompts = offers.prompts ? (await client.listPrompts()).prompts : [];
  const call = tools.length ? pickCall(tools) : null;
  const [prompt] = prompts;
  return {
    revision: client.getNegotiatedProtocolVersion(),
    server: client.getServerVersion() ?? null,
    tools: tools.map((tool) => tool.name),
    called: call && { name: call.name, ...(await client.callTool(call)) },
    resource: resources.length ? await client.readResource({ uri: resources[0].uri }) : null,
    prompt: prompt ? await client.getPrompt({ name: prompt.name, arguments: promptArguments(prompt) }) : null,
  };
}

// The package does not export its own package.json, so its version is read beside the resolved entry file.
function clientName() {
  const manifest = new URL("../package.json", import.meta.resolve("@modelcontextprotocol/client"));
  return `@modelcontextprotocol/client ${JSON.parse(readFileSync(manifest, "utf8")).version}`;
}

const { mode, command, url } = parse(process.argv.slice(2));
const negotiation = mode === "auto" || mode === "legacy" ? mode : { pin: mode };
const transport = command
  ? new StdioClientTransport({ command: command[0], args: command.slice(1) })
  : new StreamableHTTPClientTransport(new URL(url));
const client = new Client({ name: "peer-ts-client", version: "1.0.0" }, { versionNegotiation: { mode: negotiation } });
const alarm = setTimeout(() => {
  console.log(JSON.stringify({ client: clientName(), error: `no end within ${DEADLINE_MS} ms` }));
  process.exit(1);
}, DEADLINE_MS);
try {
  await client.connect(transport);
  const seen = await look(client);
  if (!(seen.tools.length || seen.resource || seen.prompt)) {
    throw new Error("the server shows neither tools nor resources nor prompts");
  }
  await transport.terminateSession?.();
  console.log(JSON.stringify({ client: clientName(), ...seen }));
} catch (error) {
  console.log(JSON.stringify({ client: clientName(), error: String(error) }));
  process.exitCode = 1;
} finally {
  clearTimeout(alarm);
  await client.close();
}
