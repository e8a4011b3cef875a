"""The catalogue of bad inputs: each written as a file, and refused or repaired in words. The numbers are the catalogue's."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from plainloop.plain.readers import tables
from plainloop.problems import Notice, PlainloopError
from plainloop.understand.infer import InferOptions, infer
from plainloop.understand.probe import ReadOptions, probe
from plainloop.understand.quality import check

CHANCE = random.Random(0)
NUMBERS = [CHANCE.randrange(10_000) / 100 for _ in range(40)]


def csv(y: Any = lambda i: "ab"[i % 2], x: Any = lambda i: NUMBERS[i], rows: int = 40, header: str = "x,y") -> bytes:
    """A table of an input x and a target y, made from functions of the row number."""
    return "\n".join([header, *(f"{x(i)},{y(i)}" for i in range(rows))]).encode() + b"\n"


def zipped(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def parquet() -> bytes:
    made = io.BytesIO()
    pl.DataFrame({"x": NUMBERS, "y": ["a", "b"] * 20}).write_parquet(made)
    return made.getvalue()


def understand(
    path: Path, data: bytes, target: str = "y", read: ReadOptions | None = None, asked: InferOptions | None = None
) -> tuple[pl.DataFrame, list[Notice]]:
    """The frame and the notices, as `plainloop inspect` finds them."""
    path.write_bytes(data)
    names = target.split(",")
    source, notices = probe(path, read, target=names)
    frame, _ = tables.read_text(source)
    schema = infer(frame, source, names, asked)
    tables.read(source, schema.config_columns())
    rows = pl.int_range(len(frame), eager=True).to_numpy()
    split = {"train": rows[: len(rows) // 2], "test": rows[len(rows) // 2 :]}
    return frame, [*notices, *schema.notices, *check(frame, schema, split, source)]


REFUSED = {
    "2 empty": (b"", "is empty (0 bytes)", {}),
    "2 only a line end": (b"\n", "is empty (1 bytes)", {}),
    "3 header only": (b"x,y\n", "a header of 2 columns (x, y) and 0 rows", {}),
    "8 mixed encodings": (csv() + "é,a\n".encode() + "é,a\n".encode("cp1252"), "line 43: byte 0xE9 is no UTF-8, but line 42", {}),
    "9 NUL": (csv() + b"1,\x00a\n", "line 42: a NUL byte", {}),
    "10 no delimiter": (
        b"It was a dark, and stormy night.\nThe rain fell.\nIt fell, and fell, and fell.\n",
        "no delimiter found",
        {},
    ),
    "11 extra field": (csv() + b"1,a,b\n", "line 42 has 3", {}),
    "12 every row too long": (csv(y=lambda i: "a,b"), "Every row is one field longer than the header", {}),
    "13 short row": (csv() + b"1\n", "line 42 has 1", {}),
    "14 open quote": (csv() + b'1,"a\n2,b\n', "line 42: a quote", {}),
    "17 comments": (b"# exported, 2024, by me\n" + csv(), "line 1 looks like a comment", {}),
    "18 web page": (b"<!DOCTYPE html>\n<html><body>404</body></html>", "is a web page", {}),
    "18 LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n", "Git LFS pointer", {}),
    "19 xlsx": (zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "the workbook cannot be read", {}),
    "19 docx": (zipped({"[Content_Types].xml": b"", "word/document.xml": b""}), "Office document", {}),
    "19 png": (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG picture", {}),
    "20 truncated gzip": (gzip.compress(csv())[:-30], "the compressed data cannot be read", {}),
    "21 zip with ..": (zipped({"../x.csv": csv()}), "leads out of the archive", {}),
    "21 zip member absent": (zipped({"a.csv": csv()}), 'no member "b.csv"', {"read": ReadOptions(member="b.csv")}),
    "26 broken JSON line": (b'{"x": 1, "y": "a"}\n{"x": 2, "y"\n', "line 2: this is not JSON", {}),
    "11 ragged throughout": (csv(x=lambda i: f"{i}" + ",1" * (i % 3)), "have a wrong number of fields", {}),
    "26 a key twice": (b'{"x": 1, "x": 2, "y": "a"}\n' * 30, 'more than one column is called "x"', {}),
    "27 duplicate names": (csv(header="x,x"), 'more than one column is called "x"', {"target": "x"}),
    "28 control characters": (csv(header='"x\ny",y'), "control characters", {}),
    "31 only constants": (csv(x=lambda i: 7), "no column is left to learn from", {}),
    "36 copy of the target": (csv(y=lambda i: NUMBERS[i]), "equals the target in every row", {}),
    "40 id beyond 2^53": (csv(x=lambda i: 9007199254740993 + 2 * i), "no column is left", {}),
    "41 inf in the target": (csv(x=lambda i: "ab"[i % 2], y=lambda i: "inf" if i == 3 else NUMBERS[i]), 'line 5 "inf"', {}),
    "45 ambiguous time": (
        b"t,x,y\n" + b"01/02/2020,1,a\n03/04/2020,2,b\n" * 20,
        "fit %m/%d/%Y and %d/%m/%Y",
        {"asked": InferOptions(time="t")},
    ),
    "54 target not found": (csv(), 'Did you mean "yy"', {"target": "YY", "data": csv(header="x,yy")}),
    "56 target missing": (csv(y=lambda i: ""), "is missing in all 40 rows", {}),
    "56 single class": (csv(y=lambda i: "a"), 'is "a" in every one', {}),
    "61 target of ids": (csv(y=lambda i: f"u{i}"), "looks like an id", {}),
    "62 words in a number target": (
        csv(x=lambda i: "ab"[i % 2], y=lambda i: "n.a." if i == 3 else NUMBERS[i]),
        'line 5 "n.a."',
        {},
    ),
    "63 constant number target": (csv(y=lambda i: 3.5), 'is "3.5" in every one', {}),
    "65 two separators": (csv(y=lambda i: ["a|b", "a", "b|c", "c;a", "c"][i % 5]), 'line 5 "c;a"', {}),
    "66 few rows": (csv(rows=12), "has 12 rows with a target", {}),
    "66 binary asked, three classes": (
        csv(y=lambda i: "abc"[i % 3]),
        "has 3 different values",
        {"asked": InferOptions(task="binary")},
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(tmp_path: Path, case: str) -> None:
    data, text, said = REFUSED[case]
    with pytest.raises(PlainloopError) as caught:
        understand(tmp_path / "t.csv", **{"data": data, **said})
    message = str(caught.value)
    assert text in message
    assert "Traceback" not in message
    assert "plainloop " in caught.value.fix
    assert caught.value.what.startswith(str(tmp_path)) or "olumn" in message or "target" in message
    assert caught.value.exit_code == 2


REPAIRED = {
    "4 no header": (csv().split(b"\n", 1)[1], "0", {"target": "1"}, "HeaderGuessed", "has no header"),
    "5 BOM": (b"\xef\xbb\xbf" + csv(), "x", {}, "", ""),
    "6 UTF-16": (csv().decode().encode("utf-16"), "x", {}, "EncodingGuessed", "the mark of UTF-16"),
    "7 cp1252": (
        csv(y=lambda i: "é" if i % 2 else "a").decode().encode("cp1252"),
        "x",
        {},
        "EncodingGuessed",
        "byte 0xE9 in line 3",
    ),
    "10 semicolons": (csv().replace(b",", b";"), "x", {}, "", ""),
    "10 tabs": (csv().replace(b",", b"\t"), "x", {}, "", ""),
    "11 skipped": (csv() + b"1,a,b\n", "x", {"read": ReadOptions(skip_bad=1)}, "", ""),
    "16 CR": (csv().replace(b"\n", b"\r"), "x", {}, "", ""),
    "17 blank lines": (csv() + b"\n\n  \n", "x", {}, "", ""),
    "17 comments": (b"# a, b, c\n" + csv(), "x", {"read": ReadOptions(comment="#")}, "", ""),
    "19 parquet": (parquet(), "x", {}, "", ""),
    "21 several tables": (zipped({"a.csv": csv(), "b.csv": b"x\n1\n"}), "x", {}, "MemberChosen", "--member b.csv"),
    "43 decimal comma": (csv().replace(b",", b";").replace(b".", b","), "x", {}, "DecimalComma", "decimal comma"),
}


@pytest.mark.parametrize("case", REPAIRED)
def test_repaired(tmp_path: Path, case: str) -> None:
    data, column, said, notice, text = REPAIRED[case]
    frame, notices = understand(tmp_path / "t.csv", data, **said)
    assert [float(cell.replace(",", ".")) for cell in frame[column]] == NUMBERS
    found = {type(item).__name__: str(item) for item in notices}
    assert text in found[notice] if notice else not found


TOLD = {
    "29 index": (lambda i: f"{i},{NUMBERS[i]}", ",x,y", "ColumnsLeftOut", '"Unnamed: 0" is left out: whole numbers 0 to 39'),
    "30 id": (lambda i: f"{NUMBERS[i]},u{i}", "x,user,y", "ColumnsLeftOut", '"user" is left out: a different value in every row'),
    "31 constant": (lambda i: f"{NUMBERS[i]},NL", "x,land,y", "ColumnsLeftOut", 'every cell is "NL"'),
    "32 constant or missing": (lambda i: f"{NUMBERS[i]},{'yes' if i % 3 else ''}", "x,pool,y", "OneWordOrMissing", "pool"),
    "33 all missing": (lambda i: f"{NUMBERS[i]},", "x,void,y", "ColumnsLeftOut", '"void" is left out: no cell has a value'),
    "35 equal columns": (lambda i: f"{NUMBERS[i]},{NUMBERS[i]}", "x,x2,y", "ColumnsLeftOut", 'equal to column "x"'),
    "37 mixed": (lambda i: f"{NUMBERS[i]},{['1', '2', 'x', 'z'][i % 4]}", "x,m,y", "MixedColumn", "it is read as words"),
    "38 NA": (lambda i: f"{NUMBERS[i]},{['NA', 'NL', 'BE'][i % 3]}", "x,land,y", "CountedAsMissing", '"NA" (14 cells), in land'),
    "39 leading zeros": (lambda i: f"{NUMBERS[i]},0213{i % 5}", "x,zip,y", "NumbersAsWords", "leading zeros"),
    "40 beyond 2^53": (lambda i: f"{NUMBERS[i]},900719925474099{i % 5}", "x,big,y", "NumbersAsWords", "beyond 2^53"),
    "41 inf": (lambda i: f"{NUMBERS[i]},{'inf' if i == 3 else NUMBERS[-i] + 1}", "x,r,y", "InfiniteNumbers", "first in line 5"),
    "43 currency": (lambda i: f"{NUMBERS[i]},${NUMBERS[-i]:.2f}", "x,p,y", "SignsRemoved", 'without "$"'),
    "45 dates": (lambda i: f"{NUMBERS[i]},0{i % 9 + 1}/02/2020", "x,day,y", "AmbiguousDates", "--date-format %d/%m/%Y"),
    "45 dates in both orders": (
        lambda i: f"{NUMBERS[i]},{'13/02' if i % 2 else '02/13'}/2020",
        "x,day,y",
        "ColumnsLeftOut",
        "no one order",
    ),
    "48 case": (
        lambda i: f"{NUMBERS[i]},{['cat', 'Cat ', ' dog', 'cat '][i % 4]}",
        "x,pet,y",
        "CaseVariants",
        '"cat" (20), "Cat" (10)',
    ),
}


@pytest.mark.parametrize("case", TOLD)
def test_columns_that_are_told(tmp_path: Path, case: str) -> None:
    row, header, notice, text = TOLD[case]
    data = "\n".join([header, *(f"{row(i)},{'ab'[i // 2 % 2]}" for i in range(40))]).encode()
    _, notices = understand(tmp_path / "t.csv", data)
    found = [str(item) for item in notices if type(item).__name__ == notice]
    assert any(text in message for message in found), [str(item) for item in notices]
    assert all("--" in message for message in found if "every cell" not in message and "no cell" not in message)


TARGETS = {
    "55 some missing": (
        lambda i: "" if i in (4, 9) else "ab"[i % 2],
        "RowsWithoutTarget",
        "missing in 2 of 40 rows, which are left out: line 6, line 11.",
    ),
    "55 NA is a class": (lambda i: "NA" if i in (4, 9) else "ab"[i % 2], "RowsWithoutTarget", "--missing keep:NA"),
    "64 case variants": (lambda i: ["a", "b", "A"][i % 3], "CaseVariants", '"a" (14), "A" (13)'),
    "57 one member": (lambda i: "c" if i == 4 else "ab"[i % 2], "RareClasses", '"c" (1)'),
    "59 imbalance": (lambda i: "a" if i == 4 else "b", "RareClass", "97.5 % of the rows"),
    "62 skew": (lambda i: 1e6 if i == 4 else NUMBERS[-i - 1], "SkewedTarget", "long tail"),
}


@pytest.mark.parametrize("case", TARGETS)
def test_targets_that_are_told(tmp_path: Path, case: str) -> None:
    y, notice, text = TARGETS[case]
    _, notices = understand(tmp_path / "t.csv", csv(y=y))
    assert any(text in str(item) for item in notices if type(item).__name__ == notice), [str(item) for item in notices]


def test_1_missing_path_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "titanic.csv").write_bytes(csv())
    with pytest.raises(PlainloopError, match=r'Did you mean ".*titanic.csv"'):
        probe(tmp_path / "titanc.csv")


def test_28_names_with_strange_characters_are_kept(tmp_path: Path) -> None:
    frame, _ = understand(tmp_path / "t.csv", csv(header="<script>[x] '\U0001f600,y"))
    assert frame.columns == ["<script>[x] '\U0001f600", "y"]


def test_22_folder_without_tables(tmp_path: Path) -> None:
    (tmp_path / "cat.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(PlainloopError, match=r"no table files; it holds cat\.jpg"):
        probe(tmp_path)


def test_25_one_file_as_train_and_test(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(csv())
    for other in ("a.csv", "b.csv"):
        with pytest.raises(PlainloopError, match=r"--test .* holds the same bytes as"):
            probe(tmp_path / "a.csv", test=tmp_path / other)


def test_64_one_number_in_two_spellings_is_one_class(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(csv(y=lambda i: ["0", "1", "1.0"][i % 3]))
    source, _ = probe(tmp_path / "t.csv", target=["y"])
    schema = infer(tables.read_text(source)[0], source, ["y"])
    assert schema.task is not None
    assert schema.task.classes == {"1": 26, "0": 14}
    words = tables.read(source, schema.config_columns())["y"]
    assert sorted(set(words.tolist())) == ["0", "1"]


def test_unknown_encoding(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(csv())
    with pytest.raises(PlainloopError, match="utf-99"):
        probe(tmp_path / "t.csv", ReadOptions(encoding="utf-99"))


def test_68_conflicting_labels(tmp_path: Path) -> None:
    _, notices = understand(tmp_path / "t.csv", csv(x=lambda i: NUMBERS[i // 2]))
    assert any("no model can be right in more than 50.00 %" in str(item) for item in notices)


def test_text_of_one_kind_of_file_gives_one_table(tmp_path: Path) -> None:
    """CSV, JSON lines and Parquet of one table are read alike, number for number."""
    frame = pl.DataFrame({"x": NUMBERS, "n": list(range(40)), "y": ["a", "b"] * 20})
    frame.write_csv(tmp_path / "t.csv")
    frame.write_ndjson(tmp_path / "t.jsonl")
    frame.write_parquet(tmp_path / "t.parquet")
    read = []
    for name in ("t.csv", "t.jsonl", "t.parquet"):
        source, _ = probe(tmp_path / name, target=["y"])
        schema = infer(tables.read_text(source)[0], source, ["y"])
        read.append(tables.read(source, schema.config_columns()))
    assert [table["x"].tolist() for table in read] == [NUMBERS] * 3
    assert [table["y"].tolist() for table in read] == [["a", "b"] * 20] * 3
