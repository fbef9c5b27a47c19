"""Where data lies, and the digest that names its state."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wireproof.library import shelf as module
from wireproof.library.shelf import digest, load_fixtures, shelf, short_digest
from wireproof.model.errors import InternalError, UsageError


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation whose data folders are copies that a test may change."""
    for kind in ("conformance", "schemas"):
        shutil.copytree(shelf(kind) / ("mcp/requirements" if kind == "conformance" else "wireproof"), tmp_path / kind)
    monkeypatch.setattr(module, "shelf", lambda kind: tmp_path / kind)
    digest.cache_clear()
    yield tmp_path
    digest.cache_clear()


def test_every_kind_has_its_folder() -> None:
    assert (shelf("conformance") / "mcp" / "revisions.yaml").is_file()
    assert (shelf("schemas") / "wireproof" / "requirements.schema.json").is_file()
    assert (shelf("fixtures") / "__init__.py").is_file()


def test_unknown_and_missing_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(InternalError):
        shelf("attic")
    monkeypatch.setattr(module, "__file__", str(tmp_path / "src" / "wireproof" / "library" / "shelf.py"))
    shelf.cache_clear()
    try:
        with pytest.raises(UsageError, match="missing"):
            shelf("conformance")
    finally:
        shelf.cache_clear()


def test_an_installed_wheel_is_preferred_to_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "src" / "wireproof"
    (package / "_data" / "schemas").mkdir(parents=True)
    (tmp_path / "schemas").mkdir()
    monkeypatch.setattr(module, "__file__", str(package / "library" / "shelf.py"))
    shelf.cache_clear()
    try:
        assert shelf("schemas") == (package / "_data" / "schemas").resolve()
    finally:
        shelf.cache_clear()


def test_the_digest_is_stable_and_short_enough_to_print(copied: Path) -> None:
    first = digest()
    assert len(first) == 64
    assert short_digest() == first[:12]
    digest.cache_clear()
    assert digest() == first


def test_the_digest_follows_content_and_names_only(copied: Path) -> None:
    first = digest()
    (copied / "conformance" / "notes.txt").write_text("not data")
    path = copied / "conformance" / "base.yaml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    digest.cache_clear()
    assert digest() == first
    (copied / "schemas" / "wireproof").mkdir()
    (copied / "schemas" / "wireproof" / "new.schema.json").write_text("{}")  # the shape of a file of ours judges nobody
    digest.cache_clear()
    assert digest() == first
    path.write_bytes(path.read_bytes() + b"# changed\n")
    digest.cache_clear()
    changed = digest()
    assert changed != first
    path.rename(copied / "conformance" / "renamed.yaml")
    digest.cache_clear()
    assert digest() not in (first, changed)


def test_fixtures_load_once_as_a_package() -> None:
    known = sys.modules.pop("wireproof_fixtures", None)
    try:
        package = load_fixtures()
        assert package.__name__ == "wireproof_fixtures"
        assert list(package.__path__) == [str(shelf("fixtures"))]
        assert load_fixtures() is package
    finally:
        if known is not None:
            sys.modules["wireproof_fixtures"] = known
