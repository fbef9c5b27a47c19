"""Links live in tasks of their own, so that sessions may be opened and closed in any order by anybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Self

import anyio
from anyio.abc import TaskGroup, TaskStatus

from wireproof.model.wire import Arrival, Frame
from wireproof.transports.link import Link

Open = Callable[[], Awaitable[Link]]


class HostedLink:
    """A link whose context is entered and left by one task, as structured concurrency asks."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.name = link.name
        self._leave = anyio.Event()
        self._left = anyio.Event()

    async def send(self, frame: Frame) -> None:
        await self._link.send(frame)

    async def receive(self) -> Arrival:
        return await self._link.receive()

    async def close_channel(self, channel: str) -> None:
        await self._link.close_channel(channel)

    async def finish(self) -> None:
        await self._link.finish()

    async def aclose(self) -> None:
        """Closes the link and waits until its task is over."""
        await self._link.aclose()
        self._leave.set()
        with anyio.move_on_after(10, shield=True):
            await self._left.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _live(self, *, task_status: TaskStatus[None]) -> None:
        try:
            async with self._link:
                task_status.started()
                await self._leave.wait()
        finally:
            self._left.set()


async def host(tasks: TaskGroup, opener: Open) -> HostedLink:
    """Opens a link and keeps it in `tasks`. Raises what the opener raises (TargetUnreachable)."""
    hosted = HostedLink(await opener())
    await tasks.start(lambda *, task_status: hosted._live(task_status=task_status))  # noqa: SLF001 - the class's own task
    return hosted
