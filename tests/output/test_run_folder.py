"""A run's folder: what goes on, what is refused and named, and what a dead run leaves to its next
life."""

import contextlib
import json
import resource
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.files import DEFAULT_FORMATS
from evolvemcts4rl.output.decided import Decided
from evolvemcts4rl.output.jsonl import write_json
from evolvemcts4rl.output.run_folder import RunFolder
from evolvemcts4rl.output.run_identity import folder_of
from evolvemcts4rl.reasons import Reason, ReasonCode, Status
from evolvemcts4rl.records import Completion, Problem, Rollout
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.tree import Node, Tree
from tests.support.fast import slow_but
from tests.support.seed_rows import SeedTexts

SEEDS = SeedTexts()
IDS = ["000000", "000001", "000002"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.of(seed_file=str(tmp_path / "seeds.jsonl"), output_dir=str(tmp_path / "out"))


def solved(question_id: str) -> tuple[Problem, Tree]:
    """A problem at its end, and its tree with one right and one wrong solution."""
    problem = Problem(
        question_id, f"What is {question_id} + 1?", "1", solve_rate=0.5, status=Status.SEARCHED
    )
    ends = [
        Node("One.", 0, 0, 0.9, correct=True, times=2),
        Node("Two.", 0, 0, 0.1, correct=False, times=1),
    ]
    right = Node("Add.\n\n", 2, 1, 0.9, ends)
    wrong = Node("Guess.", 0, 0, 0.1, correct=False, times=1, searched=True)
    return problem, Tree(question_id, problem.question, "1", Node("", 2, 1, None, [right, wrong]))


def live(
    settings: Settings, ids: list[str] = IDS, end: bool = True, seeds: SeedTexts = SEEDS
) -> tuple[RunFolder, Decided]:
    """One life of a run: check the folder, write these problems where they are not decided, and
    end or die."""
    folder = RunFolder(settings, seeds)
    folder.check()
    journal, done = folder.open("chat")
    for question_id in ids:
        if question_id not in done:
            folder.write(*solved(question_id))
    if end:
        folder.finish(True, journal, 1.0)
    else:
        journal.close()
    return folder, done


def files(folder: RunFolder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.path.glob("*.jsonl"))}


def ids_in(folder: RunFolder, name: str) -> list[str]:
    return [
        json.loads(line)["question_id"] for line in (folder.path / name).read_bytes().splitlines()
    ]


@pytest.fixture
def whole(settings: Settings) -> dict[str, bytes]:
    """The files of a run that nothing disturbed."""
    return files(live(settings.changed(output_dir=f"{settings.files.output_dir}-whole"))[0])


def test_rows_stand_in_order_once_the_run_is_complete(
    settings: Settings, whole: dict[str, bytes]
) -> None:
    folder, _ = live(settings, ["000002", "000000", "000001"])
    assert ids_in(folder, "problems.jsonl") == ids_in(folder, "tree.jsonl") == IDS
    assert set(files(folder)) == {
        "problems.jsonl",
        "tree.jsonl",
        *(f"{name}.jsonl" for name in DEFAULT_FORMATS),
    }
    assert files(folder) == whole
    assert RunFolder(settings, SEEDS).complete


WRITTEN = [
    "tree.jsonl",
    *(f"{name}.jsonl" for name in DEFAULT_FORMATS),
    "problems.jsonl",
]  # in this order


@contextlib.contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes, as on a disk that is full.

    No bytecode is written meanwhile: Python would cut it off and find it broken ever after.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writes_none, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = writes_none


def cut(path: Path, size: int) -> None:
    """Take this many bytes, the last line at most, off the end of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: -min(size, len(content.splitlines(keepends=True)[-1]))])


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("torn", slow_but([40], [1, 40, 10_000]))
def test_torn_last_line_is_dropped_and_done_again(
    settings: Settings, whole: dict[str, bytes], name: str, torn: int
) -> None:
    folder, _ = live(settings, end=False)
    cut(folder.path / name, torn)
    for later in WRITTEN[WRITTEN.index(name) + 1 :]:
        cut(folder.path / later, 10_000)
    folder, done = live(settings)
    assert set(done) == set(IDS[:2])
    assert files(folder) == whole


def test_disk_that_takes_half_a_line_ends_the_run_and_loses_no_row(
    settings: Settings, whole: dict[str, bytes]
) -> None:
    folder = RunFolder(settings, SEEDS)
    journal, _ = folder.open("chat")
    folder.write(*solved("000000"))
    room = (folder.path / "tree.jsonl").stat().st_size + 40
    with no_file_larger_than(room), pytest.raises(OSError, match="File too large"):
        folder.write(*solved("000001"))
    assert (folder.path / "tree.jsonl").stat().st_size == room
    journal.close()
    folder, done = live(settings)
    assert set(done) == {"000000"}
    assert files(folder) == whole


@pytest.mark.parametrize("damage", ["cut", "lost"])
def test_complete_run_whose_trees_were_damaged_is_done_again(
    settings: Settings, whole: dict[str, bytes], damage: str
) -> None:
    folder, _ = live(settings)
    path = folder.path / "tree.jsonl"
    cut(path, 40)
    if damage == "lost":
        path.unlink()
    assert not RunFolder(settings, SEEDS).complete
    folder, done = live(settings)
    assert set(done) == (set() if damage == "lost" else set(IDS[:2]))
    assert files(folder) == whole


def test_complete_run_whose_problems_were_cut_is_done_again(
    settings: Settings, whole: dict[str, bytes]
) -> None:
    folder, _ = live(settings)
    cut(folder.path / "problems.jsonl", 40)
    assert not RunFolder(settings, SEEDS).complete
    assert files(live(settings)[0]) == whole


@pytest.mark.parametrize("name", ["tree.jsonl", "problems.jsonl"])
def test_damaged_row_is_done_again(settings: Settings, whole: dict[str, bytes], name: str) -> None:
    folder, _ = live(settings)
    path = folder.path / name
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:50] + b"\0" * 40 + b"\n" + b"null\n" + third)
    assert not RunFolder(settings, SEEDS).complete
    folder, done = live(settings)
    assert set(done) == {"000000", "000002"}
    assert files(folder) == whole


@pytest.mark.parametrize("text", ["", '{"complete": tr', "{}", "[]"])
def test_damaged_summary_is_made_anew(
    settings: Settings, whole: dict[str, bytes], text: str
) -> None:
    folder, _ = live(settings)
    (folder.path / "summary.json").write_text(text)
    assert not RunFolder(settings, SEEDS).complete
    folder, done = live(settings)
    assert set(done) == set(IDS)
    assert files(folder) == whole
    assert RunFolder(settings, SEEDS).complete


def test_prices_may_be_given_after_the_run(settings: Settings) -> None:
    live(settings)
    folder = RunFolder(settings.changed(prices=(1.0, 2.0)), SEEDS)
    assert folder.read_summary()["money"] is None
    tokens = {"prompt_tokens": 2_000_000, "completion_tokens": 500_000}
    role = {"model": "m", "completions": 9, **tokens}
    for roles in ({"policy": role}, {}):  # earlier versions did not tell roles apart
        summary = folder.read_summary() | tokens | {"roles": roles, "money": None}
        write_json(folder.path / "summary.json", summary)
        folder.rebuild_exports()
        assert folder.read_summary()["money"] == 3.0


def test_a_folder_that_notes_no_continuation_has_the_one_that_is_asked_for(
    settings: Settings,
) -> None:
    folder, _ = live(settings)
    noted = json.loads((folder.path / "settings.json").read_text())
    assert (noted.pop("continuation"), folder.continuation) == ("chat", "chat")
    write_json(folder.path / "settings.json", noted)
    assert RunFolder(settings.changed(continuation="prefill"), SEEDS).continuation == "prefill"


def test_tree_whose_problem_was_not_yet_written_is_done_again(
    settings: Settings, whole: dict[str, bytes]
) -> None:
    folder, _ = live(settings, end=False)
    path = folder.path / "problems.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:1]))
    folder, done = live(settings)
    assert set(done) == {"000000"}
    assert files(folder) == whole


def test_failed_problem_is_tried_again_and_the_others_are_not(
    settings: Settings, whole: dict[str, bytes]
) -> None:
    folder = RunFolder(settings, SEEDS)
    journal, _ = folder.open("chat")
    folder.write(*solved("000000"))
    folder.write(
        replace(
            solved("000001")[0],
            status=Status.FAILED,
            reason=Reason(ReasonCode.ENDPOINT, "no reply"),
        )
    )
    folder.finish(True, journal, 1.0)
    assert not RunFolder(settings, SEEDS).complete
    folder, done = live(settings)
    assert set(done) == {"000000"}
    assert files(folder) == whole


def test_folder_whose_rows_have_no_codes_yet_goes_on_and_counts_them(settings: Settings) -> None:
    never = Reason(ReasonCode.SOLVED_NEVER, "solved never (0 of 8)")
    folder = RunFolder(settings, SEEDS)
    journal, _ = folder.open("chat")
    for question_id in IDS[:2]:
        folder.write(
            replace(
                solved(question_id)[0], solve_rate=0.0, status=Status.NOT_SEARCHED, reason=never
            )
        )
    journal.close()
    path = folder.path / "problems.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text(
        "".join(
            json.dumps({k: v for k, v in row.items() if k != "reason_code"}) + "\n" for row in rows
        )
    )
    folder, done = live(settings)
    assert set(done) == set(IDS[:2])
    assert folder.read_summary()["reasons"] == {"solved_never": 2}
    assert (
        json.loads((folder.path / "problems.jsonl").read_text().splitlines()[0])["reason"]
        == "solved never (0 of 8)"
    )


@pytest.mark.parametrize("name", ["problems.jsonl", "prm.jsonl", "report.html"])
def test_folder_with_files_of_something_else_is_refused(settings: Settings, name: str) -> None:
    folder = RunFolder(settings, SEEDS)
    folder.path.mkdir()
    (folder.path / name).write_text("mine")
    with pytest.raises(UserError, match=f"{name} but no settings.json.*another --output_dir"):
        folder.check()


def test_folder_with_other_files_is_used_and_they_stay(settings: Settings) -> None:
    folder = RunFolder(settings, SEEDS)
    folder.path.mkdir()
    (folder.path / "notes.txt").write_text("mine")
    live(settings.changed(overwrite=True))
    assert (folder.path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temperature": 0.3}, "--temperature was 0.7 and is now 0.3"),
        ({"model_name": "other"}, '--model_name was "gpt-4o" and is now "other"'),
        ({"column_names": ("a", "b")}, r'--column_names was \["problem"\] and is now \["a", "b"\]'),
        ({"random_seed": 5}, "--random_seed was 0 and is now 5"),
        ({"judge_model": ("j",)}, r'--judge_model was not given and is now \["j"\]'),
        ({"num_branches": 8}, "--num_branches was 4 and is now 8"),
    ],
)
def test_changed_setting_is_refused_by_name(
    settings: Settings, change: dict[str, Any], words: str
) -> None:
    live(settings, end=False)
    with pytest.raises(UserError, match=words):
        RunFolder(settings.changed(**change), SEEDS).check()


def test_changed_seed_file_is_refused(settings: Settings) -> None:
    live(settings, end=False)
    with pytest.raises(UserError, match="the seed file has changed"):
        RunFolder(settings, SeedTexts(("a", "b", "other"))).check()


def test_changed_prompt_is_refused(settings: Settings) -> None:
    folder, _ = live(settings, end=False)
    path = folder.path / "settings.json"
    written = json.loads(path.read_text())
    written["identity"]["prompts"]["solve_problem.txt"] = "the hash of another text"
    path.write_text(json.dumps(written))
    with pytest.raises(UserError, match=r"the prompt solve_problem\.txt has changed"):
        RunFolder(settings, SEEDS).check()


def test_unfinished_run_whose_steps_were_cut_otherwise_goes_on_and_says_so(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    folder, _ = live(settings, IDS[:1], end=False)
    path = folder.path / "settings.json"
    written = json.loads(path.read_text())
    del written["step_rules"]  # as in runs of the version before steps had rules with a number
    path.write_text(json.dumps(written))
    _, done = live(settings)
    assert list(done) == IDS[:1]
    assert RunFolder(settings, SEEDS).complete
    assert caplog.text.count("cut its solutions into other steps") == 1


def test_how_a_run_is_carried_out_may_change(settings: Settings, whole: dict[str, bytes]) -> None:
    live(settings, IDS[:1], end=False)
    changes = {
        "base_url": ("http://b/v1",),
        "concurrency": 2,
        "timeout": 9.0,
        "max_retries": 1,
        "token_budget": 7,
    }
    folder, done = live(settings.changed(**changes, prices=(1.0, 2.0)))
    assert set(done) == {"000000"}
    assert files(folder) == whole


def test_other_formats_are_made_from_a_complete_run(
    settings: Settings, whole: dict[str, bytes]
) -> None:
    folder, _ = live(settings.changed(formats=("prm",)))
    assert set(files(folder)) == {"problems.jsonl", "tree.jsonl", "prm.jsonl"}
    again = RunFolder(settings, SEEDS)
    again.check()
    assert again.complete
    again.rebuild_exports()
    assert files(again) == whole


def test_files_of_formats_that_are_not_asked_for_again_stay_true(
    settings: Settings, whole: dict[str, bytes]
) -> None:
    live(settings, IDS[:2], end=False)
    folder, _ = live(settings.changed(formats=("prm",)))
    assert files(folder) == whole
    folder.path.joinpath("sft.jsonl").write_text("")
    RunFolder(settings.changed(formats=("prm",)), SEEDS).rebuild_exports()
    assert files(folder) == whole


def test_every_file_is_there_also_without_a_row(settings: Settings) -> None:
    problem, _ = solved("000000")
    problem, tree = replace(problem, solve_rate=1.0), Tree("000000", problem.question, "1")
    tree.add(Rollout(("Add.\n\n", "One."), True), 0)
    folder = RunFolder(settings, SEEDS)
    journal, _ = folder.open("chat")
    folder.write(problem, tree)
    folder.finish(True, journal, 1.0)
    for _ in range(2):
        assert set(files(folder)) == {
            f"{name}.jsonl" for name in ("problems", "tree", *DEFAULT_FORMATS)
        }
        assert {name for name, content in files(folder).items() if not content} == {
            "dpo.jsonl",
            "openai_dpo.jsonl",
        }
        folder.path.joinpath("dpo.jsonl").unlink()
        RunFolder(settings, SEEDS).rebuild_exports()


def test_report_that_was_deleted_is_made_again_with_the_figures_of_the_run(
    settings: Settings,
) -> None:
    folder, _ = live(settings)
    report = folder.path / "report.html"
    before = report.read_bytes()
    report.unlink()
    again = RunFolder(settings, SEEDS)
    assert again.complete
    again.rebuild_exports()
    assert report.read_bytes() == before
    RunFolder(settings.changed(prices=(1.0, 2.0)), SEEDS).rebuild_exports()
    assert b"costing 0.00" in report.read_bytes()


def test_figures_of_a_complete_run_are_counted_anew_from_its_rows(settings: Settings) -> None:
    folder, _ = live(settings)
    right = folder.read_summary()
    write_json(
        folder.path / "summary.json",
        right | {"reasons": {"never": 7}, "rollouts": 0, "completions": 5, "money": 2.5},
    )
    RunFolder(settings, SEEDS).rebuild_exports()
    assert folder.read_summary() == right | {"completions": 5, "money": 2.5}


def test_report_of_an_overwritten_run_names_the_command_that_goes_on(settings: Settings) -> None:
    for overwrite in (True, False):
        folder = RunFolder(settings.changed(overwrite=overwrite), SEEDS)
        journal, _ = folder.open("chat")
        folder.write(*solved("000000"))
        folder.finish(False, journal, 1.0)
        told = "the same command without --overwrite" in (folder.path / "report.html").read_text()
        assert told is overwrite


def test_keep_may_change_after_the_run(settings: Settings) -> None:
    settings = settings.changed(judge_model=("j",))
    live(settings)
    agreed = RunFolder(settings.changed(keep="agreed"), SEEDS)
    agreed.rebuild_exports()
    kept = [
        json.loads(line)["completions"]
        for line in (agreed.path / "prm.jsonl").read_bytes().splitlines()
    ]
    assert kept == [["Add.", "One."]] * 3


def test_overwrite_starts_anew_also_where_the_settings_differ(settings: Settings) -> None:
    live(settings)
    other = settings.changed(temperature=0.1, overwrite=True)
    assert not RunFolder(other, SEEDS).complete
    folder, done = live(other, ["000007"])
    assert done == {}
    assert ids_in(folder, "tree.jsonl") == ["000007"]
    RunFolder(other.changed(overwrite=False), SEEDS).check()


def test_overwriting_that_was_cut_short_leaves_no_complete_run(settings: Settings) -> None:
    folder, _ = live(settings)
    (folder.path / "problems.jsonl").unlink()
    (folder.path / "problems.jsonl").mkdir()  # what is next to be deleted, and cannot be
    with pytest.raises(OSError, match=r"problems\.jsonl"):
        RunFolder(settings.changed(overwrite=True), SEEDS).open("chat")
    assert not RunFolder(settings, SEEDS).complete


def test_settings_json_holds_the_flags_and_no_credentials(settings: Settings) -> None:
    urls = ("https://user:secret-word@host:8443/v1", "http://plain/v1")
    folder, _ = live(
        settings.changed(
            base_url=urls,
            header=("X-Pass=secret-word",),
            evolve_model="w@https://user:secret-word@host/v1",
            judge_model=("j", "@k@https://user:secret-word@host:1/v1,http://host:2/v1"),
        )
    )
    for file in folder.path.iterdir():
        assert b"secret-word" not in file.read_bytes()
    text = (folder.path / "settings.json").read_text()
    written = json.loads(text)
    assert written["flags"]["base_url"] == ["https://host:8443/v1", "http://plain/v1"]
    assert written["flags"]["evolve_model"] == "w@https://host/v1"
    assert written["flags"]["judge_model"] == ["j", "@k@https://host:1/v1,http://host:2/v1"]
    assert "header" not in {**written["flags"], **written["identity"]}
    assert written["flags"]["temperature"] == 0.7
    assert "openai" in written["libraries"]


def test_what_was_bought_is_in_the_summary_over_all_lives(settings: Settings) -> None:
    for life in range(2):
        folder = RunFolder(settings.changed(prices=(1e6, 2e6)), SEEDS)
        journal, _ = folder.open("chat")
        journal.put(b"key", life, [Completion("4", "stop", 10, 3)])
        folder.finish(False, journal, 1.0)
    summary = folder.read_summary()
    assert not summary["complete"]
    bought = ("completions", "prompt_tokens", "completion_tokens", "money")
    assert [summary[name] for name in bought] == [2, 20, 6, 32.0]


def test_default_folder_is_named_after_the_seed_file() -> None:
    assert str(folder_of(Settings.of(seed_file="data/math.v2.jsonl"))) == "runs/math.v2"


def test_no_files_are_left_beside(settings: Settings) -> None:
    folder, _ = live(settings)
    assert not list(folder.path.glob("*.new"))


def test_summary_counts_the_comparisons_that_timed_out(settings: Settings) -> None:
    folder = RunFolder(settings, SEEDS)
    journal, _ = folder.open("chat")
    folder.write(*solved("000000"))
    folder.finish(True, journal, 1.0, 3)
    assert folder.read_summary()["comparisons_timed_out"] == 3


def test_what_seeds_teach_of_the_vote_goes_into_voted_problems_and_their_trees(
    settings: Settings,
) -> None:
    folder = RunFolder(settings, SEEDS)
    journal, _ = folder.open("prefill")
    for number in range(60):  # seeds, which the vote contradicts half of the time
        problem, tree = solved(f"{number:06d}")
        folder.write(
            replace(problem, agreement=0.75, p_answer=1.0, vote_agrees=number % 2 == 0), tree
        )
    problem, tree = solved("000000-r1")
    folder.write(replace(problem, round=1, agreement=0.75, p_answer=0.8), tree)
    folder.finish(True, journal, 1.0)
    by_id = {problem.question_id: problem for problem in folder.problems()}
    learned = by_id["000000-r1"].p_answer
    assert learned is not None
    assert 0.4 < learned < 0.7
    assert by_id["000001"].p_answer == 1
    doubts = {tree.question_id: tree.p_answer for tree in folder.trees()}
    assert (doubts["000000-r1"], doubts["000001"]) == (learned, 1)


def evolved() -> tuple[Problem, Tree]:
    """A problem that was evolved from the first one and searched, and its tree."""
    problem, tree = solved("000000")
    child = replace(
        problem, question_id="000000-r1", parent_id="000000", mutation="deepen", round=1
    )
    return child, replace(tree, question_id="000000-r1")


def test_grown_run_reopens_what_is_searched_anew_and_keeps_the_texts(settings: Settings) -> None:
    folder, _ = live(settings, IDS[:1], end=False)
    for life in (settings, settings.changed(max_branches=80)):
        folder = RunFolder(life, SEEDS)
        folder.check()
        journal, done = folder.open("chat")
        if life is settings:
            folder.write(*evolved())
            folder.finish(True, journal, 1.0)
    assert not done
    assert list(folder.reopened) == ["000000-r1"]
    child = folder.reopened["000000-r1"]
    assert (child.status, child.question, child.final_answer) == (
        Status.OPEN,
        evolved()[0].question,
        None,
    )
    assert ids_in(folder, "tree.jsonl") == []
    folder.write(*solved("000000"))
    folder.write(*evolved())
    folder.finish(True, journal, 1.0)
    assert ids_in(folder, "tree.jsonl") == ["000000", "000000-r1"]
    assert folder.read_summary()["grown"] == [{"max_branches": [40, 80]}]
    assert not (folder.path / "reopened.jsonl").exists()
    assert RunFolder(settings.changed(max_branches=80), SEEDS).complete


def test_growth_that_dies_before_it_is_noted_is_done_again(settings: Settings) -> None:
    folder, _ = live(settings, IDS[:1], end=False)
    folder = RunFolder(settings, SEEDS)
    journal, _ = folder.open("chat")
    folder.write(*evolved())
    journal.close()
    noted = (folder.path / "settings.json").read_bytes()
    for _ in range(2):
        grown = RunFolder(settings.changed(max_branches=80), SEEDS)
        journal, done = grown.open("chat")
        journal.close()
        assert (list(done), list(grown.reopened)) == ([], ["000000-r1"])
        (folder.path / "settings.json").write_bytes(noted)


def test_folder_of_an_earlier_version_goes_on_and_notes_its_rows(
    settings: Settings, whole: dict[str, bytes]
) -> None:
    folder, _ = live(settings, IDS[:1], end=False)
    path = folder.path / "settings.json"
    noted = json.loads(path.read_text())
    rows = noted.pop("seed_rows")
    write_json(path, noted)
    more = SeedTexts((*SEEDS.texts, "d"))
    with pytest.raises(UserError, match="the seed file has changed"):
        RunFolder(settings, more).check()
    folder, done = live(settings)
    assert set(done) == set(IDS[:1])
    assert files(folder) == whole
    assert json.loads(path.read_text())["seed_rows"] == rows
    RunFolder(settings, more).check()
