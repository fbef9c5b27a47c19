"""Configuration files: find, read, check. What they say is in `model.configuration`, with how to use it.

Nothing here reads the environment or starts anything, except that `resolve` is handed an environment.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from wireproof.library.source import Lines, Spot, shown, validate
from wireproof.library.toml import read_toml
from wireproof.model.configuration import Config, ConfiguredTarget, ReportFile
from wireproof.model.errors import UsageError
from wireproof.model.secrecy import secrets_of
from wireproof.model.target import CallPolicy, Target

CONFIG_NAME: Final = "wireproof.toml"
BASELINE_NAME: Final = "wireproof-baseline.yaml"
_PROJECT: Final = "pyproject.toml"
_TABLE: Final = ("tool", "wireproof")
_URL: Final = re.compile(r"https?://.", re.IGNORECASE)
_FIELD: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_COMMON: Final = ("revisions", "select", "ignore", "level", "transports")
_ONLY_FOR_URLS: Final = ("headers", "header-env", "token-env", "max-rps", "ca-file", "cert", "insecure", "proxy")


def find_config(start: Path) -> Path | None:
    """The nearest wireproof.toml, or pyproject.toml with a table [tool.wireproof], in `start` or above it; None without any.

    Where both lie in one folder, wireproof.toml is taken. UsageError for a pyproject.toml that names wireproof but is no TOML.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
        if _configures(folder / _PROJECT):
            return folder / _PROJECT
    return None


def _configures(project: Path) -> bool:
    try:
        mentions = "wireproof" in project.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    if not mentions:
        return False
    value, _ = read_toml(project)
    tool = value.get("tool") if isinstance(value, dict) else None
    return isinstance(tool, dict) and "wireproof" in tool


def load_config(path: Path) -> Config:
    """Read and check one file. UsageError with file:line for whatever it says wrongly; unknown keys come with the nearest match."""
    path = path.resolve()
    value, lines = read_toml(path)
    if path.name != CONFIG_NAME and "tool" in value:
        value, lines = _table(value, lines, path)
    _check_aims(value, lines, shown(path))
    validate(value, lines, "config", path)
    reader = _Reader(value, lines, path)
    return Config(path=path, targets=tuple(reader.target(name) for name in value["targets"]))


def _check_aims(value: Any, lines: Lines, file: str) -> None:
    """Every target says how it is reached; one that seems to say so with a misspelt key is left to the schema, which knows the nearest."""
    targets = value.get("targets")
    for name, one in targets.items() if isinstance(targets, dict) else ():
        if isinstance(one, dict) and isinstance(url := one.get("url"), str) and not _URL.match(url):
            where = f"{file}:{lines.at(f'/targets/{name}/url')}"
            hint = "" if "://" in url else f'url = "http://{url or "127.0.0.1:8000/mcp"}"'
            raise UsageError(f"url {url!r} does not begin with http:// or https://", where=where, hint=hint)
        if not isinstance(one, dict) or {"command", "url"}.intersection(one):
            continue
        if not any(difflib.get_close_matches(key, ("command", "url"), n=1) for key in one):
            where = f"{file}:{lines.at(f'/targets/{name}')}"
            raise UsageError(
                f"the target {name!r} has neither command nor url",
                where=where,
                hint='command = ["python", "server.py"]',
            )


def _table(value: Any, lines: Lines, path: Path) -> tuple[Any, Lines]:
    """What stands under [tool.wireproof], with its lines."""
    spot: Any = lines.root
    for key in _TABLE:
        if not isinstance(value, dict) or key not in value:
            raise UsageError("holds no table [tool.wireproof]", where=shown(path))
        value, spot = value[key], spot.inside[key]
    return value, Lines(root=spot if isinstance(spot, Spot) else lines.root)


def checked_field(name: str, value: str) -> tuple[str, str]:
    """A header field that can be sent. UsageError for one that cannot; the value is not quoted, for it may be secret."""
    if not _FIELD.match(name):
        raise UsageError(f"{name!r} is no name of an HTTP header")
    if any(char in value for char in "\r\n\0"):
        raise UsageError(f"the value of the header {name} holds a line break or NUL")
    return name, value


def resolve(one: ConfiguredTarget, environ: Mapping[str, str]) -> Target:
    """The target as it can be played: header and token values are taken from `environ`, and everything secret is named.

    UsageError with file:line when a variable is not set.
    """

    def taken(key: str, names: Mapping[str, str]) -> dict[str, str]:
        found = {}
        for name, variable in names.items():
            where = one.places.get(f"{key}.{name}", one.where)
            if variable not in environ:
                raise UsageError(
                    f"{key}.{name}: the variable {variable} is not set",
                    where=where,
                    hint=f"export {variable}=... first",
                )
            try:
                found[name] = checked_field(name, environ[variable])[1]
            except UsageError as error:
                raise UsageError(error.message, where=where) from None
        return found

    headers = taken("header-env", one.header_env)
    tokens = {name: value.removeprefix("Bearer ").strip() for name, value in taken("token-env", one.token_env).items()}
    target = one.target
    return replace(
        target,
        headers=(*target.headers, *headers.items()),
        tokens=tokens,
        secrets=secrets_of(target.headers, target.env, [*headers.values(), *tokens.values()]),
    )


class _Reader:
    """A file that its schema has accepted."""

    def __init__(self, value: Any, lines: Lines, path: Path) -> None:
        self.value, self.lines = value, lines
        self.folder, self.file = path.parent, shown(path)

    def where(self, *keys: str) -> str:
        pointer = "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
        return f"{self.file}:{self.lines.at(pointer)}"

    def target(self, name: str) -> ConfiguredTarget:
        said: Mapping[str, Any] = self.value["targets"][name]
        inherited = {key: one for key, one in self.value.items() if key != "targets" and key not in said}
        both = {**inherited, **said}
        places = {key: self.where(*(("targets", name) if key in said else ()), key) for key in both}
        for key in ("header-env", "token-env"):
            places |= {f"{key}.{one}": self.where("targets", name, key, one) for one in said.get(key, ())}
        places |= {
            f"reports.{form}": self.where(*(("targets", name) if "reports" in said else ()), "reports", form)
            for form in both.get("reports", ())
        }
        baseline = both.get("baseline", BASELINE_NAME)
        return ConfiguredTarget(
            name=name,
            where=self.where("targets", name),
            target=self.aim(name, said),
            protocol=said.get("protocol", "mcp"),
            header_env=said.get("header-env", {}),
            token_env=said.get("token-env", {}),
            **{key: tuple(both.get(key, ())) for key in _COMMON},
            exchanges=tuple(self.existing(places.get("exchanges", ""), both.get("exchanges", ()))),
            depth=both.get("depth", ""),
            strict=both.get("strict", False),
            baseline=self.folder / baseline if baseline else None,
            usual_baseline="baseline" not in both,
            reports=self.reports(name, both.get("reports", {}), places),
            places=places,
        )

    def aim(self, name: str, said: Mapping[str, Any]) -> Target:
        url, command = said.get("url", ""), self.words(name, said.get("command", ()))
        if not url:
            for key in _ONLY_FOR_URLS:
                if key in said:
                    hint = "a server on stdio takes its credentials from env" if "header" in key else ""
                    where = self.where("targets", name, key)
                    raise UsageError(f"{key} is for URLs; the target {name} is a command", where=where, hint=hint)
        elif not command:
            for key in ("env", "cwd"):
                if key in said:
                    where = self.where("targets", name, key)
                    raise UsageError(
                        f"{key} is for commands; wireproof does not start the target {name}",
                        where=where,
                        hint="with a command beside the url it does",
                    )
        for header, text in said.get("headers", {}).items():
            self.header(self.where("targets", name, "headers", header), header, text)
        for header in said.get("header-env", ()):
            self.header(self.where("targets", name, "header-env", header), header, "")
        files = [key for key in ("ca-file", "cert") if key in said]
        for key in files:
            named = said[key] if isinstance(said[key], list) else [said[key]]
            list(self.existing(self.where("targets", name, key), named))
        folder = self.folder / said.get("cwd", ".")
        if command and not folder.is_dir():
            raise UsageError(f"cwd: {shown(folder)} is no directory", where=self.where("targets", name, "cwd"))
        return Target(
            name=name,
            where=self.where("targets", name),
            command=() if url else command,
            url=url,
            starts=command if url else (),
            env=said.get("env", {}),
            headers=tuple(said.get("headers", {}).items()),
            cwd=str(folder) if command else None,
            ca_file=str(self.folder / said["ca-file"]) if "ca-file" in said else None,
            cert=(str(self.folder / said["cert"][0]), str(self.folder / said["cert"][1])) if "cert" in said else None,
            insecure=said.get("insecure", False),
            proxy=said.get("proxy"),
            timeout=said.get("timeout"),
            startup_wait=said.get("startup-wait", 30.0),
            max_rps=said.get("max-rps"),
            calls=CallPolicy(
                read_only=said.get("call-read-only", False),
                everything=said.get("call-all", False),
                named={tool: _arguments(given) for tool, given in said.get("calls", {}).items()},
                profile=said.get("profile", "auto"),
            ),
            prompt_arguments={key: one for key, one in said.get("prompts", {}).items() if isinstance(one, dict)},
            goals={key: one for key, one in said.get("prompts", {}).items() if isinstance(one, str)},
            template_variables=said.get("templates", {}),
        )

    def words(self, name: str, command: str | list[str] | tuple[()]) -> tuple[str, ...]:
        where = self.where("targets", name, "command")
        if isinstance(command, str):
            try:
                command = shlex.split(command)
            except ValueError as error:
                raise UsageError(f"command cannot be split into words: {error}", where=where) from None
        if command and not command[0]:
            raise UsageError("command begins with an empty word", where=where)
        return tuple(command)

    def header(self, where: str, name: str, value: str) -> None:
        try:
            checked_field(name, value)
        except UsageError as error:
            raise UsageError(error.message, where=where) from None

    def existing(self, where: str, names: Iterable[str]) -> Iterable[Path]:
        for name in names:
            if not (self.folder / name).exists():
                raise UsageError(f"there is no {shown(self.folder / name)}", where=where)
            yield self.folder / name

    def reports(self, target: str, files: Mapping[str, str], places: Mapping[str, str]) -> tuple[ReportFile, ...]:
        """The target's reports. Several targets that would write one file are an error."""
        shared = "reports" not in self.value["targets"][target] and len(self.value["targets"]) > 1
        made = []
        for form, name in files.items():
            where = places[f"reports.{form}"]
            if shared and "{target}" not in name:
                hint = f'{form} = "{{target}}-{Path(name).name}", or reports under each target'
                raise UsageError(f"reports.{form}: every target would write {name}", where=where, hint=hint)
            made.append(ReportFile(form=form, path=self.folder / name.replace("{target}", target), where=where))
        return tuple(made)


def _arguments(given: Any) -> tuple[Any, ...]:
    """Of `calls`: the argument objects; none for true."""
    if given is True:
        return ()
    return tuple(given) if isinstance(given, list) else (given,)
