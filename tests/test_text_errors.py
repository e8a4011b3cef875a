"""The words that drove an answer, for every model of texts; texts by their length; how both stand in the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainloop.judge import occlusion
from plainloop.judge.errors import worst
from plainloop.judge.lengths import by_length, groups_of
from plainloop.judge.occlusion import Part, driven_by, without, words_of
from plainloop.judge.report import judge
from plainloop.judge.scored import score
from plainloop.judge.text_errors import evidence_of, shown, told
from test_report import Page
from texts import BAD, GOOD, text_run

MODELS: dict[str, dict[str, Any]] = {
    "text_bag": {},
    "text_cnn": {},
    "text_rnn": {},
    "text_transformer": {"steps": 16},  # later on one strong word is enough for it, and leaving out another changes little
    "mixed": {"parts": {"text": "text_bag", "table": "table_linear"}},
}


def scored_of(run: Any) -> Any:
    return score(run.preparation.task, run.scores["test"], run.targets["test"])


@pytest.mark.parametrize("model", MODELS)
def test_the_words_that_decide_are_found_with_every_model(model: str):
    run = text_run(model=model, beside=model == "mixed", **{"steps": 24, **MODELS[model]})
    main = scored_of(run)
    assert (main.predicted == main.truth).mean() > 0.8
    hits = 0
    for place in range(8):
        row = int(run.split["test"][place])
        text = run.table["review"].tolist()[row]
        evidence, sides = evidence_of(run.preparation.task, main, place)
        parts = driven_by(run, row, "review", evidence)
        assert [text[part.start : part.end] for part in parts] == text.split()
        assert sides[0] == f"for {main.labels[main.predicted[place]]}"
        best = max(parts, key=lambda part: part.effect or 0.0)
        hits += text[best.start : best.end] in (GOOD if main.labels[main.predicted[place]] == "yes" else BAD)
    assert hits >= 6


@pytest.mark.parametrize("kind", ["Multiclass", "Multilabel", "Regression"])
def test_every_task_says_what_words_speak_for(kind: str):
    run = text_run(kind, steps=24)
    main = scored_of(run)
    found = told(run, main, worst(run, main), part="test")
    assert len(found) == 10
    names = {name for texts in found.values() for name, _ in texts[0].sides}
    wanted = {
        "Regression": {"raise it", "lower it"},
        "Multilabel": {f"{to} {x}" for to in ("for", "against") for x in ("good", "bad")},
    }
    assert names & wanted.get(kind, {f"{to} {x}" for to in ("for", "against") for x in main.labels})
    if kind == "Regression":
        raising = {
            word for texts in found.values() for name, words in texts[0].sides if name == "raise it" for word, _ in words[:1]
        }
        assert len(raising & set(GOOD)) > len(raising & set(BAD))


def test_of_long_texts_stretches_are_left_out_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(occlusion, "WORDS", 200 * 60)
    run = text_run(steps=24)
    row, rest = int(run.split["test"][0]), ["the film was a story of people and music"] * 22
    run.table["review"].words[run.table["review"].codes[row]] = " ".join([*rest[:11], "brilliant", *rest[11:]])
    main = scored_of(run)
    evidence, sides = evidence_of(run.preparation.task, main, 0)
    parts = driven_by(run, row, "review", evidence)
    text = run.table["review"].tolist()[row]
    tried = [part for part in parts if part.effect is not None]
    assert len(tried) < 60 < len(words_of(text))
    assert text[max(tried, key=lambda part: abs(part.effect or 0.0)).start :].startswith("brilliant")
    assert sum(len(text[part.start : part.end].split()) for part in parts) == len(text.split())
    shortened = shown("review", text, parts, sides)
    assert " ... " in "".join(piece.text for piece in shortened.pieces)
    assert "brilliant" in [piece.text for piece in shortened.pieces if piece.mark]


def test_words_signs_letters_and_spaces():
    def cut(text: str) -> list[str]:
        return [text[start:end] for start, end in words_of(text)]

    assert cut("Don't stop, now!!") == ["Don't", "stop", ",", "now", "!!"]
    assert cut("\u6211\u5f88\u597d") == ["\u6211", "\u5f88", "\u597d"]
    assert cut("see http://t.co/x?y=1 <br />so &amp; on") == ["see", "http://t.co/x?y=1", "<br />", "so", "&amp;", "on"]
    assert cut("end.<br />") == ["end", ".", "<br />"]
    assert cut("a<b") == ["a", "<", "b"]
    assert cut("Ada") == ["A", "d", "a"]
    assert cut(" ") == []
    assert without("one two three", 4, 7) == "one three"
    assert without("one two", 0, 3) == "two"
    assert without("a,b", 1, 2) == "ab"


def test_nothing_that_a_text_holds_becomes_a_tag(tmp_path: Path):
    texts = [
        f"<script>alert({i})</script> <b>bold & 'quoted' \u202e wonderful" if i % 2 else "</mark></p> awful" for i in range(240)
    ]
    judge(text_run(texts=texts, steps=6), tmp_path, baseline=False)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    names = [tag for tag, _ in page.tags]
    assert "script" not in names
    assert names.count("mark") > 4
    assert "\u202e" not in "".join(page.text)
    marks = [values for tag, values in page.tags if tag == "mark" and "title" in values]
    assert marks
    assert all(values["class"].split()[0] in ("for", "against") and values["title"] for values in marks)  # not by colour alone


def test_pieces_hold_the_whole_text_and_marks_are_strong_enough():
    text = "a b, c d"
    parts = [Part(0, 1, 1.0), Part(2, 3, -0.5), Part(3, 4, 0.01), Part(5, 6, 0.3), Part(7, 8, 0.0)]
    made = shown("review", text, parts, ("for x", "for y"))
    assert "".join(piece.text for piece in made.pieces) == text
    marked = [(piece.text, piece.mark, piece.effect) for piece in made.pieces if piece.mark]
    assert marked == [("a", "for s4", "for x: 1"), ("b", "against s3", "for y: 0.5"), ("c", "for s2", "for x: 0.3")]
    assert made.sides == [("for x", [("a", "1"), ("c", "0.3")]), ("for y", [("b", "0.5")])]
    nothing = shown("review", text, [Part(0, 1, 0.0)], ("for x", "for y"))
    assert nothing.sides == []
    assert shown("review", text, [Part(0, 1, 0.01)], ("for x", "for y"), 0.02).sides == []
    assert [piece.mark for piece in nothing.pieces] == [""]


@pytest.mark.parametrize(("kind", "measure"), [("Binary", "accuracy"), ("Multilabel", "exact_match"), ("Regression", "mae")])
def test_figures_by_length_add_up_to_the_whole(kind: str, measure: str, tmp_path: Path):
    run = text_run(kind, steps=9)
    main = scored_of(run)
    groups = by_length(run, main, "test")
    assert sum(group["rows"] for group in groups) == len(main)
    assert len(groups) > 2
    whole = run.preparation.task.metrics(run.scores["test"], run.targets["test"])[measure]
    mean = sum(group["rows"] * group[measure]["value"] for group in groups) / len(main)
    assert mean == pytest.approx(whole, rel=1e-4)
    assert all(group[measure]["low"] <= group[measure]["value"] <= group[measure]["high"] for group in groups)
    judged = judge(run, tmp_path, baseline=False)
    assert judged["lengths"] == groups
    assert (tmp_path / "pictures" / "lengths.png").exists()
    assert {"lengths", "errors"} <= Page((tmp_path / "report.html").read_text(encoding="utf-8")).ids


def test_groups_by_length():
    names = [name for name, _ in groups_of(["Ada", "Bo", "Christopher", "Daniel"] * 3, 2)]
    assert names == ["2 to 3 signs", "4 to 11 signs"]
    assert len(groups_of(["a b c d e"] * 9)) == 1
    sizes = [int(chosen.sum()) for _, chosen in groups_of([" ".join("x" * n) for n in range(4, 64)])]
    assert sum(sizes) == 60
    assert np.ptp(sizes) <= 2
