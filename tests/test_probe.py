"""From paths to a source: kinds of files, dialects, headers, zip members."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from plainloop.plain.readers import tables
from plainloop.problems import PlainloopError
from plainloop.understand.probe import ReadOptions, missing_words, probe, probe_like

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parents[1] / "../shared/data")) / "table"


@pytest.mark.parametrize(
    "data, expected",
    [
        ("a,b\n1,2\n", {"delimiter": ",", "header": True}),
        ("a;b\n1,5;2\n2;3\n", {"delimiter": ";", "decimal": ","}),
        ("1,5;2,5\n2,5;3,5\n", {"delimiter": ";", "decimal": ",", "header": False}),
        ("a;b\n1.5;2\n", {"delimiter": ";", "decimal": "."}),
        ("a\tb\n1,5\tx, y\n", {"delimiter": "\t", "decimal": ","}),
        ("a|b\n1|2\n", {"delimiter": "|"}),
        ("a::b\n1::2\n", {"delimiter": "::"}),
        ("a b\n1   2\n3 4\n", {"delimiter": " "}),
        ('price,n\n"1,200",1\n"2,500,000",2\n', {"delimiter": ",", "decimal": "."}),
        ("only\n1\n2\n", {"delimiter": ",", "header": True}),
        ('text,n\n"one, two",1\n"three, four, five",2\n', {"delimiter": ","}),
        ("38,Private,x\n39,State,y\n", {"header": False}),
        ("?,1\n2,3\n", {"header": False}),
        ("country,1990,1991,1992\nNL,1,2,3\n", {"header": True}),
        ("0,1,2\n5.1,3.5,1.4\n4.9,3.0,1.4\n", {"header": True}),
        ("kind,cap\np,x\ne,x\n", {"header": True}),
        ("p,x\ne,x\np,s\ne,s\n", {"header": False}),
        ("Go on!\tWeiter!\nThe dog runs home.\tDer Hund rennt heim.\n", {"header": False}),
        ("I see a red cat\tje vois un chat rouge\nwe go to the sea\tnous allons vers la mer\n", {"header": False}),
        ("the english text here\tfrench\nI see a cat.\tje vois un chat.\n", {"header": True}),
        ('say\t"hi\nthe 5" pipe\tb\n', {"delimiter": "\t", "quote": ""}),
        ("Fl\u00e4che;Ort;Miete\n" + "45,8;Bonn;650,5\n" * 9, {"delimiter": ";", "decimal": ",", "header": True}),
        ("sep=;\na;b\n1;2\n", {"delimiter": ";", "header": True, "comment": "sep="}),
        ("ABLE  EY1 B AH0 L\nACE  EY1 S\n", {"delimiter": "  "}),
        ('18.0   8   307.0\t"chevrolet malibu"\n9.5    4   97.0\t"ford pinto"\n' * 6, {"delimiter": " ", "header": False}),
    ],
)
def test_dialect(tmp_path: Path, data: str, expected: dict[str, Any]) -> None:
    (tmp_path / "t.csv").write_text(data)
    source, _ = probe(tmp_path / "t.csv")
    assert {name: getattr(source, name) for name in expected} == expected


def test_guesses_are_told_and_can_be_overridden(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("1;2,5\n3;4,5\n")
    source, notices = probe(tmp_path / "t.csv")
    assert [type(notice).__name__ for notice in notices] == ["HeaderGuessed", "DecimalComma"]
    assert 'the first line has "1"' in notices[0].what
    assert "--header" in notices[0].fix
    source, notices = probe(tmp_path / "t.csv", ReadOptions(header=True, decimal="."))
    assert (source.header, source.decimal, notices) == (True, ".", [])


def test_the_target_name_settles_the_header(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("1,2\n3,4\n")
    assert probe(tmp_path / "t.csv")[0].header is False
    assert probe(tmp_path / "t.csv", target=["2"])[0].header is True
    assert probe(tmp_path / "t.csv", target=["1"])[0].header is False  # the first class of the first column is no name
    (tmp_path / "w.tsv").write_text("abc\tAH0 B K\nbad\tB AH0 D\n")
    assert probe(tmp_path / "w.tsv", target=["1"])[0].header is False
    assert probe(tmp_path / "w.tsv")[0].header is True


@pytest.mark.parametrize(
    "encoding, notice", [("utf-8", None), ("utf-8-sig", None), ("utf-16", "utf-16"), ("cp1252", "0xE9 in line 2")]
)
def test_encodings(tmp_path: Path, encoding: str, notice: str | None) -> None:
    (tmp_path / "t.csv").write_bytes("a,city\n1,Orl\u00e9ans\n".encode(encoding))
    source, notices = probe(tmp_path / "t.csv")
    assert tables.read_text(source)[0]["city"].to_list() == ["Orl\u00e9ans"]
    assert [notice in said.what for said in notices] == ([True] if notice else [])


@pytest.mark.parametrize(
    "encoding, words",
    [
        (
            "cp1251",
            ("\u043e\u0442\u0437\u044b\u0432", "\u0445\u043e\u0440\u043e\u0448\u0438\u0439 \u0444\u0438\u043b\u044c\u043c"),
        ),
        (
            "koi8_r",
            ("\u043e\u0442\u0437\u044b\u0432", "\u0445\u043e\u0440\u043e\u0448\u0438\u0439 \u0444\u0438\u043b\u044c\u043c"),
        ),
        ("shift_jis", ("\u672c\u6587", "\u3068\u3066\u3082\u9762\u767d\u3044\u6620\u753b\u3067\u3057\u305f")),
        ("gb18030", ("\u8bc4\u8bba", "\u8fd9\u90e8\u7535\u5f71\u975e\u5e38\u597d\u770b")),
        ("euc_kr", ("\ub9ac\ubdf0", "\uc544\uc8fc \uc7ac\ubbf8\uc788\ub294 \uc601\ud654")),
    ],
)
def test_encodings_of_other_scripts(tmp_path: Path, encoding: str, words: tuple[str, str]) -> None:
    (tmp_path / "t.csv").write_bytes(f"{words[0]},n\n{words[1]},5\n{words[1]},6\n".encode(encoding))
    source, notices = probe(tmp_path / "t.csv")
    assert source.encoding == encoding
    assert tables.read_text(source)[0].columns == [words[0], "n"]
    assert f"read as {encoding}" in notices[0].what


def test_folder_glob_and_list(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"part{i}.csv").write_text(f"a,b\n{i},2\n")
    (tmp_path / "notes.md").write_text("no table")
    (tmp_path / ".hidden.csv").write_text("x\n")
    whole = probe(tmp_path)[0]
    assert [Path(name).name for name in whole.data] == ["part0.csv", "part1.csv", "part2.csv"]
    assert probe(str(tmp_path / "part[12].csv"))[0].data == whole.data[1:]
    assert probe([tmp_path / "part2.csv", tmp_path / "part0.csv"])[0].data == (whole.data[2], whole.data[0])
    (tmp_path / "part1.csv").write_text("a,c\n1,2\n")
    with pytest.raises(PlainloopError, match=r'part1\.csv has no column "b"'):
        probe(tmp_path)


def test_files_of_a_folder_are_parts_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("id,a,y\n" + "1,2,3\n" * 5)
    (tmp_path / "test.csv").write_text("id,a\n1,2\n")
    (tmp_path / "sample_submission.csv").write_text("id,y\n1,0\n")
    (tmp_path / "valid.csv").write_text("id,y,a\n1,2,3\n")
    source, notices = probe(tmp_path)
    assert [Path(name).name for name in (*source.data, *source.validation)] == ["train.csv", "valid.csv"]
    assert source.test == ()
    assert 'test.csv, which has no "y"; sample_submission.csv, which has no "a"' in notices[0].what
    assert tables.load(source).parts == {"data": range(5), "validation": range(5, 6)}
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "labels.csv").write_text("id,breed\n1,beagle\n")
    (tmp_path / "labels" / "sample_submission.csv").write_text("id,beagle,boxer\n2,0.5,0.5\n")
    assert [Path(name).name for name in probe(tmp_path / "labels")[0].data] == ["labels.csv"]
    (tmp_path / "more.csv").write_text("id,a,y\n1,2,3\n")  # a name that says nothing: all of them are rows
    (tmp_path / "test.csv").unlink()
    (tmp_path / "sample_submission.csv").unlink()
    assert len(probe(tmp_path)[0].data) == 3


def test_a_test_file_without_answers_can_only_be_predicted(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a,y\n1,2\n")
    (tmp_path / "test.csv").write_text("a\n1\n")
    with pytest.raises(
        PlainloopError, match=r"leave the file out: plainloop train .*train\.csv --target y, then: plainloop predict"
    ):
        probe(tmp_path / "train.csv", test=tmp_path / "test.csv")


@pytest.mark.parametrize("title", ["Sales 2023,,\n\n", "Sales 2023\nmade by ACME\n"])
def test_a_title_above_the_header_is_refused(tmp_path: Path, title: str) -> None:
    (tmp_path / "t.csv").write_text(title + "region,units,price\n" + "north,3,2.5\n" * 8)
    with pytest.raises(PlainloopError, match=r"line 3 are|line 3 is") as refused:
        probe(tmp_path / "t.csv")
    assert "tail -n +3" in refused.value.fix
    (tmp_path / "t.csv").write_text("region,units,price\n" + "north,3,2.5\n" * 8)
    assert probe(tmp_path / "t.csv")[0].header


@pytest.mark.parametrize(
    "data, text",
    [
        (b"+1 1:0.5 3:2\n-1 2:1e-3\n", r"LIBSVM.*load_svmlight_file"),
        (b"@relation r\n@attribute a numeric\n@data\n{0 1.5}\n", "a sparse ARFF file"),
        (b"\x93NUMPY\x01\x00", r"plainloop\.train\(\(X, y\)\)$"),
        (b"SQLite format 3\0", r"export the table as CSV, then: plainloop inspect .*t\.csv$"),
        (b";;; words\nABLE  EY1 B\nACE  EY1 S\n", '--comment ";;;"'),
        (b"DESC:def What is it ?\nNUM:date When did it end ?\n" * 4, r"sed 's/ /\\t/' .*t\.tsv --no-header"),
    ],
)
def test_forms_that_are_no_tables_are_named(tmp_path: Path, data: bytes, text: str) -> None:
    (tmp_path / "t.dat").write_bytes(data)
    with pytest.raises(PlainloopError, match=f"(?s){text}"):
        probe(tmp_path / "t.dat")


def test_zip_with_several_tables(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("large.csv", "a;b\n" + "1;2\n" * 50)
        archive.writestr("small.csv", "a;y\n" + "1;2\n" * 5)
        archive.writestr("readme.md", "x" * 1000)
    source, notices = probe(tmp_path / "t.zip")
    assert source.member == "large.csv"
    assert "--member small.csv" in notices[0].fix
    assert probe(tmp_path / "t.zip", target=["y"])[0].member == "small.csv"
    assert probe(tmp_path / "t.zip", ReadOptions(member="small.csv"))[0].member == "small.csv"


def test_missing_words() -> None:
    assert "NA" in missing_words([])
    assert missing_words(["keep:NA", "unknown"]).count("NA") == 0
    assert missing_words(["unknown"])[-1] == "unknown"


def test_new_files_for_a_trained_source(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("1,a,x\n2,b,y\n3,a,x\n")
    (tmp_path / "new.tsv").write_text("u\tv\tw\n2\t?\tz\n")
    trained, _ = probe(tmp_path / "old.csv", ReadOptions(missing=("z",)))
    source, _ = probe_like(tmp_path / "new.tsv", trained)
    assert (source.header, source.delimiter) == (False, "\t")
    assert tables.read_text(source)[0].rows() == [("u", "v", "w"), ("2", None, None)]


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="PLAINLOOP_DATA is not there")
@pytest.mark.parametrize(
    "name, rows, columns, header",
    [
        ("titanic/train.csv", 891, 12, True),
        ("adult/adult-train.csv", 32561, 15, False),
        ("bank_marketing/bank-additional.zip", 41188, 21, True),
        ("skin_segmentation/Skin_NonSkin.txt", 245057, 4, False),
        ("cardio/cardio_train.csv", 70000, 13, True),
        ("mushroom/mushrooms.csv", 8124, 23, True),
        ("credit_g/german.csv", 1000, 21, False),
        ("emotions_multilabel/emotions.arff", 593, 78, False),
        ("heart_disease/processed.cleveland.data", 303, 14, False),
        ("kddcup99_10pct/kddcup.data_10_percent.gz", 494021, 42, False),
    ],
)
def test_real_files(name: str, rows: int, columns: int, header: bool) -> None:
    source, _ = probe(DATA / name)
    assert tables.read_text(source)[0].shape == (rows, columns)
    assert source.header is header


def test_two_files_of_lines_in_a_folder_are_offered_as_pairs(tmp_path: Path) -> None:
    for name in ("train.en", "train.de", "test.en", "test.de"):
        (tmp_path / name).write_text("a b c\n")
    with pytest.raises(PlainloopError, match="no table files") as refused:
        probe(tmp_path)
    assert refused.value.fix.endswith(f"plainloop inspect {tmp_path}/train.en --target {tmp_path}/train.de")
