"""Single requests to an agent: with parameters that their definition admits or that break it by one step, and with a broken envelope.

None of them is a message, but for agents that are declared to be cooperative; the tasks that they name are nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from wireproof.generate.anything import anything, of_type
from wireproof.generate.drawing import drawn
from wireproof.generate.envelopes import Fault, Rule, envelopes, texts
from wireproof.generate.strings import plain_text
from wireproof.judge.pack import Family, Lens
from wireproof.model.exchange import Exchange, Request, Send, SendBytes
from wireproof.model.jsontext import JSON
from wireproof.protocols.a2a.operations import OPERATIONS
from wireproof.protocols.a2a.strategies.acts import cooperative
from wireproof.protocols.a2a.strategies.building import (
    NOBODY,
    SURVIVES,
    any_answer,
    generated,
    literal_value,
    sending,
    still_alive,
)

_ROWS: Final[Mapping[Rule, str]] = {
    Rule.MESSAGE_OBJECT: "robust.json.scalar",
    Rule.METHOD_KNOWN: "robust.message.unknown-method",
    Rule.PARAMS_STRUCTURED: "robust.message.wrong-params",
    Rule.JSON_TEXT: "robust.json.malformed",
    Rule.TEXT_UTF8: "robust.text.invalid-utf8",
    Rule.SURROGATE_PAIRED: "robust.text.lone-surrogate",
    Rule.KEYS_UNIQUE: "robust.json.duplicate-keys",
}
"""What of a broken message an agent should outlive; for other rules it is the row about its survival."""
_LENGTHS: Final = st.one_of(st.integers(0, 100), st.sampled_from([0, 1, 2**31 - 1]))
_NAMES: Final = st.text(
    alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=1, max_size=80
)
"""Ids that stand in the path of a URL as they are: how others are read is up to the web server."""
_IDS: Final = st.uuids()
_Params = dict[str, JSON]


def requests(facts: Mapping[str, Any], lens: Lens) -> Iterator[Family]:
    """The families of single requests that this agent's card gives occasion for."""
    line = lens.transport == "jsonrpc"
    bases = list(_bases(facts, lens, plain_text(0, 200) if line else _NAMES))
    fine = st.one_of([st.tuples(st.just(operation), params) for operation, params in bases])
    yield Family(
        name="request", draws=fine.filter(literal_value).map(lambda made: _request("request", *made)), weight=1.0
    )
    if cooperative(facts):
        prefix = str(facts["goals"]["completes"]["prefix"])
        draws = _messages(prefix).filter(literal_value).map(lambda made: _request("message", "SendMessage", made))
        yield Family(name="message", draws=draws, calls=("SendMessage",), most_calls=1, calling=sending, weight=1.0)
    if not line:
        return
    wrong = st.one_of([_spoiled(operation, params) for operation, params in bases])
    yield Family(
        name="bad-request",
        draws=wrong.filter(literal_value).map(lambda made: _request("bad-request", *made)),
        weight=0.5,
    )
    method = "GetTask" if lens.revision.traits.get("version_header") else OPERATIONS["GetTask"].older
    message = {"jsonrpc": "2.0", "id": "wireproof-generated", "method": method, "params": {"id": NOBODY}}
    broken = envelopes(message).filter(lambda fault: fault.rule is not Rule.ONE_KIND)
    yield Family(name="envelope", draws=broken.map(_faulty), weight=0.3)
    yield Family(name="text", draws=texts(message).map(_faulty), weight=0.3)


def _bases(
    facts: Mapping[str, Any], lens: Lens, names: SearchStrategy[str]
) -> Iterator[tuple[str, SearchStrategy[_Params]]]:
    """(operation, strategy of params that its definition admits)."""
    tags = facts.get("tags", ())
    yield "GetTask", st.fixed_dictionaries({"id": names}, optional={"historyLength": _LENGTHS})
    yield "CancelTask", st.fixed_dictionaries({"id": names})
    if lens.revision.traits.get("version_header"):
        optional = {
            "contextId": names,
            "pageSize": st.integers(1, 100),
            "historyLength": _LENGTHS,
            "includeArtifacts": st.booleans(),
        }
        yield "ListTasks", st.fixed_dictionaries({}, optional=optional)
    if "pushNotifications" in tags:
        yield "ListTaskPushNotificationConfigs", st.fixed_dictionaries({"taskId": names})
        yield "GetTaskPushNotificationConfig", st.fixed_dictionaries({"taskId": names, "id": names})


def _messages(prefix: str) -> SearchStrategy[_Params]:
    """Messages of any content; the prefix of their id says what is to become of them."""
    text = plain_text(0, 300).map(lambda text: {"text": text})
    data = of_type("object").map(lambda value: {"data": value})
    parts = st.lists(st.one_of(text, data), min_size=1, max_size=4)
    metadata = st.dictionaries(plain_text(0, 40), anything(), max_size=3)

    def message(draw: st.DrawFn) -> _Params:
        made: _Params = {"messageId": f"{prefix}-{draw(_IDS)}", "parts": draw(parts)}
        more = draw(metadata)
        return {"message": {**made, "metadata": more} if more else made}

    return drawn(message)


def _spoiled(operation: str, params: SearchStrategy[_Params]) -> SearchStrategy[tuple[str, _Params]]:
    """One member is left out, or something of any type stands there."""

    def change(drawn: tuple[_Params, int, bool, JSON]) -> tuple[str, _Params]:
        made, place, drop, value = drawn
        name = [*made, "id"][place % (len(made) + 1)]
        return operation, {key: one for key, one in {**made, name: value}.items() if key != name or not drop}

    return st.tuples(params, st.integers(0, 7), st.booleans(), anything()).map(change)


def _request(family: str, operation: str, params: _Params) -> Exchange:
    request = Request(method=operation, params=params, name="call", deliberate=family == "bad-request")
    row = "robust.message.wrong-params" if family == "bad-request" else SURVIVES
    return generated(family, (request, any_answer(request), *still_alive(row)), operation)


def _faulty(fault: Fault) -> Exchange:
    """The broken message, then a plain one: whether and how the first is answered is for the ambient checks."""
    after = still_alive(_ROWS.get(fault.rule, SURVIVES))
    if fault.text:
        return generated("text", (SendBytes(data=fault.text, name="call"), *after), fault.rule.value)
    return generated("envelope", (Send(message=fault.message, name="call"), *after), fault.rule.value)
