"""What the user named or brought and no lane had a use for: most likely it is misspelt, or does not fit this target."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from wireproof.engine.lane import LaneRunner
from wireproof.engine.plan import Selection, fits
from wireproof.engine.suite import Suite
from wireproof.model.exchange import Exchange
from wireproof.model.target import Target


def unused(target: Target, selection: Selection, suite: Suite, lanes: Sequence[LaneRunner]) -> Iterable[str]:
    """A sentence for each tool, prompt and template that no server lists, and each exchange, named or of the user's, that was not played."""
    lanes = [lane for lane in lanes if lane.offered]
    for kind, place, key, named in (
        ("tool", "tools", "name", target.calls.named),
        ("prompt", "prompts", "name", target.prompt_arguments),
        ("resource template", "resourceTemplates", "uriTemplate", target.template_variables),
    ):
        known = {str(one[key]) for lane in lanes for one in lane.facts.get(place, ())}
        for name in named:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                yield f"the server lists no {kind} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    played = {name for lane in lanes for _, _, made in lane.sessions for one in made for name in (one.id, one.span)}
    by_id = {one.id: one for one in suite.exchanges}
    for name in selection.exchanges or suite.own:
        if name not in played and lanes:
            yield f"the exchange {name} was not played: {_why(by_id.get(name.partition('[')[0]), suite, lanes)}"


def _why(one: Exchange | None, suite: Suite, lanes: Sequence[LaneRunner]) -> str:
    if one is None or not one.about:
        return "it decides nothing, as no step of it has `about`"
    fitting = [lane for lane in lanes if fits(one, lane.revision, lane.transport, suite.orders)]
    if not fitting:
        return "it is meant for other revisions or another transport"
    judging = [lane for lane in fitting if any(row in lane.rows for row in one.about)]
    if not judging:
        return f"nothing that it decides is in force there, or selected ({', '.join(one.about[:3])})"
    lacking = [[need for need in one.needs if need not in lane.facts.get("tags", ())] for lane in judging]
    if all(lacking):
        return (
            f"it found no occasion, as it needs {', '.join(dict.fromkeys(name for names in lacking for name in names))}"
        )
    each = f"nothing to range over (for_each: {one.for_each})" if one.for_each else "nothing to fill it with"
    return f"it found no occasion: {each}, or a fact that it names (${{...}}) is not there"
