"""docs/peers.md out of docs/peers.yaml: what was found, server by server, then each kind of finding with its argument and bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

LEVELS = ("MUST", "SHOULD", "ADVICE")
_MANY = 2

Entry = Mapping[str, Any]

_HEAD = """\
# Findings on real servers

Everything that wireproof finds broken on {servers} servers from the package registries, whatever its level: {kinds} kinds of findings.
Each has an argument: which sentence obliges the server, and why no other reading of it saves the server. One example of the bytes stands
with each argument, those of every finding in [peers.yaml](peers.yaml). `make peers-check` plays all servers again and fails on a finding
that is not argued here and on one that no longer occurs.

A broken MUST fails a run, a SHOULD only with `--strict`, ADVICE never. These are the versions that `tests/peers/peers.toml` pins; several
servers share a library, and then its findings.

This page is made by `python tests/peers/findings.py --render`.
"""


def page(
    arguments: Mapping[str, Entry], entries: Sequence[Entry], packages: Mapping[str, str], titles: Mapping[str, str]
) -> str:
    """The whole page. `packages`: of each server, in the order in which they are shown; `titles`: what each requirement asks."""
    order = list(packages)
    kinds = sorted(
        (argument for argument in arguments.values() if _of(entries, argument=argument["id"])),
        key=lambda one: (LEVELS.index(_level(_of(entries, argument=one["id"]))), one["requirement"], one["id"]),
    )
    lines = [_HEAD.format(servers=len({one["peer"] for one in entries}), kinds=len(kinds))]
    lines += ["## Server by server", "", f"| server | package | {' | '.join(LEVELS)} |", "|---|---|---:|---:|---:|"]
    for name in order:
        if mine := _of(entries, peer=name):
            counts = [len({one["argument"] for one in mine if _level([one]) == level}) for level in LEVELS]
            lines.append(f"| [{name}](#server-{name}) | {packages[name]} | {' | '.join(map(str, counts))} |")
    for name in order:
        if mine := _of(entries, peer=name):
            lines += ["", f'<a id="server-{name}"></a>', f"### {name}: {packages[name]}", "", *_server(mine, kinds)]
    lines += ["", "## Kind by kind"]
    for argument in kinds:
        lines += _kind(argument, _of(entries, argument=argument["id"]), order, titles)
    return "\n".join(lines).rstrip() + "\n"


def _server(mine: Sequence[Entry], kinds: Iterable[Entry]) -> Iterator[str]:
    yield "| level | what is broken | where |"
    yield "|---|---|---|"
    for argument in kinds:
        if here := _of(mine, argument=argument["id"]):
            yield f"| {_level(here)} | [{argument['title']}](#{argument['id']}) | {_places(here)} |"


def _kind(argument: Entry, mine: Sequence[Entry], order: Sequence[str], titles: Mapping[str, str]) -> list[str]:
    lines = ["", f'<a id="{argument["id"]}"></a>', f"### {argument['title']}", ""]
    lines += [f"**{_level(mine)}** `{argument['requirement']}`: {titles.get(argument['requirement'], '')}", ""]
    lines += [f"*The sentence.* {argument['sentence']} ({argument['page']})", ""]
    lines += [f"*Why no other reading saves it.* {argument['why']}", "", "| server | where |", "|---|---|"]
    for name in order:
        if here := _of(mine, peer=name):
            lines.append(f"| [{name}](#server-{name}) | {_places(here)} |")
    shown = min(mine, key=lambda one: (order.index(one["peer"]), one["transport"] != "stdio"))
    lines += ["", f"For example {shown['peer']} over {shown['transport']} in {next(iter(shown['seen']))}:", "", "```"]
    lines += [f"> {line}" for line in shown["request"].splitlines()]
    return [*lines, *(f"< {line}" for line in shown["response"].splitlines()), "```"]


def _of(entries: Iterable[Entry], **wanted: str) -> list[Entry]:
    return [one for one in entries if all(one.get(key) == value for key, value in wanted.items())]


def _level(entries: Sequence[Entry]) -> str:
    return str(entries[0]["level"]).removesuffix(" NOT")


def _places(entries: Sequence[Entry]) -> str:
    """Transports with their revisions; transports with the same revisions together."""
    seen: dict[str, set[str]] = {}
    for one in entries:
        seen.setdefault(one["transport"], set()).update(one["seen"])
    alike: dict[str, list[str]] = {}
    for transport, revisions in seen.items():
        alike.setdefault(_span(sorted(revisions)), []).append(transport)
    return "; ".join(f"{', '.join(sorted(transports))}: {span}" for span, transports in alike.items())


def _span(revisions: Sequence[str]) -> str:
    return ", ".join(revisions) if len(revisions) <= _MANY else f"{revisions[0]} to {revisions[-1]}"
