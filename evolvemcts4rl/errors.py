"""What can go wrong, and what each kind of trouble means for the run."""

from __future__ import annotations

import asyncio


class UserError(Exception):
    """Something that the user can mend: one sentence that names the thing and the way out.

    `resumable` says that the run has begun, so that the same command goes on once the trouble is
    mended.
    """

    def __init__(self, message: str, resumable: bool = False) -> None:
        super().__init__(message)
        self.resumable = resumable


class EndpointError(Exception):
    """An endpoint gave no usable completion after all retries.

    The problem that asked for it fails; the run goes on.
    """


class Refused(EndpointError):
    """The endpoint refuses this request for its content, and would refuse it again."""


class BudgetSpent(Exception):
    """No further request fits into --token_budget: the run writes what it has and ends."""


def not_written(error: OSError) -> str:
    """Return what the system says of a file that cannot be written, and of which."""
    return f"{error.filename or 'a file'} cannot be written ({error.strerror})"


def severity(error: BaseException) -> int:
    """Return how grave an error is; the gravest of several at once says why the run ends."""
    if isinstance(error, (EndpointError, asyncio.CancelledError)):
        return 0
    return 1 if isinstance(error, BudgetSpent) else 2 if isinstance(error, UserError) else 3
