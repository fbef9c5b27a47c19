"""What was sent, as a few shell commands that need nothing of ours: the opening of the session, then the exchange.

Over HTTP and gRPC by curl; a value that the server gave in a header (a session id) is taken from its answer again. Over stdio by printf into the
command. Nothing that came from a target is ever outside quotes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from wireproof.model.wire import Kind, Record, Way

_MOST_SENT: Final = 8
_LONGEST: Final = 6000
"""Bytes of all that is sent; beyond that the reproducer is no longer minimal and there is none."""
_TOKEN: Final = 8
"""A header's value of so many characters, seen in an answer before, is one that the server gave."""
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_PLAIN: Final = re.compile(rb"[ -~]*")
_PAUSE: Final = "sleep 1"


def reproducer(target: Mapping[str, Any], records: Sequence[Record], evidence: Sequence[int]) -> tuple[str, ...]:
    """Lines of shell; none where it cannot be said in few commands: frames that curl cannot send, long ones, an unknown target."""
    opening, sent = _sent(records, evidence)
    every = [*opening, *sent]
    if not sent or len(every) > _MOST_SENT or sum(len(one.raw) for one in every) > _LONGEST:
        return ()
    if any(one.meta.get("verbatim") or "end" in one.meta for one in every):
        return ()
    if "url" in target:
        return _curls(str(target["url"]), records, every)
    command = [str(word) for word in target.get("command", ())]
    return _piped(command, opening, sent) if command else ()


def one_liners(commands: Sequence[str]) -> tuple[str, ...]:
    """The same, each command on a line of its own: what is piped into a process is one."""
    if not commands or commands[0] != "(":
        return tuple(commands)
    return (f"( {'; '.join(one.strip() for one in commands[1:-1])} {commands[-1]}",)


def _sent(records: Sequence[Record], evidence: Sequence[int]) -> tuple[list[Record], list[Record]]:
    """What opened the session, and what was sent in the exchange of the evidence until its last record."""
    shown = [records[seq] for seq in sorted(evidence) if seq < len(records)]
    if not shown:
        return [], []
    last, span = shown[-1].seq, shown[-1].span
    first = next((one.span for one in records if one.way is Way.OUT), None)
    out = [one for one in records if one.way is Way.OUT and one.seq <= last and one.kind is not Kind.CLOSED]
    mine = [one for one in out if one.span == span] if span else [one for one in out if one in shown]
    return [one for one in out if one.span == first and span != first], mine


def _piped(command: Sequence[str], opening: Sequence[Record], sent: Sequence[Record]) -> tuple[str, ...]:
    lines = ["("]
    for group in (opening, sent):
        for one in group:
            lines += [f"  printf '%s\\n' {_word(one.raw)}", f"  {_PAUSE}"]
    return (*lines, f") | {shlex.join(command)}")


def _curls(url: str, records: Sequence[Record], sent: Sequence[Record]) -> tuple[str, ...]:
    parts = urlsplit(url)
    given = _given(records, sent)
    lines: list[str] = []
    for one in sent:
        if "target" not in one.meta or "method" not in one.meta:
            return ()
        if "rpc" in one.meta:
            lines.append(_call(one))
            continue
        where = str(one.meta["target"])
        address = where if "://" in where else f"{parts.scheme}://{parts.netloc}{where}"
        words = ["curl", "-sS", "-m", "10", "-X", _text(str(one.meta["method"])), _text(address)]
        names = {name.lower() for name, _ in one.meta.get("headers", ())}
        for name, value in one.meta.get("headers", ()):
            source = given.get(value)
            if source is not None and source[1] == name.lower() and source[0] is not one:
                words += ["-H", f'{_text(f"{name}: ")}"${source[2]}"']
            else:
                words += ["-H", _text(f"{name}: {value}" if value else f"{name};")]
        own = ("Accept", "Content-Type") if one.raw else ("Accept",)  # what curl would add by itself
        words += [part for name in own if name.lower() not in names for part in ("-H", f"'{name}:'")]
        if one.raw:
            words += ["--data-raw", _word(one.raw)]
        caught = next((source for source in given.values() if source[0] is one), None)
        if caught is None:
            lines.append(" ".join([words[0], "-i", *words[1:]]))
        else:
            find = f"awk -F': ' 'tolower($1)==\"{caught[1]}\"{{print $2}}'"
            lines.append(f"{caught[2]}=$({' '.join(words)} -o /dev/null -D - | tr -d '\\r' | {find})")
    return tuple(lines)


def _call(record: Record) -> str:
    """A gRPC call: the message behind a byte for compression and four for its length, as a POST over HTTP/2; the status comes as a trailer."""
    framed = b"\0" + len(record.raw).to_bytes(4, "big") + record.raw
    written = "".join(chr(one) if chr(one).isalnum() and one < 0x80 else f"\\{one:03o}" for one in framed)
    scheme, _, rest = str(record.meta["target"]).partition("://")
    secure = scheme == "grpcs"
    words = ["curl", "-sS", "-i", "-m", "10", "--http2" if secure else "--http2-prior-knowledge", "-X", "POST"]
    words += [
        _text(f"{'https' if secure else 'http'}://{rest}"),
        "-H",
        "'content-type: application/grpc'",
        "-H",
        "'te: trailers'",
    ]
    words += [part for name, value in record.meta.get("headers", ()) for part in ("-H", _text(f"{name}: {value}"))]
    return f"printf '{written}' | {' '.join(words)} --data-binary @- --output -"


def _given(records: Sequence[Record], sent: Sequence[Record]) -> dict[str, tuple[Record, str, str]]:
    """Value of a header that the server gave and we sent back -> (request whose answer gave it, header, shell variable).

    One a request at most. What we had sent before by ourselves was not given.
    """
    made: dict[str, tuple[Record, str, str]] = {}
    own: set[str] = set()
    later = [{(name.lower(), value) for name, value in one.meta.get("headers", ())} for one in sent]
    for at, one in enumerate(sent):
        own |= {value for _, value in later[at] if value not in made}
        heads = (answer for answer in records if answer.kind is Kind.HEAD and answer.channel == one.channel)
        fields = ((name, value) for head in heads for name, value in head.meta.get("headers", ()))
        for name, value in fields:
            used = any((name.lower(), value) in pairs for pairs in later[at + 1 :])
            if used and len(value) >= _TOKEN and value not in own and value not in made and _NAME.fullmatch(name):
                made[value] = (one, name.lower(), re.sub(r"\W", "_", name.upper()))
                break
    return made


def _text(text: str) -> str:
    return _word(text.encode("utf-8", "surrogateescape"))


def _word(data: bytes) -> str:
    """One word of a shell. What is not printable ASCII is spelt out, as bash and zsh read it."""
    if _PLAIN.fullmatch(data):
        return shlex.quote(data.decode("ascii"))
    spelt = "".join(chr(byte) if 0x20 <= byte < 0x7F and byte not in b"'\\" else f"\\x{byte:02x}" for byte in data)
    return f"$'{spelt}'"
