// An ordinary MCP server on the TypeScript SDK 1.x: three tools, one resource, one prompt.
// Usage: `ts_sdk1.mjs stdio` or `ts_sdk1.mjs http PORT` (loopback, path /mcp, without sessions).
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

const LOCAL_READ = { readOnlyHint: true, openWorldHint: false };
const text = (value) => ({ content: [{ type: "text", text: value }] });

function build() {
  const server = new McpServer({ name: "peer-ts-sdk1", version: "1.0.0" }, { instructions: "A small calculator." });
  server.registerTool(
    "add",
    {
      description: "Add two whole numbers.",
      inputSchema: { a: z.number().int(), b: z.number().int() },
      outputSchema: { result: z.number().int() },
      annotations: LOCAL_READ,
    },
    async ({ a, b }) => ({ ...text(String(a + b)), structuredContent: { result: a + b } }),
  );
  server.registerTool(
    "echo",
    { description: "Give a text back.", inputSchema: { text: z.string() }, annotations: LOCAL_READ },
    async (args) => text(args.text),
  );
  server.registerTool(
    "fail",
    { description: "Always goes wrong, with the given reason.", inputSchema: { reason: z.string().default("asked to") } },
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
    { description: "Ask for a summary of a topic.", argsSchema: { topic: z.string() } },
    ({ topic }) => ({
      messages: [{ role: "user", content: { type: "text", text: `Summarise ${topic} in one sentence.` } }],
    }),
  );
  return server;
}

function refuse(response, status) {
  response.writeHead(status, status === 405 ? { allow: "POST" } : {}).end();
}

// Without sessions the SDK wants a fresh server and transport for every request.
async function answer(request, response) {
  if (new URL(request.url, "http://localhost").pathname !== "/mcp") return refuse(response, 404);
  if (request.method !== "POST") return refuse(response, 405);
  const server = build();
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  response.on("close", () => {
    transport.close();
    server.close();
  });
  await server.connect(transport);
  await transport.handleRequest(request, response);
}

const [mode, port] = process.argv.slice(2);
if (mode === "stdio") {
  await build().connect(new StdioServerTransport());
} else if (mode === "http" && port) {
  createServer((request, response) => {
    answer(request, response).catch((error) => {
      console.error(error);
      if (response.headersSent) response.destroy();
      else refuse(response, 500);
    });
  }).listen(Number(port), "127.0.0.1");
} else {
  console.error("usage: ts_sdk1.mjs stdio | http PORT");
  process.exit(2);
}
