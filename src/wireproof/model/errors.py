"""The harness's own faults. A target's sin is never one of these: it is a finding."""

from __future__ import annotations


class WireproofError(Exception):
    """Base of all; carries a hint that tells the user what to do next. Exit code 4 unless a subclass says otherwise."""

    exit_code = 4

    def __init__(self, message: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    @property
    def placed(self) -> str:
        """The message, after file:line where there is one."""
        return f"{self.where}: {self.message}" if self.where else self.message


class UsageError(WireproofError):
    """Your command line, configuration or data is wrong (exit 2); `where` is file:line when a file is to blame."""

    exit_code = 2


class TargetUnreachable(WireproofError):
    """Nothing that speaks the protocol answered (exit 2)."""

    exit_code = 2


class InternalError(WireproofError):
    """wireproof itself is wrong (exit 4)."""
