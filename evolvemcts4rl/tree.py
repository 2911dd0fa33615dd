"""The tree of one problem: all prefixes and rollouts, and what is believed of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from evolvemcts4rl.records import Rollout


@dataclass(eq=False)
class Node:
    """A prefix of a problem's tree, named by its last step.

    The counts are of rollouts that have a verdict: those that started here, and those that wrote
    this step themselves and went on. Each is a fair sample of how the model goes on from here.
    `correct` to `judge_reasoning` are set at the last node of a whole solution only.
    """

    text: str = ""
    num_rollouts: int = 0
    num_correct: int = 0
    # The belief that every step up to here is right; None where nothing was found out.
    p_correct: float | None = None
    children: list[Node] = field(default_factory=list)
    correct: bool | None = None  # whether the solution's answer is right
    times: int = 0  # how many rollouts ended here, word for word the same
    searched: bool = False  # whether the first error of this wrong solution was looked for
    # The first wrong step that each judge names, by the judge's name; -1 says that there is none.
    judgements: dict[str, int] | None = None
    judge_reasoning: dict[str, str] | None = None  # the judges' words, where they are kept
    # The belief that there was an error before and that a step up to here has repaired it; None
    # where p_correct is, and in solutions that are no thoughts.
    p_mended: float | None = None
    # Of the counts, the rollouts that started here.
    num_started: int = 0
    num_started_correct: int = 0
    # Of the solutions that were given with the problem and end here. They are in none of the
    # counts, since the model did not write them; one without a readable answer has no `correct`.
    solution_ids: list[str] = field(default_factory=list)

    @property
    def is_end(self) -> bool:
        """Return whether a whole solution ends here."""
        return self.correct is not None or bool(self.solution_ids)

    @property
    def ids_or_none(self) -> list[str] | list[None]:
        """Return the ids of the solution that ends here: a single None where it was not given."""
        return self.solution_ids or [None]

    @property
    def mc_value(self) -> float | None:
        """Return right / all of the rollouts that pass here or start here; None without any."""
        return self.num_correct / self.num_rollouts if self.num_rollouts else None

    @property
    def started_value(self) -> float | None:
        """Return the same of the rollouts that started here: OmegaPRM's MC(s) of a searched s."""
        return self.num_started_correct / self.num_started if self.num_started else None

    @property
    def label(self) -> bool | None:
        """Return whether every step up to here is believed to be right; None where nothing is."""
        return None if self.p_correct is None else self.p_correct >= 0.5

    @property
    def state(self) -> str | None:
        """Return what a thought is up to here: right, wrong since a slip, mended, or None."""
        if self.p_correct is None or self.p_mended is None:
            return None
        wrong = 1 - self.p_correct - self.p_mended
        chances = {"right": self.p_correct, "mended": self.p_mended, "wrong": wrong}
        return max(chances, key=lambda state: chances[state])

    def child(self, text: str, last: bool) -> Node:
        """Return the child with this step, which is made where there is none yet.

        Steps are the same where only the whitespace around them differs. `last` says that the
        solution ends with the step. A solution's end has no whitespace after it, so the text that
        is kept is that of the first solution that goes on.
        """
        step = text.strip()
        for node in self.children:
            if node.text.strip() == step:
                if not last and not node.children:
                    node.text = text
                return node
        node = Node(text)
        self.children.append(node)
        return node

    def counts(self) -> dict[str, Any]:
        """Return the counts and the belief of the node, as its rows have them."""
        row = {
            "mc_value": self.mc_value,
            "num_rollouts": self.num_rollouts,
            "num_correct": self.num_correct,
            "p_correct": self.p_correct,
            "label": self.label,
        }
        if self.p_mended is not None:
            return {**row, "p_mended": self.p_mended, "state": self.state}
        return row

    def to_json(self) -> dict[str, Any]:
        """Return the node as it stands in tree.jsonl, with all that is below it."""
        started = {
            "num_started": self.num_started,
            "num_started_correct": self.num_started_correct,
        }
        row = {"text": self.text, **self.counts(), **started}
        if self.is_end:
            row.update(correct=self.correct, times=self.times, searched=self.searched)
            if self.judgements:
                row["judgements"] = self.judgements
            if self.judge_reasoning:
                row["judge_reasoning"] = self.judge_reasoning
            if self.solution_ids:
                row["solution_ids"] = self.solution_ids
        row["children"] = [child.to_json() for child in self.children]
        return row

    @staticmethod
    def from_json(row: dict[str, Any]) -> Node:
        """Return the node of a row of tree.jsonl."""
        children = [Node.from_json(child) for child in row["children"]]
        node = Node(
            row["text"], row["num_rollouts"], row["num_correct"], row["p_correct"], children
        )
        if "correct" in row:
            node.correct, node.times, node.searched = row["correct"], row["times"], row["searched"]
            node.judgements, node.judge_reasoning = _judgements(row), row.get("judge_reasoning")
            node.solution_ids = row.get("solution_ids", [])
        node.p_mended = row.get("p_mended")
        if "num_started" in row:
            node.num_started = row["num_started"]
            node.num_started_correct = row["num_started_correct"]
        else:
            node._count_what_passes()
        return node

    def _count_what_passes(self) -> None:
        """Complete the counts of a row of earlier versions, which are of what started here alone.

        All that wrote this step itself ended here, or wrote a step after it too; its children are
        complete already.
        """
        self.num_started, self.num_started_correct = self.num_rollouts, self.num_correct
        self.num_rollouts, self.num_correct = self.times, self.times if self.correct else 0
        for child in self.children:
            self.num_rollouts += child.num_rollouts - child.num_started
            self.num_correct += child.num_correct - child.num_started_correct


@dataclass
class Tree:
    """All prefixes and rollouts of one problem: a row of tree.jsonl."""

    question_id: str
    question: str
    final_answer: str | None  # None where a grader of the user's needs none
    root: Node = field(default_factory=Node)
    p_answer: float = 1.0  # the chance that final_answer is right
    # What each judge's verdicts cost: prompt and completion tokens.
    judge_tokens: dict[str, list[int]] = field(default_factory=dict)

    def add(self, rollout: Rollout, start: int) -> list[Node]:
        """Add a rollout that started after `start` steps; return its nodes without the root.

        A given solution enters no count.
        """
        given = rollout.solution_id is not None
        node, path = self.root, []
        for depth in range(len(rollout.steps) + 1):
            if depth >= start and not given:
                node.num_rollouts += 1
                node.num_correct += bool(rollout.verdict)
            if depth == start and not given:
                node.num_started += 1
                node.num_started_correct += bool(rollout.verdict)
            if depth < len(rollout.steps):
                node = node.child(rollout.steps[depth], last=depth == len(rollout.steps) - 1)
                path.append(node)
        if rollout.solution_id is None:
            node.correct = rollout.verdict
            node.times += 1
        else:
            node.correct = rollout.verdict if node.correct is None else node.correct
            node.solution_ids.append(rollout.solution_id)
        return path

    def nodes(self) -> list[Node]:
        """Return all nodes but the root, parents before children."""
        found = list(self.root.children)
        for node in found:  # the list grows while it is walked
            found += node.children
        return found

    def solutions(self) -> Iterator[list[Node]]:
        """Yield each whole solution as its nodes without the root, depth first."""
        path: list[Node] = []
        stack = [(child, 0) for child in reversed(self.root.children)]
        while stack:
            node, depth = stack.pop()
            del path[depth:]
            path.append(node)
            if node.is_end:
                yield path.copy()
            stack += [(child, depth + 1) for child in reversed(node.children)]

    def to_json(self) -> dict[str, Any]:
        """Return the row as it stands in tree.jsonl."""
        row: dict[str, Any] = {
            "question_id": self.question_id,
            "question": self.question,
            "final_answer": self.final_answer,
        }
        if self.p_answer < 1:
            row["p_answer"] = self.p_answer
        if self.judge_tokens:
            row["judge_tokens"] = self.judge_tokens
        return row | {"reasoning_steps": self.root.to_json()}

    @staticmethod
    def from_json(row: dict[str, Any]) -> Tree:
        """Return the tree of a row of tree.jsonl."""
        return Tree(
            row["question_id"],
            row["question"],
            row["final_answer"],
            Node.from_json(row["reasoning_steps"]),
            row.get("p_answer", 1.0),
            row.get("judge_tokens", {}),
        )


def _judgements(row: dict[str, Any]) -> dict[str, int] | None:
    """Return the verdicts of a row; there was one judge, unnamed, in earlier versions."""
    if (error := row.get("judged_error")) is not None:
        return {"judge": error}
    return row.get("judgements")
