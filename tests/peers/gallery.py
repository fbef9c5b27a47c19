"""Plays every installed real peer, servers and agents, with `wireproof run --all`, and builds the site over the reports: `make gallery`.

`--only NAME` (of a peer, an agent or an environment, repeatable) plays a part. Written: FOLDER/wireproof.toml, FOLDER/reports, FOLDER/site.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from agents import AGENTS, STARTUP
from peerlist import PEERS, Launch, free_port, load


def table(name: str, launch: Launch, startup_s: float, protocol: str = "mcp") -> str:
    """A target of a configuration."""
    lines = [f"[targets.{json.dumps(name)}]", f"command = {json.dumps(list(launch.command))}"]
    if protocol != "mcp":
        lines.append(f"protocol = {json.dumps(protocol)}")
    if launch.url is not None:
        lines.append(f"url = {json.dumps(launch.url)}")
    if launch.env:
        lines.append("env = { " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in launch.env.items()) + " }")
    return "\n".join([*lines, f"startup-wait = {max(30.0, startup_s)}", ""])


def tables(only: list[str]) -> Iterator[str]:
    """What is installed: servers by package, version and transport; agents by their names."""
    servers = (
        load().only([name for name in only if name not in AGENTS]) if set(only) - set(AGENTS) or not only else None
    )
    for peer in servers.peers if servers else ():
        if (PEERS / peer.environment).is_dir():
            for transport, launch in peer.launches.items():
                name = f"{peer.name}-{peer.version}-{transport}"
                yield table(name, launch.fill(port=free_port()), peer.startup_s)
    for name, agent in AGENTS.items():
        command = agent.command
        if (not only or name in only) and all(part.exists() for part in command if PEERS in part.parents):
            port = free_port()
            launch = Launch(command=(*map(str, command), str(port)), url=f"http://127.0.0.1:{port}", env={})
            yield table(name, launch, STARTUP, "a2a")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--revision", action="append", default=[])
    given = parser.parse_args()
    folder: Path = given.folder.absolute()
    (folder / "reports").mkdir(parents=True, exist_ok=True)
    for old in (folder / "reports").glob("*.json"):
        old.unlink()
    (folder / "wireproof.toml").write_text(
        'reports = { json = "reports/{target}.json" }\n\n' + "\n".join(tables(given.only)), "utf-8"
    )
    wireproof = [sys.executable, "-m", "wireproof"]
    chosen = [word for one in given.revision for word in ("--revision", one)]
    code = subprocess.run([*wireproof, "run", "--all", *chosen], cwd=folder, check=False).returncode
    if code == 130:
        return code
    return subprocess.run([*wireproof, "matrix", "reports", "-o", "html:site"], cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
