"""Targets whose cells hold several labels: empty cells, and whatever stands between two labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from plainloop.problems import PlainloopError, quoted
from test_bad_texts import ROWS, pairs, seen, told, trained, written


def coloured(i: int, sign: str) -> str:
    """Some of four colours, none in each sixteenth row."""
    return sign.join(colour for place, colour in enumerate(("red", "blue", "green", "white")) if i >> place & 1)


def test_an_empty_cell_of_tags_is_a_row_without_labels(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text, coloured(i, ";"))))
    found = seen(data)
    assert '4 of 60 rows have an empty cell in "kind", which is read as no label: line 2, line 18' in told(
        found, "RowsWithoutLabel"
    )
    assert sum(map(len, found.rows.values())) == found.schema.labelled == ROWS
    run = trained(data, tmp_path / "run")
    target = run.preparation.target(run._plain("readers.tables").read(found.source, run.config.columns))
    assert (target.sum(1) == 0).nonzero().flatten().tolist() == [0, 16, 32, 48]
    judged = run.evaluate(str(data))
    assert judged["rows"] == ROWS
    assert "4 of 60 rows have an empty cell" in str(judged["notices"][0])


def test_an_empty_cell_beside_one_label(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text, "red" if i % 3 else "")))
    assert seen(data, tags=",").task == "Multilabel"


def test_rows_all_of_whose_tags_are_empty_cannot_be_judged(tmp_path: Path):
    run = trained(written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text, coloured(i, ";")))), tmp_path / "run")
    with pytest.raises(PlainloopError, match="the cells are empty"):
        run.evaluate({"text": ["a film", "a house"], "kind": ["", ""]})
    judged = run.evaluate({"text": ["a film", "a house"], "kind": ["red;pink", ""]})
    assert '1 row of the data has labels that the model does not know: "pink"' in str(judged["notices"][1])


@pytest.mark.parametrize("sign", [" ", " / ", " + ", " , "])
def test_cells_that_look_like_several_labels_are_told(tmp_path: Path, sign: str):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text, coloured(i, sign) + (sign + "red" if i % 3 else ""))))
    said = told(seen(data), "MaybeTags")
    assert f"--tags {quoted(sign.strip() or ' ')}" in said
    found = seen(data, tags=sign.strip() or " ")
    assert found.schema.task is not None
    assert set(found.schema.task.classes) == {"red", "blue", "green", "white"}
    assert max(found.schema.task.classes.values()) <= ROWS, "a label that stands twice in a cell counts once"


def test_names_of_several_words_are_no_labels(tmp_path: Path):
    kinds = ["very good", "good", "bad", "very bad", "New York", "New Jersey", "West Virginia", "Virginia"]
    assert not told(seen(written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text, kinds[i % 8])))), "MaybeTags")


def test_separators_at_the_end_of_cells(tmp_path: Path):
    found = seen(written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text, coloured(i, ", ") + ","))))
    assert found.task == "Multilabel"
    assert found.schema.task is not None
    assert set(found.schema.task.classes) == {"red", "blue", "green", "white"}


def test_a_separator_that_no_cell_holds_is_told(tmp_path: Path):
    said = told(
        seen(written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text, coloured(i, "|")))), tags=","), "SeparatorNowhere"
    )
    assert '--tags "|"' in said
