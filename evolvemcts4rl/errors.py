"""What can go wrong, and what each kind of trouble means for the run."""

from __future__ import annotations


class UserError(Exception):
    """Something that the user can mend: its text is one sentence that names the thing and the way out."""


class EndpointError(Exception):
    """An endpoint gave no usable completion after all retries: the problem that asked is failed, the run goes on."""


class Refused(EndpointError):
    """The endpoint refuses this very request, now and later."""


class BudgetSpent(Exception):
    """--token_budget is used up: no new request is made; what is there is written."""
