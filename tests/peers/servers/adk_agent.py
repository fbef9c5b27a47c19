"""An agent of the Agent Development Kit with a model that says the same, as an A2A agent by its to_a2a (a2a-sdk 1.x).

python adk_agent.py PORT
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator

import uvicorn
from google.adk.a2a.utils.agent_to_a2a import to_a2a
from google.adk.agents import Agent
from google.adk.models import BaseLlm, LlmRequest, LlmResponse
from google.genai import types


class Saying(BaseLlm):
    """Answers every prompt by one sentence."""

    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        yield LlmResponse(content=types.Content(role="model", parts=[types.Part(text="A short sentence.")]))


def main() -> None:
    port = int(sys.argv[1])
    agent = Agent(model=Saying(model="saying"), name="agent_on_adk", description="Says a sentence")
    uvicorn.run(to_a2a(agent, host="127.0.0.1", port=port), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
