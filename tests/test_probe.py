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


@pytest.mark.parametrize(
    "encoding, notice", [("utf-8", None), ("utf-8-sig", None), ("utf-16", "utf-16"), ("cp1252", "0xE9 in line 2")]
)
def test_encodings(tmp_path: Path, encoding: str, notice: str | None) -> None:
    (tmp_path / "t.csv").write_bytes("a,city\n1,Orl\u00e9ans\n".encode(encoding))
    source, notices = probe(tmp_path / "t.csv")
    assert tables.read_text(source)[0]["city"].to_list() == ["Orl\u00e9ans"]
    assert [notice in said.what for said in notices] == ([True] if notice else [])


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
