"""A target: what to start or where to connect, and what may be done to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPolicy:
    """Which tools may be called. By default only those that say readOnlyHint true and openWorldHint false."""

    read_only: bool = False  # readOnlyHint true is enough
    everything: bool = False
    named: Mapping[str, tuple[Any, ...]] = field(
        default_factory=dict
    )  # tool name to the user's argument objects; () = ours
    profile: str = "auto"
    """Whose tool names may be called because they are made for harnesses: a profile, auto (the one the target shows) or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsgiApp:
    """An ASGI 3.0 application of this process, and `state`, which its lifespan fills and each of its requests sees."""

    app: Any
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Exactly one of `command`, `url`, `serve` is set. `serve` is an in-process peer: serve(read_line, write_line, write_err).
    With `app`, `url` is only what the application is told that its address is: see `asgi`.

    Durations are seconds. `timeout` overrides the deadlines derived from measured round trips. `starts` is the command that serves
    `url`, in `cwd` with `env`: started before the run, ended with its group after it; who starts it waits `startup_wait` for an answer.
    """

    name: str = ""
    command: tuple[str, ...] = ()
    url: str = ""
    starts: tuple[str, ...] = ()
    serve: Any = None
    app: AsgiApp | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    tokens: Mapping[str, str] = field(default_factory=dict)
    """Bearer tokens that the target must not fully accept: `foreign`, issued for another server; `narrow`, without the scopes that work needs."""
    cwd: str | None = None
    ca_file: str | None = None
    cert: tuple[str, str] | None = None
    insecure: bool = False
    proxy: str | None = None
    timeout: float | None = None
    startup_wait: float = 30.0
    max_rps: float | None = None
    calls: CallPolicy = field(default_factory=CallPolicy)
    prompt_arguments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by prompt name
    goals: Mapping[str, str] = field(default_factory=dict)
    """What is said to an agent so that it does something: `completes`, `needs_input`, ... (those of its protocol) to the words."""
    template_variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by URI template

    where: str = ""
    """The file:line of the configuration that names it; empty: no configuration does."""

    again: tuple[str, ...] = ()
    """The words of a command line that name this target again (options, then its name in a configuration); empty: made of its members."""

    @classmethod
    def asgi(cls, app: Any, *, url: str = "http://127.0.0.1:8000/mcp", name: str = "", **members: Any) -> Self:
        """An ASGI application of this process as a target over HTTP, without a socket. `url` is where its endpoint would be.

        Its lifespan runs once around a run. `members` are further members of the target (`calls`, `headers`, ...).
        """
        return cls(app=AsgiApp(app=app), url=url, name=name or f"{type(app).__name__} in this process", **members)

    @property
    def local(self) -> bool:
        """Does it run on this machine, as far as its address says?"""
        host = (urlsplit(self.url).hostname or "") if self.url else "localhost"
        return host in ("localhost", "::1") or host.startswith("127.")

    @property
    def label(self) -> str:
        return self.name or self.url or " ".join(self.command) or "in-process peer"
