"""The functions that text of a model, a server or a seed file reaches, and texts hard on them.

`python -m tests.support.foreign_text LENGTH READER…` feeds texts of this length to the readers. It
writes a line before each call, so that the last line tells what was under way when the limit of a
call's work ended the process.
"""

from __future__ import annotations

import itertools
import json
import random
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from evolvemcts4rl.answers.choice import choice_of, options_in, read_choice
from evolvemcts4rl.answers.compare import compare_quick
from evolvemcts4rl.answers.extract import extract_answer, seed_answer
from evolvemcts4rl.answers.marked import marked_answer
from evolvemcts4rl.chat.dialect import ChatRequest, Dialect
from evolvemcts4rl.chat.faults import Fault, fatal_reason, fault_of_reply
from evolvemcts4rl.chat.journal import Totals
from evolvemcts4rl.chat.replies import read_completions
from evolvemcts4rl.chat.roles import Role
from evolvemcts4rl.exports.choice import ExportOptions
from evolvemcts4rl.exports.families import is_held_out
from evolvemcts4rl.exports.formats import rows_of_problem, rows_of_tree
from evolvemcts4rl.flag_groups.files import FORMATS
from evolvemcts4rl.labels.judge import first_wrong_step
from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.labels.planted import plant, worked_cases
from evolvemcts4rl.output.spending import spending
from evolvemcts4rl.output.summary import LabelCounts, print_summary, summarise
from evolvemcts4rl.problems.acceptance_rules import (
    RULES,
    read_problem,
    reason_if_leaking_prompt,
    reason_to_refuse,
)
from evolvemcts4rl.problems.novelty import Novelty, nearly_equal, template
from evolvemcts4rl.prompts import prompt_messages
from evolvemcts4rl.reasons import Reason, ReasonCode, Status
from evolvemcts4rl.records import Problem, Rollout
from evolvemcts4rl.report.markup import escape, text_block
from evolvemcts4rl.report.problem_card import problem_card
from evolvemcts4rl.show_tree import lines_of
from evolvemcts4rl.solutions.corrections import steps_announcing_correction
from evolvemcts4rl.solutions.steps import merge_steps, split_steps
from evolvemcts4rl.terminal import printable
from evolvemcts4rl.tree import Tree

# Characters for what makes tokens of a text several times over; reason_if_asking_nothing makes
# tokens of whole texts.
PART = 10_000
# Of processor time, for one call with 30,000 characters: what is linear takes less than half of it,
# and what is quadratic as much as four seconds with 100,000 characters.
CALL_SECONDS = 0.36
STATUSES = (400, 401, 403, 404, 422, 429, 500)

REQUEST = ChatRequest(
    "m", [{"role": "user", "content": "q"}], {"max_tokens": 9, "temperature": 0.7}, b"key"
)


def _read_content(text: str) -> None:
    choice = {
        "index": 0,
        "finish_reason": text,
        "message": {"content": text, "reasoning_content": text},
    }
    read_completions(
        json.dumps({"choices": [choice, choice | {"finish_reason": "stop"}]}).encode(),
        REQUEST,
        2,
        True,
    )


def _read_body(text: str) -> None:
    try:
        read_completions(text.encode(errors="replace"), REQUEST, 1, False)
    except Fault as fault:
        _read_fault(fault)


def _read_fault(fault: Fault) -> None:
    str(fault), fault.filtered, fault.too_long, fault.is_cut_off
    fatal_reason(fault, "host", "m", ["m"])
    sent = {"model": "m", "n": 4, "max_tokens": 9, "temperature": 0.7}
    Dialect("vllm").learn(fault, sent, REQUEST)


def _read_error_page(text: str) -> None:
    _read_fault_of_each_status(fault_of_reply(400, text, {"retry-after": text}))


def _read_error(text: str) -> None:
    body = json.dumps({"error": {"message": text, "code": text, "param": text}})
    _read_fault_of_each_status(fault_of_reply(400, body, {}))


def _read_fault_of_each_status(fault: Fault) -> None:
    """Read a fault with each status: the body was read without regard to it."""
    for status in STATUSES:
        _read_fault(replace(fault, status=status))


def _add_to_novelty(text: str) -> None:
    text = text[:PART]
    novelty = Novelty([text])
    novelty.add("0", text)
    novelty.contaminated(text)


def _leak(text: str) -> None:
    text = text[:PART]
    reason_if_leaking_prompt(text, text[1:], [{"role": "user", "content": text}])


def _print_summary(text: str) -> None:
    seed = Problem(
        text,
        text,
        text,
        agreement=0.9,
        status=Status.FAILED,
        reason=Reason(ReasonCode.ENDPOINT, text),
    )
    told = Problem(text, text, text, agreement=0.9, voted_answer=text, vote_agrees=False)
    policy = Role("policy", text, "--model_name")
    bought = spending(Totals(1), {"policy": Totals(), text: Totals(1)}, [policy], None)
    summary = {"seconds": 1.0} | summarise([seed, told], LabelCounts(), bought)
    print_summary(summary, Path(text), text, text)


def _tree(text: str) -> Tree:
    tree = Tree(text, text, text)
    tree.add(Rollout((text, "Add.", text), True), 0)
    tree.add(Rollout((text, "Halve."), False), 0)
    return tree


def _show_card(text: str) -> None:
    problem = Problem(text, text, text, "parent")
    list(problem_card(problem, _tree(text), {"parent": problem}, True))


def _export(text: str) -> None:
    options = ExportOptions(per_problem=1, step_tag=text[:1] or "ки")
    for name in FORMATS:
        rows_of_tree(name, LabelledTree(_tree(text)), options)
        problem = Problem(text, text, text, "parent", status=Status.SEARCHED)
        rows_of_problem(name, problem, options)
    is_held_out(text, 0.5)


READERS: Mapping[str, Callable[[str], object]] = {
    "acceptance_rules.read_problem": read_problem,
    **{f"acceptance_rules.{rule.__name__}": rule for rule in RULES},
    "acceptance_rules.reason_if_leaking_prompt": _leak,
    "acceptance_rules.reason_to_refuse": lambda text: reason_to_refuse(
        text[:2500], text[:PART], [{"content": text[:PART]}]
    ),
    "novelty.nearly_equal": lambda text: nearly_equal(
        template(text[:2900]), template(f"so {text[:2900]} on")
    ),
    "novelty.Novelty": _add_to_novelty,
    "prompts.prompt_messages": lambda text: prompt_messages("solve_problem", "m", question=text),
    "replies.read_completions of a content": _read_content,
    "replies.read_completions of a body": _read_body,
    "faults.fault_of_reply of a page": _read_error_page,
    "faults.fault_of_reply of an error": _read_error,
    "extract.extract_answer": extract_answer,
    "extract.seed_answer": seed_answer,
    "compare.compare_quick of a gold": lambda text: compare_quick(text, "5"),
    "compare.compare_quick of an answer": lambda text: compare_quick("5", text),
    "compare.compare_quick of both": lambda text: compare_quick(text, f"{text}1"),
    "marked.marked_answer": marked_answer,
    "choice.options_in": options_in,
    "choice.choice_of": lambda text: choice_of("Which? A) red B) a (3)", text),
    "choice.read_choice": lambda text: read_choice(text, {"A": text, "B": "a"}),
    "steps.split_steps": split_steps,
    "steps.split_steps by a separator": lambda text: split_steps(text, "\n"),
    "steps.merge_steps": lambda text: merge_steps(split_steps(text, " "), 28),
    "corrections.steps_announcing_correction": lambda text: steps_announcing_correction(
        [text, text]
    ),
    "judge.first_wrong_step": lambda text: first_wrong_step(text, 9),
    "planted.plant": lambda text: plant("q", (text, "so"), random.Random(0)),
    "planted.worked_cases": lambda text: worked_cases([("0", "q", text)], None),
    "exports.formats": _export,
    "summary.print_summary": _print_summary,
    "markup.escape": lambda text: (escape(text), text_block(text)),
    "problem_card.problem_card": _show_card,
    "show_tree.lines_of": lambda text: list(lines_of(_tree(text))),
    "terminal.printable": printable,
}

# What the package looks for, pieces of it, and what is repeated in its expressions.
FRAGMENTS = [
    "a", "A", "x ", "1", "12 ", "1,", "1.", "-", "−", "+ ", "= ", "1 + 1 = ", "/", "^", "_",
    "*", "**", "~", "`", "```", " ", "\t", "\n", "\n\n", "\r\n", "\u00a0", "\u2028", "\x1b",
    "\u202e", "\x00", "é", "é ", "漢", "ー", "½", "\u0301\u0327", "\ufdfa", "İ", "ß", "(", ")",
    "()", "(a) ", "[", "]", "[]", "{", "}", "{}", "}{", "<", ">", "<>", "|", "| a ", "\\",
    "\\\\", "$", "$$", "$x$", "\\(", "\\)", "\\[", "\\]", "&", "#", "####", "#### 1 ", "%",
    "!", "?", "? ", ".", ". ", ":", ";", "\"", "'", "“", "…", "<problem>", "</problem>",
    "<problem></problem>", "<think>", "</think>", "<script", "<script>", "</script>",
    "<style>", "<!--", "-->", "{{question}}", "=== user\n", "\\boxed", "\\boxed{", "\\boxed{}",
    "boxed{", "\\boxed 1", "\\fbox{1}", "\\text{", "\\text{different ", "different ", "\\frac",
    "\\frac{1}", "\\frac{1}{2}", "\\sqrt{", "\\left(", "\\right)", "\\begin{",
    "\\begin{array}", "\\end{array}", "\\begin{pmatrix}1", "\\\\ ", "\\cup ", "\\in ", "\\pi",
    "\\overline{1}", "\\circ", "answer", "answer ", "answer*", "the answer is ", "answer for ",
    "Final Answer: ", "solution is ", "therefore, ", "so ", "Step 1: ", "step ", "step is ",
    "index ", "### Step 1\n", "1. ", "- ", "• ", "Problem 1: ", "First, ", "首先", "wait, ",
    "Wait, no. ", "let me check ", "mistake ", "actually ", "sorry ", "I'm sorry", "sure, ",
    "here is the ", "new problem ", "problem ", "how many ", "the ", "in the figure ",
    "hint: ", "solution: ", "where ", "and ", "or ", "dollars ", "square ", "per ",
    "5 million ", "10^", "9^{9^", "1e9", "1!", "!!", "0.", ".0", "1_", "2:30", "no model ",
    "does not exist ", "maximum context length ", "n must be 1 ", "content_filter ",
    "unsupported ", "'n' ", "null", "[{", "{\"a\":", "\"a\",", "Mon, 01 Jan ", "12:00:00 ",
    "GMT ", "A) ", "\nA. ", "\\textbf{(A)} ", "\\qquad ", "option B ",
]  # fmt: skip
# What begins something that an expression looks for the end of.
OPENINGS = [
    *("answer", "the answer is ", "answer for ", "\\boxed{", "\\text{", "$"),
    *("(", "1", "a ", "**", "Step 1: ", "- "),
]
RUNS = ["*", " ", "\n", "x ", "x", "1", "-", "\\", "{", "(", ". "]
SHORT_LENGTHS = [200, 2000]  # characters
TAILS = ["", " (3) = 5", "!", "\n="]
# How many of each kind a reader is fed, beside each fragment alone.
RUNS_BEHIND_OPENINGS, SHORT_TEXTS, COMBINATIONS = 12, 150, 8


def repeated(loop: str, length: int, head: str = "", tail: str = "") -> str:
    """Return head, as many loops as give this length, and tail."""
    return head + loop * (length // len(loop)) + tail


def texts(length: int, reader: str) -> Iterator[str]:
    """Yield each fragment in a loop alone, and a sample of other texts: the same for a reader.

    Every reader has a sample of its own, so that together they meet many texts of each kind.
    """
    for fragment in FRAGMENTS:
        yield repeated(fragment, length)
    rng = random.Random(reader)
    for opening, run in rng.sample([*itertools.product(OPENINGS, RUNS)], RUNS_BEHIND_OPENINGS):
        yield repeated(run, length, opening)
    # Where readers give up on long texts, short ones must not be hard: these keep an expression
    # from matching at their end.
    kinds = [*itertools.product(SHORT_LENGTHS, FRAGMENTS, TAILS)]
    for short, fragment, tail in rng.sample(kinds, SHORT_TEXTS):
        yield repeated(fragment, short, tail=tail)
    for _ in range(COMBINATIONS):
        head, tail, *loop = rng.choices(FRAGMENTS, k=rng.randint(3, 5))
        yield repeated("".join(loop), length, head, tail)


def main() -> None:
    """Feed all texts to the readers that are named on the command line."""
    length, *names = sys.argv[1:]
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process, inside an expression too
    out, sys.stdout = sys.stdout, open("/dev/null", "w")  # noqa: SIM115, print_summary's own output
    for name in names:
        for text in texts(int(length), name):
            print(json.dumps([name, text[:60]]), file=out, flush=True)
            signal.setitimer(signal.ITIMER_PROF, CALL_SECONDS)
            READERS[name](text)


if __name__ == "__main__":
    main()
