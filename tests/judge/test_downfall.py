"""When a web server counts as lost, and when it does not."""

from __future__ import annotations

import pytest

from wireproof.judge.downfall import lost_since, met_errors, only_errors
from wireproof.model.wire import Kind, Record, Way


def conversation(*trips: tuple[int, bool]) -> list[Record]:
    """(status, was the request broken on purpose?) of each trip, one after the other."""
    made: list[Record] = []
    for number, (status, deliberate) in enumerate(trips):
        channel, seq = f"c{number}", len(made)
        meta = {"deliberate": True} if deliberate else {}
        made.append(
            Record(
                seq=seq, at_ns=seq, way=Way.OUT, kind=Kind.MESSAGE, channel=channel, raw=b"{}", message={}, meta=meta
            )
        )
        seq += 1
        made.append(
            Record(
                seq=seq,
                at_ns=seq,
                way=Way.IN,
                kind=Kind.HEAD,
                channel=channel,
                raw=b"",
                meta={"status": status, "headers": []},
            )
        )
    return made


WELL, BAD = (200, False), (500, True)


def test_lost_from_the_first_of_the_errors_that_end_it() -> None:
    records = conversation(WELL, BAD, (500, False), (502, False), (503, True))
    down = lost_since(records)
    assert down is not None
    assert down.seq == 3


@pytest.mark.parametrize(
    "trips",
    [
        pytest.param([WELL, *[BAD] * 9], id="only what was broken on purpose"),
        pytest.param([WELL, BAD, (500, False), (500, False), (500, True), WELL], id="well again"),
        pytest.param([WELL, *[(501, False)] * 9], id="not implemented"),
        pytest.param([WELL, (500, False), (500, False), (500, False)], id="few"),
        pytest.param([(500, False)] * 9, id="never well"),
        pytest.param([WELL, *[(404, False)] * 9], id="refusals"),
    ],
)
def test_not_lost(trips: list[tuple[int, bool]]) -> None:
    assert lost_since(conversation(*trips)) is None


def test_what_met_errors() -> None:
    records = conversation(WELL, BAD)
    assert met_errors(records, (2,))
    assert not met_errors(records, (0, 1))


@pytest.mark.parametrize(
    ("trips", "expected"),
    [([(500, False), (502, True)], True), ([BAD, BAD], False), ([WELL, (500, False)], False), ([], False)],
)
def test_only_errors(trips: list[tuple[int, bool]], *, expected: bool) -> None:
    assert only_errors(conversation(*trips)) is expected
