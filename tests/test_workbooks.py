"""Excel workbooks and JSON arrays give the tables that CSV gives; what is wrong with them is told."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import polars as pl
import pytest

import plainloop
from plainloop.adjust.adjust_problems import PackageMissing
from plainloop.plain.readers import tables
from plainloop.plain.readers.table_faults import DamagedFile
from plainloop.plain.readers.workbooks import sheet
from plainloop.training import Talk
from plainloop.understand.file_notices import MemberChosen
from plainloop.understand.file_problems import NotATable, ZipUnclear
from plainloop.understand.probe import ReadOptions, probe
from small import write_csv

PETS = [["name", "kind", "kg"], ["Rex", "dog, old", 21.5], [], ["Tom", 'a "cat"', 4], ["Fay", "two\nlines", None]]
SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
BOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{}</sheets></workbook>'
)
LINKS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
LINK = '<Relationship Id="r{0}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{2}" Target="{1}"/>'


def write_book(path: Path, **sheets: Sequence[Sequence[object]]) -> Path:
    """An .xlsx of these sheets, each a list of rows; None is an empty cell."""

    def cell(value: object) -> str:
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
        return "<c/>" if value is None else f"<c><v>{value!r}</v></c>"

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
        archive.writestr("_rels/.rels", LINKS.format(LINK.format(1, "xl/workbook.xml", "officeDocument")))
        names = "".join(f'<sheet name="{name}" sheetId="{i}" r:id="r{i}"/>' for i, name in enumerate(sheets, 1))
        archive.writestr("xl/workbook.xml", BOOK.format(names))
        links = "".join(LINK.format(i, f"worksheets/sheet{i}.xml", "worksheet") for i in range(1, len(sheets) + 1))
        archive.writestr("xl/_rels/workbook.xml.rels", LINKS.format(links))
        for i, rows in enumerate(sheets.values(), 1):
            body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            archive.writestr(f"xl/worksheets/sheet{i}.xml", SHEET.format(body))
    return path


def rows_of(csv: Path) -> list[list[object]]:
    """The cells of a CSV file, numbers as numbers."""
    frame = pl.read_csv(csv)
    return [frame.columns, *map(list, frame.iter_rows())]


def test_a_sheet_is_read_like_its_csv(tmp_path: Path):
    source, notices = probe(write_book(tmp_path / "pets.xlsx", pets=PETS))
    assert (source.format, source.member, notices) == ("workbook", "pets", [])
    loaded = tables.load(source)
    assert loaded.frame.rows() == [("Rex", "dog, old", "21.5"), ("Tom", 'a "cat"', "4"), ("Fay", "two\nlines", None)]
    assert loaded.lines.tolist() == [2, 4, 5]


def test_the_sheet_with_the_target_is_taken(tmp_path: Path):
    other = [["a", "b"], *([i, i] for i in range(20))]
    book = write_book(tmp_path / "pets.xlsx", notes=other, pets=PETS, nothing=[])
    assert probe(book)[0].member == "notes"
    source, notices = probe(book, target=["kg"])
    assert source.member == "pets"
    (notice,) = notices
    assert isinstance(notice, MemberChosen)
    assert "workbook" in notice.expected
    assert probe(book, ReadOptions(member="pets"))[0].member == "pets"
    with pytest.raises(ZipUnclear, match='no sheet "cats"'):
        probe(book, ReadOptions(member="cats"))
    with pytest.raises(ZipUnclear, match="every sheet is empty"):
        probe(write_book(tmp_path / "none.xlsx", nothing=[]))


def test_the_sheets_of_train_and_test_need_not_have_one_name(tmp_path: Path):
    train, test = write_book(tmp_path / "a.xlsx", pets=PETS), write_book(tmp_path / "b.xlsx", Sheet1=PETS[:2])
    source, _ = probe(train, test=test)
    assert {part: len(rows) for part, rows in tables.load(source).parts.items()} == {"data": 3, "test": 1}
    with pytest.raises(NotATable, match=r"another kind \(a plain file\) than .*a.xlsx \(an Excel workbook\)"):
        probe(train, test=write_csv(tmp_path / "d.csv", rows=20))
    with pytest.raises(DamagedFile, match='no sheet "pets", but Sheet1, more'):
        probe(train, test=write_book(tmp_path / "c.xlsx", Sheet1=PETS[:2], more=PETS))


def test_a_broken_workbook(tmp_path: Path):
    path = tmp_path / "pets.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook")
    with pytest.raises(DamagedFile, match="workbook cannot be read"):
        probe(path)
    with pytest.raises(DamagedFile, match="workbook cannot be read"):
        sheet("pets.xlsx", io.BytesIO(b"PK").getvalue(), "pets")


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("plainloop.logs.import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    with pytest.raises(PackageMissing, match=r"plainloop\[excel\]"):
        probe(write_book(tmp_path / "pets.xlsx", pets=PETS))


def test_a_run_is_the_run_of_the_csv_and_its_project_runs_alone(tmp_path: Path):
    csv = write_csv(tmp_path / "pets.csv", rows=120)
    book = write_book(tmp_path / "pets.xlsx", pets=rows_of(csv))
    made = {}
    for data in (csv, book):
        talk = Talk(quiet=True)
        made[data] = plainloop.train(data, "label", epochs=2, baseline=False, talk=talk, output=str(tmp_path / data.suffix[1:]))
    assert (made[csv].folder / "weights.safetensors").read_bytes() == (made[book].folder / "weights.safetensors").read_bytes()
    assert not (made[csv].folder / "plain/readers/workbooks.py").exists()
    project = Path(made[book].eject(tmp_path / "project"))
    assert "fastexcel" in (project / "requirements.txt").read_text()
    alone = Path(__file__).with_name("alone.py")
    done = subprocess.run([sys.executable, "-I", str(alone), str(project)], capture_output=True, text=True, check=True)
    (result,) = json.loads(done.stdout).values()
    assert "the same bits as the run" in result["said"]


def test_a_json_array_is_read_like_json_lines(tmp_path: Path):
    rows = [{"id": 1, "x": 0.1 + 0.2, "said": "two\nlines"}, {"id": 2, "x": None, "said": "\u00e4", "more": True}]
    array, lines = tmp_path / "pets.json", tmp_path / "pets.jsonl"
    array.write_text(json.dumps(rows, indent=2, ensure_ascii=False), encoding="utf-8")
    lines.write_text("\n".join(map(json.dumps, rows)) + "\n")
    frames = [tables.load(probe(path)[0]).frame for path in (array, lines)]
    assert frames[0].rows() == [("1", "0.30000000000000004", "two\nlines", None), ("2", None, "\u00e4", "true")]
    assert frames[0].equals(frames[1])
    array.write_text('[{"id": 1},\n {"id": }]')
    with pytest.raises(DamagedFile, match=r"line 2: this is not JSON"):
        probe(array)
    array.write_text('[{"id": 1}, 7]')
    with pytest.raises(DamagedFile, match="not an object"):
        probe(array)
