"""Benchmark: drawing tool arguments from schemas, beside strategies of the same shape as a person would write them. No I/O under @given.

`python benchmarks/generate.py [examples]` prints, for the tools of tests/generate/tool_schemas.json, examples a second of both and the
ratio of their times: median and worst. Both sides are compiled before and drawn in turns in the same run, because machines drift.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from datetime import UTC
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from wireproof.generate.values import invalid, values

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "tests" / "generate" / "tool_schemas.json"
EXAMPLES = 200
ROUNDS = 3


def by_hand(schema: Any, whole: Any) -> SearchStrategy[Any]:
    """What one would write by hand for a tool's arguments: Hypothesis' own strategies, nothing else."""
    if "$ref" in schema:
        _, place, name = schema["$ref"].split("/")
        return by_hand(whole[place][name], whole)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if branches := schema.get("anyOf", schema.get("oneOf")):
        return st.one_of([by_hand(branch, whole) for branch in branches])
    kind = schema.get("type")
    if isinstance(kind, list):
        return st.one_of([by_hand({**schema, "type": one}, whole) for one in kind])
    if kind == "object":
        parts = {name: by_hand(part, whole) for name, part in schema.get("properties", {}).items()}
        required = {name: parts[name] for name in schema.get("required", ())}
        return st.fixed_dictionaries(required, optional={k: v for k, v in parts.items() if k not in required})
    if kind == "array":
        least = schema.get("minItems", 0)
        return st.lists(
            by_hand(schema.get("items", {}), whole), min_size=least, max_size=schema.get("maxItems", least + 8)
        )
    return scalar_by_hand(kind, schema)


def scalar_by_hand(kind: str | None, schema: Any) -> SearchStrategy[Any]:
    """The same for values without parts."""
    match kind:
        case "string" if "pattern" in schema:
            return st.from_regex(schema["pattern"])
        case "string" if schema.get("format") == "date-time":
            return st.datetimes(timezones=st.just(UTC)).map(lambda one: one.isoformat())
        case "string":
            return st.text(min_size=schema.get("minLength", 0), max_size=schema.get("maxLength"))
        case "integer":
            low = schema.get("minimum", schema.get("exclusiveMinimum"))
            return st.integers(low, schema.get("maximum", schema.get("exclusiveMaximum")))
        case "number":
            return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return st.one_of(st.none(), st.booleans(), st.integers(), st.text())


def seconds(strategy: SearchStrategy[Any], examples: int) -> float:
    """CPU seconds of that many examples under @given."""

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(_: Any) -> None:
        count.append(1)

    count: list[int] = []
    begun = time.process_time()
    draw()
    return (time.process_time() - begun) / len(count)


def main() -> None:
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES
    rows: list[tuple[float, float, float, float, str]] = []
    seen: set[str] = set()
    compiling: list[float] = []
    for row in json.loads(SCHEMAS.read_text(encoding="utf-8")):
        text = json.dumps(row["schema"], sort_keys=True)
        if row["member"] != "inputSchema" or not row["schema"].get("properties") or text in seen:
            continue
        seen.add(text)
        begun = time.process_time()
        ours = values(row["schema"])
        compiling.append(time.process_time() - begun)
        hand, broken = by_hand(row["schema"], row["schema"]), invalid(row["schema"])
        seconds(ours, 5), seconds(hand, 5), seconds(broken, 5)
        turns = [(seconds(ours, examples), seconds(hand, examples)) for _ in range(ROUNDS)]
        mine, theirs = (statistics.median(turn[side] for turn in turns) for side in (0, 1))
        rows.append(
            (mine / theirs, 1 / mine, 1 / theirs, 1 / seconds(broken, examples), f"{row['peer']} {row['tool']}")
        )
    rows.sort()
    print(
        f"{'ratio':>6} {'ours/s':>8} {'hand/s':>8} {'broken/s':>8}  {len(rows)} different input schemas, {examples} examples x {ROUNDS}"
    )
    for ratio, mine, theirs, wrong, name in (*rows[:2], rows[len(rows) // 2], *rows[-5:]):
        print(f"{ratio:6.2f} {mine:8.0f} {theirs:8.0f} {wrong:8.0f}  {name}")
    ratios = [row[0] for row in rows]
    print(f"median {statistics.median(ratios):.2f} (bar 2), worst {max(ratios):.2f} (bar 6)")
    print(f"compiling: median {statistics.median(compiling) * 1000:.1f} ms, worst {max(compiling) * 1000:.1f} ms")


if __name__ == "__main__":
    main()
