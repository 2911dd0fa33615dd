"""What became of a problem and why, as types. Rows of older runs are read into the same types."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where a problem stands: OPEN while it is in work, any other once it has ended."""

    OPEN = "open"
    ACCEPTED = "accepted"
    SEARCHED = "searched"
    NOT_SEARCHED = "not_searched"
    REFUSED = "refused"
    DROPPED = "dropped"
    FAILED = "failed"


class ReasonCode(StrEnum):
    """Why a problem was refused, dropped, not searched or failed."""

    NO_PROBLEM = "no_problem"
    REPEATED_ROW = "repeated_row"
    UNGRADABLE = "ungradable"
    NO_VOTE = "no_vote"
    CONTAMINATED = "contaminated"
    KNOWN = "known"
    LIKE_ITS_PARENT = "like_its_parent"
    NOT_WHOLE = "not_whole"
    EMPTY = "empty"
    REFUSAL = "refusal"
    MARKERS = "markers"
    TOO_LONG = "too_long"
    CARRIES_SOLUTION = "carries_solution"
    ASKS_FOR_PROOF = "asks_for_proof"
    SEVERAL_QUESTIONS = "several_questions"
    ASKS_NOTHING = "asks_nothing"
    NOT_SELF_CONTAINED = "not_self_contained"
    PROMPT_EXAMPLE = "prompt_example"
    PROMPT_WORDS = "prompt_words"
    FEW_ANSWERS = "few_answers"
    THIN_MAJORITY = "thin_majority"
    DOUBTFUL_ANSWER = "doubtful_answer"
    NO_ANSWERS = "no_answers"
    NO_VERDICTS = "no_verdicts"
    SOLVED_ALWAYS = "solved_always"
    SOLVED_NEVER = "solved_never"
    SOLVE_RATE = "solve_rate"
    ENDPOINT = "endpoint"
    PROGRAM = "program"
    OTHER = "other"

    @property
    def sentence(self) -> str:
        """Return what the code means, in words that fit every problem."""
        return SENTENCES[self]


SENTENCES = {
    ReasonCode.NO_PROBLEM: "the row has no problem",
    ReasonCode.REPEATED_ROW: "it repeats another row",
    ReasonCode.UNGRADABLE: "its answer cannot be graded",
    ReasonCode.NO_VOTE: (
        "no answer can be voted for it: the --grader function brings no same(a, b)"
    ),
    ReasonCode.CONTAMINATED: "it overlaps a text of the --decontaminate files",
    ReasonCode.KNOWN: "it is equal or nearly equal to another problem",
    ReasonCode.LIKE_ITS_PARENT: "it is equal or nearly equal to its parent",
    ReasonCode.NOT_WHOLE: "the reply is not whole",
    ReasonCode.EMPTY: "the reply has no problem in it",
    ReasonCode.REFUSAL: "the model refused to write one",
    ReasonCode.MARKERS: "it speaks of the rewriting",
    ReasonCode.TOO_LONG: "it is longer than a problem may be",
    ReasonCode.CARRIES_SOLUTION: "it carries its own solution",
    ReasonCode.ASKS_FOR_PROOF: (
        "it asks for a proof or an explanation, which has no final answer to check"
    ),
    ReasonCode.SEVERAL_QUESTIONS: "it asks several questions",
    ReasonCode.ASKS_NOTHING: "it asks for nothing",
    ReasonCode.NOT_SELF_CONTAINED: "it is not self-contained",
    ReasonCode.PROMPT_EXAMPLE: "it repeats an example of the prompt",
    ReasonCode.PROMPT_WORDS: "it repeats the prompt's own words",
    ReasonCode.FEW_ANSWERS: "fewer than half of its solutions came to an answer",
    ReasonCode.THIN_MAJORITY: (
        "the first place of the vote is tied or has a share under --agreement"
    ),
    ReasonCode.DOUBTFUL_ANSWER: "its voted answer is too likely wrong",
    ReasonCode.NO_ANSWERS: (
        "none of its solutions came to an answer (are --max_tokens and the context large enough?)"
    ),
    ReasonCode.NO_VERDICTS: "its grader gave no verdict on any of its solutions",
    ReasonCode.SOLVED_ALWAYS: "solved always",
    ReasonCode.SOLVED_NEVER: "solved never",
    ReasonCode.SOLVE_RATE: "its solve rate is outside --min_solve_rate and --max_solve_rate",
    ReasonCode.ENDPOINT: "the endpoint gave no usable reply",
    ReasonCode.PROGRAM: "the program failed at it: the log has the traceback",
    ReasonCode.OTHER: "for a reason that this version does not know",
}


@dataclass(frozen=True)
class Reason:
    """Why a problem ended as it did.

    `detail` is the whole sentence about this problem where it says more than the code.
    """

    code: ReasonCode
    detail: str = ""

    def __str__(self) -> str:
        """Return the sentence that problems.jsonl holds."""
        return self.detail or self.code.sentence


def with_detail(code: ReasonCode, detail: str) -> Reason:
    """Return a reason whose sentence is the code's, followed by the detail in brackets."""
    return Reason(code, f"{code.sentence} ({detail})")


def read_reason(text: str | None, code: str | None, status: str) -> Reason | None:
    """Return the reason that a row states; rows of older runs state a sentence without a code."""
    if text is None:
        return None
    if code is None:
        known = _code_of_sentence(text, status)
    else:
        known = ReasonCode(code) if code in ReasonCode.__members__.values() else ReasonCode.OTHER
    return Reason(known, "" if text == known.sentence else text)


def sentence_of(code: str) -> str:
    """Return the sentence of a code in summary.json.

    Summaries of older runs have sentences instead of codes: they are returned as they are.
    """
    return ReasonCode(code).sentence if code in ReasonCode.__members__.values() else code


# How the sentences began before rows had a reason_code. A sentence that begins with a code's own
# sentence needs no line here.
_OLDER_BEGINNINGS = {
    "it repeats row ": ReasonCode.REPEATED_ROW,
    "it is equal or nearly equal to problem ": ReasonCode.KNOWN,
    "it is longer than ": ReasonCode.TOO_LONG,
    "only ": ReasonCode.FEW_ANSWERS,
    "the majority's share of the answers, ": ReasonCode.THIN_MAJORITY,
    "none of its ": ReasonCode.NO_ANSWERS,
    "its solve rate, ": ReasonCode.SOLVE_RATE,
}


def _code_of_sentence(text: str, status: str) -> ReasonCode:
    if status == Status.FAILED:
        return ReasonCode.ENDPOINT
    beginnings = _OLDER_BEGINNINGS | {sentence: code for code, sentence in SENTENCES.items()}
    return next(
        (code for start, code in beginnings.items() if text.startswith(start)), ReasonCode.OTHER
    )
