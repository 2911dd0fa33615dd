import io
import json
import re
import tracemalloc
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.reasons import Reason, ReasonCode, Status
from evolvemcts4rl.records import Problem, Rollout
from evolvemcts4rl.report.markup import escape
from evolvemcts4rl.report.page import most_instructive, write_report
from evolvemcts4rl.report.problem_card import chosen_solutions, first_error, instructive
from evolvemcts4rl.tree import Node, Tree
from tests.support.fast import examples

HOSTILE = (
    "<script>alert(1)</script>",
    "</details></main></style></title><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)\" style='position:fixed' x='",
    "&lt;script&gt; &#60;b&#62; &amp;",
    "<!-- ]]> <![CDATA[ <svg/onload=alert(1)>",
    "zero\0 bell\a escape\x1b[31m delete\x7f next\x85 half\ud800",
    "price \u202e001\u202c, \u2066isolate\u2069, \u200bzero width, \ufeffmark, \U000e0041tag",
    "word" * 50_000,
    "a\u0301" * 9_000,
    "\r\nline\r\nline\u2028line\n" * 20,
    "سؤال: كم تفاحة؟ 步骤2：再减去三。 👩‍👩‍👧",
)
VOID = {"meta", "rect", "path", "img", "br", "link", "input", "base"}


class Page(HTMLParser):
    """Reads a page, refusing tags that do not balance; keeps the tags, their attributes and the
    words."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend((tag, name, value) for name, value in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend((tag, name, value) for name, value in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


def because(sentence: str) -> Reason:
    """Return a reason that is told in this sentence."""
    return Reason(ReasonCode.OTHER, sentence)


def summary_of(
    problems: Sequence[Problem] = (),
    trees: Sequence[Tree] = (),
    changed: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "complete": True,
        "seconds": 12.3,
        "problems": {"searched": len(problems)},
        "mutations": {"identity": len(problems)},
        "reasons": {},
        "majority_against_stated_answer": [],
        "completions": 20,
        "prompt_tokens": 1500,
        "completion_tokens": 2500,
        "money": None,
        "trees": len(trees),
        "rollouts": 8,
        "labelled_steps": {"right": 3, "wrong": 1},
        "labelled_solutions": {"right": 1, "wrong, error found": 1},
        "first_errors_by_fifth_of_the_solution": [0, 0, 1, 0, 0],
    } | (changed or {})


def page_of(
    problems: list[Problem],
    trees: list[Tree],
    changed: dict[str, Any] | None = None,
    most_trees: int = 50,
) -> str:
    file = io.StringIO()
    write_report(
        file,
        summary_of(problems, trees, changed),
        lambda: problems,
        most_instructive(map(LabelledTree, trees), most_trees),
    )
    return file.getvalue()


def searched(question_id: str, words: str = "a step", **fields: Any) -> tuple[Problem, Tree]:
    """A problem and its tree: two right solutions, and a wrong one whose second step is the first
    error."""
    tree = Tree(question_id, f"question {words}", f"answer {words}")
    tree.add(Rollout((f"start {words}\n\n", f"right {words}"), True), 0)
    tree.add(Rollout((f"start {words}\n\n", f"slip {words}\n\n", f"end {words}"), False), 0)
    tree.add(Rollout((f"start {words}\n\n", f"slip {words}\n\n", f"end {words}"), False), 2)
    start = tree.root.children[0]
    start.p_correct = start.children[0].p_correct = 0.97
    start.children[1].p_correct = start.children[1].children[0].p_correct = 0.04
    problem = Problem(
        question_id,
        tree.question,
        tree.final_answer,
        status=Status.SEARCHED,
        solve_rate=0.5,
        **fields,
    )
    return problem, tree


def test_first_error_is_marked_in_the_wrong_solution_beside_the_right_one() -> None:
    problem, tree = searched("000001")
    html = page_of([problem], [tree])
    columns = re.findall(r'<section class="solution (\w+)">.*?</section>', html, re.S)
    assert columns == ["right", "wrong"]
    assert re.findall(r'<li class="([\w ]+)">', html) == [
        "right",
        "right",
        "right",
        "wrong",
        "wrong later",
    ]
    assert re.search(
        r'<li class="wrong"><span class="error">first error</span>'
        r'<div class="said" dir="auto">slip',
        html,
    )
    text = Page(html).text
    assert "first error in step 2 of 3" in text
    assert "p_correct 0.97" in text
    assert "p_correct 0.04mc_value 0.00 (0 of 2 right)" in text


def test_a_given_solution_is_named_with_its_verdict_or_without_one() -> None:
    problem, tree = searched("000001")
    end = tree.root.children[0].children[1].children[0]
    end.solution_ids, end.correct = ["mine <b>"], None
    html = page_of([problem], [tree])
    assert re.findall(r'<section class="solution (\w+)">', html) == ["right", "unknown"]
    assert "· no answer" in html
    assert "given as mine &lt;b&gt;" in html


def test_figures_of_the_run_are_told() -> None:
    problem, tree = searched("000001")
    changed = {
        "money": 3.5,
        "complete": False,
        "run": "my run",
        "resume_command": "the same command without --overwrite",
    }
    text = Page(page_of([problem], [tree], changed)).text
    assert "EvolveMCTS4RL my run" in text
    assert "This run is not complete: the same command without --overwrite continues it." in text
    assert "1,500 in · 2,500 out · costing 3.50 · 20 completions · 12 seconds" in text
    assert "3 right · 1 wrong" in text


@pytest.mark.parametrize("words", HOSTILE)
def test_nothing_that_others_wrote_becomes_markup(words: str) -> None:
    problem, tree = searched(
        "000001", words, parent_id=words, mutation=words, agreement=0.4, vote_agrees=False
    )
    parent = Problem(words, words, words, status=Status.DROPPED, reason=because(words))
    contradicted = [{"question_id": words, "stated": words, "voted": words, "agreement": 0.9}]
    changed = {
        "reasons": {words: 1},
        "mutations": {words: 1},
        "problems": {words: 2},
        "run": words,
        "majority_against_stated_answer": contradicted,
    }
    html = page_of([problem, parent], [tree], changed)
    plain = page_of([problem, parent], [tree])
    html.encode()
    page = Page(html)
    assert set(page.tags) <= set(Page(plain).tags) | {"table", "thead", "tbody", "tr", "th", "td"}
    assert not {"script", "img"} & set(page.tags)
    own = {"class", "style", "dir", "open", "lang", "charset", "content", "name", "http-equiv"}
    own |= {"role", "aria-label", "viewbox", "width", "height", "x", "y", "rx", "d"}
    assert {name for _, name, _ in page.attributes} <= own
    styles = {
        re.sub(r"\d+(\.\d+)?%?", "0", value or "")
        for _, name, value in page.attributes
        if name == "style"
    }
    assert styles <= {"width:0", "--indent:0"}
    assert len(html) < 400_000


@given(st.text())
@settings(max_examples=examples(200), deadline=None)
def test_safe_text_has_neither_markup_nor_unseen_characters(text: str) -> None:
    out = escape(text)
    assert not re.search(
        "[<>\"'\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", out
    )
    out.encode()


def test_unseen_characters_are_named() -> None:
    assert escape("a\u202eb\0c") == "a‹U+202E›b‹U+0000›c"


def test_cut_text_says_how_much_is_missing() -> None:
    assert escape("x" * 1500, 100) == "x" * 100 + " … and 1,400 characters more"


def test_page_fetches_and_executes_nothing() -> None:
    problem, tree = searched("000001")
    html = page_of([problem], [tree])
    page = Page(html)
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    assert ("meta", "content", policy) in page.attributes
    assert not re.search(r"\b(src=|href|url\(|@import|https?:)", html)


def test_most_instructive_trees_come_first_and_the_others_are_counted() -> None:
    pairs = [searched(f"{number:06}") for number in range(4)]
    for node in pairs[0][1].root.children[0].children[1:]:
        node.correct, node.children = False, []
    pairs[1][1].root.children[0].p_correct = 0.6
    pairs[3][1].root.children.clear()
    html = page_of([problem for problem, _ in pairs], [tree for _, tree in pairs], most_trees=2)
    assert re.findall(r'<details class="problem" open><summary><code>(\d+)', html) == [
        "000000",
        "000002",
    ]
    assert "2 of 4 trees" in html
    assert "2 are not shown" in html
    assert instructive(LabelledTree(pairs[3][1])) == (False, False, False, 0.0)


def test_lineage_is_shown_whatever_the_order_of_the_rows() -> None:
    child, tree = searched("000001-r2", parent_id="000001-r1", mutation="add_constraints")
    middle = Problem(
        "000001-r1",
        "the middle question",
        "3",
        parent_id="000001",
        mutation="deepen",
        status=Status.DROPPED,
    )
    seed = Problem("000001", "the seed question", "2", status=Status.NOT_SEARCHED)
    text = Page(page_of([child, middle, seed], [tree])).text
    assert "Evolved from 000001-r1 by add constraints" in text
    assert text.index("the middle question") < text.index("the seed question")


def test_circle_of_parents_ends() -> None:
    problem, tree = searched("a", parent_id="b")
    assert "Evolved from" in page_of([problem, Problem("b", "?", "1", parent_id="a")], [tree])


def test_problems_without_a_tree_are_listed_with_their_reason_and_the_rest_counted() -> None:
    refused = [
        Problem(f"{number:06}", "no question", None, status=Status.REFUSED, reason=because("empty"))
        for number in range(25)
    ]
    text = Page(page_of(refused, [], {"problems": {"refused": 25}})).text
    assert "25 problems without a tree" in text
    assert text.count("refused empty") == 20
    assert "5 are not shown" in text


def test_a_problem_that_is_solved_always_has_a_tree_and_is_not_listed_among_those_without() -> None:
    problem, tree = searched("000001")
    always = Problem(
        "000002",
        "asked",
        "1",
        status=Status.NOT_SEARCHED,
        solve_rate=1.0,
        reason=because("solved always (8 of 8)"),
    )
    never = Problem(
        "000003",
        "asked",
        "1",
        status=Status.NOT_SEARCHED,
        solve_rate=0.0,
        reason=because("solved never (0 of 8)"),
    )
    right = Tree("000002", "asked", "1")
    right.add(Rollout(("right",), True), 0)
    counts = {"problems": {"searched": 1, "not_searched": 2}}
    text = Page(page_of([problem, always, never], [tree, right], counts)).text
    assert "1 problem without a tree" in text
    assert text.count("000002") == 1
    assert "solved never (0 of 8)" in text
    assert "solved always" not in text


@pytest.mark.parametrize(
    ("vote", "words"),
    [
        ({"voted_answer": "5", "vote_agrees": True}, "given by 40% of its first solutions"),
        (
            {"voted_answer": "7", "vote_agrees": False},
            "the most common answer of its solutions is 7 (40%)",
        ),
        ({}, "its solutions agree on no answer (the most common ones have 40%)"),
    ],
)
def test_the_share_of_an_answer_is_told_of_the_answer_that_has_it(
    vote: dict[str, Any], words: str
) -> None:
    problem, tree = searched("000001", agreement=0.4, **vote)
    assert words in Page(page_of([problem], [tree])).text


def test_contradicted_answers_are_listed() -> None:
    row = {"question_id": "000007", "stated": "5", "voted": "6", "agreement": 0.875}
    seed = Problem("000007", "How many are left?", "5", status=Status.NOT_SEARCHED)
    text = Page(page_of([seed], [], {"majority_against_stated_answer": [row] * 30})).text
    assert re.search(r"000007\s?How many are left\?\s?5\s?6\s?88%", text)
    assert "10 more in summary.json" in text


def test_deep_tree_is_shown_up_to_a_limit_without_recursion() -> None:
    tree = Tree("000001", "long", "1")
    tree.add(Rollout(tuple(f"step {number}" for number in range(3000)), False), 0)
    html = page_of([Problem("000001", "long", "1", status=Status.SEARCHED)], [tree])
    page = Page(html)
    assert "3,000 steps" in page.text
    assert "2,600 more steps" in page.text


def test_wide_tree_shows_few_solutions() -> None:
    tree = Tree("000001", "wide", "1")
    for number in range(200):
        tree.add(Rollout((f"a{number}", f"b{number}"), number % 3 == 0), 0)
    assert len(chosen_solutions(tree)) == 4


def test_unlabelled_solution_has_no_first_error() -> None:
    assert first_error([Node("a", p_correct=0.9), Node("b")]) is None


@pytest.mark.slow
def test_memory_does_not_grow_with_the_run() -> None:
    def problems() -> Iterator[Problem]:
        for number in range(20_000):
            yield Problem(
                f"{number:06}",
                "question " * 20,
                None,
                status=Status.REFUSED,
                reason=because("it asks for nothing"),
            )

    def trees() -> Iterator[Tree]:
        for number in range(2_000):
            yield searched(f"{number:06}")[1]

    file = io.StringIO()
    tracemalloc.start()
    write_report(
        file,
        summary_of(changed={"trees": 2_000}),
        problems,
        most_instructive(map(LabelledTree, trees()), 5),
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_tree_read_from_its_file_gives_the_same_page() -> None:
    problem, tree = searched("000001")
    again = Tree.from_json(json.loads(json.dumps(tree.to_json())))
    assert page_of([problem], [again]) == page_of([problem], [tree])
