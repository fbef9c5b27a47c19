"""Configuration files: what they mean, what is refused, and which line is blamed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from wireproof.engine.configured import check_configured
from wireproof.engine.suite import Suite
from wireproof.library.baseline import load_baseline
from wireproof.library.configuration import find_config, load_config, resolve
from wireproof.library.shelf import shelf
from wireproof.library.toml import parse_toml
from wireproof.model.errors import UsageError

FULL = """\
strict = true
revisions = [2025-11-25]  # unquoted, which TOML reads as a day
reports = { json = "out/{target}.json" }

[targets.one]
command = "python server.py --x 'a b'"
level = ["MUST"]
calls = { add = {a = 1}, echo = true, twice = [{q = "a"}, {q = "b"}] }
prompts.greet = { name = "Ada" }

[targets.two]
url = "http://127.0.0.1:8000/mcp"
command = ["python", "server.py"]
env = { PORT = "8000", API_KEY = "k3y-in-the-file" }
headers = { X-Plain = "plain" }
header-env = { Authorization = "MY_TOKEN" }
token-env = { foreign = "OTHER" }
baseline = false
strict = false
"""


def written(folder: Path, text: str, name: str = "wireproof.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_lines_of_what_toml_can_say() -> None:
    text = """\
# [no.table]
a = 1
[x.y]
list = ["]", # ]
  '}',
]
long = \"\"\"
[no.table]
\"quoted\" \\\"\"\" \"\"\"
inline = { b = "}", 'c d' = { e = 1 } }
dotted.key . deep = 2
[[t]]
n = 1
[[t]]
n = 2
"quoted # key" = 3
[t.sub]
z = 1
"""
    value, lines = parse_toml(text, "x.toml")
    wanted = {
        "/a": 2,
        "/x/y": 3,
        "/x/y/list/0": 4,
        "/x/y/list/1": 5,
        "/x/y/long": 7,
        "/x/y/inline/c d/e": 10,
        "/x/y/dotted/key/deep": 11,
        "/t/0/n": 13,
        "/t/1/n": 15,
        "/t/1/quoted # key": 16,
        "/t/1/sub/z": 18,
    }
    assert {pointer: lines.at(pointer) for pointer in wanted} == wanted
    assert value["x"]["y"]["inline"] == {"b": "}", "c d": {"e": 1}}


def test_what_a_configuration_means(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, FULL))
    one, two = config.targets
    assert one.target.command == ("python", "server.py", "--x", "a b")
    assert (one.target.cwd, one.strict, one.revisions, one.level) == (str(tmp_path), True, ("2025-11-25",), ("MUST",))
    assert one.target.calls.named == {"add": ({"a": 1},), "echo": (), "twice": ({"q": "a"}, {"q": "b"})}
    assert one.target.prompt_arguments == {"greet": {"name": "Ada"}}
    assert (one.baseline, one.usual_baseline) == (tmp_path / "wireproof-baseline.yaml", True)
    assert [report.path for report in one.reports] == [tmp_path / "out" / "one.json"]
    assert (two.target.url, two.target.starts, two.target.command) == (
        "http://127.0.0.1:8000/mcp",
        ("python", "server.py"),
        (),
    )
    assert (two.strict, two.baseline) == (False, None)
    assert one.where.endswith("wireproof.toml:5")


def test_secrets_come_from_the_environment_and_are_named(tmp_path: Path) -> None:
    two = load_config(written(tmp_path, FULL)).target("two")
    target = resolve(two, {"MY_TOKEN": "Bearer t0ken", "OTHER": "0ther"})
    assert target.headers == (("X-Plain", "plain"), ("Authorization", "Bearer t0ken"))
    assert target.tokens == {"foreign": "0ther"}
    assert set(target.secrets) == {"Bearer t0ken", "t0ken", "0ther", "k3y-in-the-file"}
    with pytest.raises(UsageError, match="the variable OTHER is not set") as caught:
        resolve(two, {"MY_TOKEN": "x"})
    assert caught.value.where.endswith("wireproof.toml:17")


REFUSED = {
    "unknown key": ('revsions = []\n[targets.a]\ncommand = "x"', 1, "revsions", "did you mean 'revisions'?"),
    "unknown key of a target": ('[targets.a]\ncommand = "x"\nstartup_wait = 5', 3, "startup_wait", "'startup-wait'"),
    "misspelt command": ('[targets.a]\ncomand = "x"', 2, "comand", "'command'"),
    "neither command nor url": ("[targets.a]\nstrict = true", 1, "'a' has neither command nor url", ""),
    "two of one name": (
        '[targets.a]\ncommand = "x"\n[targets.b]\nurl = "http://x"\n[targets.a]\ncommand = "y"',
        5,
        "a second target is called 'a'",
        "",
    ),
    "unknown value": ('[targets.a]\ncommand = "x"\nprofile = "atuo"', 3, "atuo", "'auto'"),
    "wrong type": ('[targets.a]\ncommand = "x"\ntimeout = "5"', 3, "timeout", ""),
    "no URL": ('[targets.a]\nurl = "localhost:8000"', 2, "url", ""),
    "for URLs only": ('[targets.a]\ncommand = "x"\nheaders = { a = "b" }', 3, "headers is for URLs", "env"),
    "for commands only": ('[targets.a]\nurl = "http://x/"\ncwd = "y"', 3, "cwd is for commands", "beside the url"),
    "no directory": ('[targets.a]\ncommand = "x"\ncwd = "nowhere"', 3, "nowhere is no directory", ""),
    "no header": ('[targets.a]\nurl = "http://x/"\nheaders = { "a b" = "c" }', 3, "no name of an HTTP header", ""),
    "no target": ("strict = true", 1, "targets", ""),
    "no TOML": ("[targets.a]\ncommand = \n", 2, "invalid value", ""),
    "no number": ('[targets.a]\ncommand = "x"\ntimeout = inf', 3, "inf", ""),
    "no words": ('[targets.a]\ncommand = "x \'"', 2, "cannot be split", ""),
    "one report for two": (
        'reports = { json = "a.json" }\n[targets.a]\ncommand = "x"\n[targets.b]\ncommand = "y"',
        1,
        "every target would write a.json",
        "{target}",
    ),
    "exchanges that are not there": ('exchanges = ["no.yaml"]\n[targets.a]\ncommand = "x"', 1, "no.yaml", ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_told_with_its_line(case: str, tmp_path: Path) -> None:
    text, line, message, hint = REFUSED[case]
    with pytest.raises(UsageError) as caught:
        load_config(written(tmp_path, text))
    assert caught.value.where.endswith(f"wireproof.toml:{line}")
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_the_nearest_configuration_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    assert find_config(deep) is None or not find_config(deep).is_relative_to(tmp_path)  # type: ignore[union-attr]
    top = written(tmp_path, '[targets.top]\ncommand = "x"')
    written(
        tmp_path / "a" / "b", '[project]\nname = "wireproof-user"\n', "pyproject.toml"
    )  # mentions it, configures nothing
    assert find_config(deep) == top
    project = written(
        tmp_path / "a",
        '[tool.other]\nx = 1\n\n[tool.wireproof.targets.mine]\ncommand = "x"\nnoise = 1\n',
        "pyproject.toml",
    )
    assert find_config(deep) == project
    with pytest.raises(UsageError, match="noise") as caught:
        load_config(project)
    assert caught.value.where.endswith("pyproject.toml:6")
    beside = written(tmp_path / "a", '[targets.t]\ncommand = "x"')
    assert find_config(deep) == beside


def test_unknown_targets_have_a_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no target is called 'oen'") as caught:
        load_config(written(tmp_path, FULL)).target("oen")
    assert caught.value.hint == "did you mean one?"


def test_the_schema_says_of_each_key_what_it_is() -> None:
    schema = json.loads((shelf("schemas") / "wireproof" / "config.schema.json").read_text(encoding="utf-8"))
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    keys = {*schema["properties"], *schema["$defs"]["target"]["properties"]}
    for key in keys:
        told = schema["$defs"]["target"]["properties"].get(key) or schema["properties"][key]
        assert "description" in told or "description" in schema["$defs"][told["$ref"].rpartition("/")[2]], key
        assert re.search(rf"`{re.escape(key)}`", page), f"docs/configuration.md does not tell of {key}"


def test_what_the_pages_show_is_what_is_read(tmp_path: Path, suite: Suite) -> None:
    pages = {
        name: (Path(__file__).parents[2] / "docs" / f"{name}.md").read_text(encoding="utf-8")
        for name in ("configuration", "baseline")
    }
    (text,) = re.findall(r"```toml\n(.*?)```", pages["configuration"], re.DOTALL)
    one = load_config(written(tmp_path, text)).target("local")
    assert (one.target.command, one.target.calls.named["list_files"]) == (("python", "server.py"), ())
    check_configured(one, suite)
    (text,) = re.findall(r"```yaml\n(.*?)```", pages["baseline"], re.DOTALL)
    (entry,) = load_baseline(written(tmp_path, text, "wireproof-baseline.yaml"), suite.catalogue).entries
    assert (entry.target, entry.exchange) == ("my-server", "mcp.tools.called[search]")
