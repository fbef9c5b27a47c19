"""docs/calibration.md out of docs/calibration.yaml and the committed results."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

import calibrate_a2a
import calibration
import excerpt
from calibration import Calibration, Cell, Entry

_SHOWN = 200
_VERSION = re.compile(r"(?im)^mcp-protocol-version: (\S+)")
_USUAL = re.compile(r"(?i)(mcp-session-id|mcp-protocol-version|content-type|event|id): |data:\s*$|\s*$")
"""Lines of an exchange that are left out on the page: they are the same everywhere."""
_WORDS = {"abstain": "abstain", "skip": "skip", "errored": "ERROR", "fail": "FAIL", "warn": "warn", "pass": "pass"}
_WHO = {"wireproof": "wireproof", "suite": "the suite", "both": "both"}
_RIGHT = {"wireproof": "wireproof is right", "suite": "the suite is right", "both": "both are right"}

_HEAD = """# Calibration: the official conformance suite beside wireproof

Written by `make calibrate`; do not edit. A2A stands at the end. The verdicts and bytes come from
[calibration-results.json](calibration-results.json), the arguments from [calibration.yaml](calibration.yaml), which people write: a scenario
without an entry there, or a disagreement without an argument, fails the target.

Both ran over Streamable HTTP on the same servers: our reference peer, which offers everything that the suite's scenarios call for, and
three servers from package registries, which are ordinary servers and do not. A scenario of the suite corresponds to some of our
requirements (rows). Our verdict on it is FAIL when one of them is a broken MUST, warn for a broken SHOULD, pass when any was seen and none
is broken. When none was seen or none applies, we abstain: wireproof does not guess about what a server does not have.

The suite does not always speak the revision that it is asked for: its client of the handshake era offers the newest of that era, so {other}
of the {many} scenarios that it ran for an older one went over the wire in 2025-11-25. wireproof speaks the revision that it grades."""


def render(known: Calibration, seen: Entry) -> str:
    """The page; `calibration.problems` must be empty."""
    every = list(calibration.cells(seen))
    other, many = _spoken(every)
    lines = [
        _HEAD.format(other=other, many=many),
        "",
        *_ran(seen),
        "",
        "## Outcome",
        "",
        *_outcome(known, every),
        "",
        "## Verdicts",
        "",
        "One verdict: both say it. Two: the suite's, then ours, and the argument that decides between them. Empty: the server does not speak a",
        "revision that the scenario is about.",
        "",
        *_matrix(known, every, list(seen["targets"])),
        "",
        "## Disagreements",
        "",
        *_disagreements(known, every),
        "## Scenarios",
        "",
        "What each really checks, the rows of ours that correspond, and the decisive bytes: on the reference peer, and wherever the verdicts",
        "differ or both find a fault (\\>, the request; \\<, the response; \\!, what the suite or we say of it). Usual headers are left out, and",
        "long texts cut; the results file has more.",
        "",
        *_scenarios(known, seen, every),
    ]
    return "\n".join(lines).rstrip() + "\n" + calibrate_a2a.part()


def _spoken(every: Sequence[Cell]) -> tuple[int, int]:
    """How many scenarios went over the wire in a later revision than asked for, of how many in those revisions."""
    named = [(one, _VERSION.search(one.seen["bytes"]["request"])) for one in every if one.seen["bytes"]]
    later = [one for one, found in named if found is not None and found[1] > one.revision]
    revisions = {one.revision for one in later}
    return len(later), sum(one.revision in revisions for one in every)


def _ran(seen: Entry) -> Iterator[str]:
    yield "| what | version |"
    yield "|---|---|"
    yield f"| the official suite, {seen['suite']['package']} | {seen['suite']['version']} |"
    yield f"| wireproof, its suite {seen['wireproof']['suite']} | {seen['wireproof']['version']} |"
    for name, target in seen["targets"].items():
        yield f"| {name} | {target['package']} {target['version']} |"


def _outcome(known: Calibration, every: Sequence[Cell]) -> Iterator[str]:
    yield "| server | revision | scenarios | same verdict | of these a fault | differ | wireproof right | suite right | both right |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|"
    for (target, revision), group in groupby(every, key=lambda one: (one.target, one.revision)):
        cells = list(group)
        same = [one for one in cells if one.agreed]
        faults = sum(one.seen["theirs"] in ("fail", "warn") for one in same)
        right = Counter(str(known.arguments[_argument(known, one)]["right"]) for one in cells if not one.agreed)
        numbers = [len(cells), len(same), faults, len(cells) - len(same), *(right[who] for who in _RIGHT)]
        yield f"| {target} | {revision} | {' | '.join(str(each) for each in numbers)} |"
    mine = [one for one in every if one.target == calibration.REFERENCE]
    failing = [one for one in mine if one.seen["theirs"] in ("fail", "warn")]
    core = {one.revision for one in mine if one not in failing}
    yield ""
    names = ", ".join(_link(known, name) for name in dict.fromkeys(_argument(known, one) for one in failing))
    rest = f" Of the others, {len(failing)} fail, argued under {names}." if failing else ""
    passed = sum(one.seen["theirs"] == "pass" for one in mine)
    skipped = sum(one.seen["theirs"] == "skip" for one in mine)
    yield (
        f"The official suite passes {passed} of {len(mine)} scenarios on our reference peer, in {len(core)} revisions, and skips {skipped}.{rest}"
    )


def _argument(known: Calibration, cell: Cell) -> str:
    return calibration.arguments_of(known, cell)[0]


def _number(known: Calibration, name: str) -> str:
    return f"D{list(known.arguments).index(name) + 1}"


def _link(known: Calibration, name: str) -> str:
    number = _number(known, name)
    return f"[{number}](#{number.lower()}-{name})"


def _matrix(known: Calibration, every: Sequence[Cell], targets: Sequence[str]) -> Iterator[str]:
    yield f"| scenario | {' | '.join(targets)} |"
    yield f"|---|{'---|' * len(targets)}"
    for name in known.scenarios:
        row = [
            _verdicts(known, [one for one in every if (one.scenario, one.target) == (name, each)]) for each in targets
        ]
        yield f"| [{name}](#{name}) | {' | '.join(row)} |"


def _verdicts(known: Calibration, cells: Sequence[Cell]) -> str:
    """All revisions of one scenario on one server: one text where they agree, else one for each group of them."""
    texts: dict[str, list[str]] = {}
    for one in cells:
        texts.setdefault(_verdict(known, one), []).append(one.revision)
    if len(texts) <= 1:
        return next(iter(texts), "")
    return "<br>".join(f"{', '.join(revisions)}: {text}" for text, revisions in texts.items())


def _verdict(known: Calibration, cell: Cell) -> str:
    theirs, mine = _WORDS[cell.seen["theirs"]], _WORDS[cell.seen["ours"]]
    if cell.agreed:
        return theirs
    return f"{theirs} / {mine} {_link(known, _argument(known, cell))}"


def _disagreements(known: Calibration, every: Sequence[Cell]) -> Iterator[str]:
    about = {
        name: [one for one in every if not one.agreed and _argument(known, one) == name] for name in known.arguments
    }
    yield "| | what | who is right | cases |"
    yield "|---|---|---|--:|"
    for name, argument in known.arguments.items():
        yield f"| {_link(known, name)} | {argument['title']} | {_WHO[argument['right']]} | {len(about[name])} |"
    yield ""
    for name, argument in known.arguments.items():
        cells = about[name]
        theirs = " or ".join(dict.fromkeys(_WORDS[one.seen["theirs"]] for one in cells))
        mine = " or ".join(dict.fromkeys(_WORDS[one.seen["ours"]] for one in cells))
        yield f"### {_number(known, name)} {name}"
        yield ""
        yield f"{argument['title']}. They say {theirs}, we say {mine}: **{_RIGHT[argument['right']]}.**"
        yield ""
        yield f"> {argument['sentence']} ({argument['page']})"
        yield ""
        yield argument["why"]
        yield ""
        yield from _places(cells)
        yield ""
        yield "```text"
        yield f"{cells[0].scenario}, {cells[0].target}, {cells[0].revision}"
        only_ours = cells[0].seen["theirs"] == "pass" and cells[0].seen.get("broken")
        yield from _bytes(only_ours[0] if only_ours else cells[0].seen["bytes"], excerpt.SHOWN)
        yield "```"
        yield ""


def _places(cells: Sequence[Cell]) -> Iterator[str]:
    for target in dict.fromkeys(one.target for one in cells):
        revisions: dict[str, list[str]] = {}
        for one in cells:
            if one.target == target:
                revisions.setdefault(one.scenario, []).append(one.revision)
        same: dict[str, list[str]] = {}
        for scenario, found in revisions.items():
            same.setdefault(", ".join(found), []).append(scenario)
        for span, scenarios in same.items():
            yield f"- {target}, {span}: {', '.join(f'[{each}](#{each})' for each in scenarios)}"


def _scenarios(known: Calibration, seen: Entry, every: Sequence[Cell]) -> Iterator[str]:
    for name, scenario in known.scenarios.items():
        cells = [one for one in every if one.scenario == name]
        yield f"### {name}"
        yield ""
        yield f"{scenario['asks']}."
        yield ""
        where = list(seen["listed"][name])
        yield f"- Revisions: {'none, about an extension' if where == ['extension'] else ', '.join(where)}"
        rows = ", ".join(f"`{row}`" for row in scenario.get("rows", ()))
        yield f"- Our rows: {rows}" if rows else f"- No row of ours: {scenario['outside']}"
        if "note" in scenario:
            yield f"- {scenario['note']}"
        yield ""
        yield from _folds(cells)


def _folds(cells: Sequence[Cell]) -> Iterator[str]:
    """One fold with the bytes of each server: of its newest revision in which something is to be seen."""
    worth: list[Cell] = []
    for target in dict.fromkeys(one.target for one in cells):
        mine = [one for one in cells if one.target == target]
        telling = [one for one in mine if not one.agreed or one.seen["theirs"] in ("fail", "warn")]
        worth += telling[-1:] or (mine[-1:] if target == calibration.REFERENCE else [])
    if not worth:
        return
    yield f"<details><summary>Bytes: {', '.join(f'{one.target} ({_both(one)})' for one in worth)}</summary>"
    yield ""
    yield "```text"
    for index, one in enumerate(worth):
        if index:
            yield ""
        yield f"{one.target}, {one.revision}"
        yield from (f"! {each['check']}: {each['says']}" for each in one.seen["complaints"])
        yield from (f"! {each['row']} ({each['level']}): {each['why']}" for each in one.seen.get("broken", ()))
        yield from _bytes(one.seen["bytes"])
    yield "```"
    yield ""
    yield "</details>"
    yield ""


def _both(cell: Cell) -> str:
    theirs, mine = _WORDS[cell.seen["theirs"]], _WORDS[cell.seen["ours"]]
    return theirs if cell.agreed else f"{theirs} / {mine}"


def _bytes(shown: Entry | None, longest: int = _SHOWN) -> Iterator[str]:
    if shown is None:
        yield "(nothing was sent)"
        return
    for sign, text in ((">", shown["request"]), ("<", shown["response"])):
        yield from (f"{sign} {_cut(line, longest)}" for line in text.splitlines() if not _USUAL.match(line))


def _cut(line: str, longest: int) -> str:
    return line if len(line) <= longest else line[:longest] + " ..."
