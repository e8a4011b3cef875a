"""Tune: the time it may take, a kill on the way, several processes, and the winner, which is the best trial over again."""

from __future__ import annotations

import builtins
import csv
import json
import os
import signal
import time
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import plainloop
from plainloop.adjust.adjust_problems import OptionOfData, PackageMissing, SearchStopped, SearchTooShort, StudyNotStored
from plainloop.adjust.spaces import MODEL, Choice, Span, parsed, space_of
from plainloop.adjust.study import Held, storage_of
from plainloop.adjust.trials import Study, drawn
from plainloop.training import Talk
from plainloop.understand.defaults import BY_ROWS
from plainloop.understand.resolve import model_class
from plainloop.understand.setting_problems import BadSetting
from small import case, forked, said, write_csv

QUIET = Talk(quiet=True)
QUICK: dict[str, Any] = {"baseline": False, "talk": QUIET}
optuna = pytest.importorskip("optuna")


def finished(place: Path) -> dict[int, tuple[Any, ...]]:
    """The finished trials of a study: number -> value and settings."""
    study = optuna.load_study(study_name=None, storage=storage_of(place, ""))
    return {t.number: (t.value, t.params) for t in study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))}


def wait_for(place: Path, count: int, process: Any) -> None:
    """Until a search has so many finished trials."""
    deadline = time.monotonic() + 300  # a disk that others write to can take seconds for each line
    while time.monotonic() < deadline and process.exitcode is None:
        if (place / "study.journal").exists() and len(finished(place)) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(f"no {count} trials in time")


def states(place: Path) -> list[str]:
    study = optuna.load_study(study_name=None, storage=storage_of(place, ""))
    return [trial.state.name for trial in study.get_trials()]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("tune")
    data = write_csv(folder / "pets.csv", rows=200)
    options = {**QUICK, "epochs": 2, "output": str(folder / "runs" / "pets-tune-1")}
    return plainloop.tune(data, "label", trials=4, space={"width": "8|16"}, **options)


def test_the_winner_is_the_best_trial_over_again(made: Any, tmp_path: Path):
    best, run = made.best, made.run
    assert run.folder.name == "pets-1"
    assert best["value"] == min(row["value"] for row in made.trials if row["value"] is not None)
    assert run.metrics["validation"]["log_loss"]["value"] == pytest.approx(best["value"], rel=1e-6)
    assert run.config.train.learning_rate == best["settings"]["train.learning_rate"]
    assert run.config.model.settings["width"] == best["settings"]["model.width"] in (8, 16)
    assert "found by a search" in (run.folder / "run.toml").read_text()
    assert run.metrics["rows"]["test"] > 0
    assert (run.eject(tmp_path / "project") / "run.toml").exists()


def test_the_folder_of_a_study_has_rows_a_picture_and_no_run(made: Any):
    with open(made.folder / "trials.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["trial"] for row in rows] == ["0", "1", "2", "3"]
    assert json.loads((made.folder / "tune.json").read_text())["best"]["trial"] == made.best["trial"]
    assert made.picture.read_bytes().startswith(b"\x89PNG")
    assert [Path(run["run"]).name for run in plainloop.runs(made.folder.parent)] == ["pets-1"]
    assert not list(made.folder.glob("trial-*"))
    assert "trial 0, the settings without a search" in str(made)


def test_the_first_trial_has_the_settings_without_a_search(made: Any):
    first = made.trials[0]["settings"]
    assert (first["train.learning_rate"], first["train.weight_decay"], first["model.depth"]) == (0.002, 0.02, 2)


def test_a_study_goes_on_and_refuses_other_options(made: Any):
    before = finished(made.folder)
    more = plainloop.tune(made.folder, trials=1, **QUICK)
    assert len(more.trials) == len(made.trials) + 1
    assert {number: finished(made.folder)[number] for number in before} == before
    with pytest.raises(OptionOfData):
        plainloop.tune(made.folder, trials=1, epochs=3, **QUICK)


def test_a_study_that_goes_on_takes_what_is_left_of_its_trials(tmp_path: Path):
    data, place, seen = write_csv(tmp_path / "pets.csv", rows=200), tmp_path / "study", []

    def stopping(step: int, steps: int) -> int:
        seen.append(step)
        return signal.SIGTERM if len(seen) == steps + 2 else 0  # in the second trial, or the second epoch

    with pytest.raises(SearchStopped):
        plainloop.tune(
            data, "label", trials=3, epochs=1, baseline=False, output=str(place), talk=Talk(quiet=True, watch=stopping)
        )
    cut = len(states(place)) - 1  # the cut one waits in the queue
    made = plainloop.tune(place, talk=QUIET)
    assert cut == 2
    assert len(made.trials) == 4, "three trials, one of which was tried again"
    assert len(plainloop.tune(place, talk=QUIET).trials) == 4, "nothing is left"


def killed_while_writing(journal: Path) -> None:
    """A process that has the lock of the journal, has written half a line, and is killed by SIGKILL there."""
    reading, writing = os.pipe()
    process = os.fork()
    if not process:  # the child: no more than the calls that optuna makes
        Held(journal).acquire()
        with open(journal, "ab", buffering=0) as file:
            file.write(b'{"op_code":6,"worker_id":"torn')
        os.write(writing, b"x")
        time.sleep(100)
        os._exit(1)
    os.read(reading, 1)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    os.close(reading)
    os.close(writing)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it kills a process that it has forked")
def test_a_process_killed_while_it_writes_holds_up_nobody(tmp_path: Path):
    working, journal = optuna.create_study(storage=storage_of(tmp_path, "")), tmp_path / "study.journal"
    working.tell(working.ask(), 1.0)
    killed_while_writing(journal)
    assert not journal.read_bytes().endswith(b"\n")
    begun = time.monotonic()
    working.tell(working.ask(), 2.0)  # a process that was at work all the time
    killed_while_writing(journal)
    later = optuna.load_study(study_name=None, storage=storage_of(tmp_path, ""))  # and one that comes afterwards
    later.tell(later.ask(), 3.0)
    assert [trial.value for trial in working.get_trials()] == [1.0, 2.0, 3.0]
    assert time.monotonic() - begun < 20


def test_a_process_that_comes_to_help_takes_its_share_of_the_trials(tmp_path: Path):
    data, place = write_csv(tmp_path / "pets.csv", rows=200), tmp_path / "study"
    first = forked("tune", data, "--target", "label", "--trials", 8, "--epochs", 2, "--output", place, "--no-baseline")
    wait_for(place, 1, first)
    second = forked("tune", place)
    for process in (first, second):
        process.join(timeout=240)
        assert process.exitcode == 0
    assert len(states(place)) in (8, 9), "the last one may be begun by both"


def test_a_kill_loses_no_finished_trial(tmp_path: Path):
    data, place = write_csv(tmp_path / "pets.csv", rows=200), tmp_path / "study"
    words = ["tune", data, "--target", "label", "--trials", 50, "--epochs", 3, "--output", place, "--no-baseline"]
    process = forked(*words)
    wait_for(place, 2, process)
    process.kill()
    process.join()
    before = finished(place)
    with open(place / "study.journal", "ab") as file:
        file.write(b'{"op_code": 8, "torn')  # a line that the kill left half written
    killed = states(place).count("RUNNING") if "RUNNING" in states(place) else 0
    code, out = said("tune", place, "--trials", 2)
    assert code == 0, out
    after = finished(place)
    assert {number: after[number] for number in before} == before
    assert "RUNNING" not in states(place)
    assert len(after) + states(place).count("PRUNED") >= len(before) + 2
    if killed:
        assert "of a process that was killed" in out


def test_a_trial_that_was_cut_off_goes_on_where_it_was(tmp_path: Path):
    data, place = write_csv(tmp_path / "pets.csv", rows=200), tmp_path / "study"
    options: dict[str, Any] = {"epochs": 6, "baseline": False}
    first, second = [], []

    def stopping(step: int, steps: int) -> int:
        first.append(step)
        return signal.SIGTERM if len(first) == 2 * steps + 2 else 0  # in the third epoch

    def counting(step: int, steps: int) -> int:
        second.append(step)
        return 0

    with pytest.raises(SearchStopped):
        plainloop.tune(data, "label", trials=2, output=str(place), talk=Talk(quiet=True, watch=stopping), **options)
    assert list(place.glob("trial-0/checkpoints/*"))
    made = plainloop.tune(place, trials=1, talk=Talk(quiet=True, watch=counting))
    assert len(second) <= 4 * (max(first) + 1) + 1, "the two epochs that it had are not learned again"
    alone = plainloop.train(data, "label", talk=QUIET, output=str(tmp_path / "run"), **options)
    assert made.trials[-1]["epochs"] == alone.metrics["epochs"] == 6
    assert made.run is not None
    weights = [(run.folder / "weights.safetensors").read_bytes() for run in (made.run, alone)]
    assert weights[0] == weights[1], "the winner has the weights of its trial, and the trial those of a run"


def test_two_processes_on_one_study_make_no_trial_twice(tmp_path: Path):
    data, place = write_csv(tmp_path / "pets.csv", rows=200), tmp_path / "study"
    first = forked("tune", data, "--target", "label", "--trials", 6, "--epochs", 2, "--output", place, "--no-baseline")
    wait_for(place, 1, first)
    second = forked("tune", place, "--trials", 5)
    for process in (first, second):
        process.join(timeout=300)
        assert process.exitcode == 0
    study = optuna.load_study(study_name=None, storage=storage_of(place, ""))
    trials = [json.dumps(trial.params, sort_keys=True) for trial in study.get_trials()]
    assert len(trials) == len(set(trials)) == 11
    assert len({trial.user_attrs["worker"] for trial in study.get_trials()}) == 2
    assert len(plainloop.runs(tmp_path)) == 1, "one of them trains the winner"


def test_the_time_is_kept_even_when_no_trial_ends(tmp_path: Path):
    data, begun = write_csv(tmp_path / "pets.csv", rows=2000), time.monotonic()
    options = {**QUICK, "epochs": 5000, "set": {"patience": 0}, "output": str(tmp_path / "study")}
    made = plainloop.tune(data, "label", minutes=0.15, **options)
    assert time.monotonic() - begun < 30  # 9 seconds, and this machine has other work
    assert made.best["state"] == "cut"
    assert made.run.metrics["epochs"] == made.best["epochs"] > 0
    with pytest.raises(SearchTooShort):
        plainloop.tune(data, "label", minutes=1e-5, **{**options, "output": str(tmp_path / "none")})


def test_trials_that_fail_are_told_of_and_the_search_goes_on(tmp_path: Path):
    lines: list[str] = []
    talk = Talk(say=lines.append)
    data, space = write_csv(tmp_path / "pets.csv", "Regression", rows=200), {"learning_rate": "90..100", "width": "8..9"}
    options: dict[str, Any] = {"epochs": 3, "baseline": False, "set": {"optimizer": "sgd", "schedule": "constant"}}
    with pytest.raises(SearchTooShort, match="All of them failed, the last one so: The loss is not a finite number"):
        plainloop.tune(data, "price", trials=2, space=space, talk=talk, output=str(tmp_path / "s"), **options)
    assert any("The loss is not a finite number" in line for line in lines)


def test_a_forecast_is_searched_by_its_own_headline(tmp_path: Path):
    data = tmp_path / "load.csv"
    hours = [f"2024-01-{1 + hour // 24:02} {hour % 24:02}:00,{hour % 24 + hour % 7},{hour % 5}" for hour in range(300)]
    data.write_text("\n".join(["time,load,wind", *hours]) + "\n")
    options: dict[str, Any] = {"time": "time", "horizon": 3, "lookback": 24, "epochs": 1, **QUICK}
    for target, headline in (("load", "mae"), ("load,wind", "mse_standardised")):
        made = plainloop.tune(data, target, trials=1, output=str(tmp_path / headline), **options)
        assert made.headline == headline == made.run.metrics["headline"]
        assert made.best["value"] > 0


def test_a_database_holds_a_study(tmp_path: Path):
    data, url = write_csv(tmp_path / "pets.csv", rows=200), f"sqlite:///{tmp_path}/study.db"
    for name in ("a", "b"):  # two folders, as on two machines: the study is the same
        made = plainloop.tune(
            data, "label", trials=1, epochs=1, storage=url, output=str(tmp_path / "x" / name / "s-tune-1"), **QUICK
        )
    assert len(made.trials) == 2


def test_a_database_that_cannot_be_used_is_refused_in_words(tmp_path: Path):
    data = write_csv(tmp_path / "pets.csv", rows=60)
    for url in (f"sqlite:///{tmp_path}/nowhere/x.db", "postgresql://me:secret@", "banana"):
        with pytest.raises(StudyNotStored) as refused:
            plainloop.tune(data, "label", trials=1, storage=url, output=str(tmp_path / "s"), **QUICK)
        assert "secret" not in str(refused.value)
        assert not (tmp_path / "s").exists()


def test_processes_that_make_one_database_at_a_time_share_the_study(tmp_path: Path):
    data, url = write_csv(tmp_path / "pets.csv", rows=60), f"sqlite:///{tmp_path}/study.db"
    words = ("tune", data, "--target", "label", "--trials", 1, "--epochs", 1, "--no-baseline", "--storage", url, "--output")
    both = [forked(*words, tmp_path / name) for name in ("a", "b")]
    for process in both:
        process.join(120)
    assert [process.exitcode for process in both] == [0, 0]
    study = optuna.load_study(study_name=None, storage=url)  # one study: there would be no name to leave out else
    assert len(study.trials) == 2


def test_a_space_that_no_model_can_have_is_refused_before_the_search(tmp_path: Path):
    data = write_csv(tmp_path / "pets.csv", rows=60)
    for space in ({"width": "0..64"}, {"width": "64|99999999"}, {"activation": "relu|banana"}):
        with pytest.raises(BadSetting, match=next(iter(space))):
            plainloop.tune(data, "label", trials=1, space=space, output=str(tmp_path / "s"), **QUICK)
    assert not (tmp_path / "s").exists()


def test_a_picture_shows_that_a_bad_trial_lies_further_out(tmp_path: Path):
    def row(number: int, value: float) -> dict[str, Any]:
        return {
            "trial": number,
            "value": value,
            "state": "finished",
            "curve": [value],
            "epochs": 1,
            "seconds": 0.1,
            "settings": {},
            "as_trained": False,
        }

    alone = Study(tmp_path, "rmse", False, [row(0, 5.0)], [row(0, 5.0)], {})
    rows = [row(number, value) for number, value in enumerate((5.0, 5.1, 5.2, 900.0))]
    near, far = (Study(tmp_path, "rmse", False, some, some, {}) for some in (rows[:3], rows))
    assert len({drawn(one) for one in (alone, near, far)}) == 3
    assert "settings without a search as far as the space holds them: 5.000" in str(far)
    assert "1 trial: 1 finished" in str(alone)


def test_spaces():
    assert parsed("width", "8..64") == Span(8, 64)
    assert parsed("rate", "1e-4..1e-2") == Span(1e-4, 1e-2, log=True)
    assert parsed("activation", "relu|gelu") == Choice(("relu", "gelu"))
    for text in ("5", "9..2", "a..b"):
        with pytest.raises(BadSetting):
            parsed("width", text)
    config = case("Binary", inputs=("a", "b")).config
    assert list(space_of(config, {"train.learning_rate"}, {"epochs": "3..9"})) == ["train.weight_decay", "train.epochs"]


def test_without_optuna_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "optuna":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PackageMissing, match=r"plainloop\[tune\]"):
        plainloop.tune(write_csv(tmp_path / "a.csv"), "label", trials=1)


@pytest.mark.parametrize("model", [name for name, lines in MODEL.items() if lines])
def test_the_space_of_a_model_has_its_settings_and_their_defaults(model: str):
    """A default that the space does not hold would be drawn for the first trial, and the search could end below it."""
    kind = model_class(model).__init__
    for rows in (100, 12_000, 30_000, 10**7):
        by_rows = next((own for most, own, _ in BY_ROWS.get(model, []) if rows < most), {})
        for name, line in MODEL[model].items():
            default = {**kind.__kwdefaults__, **by_rows}[name.partition(".")[2]]
            assert line.holds(default), (name, default, rows)
            words = get_args(get_type_hints(kind)[name.partition(".")[2]])
            assert not words or set(line.values) <= set(words), name
