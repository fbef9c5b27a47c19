// An ordinary MCP server on the TypeScript SDK 2.x: three tools, one resource, one prompt.
// Usage: `ts_sdk2.mjs stdio` or `ts_sdk2.mjs http PORT` (loopback, path /mcp; without sessions for the older revisions).
import { createServer } from "node:http";
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const LOCAL_READ = { readOnlyHint: true, openWorldHint: false };
const text = (value) => ({ content: [{ type: "text", text: value }] });

function build() {
  const server = new McpServer({ name: "peer-ts-sdk2", version: "1.0.0" }, { instructions: "A small calculator." });
  server.registerTool(
    "add",
    {
      description: "Add two whole numbers.",
      inputSchema: z.object({ a: z.number().int(), b: z.number().int() }),
      outputSchema: z.object({ result: z.number().int() }),
      annotations: LOCAL_READ,
    },
    async ({ a, b }) => ({ ...text(String(a + b)), structuredContent: { result: a + b } }),
  );
  server.registerTool(
    "echo",
    { description: "Give a text back.", inputSchema: z.object({ text: z.string() }), annotations: LOCAL_READ },
    async (args) => text(args.text),
  );
  server.registerTool(
    "fail",
    {
      description: "Always goes wrong, with the given reason.",
      inputSchema: z.object({ reason: z.string().default("asked to") }),
    },
    async ({ reason }) => {
      throw new Error(reason);
    },
  );
  server.registerResource(
    "greeting",
    "peer://greeting",
    { description: "A fixed text.", mimeType: "text/plain" },
    async (uri) => ({ contents: [{ uri: uri.href, mimeType: "text/plain", text: "hello" }] }),
  );
  server.registerPrompt(
    "summarise",
    { description: "Ask for a summary of a topic.", argsSchema: z.object({ topic: z.string() }) },
    ({ topic }) => ({
      messages: [{ role: "user", content: { type: "text", text: `Summarise ${topic} in one sentence.` } }],
    }),
  );
  return server;
}

const [mode, port] = process.argv.slice(2);
if (mode === "stdio") {
  serveStdio(build);
} else if (mode === "http" && port) {
  const handle = toNodeHandler(createMcpHandler(build));
  // The handler checks neither Host nor Origin; its documentation puts these guards in front.
  const guards = [localhostHostValidation(), localhostOriginValidation()];
  createServer((request, response) => {
    if (!guards.every((guard) => guard(request, response))) return;
    if (new URL(request.url, "http://localhost").pathname === "/mcp") handle(request, response);
    else response.writeHead(404).end();
  }).listen(Number(port), "127.0.0.1");
} else {
  console.error("usage: ts_sdk2.mjs stdio | http PORT");
  process.exit(2);
}
