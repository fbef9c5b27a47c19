// The client of @a2a-js/sdk against the reference agent, over one binding in one version; prints one JSON line of what it was told.
//
//     node a2a_js_client.mjs URL VERSION BINDING
import { randomUUID } from "node:crypto";
import { Role, TaskState } from "@a2a-js/sdk";
import { ClientFactory, DefaultAgentCardResolver, JsonRpcTransportFactory, RestTransportFactory } from "@a2a-js/sdk/client";
import { GrpcTransportFactory } from "@a2a-js/sdk/client/grpc";
import { credentials } from "@grpc/grpc-js";

const [url, version, binding] = process.argv.slice(2);
const legacyCompat = { enabled: true };
const state = (task) => TaskState[task.status.state];

const message = (prefix) => ({
  messageId: `${prefix}-${randomUUID()}`,
  role: Role.ROLE_USER,
  parts: [{ content: { $case: "text", value: "hello" }, mediaType: "text/plain", filename: "", metadata: undefined }],
  contextId: "",
  taskId: "",
  extensions: [],
  referenceTaskIds: [],
  metadata: undefined,
});
const asked = (prefix) => ({ tenant: "", message: message(prefix), configuration: undefined, metadata: undefined });

async function refused(call) {
  try {
    await call;
  } catch (error) {
    return error.constructor.name;
  }
  return "";
}

const told = {};
const resolver = new DefaultAgentCardResolver({ legacyCompat });
const card = await resolver.resolve(url);
card.supportedInterfaces = card.supportedInterfaces.filter((one) => one.protocolVersion === version && one.protocolBinding === binding);
told.interfaces = card.supportedInterfaces.length;
const transports = [
  new JsonRpcTransportFactory({ legacyCompat }),
  new RestTransportFactory({ legacyCompat }),
  new GrpcTransportFactory({ grpcChannelCredentials: credentials.createInsecure(), legacyCompat }),
];
const client = await new ClientFactory({ transports, cardResolver: resolver }).createFromAgentCard(card);
told.version = client.protocolVersion;

const done = await client.sendMessage(asked("tck-artifact-text"));
told.completed = [state(done), done.artifacts[0].parts[0].content.value];
const said = await client.sendMessage(asked("tck-message-response"));
told.message = said.parts[0].content.value;
const parked = await client.sendMessage(asked("tck-input-required"));
told.parked = state(parked);
told.canceled = state(await client.cancelTask({ tenant: "", id: parked.id, metadata: undefined }));
told.notCancelable = await refused(client.cancelTask({ tenant: "", id: parked.id, metadata: undefined }));
told.notFound = await refused(client.getTask({ tenant: "", id: randomUUID(), historyLength: undefined }));

told.events = [];
let streamed = "";
for await (const event of client.sendMessageStream(asked("tck-stream-artifact-chunked"))) {
  told.events.push(event.payload.$case);
  streamed ||= event.payload.value.id;
}
const read = await client.getTask({ tenant: "", id: streamed, historyLength: undefined });
told.chunks = read.artifacts[0].parts.map((part) => part.content.value);
const config = { tenant: "", taskId: streamed, id: "c-1", url: "https://wireproof.example/hook", token: "", authentication: undefined };
const made = await client.createTaskPushNotificationConfig(config);
told.config = [made.taskId === streamed, made.id, made.url];
if (version === "1.0") {
  const listed = await client.listTasks({ tenant: "", contextId: "", status: TaskState.TASK_STATE_UNSPECIFIED, pageSize: 2, pageToken: "" });
  told.listed = [listed.tasks.length, listed.totalSize];
}
console.log(JSON.stringify(told));
process.exit(0); // a channel of gRPC keeps the process alive
