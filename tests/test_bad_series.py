"""The catalogue of bad times: each written as a file, and repaired and said, or refused with a fix, as it says there."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plainloop
from clocks import stamps, waves, write_lines, write_sales, written
from plainloop import problems
from plainloop.options import DataOptions
from plainloop.plain.readers.series import read_steps
from plainloop.plain.readers.times import as_cells
from plainloop.problems import PlainloopError
from plainloop.understand.look import look
from plainloop.understand.seen import Look
from plainloop.understand.series_look import STRONG, strength
from plainloop.understand.series_problems import RepeatedTimes

Rows = list[list[str]]
DAY = np.timedelta64(1, "D")


def seen(path: Path, **options: Any) -> Look:
    asked = {"target": "load", "time": "date", "horizon": 6, "lookback": 12, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return look(str(path), DataOptions(**asked))


def hours(count: int = 240) -> Rows:
    return [[time, f"{value:.2f}"] for time, value in zip(written(stamps(count)), waves(count), strict=True)]


def days(form: str, count: int = 240, start: str = "2024-01-01") -> Rows:
    from datetime import datetime, timedelta

    first = datetime.fromisoformat(start)
    return [[(first + timedelta(days=i)).strftime(form), f"{value:.2f}"] for i, value in enumerate(waves(count, 7))]


def table(path: Path, rows: Rows, header: str = "date,load") -> Path:
    return write_lines(path, header, rows)


def told(made: Look, name: str) -> str:
    """What the notices of a kind say, "" where there is none."""
    return "\n".join(str(notice) for notice in made.notices if type(notice).__name__ == name)


def steps_of(made: Look) -> Any:
    return read_steps(made.source, made.schema.config_columns())


def shuffled(rows: Rows) -> Rows:
    return [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]


def every_but(each: int) -> Rows:
    return [row for i, row in enumerate(hours()) if i % each or not i]


def changed(rows: Rows, row: int, column: int, cell: str) -> Rows:
    rows[row][column] = cell
    return rows


REPAIRED: dict[str, tuple[Callable[[], Rows], str, str]] = {
    "unsorted rows": (lambda: shuffled(hours()), "TimesSorted", "rows"),
    "newest first": (lambda: hours()[::-1], "TimesSorted", "rows"),
    "a row twice": (lambda: [*hours(), hours()[40]], "TimesRepeated", "2024-01-02 16:00:00"),
    "a time twice with two values": (lambda: [*hours(), [hours()[40][0], "99"]], "TimesRepeated", "2024-01-02 16:00:00"),
    "missing hours": (lambda: hours()[:50] + hours()[55:], "StepsMissing", "5 of 240"),
    "hours missing in several places": (lambda: every_but(30), "StepsMissing", "7 of 240"),
    "times a little beside the hour": (
        lambda: changed(hours(), 17, 0, "2024-01-01 17:02:00"),
        "TimesMoved",
        "2024-01-01 17:02:00",
    ),
    "sentinel -9999": (lambda: changed(hours(), 17, 1, "-9999"), "SentinelsFound", "-9999"),
    "sentinel -200": (
        lambda: changed(changed(changed(hours(), 17, 1, "-200"), 30, 1, "-200"), 31, 1, "-200"),
        "SentinelsFound",
        "-200",
    ),
    "gaps in the target": (lambda: changed(hours(), 17, 1, ""), "TargetGaps", "1 of"),
    "empty rows at the end": (lambda: [*hours(), ["", ""], ["", ""]], "EmptyRows", "2 "),
    "day first, told by the steps": (lambda: days("%d/%m/%Y", 12, "2024-01-01") + days("%d/%m/%Y")[12:], "", ""),
    "dates of dots": (lambda: days("%d.%m.%Y"), "", ""),
    "names of months": (lambda: days("%d %b %Y"), "", ""),
    "american dates": (lambda: days("%m/%d/%Y"), "", ""),
    "dates of two-digit years": (lambda: days("%d.%m.%y"), "", ""),
    "american dates of two-digit years": (lambda: days("%m/%d/%y"), "", ""),
    "day first of two-digit years, told by the steps": (lambda: days("%d/%m/%y %H:%M"), "", ""),
    "dates without separators": (lambda: days("%Y%m%d"), "", ""),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_it_is_read_as_what_it_is_and_said(name: str, tmp_path: Path):
    make, notice, words = REPAIRED[name]
    made = seen(table(tmp_path / "load.csv", make()))
    if notice:
        assert words in told(made, notice), [str(notice) for notice in made.notices]
    steps = steps_of(made)
    assert len(steps.times) == 240, "whole, in order, one row for each step"
    assert (np.diff(steps.times) == (3600 if name.split()[0] not in {"day", "dates", "names", "american"} else 86_400)).all()
    assert steps.times[0] == 1_704_067_200


def test_repeated_times_are_averaged_and_sentinels_are_no_values(tmp_path: Path):
    rows = changed(hours(), 17, 1, "-9999")
    rows.append([rows[40][0], str(float(rows[40][1]) + 2)])
    load = steps_of(seen(table(tmp_path / "load.csv", rows))).cells["load"]
    assert np.isnan(load[17])
    assert load[40] == pytest.approx(float(rows[40][1]) + 1)
    kept = steps_of(seen(table(tmp_path / "load.csv", rows), missing="keep:-9999")).cells["load"]
    assert kept[17] == -9999


def test_ambiguous_days_are_decided_by_the_steps_or_refused(tmp_path: Path):
    rows = [[f"{day:02}/04/2024 {hour:02}:00", str(hour)] for day in range(3, 9) for hour in range(24)]
    made = seen(table(tmp_path / "load.csv", rows))
    assert made.source.frequency == "1h"
    assert "%d/%m/%Y %H:%M" in told(made, "DateOrderChosen")
    assert "nothing has to be done; to read them as %m/%d/%Y %H:%M: " in told(made, "DateOrderChosen")
    both = table(tmp_path / "both.csv", [["03/04/2024", "1"], ["05/06/2024", "2"], ["11/02/2024", "4"], ["07/09/2024", "3"]])
    with pytest.raises(PlainloopError, match="--date-format"):
        seen(both, lookback=1, horizon=1)


REFUSED: dict[str, tuple[Callable[[], Rows], dict[str, Any], str, str]] = {
    "words for times": (lambda: [["north", row[1]] for row in hours()], {}, "no known form of dates", "--date-format"),
    "a day that does not exist": (lambda: changed(days("%Y-%m-%d"), 50, 0, "2024-02-30"), {}, "line 52", "--skip-bad 1"),
    "a time is empty": (lambda: changed(hours(), 50, 0, ""), {}, "line 52", "--skip-bad 1"),
    "irregular times": (
        lambda: [
            [str(np.datetime64("2024-01-01T00:00:00") + np.timedelta64(i * i * 7 + i, "s")), r[1]] for i, r in enumerate(hours())
        ],
        {},
        "no common step",
        "--resample",
    ),
    "two series in one": (lambda: [row for row in hours() for row in (row, [row[0], "5"])], {}, "several rows", "--resample"),
    "a frequency that is none": (hours, {"frequency": "often"}, "often", "--frequency"),
    "a frequency wider than the rows": (hours, {"frequency": "1d"}, "1d", "--resample"),
    "too short": (lambda: hours(40), {"horizon": 24, "lookback": 96}, "steps", "--horizon"),
    "a horizon of nothing": (hours, {"horizon": 0}, "--horizon 0", "--horizon"),
    "split rows that are too many": (hours, {"split_rows": "200,100,100"}, "240", "--split-rows"),
    "split rows that are words": (hours, {"split_rows": "most,some,few"}, "most", "--split-rows"),
    "rows drawn at random": (hours, {"split": "random"}, "future", "plainloop"),
    "a column that is not there": (hours, {"time": "when"}, "when", "--time"),
    "a target of words": (
        lambda: [
            [row[0], ["low", "high", "none", "off", "on"][i // 5 % 5] if i % 2 else row[1]] for i, row in enumerate(hours())
        ],
        {},
        "load",
        "--missing",
    ),
    "a target without values": (lambda: [[row[0], ""] for row in hours()], {}, "load", "plainloop"),
    "a horizon and another task": (hours, {"task": "binary"}, "--task binary", "plainloop"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_a_fix(name: str, tmp_path: Path):
    make, options, words, fix = REFUSED[name]
    with pytest.raises(PlainloopError) as refusal:
        seen(table(tmp_path / "load.csv", make()), **options)
    assert words in str(refusal.value)
    assert fix in refusal.value.fix
    assert "polars" not in str(refusal.value)


def test_irregular_times_are_put_together_when_asked(tmp_path: Path):
    rng = np.random.default_rng(0)
    seconds = np.sort(rng.integers(0, 240 * 3600, 2000))
    rows = [[str(np.datetime64("2024-01-01T00:00:00") + np.timedelta64(int(s), "s")), str(s // 3600)] for s in seconds]
    with pytest.raises(PlainloopError, match="no common step") as refusal:
        seen(table(tmp_path / "events.csv", rows), resample="mean")
    assert "--frequency 15min" in refusal.value.fix, "the median step is some 5 minutes"
    made = seen(table(tmp_path / "events.csv", rows), resample="mean", frequency="1h")
    load = steps_of(made).cells["load"]
    assert np.nanmax(np.abs(load - np.arange(len(load)))) < 1e-9
    counted = steps_of(seen(table(tmp_path / "events.csv", rows), resample="sum", frequency="1d", lookback=1, horizon=1)).cells[
        "load"
    ]
    assert counted[0] == pytest.approx(sum(float(row[1]) for row in rows if float(row[1]) < 24))


def test_time_zones_and_the_hour_that_comes_twice(tmp_path: Path):
    offsets = ["+01:00"] * 120 + ["+02:00"] * 120
    times = [*stamps(120), *(stamps(240)[120:] + np.timedelta64(1, "h"))]
    rows = [[f"{str(t).replace('T', ' ')}:00{o}", f"{v:.2f}"] for t, o, v in zip(times, offsets, waves(240), strict=True)]
    made = seen(table(tmp_path / "load.csv", rows))
    assert (np.diff(steps_of(made).times) == 3600).all()
    assert steps_of(made).times[0] == 1_704_067_200 - 3600
    assert "+01:00 and +02:00: read in UTC; 2024-01-01 00:00:00+01:00 is 2023-12-31 23:00:00+00:00" in told(made, "TimesInUtc")
    assert made.schema.columns[0].zone == "+00:00"
    assert not told(seen(table(tmp_path / "none.csv", hours())), "TimesInUtc")


@pytest.mark.parametrize(("said", "zone"), [("+02:00", "+02:00"), ("-0330", "-03:30"), ("Z", "+00:00")])
def test_one_zone_is_the_zone_of_the_clock(said: str, zone: str, tmp_path: Path):
    rows = [[f"{2000 + i // 12}-{i % 12 + 1:02}-01T00:00:00{said}", f"{value:.2f}"] for i, value in enumerate(waves(240, 12))]
    made = seen(table(tmp_path / "load.csv", rows))
    assert (made.source.frequency, made.schema.columns[0].zone) == ("1mo", zone)
    assert not told(made, "TimesInUtc")
    clock = [column for column in made.schema.config_columns() if column.role == "time"]
    assert as_cells(steps_of(made).times[:2], clock) == [f"2000-01-01 00:00:00{zone}", f"2000-02-01 00:00:00{zone}"]


@pytest.mark.parametrize(("size", "name"), [(1, "unix"), (1000, "unix_ms")])
def test_unix_times(size: int, name: str, tmp_path: Path):
    rows = [[str((1_704_067_200 + 3600 * i) * size), row[1]] for i, row in enumerate(hours())]
    made = seen(table(tmp_path / "load.csv", rows))
    assert made.schema.columns[0].format == name
    facts = plainloop.inspect(str(tmp_path / "load.csv"), time="date").series
    assert facts is not None
    assert facts.text()[0].startswith("over date: 2024-01-01 00:00:00 to 2024-01-10 23:00:00")
    assert steps_of(made).times[1] == 1_704_070_800


def test_a_date_in_several_columns(tmp_path: Path):
    rows = [[*str(t)[:10].split("-"), str(t)[11:13], f"{v:.2f}"] for t, v in zip(stamps(240), waves(240), strict=True)]
    path = table(tmp_path / "load.csv", rows, "year,month,day,hour,load")
    for time in ("year,month,day,hour", None):
        made = seen(path, time=time)
        assert made.source.frequency == "1h"
        assert steps_of(made).times[25] == 1_704_067_200 + 25 * 3600
    apart = [[t[:10], t[11:], v] for t, v in hours()]
    made = seen(table(tmp_path / "apart.csv", apart, "day,clock,load"), time="day,clock")
    assert (np.diff(steps_of(made).times) == 3600).all()


def test_a_date_in_several_columns_is_inspected_and_rows_are_not_split_by_it(tmp_path: Path):
    rows = [[*str(t)[:10].split("-"), str(t)[11:13], f"{v:.2f}"] for t, v in zip(stamps(240), waves(240), strict=True)]
    path = table(tmp_path / "load.csv", rows, "year,month,day,hour,load")
    shown = plainloop.inspect(str(path), time="year,month,day,hour")
    assert "a step every 1h" in shown.series.text()[0]
    assert "season of 24 steps" in shown.series.text()[1]
    assert [column.role for column in shown.schema.columns] == ["time"] * 4 + ["input"]
    assert shown.notices == []
    with pytest.raises(PlainloopError, match="4 columns: year, month, day, hour; rows are split by one") as found:
        plainloop.inspect(str(path), "load", time="year,month,day,hour")
    assert "--horizon" in found.value.fix


def test_decimal_commas(tmp_path: Path):
    rows = [[row[0], row[1].replace(".", ",")] for row in hours()]
    path = tmp_path / "load.csv"
    path.write_text("\n".join(["date;load", *(";".join(row) for row in rows)]) + "\n", encoding="utf-8")
    assert steps_of(seen(path)).cells["load"].tolist() == [float(row[1]) for row in hours()]


@pytest.mark.parametrize(
    ("form", "count", "frequency"),
    [("%Y-%m", 120, "1mo"), ("%b %Y", 120, "1mo"), ("quarter", 120, "3mo"), ("%Y", 120, "12mo"), ("weekdays", 120, "1b")],
)
def test_the_frequency_of_longer_steps(form: str, count: int, frequency: str, tmp_path: Path):
    months = np.datetime64("1900-01", "M") + np.arange(count)
    times = {
        "%Y-%m": [str(month) for month in months],
        "%b %Y": [month.item().strftime("%b %Y") for month in months],
        "quarter": [f"{1990 + i // 4}-Q{i % 4 + 1}" for i in range(count)],
        "%Y": [str(1900 + i) for i in range(count)],
        "weekdays": [str(np.busday_offset("2024-01-01", i)) for i in range(count)],
    }[form]
    rows = [[time, f"{value:.2f}"] for time, value in zip(times, waves(count, 12), strict=True)]
    made = seen(table(tmp_path / "load.csv", rows), lookback=8, horizon=2)
    assert made.source.frequency == frequency
    assert len(steps_of(made).times) == count


def test_several_series_need_their_names_and_get_them_offered(tmp_path: Path):
    path = write_sales(tmp_path / "sales.csv")
    with pytest.raises(PlainloopError, match="several rows") as refusal:
        seen(path, target="units", time="day")
    assert "--group store,item" in refusal.value.fix or "--group item,store" in refusal.value.fix
    made = seen(path, target="units", time="day", group="store,item")
    assert steps_of(made).series.words == ["Oslo | cake", "Oslo | tea", "Rome | tea"]
    short = [line for line in path.read_text(encoding="utf-8").splitlines() if "Rome" not in line or line < "2024-03"]
    path.write_text("\n".join(short) + "\n", encoding="utf-8")
    assert "Rome | tea" in told(seen(path, target="units", time="day", group="store,item", lookback=14), "ShortSeries")


def test_two_clocks_are_not_chosen_between(tmp_path: Path):
    rows = [[t, str(np.datetime64(t.replace(" ", "T")) + DAY).replace("T", " "), v] for t, v in hours()]
    with pytest.raises(PlainloopError, match="2 columns hold times"):
        seen(table(tmp_path / "load.csv", rows, "ordered,delivered,load"), time=None)


def test_rows_without_a_clock_are_steps_and_it_is_said(tmp_path: Path):
    made = seen(table(tmp_path / "load.csv", [[row[1]] for row in hours()], "load"), time=None)
    assert told(made, "RowsAreSteps")
    assert made.source.frequency == "rows"


def test_a_time_alone_is_no_forecast_and_says_so(tmp_path: Path):
    rows = [[*row, f"{value:.2f}"] for row, value in zip(hours(), waves(240, seed=4), strict=True)]
    made = seen(table(tmp_path / "load.csv", rows, "date,load,heat"), horizon=None, lookback=None)
    assert made.task == "Regression"
    assert "--horizon" in told(made, "CouldForecast")


def test_inspect_counts_rows_without_a_time_apart(tmp_path: Path):
    rows = [*hours()[:50], *hours()[51:], ["", ""], ["", ""], hours()[7]]
    facts = plainloop.inspect(str(table(tmp_path / "load.csv", rows)), target="load", time="date", horizon=6, lookback=12).series
    assert facts is not None
    assert "  1 step without a row, 1 row of a time that was there before, 2 rows without a time" in facts.text()
    assert ", 1 step without a value" in facts.text()[2]


def test_inspect_tells_every_repair_before_a_target_is_named(tmp_path: Path):
    rows = shuffled([*changed(changed(hours(), 30, 1, "-9999"), 31, 1, "-9999")[:100], *hours()[104:], hours()[7], ["", ""]])
    path = str(table(tmp_path / "load.csv", rows))
    names = {type(notice).__name__ for notice in plainloop.inspect(path, time="date").notices}
    assert names == {"EmptyRows", "TimesSorted", "TimesRepeated", "StepsMissing", "SentinelsFound"}
    asked = {type(notice).__name__ for notice in plainloop.inspect(path, "load", time="date", horizon=6, lookback=12).notices}
    assert names <= asked


def test_a_time_without_a_target_is_read_as_a_forecast_reads_it(tmp_path: Path):
    rows = [[f"{2000 + i // 12}-{i % 12 + 1:02}", f"{value:.2f}"] for i, value in enumerate(waves(96, 12))]
    facts = plainloop.inspect(str(table(tmp_path / "months.csv", rows)), time="date").series
    assert facts is not None
    assert "a step every 1mo (100% of the rows" in facts.text()[0]
    with pytest.raises(PlainloopError, match='"2000-01" fit %Y-%m') as found:
        plainloop.inspect(str(tmp_path / "months.csv"), "load", time="date")
    assert found.value.fix.endswith("--date-format %Y-%m")


def test_fixes_after_inspect_are_about_inspect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    swapped = [[f"{1 + i % 12:02}/{1 + (i * 5) % 12:02}/2020", f"{i % 7}.5"] for i in range(60)]
    path = str(table(tmp_path / "load.csv", swapped))
    monkeypatch.setattr(problems, "TYPED", ["inspect", path, "--time", "date"])
    with pytest.raises(PlainloopError, match="01/01/2020") as found:
        plainloop.inspect(path, time="date")
    assert found.value.fix == f"plainloop inspect {path} --time date --date-format %d/%m/%Y"
    gaps = str(table(tmp_path / "gaps.csv", every_but(30)))
    monkeypatch.setattr(problems, "TYPED", ["inspect", gaps, "--time", "date"])
    (notice,) = plainloop.inspect(gaps, time="date").notices
    assert notice.fix.endswith(f"plainloop inspect {gaps} --time date --frequency rows")


def test_a_target_and_its_time_alone_are_pointed_to_a_forecast(tmp_path: Path):
    with pytest.raises(PlainloopError, match="or --horizon for a forecast") as found:
        plainloop.inspect(str(table(tmp_path / "load.csv", hours())), "load", time="date")
    assert found.value.fix.endswith("--time date --horizon 24")


def test_noise_has_no_season_and_a_season_among_noise_is_seen():
    lengths = (24, 168)
    for steps in (120, 600, 1500):
        found = [
            max(strength(np.random.default_rng(seed).normal(size=steps), length) for length in lengths) for seed in range(50)
        ]
        assert sum(share >= STRONG for share in found) <= 1
    assert strength(waves(600, noise=1.0), 24) > 0.7


def test_the_columns_that_tell_series_apart_need_not_stand_side_by_side(tmp_path: Path):
    rows = [
        [day, shop, str(i % 2), item, load]
        for shop in ("a", "b", "c")
        for item in ("x", "y")
        for i, (day, load) in enumerate(days("%Y-%m-%d", 60))
    ]
    with pytest.raises(RepeatedTimes) as refusal:
        seen(table(tmp_path / "t.csv", rows, "date,shop,offer,item,load"))
    assert refusal.value.what.startswith("60 of 60 times")
    assert sorted(refusal.value.groups) == ["item", "shop"]


def test_a_series_in_each_row_is_turned_by_the_fix(tmp_path: Path):
    steps = [f"V{i}" for i in range(2, 42)]
    rows = [[f"M{k}", *(f"{k + i % 12}.5" if i < 30 + k else "" for i in range(40))] for k in range(10)]
    path = write_lines(tmp_path / "m4.csv", ",".join(["V1", *steps]), rows)
    with pytest.raises(PlainloopError, match="40 steps, the columns") as refusal:
        look(str(path), DataOptions(horizon=4))
    line, _, more = refusal.value.fix.partition(", then: ")
    subprocess.run(line.replace("python", sys.executable, 1), shell=True, check=True)
    made = look(str(tmp_path / "long-m4.csv"), DataOptions(target="value", group="V1", horizon=4))
    assert len(steps_of(made).series.words) == 10
    assert f"plainloop train {tmp_path}/long-m4.csv --target value --group V1" in more
