"""Our verdicts against somebody else's, definition by definition, and the list of the known differences."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import yaml

from tests.schemas.instances import MAP_KEYS, Draw, Maker, at, without
from tests.schemas.instances import Path as Steps

ROOT: Final = Path(__file__).resolve().parents[2]
SCHEMAS: Final = ROOT / "schemas"
LIST: Final = ROOT / "docs" / "schema-differences.yaml"
ENOUGH: Final = 200
"""Instances of either kind that a definition is held to, at least."""
PATIENCE: Final = 10 * ENOUGH
"""Draws after which a definition is taken for one that nothing breaks; every JSON value is a JSONValue."""
FULL: Final = 3
"""Instances with every member, each place of which is broken in every way."""

Places = Callable[[Any], Iterable[Steps]]


@dataclass(frozen=True, slots=True)
class Judge:
    """Somebody's word on one definition: whether an instance conforms and, when not, where it does not."""

    valid: Callable[[Any], bool]
    places: Places


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """Where two verdicts part: the innermost definition, and the place in it that the stricter side refuses."""

    revision: str
    definition: str
    at: str
    ours: str
    theirs: str


@dataclass(slots=True)
class Tally:
    """What a comparison saw: differences with an instance each, and how many instances both sides judged."""

    differences: dict[Difference, Any]
    valid: int = 0
    invalid: int = 0
    nulls: int = 0


@cache
def revisions(protocol: str = "mcp") -> tuple[str, ...]:
    return tuple(sorted(path.name.removesuffix(".schema.json") for path in (SCHEMAS / protocol).glob("*.schema.json")))


def protocol_of(revision: str) -> str:
    """No two protocols have a revision of the same name."""
    return next(name for name in ("mcp", "a2a") if revision in revisions(name))


@cache
def document(revision: str) -> dict[str, Any]:
    path = SCHEMAS / protocol_of(revision) / f"{revision}.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def judges(schemas: Mapping[str, Any], container: str) -> dict[str, Judge]:
    """A judge for each definition of a schema file."""
    return {name: schema_judge(schemas, f"{container}/{name}") for name in schemas[container]}


def schema_judge(schemas: Mapping[str, Any], pointer: str) -> Judge:
    kept = {key: value for key, value in schemas.items() if key in ("$schema", "$defs", "definitions")}
    compiled = jsonschema_rs.validator_for({**kept, "$ref": f"#/{pointer}"}, validate_formats=False)
    return Judge(
        valid=compiled.is_valid,
        places=lambda instance: [tuple(error.instance_path) for error in compiled.iter_errors(instance)],
    )


@cache
def our_judges(revision: str) -> dict[str, Judge]:
    return judges(document(revision), "$defs")


def member_names(schema: Any) -> Iterator[str]:
    """Every name of a member that a schema speaks of."""
    if isinstance(schema, list):
        for one in schema:
            yield from member_names(one)
    elif isinstance(schema, dict):
        if isinstance(members := schema.get("properties"), dict):
            yield from members
        for one in schema.values():
            yield from member_names(one)


def pattern(steps: Steps) -> str:
    """A JSON pointer with `*` for any index and any key of a map."""
    return "".join("/*" if isinstance(step, int) or step in MAP_KEYS else f"/{_escaped(step)}" for step in steps)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def word(valid: bool) -> str:
    return "valid" if valid else "invalid"


class Comparison:
    """Holds our judges of a revision against theirs."""

    def __init__(
        self,
        revision: str,
        theirs: Mapping[str, Judge],
        *,
        null_is_absent: bool = False,
        ours: Mapping[str, Any] | None = None,
        names: Iterable[str] = (),
    ) -> None:
        """`names` are members that they know; with ours they are tried where we know none, lest one be forgotten."""
        self.revision = revision
        self.document = document(revision) if ours is None else dict(ours)
        self.ours = our_judges(revision) if ours is None else judges(ours, "$defs")
        self.theirs = theirs
        self.null_is_absent = null_is_absent
        kin = revisions(protocol_of(revision))
        self.names = sorted({*names, *(name for one in kin for name in member_names(document(one)["$defs"]))})
        self.shared = sorted(set(self.ours) & set(theirs))

    def compare(self, definition: str) -> Tally:
        """At least ENOUGH valid and as many one-step-invalid instances of a definition, judged by both."""
        maker = Maker(self.document, f"{self.revision} {definition}")
        tally = Tally(differences={})
        for _ in range(FULL):
            full = maker.valid(definition, full=True)
            self._judge(tally, full, full.value, ())
            for path, broken in maker.steps(full):
                self._judge(tally, full, broken, path)
        rounds = 0
        while rounds < ENOUGH or (tally.invalid < ENOUGH and rounds < PATIENCE):
            rounds += 1
            draw = maker.valid(definition)
            self._judge(tally, draw, draw.value, ())
            for path, broken in maker.some_steps(draw, 2):
                self._judge(tally, draw, broken, path)
        apart = Tally(differences=tally.differences)  # they are no steps, so they do not count
        full = maker.valid(definition, full=True)
        for path, strange in maker.strangers(full, self.names):
            self._judge(apart, full, strange, path)
        return tally

    def _judge(self, tally: Tally, draw: Draw, instance: Any, step: Steps) -> None:
        name = draw.definitions[0][1]
        ours, theirs = self.ours[name].valid(instance), self.theirs[name].valid(instance)
        assert ours or instance is not draw.value, f"{name}: what was drawn as valid is not: {json.dumps(instance)}"
        if ours:
            tally.valid += 1
        else:
            tally.invalid += 1
        if ours == theirs:
            return
        if self.null_is_absent and theirs and self._null_for_absent(name, instance, step):
            tally.nulls += 1
            return
        for difference, part in self._blamed(draw, instance, step):
            tally.differences.setdefault(difference, part)

    def _null_for_absent(self, name: str, instance: Any, step: Steps) -> bool:
        """Whether the step put null where the member could as well be missing."""
        if not step or not isinstance(step[-1], str):
            return False
        owner = at(instance, step[:-1])
        if not isinstance(owner, dict) or owner.get(step[-1], "") is not None:
            return False
        return self.ours[name].valid(without(instance, step))

    def _blamed(self, draw: Draw, instance: Any, step: Steps) -> Iterator[tuple[Difference, Any]]:
        """The difference, laid at the innermost definition on which the two sides part."""
        innermost = sorted(enumerate(draw.definitions), key=lambda one: (len(one[1][0]), one[0]), reverse=True)
        for _, (path, name) in innermost:
            if name not in self.theirs or not _reaches(instance, path):
                continue
            part = at(instance, path)
            ours, theirs = self.ours[name].valid(part), self.theirs[name].valid(part)
            if ours != theirs:
                refusing = self.theirs[name] if ours else self.ours[name]
                places = sorted({pattern(place) for place in refusing.places(part)})
                where = places[0] if places else ""
                yield Difference(self.revision, name, where, word(ours), word(theirs)), part
                return
        yield Difference(self.revision, draw.definitions[0][1], pattern(step), "?", "?"), instance


def _reaches(instance: Any, path: Steps) -> bool:
    try:
        at(instance, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def listed(against: str) -> list[dict[str, Any]]:
    """The rows of docs/schema-differences.yaml that speak of one oracle."""
    rows = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return [row for row in rows if row["against"] == against]


def known(against: str) -> Callable[[Difference], bool]:
    """Whether a row lists a difference; a row stands for its place and for what lies beneath."""
    rows = {
        (revision, row["definition"], row["ours"], row["theirs"], row["at"])
        for row in listed(against)
        for revision in row["revisions"]
    }

    def covered(one: Difference) -> bool:
        places = [""]
        for step in one.at.split("/")[1:]:
            places.append(f"{places[-1]}/{step}")
        return any((one.revision, one.definition, one.ours, one.theirs, place) in rows for place in places)

    return covered


def gone(against: str, revision: str, theirs: Mapping[str, Judge]) -> list[str]:
    """Rows whose own instance is no longer judged as the row says."""
    ours = our_judges(revision)
    stale = []
    for row in listed(against):
        if revision not in row["revisions"]:
            continue
        name = row["example"] if row["definition"] == "*" else row["definition"]
        verdicts = (word(ours[name].valid(row["instance"])), word(theirs[name].valid(row["instance"])))
        if verdicts != (row["ours"], row["theirs"]):
            stale.append(f"{revision} {name} {json.dumps(row['instance'])}: now {verdicts}")
            continue
        places = (theirs if row["ours"] == "valid" else ours)[name].places(row["instance"])
        if row["definition"] != "*" and not any(_lies_in(place, row["at"]) for place in places):
            stale.append(f"{revision} {name}: what is refused is not {row['at']!r} but {places}")
    return stale


def _lies_in(place: Steps, at: str) -> bool:
    """Whether a place is the one that a row names, or beneath it."""
    steps = [_escaped(str(step)) for step in place]
    named = at.split("/")[1:]
    return len(named) <= len(steps) and all(one in ("*", step) for one, step in zip(named, steps, strict=False))


def report(differences: Mapping[Difference, Any]) -> str:
    """A line for each difference, with an instance that shows it."""
    return "\n".join(
        f"{one.revision} {one.definition} at {one.at!r}: ours {one.ours}, theirs {one.theirs}: {json.dumps(value)[:300]}"
        for one, value in sorted(differences.items(), key=lambda pair: pair[0])
    )
