"""The fixtures `wireproof_mcp` and `wireproof_a2a`: raw connections for wire-level tests of one's own, for plain and for async tests."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, ExitStack
from types import TracebackType
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from wireproof.engine.raw import RawConnection, raw
from wireproof.library.configuration import find_config, load_config, resolve
from wireproof.model.errors import WireproofError
from wireproof.model.target import Target
from wireproof.pytest_plugin.state import plain_targets, told


class Opener:
    """`wireproof_mcp(target, revision=..., transport=..., opening=..., answers=...)`, see `wireproof.engine.raw.raw`.

    `target`: a Target, a URL, a command as a list of words, or the name of a configured target; without one, the target of pytest's
    command line or the only one that is configured.
    """

    def __init__(self, config: pytest.Config, protocol: str) -> None:
        self._config = config
        self._protocol = protocol

    def __call__(self, target: Target | str | Iterable[str] | None = None, **options: Any) -> Connecting:
        try:
            aim = self._target(target)
        except WireproofError as error:
            pytest.fail(told(error), pytrace=False)
        return Connecting(lambda: raw(aim, protocol=self._protocol, **options))

    def _target(self, wanted: Target | str | Iterable[str] | None) -> Target:
        if isinstance(wanted, Target):
            return wanted
        if wanted is not None and not isinstance(wanted, str):
            return Target(command=tuple(wanted))
        if wanted is not None and wanted.lower().startswith(("http://", "https://")):
            return Target(url=wanted)
        plain = list(plain_targets(self._config))
        if wanted is None and plain:
            return plain[0]
        path = find_config(self._config.rootpath)
        if path is None:
            pytest.fail("no target: give one, or --wireproof-stdio, --wireproof-url or a wireproof.toml", pytrace=False)
        known = load_config(path)
        if wanted is None and len(known.targets) != 1:
            names = ", ".join(one.name for one in known.targets) or "none"
            pytest.fail(f"which target? {path.name} has {names}", pytrace=False)
        return resolve(known.target(wanted) if wanted is not None else known.targets[0], os.environ)


class Connecting:
    """A connection that is opened by `with`, for plain tests, or by `async with`, for those that run in an event loop."""

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[RawConnection]]) -> None:
        self._make = make
        self._stack = ExitStack()
        self._open: AbstractAsyncContextManager[RawConnection] | None = None

    async def __aenter__(self) -> RawConnection:
        self._open = self._make()
        return await self._open.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open is not None:
            await self._open.__aexit__(kind, error, trace)

    def __enter__(self) -> Blocking:
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal())
            made = stack.enter_context(portal.wrap_async_context_manager(self._make()))
            self._stack = stack.pop_all()
        return Blocking(portal, made)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


class Blocking:
    """A `RawConnection` whose methods are called without `await`."""

    def __init__(self, portal: BlockingPortal, connection: RawConnection) -> None:
        self._portal = portal
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if not callable(found):
            return found

        @functools.wraps(found)
        def call(*words: Any, **named: Any) -> Any:
            if inspect.iscoroutinefunction(found):
                return self._portal.call(functools.partial(found, *words, **named))
            return found(*words, **named)

        return call
