"""Files of ACTS, the test format proposed to A2A: what becomes of their tests, and that these can pass and fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.cli.calling import Called, wireproof
from tests.engine.test_agent_search import agent_module, variant

from wireproof.library.acts import CONTRADICTS, ROW, left_out, read_acts
from wireproof.library.exchanges import read_exchanges
from wireproof.model.errors import UsageError
from wireproof.model.exchange import Expect, Http, Request

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "acts"


def case(name: str, *steps: str, more: str = "") -> str:
    lines = "\n".join(steps)
    return f"      - id: {name}\n        name: About {name}\n        level: must\n{more}        steps:\n{lines}\n"


SEND = """          - id: send
            operation: send_message
            params: {message: {role: ROLE_USER, parts: [{text: "tck-complete-task hello"}]}}
            capture: {taskId: task.id}
            expect:
              status: 200
              body: {task: {id: {type: string}, status: {state: TASK_STATE_COMPLETED}, history: {any_of: [{absent: true}, {type: array}]}}}"""
AGAIN = """          - id: again
            operation: send_message
            params: {taskId: "{{send.taskId}}", message: {role: ROLE_USER, parts: [{text: more}]}}
            expect_error: {error_type: UnsupportedOperationError}"""
GET = """          - id: get
            operation: get_task
            params: {id: "{{send.taskId}}"}
            expect: {body: {id: "{{send.taskId}}"}}
            assertions:
            - {source: "{{get.response}}", any: {path: "artifacts[*].parts[*]", match: {text: {contains: Hello}}}}"""
CARD = """          - id: card
            operation: get_agent_card
            params: {}
            expect: {status: 200, body: {supportedInterfaces: {type: array, count_gte: 1}}}"""
RAW = """          - id: raw
            raw: {method: POST, path: /, headers: {A2A-Version: "1.0"}, body: {jsonrpc: "2.0", id: 7, method: GetTask, params: {id: nobody}}}
            expect: {status: 200, body: {id: 7, error: {code: -32001}}}"""
PREFIXES = "        requires_behaviors: [tck-complete-task]\n"
TEXT = (
    'acts_version: "1.0"\nvariables: {greeting: hello}\nsuites:\n  - id: mine\n    name: Mine\n    tests:\n'
    + case("MINE-001", SEND, AGAIN, more=PREFIXES)
    + case("MINE-002", SEND, GET, more=PREFIXES)
    + case("MINE-003", CARD)
    + case("MINE-004", RAW, more="        transport: [jsonrpc]\n")
    + case("MINE-005", CARD + "\n            repeat: {until: a == b}")
    + case("VER-NEG-002", CARD)
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "mine.acts.yaml"
    made.write_text(TEXT, encoding="utf-8")
    return made


def test_tests_become_exchanges(file: Path) -> None:
    first, second, card, raw = read_exchanges(file, protocol="a2a")
    assert (first.id, first.subject, first.needs) == ("acts.mine-001", "MINE-001", ("acts:prefixes",))
    sent = [one for one in first.steps if isinstance(one, Request)]
    assert [one.method for one in sent] == ["SendMessage", "SendMessage"]
    assert sent[1].params["message"]["taskId"] == "{{send_taskId}}"  # which the file has beside the message
    assert sent[1].deliberate
    assert second.about == (ROW,)
    assert raw.transports == ("jsonrpc",)
    assert [one.method for one in (*card.steps, *raw.steps) if isinstance(one, Http)] == ["GET", "POST"]
    assert first.where.endswith("mine.acts.yaml:7")


def test_what_is_left_out_is_said_with_the_reason(file: Path) -> None:
    assert dict(read_acts(file).left) == {
        "MINE-005": "asks again and again",
        "VER-NEG-002": f"contradicts the specification: {CONTRADICTS['VER-NEG-002']}",
    }
    (told,) = left_out([file])
    assert "of 6 tests 4 can be played; not MINE-005 (asks again and again); VER-NEG-002" in told


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("suites: []\n", "acts_version", 1),
        (TEXT.replace("        name: About MINE-003\n", ""), "name", 41),
        ("acts_version: [\n", "", 2),
        (TEXT.replace("status: 200", "status: fine", 1), "status", 17),
        (TEXT.replace("params: {}", "params: []", 1), "params", 47),
    ],
)
def test_what_is_no_acts(tmp_path: Path, text: str, said: str, line: int) -> None:
    file = tmp_path / "bad.acts.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_acts(file)
    assert said in caught.value.message
    assert caught.value.where.endswith(f"bad.acts.yaml:{line}")


def held(assertion: str, tmp_path: Path) -> dict[str, Any]:
    """The schema of an answer that an assertion about its member x becomes."""
    file = tmp_path / "one.acts.yaml"
    step = f"          - id: list\n            operation: list_tasks\n            params: {{}}\n            expect: {{body: {{x: {assertion}}}}}"
    head = TEXT[: TEXT.index("      - id")]
    file.write_text(head + case("MINE-009", step), encoding="utf-8")
    (made,) = read_exchanges(file, protocol="a2a")
    (expected,) = [one for one in made.steps if isinstance(one, Expect)]
    schema: dict[str, Any] = expected.any_of[0].schema
    return schema


@pytest.mark.parametrize(
    ("assertion", "right", "wrong"),
    [
        ("5", {"x": 5}, {"x": 6}),
        ("{type: string}", {"x": ""}, {"x": 1}),
        ("{exists: true}", {"x": None}, {}),
        ("{absent: true}", {}, {"x": None}),
        ("{contains: b.c}", {"x": "ab.cd"}, {"x": "abxcd"}),
        ("{starts_with: a}", {"x": "ab"}, {"x": "ba"}),
        ("{ends_with: a}", {"x": "ba"}, {"x": "ab"}),
        ('{matches: "^[0-9]+$"}', {"x": "12"}, {"x": "1a"}),
        ("{gte: 1, lt: 3}", {"x": 2}, {"x": 3}),
        ("{type: array, count: 1}", {"x": [1]}, {"x": []}),
        ("{type: array, count_gte: 1}", {"x": [1, 2]}, {"x": []}),
        ("{type: array, items: {id: {type: string}}}", {"x": [{"id": "a"}]}, {"x": [{"id": 1}]}),
        ("{type: array, items: [{id: 1}]}", {"x": [{"id": 1}, 2]}, {"x": [{"id": 2}]}),
        ("{one_of: [1, 2]}", {"x": 2}, {"x": 3}),
        ("{any_of: [{absent: true}, {type: array, count: 0}]}", {}, {"x": [1]}),
        ("{any_of: [{absent: true}, {type: array, count: 0}]}", {"x": []}, {"x": 1}),
        ("{all_of: [{type: string}, {contains: a}]}", {"x": "a"}, {"x": "b"}),
        ("{not: {contains: a}}", {"x": "b"}, {"x": "a"}),
        ("{y: {z: 1}}", {"x": {"y": {"z": 1, "more": 2}}}, {"x": {"y": {}}}),
        ("[{y: 1}]", {"x": [{"y": 1}]}, {"x": [{"y": 2}]}),
    ],
)
def test_assertions(tmp_path: Path, assertion: str, right: Any, wrong: Any) -> None:
    judge = jsonschema.Draft202012Validator(held(assertion, tmp_path))
    assert judge.is_valid({"result": right})
    assert not judge.is_valid({"result": wrong})


def played(tmp_path: Path, file: Path, *words: str, **hooks: Any) -> tuple[Called, dict[str, str]]:
    """A run at the reference agent, or a faulty one; the verdict of each test over JSON-RPC."""
    agent = agent_module("").serve_agent(variant(**hooks))
    report, journal = tmp_path / "report.json", tmp_path / "journal.jsonl"
    asked = ("--revision", "1.0", "--transport", "jsonrpc", "--select", "a2a.acts", "--acts", str(file))
    try:
        called = wireproof("run", *asked, *words, "-o", f"json:{report}", "--journal", str(journal), agent.url)
    finally:
        agent.close()
    assert wireproof("rejudge", str(journal)).code in (0, 1)
    (lane,) = json.loads(report.read_text(encoding="utf-8"))["runs"]
    (row,) = [one for one in lane["requirements"] if one["id"] == ROW]
    return called, {one["subject"]: one["verdict"] for one in row["findings"] if one["subject"]}


def test_they_pass_and_fail(tmp_path: Path, file: Path) -> None:
    called, found = played(tmp_path, file, "--profile", "fixture")
    assert found == dict.fromkeys(("MINE-001", "MINE-002", "MINE-003", "MINE-004"), "passed")
    assert "MINE-005 (asks again and again)" in " ".join(called.err.split())
    reference = agent_module(".agent").reference

    def forgiving(call: Any) -> Any:
        answer = reference(call)
        return {**answer, "artifacts": []}

    called, found = played(tmp_path, file, "--profile", "fixture", operations={"GetTask": forgiving})
    assert {name for name, verdict in found.items() if verdict == "failed"} == {"MINE-002"}
    assert called.code == 0  # ACTS obliges nobody
    assert "step get of MINE-002 did not come out as expected" in " ".join(called.out.split())


def test_prefixes_are_only_said_to_agents_that_are_declared_to_know_them(tmp_path: Path, file: Path) -> None:
    _, found = played(tmp_path, file)
    assert set(found) == {"MINE-003", "MINE-004"}


@pytest.mark.oracle
def test_the_published_files_on_the_reference_agent(tmp_path: Path) -> None:
    assert PUBLISHED.is_dir(), f"{PUBLISHED} is missing"
    _, found = played(tmp_path, PUBLISHED, "--profile", "fixture")
    assert len(found) >= 60
    assert set(found.values()) == {"passed"}
