"""What is wrong with the columns of a seed file: one sentence with the way out, before all else."""

from __future__ import annotations

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.kinds import GRADERS
from evolvemcts4rl.problems.given import cell_of, given_solutions
from evolvemcts4rl.problems.seed_rows import Seeds, is_there
from evolvemcts4rl.reasons import ReasonCode
from evolvemcts4rl.settings import DEFAULTS

# Names that columns of answers have where they are not named with --answer_column.
ANSWER_COLUMNS = (
    "answer",
    "answers",
    "expected_answer",
    "correct_answer",
    "reference_answer",
    "ground_truth",
    "gold",
    "solution",
    "target",
)


def check_seeds(seeds: Seeds) -> None:
    """Raise UserError for a column that is not there, and for seeds without any problem."""
    settings, there = seeds.settings, seeds.rows.column_names
    if len(seeds) == 0:
        raise UserError(
            f"The seed file {settings.files.seed_file} has no rows: it needs at least one problem."
        )
    asked_for = [*settings.files.column_names]
    if settings.files.answer_column != DEFAULTS["answer_column"]:
        asked_for.append(settings.files.answer_column)  # the default one may be missing
    files, choices = settings.files, settings.answers.choices_column
    asked_for += [*choices, *filter(None, [files.solutions_column, files.id_column])]
    missing = [name for name in asked_for if not is_there(seeds, name)]
    if missing:
        flags = {
            files.id_column: "--id_column",
            files.answer_column: "--answer_column",
            files.solutions_column: "--solutions_column",
        }
        flags |= dict.fromkeys(choices, "--choices_column")
        flags |= dict.fromkeys(files.column_names, "--column_names")
        flag = flags[missing[0]]
        raise UserError(
            f"The seed file {settings.files.seed_file} has no column {missing[0]!r}: name one of "
            f"{', '.join(map(repr, there))} with {flag}."
        )
    _check_gradable(seeds)
    if not any(seed.question for seed in seeds):
        columns = " and ".join(map(repr, settings.files.column_names))
        raise UserError(
            f"The seed file {settings.files.seed_file} has no problem in any row of {columns}: "
            "name another column with --column_names."
        )
    seeds.check_ids()
    _check_vote(seeds)
    _check_given(seeds)


def _check_vote(seeds: Seeds) -> None:
    """Raise UserError where answers would be voted by mistake, or --vote has nothing to decide."""
    settings, there = seeds.settings, seeds.rows.column_names
    named = settings.files.answer_column
    if seeds.have_answers:
        if settings.files.vote:
            raise UserError(
                f"The seed file {settings.files.seed_file} has answers in column {named!r}: "
                "leave out --vote, which has nothing to decide."
            )
        return
    if settings.files.vote or settings.answers.grader not in GRADERS:  # a grader may need none
        return
    others = (*settings.files.column_names, settings.files.solutions_column)
    likely = next((name for name in ANSWER_COLUMNS if name in there and name not in others), None)
    if likely:
        raise UserError(
            f"The seed file {settings.files.seed_file} has no column {named!r}, but {likely!r}: "
            f"give --answer_column {likely}, or --vote to let the solutions vote for the answers."
        )


def _check_gradable(seeds: Seeds) -> None:
    """Raise UserError where the grader can read the answer of no row, which is then no accident."""
    first = None
    for seed in seeds:
        if seed.reason is None or seed.reason.code != ReasonCode.UNGRADABLE:
            return
        first = first or seed
    if first:
        raise UserError(
            f"No row of the seed file {seeds.settings.files.seed_file} can be graded by --grader "
            f"{seeds.settings.answers.grader}: the first one cannot since {first.reason}."
        )


def _check_given(seeds: Seeds) -> None:
    """Raise UserError where --solutions_column holds no solutions, naming the row."""
    column, found = seeds.settings.files.solutions_column, 0
    if column is None:
        return
    source = f"The seed file {seeds.settings.files.seed_file}"
    for index in range(len(seeds)):
        row = seeds.rows[index]
        try:
            found += len(given_solutions(cell_of(row, column), row, "", are_steps=True))
        except ValueError as error:
            raise UserError(
                f"{source} holds {error} in column {column!r} of row {index + 1}: a column of "
                "solutions must hold texts, or lists of texts."
            ) from None
    if not found:
        raise UserError(
            f"{source} has no solution in any row of {column!r}: name another column with "
            "--solutions_column, or leave it out."
        )
