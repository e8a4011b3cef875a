"""Column types, roles and the task: each guess, its reason and its override."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plainloop.options import DataOptions
from plainloop.plain.readers import tables
from plainloop.plain.readers.table_faults import TargetNotNumber
from plainloop.problems import PlainloopError
from plainloop.show import look_text
from plainloop.understand.column_types import ColumnGuess
from plainloop.understand.infer import InferOptions, Schema, infer
from plainloop.understand.look import look
from plainloop.understand.probe import probe
from plainloop.understand.target_problems import TargetLooksLikeId

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parents[1] / "../shared/data")) / "table"
ROWS = 60
Cells = list[str | None]


def table(**columns: Cells) -> pl.DataFrame:
    return pl.DataFrame({name: pl.Series(cells, dtype=pl.String) for name, cells in columns.items()})


def cycle(*words: str | None, rows: int = ROWS) -> Cells:
    return [words[i % len(words)] for i in range(rows)]


def several(pattern: str, rows: int = ROWS) -> Cells:
    """Numbers in no order, each once."""
    return [pattern.format(i * 37 % rows + 3) for i in range(rows)]


def schema(options: InferOptions | None = None, target: tuple[str, ...] = (), **columns: Cells) -> Schema:
    return infer(table(**columns), None, list(target), options)


def guess(cells: Cells, options: InferOptions | None = None, name: str = "c") -> ColumnGuess:
    columns = {name: cells, "other": cycle("p", "q", "r")}
    return infer(table(**columns), None, [], options)[name]


@pytest.mark.parametrize(
    "cells, kind, role",
    [
        (several("{}.5"), "number", "input"),
        (cycle("1", "2", "-3", "4e5", ".5"), "number", "input"),
        (cycle("0", "1"), "boolean", "input"),
        (cycle("yes", "No"), "boolean", "input"),
        (cycle("TRUE", "true", "False", "0", "1"), "boolean", "input"),
        (cycle("male", "female"), "category", "input"),
        (cycle("yes", "no", "maybe"), "category", "input"),
        (cycle("02134", "10001", "90210"), "category", "input"),
        (cycle("9007199254740993", "9007199254740995", "1"), "category", "input"),
        (cycle("0", "1", "2", "3+"), "category", "input"),
        (cycle("$1,200", "$950", "$1,000,000"), "number", "input"),
        (cycle("12%", "5.5%"), "number", "input"),
        ([f"2024{1 + i % 12:02d}{1 + i % 28:02d}" for i in range(ROWS)], "datetime", "input"),
        ([f"2024{1 + i % 12:02d}{1 + i % 35:02d}" for i in range(ROWS)], "number", "input"),
        (cycle("$1", "2", "3"), "category", "input"),
        (cycle("2020-01-02", "2021-12-31", "2020-02-29"), "datetime", "input"),
        (cycle("2020-01-02 03:04", "2021-12-31T23:59:59Z"), "datetime", "input"),
        (cycle("13/02/2020", "01/02/2020"), "datetime", "input"),
        (cycle("Jan 3, 2020", "Feb 4, 2021"), "datetime", "input"),
        (cycle("13/02/2020", "02/13/2020"), "datetime", "ignored"),
        (cycle("a|b", "a", "b|c", "c|a", "b"), "tags", "input"),
        (cycle("['a', 'b']", "['a']", "['b', 'c']", "[]"), "tags", "input"),
        (cycle("3,7", "3", "7", "9", "9,3"), "tags", "input"),
        (cycle("Bath, UK", "Leeds, UK", "York, UK", "Paris, France", "Lyon, France"), "category", "input"),
        (["u" + str(i) for i in range(ROWS)], "category", "ignored"),
        ([f"w{i // 1.02:.0f}" for i in range(200)], "category", "ignored"),
        ([f"the {i}th time it was {i % 3}" for i in range(ROWS)], "text", "input"),
        ([f"Doe{i}, John" for i in range(ROWS)], "category", "ignored"),
        (cycle("x"), "category", "ignored"),
        (cycle(None), "category", "ignored"),
        (cycle("x", None), "category", "input"),
    ],
)
def test_types(cells: Cells, kind: str, role: str) -> None:
    made = infer(table(c=cells, other=cycle("p", "q", "r", rows=len(cells))), None, [])["c"]
    assert (made.type, made.role) == (kind, role), made.reason
    assert made.reason
    assert made.override.startswith("--")


@pytest.mark.parametrize(
    "name, cells, role",
    [
        ("PassengerId", [str(i + 1) for i in range(ROWS)], "ignored"),
        ("Unnamed: 0", [str(i) for i in range(ROWS)], "ignored"),
        ("customer_id", several("{}7"), "ignored"),
        ("paid", several("{}7"), "input"),
        ("year", [str(1950 + i) for i in range(ROWS)], "input"),
        ("customer_id", cycle("101", "107", "109"), "input"),
    ],
)
def test_ids(name: str, cells: Cells, role: str) -> None:
    assert guess(cells, name=name).role == role


def test_a_few_words_among_numbers_count_as_missing() -> None:
    made = schema(c=[*several("{}", 100), "tbd", "tbd"], other=cycle("p", "q", rows=102))
    assert (made["c"].type, made["c"].also_missing) == ("number", ("tbd",))
    assert '2 cells say "tbd" (first in row 101)' in made.notices[0].what
    assert "--types c=category" in made.notices[0].fix


def test_infinities_count_as_missing() -> None:
    made = schema(c=[*several("{}"), "inf", "-inf", "1e999"], other=cycle("p", "q", rows=63))
    assert made["c"].type == "number"
    assert "3 infinite values" in made.notices[0].what
    assert made["c"].high is not None
    assert np.isfinite(made["c"].high)


def test_equal_columns_are_kept_once() -> None:
    cells = cycle("5", "6", "7")
    made = schema(a=cells, b=list(cells), c=cycle("5", "6", "8"))
    assert [column.role for column in made.columns] == ["input", "ignored", "input"]
    assert 'equal to column "a"' in made["b"].reason


def test_dates_in_both_orders_are_told_and_the_format_settles_them() -> None:
    cells = cycle("01/02/2020", "03/04/2020")
    made = schema(day=cells, other=cycle("p", "q"))
    assert (made["day"].format, type(made.notices[0]).__name__) == ("%m/%d/%Y", "AmbiguousDates")
    asked = schema(InferOptions(date_format="%d/%m/%Y"), day=cells, other=cycle("p", "q"))
    assert (asked["day"].format, asked.notices) == ("%d/%m/%Y", [])
    with pytest.raises(PlainloopError, match='time column "day"'):
        schema(InferOptions(time="day"), ("other",), day=cells, other=cycle("p", "q"))
    assert schema(InferOptions(time="day", date_format="%d/%m/%Y"), day=cells, other=cycle("p", "q"))["day"].role == "time"


def test_row_numbers_of_another_table_are_no_input() -> None:
    some = [str(i * 7) for i in range(ROWS)]  # a sample, written with its index
    assert (guess(some, name="Unnamed: 0").role, guess(some, name="size").role) == ("ignored", "input")
    assert guess([str(i % 30) for i in range(ROWS)], name="Unnamed: 0").role == "ignored"  # two files
    assert guess(cycle("1", "2", "3"), name="Unnamed: 4").role == "input"


def test_options_override_guesses() -> None:
    options = InferOptions(types={"n": "category", "id": "number", "z": "number"}, ignore=("w",), group="g")
    made = schema(
        options,
        n=several("{}.5"),
        id=[str(i) for i in range(ROWS)],
        z=cycle("02134", "10001"),
        w=cycle("p", "q"),
        g=cycle("u", "v"),
    )
    assert [(column.type, column.role) for column in made.columns] == [
        ("category", "input"),
        ("number", "input"),
        ("number", "input"),
        ("category", "ignored"),
        ("category", "group"),
    ]
    assert [column.name for column in made.config_columns()] == ["n", "id", "z", "g"]


@pytest.mark.parametrize(
    "options, text",
    [
        (InferOptions(types={"m": "number"}), 'no column "m"'),
        (InferOptions(types={"n": "float"}), 'no type "float"'),
        (InferOptions(types={"w": "number"}), 'such as "p"'),
        (InferOptions(ignore=("W",)), 'Did you mean "w"'),
        (InferOptions(group="x"), "--group"),
        (InferOptions(time="w"), 'time column "w"'),
    ],
)
def test_options_that_do_not_fit(options: InferOptions, text: str) -> None:
    with pytest.raises(PlainloopError, match=text):
        schema(options, ("n",), n=several("{}.5"), w=cycle("p", "q", "r"))


@pytest.mark.parametrize(
    "cells, task, override",
    [
        (cycle("0", "1"), "Binary", "--task regression"),
        (cycle("Yes", "No"), "Binary", "--task multiclass"),
        (cycle("2", "4"), "Binary", "--task regression"),
        (cycle("a", "b", "c"), "Multiclass", ""),
        (cycle("1", "2", "3", "4"), "Multiclass", "--task regression"),
        (cycle("0", "1", "2"), "Multiclass", "--task regression"),
        (cycle("5", "6", "7"), "Regression", "--task multiclass"),
        (cycle("1", "2", "4"), "Regression", "--task multiclass"),
        (several("{}.5"), "Regression", "--task multiclass"),
        (several("{}"), "Regression", "--task multiclass"),
        (cycle("a|b", "a", "b|c", "c|a", "b"), "Multilabel", "--task multiclass"),
    ],
)
def test_task(cells: Cells, task: str, override: str) -> None:
    made = schema(None, ("y",), x=several("{}.5"), y=cells)
    assert made.task is not None
    assert (made.task.name, made.task.override) == (task, override)
    assert made["y"].role == "target"
    assert made["y"].type == {"Regression": "number", "Multilabel": "tags"}.get(task, "category")


def test_several_targets() -> None:
    made = schema(None, ("a", "b", "c"), x=several("{}.5"), a=cycle("0", "1"), b=cycle("1", "0", "0"), c=cycle("0"))
    assert made.task is not None
    assert (made.task.name, made.task.classes) == ("Multilabel", {"a": 30, "b": 20, "c": 0})
    assert [(column.type, column.true, column.false) for column in made.columns[1:]] == [("boolean", "1", "0")] * 3
    (rare,) = [notice for notice in made.notices if type(notice).__name__ == "RareLabels"]
    assert rare.labels == [("c", 0)]
    assert rare.fix.endswith("--target a,b")


def test_task_can_be_asked_for() -> None:
    made = schema(InferOptions(task="regression"), ("y",), x=several("{}.5"), y=cycle("1", "2", "3"))
    assert made.task is not None
    assert (made.task.name, made["y"].type) == ("Regression", "number")
    tags = schema(InferOptions(tags=" "), ("y",), x=several("{}.5"), y=cycle("a b", "b", "c"))
    assert tags.task is not None
    assert tags.task.classes == {"b": 40, "a": 20, "c": 20}
    lists = schema(InferOptions(), ("y",), x=several("{}.5"), y=cycle("['a', 'b']", "['b']", '["c"]', "[]"))
    assert lists.task is not None
    assert set(lists.task.classes) == {"a", "b", "c"}
    texts = cycle("one sentence that is rather long, as sentences are", "and so is this other one here", rows=1200)
    with pytest.raises(TargetLooksLikeId, match=r"1200 different words"):  # not a text to be written: labels were asked for
        schema(
            InferOptions(tags=","),
            ("y",),
            x=[f"{text} {i}" for i, text in enumerate(texts)],
            y=[f"id{i:x}q" for i in range(1200)],
        )


def test_rows_without_target_are_told() -> None:
    made = schema(None, ("y",), x=several("{}.5"), y=[None, *cycle("a", "b", rows=58), None])
    assert made.labelled == 58
    assert "missing in 2 of 60 rows, which are left out: row 1, row 60." in made.notices[0].what


def test_labels_written_otherwise_in_the_test_file(tmp_path: Path) -> None:
    body = [f"{i}.5,{'<=50K' if i % 3 else '>50K'}" for i in range(40)]
    (tmp_path / "train.csv").write_text("x,y\n" + "\n".join(body))
    (tmp_path / "test.csv").write_text("x,y\n" + "\n".join(f"9{line}." for line in body) + "\n1,other\n")
    source, _ = probe(tmp_path / "train.csv", test=tmp_path / "test.csv", target=["y"])
    made = infer(tables.read_text(source)[0], source, ["y"])
    assert made["y"].replace == {"<=50K.": "<=50K", ">50K.": ">50K"}
    assert [type(notice).__name__ for notice in made.notices[:2]] == ["LabelVariants", "LabelsOnlyInTest"]
    assert 'the train file lacks: "other" (1)' in made.notices[1].what
    words = tables.read(source, made.config_columns())["y"]
    assert sorted(set(words.tolist())) == ["<=50K", ">50K", "other"]


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="PLAINLOOP_DATA is not there")
def test_adult_is_understood_in_a_moment() -> None:
    source, _ = probe(DATA / "adult/adult-train.csv", test=DATA / "adult/adult-test.csv", target=["14"])
    frame, _ = tables.read_text(source)
    started = time.process_time()
    made = infer(frame, source, ["14"])
    assert time.process_time() - started < 1.5  # about 0.1 s of processor time; the bound leaves room for a busy machine
    assert made.task is not None
    assert (made.task.name, list(made.task.classes)) == ("Binary", ["<=50K", ">50K"])
    assert sum(column.type == "number" for column in made.columns) == 6


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="PLAINLOOP_DATA is not there")
@pytest.mark.parametrize(
    "name, target, task, ignored",
    [
        ("titanic/train.csv", "Survived", "Binary", {"PassengerId", "Name", "Ticket", "Cabin"}),
        ("telco_churn/Telco-Customer-Churn.csv", "Churn", "Binary", {"customerID"}),
        ("house_prices/train.csv", "SalePrice", "Regression", {"Id"}),
        ("video_games_sales/Video_Games_Sales.csv", "Global_Sales", "Regression", {"Name"}),
        ("heart_disease/processed.cleveland.data", "13", "Multiclass", set()),
        ("covertype_min/covtype-min.data", "54", "Multiclass", {"28"}),
        ("snsdata/snsdata.csv", "gender", "Binary", set()),
        ("cardio/cardio_train.csv", "cardio", "Binary", {"id"}),
        ("mammography/mammography.csv", "6", "Binary", set()),
        ("abalone/abalone.csv", "8", "Regression", set()),
    ],
)
def test_real_tables(name: str, target: str, task: str, ignored: set[str]) -> None:
    source, _ = probe(DATA / name, target=[target])
    made = infer(tables.read_text(source)[0], source, [target])
    assert made.task is not None
    assert made.task.name == task
    assert {column.name for column in made.columns if column.role == "ignored"} == ignored
    table = tables.read(source, made.config_columns())
    assert len(table) == made.rows


def test_messages_about_data_in_memory_name_no_file() -> None:
    frame = pl.DataFrame({"a": [float(i) for i in range(60)], "y": ["yes", "no", None] * 20, "same": ["x"] * 60})
    with pytest.raises(PlainloopError) as found:
        look(frame, DataOptions(target="z"))
    assert "the data has no column" in found.value.what
    assert "/" not in str(found.value)
    seen = look(frame, DataOptions(target="y"))
    assert seen.notices
    assert not any("plainloop-" in str(notice) for notice in seen.notices)


def test_classes_of_single_words_are_read_by_the_order_of_their_letters() -> None:
    draw = np.random.default_rng(0)
    names = ["".join(chr(97 + code) for code in draw.integers(0, 26, 7)) for _ in range(200)]
    frame = pl.DataFrame({"name": names, "kind": ["p", "q"] * 100})
    assert look(frame, DataOptions(target="kind")).model == "text_cnn"
    said = pl.DataFrame({"name": [f"the {one} is here and there" for one in names], "kind": ["p", "q"] * 100})
    assert look(said, DataOptions(target="kind")).model == ""


def test_a_unit_behind_the_numbers_of_a_target_is_taken_away_where_a_number_is_asked_for() -> None:
    stars = cycle("1 star", "4.5 stars", "2 stars")
    made = schema(InferOptions(task="regression"), ("y",), x=several("{}.5"), y=stars)
    assert (made["y"].type, made["y"].low, made["y"].high) == ("number", 1.0, 4.5)
    assert any('"y" is read as numbers without " stars"' in str(notice) for notice in made.notices)
    assert schema(InferOptions(types={"y": "number"}), ("y",), x=several("{}.5"), y=stars)["y"].high == 4.5
    plain = schema(None, ("y",), x=several("{}.5"), y=stars)
    assert plain.task is not None
    assert plain.task.name == "Multiclass"


def test_a_target_without_a_number_is_offered_as_classes() -> None:
    with pytest.raises(TargetNotNumber) as caught:
        schema(InferOptions(task="regression"), ("y",), x=several("{}.5"), y=cycle("4/5", "4.5/5", "1/5"))
    assert caught.value.fix.endswith("--task multiclass")


def test_of_many_columns_alike_the_first_are_shown(tmp_path: Path) -> None:
    names = [f"gene{i}" for i in range(200)]
    rows = [",".join([f"{i * (j + 3) ** 2 % 97}.5" for j in range(200)] + ["ab"[i % 2]]) for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join([",".join([*names, "kind"]), *rows]) + "\n")
    text = look_text(look(str(tmp_path / "t.csv"), DataOptions()))
    assert re.search(r"\.\.\. \d+ more +number", text)
    assert len(text.splitlines()) < 60
    assert "kind " in text
