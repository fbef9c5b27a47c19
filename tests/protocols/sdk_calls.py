"""An agent on a2a-sdk 1.x over gRPC, in both versions: `python sdk_calls.py` prints the URL of its card and serves until its input ends."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from a2a.compat.v0_3 import a2a_v0_3_pb2_grpc
from a2a.compat.v0_3.grpc_handler import CompatGrpcHandler
from a2a.helpers import new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.request_handlers.grpc_handler import GrpcHandler
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill, Message, Part, Role, a2a_pb2_grpc
from google.protobuf.json_format import MessageToDict


class Executor(AgentExecutor):
    """Does what the beginning of a text says."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        said = context.get_user_input()
        if said.startswith("tck-message-response"):
            message = Message(
                message_id="m-1", role=Role.ROLE_AGENT, parts=[Part(text="Here")], context_id=context.context_id
            )
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
        elif said.startswith("tck-cancel"):
            await asyncio.sleep(3600)
        elif said.startswith("tck-long-running"):
            await asyncio.sleep(0.5)
            await updater.complete()
        else:
            await updater.add_artifact([Part(text=f"echo: {said}")], name="echo")
            await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        await TaskUpdater(event_queue, context.task_id or "", context.context_id or "").cancel()


class Card(BaseHTTPRequestHandler):
    """Serves one document."""

    def __init__(self, document: bytes, *rest: Any) -> None:
        self.document = document
        super().__init__(*rest)

    def do_GET(self) -> None:
        there = self.path == "/.well-known/agent-card.json"
        self.send_response(200 if there else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.document) if there else 0))
        self.end_headers()
        self.wfile.write(self.document if there else b"")

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        return


async def main() -> None:
    server = grpc.aio.server()
    place = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    card = AgentCard(
        name="Agent on a2a-sdk",
        description="Does what a message says",
        version="1.0.0",
        supported_interfaces=[
            AgentInterface(url=place, protocol_binding="GRPC", protocol_version=one) for one in ("1.0", "0.3")
        ],
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="echo", name="Echo", description="Says it again", tags=["test"])],
    )
    handler = DefaultRequestHandler(
        agent_executor=Executor(),
        task_store=InMemoryTaskStore(),
        agent_card=card,
    )
    a2a_pb2_grpc.add_A2AServiceServicer_to_server(GrpcHandler(handler), server)
    a2a_v0_3_pb2_grpc.add_A2AServiceServicer_to_server(CompatGrpcHandler(handler), server)
    await server.start()
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(Card, json.dumps(MessageToDict(card)).encode()))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{web.server_address[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(0)


if __name__ == "__main__":
    asyncio.run(main())
