"""A pydantic-ai agent with a model that says the same, as an A2A agent by fasta2a: 1.0 over JSON-RPC.

python fasta2a_agent.py PORT
"""

from __future__ import annotations

import sys

import uvicorn
from fasta2a.pydantic_ai import agent_to_a2a
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel


def main() -> None:
    port = int(sys.argv[1])
    agent = Agent(TestModel(custom_output_text="A short sentence."))
    app = agent_to_a2a(agent, name="Agent on fasta2a", url=f"http://127.0.0.1:{port}", version="1.0.0")
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
