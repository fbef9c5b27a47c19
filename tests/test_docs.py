"""The pages that `make docs` makes, and the links between those that we write."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from wireproof.library.catalogue import load_catalogue, protocols
from wireproof.library.source import read_yaml

ROOT = Path(__file__).resolve().parent.parent


def made_by(name: str) -> ModuleType:
    """A module of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_page_for_every_requirement() -> None:
    made = dict(made_by("requirement_pages").pages())
    for protocol in protocols():
        linked = re.findall(r"\]\(([^)/]+\.md)\)", made[f"requirements/{protocol}.md"])
        assert len(linked) == len(set(linked)) == len(load_catalogue(protocol).requirements)
        assert all(f"requirements/{one}" in made for one in linked)
    page = made["requirements/mcp.base.response.id-echo.md"]
    assert "\n# mcp.base.response.id-echo\n" in page
    assert "## Judged by { #judged-by }" in page
    assert "response-id-retyped" in page


def test_every_page_is_in_the_navigation() -> None:
    """A new page of docs/ gets a line under `nav` in mkdocs.yml."""
    nav = read_yaml(ROOT / "mkdocs.yml")[0]["nav"]
    entries = [one for part in nav for entries in part.values() for one in entries]
    named = [place for one in entries for place in ([one] if isinstance(one, str) else one.values())]
    assert len(named) == len(set(named))
    missing = {one.name for one in ROOT.glob("docs/*.md")} - set(named)
    assert not missing, f"not in the nav of mkdocs.yml: {', '.join(sorted(missing))}"


def test_the_reference_of_the_configuration_is_current() -> None:
    keys = made_by("configuration_keys")
    page, schema = keys.PAGE.read_text(encoding="utf-8"), json.loads(keys.SCHEMA.read_text(encoding="utf-8"))
    assert keys.renewed(page, schema) == page, "run: python docs/configuration_keys.py"


@pytest.mark.parametrize(
    "page",
    sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("conformance/*.md"))),
    ids=lambda page: page.name,
)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [one for one in links if not (page.parent / one).exists()] == []
