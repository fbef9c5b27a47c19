"""A configuration for a target that was surveyed: everything that is set, and commented out what the survey suggests."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wireproof.library.toml import quoted
from wireproof.model.errors import UsageError
from wireproof.model.target import Target
from wireproof.report.matrix import Report
from wireproof.report.words import plural, printable

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_USUAL: Final = "mcp"
"""The protocol of a target that names none."""
_MOST: Final = 12
_LONGEST: Final = 100


def target_name(report: Report, wanted: str | None) -> str:
    """The name that is wanted, else one made of what the server calls itself. UsageError for a name that cannot be one."""
    if wanted is not None:
        if not _NAME.match(wanted):
            raise UsageError(f"--name {wanted!r} is no name", hint="letters, digits, and - _ . after the first")
        return wanted
    servers = (lane.survey.get(key) for lane in report.lanes for key in ("server", "agent"))
    said = next((str(one["name"]) for one in servers if isinstance(one, Mapping) and one.get("name")), "")
    return re.sub(r"[^A-Za-z0-9]+", "-", said).strip("-").lower()[:40] or "server"


def configuration_text(
    report: Report, target: Target, name: str, header_env: Mapping[str, str], *, protocol: str = _USUAL
) -> str:
    """The text of a wireproof.toml. Text of the target's own is escaped; values of variables are not written."""
    table = f"targets.{quoted(name) if '.' in name else name}"
    offered = ", ".join(f"{lane.revision} over {lane.transport}" for lane in report.lanes) or "nothing"
    return (
        "\n".join(
            [
                "# wireproof: what is played against which server. `wireproof run` reads it, here and in folders below.",
                "# Every key: the page on the configuration in the documentation of wireproof. Paths are relative to this file.",
                "",
                f"# It offered {offered}.",
                "# revisions = ["
                + ", ".join(quoted(one) for one in dict.fromkeys(lane.revision for lane in report.lanes))
                + "]",
                '# level = ["MUST", "SHOULD"]',
                '# ignore = ["robust"]           # requirements whose ids begin so',
                '# depth = "standard"            # search besides, with generated exchanges',
                "# strict = true                 # a broken SHOULD fails the run too",
                '# baseline = "wireproof-baseline.yaml"  # known failures, written by `wireproof bless`; taken where it exists',
                '# reports = { json = "report.json", markdown = "summary.md" }',
                "",
                f"[{table}]",
                *_spoken(report, protocol),
                *_reached(target, header_env),
                *_tools(report, table),
                *_given(report, "prompts", "name", f"{table}.prompts"),
                *_given(report, "resourceTemplates", "uriTemplate", f"{table}.templates"),
            ]
        )
        + "\n"
    )


def _spoken(report: Report, protocol: str) -> Iterator[str]:
    """What is to be said where the target is no server of the usual protocol."""
    if protocol == _USUAL:
        return
    yield f"protocol = {quoted(protocol)}"
    offered = ", ".join(quoted(one) for one in dict.fromkeys(lane.transport for lane in report.lanes))
    yield f"# transports = [{offered}]  # only these bindings"
    yield '# profile = "fixture"           # the agent is made for harnesses: it is asked for its states in the words of test kits'


def _reached(target: Target, header_env: Mapping[str, str]) -> Iterator[str]:
    command = target.command or target.starts
    if target.url:
        yield f"url = {quoted(target.url)}"
    if command:
        yield f"command = [{', '.join(map(quoted, command))}]"
        if target.url:
            yield "# wireproof starts the command, waits until the URL answers, and stops it with its whole group"
    if header_env:
        yield f"header-env = {{ {', '.join(f'{quoted(key)} = {quoted(one)}' for key, one in header_env.items())} }}"
    if target.env:
        plain = {
            key: one for key, one in target.env.items() if os.environ.get(key) != one and one not in target.secrets
        }
        said = ", ".join(f"{quoted(key)} = {quoted(one)}" for key, one in plain.items())
        if said:
            yield f"env = {{ {said} }}"
        for key in (one for one in target.env if one not in plain):
            yield f"# {printable(key)} comes from the environment of wireproof"
    yield f"{'' if target.startup_wait != 30.0 else '# '}startup-wait = {target.startup_wait:g}  # seconds until the first answer"
    yield "# timeout = 5                  # seconds for any other answer; measured where it is not given"
    if target.url and not header_env:
        yield '# header-env = { Authorization = "MY_TOKEN" }  # the variable holds: Bearer ...'


def _tools(report: Report, table: str) -> Iterator[str]:
    tools = _listed(report, "tools", "name")
    if not tools:
        return
    called = {name for lane in report.lanes for name in lane.survey.get("called", ()) if isinstance(name, str)}
    left = [one for one in tools if one["name"] not in called]
    yield ""
    yield f"# It lists {plural(len(tools), 'tool')}; {plural(len(tools) - len(left), 'tool')} will be called without being named here."
    yield "# call-read-only = true          # call also what says readOnlyHint: true"
    if left:
        yield f"# [{table}.calls]  # tools to call besides: true, their arguments, or several of them"
        for one in left[:_MOST]:
            yield _harmless(f"# {quoted(one['name'])} = {_arguments(one.get('inputSchema'))}")
        if len(left) > _MOST:
            yield f"# ... and {len(left) - _MOST} more"


def _given(report: Report, listed: str, key: str, table: str) -> Iterator[str]:
    """What prompts or templates are to be given."""
    every = _listed(report, listed, key)
    wanted = [(one[key], _wanted(one, key)) for one in every]
    wanted = [(name, names) for name, names in wanted if names]
    if not wanted:
        return
    yield ""
    yield f"# [{table}]"
    for name, names in wanted[:_MOST]:
        yield _harmless(f"# {quoted(name)} = {_blank(names)}")


def _wanted(one: Mapping[str, Any], key: str) -> list[str]:
    if key == "uriTemplate":
        return re.findall(r"\{[+#./;?&]?([A-Za-z0-9_]+)", one[key])
    arguments = one.get("arguments")
    found = arguments if isinstance(arguments, Sequence) else ()
    return [str(each["name"]) for each in found if isinstance(each, Mapping) and isinstance(each.get("name"), str)]


def _arguments(schema: Any) -> str:
    """Of a tool: its required arguments, to be filled in."""
    required = schema.get("required") if isinstance(schema, Mapping) else None
    names = [one for one in required if isinstance(one, str)] if isinstance(required, list) else []
    return _blank(names) if names else "true"


def _blank(names: Sequence[str]) -> str:
    """A table of these names, to be filled in."""
    return "{ " + ", ".join(f'{quoted(one)} = "..."' for one in names) + " }"


def _listed(report: Report, place: str, key: str) -> list[dict[str, Any]]:
    """What any revision lists, by name, each once."""
    found: dict[str, dict[str, Any]] = {}
    for lane in report.lanes:
        items = lane.survey.get(place)
        for one in items if isinstance(items, Sequence) else ():
            if isinstance(one, Mapping) and isinstance(one.get(key), str):
                found.setdefault(one[key], dict(one))
    return list(found.values())


def _harmless(line: str) -> str:
    """On one line, cut when it is long."""
    line = printable(line)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
