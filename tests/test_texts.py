"""Folders, archives and files of texts as a table: classes and parts by place, and what is left alone is told."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import plainloop
from plainloop.options import DataOptions
from plainloop.plain.config import Source
from plainloop.plain.readers import texts
from plainloop.problems import PlainloopError
from plainloop.understand.look import look
from plainloop.understand.look_texts import form_of, form_to_predict
from plainloop.understand.seen import Look
from texts import reviews, zipped

DATA = Path(os.environ.get("PLAINLOOP_DATA", "../shared/data"))
CSV = Source(reader="tables", format="csv", data=("a.csv",))


def seen(*places: Path, **options: object) -> Look:
    return look([str(place) for place in places], DataOptions(**options))  # type: ignore[arg-type]


def told(found: Look, name: str) -> str:
    return "\n".join(str(notice) for notice in found.notices if type(notice).__name__ == name)


def test_a_folder_per_class(tmp_path: Path):
    found = seen(reviews(tmp_path / "films"))
    assert (found.source.reader, found.source.format, found.schema.rows) == ("texts", "texts", 80)
    assert found.target == ["label"]
    assert found.schema.task is not None
    assert found.schema.task.classes == {"neg": 40, "pos": 40}
    assert found.schema["text"].type == "text"
    assert found.texts["text"].language == "looks like English"


@pytest.mark.parametrize(
    "names",
    [("train", "test"), ("training", "dev", "testing"), ("train", "valid"), ("20news-bydate-train", "20news-bydate-test")],
)
def test_parts_by_name_in_a_folder_and_in_an_archive(tmp_path: Path, names: tuple[str, ...]):
    place = reviews(tmp_path / "acl", parts=names, each=25)
    (place / "README").write_text("about the data", encoding="utf-8")
    (place / names[0] / "urls_pos.txt").write_text("http://a\nhttp://b\n", encoding="utf-8")
    (place / names[0] / "unsup").mkdir()
    (place / names[0] / "unsup" / "1.txt").write_text("no class", encoding="utf-8")
    whole, packed = seen(place), seen(zipped(place, tmp_path / "acl.zip"))
    for found in (whole, packed):
        assert {part: len(rows) for part, rows in found.rows.items()}["test"] == (50 if "test" in "".join(names) else 7)
        assert found.schema.task is not None
        assert set(found.schema.task.classes) == {"neg", "pos"}
        assert "3 files are not read" in told(found, "TextFilesPassedOver")
    a, b = texts.load(whole.source), texts.load(packed.source)
    assert a.frame.equals(b.frame)
    assert a.place(0) == "train/neg/0.txt".replace("train", names[0])
    assert b.place(0).endswith(f"{names[0]}/neg/0.txt")


def test_a_file_per_class(tmp_path: Path):
    (tmp_path / "rt").mkdir()
    for name, line in (("pos", "a warm film number"), ("neg", "a dull film number")):
        text = "".join(f"{line} {number} \n" for number in range(30)) + "\n"
        (tmp_path / "rt" / f"rt-polarity.{name}").write_bytes(text.replace("film", "caf\xe9 film").encode("cp1252"))
    found = seen(tmp_path / "rt")
    assert (found.source.format, found.schema.rows) == ("class_lines", 60)
    assert found.schema.task is not None
    assert set(found.schema.task.classes) == {"neg", "pos"}
    assert "the first of 2 such files" in told(found, "EncodingGuessed")
    loaded = texts.load(found.source)
    assert loaded.frame["text"][0] == "a dull caf\xe9 film number 0"
    assert loaded.place(1).endswith("rt-polarity.neg line 2")
    assert seen(tmp_path / "rt" / "rt-polarity.pos", tmp_path / "rt" / "rt-polarity.neg").schema.rows == 60


def test_files_with_columns_are_tables_and_no_classes(tmp_path: Path):
    for name in ("a", "b"):
        lines = "".join(f"{'yes' if i % 2 else 'no'}\tsome words of number {i}\n" for i in range(40))
        (tmp_path / f"{name}.txt").write_text(lines, encoding="utf-8")
    assert form_of([str(tmp_path)]) == ""
    (tmp_path / "train.txt").write_text("one text\nanother\n", encoding="utf-8")
    (tmp_path / "test.txt").write_text("one text\nanother\n", encoding="utf-8")
    assert form_of([str(tmp_path / "train.txt"), str(tmp_path / "test.txt")]) == ""


@pytest.mark.parametrize("name", ["data.csv", "pictures/1.csv", "table.parquet"])
def test_a_folder_with_tables_is_no_folder_of_texts(tmp_path: Path, name: str):
    place = reviews(tmp_path / "mixed", each=3)
    (place / name).parent.mkdir(exist_ok=True)
    (place / name).write_text("a,b\n1,2\n", encoding="utf-8")
    assert form_of([str(place)]) == ""


def test_other_files_in_class_folders_are_named_and_left_alone(tmp_path: Path):
    place = reviews(tmp_path / "mixed", each=20)
    for kind in ("pos", "neg"):
        for name, data in (
            ("a.json", b'{"text": "hi"}'),
            ("b.png", b"\x89PNG"),
            ("c.docx", b"PK\x03\x04"),
            ("d.html", b"<html>"),
        ):
            (place / kind / name).write_bytes(data)
    found = look(str(place), DataOptions())
    assert found.source.reader == "texts"
    assert found.schema.rows == 40
    assert "8 files are not read" in told(found, "TextFilesPassedOver")


def test_files_of_one_text_each_are_no_classes(tmp_path: Path):
    for number in range(12):
        (tmp_path / f"{number}.txt").write_text(f"the text number {number}\n", encoding="utf-8")
    with pytest.raises(PlainloopError, match=r"The 12 texts in .* lie in no class folders"):
        seen(tmp_path)
    with zipfile.ZipFile(tmp_path / "loose.zip", "w") as archive:
        for number in range(12):
            archive.writestr(f"{number}.txt", f"the text, number {number}")
    with pytest.raises(PlainloopError, match="lie in no class folders: their labels are missing"):
        seen(tmp_path / "loose.zip")


def test_texts_without_an_ending_and_numbers_as_classes(tmp_path: Path):
    for year in ("1999", "2020"):
        (tmp_path / "news" / year).mkdir(parents=True)
        for number in range(30):
            (tmp_path / "news" / year / str(60_000 + number)).write_text(f"word {number} of the year {year}\n", encoding="utf-8")
    found = seen(tmp_path / "news")
    assert found.schema.rows == 60
    assert found.task == "Binary"
    assert "LabelInText" in {type(notice).__name__ for notice in found.notices}


def test_bytes_of_all_kinds(tmp_path: Path):
    place = reviews(tmp_path / "films", each=20)
    (place / "pos" / "mark.txt").write_bytes(b"\xef\xbb\xbfwith a mark\r\nand two lines\r")
    (place / "pos" / "wide.txt").write_bytes("wide ä".encode("utf-16"))
    (place / "pos" / "west.txt").write_bytes("caf\xe9".encode("cp1252"))
    (place / "pos" / "unmarked.txt").write_bytes("in two bytes a letter".encode("utf-16-le"))
    (place / "pos" / "four.txt").write_bytes("four bytes".encode("utf-32"))
    (place / "pos" / "binary.txt").write_bytes(b"\x00\x01\x02\x00")
    (place / "pos" / "empty.txt").write_bytes(b"")
    found = seen(place)
    loaded = texts.load(found.source)
    cells = dict(zip([Path(name).name for name in loaded.names], loaded.frame["text"].to_list(), strict=True))
    assert cells["mark.txt"] == "with a mark\nand two lines"
    assert cells["wide.txt"] == "wide ä"
    assert cells["west.txt"] == "café"
    assert cells["empty.txt"] is None
    assert "binary.txt" not in cells
    assert cells["unmarked.txt"] == "in two bytes a letter"
    assert cells["four.txt"] == "four bytes"
    assert "west.txt is read as cp1252: it is no UTF-8." in told(found, "EncodingGuessed")
    assert "1 file is not read for zero bytes" in told(found, "TextFilesPassedOver")
    assert "1 of 46 texts" in told(found, "EmptyTexts")


def test_the_digest_is_that_of_names_and_contents(tmp_path: Path):
    place = reviews(tmp_path / "films", each=3)
    before = texts.digest([str(place)])
    assert texts.digest([str(place) + "/"]) == before
    (place / "pos" / "0.txt").write_text("another", encoding="utf-8")
    assert texts.digest([str(place)]) != before


def test_refusals(tmp_path: Path):
    one = reviews(tmp_path / "one", each=3)
    for file in (one / "neg").iterdir():
        file.unlink()
    with pytest.raises(PlainloopError, match=r"All 3 texts in .* are of one class"):
        seen(one)
    binary = reviews(tmp_path / "binary", each=2)
    for file in binary.rglob("*.txt"):
        file.write_bytes(b"\0\1")
    with pytest.raises(PlainloopError, match="has no files of text"):
        seen(binary)
    with pytest.raises(PlainloopError, match=r"label, text|text, label"):
        seen(reviews(tmp_path / "films", each=20), target="sentiment")


def test_what_new_texts_can_be(tmp_path: Path):
    place = reviews(tmp_path / "films", each=3)
    lines = tmp_path / "lines.txt"
    lines.write_text("a good film, they say\nthe worst\n", encoding="utf-8")
    column = tmp_path / "column.txt"
    column.write_text("review\na good film\n", encoding="utf-8")
    divided = tmp_path / "divided.txt"
    divided.write_text("ham\tsome text\nspam\tother text\n", encoding="utf-8")
    assert form_to_predict(str(place), "review", CSV) == "texts"
    assert form_to_predict(str(place / "pos"), "review", replace(CSV, reader="texts", format="class_lines")) == "class_lines"
    assert form_to_predict(str(lines), "review", replace(CSV, reader="texts", format="texts")) == "text_lines"
    assert form_to_predict(str(column), "review", CSV) == ""
    assert form_to_predict(str(divided), "1", replace(CSV, header=False, delimiter="\t")) == ""
    assert form_to_predict(str(lines), "1", replace(CSV, header=False, delimiter="\t")) == "text_lines"
    assert form_to_predict(str(tmp_path / "absent.txt"), "review", CSV) == ""


def test_a_source_read_twice_is_read_once(tmp_path: Path):
    source = Source(reader="texts", format="texts", data=(str(reviews(tmp_path / "films", each=4)),), encoding="cp1252")
    assert texts.load(source) is texts.load(source)
    assert np.array_equal(texts.load(source).lines, np.zeros(8))


@pytest.mark.skipif(not (DATA / "text").is_dir(), reason="the data of PLAINLOOP_DATA is not there")
def test_real_folders():
    names = seen(DATA / "pairs" / "names_languages")
    assert (names.schema.rows, len(names.schema.task.classes if names.schema.task else ())) == (20_050, 18)
    assert names.text["tokens"][0] == "char"
    polarity = seen(DATA / "text" / "rt_polarity")
    assert {part: len(rows) for part, rows in polarity.rows.items()} == {"train": 7463, "validation": 1599, "test": 1600}
    sms = seen(DATA / "text" / "sms_spam" / "sms.tsv", target="0")
    assert sms.schema.rows == 5574


@pytest.mark.skipif(not (DATA / "text").is_dir(), reason="the data of PLAINLOOP_DATA is not there")
def test_labels_with_commas_are_no_decimal_numbers():
    found = seen(DATA / "text" / "go_emotions" / "dev.tsv", target="1", header=False, tags=",")
    assert found.task == "Multilabel"
    assert not told(found, "DecimalComma")
    assert found.schema["0"].type == "text"


def labelled(path: Path, labels: tuple[str, ...], rows: int = 40) -> Path:
    path.parent.mkdir(exist_ok=True)
    lines = [f"{labels[i % len(labels)]} {'fine' if i % 2 else 'poor'} film number {i}" for i in range(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_lines_with_labels_as_fasttext_has_them(tmp_path: Path):
    found = seen(labelled(tmp_path / "films.txt", ("__label__pos", "__label__neg")))
    assert (found.task, found.target, found.source.format) == ("Binary", ["label"], "labelled")
    assert found.schema["text"].type == "text"
    several = seen(labelled(tmp_path / "tags.txt", ("__label__pos __label__long", "__label__neg", "__label__pos")))
    assert several.task == "Multilabel"
    assert several.schema.task is not None
    assert several.schema.task.classes == {"pos": 27, "long": 14, "neg": 13}


def test_files_of_labelled_lines_are_parts_by_their_names(tmp_path: Path):
    labelled(tmp_path / "cooking" / "cooking.train", ("__label__pos", "__label__neg"), 60)
    labelled(tmp_path / "cooking" / "cooking.valid", ("__label__pos", "__label__neg"), 20)
    found = seen(tmp_path / "cooking")
    assert found.schema.task is not None
    assert found.schema.task.classes == {"neg": 40, "pos": 40}
    assert len(found.rows["validation"]) == 20


def test_a_fix_proposes_the_labels_and_not_the_texts_as_target(tmp_path: Path):
    lines = [f"{'ham' if i % 2 else 'spam'}\tsee you at the {i} of the next month" for i in range(60)]
    (tmp_path / "sms.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(PlainloopError, match="No target given") as refused:
        plainloop.train(tmp_path / "sms.tsv", epochs=0, output=str(tmp_path / "run"))
    assert refused.value.fix.endswith("--target 0")
