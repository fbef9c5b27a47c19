"""Install the third-party peers of `peers.toml` into `.peers/` of the project root, each apart from the others.

    python tests/peers/install.py [--only NAME]...                        install what is missing or changed
    python tests/peers/install.py --smoke [--only NAME]... [--revision R]...   and then start every one of them once

Nothing is resolved here: a venv gets exactly the versions of its requirements file, a node_modules tree exactly those
of its lock file. A stamp with the hash of these files makes the next run do nothing. Needs Python >= 3.11 with venv
and, for the npm peers, Node >= 20; POSIX only. Stdlib only. Exit: 0 well, 1 something failed, 2 wrong words.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import smoke
from peerlist import HERE, PEERS, SCRATCH, Environment, Peer, PeerClient, PeerList, PeerListError, load

STAMP = ".stamp"
AT_ONCE = 2
STEP_DEADLINE_S = 600.0
"""Seconds for one command of an installation (a venv, one pip or npm run)."""

NODE_AT_LEAST = 20
_LAYOUT = 1
"""Raise it when the way of installing changes: every stamp becomes stale."""


class InstallError(Exception):
    """An environment could not be installed; the text says what was run and what it answered."""


def _run(command: Sequence[str], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run one command to its end and give its output back; raises InstallError with the ends of it."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=STEP_DEADLINE_S,
            check=False,
        )
    except FileNotFoundError:
        raise InstallError(f"{command[0]} is not on this machine") from None
    except subprocess.TimeoutExpired:
        raise InstallError(f"no end within {STEP_DEADLINE_S:.0f} s: {' '.join(command)}") from None
    if done.returncode:
        lines = done.stdout.splitlines()
        # pip ends with the cause, npm begins with it and then explains its options at length.
        shown = lines if len(lines) <= 24 else [*lines[:12], "...", *lines[-12:]]
        raise InstallError("\n".join([f"exit {done.returncode}: {' '.join(command)}", *shown]))
    return done.stdout


def stamp_of(environment: Environment) -> str:
    """What the stamp must say for the installed folder to be current: a hash over every pin and the interpreter."""
    digest = hashlib.sha256(f"{_LAYOUT} {environment.kind} {sys.platform}".encode())
    if environment.kind == "pypi":
        # A venv is bound to the interpreter that made it.
        digest.update(f" {sys.version_info[:3]} {sys.base_prefix}".encode())
    for pin in environment.pins:
        digest.update(pin.read_bytes())
    return digest.hexdigest()


def is_current(environment: Environment) -> bool:
    """Whether the folder holds what the pins say."""
    stamp = environment.folder / STAMP
    return stamp.is_file() and stamp.read_text() == stamp_of(environment)


def pinned_versions(environment: Environment) -> dict[str, str]:
    """Name to version of every package in the lock (npm: of those directly under node_modules)."""
    if environment.kind == "pypi":
        return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)$", environment.lock.read_text(), re.MULTILINE))
    packages = json.loads((environment.lock / "package-lock.json").read_text())["packages"]
    prefix = "node_modules/"
    return {key.removeprefix(prefix): each["version"] for key, each in packages.items() if key.startswith(prefix)}


def check_pins(peers: PeerList) -> None:
    """Raise InstallError where `peers.toml` and a lock name different versions, or a lock names a registry."""
    by_name = {each.name: each for each in peers.environments}
    everyone: tuple[Peer | PeerClient, ...] = (*peers.peers, *peers.clients)
    for each in everyone:
        locked = pinned_versions(by_name[each.environment]).get(each.package)
        if locked != each.version:
            raise InstallError(f"{each.name}: peers.toml says {each.package} {each.version}, the lock says {locked}")
    for environment in peers.environments:
        for pin in environment.pins:
            if '"resolved":' in pin.read_text():
                raise InstallError(f"{pin.relative_to(HERE)}: carries addresses of a registry; see README.md")


def _install_pypi(environment: Environment) -> None:
    folder = environment.folder
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    # The file is complete, so pip need not (and may not) think about dependencies; `check` proves the completeness.
    _run([*pip, "install", "--quiet", "--no-deps", "--only-binary=:all:", "-r", str(environment.lock)])
    _run([*pip, "check"])


def _install_npm(environment: Environment) -> None:
    version = _run(["node", "--version"]).strip()
    if int(version.removeprefix("v").split(".")[0]) < NODE_AT_LEAST:
        raise InstallError(f"Node {version} is too old, these packages want {NODE_AT_LEAST}")
    environment.folder.mkdir(parents=True)
    for pin in environment.pins:
        shutil.copy(pin, environment.folder)
    # No package here needs its install scripts, and what is not run cannot surprise.
    words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--no-update-notifier"]
    _run(words, cwd=environment.folder)


def install(environment: Environment) -> bool:
    """Bring one environment up to date; True when something had to be done. Raises InstallError."""
    stale = not is_current(environment)
    if stale:
        if environment.folder.exists():
            shutil.rmtree(environment.folder)
        fill = _install_pypi if environment.kind == "pypi" else _install_npm
        fill(environment)
    for source in environment.sources:
        shutil.copy(source, environment.folder)
    if stale:
        (environment.folder / STAMP).write_text(stamp_of(environment))
    return stale


def make_scratch() -> None:
    """Create what the peers work on where it is missing: a repository with one commit, a folder, a place for a file.

    The same content and dates every time, and no setting of the user reaches the repository.
    """
    files = SCRATCH / "files"
    files.mkdir(parents=True, exist_ok=True)
    if not (files / "hello.txt").exists():
        (files / "hello.txt").write_text("hello\n")
    repo = SCRATCH / "repo"
    if (repo / ".git" / "refs" / "heads" / "main").exists():
        return
    if repo.exists():
        shutil.rmtree(repo)
    repo.mkdir()
    (repo / "README").write_text("scratch\n")
    who = {"NAME": "Peer", "EMAIL": "peer@example.invalid", "DATE": "2025-01-01T00:00:00Z"}
    env = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
    env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    _run(["git", "init", "--quiet", "--initial-branch=main"], cwd=repo, env=env)
    _run(["git", "add", "README"], cwd=repo, env=env)
    _run(["git", "commit", "--quiet", "-m", "One file"], cwd=repo, env=env)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of `.peers`: two installations at once would tear each other's folders down."""
    PEERS.mkdir(exist_ok=True)
    with (PEERS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_all(peers: PeerList) -> int:
    """Install every environment of the list, two at a time, one line each; the number of those that failed."""

    def one(environment: Environment) -> str | None:
        started = time.monotonic()
        try:
            done = install(environment)
        except InstallError as error:
            return f"{environment.name}: {error}"
        spent = time.monotonic() - started
        # One write a line: two of these run at once.
        sys.stdout.write(f"{environment.name:14} {'installed' if done else 'current':9} {spent:6.1f} s\n")
        sys.stdout.flush()
        return None

    with _alone(), ThreadPoolExecutor(AT_ONCE) as pool:
        make_scratch()
        failures = [each for each in pool.map(one, peers.environments) if each]
    for each in failures:
        print(f"FAILED {each}", file=sys.stderr)
    return len(failures)


def main(words: Sequence[str]) -> int:
    """The command line; gives the exit status."""
    parser = argparse.ArgumentParser(description="Install the third-party peers into .peers/.")
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="a server, client or environment")
    parser.add_argument("--smoke", action="store_true", help="after that start every server once and talk to it")
    parser.add_argument("--revision", metavar="R", action="append", default=[], help="for --smoke, or 'all'")
    chosen = parser.parse_args(words)
    try:
        peers = load().only(chosen.only)
    except PeerListError as error:
        parser.error(str(error))
    started = time.monotonic()
    try:
        check_pins(peers)
        failed = install_all(peers)
    except InstallError as error:
        print(f"FAILED {error}", file=sys.stderr)
        return 1
    print(f"{len(peers.environments)} environments, {failed} failed, {time.monotonic() - started:.1f} s", flush=True)
    if failed:
        return 1
    if chosen.smoke:
        return smoke.run(peers, tuple(chosen.revision))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
