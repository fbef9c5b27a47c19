"""Collects the schemas of the tools of every installed peer: `python tests/peers/tools.py` writes tests/generate/tool_schemas.json.

Facts only: what the schemas say to a validator. Prose (titles, descriptions) stays where it was written. Peers are listed, never called.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.peers.peerlist import ROOT, SCRATCH, Peer, load
from tests.peers.smoke import STATELESS, StdioTalk, greet, meta_of, stop

FILE = ROOT / "tests" / "generate" / "tool_schemas.json"
_PROSE = ("title", "description", "$comment", "examples")
_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")


def plain(schema: Any) -> Any:
    """The schema without prose."""
    if isinstance(schema, list):
        return [plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {}
    for key, part in schema.items():
        if key in _MAPS and isinstance(part, dict):
            made[key] = {name: plain(inner) for name, inner in part.items()}
        elif key not in _PROSE:
            made[key] = part if key in ("enum", "const", "default") else plain(part)
    return made


def tools(peer: Peer) -> list[dict[str, Any]]:
    """The tools of a peer on stdio, in its newest revision."""
    launch, revision = peer.launches["stdio"], peer.revisions[-1]
    found: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryFile() as noise,
        subprocess.Popen(
            launch.command,
            env=launch.environ(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=noise,
            start_new_session=True,
        ) as process,
    ):
        try:
            talk = StdioTalk(process, peer.startup_s)
            greet(talk, revision)
            params: dict[str, Any] = {"_meta": meta_of(revision)} if revision in STATELESS else {}
            number = 2
            while True:
                answer = talk.ask({"jsonrpc": "2.0", "id": number, "method": "tools/list", "params": params})
                found += answer["result"]["tools"]
                cursor = answer["result"].get("nextCursor")
                if not cursor:
                    return found
                params, number = {**params, "cursor": cursor}, number + 1
        finally:
            stop(process, stdio=True)


def main() -> None:
    rows = []
    for peer in load().peers:
        if "stdio" not in peer.launches:
            continue
        for tool in tools(peer):
            for member in ("inputSchema", "outputSchema"):
                if member in tool:
                    row = {"peer": peer.name, "package": peer.package, "version": peer.version, "tool": tool["name"]}
                    rows.append({**row, "member": member, "schema": plain(tool[member])})
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    text = f"[\n{lines}\n]\n".replace(str(SCRATCH), "{scratch}")
    FILE.write_text(text, encoding="utf-8")
    print(f"{len(rows)} schemas of {len({row['peer'] for row in rows})} peers in {FILE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
