"""What a forecast may know: nothing of its future. Windows of the published protocols; what is fitted; what is masked."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from clocks import train, write_lines, write_load
from plainloop.options import DataOptions
from plainloop.understand.look import look

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parents[1] / "../shared/data"))


def test_what_comes_after_the_test_start_changes_no_fitted_number(tmp_path: Path):
    """The values from the first test step on, in another order, leave weights, scales, intervals and history as they were."""
    data = write_load(tmp_path / "load.csv")
    header, *rows = data.read_text(encoding="utf-8").splitlines()
    start = 600 - int(600 * 0.15 + 1e-9)
    order = np.random.default_rng(1).permutation(600 - start)
    late = [f"{rows[start + i].split(',')[0]},{rows[start + j].partition(',')[2]}" for i, j in enumerate(order)]
    assert late != rows[start:]
    other = tmp_path / "other.csv"
    other.write_text("\n".join([header, *rows[:start], *late]) + "\n", encoding="utf-8")
    runs = [
        train(path, "load", tmp_path / path.stem, time="date", horizon=12, lookback=48, calendar=True, epochs=4)
        for path in (data, other)
    ]
    for file in ("weights.safetensors", "prepared.json"):
        assert (runs[0].folder / file).read_bytes() == (runs[1].folder / file).read_bytes(), file
    for name, values in runs[0].history.items():
        if name not in ("seconds", "rows_per_second"):
            assert values == runs[1].history[name], name
    assert runs[0].config.task.season == runs[1].config.task.season
    assert runs[0].metrics["validation"] == runs[1].metrics["validation"]
    assert runs[0].metrics["test"]["mae"] != runs[1].metrics["test"]["mae"], "the test rows are other ones"


def test_no_target_step_is_in_two_parts_and_the_scale_is_that_of_the_train_steps(tmp_path: Path):
    data = write_load(tmp_path / "load.csv")
    run = train(data, "load", tmp_path / "run", time="date", horizon=12, lookback=48)
    split = json.loads((run.folder / "split.json").read_text(encoding="utf-8"))
    ahead = {part: {48 + row + h for row in split[part] for h in range(12)} for part in ("train", "validation", "test")}
    assert not ahead["train"] & ahead["validation"]
    assert not ahead["validation"] & ahead["test"]
    assert max(ahead["train"]) == 419
    assert min(ahead["test"]) == 510
    values = np.array([float(line.split(",")[1]) for line in data.read_text(encoding="utf-8").splitlines()[1:]])
    scale = run.preparation.task.scales[0]
    assert scale.mean[0] == pytest.approx(values[:420].mean())
    assert scale.std[0] == pytest.approx(values[:420].std())


def test_a_target_that_is_missing_trains_and_judges_nothing(tmp_path: Path):
    data = write_load(tmp_path / "load.csv", 300)
    lines = data.read_text(encoding="utf-8").splitlines()
    for row in (100, 101, 280):
        time, _, heat = lines[row].split(",")
        lines[row] = f"{time},,{heat}"
    data.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run = train(data, "load", tmp_path / "run", time="date", horizon=6, lookback=24)
    assert all(np.isfinite(run.history["train_loss"]))
    empty = [
        line for line in (run.folder / "predictions.csv").read_text(encoding="utf-8").splitlines() if line.split(",")[3] == ""
    ]
    assert len(empty) == 1
    assert lines[280].split(",")[0] in empty[0]


PROTOCOLS = {
    "ETTh1": ("ETTh1.csv", {"split_rows": "8640,2880,2880"}, (8640 - 336 - 95, 2880 - 95, 2880 - 95), 7),
    "exchange_rate": (
        "exchange_rate.csv",
        {"validation": 0.1, "test": 0.2, "frequency": "rows"},
        (5311 - 336 - 95, 760 - 95, 1517 - 95),
        8,
    ),
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_windows_of_the_published_protocols(name: str):
    file, options, counts, targets = PROTOCOLS[name]
    path = DATA / "series" / name / file
    if not path.exists():
        pytest.skip(f"{path} is not there")
    made = look(str(path), DataOptions(target="all", time="date", horizon=96, lookback=336, **options))
    assert tuple(len(made.rows[part]) for part in ("train", "validation", "test")) == counts
    assert len(made.target) == targets


def test_a_date_in_four_columns_of_real_data(tmp_path: Path):
    path = DATA / "series" / "beijing_pollution" / "pollution.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    lines = path.read_text(encoding="utf-8").splitlines()[:3000]
    short = write_lines(tmp_path / "pollution.csv", lines[0], [line.split(",") for line in lines[1:]])
    made = look(str(short), DataOptions(target="pm2.5", horizon=24, time="year,month,day,hour"))
    assert made.source.frequency == "1h"
    assert {column.name: column.type for column in made.schema.columns}["cbwd"] == "window"
    assert made.task_values["season"] in (24, 168)
