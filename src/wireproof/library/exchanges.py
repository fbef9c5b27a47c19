"""Exchange files: YAML values to `Exchange` values and back (the journal keeps the literal that was played).

The grammar is schemas/wireproof/exchanges.schema.json; conformance/README.md explains it. One step is one mapping with exactly
one of the verbs request, notify, respond, send, bytes, http, expect, silence, repeat, close, reopen.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Final

from wireproof.library.acts import files_of, is_acts, read_acts
from wireproof.library.shelf import shelf
from wireproof.library.source import Lines, read_yaml, shown, validate
from wireproof.model.errors import UsageError
from wireproof.model.exchange import (
    Close,
    Exchange,
    Expect,
    Http,
    Isolation,
    Notify,
    Origin,
    Pattern,
    Reopen,
    Repeat,
    Request,
    Respond,
    Send,
    SendBytes,
    Silence,
    Step,
)
from wireproof.model.jsontext import ABSENT, JSON

_CAPTURE: Final = re.compile(r"\{\{([A-Za-z0-9_.-]+)\}\}")
_PATTERN_KEYS: Final = ("match", "schema", "status", "headers", "outcome", "remark")


def pattern(value: Mapping[str, Any]) -> Pattern:
    status = value.get("status", ())
    return Pattern(
        match=value.get("match", ABSENT),
        schema=value.get("schema", ABSENT),
        status=(status,) if isinstance(status, int) else tuple(status),
        headers=value.get("headers", {}),
        outcome=value.get("outcome"),
        remark=value.get("remark"),
    )


def patterns(value: Mapping[str, Any] | list[Any]) -> tuple[Pattern, ...]:
    if isinstance(value, list):
        return tuple(pattern(one) for one in value)
    if "any_of" in value:
        return tuple(pattern(one) for one in value["any_of"])
    return (pattern(value),)


def raw_bytes(value: str | Mapping[str, Any]) -> bytes:
    """`bytes:` is text (UTF-8), {hex: ...}, {base64: ...} or {text: ..., times: n} for long ones; `numbered`: # counts along in each;
    `closing` comes as many times, after `inside`."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if "hex" in value:
        return bytes.fromhex(value["hex"])
    if "base64" in value:
        return base64.b64decode(value["base64"])
    text, times = str(value["text"]), int(value.get("times", 1))
    pieces = text.split("#")
    many = "".join([str(index).join(pieces) for index in range(times)]) if value.get("numbered") else text * times
    around = (value.get("before", ""), value.get("after", ""))
    middle = f"{many}{value.get('inside', '')}{value.get('closing', '') * times}"
    return middle.join(around).encode("utf-8", "surrogatepass")


def _request(raw: Mapping[str, Any], name: str) -> Request:
    return Request(
        method=raw["request"],
        params=raw.get("params", ABSENT),
        name=name,
        id=raw.get("id", ABSENT),
        meta=raw.get("meta", {}),
        headers=raw.get("headers", {}),
        connection=raw.get("as", "main"),
        deliberate=raw.get("deliberate", False),
    )


def _notify(raw: Mapping[str, Any], name: str) -> Notify:
    return Notify(
        method=raw["notify"],
        params=raw.get("params", ABSENT),
        name=name,
        meta=raw.get("meta", {}),
        headers=raw.get("headers", {}),
        connection=raw.get("as", "main"),
        deliberate=raw.get("deliberate", False),
    )


def _http(raw: Mapping[str, Any], name: str) -> Http:
    return Http(
        method=raw["http"],
        name=name,
        path=raw.get("path"),
        headers=raw.get("headers", {}),
        body=raw.get("body", ABSENT),
        data=raw_bytes(raw["data"]) if "data" in raw else None,
        session=raw.get("session", True),
        connection=raw.get("as", "main"),
    )


def _expect(raw: Mapping[str, Any], _name: str) -> Expect:
    return Expect(
        of=raw.get("of"),
        message=raw.get("message"),
        event=raw.get("event"),
        any_of=patterns(raw["expect"]),
        or_lawful=patterns(raw["or_lawful"]) if "or_lawful" in raw else (),
        about=tuple(raw.get("about", ())),
        aspect=raw.get("aspect"),
        capture=raw.get("capture", {}),
        within=raw.get("within", 1.0),
        patience=raw.get("patience", 1.0),
        alive=raw.get("alive", False),
        hook=raw.get("hook"),
        why=raw.get("why"),
        name=raw.get("name"),
        connection=raw.get("as", "main"),
    )


def _silence(raw: Mapping[str, Any], _name: str) -> Silence:
    return Silence(
        of=raw.get("of"),
        match=(raw["silence"] or {}).get("match", ABSENT),
        about=tuple(raw.get("about", ())),
        why=raw.get("why"),
        or_lawful=patterns(raw["or_lawful"]) if "or_lawful" in raw else (),
        connection=raw.get("as", "main"),
    )


_VERBS: Final[Mapping[str, Callable[[Mapping[str, Any], str], Step]]] = {
    "request": _request,
    "notify": _notify,
    "respond": lambda raw, _name: Respond(
        to=raw["respond"],
        result=raw.get("result", ABSENT),
        error=raw.get("error", ABSENT),
        connection=raw.get("as", "main"),
    ),
    "send": lambda raw, name: Send(
        message=raw["send"], name=name, headers=raw.get("headers", {}), connection=raw.get("as", "main")
    ),
    "bytes": lambda raw, name: SendBytes(
        data=raw_bytes(raw["bytes"]),
        name=name,
        headers=raw.get("headers", {}),
        end=raw_bytes(raw["end"]) if "end" in raw else None,
        pieces=tuple(raw.get("pieces", ())),
        connection=raw.get("as", "main"),
    ),
    "http": _http,
    "expect": _expect,
    "silence": _silence,
    "repeat": lambda raw, name: Repeat(
        request=_request({**raw, "request": raw["repeat"]}, name),
        times=raw.get("times", 20),
        cursor=raw["cursor"],
        into=raw["into"],
    ),
    "close": lambda raw, _name: Close(of=(raw["close"] or {}).get("of"), connection=raw.get("as", "main")),
    "reopen": lambda raw, _name: Reopen(
        opening=(raw["reopen"] or {}).get("opening", True), connection=raw.get("as", "main")
    ),
}

STARTERS: Final = (Request, Notify, Send, SendBytes, Http, Repeat)
"""Steps that send something which an expectation may wait upon."""


def step(raw: Mapping[str, Any], index: int) -> Step:
    verb = next(verb for verb in _VERBS if verb in raw)
    return _VERBS[verb](raw, raw.get("name", f"step{index + 1}"))


def exchange(raw: Mapping[str, Any], *, protocol: str, topic: str, where: str = "") -> Exchange:
    """One exchange of a file that its schema has accepted. An expectation without `of` waits upon the latest thing sent."""
    steps: list[Step] = []
    latest: str | None = None
    for index, item in enumerate(raw["steps"]):
        if "expect" in item and all(item.get(name) is None for name in ("of", "message", "event", "hook")):
            if latest is None:
                raise UsageError("an expectation stands before anything was sent", where=where)
            item = {**item, "of": latest}
        made = step(item, index)
        if isinstance(made, STARTERS):
            latest = made.request.name if isinstance(made, Repeat) else made.name
        steps.append(made)
    client = raw.get("client", {})
    return Exchange(
        id=raw["id"],
        title=raw["title"],
        protocol=protocol,
        topic=topic,
        steps=tuple(steps),
        since=raw.get("since"),
        until=raw.get("until"),
        role=raw.get("role", "server"),
        transports=tuple(raw.get("transports", ())),
        needs=tuple(raw.get("needs", ())),
        for_each=raw.get("for_each"),
        subject=raw.get("subject"),
        isolation=Isolation(raw.get("isolation", "shared")),
        opening=raw.get("opening", True),
        reads_only=raw.get("reads_only", False),
        capabilities=client.get("capabilities", ABSENT),
        canned=client.get("canned", {}),
        provokes=tuple(raw.get("provokes", ())),
        origin=Origin(raw.get("origin", "scripted")),
        where=where,
    )


def literal(made: Exchange) -> dict[str, Any]:
    """The exchange as a file would hold it, without what equals a default; `exchange(literal(x))` is x again."""
    raw: dict[str, Any] = {"id": made.id, "title": made.title}
    for name in ("since", "until", "transports", "needs", "for_each", "subject", "provokes"):
        if value := getattr(made, name):
            raw[name] = list(value) if isinstance(value, tuple) else value
    if made.isolation is not Isolation.SHARED:
        raw["isolation"] = made.isolation.value
    if not made.opening:
        raw["opening"] = False
    if made.reads_only:
        raw["reads_only"] = True
    if made.origin is not Origin.SCRIPTED:
        raw["origin"] = made.origin.value
    client = {}
    if made.capabilities is not ABSENT:
        client["capabilities"] = made.capabilities
    if made.canned:
        client["canned"] = dict(made.canned)
    if client:
        raw["client"] = client
    raw["steps"] = [_step_literal(one) for one in made.steps]
    return raw


def _step_literal(made: Step) -> dict[str, Any]:
    match made:
        case Request():
            return {"request": made.method, **_rest(made, skip=("method",))}
        case Notify():
            return {"notify": made.method, **_rest(made, skip=("method",))}
        case Respond():
            return {"respond": made.to, **_rest(made, skip=("to",))}
        case Send():
            return {"send": made.message, **_rest(made, skip=("message",))}
        case SendBytes():
            return {"bytes": _bytes_literal(made.data), **_rest(made, skip=("data",))}
        case Http():
            return {"http": made.method, **_rest(made, skip=("method",))}
        case Expect():
            return {
                "expect": {"any_of": [_pattern_literal(one) for one in made.any_of]},
                **_rest(made, skip=("any_of",)),
            }
        case Silence():
            body = {} if made.match is ABSENT else {"match": made.match}
            return {"silence": body, **_rest(made, skip=("match",))}
        case Repeat():
            rest = _rest(made.request, skip=("method",))
            return {
                "repeat": made.request.method,
                **rest,
                "times": made.times,
                "cursor": made.cursor,
                "into": made.into,
            }
        case Close():
            return {"close": {"of": made.of} if made.of else {}, **_rest(made, skip=("of",))}
        case Reopen():
            return {"reopen": {} if made.opening else {"opening": False}, **_rest(made, skip=("opening",))}


def _pattern_literal(made: Pattern) -> dict[str, Any]:
    given = {key: getattr(made, key) for key in _PATTERN_KEYS}
    kept = {key: value for key, value in given.items() if value is not ABSENT and value is not None}
    return {key: _json(value) for key, value in kept.items() if key in ("match", "schema") or value}


def _rest(made: Step, *, skip: tuple[str, ...]) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for one in fields(made):
        value = getattr(made, one.name)
        default = one.default if one.default is not MISSING else None
        if one.name in skip or value is default:
            continue
        if default is not ABSENT and (
            value is None or value in ((), {})
        ):  # where JSON may stand, null and {} are values
            continue
        key = "as" if one.name == "connection" else one.name
        if key == "as" and value == "main":
            continue
        raw[key] = [_pattern_literal(item) for item in value] if key == "or_lawful" else _json(value)
    return raw


def _bytes_literal(data: bytes) -> JSON:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return {"hex": data.hex()}


def _json(value: Any) -> JSON:
    if isinstance(value, bytes):
        return _bytes_literal(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return value


def read_exchanges(path: Path, *, protocol: str) -> list[Exchange]:
    """The exchanges of one file, or of an ACTS file. UsageError with file:line for what the grammar or the references of a file forbid."""
    if is_acts(path):
        return [exchange(raw, protocol="a2a", topic="acts", where=where) for raw, where in read_acts(path).exchanges]
    value, lines = read_yaml(path)
    validate(value, lines, "exchanges", path)
    made = []
    file = shown(path)
    for index, raw in enumerate(value["exchanges"]):
        where = f"{file}:{lines.at(f'/exchanges/{index}')}"
        raw = {"origin": value.get("origin", "scripted"), **raw}
        made.append(exchange(raw, protocol=value.get("protocol", protocol), topic=value["topic"], where=where))
        _check_references(made[-1], raw["steps"], file, lines, index)
    return made


def _check_references(made: Exchange, steps: Sequence[Any], file: str, lines: Lines, index: int) -> None:
    """Steps may only name what stands before them; captures are set before they are used, or are tokens that the user gives and `needs` names."""
    named: set[str] = set()
    captured = {need.replace(":", ".", 1) for need in made.needs if need.startswith("token:")}
    captured |= {f"hook.{name}" for name in made.hooks}
    for number, one in enumerate(made.steps):
        where = f"{file}:{lines.at(f'/exchanges/{index}/steps/{number}')}"
        of = getattr(one, "of", None)
        if of is not None and of not in named:
            raise UsageError(
                f"`of: {of}` names no earlier step", where=where, hint=f"earlier: {', '.join(sorted(named)) or 'none'}"
            )
        if isinstance(one, Expect) and one.hook is not None and one.hook not in made.hooks:
            raise UsageError(f"`hook: {one.hook}` names no webhook that a step speaks of", where=where)
        for use in _CAPTURE.findall(repr(steps[number])):
            if use not in captured:
                raise UsageError(f"the capture {use!r} is used before it is set", where=where)
        if isinstance(one, Respond) and one.to not in captured:
            raise UsageError(f"`respond: {one.to}` names no captured request", where=where)
        if isinstance(one, STARTERS):
            named.add(one.request.name if isinstance(one, Repeat) else one.name)
        if isinstance(one, Expect):
            captured |= {name.removesuffix("?") for name in one.capture} | ({one.name} if one.name else set())


def load_exchanges(protocol: str, extra: Iterable[Path] = ()) -> tuple[Exchange, ...]:
    """All exchanges of a protocol, ours first; ids are unique. `extra` are further files or folders of the user's."""
    files = sorted((shelf("conformance") / protocol / "exchanges").glob("*.yaml"))
    files += files_of(extra)
    made: dict[str, Exchange] = {}
    for path in files:
        for one in read_exchanges(path, protocol=protocol):
            if one.id in made:
                raise UsageError(
                    f"the exchange id {one.id} stands twice", where=one.where, hint=f"first at {made[one.id].where}"
                )
            made[one.id] = one
    return tuple(made.values())
