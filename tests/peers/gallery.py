"""Plays every installed real peer with `wireproof run --all`, and builds the site over the reports: `make gallery`.

`--only NAME` (of a peer or an environment, repeatable) plays a part. Written: FOLDER/wireproof.toml, FOLDER/reports, FOLDER/site.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from peerlist import PEERS, Launch, Peer, free_port, load


def table(peer: Peer, transport: str, launch: Launch) -> str:
    """A target of a configuration, called as its package and version are."""
    name = json.dumps(f"{peer.name}-{peer.version}-{transport}")
    lines = [f"[targets.{name}]", f"command = {json.dumps(list(launch.command))}"]
    if launch.url is not None:
        lines.append(f"url = {json.dumps(launch.url)}")
    if launch.env:
        lines.append("env = { " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in launch.env.items()) + " }")
    return "\n".join([*lines, f"startup-wait = {max(30.0, peer.startup_s)}", ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--revision", action="append", default=[])
    given = parser.parse_args()
    peers = [one for one in load().only(given.only).peers if (PEERS / one.environment).is_dir()]
    folder: Path = given.folder.absolute()
    (folder / "reports").mkdir(parents=True, exist_ok=True)
    for old in (folder / "reports").glob("*.json"):
        old.unlink()
    tables = [
        table(peer, transport, launch.fill(port=free_port()))
        for peer in peers
        for transport, launch in peer.launches.items()
    ]
    (folder / "wireproof.toml").write_text(
        'reports = { json = "reports/{target}.json" }\n\n' + "\n".join(tables), "utf-8"
    )
    wireproof = [sys.executable, "-m", "wireproof"]
    chosen = [word for one in given.revision for word in ("--revision", one)]
    code = subprocess.run([*wireproof, "run", "--all", *chosen], cwd=folder, check=False).returncode
    if code == 130:
        return code
    return subprocess.run([*wireproof, "matrix", "reports", "-o", "html:site"], cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
