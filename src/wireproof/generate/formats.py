"""What `format` means to the generator: for each format a regular language inside it, and values at its edges.

The languages are smaller than the formats on purpose: whatever is drawn is lawful to every reader of the RFC. Formats that are not
named here say nothing. `byte` is OpenAPI's (RFC 4648 section 4, with padding), which MCP's schemas use.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """`language` is a pattern of the whole string, without anchors; `edges` are lawful strings that readers often get wrong."""

    language: str
    edges: tuple[str, ...] = ()


_DATE: Final = (
    r"(?:(?:19|20)\d\d-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    r"|02-(?:0[1-9]|1\d|2[0-8]))|20(?:[02468][048])-02-29)"
)
_CLOCK: Final = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+\-](?:0\d|1[0-3]):[0-5]\d)"
_LABEL: Final = r"[a-z](?:[a-z0-9]|-[a-z0-9])*"
_PATH: Final = r"(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-F]{2})*)*"
_URI: Final = (
    rf"(?:https?://{_LABEL}(?:\.{_LABEL})*(?::[1-9]\d{{0,3}})?{_PATH}(?:\?[a-z0-9=&%\-]*)?(?:#[a-z0-9]*)?"
    rf"|file://{_PATH}|urn:[a-z][a-z0-9]{{1,8}}:[a-z0-9]+|[a-z][a-z0-9+\-.]*:[a-z0-9/]+)"
).replace("&%", "&")
_URI_EDGES: Final = (
    "a:b",
    "file:///",
    "file:///a%20b/%E2%9C%93",
    "urn:isbn:0451450523",
    "http://[::1]:65535/",
    "https://user@example.com:8080/p/a/t/h;v=1?q=a&q=b#frag",
    "data:,",
    "https://xn--nxasmq6b.example/%2F..%2F",
    "HTTP://EXAMPLE.COM/",
)
_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_TEMPLATE: Final = r"(?:[a-z0-9/:.\-]|\{[?/#+]?[a-z][a-z0-9_]{0,8}(?:,[a-z]{1,4})?\})*"

FORMATS: Final = MappingProxyType(
    {
        "date": Format(language=_DATE, edges=("2024-02-29", "1970-01-01", "2000-02-29", "9999-12-31", "0001-01-01")),
        "time": Format(language=_CLOCK, edges=("00:00:00Z", "23:59:60Z", "23:59:59.999999999Z", "12:00:00+00:00")),
        "date-time": Format(
            language=_DATE + "T" + _CLOCK,
            edges=(
                "1970-01-01T00:00:00Z",
                "2016-12-31T23:59:60Z",
                "2024-02-29T23:59:59.999999999+13:59",
                "2038-01-19T03:14:08Z",
                "1985-04-12T23:20:50.52Z",
                "1937-01-01T12:00:27.87+00:20",
                "2024-01-01t00:00:00z",
                "2024-01-01T00:00:00-00:00",
                "9999-12-31T23:59:59Z",
            ),
        ),
        "duration": Format(
            language=r"P(?:[1-9]\d{0,2}[YMDW]|T[1-9]\d{0,2}[HMS]|[1-9]\d?DT[1-9]\d?H)", edges=("PT0S", "P1Y2M3DT4H5M6S")
        ),
        "email": Format(
            language=rf"[a-z](?:[a-z0-9+_]|[.\-][a-z0-9])*@{_LABEL}(?:\.{_LABEL})*\.(?:com|org|example)",
            edges=("a@b.co", "first.last+tag@sub.example.com", "o'hara@example.org"),
        ),
        "idn-email": Format(language=rf"[a-z][a-z0-9]*@{_LABEL}\.example", edges=("用户@例子.example",)),
        "hostname": Format(
            language=rf"{_LABEL}(?:\.{_LABEL})*",
            edges=("a", "localhost", "xn--4gbwdl.xn--wgbh1c", "a" * 63 + ".example"),
        ),
        "idn-hostname": Format(language=rf"{_LABEL}(?:\.{_LABEL})*", edges=("例子.example",)),
        "ipv4": Format(language=rf"{_OCTET}(?:\.{_OCTET}){{3}}", edges=("255.255.255.255", "127.0.0.1", "1.2.3.4")),
        "ipv6": Format(
            language=r"(?:[1-9a-f][0-9a-f]{0,3}:){7}[1-9a-f][0-9a-f]{0,3}",
            edges=("::", "::1", "1::", "2001:db8::8a2e:370:7334", "::ffff:192.0.2.1"),
        ),
        "uri": Format(language=_URI, edges=_URI_EDGES),
        "uri-reference": Format(
            language=rf"(?:{_URI}|[a-z][a-z0-9]*{_PATH}|#[a-z0-9]*)",
            edges=("", "#", "//example.com", "../a?b", *_URI_EDGES),
        ),
        "iri": Format(language=_URI, edges=("https://例子.example/é", *_URI_EDGES)),
        "iri-reference": Format(language=rf"(?:{_URI}|[a-z][a-z0-9]*{_PATH})", edges=("", "é", *_URI_EDGES)),
        "uri-template": Format(language=_TEMPLATE, edges=("", "file:///{path}", "{+a}{?b,c*}", "x://{a:3}/{a}")),
        "uuid": Format(
            language=r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
            edges=(
                "00000000-0000-0000-0000-000000000000",
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
                "0190163D-8694-739B-AEA5-966C26F8AD91",
            ),
        ),
        "json-pointer": Format(language=r"(?:/(?:[a-z0-9]|~0|~1)*)*", edges=("", "/", "/~0~1", "/a//b")),
        "relative-json-pointer": Format(language=r"(?:0|[1-9]\d{0,2})(?:#|(?:/[a-z0-9]*)*)", edges=("0", "0#", "1/a")),
        "regex": Format(
            language=r"\^?[a-z]+(?:\[[a-z]+\]|\([a-z]+\)|[a-z]\*|\.)*\$?", edges=("", "a|b", "(?:a)+?", r"\d{1,3}")
        ),
        "byte": Format(
            language=r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?",
            edges=("", "AA==", "AAE=", "////", "+/+/"),
        ),
    }
)
"""Format name to what is drawn for it."""

NOT_OF: Final = MappingProxyType(
    {
        "regex": r"^[*+?]",
        "json-pointer": r"^[^/]",
        "relative-json-pointer": r"^[^0-9]",
        "byte": r"^[^A-Za-z0-9+/=]",
    }
)
"""Format name to a pattern that no string of the format matches. For the others a space does it: it occurs in none of them
except where quoted."""

ENCODED_JSON: Final = ("bnVsbA==", "MA==", "e30=", "W10=", "eyJhIjpbMSxudWxsXX0=")
"""JSON documents in base64: `contentMediaType` with `contentEncoding`."""
JSON_TEXTS: Final = ("null", "0", "{}", "[]", '{"a":[1,null]}', '"\\ud83d\\ude00"', " true ")
"""JSON documents: `contentMediaType: application/json`."""
