"""One problem in the report: its origin, a right solution beside wrong ones, and its whole tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evolvemcts4rl.labels.labelling import LabelledTree, labelled_solutions
from evolvemcts4rl.records import Problem
from evolvemcts4rl.report.markup import balance, escape, percent, pluralise, text_block
from evolvemcts4rl.tree import Node, Tree

MOST_COLUMNS = 4  # solutions shown side by side
MOST_NODES = 400  # steps of a tree shown
MOST_INDENT = 12
_VERDICTS = {True: "✓ right answer", False: "✗ wrong answer", None: "· no answer"}

Path = Sequence[Node]


def first_error(path: Path) -> int | None:
    """Return the index of the first step whose label is false; None where there is none."""
    return next((place for place, node in enumerate(path) if node.label is False), None)


def instructive(labelled_tree: LabelledTree) -> tuple[bool, bool, bool, float]:
    """Return a sort key that grows with how much there is to learn from a tree.

    Best are trees with right and wrong solutions and a first error after a right step; among them,
    those where the belief falls most at such an error.
    """
    ends = {path[-1].correct for path in labelled_tree.solutions}
    falls = [_fall(path) for path, _, _ in labelled_tree.labelled if not path[-1].correct]
    both, inside = ends == {True, False}, max(falls, default=0.0)
    return both and inside > 0, both, bool(labelled_tree.labelled), inside


def chosen_solutions(tree: Tree) -> list[Path]:
    """Return the solutions to show side by side.

    These are a right one, wrong ones with different first errors, and one whose answer is right in
    spite of an error, as far as there are such.
    """
    located = {path[-1] for path in labelled_solutions(tree)}

    def worth(path: Path) -> tuple[bool, float, bool]:
        return path[-1] in located, _fall(path), path[-1].searched

    solutions = sorted(tree.solutions(), key=worth, reverse=True)
    right = [path for path in solutions if path[-1].correct]
    clean = [path for path in right if first_error(path) is None]
    lucky = [path for path in right if first_error(path) is not None]
    clean.sort(key=lambda path: path[-1].p_correct or 0.0, reverse=True)
    wrong: dict[Node, Path] = {}
    for path in solutions:
        if not path[-1].correct:
            place = first_error(path)
            wrong.setdefault(path[-1 if place is None else place], path)
    beside = [*clean[:1], *lucky[:1]]
    return [*clean[:1], *list(wrong.values())[: MOST_COLUMNS - len(beside)], *lucky[:1]]


def problem_card(
    problem: Problem, tree: Tree, ancestors: Mapping[str, Problem], unfolded: bool
) -> Iterator[str]:
    """Yield the HTML of one problem, in pieces; `ancestors` are looked up by their question_id."""
    shown, right, wrong = "open" if unfolded else "", *_labels(tree)
    yield f'<details class="problem" {shown}><summary><code>{escape(problem.question_id)}</code> '
    yield f"{_chip(problem.mutation)} {_solved(problem)} {balance(right, wrong)} "
    yield f'<span class="start" dir="auto">{escape(problem.question)}</span></summary>\n'
    yield text_block(problem.question)
    answer = escape(tree.final_answer or "none")
    yield f'<p><b>Answer</b> <span class="answer" dir="auto">{answer}</span> '
    yield f"{_vote(problem)}</p>\n"
    yield from _lineage(problem, ancestors)
    located = {path[-1] for path in labelled_solutions(tree)}
    yield '<div class="solutions">\n'
    for path in chosen_solutions(tree):
        yield from _solution(path, path[-1] in located)
    yield "</div>\n"
    yield from _tree(tree, right, wrong)
    yield "</details>\n"


def _fall(path: Path) -> float:
    """Return how far p_correct falls at the first error; 0 where no right step precedes it."""
    place = first_error(path)
    if not place:
        return 0.0
    before, after = path[place - 1].p_correct, path[place].p_correct
    return 0.0 if before is None or after is None else before - after


def _labels(tree: Tree) -> tuple[int, int]:
    labels = [node.label for _, _, node in _walk(tree)]
    return labels.count(True), labels.count(False)


def _walk(tree: Tree) -> Iterator[tuple[int, int, Node]]:
    """Yield depth, indent and node of every step, parents first.

    Only the steps after a fork are indented further.
    """
    stack = [(1, 0, child) for child in reversed(tree.root.children)]
    while stack:
        depth, indent, node = stack.pop()
        yield depth, indent, node
        below = indent + (len(node.children) > 1)
        stack.extend((depth + 1, below, child) for child in reversed(node.children))


def _chip(text: str) -> str:
    words = "seed" if text == "identity" else text.replace("_", " ")
    return f'<span class="chip">{escape(words)}</span>'


def _solved(problem: Problem) -> str:
    if problem.solve_rate is None:
        return ""
    return f'<span class="chip">solved {problem.solve_rate:.0%}</span>'


def _vote(problem: Problem) -> str:
    if problem.agreement is None:
        return ""
    share = f"{problem.agreement:.0%}"
    if problem.vote_agrees is None:
        found = f"its solutions agree on no answer (the most common ones have {share})"
    elif problem.vote_agrees:
        found = f"given by {share} of its first solutions"
    else:
        voted = problem.voted_answer
        rival = f"<b>{escape(voted)}</b>" if voted else "another answer"
        found = f"the most common answer of its solutions is {rival} ({share})"
    return f'<span class="{"doubt" if problem.vote_agrees is False else "quiet"}">{found}</span>'


def _lineage(problem: Problem, ancestors: Mapping[str, Problem]) -> Iterator[str]:
    """Yield the problems from which this one was evolved, the nearest first."""
    if problem.parent_id is None:
        return
    yield f"<details><summary>Evolved from <code>{escape(problem.parent_id)}</code> by "
    yield f"{_chip(problem.mutation)}</summary>\n"
    seen, parent = {problem.question_id}, ancestors.get(problem.parent_id)
    while parent and parent.question_id not in seen:
        seen.add(parent.question_id)
        yield f"<p><code>{escape(parent.question_id)}</code> {_chip(parent.mutation)} "
        yield f"{_solved(parent)}</p>\n"
        yield text_block(parent.question)
        parent = ancestors.get(parent.parent_id or "")
    yield "</details>\n"


def _solution(path: Path, located: bool) -> Iterator[str]:
    """Yield one solution as a column of steps."""
    end, error = path[-1], first_error(path)
    verdict = _VERDICTS[end.correct]
    times = f" <small>written {end.times} times</small>" if end.times > 1 else ""
    times += "".join(f" <small>given as {escape(each)}</small>" for each in end.solution_ids)
    kind = _kind_of(end.correct)
    yield f'<section class="solution {kind}"><h4>{verdict}{times}</h4>\n'
    yield f"<p>{_finding(path, error, located)}</p>\n<ol>\n"
    for place, node in enumerate(path):
        later = " later" if error is not None and place > error else ""
        yield f'<li class="{_kind(node)}{later}">'
        if place == error:
            yield f'<span class="error">{"first error" if located else "first error?"}</span>'
        yield f"{text_block(node.text)}{_measures(node)}</li>\n"
    yield "</ol></section>\n"


def _finding(path: Path, error: int | None, located: bool) -> str:
    """Return what was found out about a solution, in a few words."""
    if path[-1].p_correct is None or (error is None and not path[-1].correct):
        found = "its first error is not known"
    elif error is None:
        found = "no wrong step found"
    else:
        found = (
            f"first error in step {error + 1} of {len(path)}{'' if located else ', not certain'}"
        )
    for judge, error in (path[-1].judgements or {}).items():
        named = "no wrong step" if error < 0 else f"step {error + 1}"
        found += f"; {escape(judge)} names {named}"
    return found


def _kind(node: Node) -> str:
    return _kind_of(node.label)


def _kind_of(verdict: bool | None) -> str:
    return {True: "right", False: "wrong", None: "unknown"}[verdict]


def _measures(node: Node) -> str:
    """Return p_correct as a meter, and mc_value with its counts."""
    parts = []
    if node.p_correct is not None:
        meter = f'<i class="meter"><i style="width:{percent(node.p_correct, 1)}"></i></i>'
        parts.append(f"<span>{meter} p_correct {node.p_correct:.2f}</span>")
    if node.state == "mended":
        parts.append(f"<span>mended {node.p_mended:.2f}</span>")
    if node.mc_value is not None:
        counts = f"{node.num_correct} of {node.num_rollouts} right"
        parts.append(f"<span>mc_value {node.mc_value:.2f} ({counts})</span>")
    return f'<div class="measures">{"".join(parts) or "not labelled"}</div>'


def _tree(tree: Tree, right: int, wrong: int) -> Iterator[str]:
    """Yield every step of the tree, parents first, in a part that is folded away.

    The rows are siblings, so that no tree is too deep for a browser.
    """
    nodes, ends = 0, 0
    for _, _, node in _walk(tree):
        nodes, ends = nodes + 1, ends + node.is_end
    about = f"{pluralise(nodes, 'step')}, {pluralise(ends, 'distinct solution')}, "
    about += f"{right:,} labelled right, {wrong:,} wrong"
    yield f'<details><summary>The whole tree <span class="quiet">{about}</span></summary>\n'
    yield '<div class="tree">\n'
    root = tree.root
    if root.num_rollouts:
        yield '<div class="unknown"><b>0</b><span>the problem itself</span>'
        yield f"{_measures(root)}</div>\n"
    for row, (depth, indent, node) in enumerate(_walk(tree)):
        if row == MOST_NODES:
            yield f"<p>{pluralise(nodes - row, 'more step')}: see tree.jsonl.</p>\n"
            break
        end = last = ""
        if node.is_end:
            end = f" {_VERDICTS[node.correct][0]}" + f"×{node.times}" * (node.times > 1)
            last = " end"
        text = " ".join(node.text.split())
        yield f'<div class="{_kind(node)}{last}" style="--indent:{min(indent, MOST_INDENT)}">'
        yield f"<b>{depth}{end}</b>"
        yield f'<span dir="auto">{escape(text)}</span>{_measures(node)}</div>\n'
    yield "</div></details>\n"
