"""From a target to the link that reaches it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from wireproof.model.errors import UsageError
from wireproof.model.target import Target
from wireproof.transports.asgi import AsgiLink
from wireproof.transports.http import HttpLink
from wireproof.transports.link import Link
from wireproof.transports.memory import MemoryLink
from wireproof.transports.stdio import StdioLink


async def _stdio(target: Target, *, roams: bool) -> Link:  # noqa: ARG001 - a line leads to one place
    return await StdioLink.open(target.command, env=target.env, cwd=target.cwd)


async def _memory(target: Target, *, roams: bool) -> Link:  # noqa: ARG001 - so does this one
    return MemoryLink(target.serve)


async def _app(target: Target, *, roams: bool) -> Link:  # noqa: ARG001 - an application has one origin
    assert target.app is not None
    return AsgiLink(target.app, target.url, headers=target.headers)


async def _http(target: Target, *, roams: bool) -> Link:
    if target.proxy is None:
        return HttpLink(
            target.url,
            headers=target.headers,
            ca_file=target.ca_file,
            cert=target.cert,
            insecure=target.insecure,
            max_rps=target.max_rps,
            roams=roams,
        )
    from wireproof.transports.proxied import HttpxLink  # httpx is slow to import and rarely needed

    return HttpxLink(
        target.url,
        proxy=target.proxy,
        headers=target.headers,
        ca_file=target.ca_file,
        cert=target.cert,
        insecure=target.insecure,
        max_rps=target.max_rps,
        roams=roams,
    )


_LINKS: Final[dict[str, Callable[..., Awaitable[Link]]]] = {
    "command": _stdio,
    "serve": _memory,
    "app": _app,
    "http": _http,
    "https": _http,
}
"""What the target names (for a URL: its scheme) to the opener of the link."""


async def dial(target: Target, *, roams: bool = False) -> Link:
    """A link to the target, to be used with `async with`. `roams`: what is asked of it may lie on other origins than its URL.

    Raises UsageError when the target names nothing that can be reached, TargetUnreachable when its command cannot be started;
    a server that does not answer is no error here but an arrival later.
    """
    kind = _kind(target)
    opener = _LINKS.get(kind)
    if opener is None:
        what = f"no way to reach {target.url}" if target.url else "the target names no command and no URL"
        raise UsageError(what, hint="give a command after --, or a URL that begins with http:// or https://")
    return await opener(target, roams=roams)


def _kind(target: Target) -> str:
    if target.command:
        return "command"
    if target.app is not None:
        return "app"
    return "serve" if target.serve is not None else target.url.partition(":")[0].lower()
