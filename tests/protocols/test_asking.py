"""What the checks of questions to the client take for a URL, a public host, a flat form, a declared capability, a key that comes twice."""

import pytest

from wireproof.engine.player import _fill
from wireproof.model.jsontext import ABSENT
from wireproof.protocols.mcp.checks.asking import _doubles, _holds
from wireproof.protocols.mcp.checks.elicitation import _host, _mode, _primitive, _public
from wireproof.protocols.mcp.responder import canned_answer


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://connect.example.com/start?a=b&c=%20#d", "connect.example.com"),
        ("https://[2001:db8::7]:8443/", "2001:db8::7"),
        ("https://bücher.example/ä", "bücher.example"),
        ("myapp://connect", "connect"),
        ("mailto:someone@example.com", ""),
        ("/connect", None),
        ("connect.example.com/start", None),
        ("https://", None),
        ("https://example.com/a b", None),
        ("https://example.com:port/", None),
        ("https://[::1/", None),
        ("", None),
    ],
)
def test_urls(url: str, host: str | None) -> None:
    assert _host(url) == host


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("connect.example.com", True),
        ("8.8.8.8", True),
        ("localhost", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("192.168.1.4", False),
        ("printer", False),
        ("printer.local", False),
        ("app.localhost", False),
        ("dev.example.com", False),
        ("my-staging.example.com", False),
        ("developers.example.com", True),
    ],
)
def test_hosts_that_are_no_development(host: str, public: bool) -> None:
    assert _public(host) is public


def test_the_mode_that_is_meant() -> None:
    assert _mode({"message": "Who?", "requestedSchema": {}}) == "form"
    assert _mode({"message": "Who?"}) == "form"
    assert _mode({"message": "Go", "url": "https://example.com/"}) == "url"
    assert _mode({"mode": "url"}) == "url"
    assert _mode({"mode": 5, "requestedSchema": {}}) == 5


@pytest.mark.parametrize(
    ("part", "several", "flat"),
    [
        ({"type": "string", "format": "email"}, False, True),
        ({"type": "string", "oneOf": [{"const": "a", "title": "A"}]}, True, True),
        ({"enum": ["a"]}, False, True),
        ({"type": "array", "items": {"type": "string", "enum": ["a"]}}, True, True),
        ({"type": "array", "items": {"anyOf": [{"const": "a", "title": "A"}]}}, True, True),
        ({"type": "array", "items": {"type": "string", "enum": ["a"]}}, False, False),
        ({"type": "array", "items": {"type": "object"}}, True, False),
        ({"type": "object"}, True, False),
        ({"$ref": "#/$defs/a"}, True, False),
        (True, True, False),
    ],
)
def test_flat_properties(part: object, several: bool, flat: bool) -> None:
    assert _primitive(part, several) is flat


def test_what_is_declared_holds_what_is_required() -> None:
    assert _holds({"sampling": {}}, {"sampling": {}})
    assert not _holds({}, {"sampling": {}})
    assert not _holds({"sampling": {}}, {"sampling": {"tools": {}}})
    assert _holds({"elicitation": {}}, {"elicitation": {"form": {}}})
    assert not _holds({"elicitation": {}}, {"elicitation": {"url": {}}})
    assert not _holds({"roots": {}}, {"roots": {}, "sampling": {}})


def test_keys_that_come_twice() -> None:
    once = b'{"result": {"inputRequests": {"a": {"b": 1, "b": 2}, "c": {}}}}'
    twice = b'{"result": {"inputRequests": {"a": {}, "a": {}}}}'
    assert _doubles(once) == ()
    assert _doubles(twice) == ("a",)
    assert _doubles(b"data: {}") is None
    assert _doubles(b'{"result": {"inputRequests": []}}') is None


def test_a_member_whose_capture_found_nothing_is_left_out() -> None:
    captures = {"state": ABSENT, "name": "Ada"}
    given = {"requestState": "{{state}}", "who": {"name": "{{name}}", "note": None}}
    assert _fill(given, captures) == {"who": {"name": "Ada", "note": None}}


def test_the_canned_model_uses_a_tool_that_is_offered_twice_at_once_and_then_ends() -> None:
    tool = {"name": "look", "inputSchema": {"type": "object", "properties": {"at": {"type": "string"}}}}
    asked = {"messages": [{"role": "user", "content": {"type": "text", "text": "Look."}}], "tools": [tool]}
    first = canned_answer({"id": 1, "method": "sampling/createMessage", "params": asked}, {})
    assert first is not None
    assert isinstance(first.result, dict)
    assert [one["input"] for one in first.result["content"]] == [{"at": "text"}] * 2
    messages = [*asked["messages"], {"role": "assistant", "content": first.result["content"]}]
    for params in ({**asked, "messages": messages}, {**asked, "toolChoice": {"mode": "none"}}, {**asked, "tools": []}):
        then = canned_answer({"id": 2, "method": "sampling/createMessage", "params": params}, {})
        assert then is not None
        assert isinstance(then.result, dict)
        assert then.result["stopReason"] == "endTurn"
