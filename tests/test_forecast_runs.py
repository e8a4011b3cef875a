"""Forecasts from a table to predictions: the steps after the last row, past origins, groups, columns known ahead, quantiles."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plainloop
from clocks import HOUR, stamps, train, waves, write_lines, write_load, write_moves, write_sales, written
from plainloop.plain.forecasts import rounded
from plainloop.plain.readers.series import read_ahead
from plainloop.problems import PlainloopError
from plainloop.use_series import located
from small import said


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("load")
    data = write_load(folder / "load.csv")
    return data, train(data, "load", folder / "run", time="date", horizon=12, lookback=48, epochs=15)


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("sales")
    data = write_sales(folder / "sales.csv")
    options = {"time": "day", "group": "store,item", "future": "price", "horizon": 7, "lookback": 14, "epochs": 30}
    return data, train(data, "units", folder / "run", **options)


def lines_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def coming(run: Any, file: Path) -> dict[str, Any]:
    """What the model sees of the windows behind the last row of a file."""
    with tempfile.TemporaryDirectory() as scratch:
        source, _ = located(run, file, Path(scratch))
        return run.preparation.inputs(read_ahead(source, run.config.columns))


def test_the_steps_after_the_last_row_with_times_and_intervals(load: tuple[Path, Any], tmp_path: Path):
    data, run = load
    answers = run.predict(data, tmp_path / "forecast.csv")
    lines = lines_of(tmp_path / "forecast.csv")
    assert "test 2024-01-22 06:00:00 to 2024-01-25 23:00:00" in (run.folder / "report.html").read_text(encoding="utf-8")
    assert list(lines[0]) == ["time", "step", "prediction", "low", "high"]
    assert [line["time"] for line in lines] == written(stamps(612)[600:])
    assert [int(line["step"]) for line in lines] == list(range(1, 13))
    for line, answer in zip(lines, answers, strict=True):
        assert float(line["low"]) < float(line["prediction"]) < float(line["high"])
        assert float(line["prediction"]) == answer["prediction"]
    wanted = 11.2 + 3 * np.sin(2 * np.pi * np.arange(600, 612) / 24)
    assert np.abs(np.array([answer["prediction"] for answer in answers]) - wanted).mean() < 0.6


def test_a_forecast_has_the_zone_of_its_data_and_no_more_digits_than_its_scores(tmp_path: Path):
    times = [f"{time[:10]}T{time[11:16]}-05:00" for time in written(stamps(300))]
    data = write_lines(tmp_path / "load.csv", "date,load", [(t, f"{v:.2f}") for t, v in zip(times, waves(300), strict=True)])
    run = train(data, "load", tmp_path / "run", time="date", horizon=3, lookback=24, epochs=1)
    run.predict(data, tmp_path / "forecast.csv")
    lines = lines_of(tmp_path / "forecast.csv")
    assert [line["time"] for line in lines] == [f"2024-01-13 {hour:02}:00:00-05:00" for hour in (12, 13, 14)]
    assert all(len(line[name]) <= 10 for line in lines for name in ("prediction", "low", "high"))
    for origin in ("2024-01-10 07:00", "2024-01-10T12:00:00Z"):
        assert run.predict(data, origin=origin)[0]["time"] == "2024-01-10 08:00:00-05:00"
    assert rounded(np.array([1e6 + 1 / 3]), np.array([1e-3])).tolist() == [1000000.333333333]
    assert rounded(np.array([5.0]), np.array([0.0])).tolist() == [5.0]


def test_the_default_model_raises_no_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data = write_load(tmp_path / "load.csv", 200)
    monkeypatch.chdir(tmp_path)
    words = ["--target", "load", "--ignore", "heat", "--time", "date", "--horizon", 6, "--lookback", 24, "--epochs", 1]
    code, out = said("train", data, *words)
    assert code == 0, out
    assert "inputs: the past of the target; left out: 1" in out
    assert "warning" not in out


def test_a_past_origin_gives_what_the_run_gave_for_its_test_rows(load: tuple[Path, Any]):
    data, run = load
    tested = lines_of(run.folder / "predictions.csv")[:12]
    times = written(stamps(600))
    answers = run.predict(data, origin=times[times.index(tested[0]["time"]) - 1])
    assert [answer["time"] for answer in answers] == [line["time"] for line in tested]
    for name in ("truth", "prediction", "low", "high"):
        assert [answer[name] for answer in answers] == pytest.approx([float(line[name]) for line in tested], rel=1e-6)
    assert len(run.predict(data, origin="2024-01-10 00:00,2024-01-11 00:00")) == 24


@pytest.mark.parametrize(
    ("origin", "said"),
    [("2031-01-01 00:00", "does not reach so far"), ("soon", "cannot be read"), ("2024-01-01 05:00", "Nothing")],
)
def test_an_origin_that_cannot_be_is_refused(origin: str, said: str, load: tuple[Path, Any]):
    data, run = load
    with pytest.raises(PlainloopError, match=said):
        run.predict(data, origin=origin)


def test_new_rows_alone_are_forecast_from_their_own_end(load: tuple[Path, Any], tmp_path: Path):
    _, run = load
    values, times = waves(80, seed=3), stamps(80, start="2025-03-01T00:00")
    rows = [(t, f"{v:.3f}", f"{v / 2:.3f}") for t, v in zip(written(times), values, strict=True)]
    new = write_lines(tmp_path / "new.csv", "date,load,heat", rows)
    assert run.predict(new)[0]["time"] == "2025-03-04 08:00:00"
    shuffled = write_lines(
        tmp_path / "shuffled.csv", "date,load,heat", [rows[i] for i in np.random.default_rng(0).permutation(80)]
    )
    assert run.predict(shuffled) == run.predict(new), "the order of the rows does not matter"
    frame = [dict(zip(("date", "load", "heat"), row, strict=True)) for row in rows]
    assert run.predict(frame) == run.predict(new)
    short = write_lines(tmp_path / "short.csv", "date,load,heat", rows[:30])
    with pytest.raises(PlainloopError, match="the longest series has 30 steps"):
        run.predict(short)
    daily = [(str(t)[:10], *row[1:]) for t, row in zip(stamps(80, np.timedelta64(1, "D")), rows, strict=True)]
    with pytest.raises(PlainloopError, match="fill only"):
        run.predict(write_lines(tmp_path / "daily.csv", "date,load,heat", daily))
    quarters = [(t, *row[1:]) for t, row in zip(written(stamps(80, np.timedelta64(15, "m"))), rows, strict=True)]
    with pytest.raises(PlainloopError, match=r"lie beside|to a step"):
        run.predict(write_lines(tmp_path / "quarters.csv", "date,load,heat", quarters))
    with pytest.raises(PlainloopError, match="lacks column"):
        run.predict(write_lines(tmp_path / "narrow.csv", "date,load", [row[:2] for row in rows]))


def test_evaluating_the_training_data_from_the_test_on_gives_the_test_figures(load: tuple[Path, Any], tmp_path: Path):
    data, run = load
    lines = data.read_text(encoding="utf-8").splitlines()
    test = int(600 * 0.15 + 1e-9)
    tail = tmp_path / "tail.csv"
    tail.write_text("\n".join([lines[0], *lines[-test - 48 :]]) + "\n", encoding="utf-8")
    found = run.evaluate(tail)
    assert found["rows"] == run.metrics["rows"]["test"]
    for name in ("mae", "rmse", "mase", "mse_standardised", "coverage_80"):
        assert found["metrics"][name]["value"] == pytest.approx(run.metrics["test"][name]["value"], rel=1e-5), name


def test_each_series_of_a_group_has_its_own_scale_and_forecast(sales: tuple[Path, Any], tmp_path: Path):
    _, run = sales
    assert run.preparation.task.scales[0].names == ["Oslo | cake", "Oslo | tea", "Rome | tea"]
    new = write_sales(tmp_path / "new.csv", ahead=7)
    answers = run.predict(new, tmp_path / "forecast.csv")
    assert not run.notices
    assert list(lines_of(tmp_path / "forecast.csv")[0]) == ["time", "store", "item", "step", "prediction", "low", "high"]
    by_series: dict[tuple[str, str], list[float]] = {}
    for answer in answers:
        by_series.setdefault((answer["store"], answer["item"]), []).append(answer["prediction"])
    assert {key: len(values) for key, values in by_series.items()} == dict.fromkeys(
        [("Oslo", "cake"), ("Oslo", "tea"), ("Rome", "tea")], 7
    )
    for key, size in ((("Oslo", "tea"), 10), (("Oslo", "cake"), 1000), (("Rome", "tea"), 100)):
        assert 0.7 * size < np.mean(by_series[key]) < 2.5 * size
    assert run.metrics["test"]["mase"]["value"] < 0.9
    assert run.metrics["headline"] == "mae"


def test_the_model_sees_what_is_known_ahead_and_it_is_said_where_it_is_missing(sales: tuple[Path, Any], tmp_path: Path):
    data, run = sales
    new = write_sales(tmp_path / "new.csv", ahead=7)
    lines = new.read_text(encoding="utf-8").splitlines()
    seen = []
    for price in (2.0, 2.5):
        changed = [",".join([*line.split(",")[:3], "", str(price)]) if line.split(",")[3] == "" else line for line in lines]
        file = tmp_path / f"at_{price}.csv"
        file.write_text("\n".join(changed) + "\n", encoding="utf-8")
        run.predict(file)
        assert not run.notices
        seen.append(coming(run, file)["future"][:])
    scale = run.preparation.columns["price"]
    assert seen[0].shape == (3, 1, 14 + 7)
    assert (seen[0][:, :, :14] == seen[1][:, :, :14]).all()
    step = (seen[1] - seen[0])[:, 0, 14:]
    assert step.flatten().tolist() == pytest.approx(np.repeat(0.5 / np.array(scale.std), 7), rel=1e-4)
    run.predict(data)
    assert '"price": 21 of 21' in str(run.notices[0])


def test_a_series_that_is_new_is_scaled_by_its_own_first_steps(sales: tuple[Path, Any], tmp_path: Path):
    data, run = sales
    lines = data.read_text(encoding="utf-8").splitlines()
    bergen = [line.replace("Oslo,cake", "Bergen,cake") for line in lines if "Oslo,cake" in line]
    new = tmp_path / "new.csv"
    new.write_text("\n".join([lines[0], *bergen]) + "\n", encoding="utf-8")
    assert 500 < np.mean([answer["prediction"] for answer in run.predict(new)]) < 2500
    assert run.evaluate(new)["metrics"]["mae"]["value"] < 500


def test_a_series_that_begins_within_the_test_part_is_no_stranger_in_scale(tmp_path: Path):
    rows = [(str(t)[:10], "old", f"{v:.3f}") for t, v in zip(stamps(200, 24 * HOUR), waves(200, 7), strict=True)]
    rows += [(str(t)[:10], "new", f"{1000 * v:.1f}") for t, v in zip(stamps(200, 24 * HOUR)[165:], waves(35, 7), strict=True)]
    run = train(
        write_lines(tmp_path / "two.csv", "day,shop,units", rows), "units", tmp_path / "run", time="day", group="shop", horizon=5,
        lookback=10, epochs=20,
    )  # fmt: skip
    assert run.preparation.task.scales[0].names == ["old"]
    assert run.metrics["test"]["mae_standardised"]["value"] < 2, "in the unit of the old shop it would be thousands"


def test_quantiles_come_from_the_net_and_their_coverage_is_measured(load: tuple[Path, Any], tmp_path: Path):
    data, _ = load
    run = train(data, "load", tmp_path / "run", time="date", horizon=12, lookback=48, epochs=15, set=["loss=quantile"])
    assert run.preparation.task.num_outputs == 36
    assert 0.65 < run.metrics["test"]["coverage_80"]["value"] < 0.95
    answer = run.predict(data)[0]
    assert answer["low"] < answer["prediction"] < answer["high"]


def test_several_targets_have_columns_of_their_own(load: tuple[Path, Any], tmp_path: Path):
    data, _ = load
    run = train(data, "load,heat", tmp_path / "run", time="date", horizon=6, lookback=24)
    run.predict(data, tmp_path / "forecast.csv")
    names = ["prediction_load", "low_load", "high_load", "prediction_heat", "low_heat", "high_heat"]
    assert list(lines_of(tmp_path / "forecast.csv")[0]) == ["time", "step", *names]


def test_whole_series_are_predicted_and_evaluated(tmp_path: Path):
    data = write_moves(tmp_path / "moves.csv")
    run = train(data, "activity", tmp_path / "run", series="recording", time="t", epochs=20)
    new = write_moves(tmp_path / "new.csv", number=10, seed=5)
    answers = run.predict(new, tmp_path / "predictions.csv")
    assert answers == ["down", "up"] * 5
    lines = lines_of(tmp_path / "predictions.csv")
    assert [line["series"] for line in lines] == [f"r{one:03}" for one in range(10)]
    assert lines[0]["truth"] == "down"
    assert not run.notices
    header, *steps = new.read_text(encoding="utf-8").splitlines()
    (tmp_path / "twice.csv").write_text(
        "\n".join([header, *steps, *(step for step in steps if "r003" in step)]), encoding="utf-8"
    )
    run.predict(tmp_path / "twice.csv")
    assert "1 of 10 series in" in run.notices[0].what
    assert run.evaluate(new)["metrics"]["accuracy"]["value"] == 1.0
    header, *rows = new.read_text(encoding="utf-8").splitlines()
    bare = tmp_path / "bare.csv"
    bare.write_text("\n".join([header.replace(",activity", ""), *(row.rpartition(",")[0] for row in rows)]), encoding="utf-8")
    assert run.predict(bare) == answers
    with pytest.raises(PlainloopError, match="activity"):
        run.evaluate(bare)
    with pytest.raises(PlainloopError, match="no forecast"):
        plainloop.predict(run, new, origin="3")


@pytest.mark.parametrize("name", ["load", "sales"])
def test_a_forecast_is_exported_and_scores_alike(name: str, request: pytest.FixtureRequest, tmp_path: Path):
    _, run = request.getfixturevalue(name)
    place = run.export("state_dict", tmp_path / "model.safetensors")  # checks the scores in a process of its own
    facts = json.loads(place.with_name("model.preparation.json").read_text(encoding="utf-8"))
    assert facts["readme"]["decode"].startswith("scores")
    assert {column["type"] for column in facts["columns"]} <= facts["readme"]["encode"].keys()
