"""The data that travels between the modules, and its JSON. Words as in the README: seed, problem, solution, step, prefix, rollout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

Message = dict[str, str]  # one turn of a chat: {"role": "user" | "assistant" | "system", "content": text}
Prefix = tuple[str, ...]  # the steps of a solution up to some step; () is the problem itself

EMBEDDED_MODEL = "smollm2-135m"
MUTATIONS = (
    "add_constraints",
    "deepen",
    "concretize",
    "increase_reasoning",
    "complicate",
    "simplify",
    "switch_topic",
    "fresh_start",
)
FORMATS = ("steps", "prm", "sft", "dpo", "openai_dpo", "math_shepherd")


class UserError(Exception):
    """Something that the user can mend: its text is one sentence that names the thing and the way out."""


class EndpointError(Exception):
    """An endpoint gave no usable completion after all retries: the problem that asked is failed, the run goes on."""


class Refused(EndpointError):
    """The endpoint refuses this very request, now and later."""


class BudgetSpent(Exception):
    """--token_budget is used up: no new request is made; what is there is written."""


@dataclass(frozen=True)
class Settings:
    """Every flag of generate.py, under its own name; the defaults of the flags are the defaults here."""

    seed_file: str
    column_names: tuple[str, ...] = ("problem",)
    answer_column: str = "final_answer"
    output_dir: str | None = None
    limit: int | None = None
    overwrite: bool = False
    # the model
    model_name: str = "gpt-4o"
    base_url: tuple[str, ...] = ()
    temperature: float = 0.7
    top_p: float = 0.95
    max_tokens: int = 1024
    continuation: str = "auto"
    concurrency: int = 64
    timeout: float = 600.0
    max_retries: int = 5
    token_budget: int | None = None
    prices: tuple[float, float] | None = None
    # new problems
    evolve_rounds: int = 1
    mutations: tuple[tuple[str, float], ...] = tuple((name, 1.0) for name in MUTATIONS)
    language: str | None = None
    decontaminate: tuple[str, ...] = ()
    agreement: float = 0.5
    evolve_only: bool = False
    # the search
    num_solutions: int = 16
    num_branches: int = 4
    max_search: int = 4
    max_branches: int = 40
    confidence: float = 0.95
    min_solve_rate: float | None = None
    max_solve_rate: float | None = None
    estimator: str = "belief"
    judge_model: str | None = None
    step_separator: str | None = None
    random_seed: int = 0
    # the files
    formats: tuple[str, ...] = FORMATS
    keep: str = "all"

    @property
    def again(self) -> str:
        """The command that goes on where this run ends."""
        return "the same command without --overwrite" if self.overwrite else "the same command"


# Flags that decide how a run is carried out, not what it makes: they may differ when a run goes on.
FREE_SETTINGS = frozenset(
    {
        "base_url",
        "concurrency",
        "timeout",
        "max_retries",
        "token_budget",
        "prices",
        "overwrite",
        "formats",
        "keep",
        "output_dir",
    }
)


@dataclass(frozen=True)
class Completion:
    """One choice of one reply. `text` is what the model wrote after the prefix; `thought` is what it thought aloud before."""

    text: str
    finish_reason: str  # "stop", or why there is no verdict: "length", "content_filter", "refusal", "empty", …
    prompt_tokens: int = 0
    completion_tokens: int = 0
    thought: str = ""

    @property
    def whole(self) -> bool:
        """Whether the model came to an end of its own, so that the text can be judged."""
        return self.finish_reason == "stop" and bool(self.text.strip())


@dataclass(frozen=True)
class Rollout:
    """One completion from a prefix to the end. `steps` are all steps of the whole solution, the prefix included."""

    steps: Prefix
    verdict: bool | None  # correct, wrong, or none: such a rollout counts nowhere
    answer: str | None = None
    tokens: int = 0  # completion tokens


@dataclass(frozen=True)
class Problem:
    """A row of problems.jsonl: a seed, or a problem evolved from one."""

    question_id: str
    question: str
    final_answer: str | None
    parent_id: str | None = None
    mutation: str = "identity"
    round: int = 0
    agreement: float | None = None  # the majority answer's share among the first solutions
    solve_rate: float | None = None  # correct / judged among the first solutions
    status: str = "open"  # searched, not_searched, refused, dropped, failed, accepted (--evolve_only)
    reason: str | None = None
    voted_answer: str | None = None  # the majority answer, recorded beside the one that a seed states
    vote_agrees: bool | None = None  # whether the two are equal: where they are not, it is often the seed that is wrong

    @property
    def has_tree(self) -> bool:
        """Whether a problem at its end has a tree: it was searched, or solved always."""
        return self.status == "searched" or (self.status == "not_searched" and self.solve_rate == 1.0)

    def to_json(self) -> dict[str, Any]:
        """The row as it stands in problems.jsonl."""
        return asdict(self)

    @staticmethod
    def from_json(row: dict[str, Any]) -> Problem:
        """The problem of a row of problems.jsonl."""
        return Problem(**row)


@dataclass(eq=False)
class Node:
    """A prefix of a problem's tree, named by its last step. Counts are of the rollouts started here that have a verdict."""

    text: str = ""
    num_rollouts: int = 0
    num_correct: int = 0
    p_correct: float | None = None  # belief that every step up to here is right; None where nothing was found out
    children: list[Node] = field(default_factory=list)
    correct: bool | None = None  # of a whole solution's last node: whether its answer is right
    times: int = 0  # how many rollouts ended here, word for word the same
    searched: bool = False  # of a wrong solution's last node: whether its first error was looked for
    judged_error: int | None = None  # of a searched solution's last node: the judge's first wrong step, -1 for none

    @property
    def mc_value(self) -> float | None:
        """Math-Shepherd's value: the share of correct ones among the rollouts started here; None where none was."""
        return self.num_correct / self.num_rollouts if self.num_rollouts else None

    @property
    def label(self) -> bool | None:
        """Whether every step up to here is right, as far as is believed."""
        return None if self.p_correct is None else self.p_correct >= 0.5

    def child(self, text: str, last: bool) -> Node:
        """The child with this step, made where there is none yet; `last` says that the solution ends with it.

        The whitespace after a step makes no other step of it. What is kept is that of the first solution that goes on after
        the step, since a solution's end has none.
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
        """What was counted and is believed of the node, as its rows have it."""
        return {
            "mc_value": self.mc_value,
            "num_rollouts": self.num_rollouts,
            "num_correct": self.num_correct,
            "p_correct": self.p_correct,
            "label": self.label,
        }

    def to_json(self) -> dict[str, Any]:
        """The node as it stands in tree.jsonl, with all that is below it."""
        row = {"text": self.text, **self.counts()}
        if self.correct is not None:
            row.update(correct=self.correct, times=self.times, searched=self.searched)
            if self.judged_error is not None:
                row["judged_error"] = self.judged_error
        row["children"] = [child.to_json() for child in self.children]
        return row

    @staticmethod
    def from_json(row: dict[str, Any]) -> Node:
        """The node of a row of tree.jsonl."""
        children = [Node.from_json(child) for child in row["children"]]
        node = Node(row["text"], row["num_rollouts"], row["num_correct"], row["p_correct"], children)
        if "correct" in row:
            node.correct, node.times, node.searched = row["correct"], row["times"], row["searched"]
            node.judged_error = row.get("judged_error")
        return node


@dataclass
class Tree:
    """All prefixes and rollouts of one problem: a row of tree.jsonl."""

    question_id: str
    question: str
    final_answer: str
    root: Node = field(default_factory=Node)

    def add(self, rollout: Rollout, start: int) -> list[Node]:
        """Enter a rollout with a verdict that was started at the prefix of `start` steps; gives its path, the root left out."""
        node, path = self.root, []
        for depth in range(len(rollout.steps) + 1):
            if depth == start:
                node.num_rollouts += 1
                node.num_correct += bool(rollout.verdict)
            if depth < len(rollout.steps):
                node = node.child(rollout.steps[depth], last=depth == len(rollout.steps) - 1)
                path.append(node)
        node.correct = rollout.verdict
        node.times += 1
        return path

    def nodes(self) -> list[Node]:
        """All nodes but the root, parents before children."""
        found = list(self.root.children)
        for node in found:  # which grows meanwhile
            found += node.children
        return found

    def solutions(self) -> Iterator[list[Node]]:
        """Each whole solution as the path of its nodes, the root left out; where they part, the one found first comes first."""
        path: list[Node] = []
        stack = [(child, 0) for child in reversed(self.root.children)]
        while stack:
            node, depth = stack.pop()
            del path[depth:]
            path.append(node)
            if node.correct is not None:
                yield path.copy()
            stack.extend((child, depth + 1) for child in reversed(node.children))

    def to_json(self) -> dict[str, Any]:
        """The row as it stands in tree.jsonl."""
        row = {"question_id": self.question_id, "question": self.question, "final_answer": self.final_answer}
        return row | {"reasoning_steps": self.root.to_json()}

    @staticmethod
    def from_json(row: dict[str, Any]) -> Tree:
        """The tree of a row of tree.jsonl."""
        return Tree(row["question_id"], row["question"], row["final_answer"], Node.from_json(row["reasoning_steps"]))
