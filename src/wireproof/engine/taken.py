"""What a target is taken for: the protocol that the user says, or that only one has what they ask for, else what the target shows."""

from __future__ import annotations

from collections.abc import Iterable

import anyio

from wireproof.engine.detect import USUAL, detect
from wireproof.engine.run import installed, load_pack
from wireproof.library.catalogue import load_catalogue, protocols
from wireproof.model.target import Target


def taken_for(target: Target, *, said: str | None = None, named: Iterable[str] = (), option: str) -> tuple[str, str]:
    """(protocol, why it is taken for that, empty where it is plain). `named` are revisions and transports that are asked for.

    Only of a URL is anything fetched, and no process is started; `option` is what says otherwise.
    """
    if said:
        return said, ""
    if not target.url:
        return USUAL, ""
    for one in named:
        if having := [protocol for protocol in protocols() if installed(protocol) and _has(protocol, one)]:
            return having[0], ""
    found = anyio.run(detect, target)
    what = "agent" if found.shown else "server"
    return found.protocol, f"taken for an {found.protocol.upper()} {what}: {found.why}; {option} says otherwise"


def _has(protocol: str, name: str) -> bool:
    """Is that a revision of this protocol, or one of its transports?"""
    pack = load_pack(protocol)
    known = {one for group in pack.transports(Target(url="http://localhost")) for one in group}
    return name in known or name in {one.id for one in load_catalogue(protocol).revisions}
