"""The house rules that a machine can hold."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import wireproof
from wireproof.engine.coverage import judges
from wireproof.engine.lint import lint
from wireproof.engine.run import bare_suite, load_suite
from wireproof.engine.suite import Suite
from wireproof.library.catalogue import protocols
from wireproof.library.shelf import shelf
from wireproof.model.exchange import Origin

ROOT = Path(__file__).resolve().parent.parent
TEXT = {".py", ".md", ".yaml", ".yml", ".json", ".toml", ".cfg", ".txt", ".mjs", ".cjs", ""}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def files() -> list[Path]:
    return tracked()


def test_no_source_file_is_too_long(files: list[Path]) -> None:
    long = [
        str(path.relative_to(ROOT))
        for path in files
        if path.suffix == ".py" and path.read_text(encoding="utf-8").count("\n") > 500
    ]
    assert long == []


def test_no_registry_host_and_no_path_of_a_machine(files: list[Path]) -> None:
    hosts = re.compile(
        r"\"resolved\": *\"http|registry *= *\"?http|index[-]url|https?://[^\s\"']+\.(?:whl|tgz|tar\.gz)"
    )
    paths = re.compile(r"(?<![\w.])/(?:work|farm)/|/root/\.|/home/[a-z]+/")
    guilty = []
    for path in files:
        if path.suffix not in TEXT or path == Path(__file__).resolve():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if hosts.search(text) or paths.search(text):
            guilty.append(str(path.relative_to(ROOT)))
    assert guilty == []


def test_no_function_hides_another_of_its_module(files: list[Path]) -> None:
    """A second function of the same name changes what the first was meant for, and no linter says so when both are used."""
    guilty = []
    for path in files:
        if path.suffix != ".py":
            continue
        names = Counter(
            node.name
            for node in ast.parse(path.read_bytes()).body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not any("overload" in ast.unparse(one) for one in node.decorator_list)
        )
        guilty += [f"{path.relative_to(ROOT)}: {name}" for name, times in names.items() if times > 1]
    assert guilty == []


def test_public_names_resolve() -> None:
    for name in wireproof.__all__:
        assert getattr(wireproof, name) is not None


def test_help_is_light() -> None:
    code = (
        "import sys; from wireproof.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'hypothesis', 'httpx', 'jsonschema', 'jsonschema_rs', 'yaml', 'rich', 'anyio', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(f'heavy: {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_exchange_files_pass_their_own_lint() -> None:
    problems, count = lint([shelf("conformance") / "mcp" / "exchanges"], bare_suite())
    assert [(one.where, one.message) for one in problems] == []
    assert count > 0


def test_every_exchange_decides_something(suite: Suite) -> None:
    idle = [one.id for one in suite.exchanges if not one.about and one.origin is not Origin.SURVEY]
    assert idle == []


def test_revision_literals_stand_in_data_only(files: list[Path], suite: Suite) -> None:
    """A revision is known by its row in revisions.yaml, never by its name in code."""
    names = "|".join(re.escape(one.id) for one in suite.catalogue.revisions)
    literal = re.compile(rf"[\"'](?:{names})[\"']")
    guilty = []
    for path in files:
        if "src/wireproof" in path.as_posix() and path.suffix == ".py":
            code = re.sub(r'"""(?:.|\n)*?"""|#.*', "", path.read_text(encoding="utf-8"))
            if literal.search(code):
                guilty.append(str(path.relative_to(ROOT)))
    assert guilty == []


def test_every_module_imports() -> None:
    for path in (ROOT / "src" / "wireproof").rglob("*.py"):
        parts = path.relative_to(ROOT / "src").with_suffix("").parts
        if parts[-1] == "__main__":
            continue
        importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))


@pytest.mark.parametrize("protocol", protocols())
def test_every_judged_row_is_explained(protocol: str) -> None:
    suite = load_suite(protocol)
    owed = [row for row in suite.catalogue.requirements.values() if row.role in ("server", "both")]
    assert [row.id for row in owed if judges(suite, row.id) and not (row.why and row.fix)] == []
