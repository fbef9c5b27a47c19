"""Results that others may look up: results/<protocol>/<revision>/<subject>/, and the rules by which a repository takes them.

The layout and the rules follow the conformance programme of Kubernetes: nothing skipped, a fixed set, a current version, a term of validity,
and everybody free to run it again. All of it is checked offline; whether URLs lead somewhere is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from wireproof.engine.suite import Suite
from wireproof.evidence.anew import disagreements, judged_anew
from wireproof.evidence.files import CAPS, MEGABYTE, OPTIONAL, Damaged, read_files
from wireproof.evidence.keys import PublicKey, need_library
from wireproof.evidence.rules import rules_of
from wireproof.evidence.verify import Check, Verified, verify
from wireproof.library.source import read_yaml, validate
from wireproof.library.validity import validity
from wireproof.model.errors import UsageError
from wireproof.report.soundness import Rules, marks, same_suite, started_at

ROOT: Final = "results"
SUBJECT: Final = "SUBJECT.yaml"
_BESIDES: Final = ("README.md",)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")
_FEW: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One folder, with what its path says."""

    folder: Path
    protocol: str
    revision: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of one: its checks, and the report where it could be read."""

    submission: Submission
    checks: tuple[Check, ...]
    report: Mapping[str, Any]

    @property
    def holds(self) -> bool:
        return not any(one.faults for one in self.checks)


def submissions(path: Path) -> list[Submission]:
    """The submission in a folder, or all of a repository (`path` holds results/, or is it). UsageError where there is none."""
    root = path / ROOT if (path / ROOT).is_dir() else path
    root = root.resolve()
    if root.name != ROOT:
        if not root.is_dir():
            raise UsageError("is no folder", where=str(path))
        return [_submission(root, path)]
    leaves = sorted(one for one in root.glob("*/*/*") if one.is_dir())
    if not leaves:
        raise UsageError(
            "holds no submission",
            where=str(path),
            hint=f"{ROOT}/<protocol>/<revision>/<subject>/{SUBJECT}, and the files of a bundle",
        )
    return [_submission(one, one) for one in leaves]


def _submission(folder: Path, given: Path) -> Submission:
    *_, root, protocol, revision, subject = ("", "", "", "", *folder.parts)
    if root != ROOT:
        raise UsageError(f"does not lie in {ROOT}/<protocol>/<revision>/<subject>/", where=str(given))
    return Submission(folder=folder, protocol=protocol, revision=revision, subject=subject)


def strays(path: Path) -> Iterator[str]:
    """What lies in a repository's results/ beside submissions."""
    root = (path / ROOT if (path / ROOT).is_dir() else path).resolve()
    if root.name != ROOT:
        return
    for pattern in ("*", "*/*", "*/*/*"):
        for one in sorted(root.glob(pattern)):
            if not one.is_dir() and one.name not in _BESIDES:
                yield f"{one.relative_to(root.parent)} lies beside the submissions"


def check_submission(one: Submission, suite: Suite, keys: Sequence[PublicKey], *, now: datetime) -> Checked:
    """Holds a folder against every rule; later ones are left out where they need what an earlier one did not find. UsageError without the
    library for signatures."""
    need_library()
    rules = rules_of(suite)
    checks = [Check(name="layout", faults=tuple(_layout(one, rules)))]
    said: dict[str, Any] = {}
    if (one.folder / SUBJECT).is_file():
        checks.append(Check(name="fields", faults=tuple(_fields(one, said))))
    if checks[0].faults:
        return Checked(submission=one, checks=tuple(checks), report={})
    try:
        found = verify(read_files(one.folder), lambda _: rules, keys, now=now)
    except Damaged as error:
        found = Verified(checks=[Check(name="files", faults=(str(error),))])
    except UsageError as error:  # such as another format: of one submission of many
        found = Verified(checks=[Check(name="files", faults=(error.message,))])
    checks += found.checks
    if not found.holds:
        return Checked(submission=one, checks=tuple(checks), report={})
    steps: tuple[tuple[str, Callable[[], Iterable[str]]], ...] = (
        ("complete", lambda: _complete(one, said, found, rules)),
        ("fresh", lambda: _fresh(one, found, rules, now)),
        ("verdicts", lambda: _verdicts(found, suite)),
    )
    for name, step in steps[0 if said else 1 :]:  # without its fields nobody knows what is claimed
        checks.append(Check(name=name, faults=tuple(step())))
        if checks[-1].faults:
            break
    return Checked(submission=one, checks=tuple(checks), report=found.report)


def _layout(one: Submission, rules: Rules) -> Iterator[str]:
    known = rules.catalogue
    if one.protocol != known.protocol:
        yield f"there is no protocol {one.protocol!r} here"
    elif one.revision not in {each.id for each in known.revisions}:
        yield f"{one.protocol} has no revision {one.revision!r}"
    if not _NAME.match(one.subject):
        yield f"the name {one.subject!r} should have small letters, digits, dots, dashes and underscores only"
    if one.folder.is_symlink():
        yield "the folder is a link"
        return
    here = {each.name: each for each in one.folder.iterdir()}
    for name, path in here.items():
        if path.is_symlink() or not path.is_file():
            yield f"{name} is no plain file"
        elif name not in (SUBJECT, *CAPS, *_BESIDES):
            yield f"{name} does not belong to a submission"
    yield from (f"{name} is missing" for name in (SUBJECT, *CAPS) if name not in here and name not in OPTIONAL)


def _fields(one: Submission, said: dict[str, Any]) -> Iterator[str]:
    """Reads SUBJECT.yaml into `said`."""
    path = one.folder / SUBJECT
    if path.stat().st_size > MEGABYTE:
        yield f"{SUBJECT} is larger than 1 MB"
        return
    try:
        value, lines = read_yaml(path)
        validate(value, lines, "subject", path)
    except UsageError as error:
        line = error.where.rpartition(":")[2]
        yield f"{SUBJECT}{f':{line}' if line.isdigit() else ''}: {error.message}{f' ({error.hint})' if error.hint else ''}"
        return
    said.update(value)
    for name, ours in (("protocol", one.protocol), ("revision", one.revision)):
        if value[name] != ours:
            yield f"{SUBJECT}:{lines.at(f'/{name}')}: {name} is {value[name]!r}, the folder says {ours!r}"


def _complete(one: Submission, said: Mapping[str, Any], found: Verified, rules: Rules) -> Iterator[str]:
    """The whole requirement set, nothing deselected, with this suite, and the class that is claimed."""
    if not same_suite(found.report):
        yield f"the report was made with another suite ({found.report['suite']['digest'][:12]}) than this one"
        return
    runs = [
        each
        for each in found.report["runs"]
        if (each["revision"], each["transport"]) == (one.revision, said["transport"])
    ]
    if not runs:
        yield f"the report has no run of {one.revision} over {said['transport']}"
        return
    run = runs[0]
    yield from (f"the run is no whole one: {mark}" for mark in marks(found.report, run, rules))
    if run["class"]["name"] != said["class"]:
        yield f"{SUBJECT} claims {said['class']}, the report shows {run['class']['name'] or 'no class'}"
    digests = {f"{kind}:{text}" for each in found.statement["subject"] for kind, text in each["digest"].items()}
    if "digest" in said and said["digest"] not in digests:
        yield f"{SUBJECT} names {said['digest']}, which the signed statement does not"


def _fresh(one: Submission, found: Verified, rules: Rules, now: datetime) -> Iterator[str]:
    began = started_at(found.report)
    if began is None:
        yield "the report does not say when the run began"
        return
    term = validity(rules.catalogue, one.revision, began.date())
    if not term.holds(now.date()):
        yield f"no longer valid since {term.until.isoformat()}: {term.why}"


def _verdicts(found: Verified, suite: Suite) -> Iterator[str]:
    try:
        parted = list(disagreements(found.report, judged_anew(found.events, suite), found.journal))
    except UsageError as error:
        yield error.message
        return
    yield from map(str, parted[:_FEW])
    if len(parted) > _FEW:
        yield f"and {len(parted) - _FEW} more"


def doubles(checked: Iterable[Checked]) -> Iterator[str]:
    """Runs that were submitted under two names."""
    seen: dict[tuple[str, ...], Submission] = {}
    for one in checked:
        if not one.report:
            continue
        key = (one.submission.revision, one.report["started_at"], str(one.report["target"]))
        if key in seen:
            yield f"{one.submission.folder.name} and {seen[key].folder.name} of {one.submission.revision} are the same run"
        seen.setdefault(key, one.submission)
