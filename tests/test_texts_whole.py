"""Texts from end to end: a folder of reviews to a judged run, predicted, evaluated, exported, ejected with equal weights."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import plainloop
from plainloop.training import Talk
from small import plainloop as plainloop_command
from test_resume import assert_same, finish, kill
from texts import review, reviews, table, zipped

ALONE = "import sys, runpy; sys.modules['plainloop'] = None; sys.argv = ['plain', 'run.toml']; sys.path.insert(0, '.'); "
ALONE += "runpy.run_module('plain', run_name='__main__')"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> plainloop.Run:
    place = tmp_path_factory.mktemp("texts")
    films = reviews(place / "films", each=100, parts=("train", "test"))
    return plainloop.train(films, output=str(place / "run"), epochs=30, baseline=False, talk=Talk(quiet=True))


def test_the_net_learns_the_words(run: plainloop.Run):
    assert run.config.source.format == "texts"
    assert run.metrics["test"]["accuracy"]["value"] > 0.9
    assert run.metrics["rows"]["test"] == 200
    said = [line.split(",") for line in (run.folder / "predictions.csv").read_text(encoding="utf-8").splitlines()]
    assert said[0][:3] == ["row", "file", "truth"]
    assert all(file.split("/")[0] == truth and file.endswith(".txt") for _, file, truth, *_ in said[1:])


def test_predict_folders_lines_and_tables(run: plainloop.Run, tmp_path: Path):
    random = np.random.default_rng(5)
    new = reviews(tmp_path / "new", each=20, seed=7)
    answers = run.predict(new, tmp_path / "said.csv")
    assert len(answers) == 40
    files = [line.split(",")[1] for line in (tmp_path / "said.csv").read_text(encoding="utf-8").splitlines()]
    assert files == ["file", *(f"{kind}/{file.name}" for kind in ("neg", "pos") for file in sorted((new / kind).iterdir()))]
    assert run.evaluate(new)["metrics"]["accuracy"]["value"] > 0.8
    assert run.predict(new / "pos") == answers[20:]
    said = [file.read_text(encoding="utf-8").strip() for kind in ("neg", "pos") for file in sorted((new / kind).iterdir())]
    assert run.predict({"text": said}) == answers
    lines = tmp_path / "lines.txt"
    lines.write_text("\n\n".join(said) + "\n", encoding="utf-8")
    assert run.predict(lines)[::2] == answers
    assert len(run.predict(lines)) == 2 * len(said) - 1  # a blank line is a row
    one = tmp_path / "texts.csv"
    one.write_text("text\n" + "".join(f'"{text}"\n' for text in said) + f'"{review("pos", random)}, really"\n', encoding="utf-8")
    assert run.predict(one)[:-1] == answers
    with pytest.raises(plainloop.PlainloopError, match="text"):
        run.predict(table(tmp_path / "other.csv"))


def test_predictions_name_the_files_of_a_folder_an_archive_and_nothing_else(run: plainloop.Run, tmp_path: Path):
    new = reviews(tmp_path / "new", each=4, seed=7)
    loose = tmp_path / "inbox"
    loose.mkdir()
    for number, file in enumerate(sorted(new.rglob("*.txt"))):
        (loose / f"{number}.txt").write_bytes(file.read_bytes())
    classes = [f"{kind}/{place}.txt" for kind in ("neg", "pos") for place in range(4)]
    expected = run.predict(new)
    for source, names in ((zipped(new, tmp_path / "new.zip"), classes), (loose, [f"inbox/{place}.txt" for place in range(8)])):
        assert run.predict(source, tmp_path / "said.csv") == expected
        rows = [line.split(",") for line in (tmp_path / "said.csv").read_text(encoding="utf-8").splitlines()]
        assert rows[0][:2] == ["row", "file"]
        assert [row[1] for row in rows[1:]] == names
        assert ("truth" in rows[0]) == (names is classes)
    assert run.predict(loose / "3.txt", tmp_path / "said.csv") == expected[3:4]
    assert "file" not in (tmp_path / "said.csv").read_text(encoding="utf-8")
    table_of = tmp_path / "texts.csv"
    table_of.write_text("text\n" + (loose / "5.txt").read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert run.predict(table_of, tmp_path / "said.csv") == expected[5:6]
    assert "file" not in (tmp_path / "said.csv").read_text(encoding="utf-8")
    with pytest.raises(plainloop.PlainloopError, match="inbox lacks column") as refused:
        run.evaluate(loose)
    assert refused.value.fix.endswith(f"plainloop predict {run.folder} {loose}")


def test_a_run_on_a_table_predicts_lines(tmp_path: Path):
    run = plainloop.train(
        table(tmp_path / "t.csv"), "liked", output=str(tmp_path / "run"), epochs=1, baseline=False, talk=Talk(quiet=True)
    )
    (tmp_path / "new.txt").write_text("a wonderful film, moving and clever\ndull, awful\n", encoding="utf-8")
    assert len(run.predict(tmp_path / "new.txt")) == 2
    assert len(run.predict(reviews(tmp_path / "new", each=2))) == 4


@pytest.mark.parametrize("workers", [0, 2])
def test_the_ejected_project_trains_the_same_weights(run: plainloop.Run, workers: int, tmp_path: Path):
    project = run.eject(tmp_path / "project", with_data=True)
    config = project / "run.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("workers = 0", f"workers = {workers}"), encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = [place / "weights.safetensors" for place in (run.folder, project / "output")]
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in made]
    assert digests[0] == digests[1]


def test_export(run: plainloop.Run, tmp_path: Path):
    assert run.export("onnx", tmp_path / "films.onnx").exists()
    assert '"singles"' in (tmp_path / "films.preparation.json").read_text(encoding="utf-8")


def train_words(data: Path, output: Path, epochs: int) -> list[str]:
    options = ["--no-baseline", "--batch-size", "2", "--set", "checkpoint_seconds=0.05", "--set", "workers=2", "-q"]
    return ["train", str(data), "--target", "liked", "--epochs", str(epochs), "--output", str(output), *options]


class Started:
    """A command in a process of its own, with the names that test_resume.py asks for; one that is forked may have no workers."""

    def __init__(self, *arguments: str | Path):
        self.process = plainloop_command(*arguments, start=True)

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()

    def join(self, seconds: float) -> None:
        self.process.wait(2 * seconds)

    @property
    def exitcode(self) -> int | None:
        return self.process.returncode


def kills_change_nothing(folder: Path, epochs: int, kills: int) -> None:
    data = table(folder / "reviews.csv", rows=200)
    assert finish(Started(*train_words(data, folder / "whole", epochs))) == 0
    random = np.random.default_rng(kills)
    middle = [kill(folder / "killed", Started(*train_words(data, folder / "killed", epochs)), random)]
    while len(middle) < kills or not any(middle):
        middle.append(kill(folder / "killed", Started("resume", str(folder / "killed"), "-q"), random))
        assert len(middle) < kills + 5, "never killed in the middle of an epoch"
    assert finish(Started("resume", str(folder / "killed"), "-q")) == 0
    assert_same(folder / "killed", folder / "whole")


@pytest.mark.slow
def test_ten_kills_with_two_workers_change_nothing(tmp_path: Path):
    kills_change_nothing(tmp_path, epochs=12, kills=10)
