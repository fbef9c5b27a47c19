"""Addresses that climb out of the folder of a listed resource to a file which every system has and nobody keeps secret.

server/resources, Security Considerations: file paths are guarded against directory traversal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

_GOAL: Final = "etc/hosts"
_UP: Final = 12
"""As many folders as one climbs: more than there are, since the root is its own parent."""
_REMOTE: Final = ("http", "https", "data", "urn", "mailto")
"""Schemes of addresses that no server resolves in its own file system."""
MOST: Final = 1


def climbs(resources: Iterable[Mapping[str, Any]], templates: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """For the first folder of what is listed, files before other schemes and templates before resources: the goal by its own address
    (`direct`), and climbing to it `plainly`, with encoded dots (`dots`) and with encoded slashes too (`slashes`).

    Empty when nothing that is listed has a path."""
    listed = [*(one.get("uriTemplate") for one in templates), *(one.get("uri") for one in resources)]
    folders = list(dict.fromkeys(folder for one in listed if (folder := _folder(one)) is not None))
    folders.sort(key=lambda folder: not folder.lower().startswith("file:"))
    return [_climbing(folder) for folder in folders[:MOST]]


def _folder(uri: Any) -> str | None:
    """What of a URI or template stands before its last segment or its first variable, if that is a place in a hierarchy."""
    if not isinstance(uri, str) or "://" not in uri:
        return None
    scheme, _, path = uri.partition("{")[0].partition("://")
    if scheme.lower() in _REMOTE or not scheme:
        return None
    return f"{scheme}://{path[: path.rfind('/') + 1]}"


def _climbing(folder: str) -> dict[str, str]:
    scheme = folder.partition("://")[0]
    return {
        "direct": f"{scheme}:///{_GOAL}",
        "plainly": folder + "../" * _UP + _GOAL,
        "dots": folder + "%2e%2e/" * _UP + _GOAL,
        "slashes": folder + "..%2f" * _UP + _GOAL.replace("/", "%2f"),
    }
