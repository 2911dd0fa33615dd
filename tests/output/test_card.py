"""The card in a run's folder: what the hub and `datasets` read of it."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import generate
from evolvemcts4rl.flag_groups.files import FORMATS
from evolvemcts4rl.output.card import card
from evolvemcts4rl.settings import Settings
from tests.support.run_process import ROOT, rows_of


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "samples" / "arithmetic_run", tmp_path / "run"))


def head_of(text: str) -> dict[str, Any]:
    from huggingface_hub import DatasetCard

    return {
        name: value for name, value in vars(DatasetCard(text).data).items() if value is not None
    }


def text_with(**flags: Any) -> str:
    summary = {
        "problems": {"searched": 1},
        "trees": 1,
        **dict.fromkeys(("completions", "prompt_tokens", "completion_tokens"), 5),
        "files": {"prm": {"rows": 3, "test_rows": 0, "left_out": {"unsure": 2}}},
    }
    settings = Settings.of(seed_file="/home/me/secret.jsonl", **flags)
    return card("a run", summary, settings, {"prm": "1a", "tree": "2b", "problems": "3c"})


def test_every_file_of_a_run_loads_by_its_name(run: Path, tmp_path: Path) -> None:
    import datasets

    flags = ("--formats", ",".join(FORMATS), "--test_share", "0.3")
    assert generate.main(["--export", str(run), *flags]) == 0
    names = datasets.get_dataset_config_names(str(run))
    assert set(names) == {"problems", "tree", *FORMATS}
    for name in ("prm", "rlvr", "critic", "problems", "tree"):
        loaded = datasets.load_dataset(str(run), name, cache_dir=str(tmp_path / "cache"))
        assert len(loaded["train"]) == len(rows_of(run / f"{name}.jsonl")) > 0
        if name in FORMATS:
            assert len(loaded["test"]) == len(rows_of(run / f"{name}.test.jsonl")) > 0


def test_files_made_anew_are_read_anew(run: Path, tmp_path: Path) -> None:
    """`datasets` keeps what it has read; a trainer would go on with the rows of before."""
    import datasets

    def loaded(split: str = "train") -> int:
        return len(
            datasets.load_dataset(str(run), "prm", split=split, cache_dir=str(tmp_path / "cache"))
        )

    for flags in (("--min_p_correct", "0.9"), ("--min_p_correct", "0"), ("--per_problem", "1")):
        assert generate.main(["--export", str(run), *flags]) == 0
        assert loaded() == len(rows_of(run / "prm.jsonl"))
    before = (run / "README.md").read_text()
    assert generate.main(["--export", str(run), "--per_problem", "1"]) == 0
    assert (run / "README.md").read_text() == before
    assert generate.main(["--export", str(run), "--test_share", "0.3"]) == 0
    assert loaded("test") == len(rows_of(run / "prm.test.jsonl")) > 0


def test_head_names_licence_size_and_the_files_with_rows() -> None:
    assert head_of(text_with(licence="cc-by-4.0")) == {
        "pretty_name": "a run",
        "license": "cc-by-4.0",
        "size_categories": ["n<1K"],
        "task_categories": ["text-generation"],
        "tags": ["math", "process-reward-model", "synthetic", "evolvemcts4rl"],
        "configs": [
            {
                "config_name": "prm",
                "default": True,
                "description": "content 1a",
                "data_files": [{"split": "train", "path": "prm.jsonl"}],
            },
            {
                "config_name": "tree",
                "description": "content 2b",
                "data_files": [{"split": "train", "path": "tree.jsonl"}],
            },
            {
                "config_name": "problems",
                "description": "content 3c",
                "data_files": [{"split": "train", "path": "problems.jsonl"}],
            },
        ],
    }
    assert "license" not in head_of(text_with())


def test_card_tells_models_counts_and_flags_and_no_path_or_server() -> None:
    text = text_with(
        model_name="qwen",
        judge_model=("judge@http://secret-host:1/v1",),
        base_url=("http://secret-host/v1",),
        output_dir="/home/me/secret",
    )
    assert "by `qwen`" in text
    assert "Second opinions by `judge`." in text
    assert "| `prm` | 3 | 0 | 2 unsure |" in text
    assert "\nmin_p_correct: 0.9\n" in text
    assert "secret" not in text


def test_foreign_names_mean_nothing_in_the_card() -> None:
    hostile = "m`</script>\n---\nlicense: [x](http://y)|```"
    text = text_with(model_name=hostile, licence='"\n- evil: 1')
    assert head_of(text)["license"] == '"\n- evil: 1'
    assert "<script" not in text
    assert "](http" not in text.partition("## Flags")[0]
    assert text.count("```") == 2


def test_card_of_a_person_is_not_written_over(run: Path) -> None:
    assert generate.main(["--export", str(run), "--licence", "mit"]) == 0
    path = run / "README.md"
    assert 'license: "mit"' in path.read_text()
    assert generate.main(["--export", str(run), "--licence", "apache-2.0"]) == 0
    assert 'license: "apache-2.0"' in path.read_text()
    path.write_text("My own words.")
    assert generate.main(["--export", str(run), "--licence", "mit"]) == 0
    assert path.read_text() == "My own words."
