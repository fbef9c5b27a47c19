"""An agent on a2a-sdk 1.x as its documentation shows: 1.0 and 0.3 over all three bindings; what it does is told by the prefix of the text.

python a2a_sdk1_agent.py PORT [http]      with the word http over the two HTTP bindings alone
"""

from __future__ import annotations

import asyncio
import sys

import grpc
import httpx
import uvicorn
from a2a.compat.v0_3 import a2a_v0_3_pb2_grpc
from a2a.compat.v0_3.grpc_handler import CompatGrpcHandler
from a2a.helpers import new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler, GrpcHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import (
    BasePushNotificationSender,
    InMemoryPushNotificationConfigStore,
    InMemoryTaskStore,
    TaskUpdater,
)
from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    Message,
    Part,
    Role,
    a2a_pb2_grpc,
)
from starlette.applications import Starlette


def card(base: str, rpc: str) -> AgentCard:
    """The card: an interface for each version and binding; `rpc` is host and port of gRPC, or empty."""
    interfaces = [
        AgentInterface(url=url, protocol_binding=binding, protocol_version=version)
        for version in ("1.0", "0.3")
        for binding, url in (("JSONRPC", base + "/"), ("HTTP+JSON", base), ("GRPC", rpc))
        if url
    ]
    return AgentCard(
        name="Agent on a2a-sdk",
        description="Does what the prefix of a message says",
        version="1.0.0",
        supported_interfaces=interfaces,
        capabilities=AgentCapabilities(streaming=True, push_notifications=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="echo", name="Echo", description="Says it again", tags=["test"])],
    )


class Executor(AgentExecutor):
    """Behaves as the official kits expect of a system under test."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        said = context.get_user_input()
        if said.startswith("tck-message-response"):
            part = Part(text="Direct message response")
            message = Message(message_id="m-1", role=Role.ROLE_AGENT, parts=[part], context_id=context.context_id)
            await event_queue.enqueue_event(message)
            return
        task = context.current_task
        if task is None:
            task = new_task_from_user_message(context.message)
            await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.start_work()
        if said.startswith(("tck-input-required", "tck-multi-turn")):
            await updater.requires_input(updater.new_agent_message([Part(text="What else?")]))
        elif said.startswith("tck-reject-task"):
            await updater.reject()
        elif said.startswith("tck-task-failure"):
            await updater.failed()
        elif said.startswith("tck-cancel"):
            await asyncio.sleep(3600)
        elif said.startswith("tck-long-running"):
            await asyncio.sleep(2)
            await updater.complete()
        elif said.startswith("tck-stream-chunked"):
            await updater.add_artifact([Part(text="chunk-1 ")], artifact_id="a-1", append=False, last_chunk=False)
            await updater.add_artifact([Part(text="chunk-2")], artifact_id="a-1", append=True, last_chunk=True)
            await updater.complete()
        else:
            await updater.add_artifact([Part(text=f"echo: {said}")], name="echo")
            await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        await TaskUpdater(event_queue, context.task_id or "", context.context_id or "").cancel()


async def serve(port: int, *, only_http: bool) -> None:
    rpc = grpc.aio.server()
    rpc_port = rpc.add_insecure_port("127.0.0.1:0")
    agent_card = card(f"http://127.0.0.1:{port}", "" if only_http else f"127.0.0.1:{rpc_port}")
    configs = InMemoryPushNotificationConfigStore()
    handler = DefaultRequestHandler(
        agent_executor=Executor(),
        task_store=InMemoryTaskStore(),
        agent_card=agent_card,
        push_config_store=configs,
        push_sender=BasePushNotificationSender(httpx.AsyncClient(timeout=10.0), configs),
    )
    routes = [
        *create_agent_card_routes(agent_card),
        *create_jsonrpc_routes(handler, "/", enable_v0_3_compat=True),
        *create_rest_routes(handler, enable_v0_3_compat=True),
    ]
    a2a_pb2_grpc.add_A2AServiceServicer_to_server(GrpcHandler(handler), rpc)
    a2a_v0_3_pb2_grpc.add_A2AServiceServicer_to_server(CompatGrpcHandler(handler), rpc)
    await rpc.start()
    app = Starlette(routes=routes)
    await uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")).serve()
    await rpc.stop(grace=None)


def main() -> None:
    asyncio.run(serve(int(sys.argv[1]), only_http="http" in sys.argv[2:]))


if __name__ == "__main__":
    main()
