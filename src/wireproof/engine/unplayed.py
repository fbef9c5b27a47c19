"""A lane that the target names and that nobody could play, because a package is not installed here: its rows say so."""

from __future__ import annotations

from dataclasses import asdict

from wireproof.engine.lane import LaneRunner
from wireproof.engine.plan import Plan
from wireproof.model.events import Planned, Surveyed


def leave_unplayed(lane: LaneRunner) -> None:
    """Judges what the survey showed; every row that this leaves is unobserved for want of what is not installed."""
    lane.learn()
    protocol, revision, transport = lane.suite.pack.name, lane.revision.id, lane.transport
    lane.plan = Plan(omitted=dict.fromkeys(lane.rows, lane.lacking))
    lane.emit(Surveyed(protocol=protocol, revision=revision, transport=transport, role="server", facts=lane.facts))
    lane.emit(
        Planned(
            protocol=protocol,
            revision=revision,
            transport=transport,
            exchanges=(),
            omitted=lane.plan.omitted,
            judged=(),
            selection=asdict(lane.selection),
        )
    )
    lane.judge()
