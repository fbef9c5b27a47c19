"""The pages that `make docs` makes, and the links between those that we write."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from wireproof.engine.suite import Suite

ROOT = Path(__file__).resolve().parent.parent


def test_a_page_for_every_requirement(tmp_path: Path, suite: Suite) -> None:
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    build.main(tmp_path)
    index = (tmp_path / "index.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\((requirements/[^)]+\.md)\)", index)
    assert len(linked) == len(set(linked)) == len(suite.catalogue.requirements)
    assert all((tmp_path / one).is_file() for one in linked)
    page = (tmp_path / "requirements" / "mcp.base.response.id-echo.md").read_text(encoding="utf-8")
    assert page.startswith("# mcp.base.response.id-echo\n")
    assert '<a id="judged-by"></a>' in page
    assert "response-id-retyped" in page


@pytest.mark.parametrize(
    "page",
    sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("conformance/*.md"))),
    ids=lambda page: page.name,
)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [one for one in links if not (page.parent / one).exists()] == []
