"""The reader of tables: dialects, compression, formats, casts, and where it refuses."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from plainloop.plain.config import Column, Source
from plainloop.plain.readers import tables
from plainloop.plain.readers.table_faults import (
    BadRows,
    BrokenQuotes,
    ColumnsDiffer,
    DamagedFile,
    DuplicateColumns,
    NestedColumn,
    TargetNotNumber,
    WrongEncoding,
)
from plainloop.plain.table import Words


def source(path: Path, data: bytes | None = None, **said: Any) -> Source:
    if data is not None:
        path.write_bytes(data)
    return Source(**{"reader": "tables", "format": "csv", "data": (str(path),), "missing": ("?", "NA"), **said})


def cells(path: Path, data: bytes, **said: Any) -> dict[str, list]:
    return tables.read_text(source(path, data, **said))[0].to_dict(as_series=False)


@pytest.mark.parametrize(
    "data, said",
    [
        (b"a,b\n1,x y\n2,\n", {}),
        (b"\xef\xbb\xbfa,b\n1,x y\n2,\n", {}),
        (b"a,b\r\n1,x y\r\n2,\r\n", {}),
        (b"a,b\r1,x y\r2,\r", {}),
        (b"a,b\n\n1,x y\n  \n2,?\n\n", {}),
        (b' a , b\n1 , "x y" \n2, NA', {"quote": ""}),
        (b'"a", "b"\n"1", "x y"\n2,\n', {}),
        (b"a;b\n1;x y\n2;", {"delimiter": ";"}),
        (b"a::b\n1::x y\n2::", {"delimiter": "::"}),
        (b"# note\na,b\n1,x y\n# more, of, it\n2,\n", {"comment": "#"}),
        ("a,b\n1,x y\n2,\n".encode("utf-16"), {"encoding": "utf-16"}),
        (gzip.compress(b"a,b\n1,x y\n2,\n", mtime=0), {}),
        (bz2.compress(b"a,b\n1,x y\n2,\n"), {}),
        (lzma.compress(b"a,b\n1,x y\n2,\n"), {}),
        (b'{"a": [1, 2], "b": ["x y", null]}', {"format": "jsonl"}),
        (b'{\n"a": {"0": 1, "1": 2},\n"b": {"0": "x y", "1": null}\n}', {"format": "jsonl"}),
        (b'{"version": "1", "rows": [{"a": 1, "b": "x y"}, {"a": 2, "b": null}]}', {"format": "jsonl"}),
        (b'{"a": 1, "b": "x y"}\n\n{"a": 2, "b": null}\n', {"format": "jsonl"}),
        (
            b"@relation r\n@attribute a numeric\n@attribute 'b' {x y}\n\n@DATA\n% note\n1,'x y'\n2,?\n",
            {"format": "arff", "quote": "'", "comment": "%"},
        ),
    ],
)
def test_one_table_in_many_dialects(tmp_path: Path, data: bytes, said: dict[str, Any]) -> None:
    read = cells(tmp_path / "t", data, **said)
    if said.get("quote") == "":
        read["b"] = [word and word.strip('"') for word in read["b"]]
    assert read == {"a": ["1", "2"], "b": ["x y", None]}


def test_white_space_as_delimiter(tmp_path: Path) -> None:
    assert cells(tmp_path / "t", b"a b\n 1   2\n3\t 4 \n", delimiter=" ") == {"a": ["1", "3"], "b": ["2", "4"]}


def test_quoted_cells_hold_delimiters_line_ends_and_doubled_quotes(tmp_path: Path) -> None:
    loaded = tables.load(source(tmp_path / "t", b'a,b\n"x, ""y""","1\n2"\nz,3\n'))
    assert loaded.frame.rows() == [('x, "y"', "1\n2"), ("z", "3")]
    assert [loaded.place(row) for row in range(2)] == ["line 2", "line 4"]  # the first row takes two lines


def test_without_header_columns_are_numbered(tmp_path: Path) -> None:
    assert cells(tmp_path / "t", b"1,2\n3,4\n", header=False) == {"0": ["1", "3"], "1": ["2", "4"]}


def test_nameless_columns_get_a_name(tmp_path: Path) -> None:
    assert list(cells(tmp_path / "t", b",b\n1,2\n")) == ["Unnamed: 0", "b"]


def test_zip_member_is_read_in_place(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("in/a.csv", "a\n1\n")
        archive.writestr("in/b.csv", "b\n2\n")
    read = tables.read_text(source(tmp_path / "t.zip", member="in/b.csv"))[0]
    assert read.to_dict(as_series=False) == {"b": ["2"]}
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.zip"]


def test_parquet_keeps_every_digit(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "whole": [9007199254740993, None],
            "share": [0.1, 1 / 3],
            "yes": [True, None],
            "tags": [["a", "b"], []],
            "day": pl.Series(["2020-01-02T03:04:05.5"]).str.to_datetime().extend_constant(None, 1),
        }
    )
    frame.write_parquet(tmp_path / "t.parquet")
    text = tables.read_text(source(tmp_path / "t.parquet", format="parquet"))[0]
    assert text["whole"].to_list() == ["9007199254740993", None]
    assert [float(word) for word in text["share"]] == [0.1, 1 / 3]
    assert text["yes"].to_list() == ["true", None]
    assert text["tags"].to_list() == ["a|b", None]
    assert tables.seconds(text["day"], "").tolist()[0] == pytest.approx(1577934245.5)


def test_json_lines_with_late_keys_and_mixed_types(tmp_path: Path) -> None:
    read = cells(tmp_path / "t", b'{"a": 1}\n{"a": "x", "b": 0.1}\n', format="jsonl")
    assert read == {"a": ["1", "x"], "b": [None, "0.1"]}


def test_parts_and_column_order(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"y,x,extra\n3,4,5\n")
    made = source(tmp_path / "a", b"x,y\n1,2\n", test=(str(tmp_path / "b"),))
    frame, parts = tables.read_text(made)
    assert frame.rows() == [("1", "2"), ("4", "3")]
    assert parts == {"data": range(1), "test": range(1, 2)}
    assert tables.load(made).place(1) == "b line 2"


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    assert cells(tmp_path / "t", b"a\n1\n") == {"a": ["1"]}
    assert cells(tmp_path / "t", b"a\n1\n2\n") == {"a": ["1", "2"]}


def test_a_file_mended_after_a_refusal_is_read_again(tmp_path: Path) -> None:
    with pytest.raises(BadRows):
        cells(tmp_path / "t", b"a,b\n1\n")
    assert cells(tmp_path / "t", b"a,b\n1,2\n") == {"a": ["1"], "b": ["2"]}


def test_typed_table(tmp_path: Path) -> None:
    data = b'n;p;b;d;w\n1,5;"$1.200,5";Yes;2020-01-01;b\n?;$3;no;2020-01-01T00:00:01+01:00;?\ninf;$4;maybe;x;a\n'
    made = source(tmp_path / "t", data, delimiter=";", decimal=",")
    columns = [
        Column(name="n", type="number"),
        Column(name="p", type="number", strip="$."),
        Column(name="b", type="boolean", true="yes", false="no"),
        Column(name="d", type="datetime"),
        Column(name="w", type="category", replace={"b": "B"}, also_missing=("a",)),
    ]
    table = tables.read(made, columns)
    np.testing.assert_array_equal(table["n"], [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(table["p"], [1200.5, 3, 4])
    np.testing.assert_array_equal(table["b"], [1, 0, np.nan])
    np.testing.assert_array_equal(table["d"], [1577836800, 1577833201, np.nan])
    words = table["w"]
    assert isinstance(words, Words)
    assert words.words == ["B"]
    assert words.codes.dtype == np.int32
    assert words.tolist() == ["B", None, None]


@pytest.mark.parametrize("words", [["1", "0"], ["1.0", "0.0"], ["True", "FALSE"]])
def test_booleans_in_other_spellings(words: list[str]) -> None:
    true, false = ("true", "false") if "True" in words else ("1", "0")
    column = Column(name="b", type="boolean", true=true, false=false)
    np.testing.assert_array_equal(tables.truth(pl.Series(words), column), [1, 0])


def test_frames_in_memory() -> None:
    frame = pl.DataFrame({"a": [1.5, None], "b": ["x", "?"]})
    table = tables.read_frame(frame, [Column(name="a", type="number"), Column(name="b", type="category")], ["?"])
    np.testing.assert_array_equal(table["a"], [1.5, np.nan])
    assert table["b"].tolist() == ["x", None]


def test_absent_columns(tmp_path: Path) -> None:
    made = source(tmp_path / "t", b"a\n1\n")
    with pytest.raises(ColumnsDiffer, match='has no column "b"'):
        tables.read(made, [Column(name="b", type="number")])
    table = tables.read(made, [Column(name="a", type="number"), Column(name="b", type="category", role="target")])
    assert table["b"].tolist() == [None]


@pytest.mark.parametrize(
    "data, said, fault, text",
    [
        (b"a,b\n1,2\n3\n4,5,6\n", {}, BadRows, r"2 of 3 rows .* line 3 has 1, line 4 has 3"),
        (b"a,b\n1,2,3\n1,2,3\n", {}, BadRows, "one field longer than the header"),
        (b'a,b\n1,"x\n2,y\n', {}, BrokenQuotes, "line 2"),
        (b'a,b\n1,"x" y\n2,z\n', {}, BrokenQuotes, "line 2"),
        (b"a,b\n1,\xe9\n", {}, WrongEncoding, r"line 2: byte 0xE9"),
        (b"a,a\n1,2\n", {}, DuplicateColumns, '"a"'),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 1000, mtime=0)[:-20], {}, DamagedFile, "compressed data"),
        (b'{"a": 1}\n{"a": 2,\n{"a": 3}\n', {"format": "jsonl"}, DamagedFile, "line 2"),
        (b'{"a": [{"b": 1}]}\n', {"format": "jsonl"}, NestedColumn, "lists of objects"),
        (b"PAR1 not really", {"format": "parquet"}, DamagedFile, "Parquet"),
    ],
)
def test_refusals(tmp_path: Path, data: bytes, said: dict[str, Any], fault: type, text: str) -> None:
    with pytest.raises(fault, match=text):
        tables.load(source(tmp_path / "t", data, **said))


def test_objects_are_columns(tmp_path: Path) -> None:
    lines = b'{"id": "7", "pair": {"en": "dog", "id": 1.50, "more": {"of": 3}}}\n{"id": "8", "pair": null}\n'
    found = cells(tmp_path / "t", lines, format="jsonl")
    assert found == {"id": ["7", "8"], "en": ["dog", None], "pair.id": ["1.5", None], "of": ["3", None]}
    pl.read_ndjson(lines).write_parquet(tmp_path / "p")
    assert cells(tmp_path / "q", (tmp_path / "p").read_bytes(), format="parquet") == found


def test_bad_rows_can_be_skipped(tmp_path: Path) -> None:
    data = b"a,b\n1,2\n3\n4,5,6\n7,8\n"
    assert cells(tmp_path / "t", data, skip_bad=2)["a"] == ["1", "7"]
    assert tables.load(source(tmp_path / "t", skip_bad=2)).lines.tolist() == [2, 5]
    with pytest.raises(BadRows):
        tables.load(source(tmp_path / "t", skip_bad=1))


def test_a_number_target_must_be_a_number(tmp_path: Path) -> None:
    made = source(tmp_path / "t", b"a,y\n1,2\n2,n/a\n3,?\n4,-\n")
    with pytest.raises(TargetNotNumber) as caught:
        tables.read(made, [Column(name="y", type="number", role="target")])
    assert 'line 3 "n/a", line 5 "-"' in caught.value.what
    assert '--missing "-,n/a"' in caught.value.fix


def test_missing_marks_are_counted(tmp_path: Path) -> None:
    loaded = tables.load(source(tmp_path / "t", b"a,b\n?,1\n?,\nNA,2\n"))
    assert loaded.marks == {"a": {"?": 2, "NA": 1}}


def test_digest_is_sha256_of_all_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"ab")
    (tmp_path / "b").write_bytes(b"c")
    assert (
        tables.digest([str(tmp_path / "a"), str(tmp_path / "b")])
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_long_texts_stay_in_the_memory_of_the_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    cells = ["b text", "a text", "b text", None, "c text", "a text"]
    path = tmp_path / "t.csv"
    path.write_text("text\n" + "\n".join(cell or '""' for cell in cells) + "\n", encoding="utf-8")
    source = Source(reader="tables", format="csv", data=(str(path),))
    small = tables.read(source, [Column(name="text", type="text")])["text"]
    monkeypatch.setattr(tables, "MOST_TEXT", 0)
    large = tables.read(source, [Column(name="text", type="text")])["text"]
    assert isinstance(small, Words)
    assert isinstance(large, Words)
    assert small.tolist() == large.tolist() == cells
    assert list(large.words) == small.words == ["b text", "a text", "c text"]
    assert isinstance(large.words, tables.Texts)
    assert large.words[1:] == ["a text", "c text"]


def test_arrow_files_and_spans_of_time(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": pl.Series(["x", "y"]).cast(pl.Categorical), "b": [timedelta(seconds=90), timedelta(days=1)]})
    frame.write_ipc(tmp_path / "t.arrow")
    assert tables.read_text(source(tmp_path / "t.arrow", format="arrow"))[0].rows() == [("x", "90.0"), ("y", "86400.0")]


def test_lines_with_labels_before_their_text(tmp_path: Path) -> None:
    data = b"__label__good What a film!\n\n__label__bad __label__long, NA\nno label\n"
    said = {"format": "labelled", "names": ("text", "label"), "missing": ()}
    assert cells(tmp_path / "t.txt", data, **said) == {
        "text": ["What a film!", "NA", "no label"],
        "label": ["good", "bad long", None],
    }
