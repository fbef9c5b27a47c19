"""Addresses that climb out of a folder: which folders are taken, and how one climbs."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

import pytest

from wireproof.protocols.mcp.climbing import climbs


def test_files_come_before_other_schemes_and_templates_before_resources() -> None:
    resources = [{"uri": "notes://team/today"}, {"uri": "file:///archive/notes/a.txt"}]
    templates = [{"uriTemplate": "test://{name}"}, {"uriTemplate": "file:///docs/{+path}"}]
    assert climbs(resources, templates)[0]["plainly"].startswith("file:///docs/../")
    assert climbs(resources, [])[0]["plainly"].startswith("file:///archive/notes/../")
    assert climbs(resources[:1], [])[0]["direct"] == "notes:///etc/hosts"


def test_every_way_of_climbing_leads_to_one_file() -> None:
    (made,) = climbs([{"uri": "file:///archive/notes/a.txt"}], [])
    for way in ("direct", "plainly", "dots", "slashes"):
        assert posixpath.normpath(unquote(made[way].removeprefix("file://"))) == "/etc/hosts"


@pytest.mark.parametrize("uri", ["https://wireproof.example/a/b", "urn:isbn:1", "no uri", "", None, 5, "://x/y"])
def test_what_is_no_place_in_a_file_system(uri: object) -> None:
    assert climbs([{"uri": uri}], [{"uriTemplate": uri}]) == []
