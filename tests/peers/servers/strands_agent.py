"""A Strands agent with a model that says the same, as an A2A agent by its A2AServer: 0.3 over JSON-RPC (a2a-sdk 0.3).

python strands_agent.py PORT
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from strands import Agent
from strands.models.model import Model
from strands.multiagent.a2a import A2AServer


class Saying(Model):
    """Answers every prompt by one sentence, in the events of a model that streams."""

    def update_config(self, **model_config: Any) -> None: ...

    def get_config(self) -> dict[str, Any]:
        return {}

    async def structured_output(self, *args: Any, **options: Any) -> AsyncIterator[Any]:
        raise TypeError("this model has no structured output")
        yield

    async def stream(self, *args: Any, **options: Any) -> AsyncIterator[Any]:
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {}}}
        yield {"contentBlockDelta": {"delta": {"text": "A short sentence."}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}


def made(context: str) -> Agent:
    return Agent(model=Saying(), name="Agent on Strands", description="Says a sentence", callback_handler=None)


def main() -> None:
    port = int(sys.argv[1])
    server = A2AServer(agent_factory=made, host="127.0.0.1", port=port, enable_a2a_compliant_streaming=True)
    uvicorn.run(server.to_starlette_app(), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
