"""What one call of `wireproof run` has to do: the target that the words name, or those of a configuration, each with its options."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import anyio

from wireproof.cli.outputs import RENDERERS, check_outputs, nearest_format
from wireproof.cli.target import overridden, target_of
from wireproof.engine.choice import check_choice
from wireproof.engine.configured import baseline_of, check_configured, options_of, usual_of
from wireproof.engine.described import option_words
from wireproof.engine.detect import detect
from wireproof.engine.effort import EARLIER, Depth, Effort
from wireproof.engine.plan import Selection
from wireproof.engine.redaction import redactor
from wireproof.engine.run import Options, load_suite
from wireproof.engine.suite import Suite
from wireproof.engine.taken import taken_for
from wireproof.library.baseline import load_baseline
from wireproof.library.configuration import find_config, load_config, resolve
from wireproof.library.source import shown
from wireproof.model.baseline import Baseline
from wireproof.model.configuration import Config, ConfiguredTarget
from wireproof.model.errors import UsageError
from wireproof.model.target import Target

_MEMBERS: Final = {
    "revisions": "revisions",
    "select": "select",
    "ignore": "ignore",
    "levels": "levels",
    "transports": "transports",
    "exchanges": "only",
}
"""Member of a Selection to the option of the command line."""
_FEW: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run that is to be made, checked as far as that goes without starting anything. `usual`: see `report.baseline.weigh`."""

    name: str
    target: Target
    options: Options
    suite: Suite
    strict: bool
    baseline: Baseline | None = None
    usual: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: tuple[tuple[str, Path], ...] = ()


def jobs_of(words: tuple[str, ...], given: Mapping[str, Any], *, command: bool) -> list[Job]:
    """The runs that a command line asks for. `command`: a `--` stood before the words, so they are no name.

    One word that is no URL is the name of a configured target where a configuration has one of that name; no words are its only
    target. UsageError for what cannot be meant or does not exist.
    """
    if given["every"]:
        if words or given["from_file"]:
            raise UsageError(
                "--all plays the targets of the configuration", hint="leave the other target out, or --all"
            )
        config = _config(given)
        if config is None:
            raise _no_config()
        if given["journal_path"] and len(config.targets) > 1:
            raise UsageError(
                "--journal is one file, and --all plays several targets", hint="leave it out: each has its own"
            )
        if given["form"] != "console":
            raise UsageError(
                f"-f {given['form']} is one report",
                hint=f"-o {given['form']}:'{{target}}.{given['form']}' writes one a target",
            )
        return [_configured(config, one, given) for one in config.targets]
    one = configured_target(words, given, command=command)
    if one is not None:
        return [_configured(*one, given)]
    if given["config"]:
        raise UsageError("--config is for configured targets", hint=f"wireproof run --config {given['config']} NAME")
    return [_plain(target_of(words, given), given)]


def configured_target(
    words: tuple[str, ...], given: Mapping[str, Any], *, command: bool
) -> tuple[Config, ConfiguredTarget] | None:
    """The configured target that the words name; None when they are a URL, a command, or of another file."""
    if given["from_file"] is not None or command or len(words) > 1:
        return None
    if words and words[0].lower().startswith(("http://", "https://")):
        return None
    config = _config(given)
    if config is None:
        return None
    names = [one.name for one in config.targets]
    if words:
        runs = shutil.which(words[0]) is not None or Path(words[0]).exists()
        if words[0] not in names and runs and not given["config"]:
            return None
        return config, config.target(words[0])
    if len(names) > 1:
        raise UsageError(
            "the configuration has several targets",
            where=shown(config.path),
            hint=f"name one ({', '.join(names[:_FEW])}{', ...' if len(names) > _FEW else ''}), or say --all",
        )
    return config, config.targets[0]


def configured(config: Config, one: ConfiguredTarget, given: Mapping[str, Any]) -> Target:
    """The target of a configuration with what the command line says besides."""
    target = overridden(resolve(one, os.environ), given)
    asked = overridden(Target(url=target.url, command=target.command), given)
    words = option_words(asked, redactor(target.secrets))
    found = find_config(Path.cwd())
    place = () if found is not None and found.resolve() == config.path else ("--config", shown(config.path))
    return replace(target, again=(*place, *words, one.name))


def _config(given: Mapping[str, Any]) -> Config | None:
    path = given["config"] or find_config(Path.cwd())
    return load_config(path) if path is not None else None


def _no_config() -> UsageError:
    return UsageError(
        "there is no wireproof.toml and no [tool.wireproof] in a pyproject.toml, here or above",
        hint="wireproof init writes one",
    )


def _configured(config: Config, one: ConfiguredTarget, given: Mapping[str, Any]) -> Job:
    usual = options_of(one)
    suite = load_suite(given["protocol"] or one.protocol, (*one.exchanges, *given["extra"]))
    check_configured(one, suite)
    for report in one.reports:
        if report.form not in RENDERERS:
            raise UsageError(
                f"no format is called {report.form!r}", where=report.where, hint=nearest_format(report.form)
            )
    chosen = {member: given[option] or getattr(usual.selection, member) for member, option in _MEMBERS.items()}
    job = _job(
        configured(config, one, given),
        given,
        selection=Selection(**chosen),
        suite=suite,
        outputs=[(report.form, report.path) for report in one.reports],
        extra=one.exchanges,
        name=one.name,
        depth=one.depth,
    )
    if given["baseline"] is None and not given["no_baseline"]:
        job = replace(job, baseline=baseline_of(one, suite.catalogue))
    return replace(job, strict=job.strict or one.strict, usual=usual_of(one))


def _plain(target: Target, given: Mapping[str, Any]) -> Job:
    named = (*given["revisions"], *given["transports"])
    protocol, why = taken_for(target, said=given["protocol"], named=named, option="--protocol")
    suite = load_suite(protocol, given["extra"])
    selection = Selection(**{member: given[option] for member, option in _MEMBERS.items()})
    job = _job(target, given, selection=selection, suite=suite, outputs=[], extra=(), name=target.name)
    return replace(job, options=replace(job.options, detected=why))


def spoken_instead(job: Job) -> str:
    """Of a target that did not answer in the protocol that was said or meant, the one that it shows; empty where it shows no other."""
    if not job.target.url or job.target.starts or job.options.detected:
        return ""
    found = anyio.run(detect, job.target)
    if not found.shown or found.protocol == job.options.protocol:
        return ""
    return f'it is no {job.options.protocol.upper()} target: {found.why}. Say protocol = "{found.protocol}", or --protocol {found.protocol}'


def _effort(given: Mapping[str, Any], usual: str = "") -> Effort | None:
    """How hard is searched; whoever says how much or how long means that there is a search. `usual`: the depth of a configuration, which
    is not meant where a single exchange is played."""
    usual = "" if given["only"] else usual
    if not usual and not any(given[name] for name in ("depth", "examples", "budget")):
        return None
    depth = Depth(given["depth"] or usual or Depth.STANDARD)
    fixed = given["seed"] is not None or bool(os.environ.get("CI"))
    return Effort(
        depth=depth,
        examples=given["examples"],
        budget=given["budget"],
        failures=given["failures"],
        earlier=None if fixed else EARLIER,
    )


def _job(
    target: Target,
    given: Mapping[str, Any],
    *,
    selection: Selection,
    suite: Suite,
    outputs: list[tuple[str, Path]],
    extra: tuple[Path, ...],
    name: str,
    depth: str = "",
) -> Job:
    check_choice(selection, suite, target)
    asked = check_outputs(given["outputs"])
    if given["every"] and any("{target}" not in path.name for _, path in asked):
        raise UsageError("-o with --all: every target would write the same file", hint="-o json:'{target}.json'")
    outputs += [(form, path.with_name(path.name.replace("{target}", name or "target"))) for form, path in asked]
    if given["baseline"] is not None and given["no_baseline"]:
        raise UsageError("--baseline and --no-baseline contradict each other")
    return Job(
        name=name,
        target=target,
        options=Options(
            protocol=suite.pack.name,
            selection=selection,
            exchanges=(*extra, *given["extra"]),
            seed=given["seed"] or 0,
            fail_fast=given["fail_fast"],
            effort=_effort(given, depth),
        ),
        suite=suite,
        strict=given["strict"],
        baseline=load_baseline(given["baseline"], suite.catalogue) if given["baseline"] else None,
        outputs=tuple(outputs),
    )
