// An agent on @a2a-js/sdk as its documentation shows: 1.0 and 0.3 over all three bindings; what it does is told by the prefix of the text.
//
//     node a2a_js_agent.mjs PORT
import { randomUUID } from "node:crypto";
import express from "express";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { Role, TaskState } from "@a2a-js/sdk";
import { AgentEvent, DefaultRequestHandler, InMemoryPushNotificationStore, InMemoryTaskStore } from "@a2a-js/sdk/server";
import { agentCardHandler, jsonRpcHandler, restHandler, UserBuilder } from "@a2a-js/sdk/server/express";
import { A2AService, grpcService } from "@a2a-js/sdk/server/grpc";
import { LegacyA2AService, legacyGrpcService } from "@a2a-js/sdk/compat/v0_3/server/grpc";

const port = Number(process.argv[2]);
const base = `http://127.0.0.1:${port}`;
const text = (value) => ({ content: { $case: "text", value }, mediaType: "text/plain", filename: "", metadata: undefined });

// The port of gRPC is known when it is bound, and calls come only once the card tells it.
const rpc = new Server();
const rpcPort = await new Promise((resolve, reject) =>
  rpc.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
);

const agentCard = {
  name: "Agent on a2a-js",
  description: "Does what the prefix of a message says",
  version: "1.0.0",
  supportedInterfaces: ["1.0", "0.3"].flatMap((protocolVersion) => [
    { url: `${base}/rpc`, protocolBinding: "JSONRPC", protocolVersion, tenant: "" },
    { url: `${base}/rest`, protocolBinding: "HTTP+JSON", protocolVersion, tenant: "" },
    { url: `127.0.0.1:${rpcPort}`, protocolBinding: "GRPC", protocolVersion, tenant: "" },
  ]),
  capabilities: { streaming: true, pushNotifications: true, extensions: [] },
  securitySchemes: {},
  securityRequirements: [],
  defaultInputModes: ["text/plain"],
  defaultOutputModes: ["text/plain"],
  skills: [
    { id: "echo", name: "Echo", description: "Says it again", tags: ["test"], examples: [], inputModes: [], outputModes: [], securityRequirements: [] },
  ],
  signatures: [],
};

class Executor {
  canceled = new Set();

  async execute(context, bus) {
    const { userMessage, taskId, contextId, task } = context;
    const part = userMessage.parts.find((one) => one.content?.$case === "text");
    const said = part?.content.value ?? "";
    const message = (value) => ({ messageId: randomUUID(), role: Role.ROLE_AGENT, parts: [text(value)], taskId, contextId, extensions: [], referenceTaskIds: [], metadata: undefined });
    const status = (state, value) => ({ state, timestamp: new Date().toISOString(), message: value ? message(value) : undefined });
    const become = (state, value) => bus.publish(AgentEvent.statusUpdate({ taskId, contextId, status: status(state, value), metadata: undefined }));
    if (said.startsWith("tck-message-response")) {
      bus.publish(AgentEvent.message({ ...message("Direct message response"), taskId: "" }));
      bus.finished();
      return;
    }
    if (!task) {
      bus.publish(AgentEvent.task({ id: taskId, contextId, status: status(TaskState.TASK_STATE_SUBMITTED), history: [userMessage], artifacts: [], metadata: undefined }));
    }
    become(TaskState.TASK_STATE_WORKING);
    if (said.startsWith("tck-input-required") || said.startsWith("tck-multi-turn")) {
      become(TaskState.TASK_STATE_INPUT_REQUIRED, "What else?");
    } else if (said.startsWith("tck-reject-task")) {
      become(TaskState.TASK_STATE_REJECTED);
    } else if (said.startsWith("tck-task-failure")) {
      become(TaskState.TASK_STATE_FAILED);
    } else if (said.startsWith("tck-cancel") || said.startsWith("tck-long-running")) {
      const ends = Date.now() + (said.startsWith("tck-cancel") ? 3600000 : 2000);
      while (Date.now() < ends && !this.canceled.has(taskId)) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      become(this.canceled.has(taskId) ? TaskState.TASK_STATE_CANCELED : TaskState.TASK_STATE_COMPLETED);
    } else {
      const artifact = { artifactId: randomUUID(), name: "echo", description: "", parts: [text(`echo: ${said}`)], extensions: [], metadata: undefined };
      bus.publish(AgentEvent.artifactUpdate({ taskId, contextId, artifact, append: false, lastChunk: true, metadata: undefined }));
      become(TaskState.TASK_STATE_COMPLETED);
    }
    bus.finished();
  }

  cancelTask = async (taskId) => {
    this.canceled.add(taskId);
  };
}

const requestHandler = new DefaultRequestHandler(
  agentCard,
  new InMemoryTaskStore(),
  new Executor(),
  undefined,
  new InMemoryPushNotificationStore(),
);
const options = { requestHandler, userBuilder: UserBuilder.noAuthentication, legacyCompat: { enabled: true } };
rpc.addService(A2AService, grpcService({ requestHandler, userBuilder: UserBuilder.noAuthentication }));
rpc.addService(LegacyA2AService, legacyGrpcService({ requestHandler, userBuilder: UserBuilder.noAuthentication }));
const app = express();
app.use("/.well-known/agent-card.json", agentCardHandler({ agentCardProvider: requestHandler, legacyCompat: { enabled: true } }));
app.use("/rpc", jsonRpcHandler(options));
app.use("/rest", restHandler(options));
app.listen(port, "127.0.0.1");
