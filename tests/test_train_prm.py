"""The example that trains a PRM: what of a run it trains on, and how it measures."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolvemcts4rl.exports import families
from examples.prm_figures import (
    RECORDING,
    WAYS,
    Solution,
    auc,
    best_threshold,
    f1,
    first_solutions,
)
from examples.prm_rows import (
    BadInput,
    Coder,
    Row,
    family_of,
    fit,
    read_rows,
    read_runs,
    target_of,
    whole_steps,
)
from examples.train_prm import TINY_TEMPLATE, main
from tests.support.fast import examples


class Words:
    """A tokenizer whose tokens are the words of a text."""

    bos_token = None

    def __call__(self, text: str, add_special_tokens: bool = True) -> Any:
        return SimpleNamespace(input_ids=text.split())

    def apply_chat_template(
        self, turns: Sequence[dict[str, str]], tokenize: bool, add_generation_prompt: bool
    ) -> str:
        said = "".join(f" <{turn['role']}> {turn['content']} <end>" for turn in turns)
        return said + " <assistant> " if add_generation_prompt else said


class Forgetful(Words):
    """Shows the last turn alone, as templates do that take thoughts out of what was said before."""

    def apply_chat_template(
        self, turns: Sequence[dict[str, str]], tokenize: bool, add_generation_prompt: bool
    ) -> str:
        return super().apply_chat_template(turns[-1:], tokenize, add_generation_prompt)


WORDS = Coder(Words(), "token")


def prm_row(name: str = "000000", labels: Sequence[bool] = (True, False), **other: Any) -> Any:
    """Return a row of prm.jsonl whose steps are two words each."""
    count = len(labels)
    return {
        "question_id": name,
        "prompt": f"How much is {name} ?",
        "completions": [f"step {number}" for number in range(count)],
        "labels": list(labels),
        "p_correct": [0.95 if label else 0.03 for label in labels],
        "num_rollouts": [8] * count,
        "num_correct": [6 if label else 1 for label in labels],
        **other,
    }


def write(path: Path, rows: Sequence[Any]) -> Path:
    path.parent.mkdir(exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def row(labels: Sequence[bool]) -> Row:
    """Return a row with a problem of five words, and two for each step."""
    steps = tuple(f"step {number}" for number in range(len(labels)))
    return Row("f", "How much is it ?", steps, tuple(labels), ((0.0, 1.0),) * len(labels))


labels_of_a_row = st.tuples(st.integers(1, 8), st.booleans()).map(
    lambda drawn: [True] * (drawn[0] - 1) + [drawn[1]]
)


@settings(max_examples=examples(60), deadline=None)
@given(labels_of_a_row, st.data(), st.integers(0, 60))
def test_no_row_with_an_error_is_ever_cut_into_one_without(
    labels: list[bool], data: st.DataObject, max_length: int
) -> None:
    one = st.integers(1, 20)
    lengths = data.draw(st.lists(one, min_size=len(labels), max_size=len(labels)))
    kept = whole_steps(labels, lengths, max_length)
    assert sum(lengths[:kept]) <= max_length
    if labels[-1]:
        assert kept == len(labels) or list(accumulate(lengths))[kept] > max_length
    else:
        assert kept == (len(labels) if sum(lengths) <= max_length else 0)


def test_rows_that_are_left_out_and_cut_are_counted_aloud(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long_right, long_wrong = row([True] * 5), row([True] * 4 + [False])
    short = row([True, False])
    kept = fit([long_right, long_wrong, short], WORDS, 11)
    assert [(len(pieces), each.labels) for pieces, each in kept] == [
        (3, (True, True, True)),
        (2, (True, False)),
    ]
    assert all(len(pieces) == len(each.targets) for pieces, each in kept)
    told = capsys.readouterr().out
    assert "trained on 2 rows, 1 of them right ones cut after a whole step" in told
    assert "left out: 1 rows whose first error and 0 whose first step" in told
    with pytest.raises(BadInput, match="larger --max_length"):
        fit([long_right], WORDS, 6)


def test_a_piece_ends_with_its_step_or_where_its_sign_is_due() -> None:
    first: Any
    second: Any
    first, second = WORDS.pieces("Two words", ["one step", "another"])
    assert first == ["Two", "words", "one", "step"]
    assert second == ["another"]
    first, second = Coder(Words(), "chat").pieces("Two words", ["one step", "another"])
    assert first == ["<user>", "Two", "words", "one", "step", "<end>", "<assistant>"]
    assert second == ["+", "<end>", "<user>", "another", "<end>", "<assistant>"]
    with pytest.raises(BadInput, match="--head token"):
        Coder(Forgetful(), "chat").pieces("Two words", ["one step", "another"])


def test_targets_are_labels_chances_or_counts() -> None:
    assert target_of("hard", False, 0.03, 1, 8) == (1.0, 0.0)
    assert target_of("soft", False, 0.03, 1, 8) == (0.97, 0.03)
    assert target_of("counts", False, 0.03, 1, 8) == (7, 1)
    assert target_of("counts", False, 0.25, 0, 0) == (0.75, 0.25)
    assert target_of("counts", True, None, 0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("name", ["000004", "000004-r1", "a-r2-r11", "x-rest", "-r1", "7-r٣"])
def test_families_are_those_of_the_program(name: str) -> None:
    assert family_of(name) == families.family_of(name)


def test_no_problem_is_trained_on_that_any_run_holds_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"{number:06d}" for number in range(22)]
    one, other = tmp_path / "one", tmp_path / "other"
    write(one / "prm.jsonl", [prm_row(name) for name in (*names[:20], f"{names[3]}-r1")])
    write(one / "prm.test.jsonl", [prm_row(names[20])])
    write(other / "prm.jsonl", [prm_row(names[20]), prm_row(names[0])])
    write(other / "prm.test.jsonl", [prm_row(names[21])])
    train, chosen_on, test = read_runs([one, other], "hard")
    assert {each.family for each in chosen_on} == {names[0], names[10]}
    assert {each.family for each in train} == {*names[:20]} - {names[0], names[10]}
    assert {each.family for each in test} == {names[20], names[21]}
    assert "left out: 1 rows of problems that another run holds out" in capsys.readouterr().out


@pytest.mark.parametrize(
    "broken",
    [
        {"labels": [False, True]},
        {"labels": []},
        {"completions": ["step"]},
        {"p_correct": None},
        {"p_correct": ["0.9", 0.1]},
        {"p_correct": [0.9, 1.1]},
        {"num_correct": [9, 1]},
        {"num_rollouts": ["8", "8"]},
        {"completions": [1, 2]},
        {"labels": ["true", "false"]},
        {"question_id": 4},
    ],
)
def test_a_row_that_is_none_of_a_prm_is_named(tmp_path: Path, broken: dict[str, Any]) -> None:
    path = write(tmp_path / "prm.jsonl", [prm_row(), prm_row(**broken)])
    with pytest.raises(BadInput, match=r"Line 2 of .*prm\.jsonl is no row of a prm\.jsonl"):
        read_rows(path, "counts")


def test_f1_is_that_of_processbench_and_a_row_without_scores_is_missed() -> None:
    rows = [row([True, False]), row([True, True, False]), row([True, True]), row([True])]
    scores = [[0.9, 0.1], [0.2, 0.9, 0.1], [0.9, 0.8], []]
    both, wrong, right = f1(rows, scores, 0.5)
    assert (wrong, right) == (0.5, 0.5)
    assert both == pytest.approx(0.5)
    assert f1(rows[:1], scores[:1], 0.5)[0] == pytest.approx(0)  # no right row, no mean
    assert f1([rows[0], rows[2]], [[0.7, 0.6], [0.9, 0.8]], 0.5)[0] == pytest.approx(0)
    threshold = best_threshold([rows[0], rows[2]], [[0.7, 0.6], [0.9, 0.8]])
    assert 0.6 < threshold <= 0.7
    assert best_threshold([rows[2]], [[0.9, 0.8]]) == 0.5  # nothing to choose by


def test_auc_counts_ties_half() -> None:
    rows = [row([True, False]), row([True, False])]
    assert auc(rows, [[0.9, 0.1], [0.8, 0.2]]) == 1.0
    assert auc(rows, [[0.5, 0.5], [0.5, 0.5]]) == 0.5
    assert auc(rows, [[0.9, 0.5], [0.1, 0.5]]) == 0.5
    assert math.isnan(auc([row([True])], [[0.9]]))


def test_votes_count_first_solutions_alone_and_share_ties(tmp_path: Path) -> None:
    run = tmp_path / "run"
    question = "How much is 000000 ?"
    node = {"text": "It is 4.", "children": []}
    tree = {"text": "", "children": [{"text": "We add.\n\n", "children": [node]}]}
    write(run / "tree.jsonl", [{"question_id": "000000", "reasoning_steps": tree}])
    write(run / "problems.jsonl", [{"question_id": "000000", "question": question}])
    write(run / "rlvr.test.jsonl", [{"question_id": "000000"}])
    kinds: list[tuple[list[str], str, str | None, bool | None]] = [
        ([], "We add.\n\nIt is 4.", "4", True),
        ([], "It is 5.", "x = 5", False),
        ([], "So 5.", "x=5", False),
        ([], "It is 6.", "6", False),
        ([], "Nothing", None, None),
        (["We add."], "It is 4.", "4", True),
    ]
    fields = ("prefix", "text", "answer", "verdict")
    write(
        run / RECORDING,
        [{"question_id": "000000"} | dict(zip(fields, kind, strict=True)) for kind in kinds],
    )
    (solutions,) = first_solutions(run)
    assert solutions[0] == Solution(question, ("We add.", "It is 4."), "right")
    assert [each.right for each in solutions] == [True, False, False, False]
    assert len({each.answer for each in solutions}) == 3
    scored = list(zip(solutions, [0.9, 0.4, 0.3, 0.9], strict=True))
    figures = {name: way(scored) for name, way in WAYS.items()}
    assert figures == {
        "one solution": 0.25,
        "majority vote": 0.0,
        "best of N": 0.5,
        "weighted vote": 0.5,
        "pass@N": 1.0,
    }


@pytest.mark.parametrize(
    "broken",
    [b"no gzip", gzip.compress(b'{"prefix": []}\n', mtime=0)[:-9]],
    ids=["no gzip", "cut off"],
)
def test_a_broken_recording_is_named(tmp_path: Path, broken: bytes) -> None:
    write(tmp_path / "problems.jsonl", [{"question_id": "000000", "question": "?"}])
    (tmp_path / RECORDING).write_bytes(broken)
    with pytest.raises(BadInput, match="cannot be read"):
        first_solutions(tmp_path)


def test_bad_input_gets_a_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main([str(run)]) == 2
    assert "is not there: name the folder of a run" in capsys.readouterr().err
    run.mkdir()
    assert main([str(run)]) == 2
    assert "has no rows in prm.jsonl" in capsys.readouterr().err
    write(run / "prm.jsonl", [prm_row()])
    assert main([str(run)]) == 2
    assert f"generate.py --export {run} --test_share 0.05" in capsys.readouterr().err
    write(run / "prm.test.jsonl", [prm_row("000001")])
    assert main([str(run)]) == 2
    assert "rows of one family alone" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main([str(run), "--max_length", "0"])
    assert "--max_length: invalid positive value: '0'" in capsys.readouterr().err
    (run / "prm.jsonl").write_text("{\n")
    assert main([str(run)]) == 2
    assert "Line 1 of" in capsys.readouterr().err


def test_a_step_costs_what_the_beta_binomial_says() -> None:
    torch = pytest.importorskip("torch")
    from examples.train_prm import step_losses

    logits = torch.tensor([[0.2, 1.1]], dtype=torch.double)
    wrong, right = logits.exp()[0].tolist()
    chance = sum(
        math.comb(5, count)
        * math.exp(
            -step_losses(logits, torch.tensor([[5.0 - count, count]], dtype=torch.double)).item()
        )
        for count in range(6)
    )
    assert chance == pytest.approx(1)  # the likelihoods of all counts, with their coefficients
    one = step_losses(logits, torch.tensor([[0.0, 1.0]], dtype=torch.double)).item()
    assert math.exp(-one) == pytest.approx(right / (wrong + right))


def test_the_tiny_model_reads_from_left_to_right_and_knows_the_signs() -> None:
    pytest.importorskip("transformers")
    from examples.train_prm import make_tiny, refuse_unfit

    assert "<assistant>" in TINY_TEMPLATE
    for head in ("token", "chat"):
        model, tokenizer = make_tiny(head, ["3 plus 4 = 7", "What is 3 - 4 ?"])
        coder = Coder(tokenizer, head)
        refuse_unfit(model, coder)
        assert max(tokenizer.get_vocab().values()) < model.get_input_embeddings().num_embeddings
        assert len(coder.pieces("What is 3 + 4 ?", ["3 plus 4", "= 7"])) == 2


def test_a_model_that_looks_ahead_is_refused() -> None:
    transformers = pytest.importorskip("transformers")
    from examples.train_prm import make_tiny, refuse_unfit

    _, tokenizer = make_tiny("token", ["3 plus 4 = 7"])
    config = transformers.BertConfig(
        vocab_size=20, hidden_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    with pytest.raises(BadInput, match="looks ahead"):
        refuse_unfit(transformers.BertForTokenClassification(config), Coder(tokenizer, "token"))
