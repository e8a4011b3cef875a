"""`evaluate` knows the rows that a run was trained on; a run whose loss became infinite can still be used, and says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plainloop
from clocks import train as forecast
from clocks import write_lines, write_load
from plainloop.run_problems import RunNotFinished
from plainloop.trained_rows import together, words_of
from plainloop.training import Talk

OPTIONS: dict[str, Any] = {"baseline": False, "talk": Talk(quiet=True)}


def write_rows(path: Path, rows: int = 200, seed: int = 0) -> Path:
    draw = np.random.default_rng(seed)
    lines = [[f"{a:.4f}", "abc"[i % 3], f"{2 * a + (i % 3) + b:.4f}"] for i, (a, b) in enumerate(draw.normal(size=(rows, 2)))]
    return write_lines(path, "a,kind,y", lines)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> plainloop.Run:
    place = tmp_path_factory.mktemp("rows")
    return plainloop.train(str(write_rows(place / "rows.csv")), "y", epochs=2, output=str(place / "run"), **OPTIONS)


def told(found: dict[str, Any]) -> str:
    return "\n".join(notice.what + notice.why for notice in found["notices"] if type(notice).__name__ == "RowsTrainedOn")


def test_rows_that_were_trained_on_are_counted_and_the_others_judged_alone(run: plainloop.Run, tmp_path: Path):
    count, data = run.metrics["rows"]["train"], write_rows(tmp_path / "again.csv")
    found = run.evaluate(data)
    others = json.loads((run.folder / "split.json").read_text(encoding="utf-8"))
    lines = data.read_text(encoding="utf-8").splitlines()
    kept = [lines[0], *(lines[1 + row] for part in ("validation", "test") for row in others[part])]
    (tmp_path / "others.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    alone = run.evaluate(tmp_path / "others.csv")
    assert told(alone) == ""
    assert f"{count} of 200 rows are the same" in told(found)
    assert f"rmse {alone['metrics']['rmse']['value']:.4g}" in told(found)


def test_new_rows_are_not_taken_for_known_ones_and_order_does_not_hide_them(run: plainloop.Run, tmp_path: Path):
    assert told(run.evaluate(write_rows(tmp_path / "new.csv", seed=1))) == ""
    lines = write_rows(tmp_path / "again.csv").read_text(encoding="utf-8").splitlines()
    turned = [",".join(reversed(line.split(","))) for line in [lines[0], *reversed(lines[1:])]]
    (tmp_path / "turned.csv").write_text("\n".join(turned) + "\n", encoding="utf-8")
    assert "140 of 200 rows are the same" in told(run.evaluate(tmp_path / "turned.csv"))


def test_rows_that_recur_by_nature_are_no_news(tmp_path: Path):
    draw = np.random.default_rng(0)
    rows = ["xyz"[draw.integers(3)] + "," + "uv"[draw.integers(2)] + "," + ["no", "yes"][draw.integers(2)] for _ in range(300)]
    (tmp_path / "a.csv").write_text("a,b,y\n" + "\n".join(rows[:200]) + "\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("a,b,y\n" + "\n".join(rows[200:]) + "\n", encoding="utf-8")
    made = plainloop.train(str(tmp_path / "a.csv"), "y", epochs=1, output=str(tmp_path / "run"), **OPTIONS)
    assert told(made.evaluate(tmp_path / "b.csv")) == ""


def test_windows_that_forecast_steps_of_the_train_part(tmp_path: Path):
    data = write_load(tmp_path / "load.csv")
    made = forecast(data, "load", tmp_path / "run", time="date", horizon=6, lookback=24, epochs=1)
    assert "windows forecast steps that" in told(made.evaluate(data))
    first, *lines = data.read_text(encoding="utf-8").splitlines()
    (tmp_path / "end.csv").write_text("\n".join([first, *lines[-100:]]) + "\n", encoding="utf-8")
    assert told(made.evaluate(tmp_path / "end.csv")) == ""


def test_keys_tell_cells_and_places_apart():
    one, other = np.array([1.0, -0.0, np.nan]), np.array([2.0, 0.0, np.nan])
    assert (words_of(one)[1:] == words_of(other)[1:]).all()
    assert (together([words_of(one), words_of(other)], 3) != together([words_of(other), words_of(one)], 3)).tolist()[0]


def test_a_run_whose_loss_became_infinite_has_the_weights_of_its_best_epoch(tmp_path: Path):
    data, folder = str(write_rows(tmp_path / "rows.csv")), str(tmp_path / "run")
    wild: dict[str, Any] = {"model": "table_linear", "epochs": 300, "learning_rate": 30.0}
    settings = ["optimizer=sgd", "clip=0", "schedule=constant", "patience=0"]
    with pytest.raises(plainloop.PlainloopError, match=r"not a finite number") as lost:
        plainloop.train(data, "y", output=folder, set=settings, **wild, **OPTIONS)
    assert "The weights of epoch 1 are kept" in str(lost.value)
    made = plainloop.load(folder)
    assert "with a loss that is no number" in str(made.notices[0])
    assert "ended early" in repr(made)
    assert len(made.predict(data)) == 200
    assert made.notices[0].best_epoch == 1
    found = made.evaluate(data)
    assert type(found["notices"][0]).__name__ == "EndedEarly"
    assert found["metrics"]["rmse"]["value"] > 0
    assert plainloop.runs(tmp_path)[0]["state"] == "stopped"
    with pytest.raises(plainloop.PlainloopError, match="ended with a loss that is no number"):
        made.eject(tmp_path / "project")
    (tmp_path / "run" / "weights.safetensors").unlink()
    with pytest.raises(RunNotFinished):
        plainloop.load(folder)
