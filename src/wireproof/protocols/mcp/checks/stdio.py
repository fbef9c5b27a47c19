"""Lines on stdout (basic/transports, stdio): one message each, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, parse
from wireproof.model.wire import Kind, Record, Way
from wireproof.protocols.jsonrpc import Shape, shape
from wireproof.protocols.mcp.conversation import Talk

LONGEST_RUN: Final = 2000
"""Lines that are tried together as one message that was broken up, at most."""


def _lines(talk: Talk) -> list[Record]:
    return [one for one in talk.records if one.way is Way.IN and one.kind is Kind.MESSAGE]


def _is_message(record: Record) -> bool:
    items = record.message if isinstance(record.message, list) and record.message else [record.message]
    return all(shape(one) not in (Shape.OTHER, Shape.BATCH) for one in items)


@check("mcp.stdio.stdout-clean")
def only_messages(talk: Talk) -> Iterator[Note]:
    """Each line of stdout is a message. An empty line, formally a breach, and a carriage return at the end are remarked upon."""
    if talk.http:
        return
    for record in _lines(talk):
        if not record.raw.strip():
            yield ok(record.seq, remark="an empty line among the messages")
        elif _is_message(record):
            remark = "the line ends in CR LF" if record.meta.get("newline") == "\r\n" else ""
            yield ok(record.seq, remark=remark)
        elif record.message is ABSENT:
            text = record.raw[:60].decode("utf-8", "replace")
            yield broken(record.seq, why=f"stdout carries {brief(text)}, which is no message ({record.fault})")
        else:
            yield broken(record.seq, why=f"stdout carries {brief(record.message)}, which is no message")


@check("mcp.stdio.no-embedded-newline")
def one_line_each(talk: Talk) -> Iterator[Note]:
    """No message is spread over lines: lines that are nothing by themselves do not make one together."""
    if talk.http:
        return
    run: list[Record] = []
    for record in _lines(talk):
        if record.message is not ABSENT and not run:
            if _is_message(record):
                yield ok(record.seq)
            continue
        if _is_message(record):
            run.clear()
            yield ok(record.seq)
            continue
        opens = record.raw.lstrip().startswith((b"{", b"["))
        if not run and not opens:
            continue
        run.append(record)
        whole, fault = parse(b"\n".join(one.raw for one in run))
        if whole is not ABSENT and fault is None and isinstance(whole, dict | list):
            why = f"one message is spread over {len(run)} lines: {brief(whole)}"
            yield broken(run[0].seq, record.seq, why=why)
            run.clear()
        elif len(run) > LONGEST_RUN:
            run.clear()


CHECKS = (only_messages, one_line_each)
