"""predict and evaluate on rows of every form: other columns, no target, no header, unseen words, gaps, frames; their files."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import plainloop
from plainloop.cli import main
from plainloop.problems import PlainloopError
from plainloop.training import Talk
from plainloop.use_problems import ColumnsMissing, NothingToScore, UnseenLabels, WrongWidth
from small import write_csv


def train(data: Path, target: str, output: Path, **options: Any) -> plainloop.Run:
    return plainloop.train(data, target, output=str(output), epochs=2, baseline=False, talk=Talk(quiet=True), **options)


def read(path: Path) -> list[list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def write(path: Path, rows: list[list[str]], delimiter: str = ",") -> Path:
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("predict")


@pytest.fixture(scope="module")
def data(folder: Path) -> Path:
    return write_csv(folder / "pets.csv", "Multiclass", rows=200)


@pytest.fixture(scope="module")
def run(folder: Path, data: Path) -> plainloop.Run:
    train(data, "label", folder / "run")
    return plainloop.load(folder / "run")


@pytest.fixture(scope="module")
def expected(run: plainloop.Run, data: Path) -> list[str]:
    """What the run says of its own data, from the file as it was."""
    return run.predict(data)


@pytest.fixture(scope="module")
def headerless(folder: Path) -> tuple[Path, plainloop.Run, list[Any]]:
    """A run on a file without header: target in the second column, a constant one last, which is left out."""
    table = read(write_csv(folder / "named.csv", "Regression", rows=150))[1:]
    data = write(folder / "bare.csv", [[row[0], row[4], *row[1:4], "same"] for row in table])
    run = train(data, "1", folder / "bare-run", header=False)
    return data, run, run.predict(data)


def changed(data: Path, path: Path, change: Any) -> Path:
    """The data as another file: `change` makes each row of (name -> cell) another one."""
    names, *rows = read(data)
    made = [change(dict(zip(names, row, strict=True))) for row in rows]
    return write(path, [list(made[0]), *[list(row.values()) for row in made]])


def test_predictions_are_those_of_the_test_rows(run: plainloop.Run, expected: list[str]):
    rows = read(run.folder / "predictions.csv")[1:]
    assert [row[2] for row in rows] == [expected[int(row[0])] for row in rows]


def test_columns_in_another_order_more_of_them_and_no_target(run: plainloop.Run, data: Path, expected: list[str], tmp_path: Path):
    turned = changed(data, tmp_path / "a.csv", lambda row: dict(reversed(row.items())))
    more = changed(data, tmp_path / "b.csv", lambda row: {"new": "1", **row, "other": "x"})
    bare = changed(data, tmp_path / "c.csv", lambda row: {name: cell for name, cell in row.items() if name != "label"})
    for path in (turned, more, bare):
        assert run.predict(path) == expected


def test_other_forms_of_the_same_rows(run: plainloop.Run, data: Path, expected: list[str], tmp_path: Path):
    names, *rows = read(data)
    dicts = [{name: cell for name, cell in zip(names, row, strict=True) if name != "label"} for row in rows]
    frame = pd.read_csv(data).drop(columns="label")
    pl.read_csv(data).write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, dicts)), encoding="utf-8")
    for source in (
        dicts,
        {name: [row[name] for row in dicts] for name in dicts[0]},
        frame,
        frame.astype({"city": "category"}),
        frame.convert_dtypes(),
        pl.read_csv(data).drop("label"),
        pl.read_csv(data, try_parse_dates=True),
        pl.read_csv(data).lazy(),
        tmp_path / "rows.parquet",
        tmp_path / "rows.jsonl",
        write(tmp_path / "tabs.tsv", [names, *rows], "\t"),
    ):
        assert run.predict(source) == expected, type(source)


def test_one_row_is_scored_as_it_is_among_others(run: plainloop.Run, data: Path, tmp_path: Path):
    names, *rows = read(data)
    run.predict(data, tmp_path / "all.csv")
    run.predict(write(tmp_path / "one.csv", [names, rows[7]]), tmp_path / "alone.csv")
    alone, among = read(tmp_path / "alone.csv")[1], read(tmp_path / "all.csv")[8]
    assert alone[1:3] == among[1:3]
    assert [float(cell) for cell in alone[3:]] == pytest.approx([float(cell) for cell in among[3:]], abs=1e-6)


def test_unseen_words_and_missing_cells(run: plainloop.Run, data: Path, tmp_path: Path):
    strange = {
        "unseen": {"city": "Atlantis"},
        "missing": {"a": "", "b": "NA", "city": "", "day": ""},
        "not a number": {"a": "twelve"},
        "not a date": {"day": "yesterday"},
        "huge": {"a": "1e300", "b": "-1e300"},
        "an unknown label": {"label": "tiny"},
    }
    for name, cells in strange.items():
        path = changed(data, tmp_path / "strange.csv", lambda row, cells=cells: {**row, **cells})
        run.predict(path, tmp_path / "out.csv")
        rows = read(tmp_path / "out.csv")[1:]
        assert len(rows) == 200
        assert all(math.isfinite(float(cell)) for row in rows for cell in row[3:]), name
    assert run.predict([{"a": None, "b": float("nan"), "city": None, "day": None}])[0] in ("low", "middle", "high")


def test_a_column_that_is_not_there_is_named(run: plainloop.Run, data: Path, tmp_path: Path):
    path = changed(data, tmp_path / "less.csv", lambda row: {"b": row["b"], "label": row["label"]})
    with pytest.raises(ColumnsMissing, match=r'less.csv lacks columns "a", "city"'):
        run.predict(path)
    with pytest.raises(ColumnsMissing, match='the data lacks column "city"'):
        run.predict(pd.read_csv(data).drop(columns=["city"]))
    with pytest.raises(ColumnsMissing) as caught:
        run.evaluate(changed(data, tmp_path / "bare.csv", lambda row: {n: c for n, c in row.items() if n != "label"}))
    assert "plainloop predict" in caught.value.fix


@pytest.mark.parametrize("part", ["whole", "without target", "other order of rows"])
def test_a_file_without_header(part: str, headerless: tuple[Path, plainloop.Run, list[Any]], tmp_path: Path):
    data, run, expected = headerless
    rows = read(data)
    if part == "without target":
        rows = [[row[0], *row[2:]] for row in rows]
    elif part == "other order of rows":
        rows, expected = rows[::-1], expected[::-1]
    assert run.predict(write(tmp_path / "new.csv", rows)) == pytest.approx(expected, abs=1e-3)


def test_a_file_without_header_and_with_other_columns_is_refused(
    headerless: tuple[Path, plainloop.Run, list[Any]], tmp_path: Path
):
    """By place alone a column too few would shift the values of all that follow."""
    data, run, _ = headerless
    fewer = write(tmp_path / "fewer.csv", [row[:4] for row in read(data)])
    more = write(tmp_path / "more.csv", [[*row, "1"] for row in read(data)])
    for path, width in ((fewer, 4), (more, 7)):
        with pytest.raises(WrongWidth, match=f"has {width} columns and no header"):
            run.predict(path)
    with pytest.raises(WrongWidth, match="has 5 columns"):
        run.evaluate(write(tmp_path / "bare.csv", [[row[0], *row[2:]] for row in read(data)]))


def test_decimal_commas_are_read_at_predict_time_too(folder: Path, tmp_path: Path):
    table = read(write_csv(folder / "points.csv", "Regression", rows=150))
    comma = [[cell.replace(".", ",") for cell in row] for row in table]
    data = write(tmp_path / "commas.csv", [[row[4], *row[:4]] for row in comma[1:]], ";")
    run = train(data, "0", tmp_path / "run", header=False)
    assert next(column for column in run.config.columns if column.name == "1").type == "number"
    expected = run.predict(data)
    assert np.std(expected) > 0
    without = write(tmp_path / "without.csv", [row[:4] for row in comma[1:]], ";")
    assert run.predict(without) == pytest.approx(expected, abs=1e-3)


def test_evaluate_gives_the_test_metrics_with_intervals(run: plainloop.Run, data: Path, tmp_path: Path):
    rows = read(run.folder / "predictions.csv")[1:]
    names, *table = read(data)
    path = write(tmp_path / "test.csv", [names, *[table[int(row[0])] for row in rows]])
    found = run.evaluate(path)
    assert found["rows"] == len(rows)
    assert found["notices"] == []
    for name, figures in run.metrics["test"].items():
        assert found["metrics"][name]["value"] == pytest.approx(figures["value"], abs=1e-6), name
        assert figures["low"] is None or figures["low"] <= figures["value"] <= figures["high"]


def test_evaluate_leaves_out_labels_it_does_not_know_and_says_so(run: plainloop.Run, data: Path, tmp_path: Path):
    seen = iter(range(1000))
    path = changed(data, tmp_path / "new.csv", lambda row: {**row, "label": ["tiny", "", row["label"]][min(2, next(seen) // 5)]})
    found = run.evaluate(path)
    assert found["rows"] == 190
    notice = next(notice for notice in found["notices"] if isinstance(notice, UnseenLabels))
    assert notice.rows == 10
    assert notice.labels == ["tiny"]
    with pytest.raises(NothingToScore, match="Not one of the 200 rows"):
        run.evaluate(changed(data, tmp_path / "none.csv", lambda row: {**row, "label": "tiny"}))


def test_predictions_of_classes_in_a_file(run: plainloop.Run, data: Path, expected: list[str], tmp_path: Path):
    run.predict(data, tmp_path / "new folder" / "out.csv")
    names, *rows = read(tmp_path / "new folder" / "out.csv")
    assert names == ["row", "truth", "prediction", "probability_high", "probability_low", "probability_middle"]
    assert [row[0] for row in rows] == [str(i) for i in range(200)]
    assert [row[1] for row in rows] == [row[-1] for row in read(data)[1:]]
    assert [row[2] for row in rows] == expected
    for row in rows:
        probabilities = [float(cell) for cell in row[3:]]
        assert sum(probabilities) == pytest.approx(1, abs=1e-6)
        assert names[3 + int(np.argmax(probabilities))] == f"probability_{row[2]}"
    bare = changed(data, tmp_path / "bare.csv", lambda row: {name: cell for name, cell in row.items() if name != "label"})
    run.predict(bare, tmp_path / "out.csv")
    assert read(tmp_path / "out.csv") == [[row[0], *row[2:]] for row in [names, *rows]]


def test_predictions_of_two_classes_numbers_and_labels_in_the_run_folder(folder: Path, tmp_path: Path):
    binary = train(write_csv(folder / "two.csv", rows=120), "label", tmp_path / "binary")
    names, *rows = read(binary.folder / "predictions.csv")
    assert names == ["row", "truth", "prediction", "probability_no", "probability_yes"]
    assert all(
        float(row[3]) + float(row[4]) == pytest.approx(1) and row[2] == ("yes" if float(row[4]) > 0.5 else "no") for row in rows
    )
    table = read(folder / "two.csv")
    assert [row[1] for row in rows] == [table[int(row[0]) + 1][4] for row in rows]
    split = json.loads((binary.folder / "split.json").read_text(encoding="utf-8"))
    assert [int(row[0]) for row in rows] == split["test"]

    several = changed(
        folder / "two.csv", tmp_path / "tags.csv", lambda row: {**row, "label": "warm|x" if float(row["a"]) > 0 else "x|cold"}
    )
    tags = train(several, "label", tmp_path / "tags", tags="|")
    names, *rows = read(tags.folder / "predictions.csv")
    assert names == [
        "row",
        "truth",
        "prediction",
        *(f"{what}_{label}" for label in ("cold", "warm", "x") for what in ("label", "probability")),
    ]
    cuts = json.loads((tags.folder / "prepared.json").read_text(encoding="utf-8"))["task"]["thresholds"]
    for row in rows:
        assert set(row[1].split("|")) in ({"warm", "x"}, {"x", "cold"})
        labels = [label for label, on in zip(("cold", "warm", "x"), row[3::2], strict=True) if on == "1"]
        assert row[2] == "|".join(labels)
        assert all((float(p) > cut) == (on == "1") for on, p, cut in zip(row[3::2], row[4::2], cuts, strict=True))


def test_numbers_in_a_file_are_read_back_to_the_same_bits(headerless: tuple[Path, plainloop.Run, list[Any]], tmp_path: Path):
    data, run, expected = headerless
    run.predict(data, tmp_path / "out.csv")
    names, *rows = read(tmp_path / "out.csv")
    assert names == ["row", "truth", "prediction"]
    assert [float(row[2]) for row in rows] == expected
    assert [float(row[1]) for row in rows] == [float(row[1]) for row in read(data)]


def test_a_target_that_is_not_a_number_does_not_matter_to_predict(
    headerless: tuple[Path, plainloop.Run, list[Any]], tmp_path: Path
):
    data, run, expected = headerless
    rows = [[row[0], "to be told", *row[2:]] for row in read(data)]
    run.predict(write(tmp_path / "new.csv", rows), tmp_path / "out.csv")
    assert [float(row[2]) for row in read(tmp_path / "out.csv")[1:]] == pytest.approx(expected)
    assert {row[1] for row in read(tmp_path / "out.csv")[1:]} == {""}


def test_words_that_a_spreadsheet_would_run_are_made_harmless(folder: Path, tmp_path: Path):
    path = changed(
        folder / "pets.csv", tmp_path / "formulas.csv", lambda row: {**row, "label": "=1+2" if row["label"] == "low" else "+"}
    )
    run = train(path, "label", tmp_path / "run")
    assert set(run.predict(path)) <= {"=1+2", "+"}
    assert {cell for row in read(run.folder / "predictions.csv")[1:] for cell in row[1:3]} <= {"'=1+2", "+"}


def command(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return int(caught.value.code or 0)


def test_the_command_writes_a_file_or_to_stdout(
    run: plainloop.Run, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert command("predict", run.folder, data) == 0
    printed = capsys.readouterr().out
    assert command("predict", run.folder, data, "-o", "-") == 0
    assert capsys.readouterr().out == printed
    assert command("predict", run.folder, data, "-o", tmp_path / "out.csv") == 0
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == printed
    assert "200 predictions in" in capsys.readouterr().out
    assert command("predict", run.folder, data, "--json") == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 200
    assert command("evaluate", run.folder, data) == 0
    assert re.search(r"log_loss +\d\.\d+ +\d\.\d+ to \d\.\d+", capsys.readouterr().out)
    assert command("evaluate", run.folder, data, "--json") == 0
    assert set(json.loads(capsys.readouterr().out)) == {"run", "rows", "headline", "metrics"}


def test_where_nothing_can_be_written_is_told(run: plainloop.Run, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    assert command("predict", run.folder, data, "-o", tmp_path / "file" / "out.csv") == 5
    assert command("predict", run.folder, data, "-o", tmp_path) == 5
    assert "Cannot write" in capsys.readouterr().err
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"
    assert command("predict", run.folder, data, "-o", "/dev/null") == 0
    assert not Path("/dev/null").is_file(), "a device must not be replaced by a file"


DAMAGE = [
    *("prepared.json", "weights.safetensors", "trained_rows.npy", "metrics.json", "history.csv", "predictions.csv"),
    "plain/run.py",
]


def use(folder: Path, data: Path, other: plainloop.Run) -> None:
    """Reads every file of a run."""
    run = plainloop.load(folder)
    run.evaluate(data)
    assert run.metrics
    assert run.history
    plainloop.compare(run, other)


@pytest.mark.parametrize("file", DAMAGE)
@pytest.mark.parametrize("how", ["gone", "cut", "other"])
def test_a_damaged_file_of_a_run_is_named(run: plainloop.Run, data: Path, tmp_path: Path, file: str, how: str):
    shutil.copytree(run.folder, tmp_path / "run", ignore=shutil.ignore_patterns("pictures", "checkpoints"))
    path = tmp_path / "run" / file
    whole = path.read_bytes()
    path.unlink()
    if how != "gone":
        path.write_bytes(whole[: len(whole) // 2] if how == "cut" else b"\0\xff of another file")
    if file == "plain/run.py":  # the run's own code is loaded where it is not the installed one
        toml = tmp_path / "run" / "run.toml"
        toml.write_text(re.sub(r'(?m)^("run.py" = )"\w+"', r'\1"0000"', toml.read_text(encoding="utf-8")), encoding="utf-8")
    if how == "gone" and file == "trained_rows.npy":  # a run of older code has none
        use(tmp_path / "run", data, run)
        return
    with pytest.raises(PlainloopError, match=re.escape(file)) as refused:
        use(tmp_path / "run", data, run)
    assert any(word in refused.value.fix for word in ("python -m plain run.toml", "rm ", "put the file back"))


def test_names_that_differ_by_case_are_told(run: plainloop.Run, data: Path, tmp_path: Path):
    other = changed(data, tmp_path / "new.csv", lambda row: {name.upper(): cell for name, cell in row.items()})
    with pytest.raises(ColumnsMissing, match=r'"CITY" is called "city"'):
        run.predict(other)


def test_labels_that_are_written_otherwise_are_told(run: plainloop.Run, data: Path, tmp_path: Path):
    other = changed(data, tmp_path / "new.csv", lambda row: {**row, "label": row["label"] * 2})
    with pytest.raises(NothingToScore, match="training data: "):
        run.evaluate(other)


def test_an_output_that_is_a_folder_and_a_path_that_is_no_run(run: plainloop.Run, data: Path, tmp_path: Path, capsys: Any):
    near = data.with_name("petz.csv")
    for typed, code, fix in (
        ([run.folder, data, "-o", tmp_path], 5, f"such as {tmp_path}/predictions.csv"),
        ([run.folder / "run.toml", data], 2, f"plainloop predict {run.folder} {data}"),
        ([run.folder.parent, data], 2, f"plainloop runs {run.folder.parent}"),
        ([run.folder, near], 2, f"plainloop predict {run.folder} {data}"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["predict", *map(str, typed)])
        assert ended.value.code == code
        assert fix in capsys.readouterr().err
