"""From the words and options of a command line to a Target, and what in them is secret."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from wireproof.library.configuration import checked_field
from wireproof.model.errors import UsageError
from wireproof.model.secrecy import secrets_of
from wireproof.model.target import CallPolicy, Target

_OBJECT: Final = re.compile(r'=\{\s*["}]')
TOKENS: Final = ("foreign", "narrow", "second")


def target_of(words: tuple[str, ...], given: Mapping[str, Any]) -> Target:
    """The target of a `run`; `given` are its options by name. UsageError for what cannot be meant."""
    base: dict[str, Any] = {}
    if given["from_file"] is not None:
        if len(words) > 1:
            raise UsageError(
                "--from takes one name at most", hint=f"wireproof run --from {given['from_file']} {words[0]}"
            )
        base = _from_file(given["from_file"], words[0] if words else None)
    elif not words:
        raise UsageError(
            "no target is given",
            hint="wireproof run http://127.0.0.1:8000/mcp, or wireproof run -- python server.py; wireproof init writes a configuration",
        )
    elif len(words) == 1 and words[0].lower().startswith(("http://", "https://")):
        base = {"url": words[0]}
    else:
        base = {"command": tuple(words)}
    return overridden(Target(**{**base, "headers": tuple(base.get("headers", ()))}), given)


def overridden(base: Target, given: Mapping[str, Any]) -> Target:
    """The target with what the command line says besides or instead. UsageError for options that it has no use for."""
    if not base.url:
        _only_for_urls(given)
    fresh = [_header(one) for one in given["headers"]]
    secret = [_from_environment(one) for one in given["header_envs"]]
    named = {name.lower() for name, _ in (*fresh, *secret)}
    headers = (*((name, value) for name, value in base.headers if name.lower() not in named), *fresh, *secret)
    tokens = {**base.tokens, **dict(_token(one) for one in given["token_envs"])}
    env = {**base.env, **dict(_variable(one) for one in given["envs"])}
    calls = call_policy(given["calls"], read_only=given["call_read_only"], everything=given["call_all"])
    return replace(
        base,
        headers=headers,
        tokens=tokens,
        env=env,
        secrets=tuple(
            dict.fromkeys(
                (*base.secrets, *secrets_of(headers, env, [*(value for _, value in secret), *tokens.values()]))
            )
        ),
        cwd=str(given["cwd"]) if given["cwd"] else base.cwd,
        ca_file=given["ca_file"] or base.ca_file,
        cert=_certificate(given["cert"]) or base.cert,
        insecure=given["insecure"] or base.insecure,
        proxy=given["proxy"] or base.proxy,
        timeout=given["timeout"] or base.timeout,
        startup_wait=given["startup_wait"] or base.startup_wait,
        max_rps=given["max_rps"] or base.max_rps,
        calls=CallPolicy(
            read_only=calls.read_only or base.calls.read_only,
            everything=calls.everything or base.calls.everything,
            named={**base.calls.named, **calls.named},
            profile=given["profile"] or base.calls.profile,
        ),
        prompt_arguments={
            **base.prompt_arguments,
            **dict(_texts("--prompt", one) for one in given["prompts"] if not _words(one)),
        },
        goals={**base.goals, **dict(filter(None, map(_words, given["prompts"])))},
        template_variables={**base.template_variables, **dict(_texts("--template", one) for one in given["templates"])},
    )


def call_policy(calls: Iterable[str], *, read_only: bool, everything: bool, profile: str = "auto") -> CallPolicy:
    """Of NAME and NAME={json}; a tool named several times is called with each of its argument objects."""
    named: dict[str, tuple[Any, ...]] = {}
    for one in calls:
        name, equals, text = one.partition("=")
        if not name:
            raise UsageError(f"--call {one!r} names no tool", hint="NAME, or NAME='{\"argument\": 1}'")
        if not equals:
            named.setdefault(name, ())
            continue
        try:
            arguments = json.loads(text)
        except ValueError as error:
            hint = f"write it in quotes: --call '{name}={{\"argument\": 1}}'"
            raise UsageError(f"--call {name}: the arguments are not JSON: {error}", hint=hint) from None
        if not isinstance(arguments, dict):
            raise UsageError(f"--call {name}: the arguments must be a JSON object, not {text}")
        named[name] = (*named.get(name, ()), arguments)
    return CallPolicy(read_only=read_only, everything=everything, named=named, profile=profile)


def _words(text: str) -> tuple[str, str] | None:
    """Of GOAL=TEXT: the goal and what is said. None for what has a JSON value, or nothing, after the name."""
    goal, _, said = text.partition("=")
    return (goal, said) if goal and said.strip() and said.lstrip()[0] not in '{["' else None


def _texts(option: str, text: str) -> tuple[str, dict[str, str]]:
    """Of NAME={json}: the name and an object of strings. A URI template may hold `={`, but no quotes, so the object is told by them."""
    found = _OBJECT.search(text)
    name = text[: found.start()] if found else text.partition("=")[0]
    try:
        values = json.loads(text[found.start() + 1 :]) if found else None
    except ValueError as error:
        raise UsageError(f"{option} {text!r}: what follows the name is not JSON: {error}") from None
    if not name or not isinstance(values, dict) or not all(isinstance(one, str) for one in values.values()):
        hint = f"""write it in quotes: {option} '{name or "NAME"}={{"argument": "text"}}'"""
        raise UsageError(f"{option} {text!r} is no name with a JSON object of strings", hint=hint)
    return name, values


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError(f"--header {text!r} is not 'Name: value'")
    return checked_field(name.strip(), value.strip())


def _token(text: str) -> tuple[str, str]:
    """A name of TOKENS and the token itself, with or without its scheme in the variable."""
    name, value = _from_environment(text, "--token-env")
    if name not in TOKENS:
        raise UsageError(f"--token-env knows no token {name!r}", hint=f"one of {', '.join(TOKENS)}")
    return name, value.removeprefix("Bearer ").strip()


def _from_environment(text: str, option: str = "--header-env") -> tuple[str, str]:
    name, variable = _pair(text, option, "NAME=VARIABLE")
    if variable not in os.environ:
        hint = f"export {variable or 'VARIABLE'}=... first; {option} wants NAME=VARIABLE"
        raise UsageError(f"{option} {name}: the variable {variable or '?'} is not set", hint=hint)
    return checked_field(name, os.environ[variable])


def _variable(text: str) -> tuple[str, str]:
    """Of NAME=VALUE, or of NAME, whose value is the one here."""
    if "=" in text or not text:
        return _pair(text, "--env")
    if text not in os.environ:
        raise UsageError(f"--env {text}: the environment has no such variable", hint=f"--env {text}=VALUE")
    return text, os.environ[text]


def _pair(text: str, option: str, form: str = "NAME=VALUE") -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"{option} {name!r} is not {form}")
    return name, value


def _certificate(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    first, comma, second = text.partition(",")
    if not (first and comma and second):
        raise UsageError(f"--cert {text!r} is not CERT.pem,KEY.pem")
    for one in (first, second):
        if not Path(one).is_file():
            raise UsageError("--cert: no such file", where=one)
    return first, second


def _only_for_urls(given: Mapping[str, Any]) -> None:
    """An option that would do nothing is a mistake that should not pass in silence."""
    options = {
        "headers": "--header",
        "header_envs": "--header-env",
        "token_envs": "--token-env",
        "ca_file": "--ca-file",
        "cert": "--cert",
        "insecure": "--insecure",
        "proxy": "--proxy",
        "max_rps": "--max-rps",
    }
    for key, option in options.items():
        if given[key]:
            hint = "a server on stdio takes its credentials from --env NAME=VALUE" if "header" in key else ""
            raise UsageError(f"{option} is for URLs; this target is a command", hint=hint)


def _from_file(path: Path, name: str | None) -> dict[str, Any]:
    """One entry of the `mcpServers` form that desktop clients use."""
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror or error}", where=str(path)) from None
    except UnicodeDecodeError:
        raise UsageError("is not UTF-8", where=str(path)) from None
    except json.JSONDecodeError as error:
        raise UsageError(f"is not JSON: {error.msg}", where=f"{path}:{error.lineno}") from None
    servers = value.get("mcpServers", value.get("servers")) if isinstance(value, dict) else None
    if not isinstance(servers, dict) or not servers:
        raise UsageError("holds no `mcpServers`", where=str(path), hint='{"mcpServers": {"NAME": {"command": "..."}}}')
    if name is None and len(servers) > 1:
        raise UsageError("holds several servers; name one", where=str(path), hint=", ".join(servers))
    name = name or next(iter(servers))
    if name not in servers:
        raise UsageError(f"holds no server {name!r}", where=str(path), hint=f"it has {', '.join(servers)}")
    return _entry(name, servers[name], str(path))


def _entry(name: str, one: Any, where: str) -> dict[str, Any]:
    def fault(what: str) -> UsageError:
        return UsageError(f"server {name!r}: {what}", where=where)

    if not isinstance(one, dict):
        raise fault("should be an object")
    if "url" in one:
        headers = one.get("headers", {})
        if not isinstance(one["url"], str) or not _strings(headers):
            raise fault("`url` should be a string, `headers` an object of strings")
        return {"name": name, "url": one["url"], "headers": [checked_field(key, item) for key, item in headers.items()]}
    arguments, env, cwd = one.get("args", []), one.get("env", {}), one.get("cwd")
    if not isinstance(one.get("command"), str) or not one["command"]:
        raise fault("has neither `command` nor `url`")
    if not isinstance(arguments, list) or not all(isinstance(item, str) for item in arguments):
        raise fault("`args` should be an array of strings")
    if not _strings(env) or not isinstance(cwd, str | None):
        raise fault("`env` should be an object of strings, `cwd` a string")
    return {"name": name, "command": (one["command"], *arguments), "env": env, **({"cwd": cwd} if cwd else {})}


def _strings(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
