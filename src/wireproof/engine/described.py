"""What the journal says of a target: its name and address, and the options that play it again the same way. Secrets never enter it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from wireproof.engine.redaction import Redact
from wireproof.model.target import Target


def described(target: Target, redact: Redact | None) -> dict[str, Any]:
    """`name`, and `command` or `url`; neither where the target lives in this process and nobody could reach it there."""
    made: dict[str, Any] = {"name": _clean(target.label, redact)}
    if target.command:
        made["command"] = [_clean(one, redact) for one in target.command]
    if target.url and target.app is None:
        made["url"] = _clean(target.url, redact)
    return made


def option_words(target: Target, redact: Redact | None) -> list[str]:
    """The command line's options that make the same target again; where a secret stood, the variable to give it in."""
    if target.again:
        return [_clean(one, redact) for one in target.again[:-1]]
    words: list[str] = []
    for name, value in target.headers:
        if _clean(value, redact) != value:
            words += ["--header-env", f"{name}={_variable(name)}"]
        else:
            words += ["--header", f"{name}: {value}"]
    for name in target.tokens:
        words += ["--token-env", f"{name}={_variable(name)}_TOKEN"]
    for name in target.env:
        words += ["--env", name]  # its value is never written down
    for option, text in (("--cwd", target.cwd), ("--ca-file", target.ca_file), ("--proxy", target.proxy)):
        words += [option, _clean(str(text), redact)] if text else []
    words += ["--cert", ",".join(target.cert)] if target.cert else []
    words += ["--insecure"] if target.insecure else []
    for option, seconds in (("--timeout", target.timeout), ("--max-rps", target.max_rps)):
        words += [option, f"{seconds:g}"] if seconds else []
    words += [_clean(one, redact) for one in _uses(target)]
    return words


def _uses(target: Target) -> Iterator[str]:
    """Which tools may be called and with what, and the user's arguments of prompts and variables of templates."""
    calls = target.calls
    for name, given in calls.named.items():
        for arguments in given or (None,):
            yield from ("--call", name if arguments is None else f"{name}={_json(arguments)}")
    yield from ["--call-read-only"] * calls.read_only
    yield from ["--call-all"] * calls.everything
    yield from ("--profile", calls.profile) if calls.profile != "auto" else ()
    for goal, words in target.goals.items():
        yield from ("--prompt", f"{goal}={words}")
    named: Mapping[str, Mapping[str, Mapping[str, str]]] = {
        "--prompt": target.prompt_arguments,
        "--template": target.template_variables,
    }
    for option, values in named.items():
        for name, texts in values.items():
            yield from (option, f"{name}={_json(texts)}")


def _json(value: Any) -> str:
    return json.dumps(value if not isinstance(value, Mapping) else dict(value), ensure_ascii=False)


def _variable(header: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", header.upper())


def _clean(text: str, redact: Redact | None) -> str:
    return redact(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace") if redact else text
