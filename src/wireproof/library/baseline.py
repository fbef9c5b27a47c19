"""Baseline files: read and checked against the catalogue, and written by `wireproof bless`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

from wireproof.library.catalogue import Catalogue, load_catalogue, protocols
from wireproof.library.source import Lines, read_yaml, shown, validate
from wireproof.model.baseline import Baseline, Entry
from wireproof.model.errors import UsageError

_FORMAT: Final = 1
_LISTS: Final = {"known": False, "known_flaky": True}


def load_baseline(path: Path, catalogue: Catalogue) -> Baseline:
    """Read one file. UsageError with file:line for what it says wrongly: unknown ids (with the nearest one), no days, doubles.

    `catalogue` is that of the run at hand; one file serves targets of several protocols, so entries may be of another one.
    """
    value, lines = read_yaml(path)
    validate(value, lines, "baseline", path)
    entries: list[Entry] = []
    seen: dict[tuple[str, str], int] = {}
    for kind, flaky in _LISTS.items():
        for index, raw in enumerate(value.get(kind, ())):
            place = f"/{kind}/{index}"
            one = _entry(raw, catalogue, shown(path), partial(_line, lines, place), flaky=flaky)
            first = seen.get((one.fingerprint, one.target))
            if first is not None:
                where = f"{shown(path)}:{one.line}"
                raise UsageError(
                    f"{one.fingerprint} stands here a second time", where=where, hint=f"first in line {first}"
                )
            seen[one.fingerprint, one.target] = one.line
            entries.append(one)
    return Baseline(path=shown(path), entries=tuple(entries))


def _line(lines: Lines, place: str, key: str) -> int:
    return lines.at(f"{place}/{key}" if key else place)


def _entry(
    raw: Mapping[str, Any], catalogue: Catalogue, file: str, line_of: Callable[[str], int], *, flaky: bool
) -> Entry:
    catalogues = _catalogues(raw, catalogue)
    known: dict[str, Iterable[str]] = {
        "requirement": [name for one in catalogues for name in one.requirements],
        "revision": [each.id for one in catalogues for each in one.revisions],
    }
    for key, names in known.items():
        if raw[key] not in names:
            near = difflib.get_close_matches(raw[key], names, n=1)
            hint = f"did you mean {near[0]}?" if near else ""
            raise UsageError(f"no {key} is called {raw[key]!r}", where=f"{file}:{line_of(key)}", hint=hint)
    days: dict[str, Any] = {}
    for key in ("since", "expires"):
        if key in raw:
            try:
                days[key] = date.fromisoformat(raw[key])
            except ValueError:
                raise UsageError(f"{key}: {raw[key]} is no day", where=f"{file}:{line_of(key)}") from None
    return Entry(**{**raw, **days, "flaky": flaky, "line": line_of(""), "end": max(map(line_of, raw))})


def _catalogues(raw: Mapping[str, Any], own: Catalogue) -> list[Catalogue]:
    """Those that know the entry's requirement; all when none does. Others than the run's own are only read where it is not enough."""
    if raw["requirement"] in own.requirements and any(one.id == raw["revision"] for one in own.revisions):
        return [own]
    every = [own, *(load_catalogue(name) for name in protocols() if name != own.protocol)]
    return [one for one in every if raw["requirement"] in one.requirements] or every


def baseline_text(entries: Iterable[Entry], said: Mapping[str, str]) -> str:
    """The text of a baseline file. `said`: fingerprint to what was found, which stands beside the entry as a comment."""
    every = sorted(
        entries,
        key=lambda one: (one.requirement, one.target, one.revision, one.transport, one.subject, one.fingerprint),
    )
    lines = [
        "# Known failures. `wireproof bless` writes this file anew: entries whose failures are still seen, or were not looked",
        "# at, keep their reason, since, expires and link; comments are not kept. Move an entry to `known_flaky` when it comes and goes.",
        f"format: {_FORMAT}",
    ]
    for kind, flaky in _LISTS.items():
        chosen = [one for one in every if one.flaky is flaky]
        lines.append(f"{kind}:" if chosen else f"{kind}: []")
        for one in chosen:
            lines.append(f'- fingerprint: "{one.fingerprint}"')
            if found := said.get(one.fingerprint):
                lines[-1] += f"  # {_comment(found)}"
            lines += [f"  {key}: {_scalar(text)}" for key, text in _members(one).items()]
    return "\n".join(lines) + "\n"


def _members(one: Entry) -> dict[str, str]:
    made = {
        "requirement": one.requirement,
        "subject": one.subject,
        "revision": one.revision,
        "transport": one.transport,
        "exchange": one.exchange,
    }
    made |= {"target": one.target, "reason": one.reason, "since": one.since.isoformat()}
    made |= {"expires": one.expires.isoformat() if one.expires else "", "link": one.link}
    return {key: text for key, text in made.items() if text}


def _scalar(text: str) -> str:
    """Quoted, so that nothing of it means anything to YAML: JSON's strings are YAML's."""
    plain = text.replace("-", "").replace(".", "").replace("_", "")
    if plain.isascii() and plain.isalnum() and not plain[0].isdigit() and text not in ("null", "true", "false"):
        return text
    return json.dumps(text)


def _comment(text: str) -> str:
    """What came from a target, on one line and harmless."""
    safe = "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
    return safe if len(safe) <= 100 else safe[:99] + "…"
