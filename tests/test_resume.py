"""Killed, stopped and resumed in real processes: the finished run is that of the run that never was stopped, to the last bit."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainloop.cli import main
from small import forked, history_of, metrics_of, plainloop, write_csv

TARGETS = {"Binary": "label", "Regression": "price"}
# small steps, so that an epoch lasts some tenths of a second, with several checkpoints in each
OPTIONS = [
    "--no-baseline",
    "--batch-size",
    "2",
    "--set",
    "checkpoint_seconds=0.05",
    "--set",
    "width=32",
    "--set",
    "members=1",
    "-q",
]


def words(data: Path, target: str, output: Path, epochs: int) -> list[Any]:
    """The command that trains."""
    return ["train", data, "--target", target, "--epochs", epochs, "--output", output, *OPTIONS]


def newest(run: Path) -> dict[str, Any]:
    """What the newest checkpoint knows of its place; empty without one."""
    for place in sorted((run / "checkpoints").glob("step-*"), reverse=True):
        try:
            return json.loads((place / "state.json").read_text(encoding="utf-8"))["progress"]
        except OSError:  # it has just been removed for a newer one
            return newest(run)
    return {}


def until(happens: Callable[[], bool], alive: Callable[[], bool]) -> None:
    """Waits until something is so, or the process has ended."""
    end = time.monotonic() + 90
    while not happens() and alive():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def finish(process: Any) -> int:
    process.join(120)
    return process.exitcode


def kill(run: Path, process: Any, rng: np.random.Generator) -> bool:
    """SIGKILL at a random instant after the next checkpoint; whether the newest checkpoint is from the middle of an epoch."""
    before = newest(run).get("steps", 0)
    until(lambda: newest(run).get("steps", 0) > before, process.is_alive)
    time.sleep(rng.uniform(0, 0.2))
    process.kill()
    assert finish(process) == -signal.SIGKILL, "it was at its end before it could be killed"
    return newest(run).get("step", 0) > 0


def kill_and_compare(folder: Path, kind: str, data: Path, whole: Path, epochs: int, kills: int) -> None:
    """Kills a run so often, and once at least in the middle of an epoch; then lets it end and compares."""
    run, rng = folder / "killed", np.random.default_rng(kills)
    middle = [kill(run, forked(*words(data, TARGETS[kind], run, epochs)), rng)]
    while len(middle) < kills or not any(middle):
        middle.append(kill(run, forked("resume", run, "-q"), rng))
        assert len(middle) < kills + 5, "never killed in the middle of an epoch"
    assert finish(forked("resume", run, "-q")) == 0
    assert_same(run, whole)


def assert_same(run: Path, whole: Path) -> None:
    assert history_of(run) == history_of(whole)
    assert (run / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    assert (run / "predictions.csv").read_bytes() == (whole / "predictions.csv").read_bytes()
    assert metrics_of(run)["test"] == metrics_of(whole)["test"]


def untouched(folder: Path, kind: str, epochs: int) -> tuple[Path, Path]:
    """Data, and a run on it that nothing stops."""
    data = write_csv(folder / "data.csv", kind, rows=400)
    assert finish(forked(*words(data, TARGETS[kind], folder / "whole", epochs))) == 0
    return data, folder / "whole"


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return untouched(tmp_path_factory.mktemp("regression"), "Regression", 6)


def test_three_kills_of_a_binary_run_change_nothing(tmp_path: Path):
    kill_and_compare(tmp_path, "Binary", *untouched(tmp_path, "Binary", 6), epochs=6, kills=3)


def test_three_kills_of_a_regression_run_change_nothing(tmp_path: Path, regression: tuple[Path, Path]):
    kill_and_compare(tmp_path, "Regression", *regression, epochs=6, kills=3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", TARGETS)
def test_ten_kills_change_nothing(kind: str, tmp_path: Path):
    kill_and_compare(tmp_path, kind, *untouched(tmp_path, kind, 25), epochs=25, kills=10)


def test_interrupted_damaged_and_read_by_nobody_it_is_still_the_same(
    tmp_path: Path, regression: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
):
    """Ctrl-C, then a damaged newest checkpoint and a reader who leaves; after that nothing is left to do."""
    (data, whole), run = regression, tmp_path / "run"
    process = forked(*words(data, "price", run, 6))
    until(lambda: len(list((run / "checkpoints").glob("step-*"))) == 2, process.is_alive)
    os.kill(process.pid, signal.SIGINT)
    assert finish(process) == 130
    last = sorted(run.glob("checkpoints/step-*/model.safetensors"))[-1]
    last.write_bytes(b"\0" + last.read_bytes()[1:])
    read, write = os.pipe()
    process = forked("resume", run, output=write)
    os.close(write)
    first = os.read(read, 100)
    os.close(read)  # as `| head -1` does
    assert first
    assert finish(process) == 0
    assert len(list(run.glob("checkpoints/damaged-*"))) == 1
    assert_same(run, whole)
    weights = (run / "weights.safetensors").stat().st_mtime_ns
    assert code_of("resume", run) == 0
    assert "finished already" in capsys.readouterr().out
    assert (run / "weights.safetensors").stat().st_mtime_ns == weights, "no work is done"


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data, and `python -m plainloop train` on it, stopped by SIGTERM while another process wanted to go on with it."""
    folder = tmp_path_factory.mktemp("stopped")
    data = write_csv(folder / "data.csv", rows=400)
    process = plainloop(*words(data, "label", folder / "run", 4000), start=True)
    until(lambda: newest(folder / "run").get("steps", 0) > 0, lambda: process.poll() is None)
    other = plainloop("resume", folder / "run")
    assert other.returncode == 6, "two processes on one run"
    assert f"process {process.pid} on " in other.stderr
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 143
    assert time.monotonic() - begun < 10
    assert f"plainloop resume {folder / 'run'}" in said
    return folder


@pytest.fixture
def run(stopped: Path) -> Iterator[Path]:
    """A copy of the stopped run, next to its data."""
    place = stopped / "copy"
    shutil.copytree(stopped / "run", place)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield place
    for number, handler in handlers.items():
        signal.signal(number, handler)
    shutil.rmtree(place)


def code_of(*arguments: str | Path) -> int:
    """The exit code of the command line, called in this process."""
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in arguments])
    return int(caught.value.code or 0)


def test_a_signal_leaves_a_checkpoint_and_nothing_half_made(run: Path):
    assert newest(run)["steps"] > 0
    assert not list((run / "checkpoints").glob(".*"))
    assert not list(run.glob("*.tmp"))
    assert not (run / "metrics.json").exists()


def test_changed_data_is_refused(run: Path, stopped: Path, capsys: pytest.CaptureFixture[str]):
    text = (stopped / "data.csv").read_bytes()
    try:
        for changed in (text.replace(b"Oslo", b"Bonn", 1), text + b"1,2,Oslo,2024-01-01,yes\n"):
            (stopped / "data.csv").write_bytes(changed)
            assert code_of("resume", run) == 3
            assert "The data has changed since the run was started: data.csv has SHA-256" in capsys.readouterr().err
        (stopped / "data.csv").unlink()
        assert code_of("resume", run) == 3
        assert "data.csv is not there" in capsys.readouterr().err
    finally:
        (stopped / "data.csv").write_bytes(text)


def test_damaged_checkpoints_are_refused_each_time(run: Path, capsys: pytest.CaptureFixture[str]):
    for path in run.glob("checkpoints/step-*/best.safetensors"):
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    for _ in range(2):
        assert code_of("resume", run) == 3
        assert "best.safetensors: SHA-256 is" in capsys.readouterr().err


def test_settings_edited_after_the_start_are_refused_until_put_back(run: Path, capsys: pytest.CaptureFixture[str]):
    text = (run / "run.toml").read_text(encoding="utf-8")
    (run / "run.toml").write_text(text.replace("weight_decay = ", "weight_decay = 1"), encoding="utf-8")
    assert code_of("resume", run) == 3
    assert "other settings" in capsys.readouterr().err
    assert newest(run)["steps"] > 0, "nothing was set aside"
    (run / "run.toml").write_text(text + "broken = = ", encoding="utf-8")
    assert code_of("resume", run) == 2
    assert "run.toml cannot be read" in capsys.readouterr().err
    (run / "run.toml").write_text(text.replace("[train]", "[train]\npatients = 3"), encoding="utf-8")
    assert code_of("resume", run) == 2
    assert "patients" in capsys.readouterr().err


def test_code_that_changed_is_told(run: Path, capsys: pytest.CaptureFixture[str]):
    text = (run / "run.toml").read_text(encoding="utf-8").replace('"loop.py" = "', '"loop.py" = "0')
    (run / "run.toml").write_text(text.replace("epochs = 4000", "epochs = 0"), encoding="utf-8")
    shutil.rmtree(run / "checkpoints")
    assert code_of("resume", run) == 0
    assert "the code of plainloop has changed" in capsys.readouterr().out


def test_a_run_that_was_stopped_cannot_be_used_and_says_how_to_go_on(run: Path, capsys: pytest.CaptureFixture[str]):
    assert code_of("predict", run, "data.csv") == 2
    assert f"Fix: plainloop resume {run}" in capsys.readouterr().err
    assert code_of("runs", run.parent) == 0
    assert "stopped" in capsys.readouterr().out
