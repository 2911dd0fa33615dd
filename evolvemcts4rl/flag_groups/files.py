"""The flags of seeds and output."""

from __future__ import annotations

from dataclasses import MISSING, dataclass

from evolvemcts4rl.flag_groups.declaration import Group, Growth, flag, larger
from evolvemcts4rl.flag_groups.kinds import Choice, Names, Switch, Text, Texts
from evolvemcts4rl.flag_groups.number_kinds import WholeNumber

DEFAULT_FORMATS = ("steps", "prm", "sft", "dpo", "openai_dpo", "math_shepherd", "rlvr")
FORMATS = (
    *DEFAULT_FORMATS,
    *("prm_chat", "critic", "step_dpo", "dpo_text", "orm", "processbench"),
    *("seed_tree", "seed_flat"),
)


@dataclass(frozen=True)
class FileSettings(Group):
    """Seeds and output."""

    seed_file: str = flag(
        MISSING,
        Text(),
        "JSON, JSON Lines, CSV, TSV or Parquet file, or a dataset's name on the hub, "
        "NAME:CONFIG:SPLIT@REVISION",
        shown="required",
        free=True,
    )  # free: its content counts, not its path
    column_names: tuple[str, ...] = flag(
        ("problem",),
        Texts(),
        "columns that make up the problem, joined by a blank line",
        shown="`problem`",
    )
    answer_column: str = flag(
        "final_answer",
        Text(),
        "column of the answer: as it is, '#### 42' or \\boxed{42}; without one, a vote decides",
    )
    vote: bool = flag(
        False,
        Switch(),
        "there are no answers: let the solutions vote, though a column looks like that of answers",
        shown="off",
        free=True,
    )
    id_column: str | None = flag(
        None,
        Text(),
        "column of each row's own id, which is kept as its question_id",
        shown="rows are numbered",
        metavar="NAME",
    )
    skip_broken_rows: bool = flag(
        False,
        Switch(),
        "leave out the rows of the seed file that cannot be read, and count them",
        shown="off",
        free=True,
    )
    solutions_column: str | None = flag(
        None,
        Text(),
        "column of solutions that are to be labelled: texts, or lists of their steps",
        shown="none",
    )
    solutions_are: str = flag(
        "auto",
        Choice(("auto", "solutions", "steps")),
        "what a list of texts in --solutions_column is: several solutions, or the steps of one; by "
        "itself, steps where the column's name says so",
    )
    output_dir: str | None = flag(
        None, Text(), "the run's folder", shown="`runs/<seed file's stem>`", free=True
    )
    limit: int | None = flag(
        None,
        WholeNumber(1),
        "take only the first rows",
        shown="all rows",
        grows=Growth(larger),
    )
    formats: tuple[str, ...] = flag(
        DEFAULT_FORMATS,
        Names(FORMATS),
        f"files to make from the trees: {','.join(FORMATS)}",
        shown="the first seven",
        free=True,
    )
    keep: str = flag(
        "all",
        Choice(("all", "agreed")),
        "solutions that prm.jsonl keeps: all, or those whose first error the judge names too and "
        "those without one",
        free=True,
    )
    record: str | None = flag(
        None,
        Text(),
        "a file for every completion with its prefix, for replaying without the model; compressed "
        "where its name ends in .gz",
        shown="none",
        free=True,
        metavar="FILE",
    )
    overwrite: bool = flag(
        False,
        Switch(),
        "start anew: delete the run that the folder holds (never a file that no run made)",
        shown="off",
        free=True,
    )
