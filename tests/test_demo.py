"""The demo does the main job from start to end, ends in time, and keeps its hands off what is not its own."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

from plainloop.demo import MADE, MARKER, compare, demo, make_folder, train_alone, write_data
from plainloop.plain.faults import Stopped
from plainloop.run_folder import Run
from plainloop.run_problems import OutputExists, WeightsDiffer
from plainloop.training import Talk


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, list[str]]:
    """The folder of a demo, what it returned and what it said."""
    folder, lines = tmp_path_factory.mktemp("demo") / "here", []
    return folder, demo(folder, Talk(say=lines.append)), lines


def test_the_demo_trains_the_same_weights_twice(done: tuple[Path, dict, list[str]]):
    folder, result, lines = done
    digests = {
        hashlib.sha256((folder / place / "weights.safetensors").read_bytes()).hexdigest()
        for place in ("runs/tumours-1", "project/output")
    }
    assert digests == {result["weights_sha256"]}
    assert result["equal"]
    assert result["seconds"] < 120
    assert result["metrics"]["accuracy"]["value"] > 0.85
    assert result["right"] >= 15
    assert "Equal, to the last bit." in "\n".join(lines)


def test_each_step_stands_under_its_command(done: tuple[Path, dict, list[str]]):
    folder, _, lines = done
    commands = [line.strip() for line in lines if line.strip().startswith("$ ")]
    assert [command.split()[1] + " " + command.split()[2] for command in commands] == [
        "plainloop inspect",
        "plainloop train",
        "plainloop predict",
        "plainloop eject",
        f"cd {folder / 'project'}",
    ]
    with open(folder / "predictions.csv", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 20


def test_other_weights_or_none_fail_the_demo(done: tuple[Path, dict, list[str]]):
    folder, _, _ = done
    run, project, talk = Run(folder / "runs" / "tumours-1"), folder / "project", Talk(quiet=True)
    with pytest.raises(WeightsDiffer, match="gave weights of SHA-256 0000"):
        compare(run, project, "0" * 64, talk)
    with pytest.raises(WeightsDiffer, match="gave no weights"):
        compare(run, project, "", talk)
    (project / "plain" / "run.py").write_text("import plainloop\n", encoding="utf-8")
    said: list[str] = []
    assert train_alone(project, Talk(say=said.append)) == "", "the weights of the run before do not count"
    assert "import of plainloop halted" in "\n".join(said)


def test_a_signal_between_two_steps_stops_the_demo(tmp_path: Path):
    with pytest.raises(Stopped) as stop:
        demo(tmp_path / "demo", Talk(quiet=True, watch=lambda step, steps: 2))
    assert stop.value.exit_code == 130


def test_only_what_a_demo_made_is_made_anew(tmp_path: Path):
    folder = tmp_path / "demo"
    make_folder(folder)
    write_data(folder / MADE[0], folder / MADE[1])
    (folder / "project").mkdir()
    (folder / "project" / "README.md").write_text("old", encoding="utf-8")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    make_folder(folder)
    assert sorted(path.name for path in folder.iterdir()) == [MARKER, "notes.txt"]
    (folder / MARKER).unlink()
    with pytest.raises(OutputExists, match="plainloop demo --output"):
        make_folder(folder)
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_the_data_has_an_id_gaps_and_words_for_labels(tmp_path: Path):
    labels = write_data(tmp_path / "a.csv", tmp_path / "b.csv")
    with open(tmp_path / "a.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert (len(rows), len(labels)) == (549, 569)
    assert {row["diagnosis"] for row in rows} == {"benign", "malignant"}
    assert len({row["patient"] for row in rows}) == 549
    assert {"", "n/a", "?"} <= {cell for row in rows for cell in row.values()}
    with open(tmp_path / "b.csv", encoding="utf-8") as file:
        assert "diagnosis" not in next(csv.reader(file))
