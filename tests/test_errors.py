"""Which of several errors says why a run ends."""

import asyncio

from evolvemcts4rl.errors import BudgetSpent, EndpointError, Refused, UserError, severity


def test_the_gravest_of_errors_is_a_bug_then_what_the_user_can_mend_then_a_spent_budget() -> None:
    errors = [
        Refused(),
        UserError("mend it"),
        asyncio.CancelledError(),
        BudgetSpent(),
        KeyError(),
        EndpointError(),
    ]
    assert [type(error) for error in sorted(errors, key=severity)[-3:]] == [
        BudgetSpent,
        UserError,
        KeyError,
    ]
