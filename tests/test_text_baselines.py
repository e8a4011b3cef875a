"""TF-IDF with logistic regression beside a net on texts: fitted on train rows, chosen on validation rows, blind to test rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from outcomes import words
from plainloop.judge import text_baselines
from plainloop.judge.baselines import trivial
from plainloop.judge.report import judge, text_report
from plainloop.judge.text_baselines import reader, rows_that_fit, tfidf
from plainloop.plain.config import Column
from plainloop.plain.table import Table
from texts import text_run

KINDS = {"Binary": ("accuracy", 0.3), "Multiclass": ("accuracy", 0.3), "Multilabel": ("f1_macro", 0.2), "Regression": ("r2", 0.5)}


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_and_does_so_again(kind: str):
    run = text_run(kind, steps=3)
    found, (metric, ahead) = tfidf(run), KINDS[kind]
    assert found.metrics[metric]["value"] > trivial(run).metrics[metric]["value"] + ahead
    assert found.metrics == tfidf(run).metrics
    assert found.note.startswith("alpha = " if kind == "Regression" else "C = ")


def test_it_is_scikit_learn_s_and_the_strength_is_that_of_the_validation_rows():
    run = text_run("Multiclass", rows=300, steps=3)
    texts, codes = np.array(run.table["review"].tolist()), run.preparation.target(run.table).numpy()
    train, validation, test = (run.split[part] for part in ("train", "validation", "test"))
    read = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit(texts[train])
    right, models = {}, {}
    for strength in text_baselines.STRENGTHS:
        models[strength] = LogisticRegression(C=strength, max_iter=500).fit(read.transform(texts[train]), codes[train])
        right[strength] = models[strength].score(read.transform(texts[validation]), codes[validation])
    chosen = max(right, key=lambda strength: (right[strength], strength))
    found = tfidf(run)
    assert found.note == f"C = {chosen:g}"
    wanted = models[chosen].predict_proba(read.transform(texts[test]))
    np.testing.assert_allclose(found.scored.probabilities, wanted, atol=0.02)


def test_it_is_blind_to_the_test_rows():
    run, other = text_run(steps=3), text_run(steps=3)
    flipped = other.table["liked"].codes.copy()
    flipped[other.split["test"]] = 1 - flipped[other.split["test"]]
    other.table.columns["liked"] = words([["no", "yes"][code] for code in flipped])
    other.targets["test"] = 1 - other.targets["test"]
    assert np.array_equal(tfidf(run).scored.probabilities, tfidf(other).scored.probabilities)


def test_labels_have_thresholds_of_their_own():
    run = text_run("Multilabel", steps=3)
    found = tfidf(run)
    assert "f1_macro_at_half" in found.metrics
    assert not np.array_equal(found.scored.predicted, found.scored.probabilities > 0.5) or found.metrics["f1_macro"]["value"] == 1


def test_other_inputs_count_and_what_cannot_be_read_is_said():
    random = np.random.default_rng(0)
    table = Table(
        {
            "text": words([f"word{i % 3} and so" for i in range(60)]),
            "age": np.where(np.arange(60) % 9 == 0, np.nan, random.normal(size=60)),
            "city": words([("Oslo", "Rome", None)[i % 3] for i in range(60)]),
            "tags": words([("red;green", "red", None)[i % 3] for i in range(60)]),
            "photo": words([f"{i}.jpg" for i in range(60)]),
        },
        {"data": range(60)},
    )
    types = {"text": "text", "age": "number", "city": "category", "tags": "tags", "photo": "image"}
    columns = [Column(name=name, type=kind, separator=";" if kind == "tags" else "") for name, kind in types.items()]
    read, first, left_out = reader(table, columns, np.arange(40), 1000)
    assert left_out == ["photo"]
    assert first.shape == (40, 9 + 1 + 2 + 2)
    other = read(np.arange(40, 60)).toarray()
    assert other.shape == (20, 14)
    assert np.isfinite(other).all()
    assert other[:, 10:12].sum() == sum(i % 3 < 2 for i in range(40, 60))


def test_texts_without_a_single_word_and_few_rows():
    run = text_run(texts=["!"] * 240, steps=3)
    assert tfidf(run).metrics["accuracy"]["value"] == pytest.approx(0.5, abs=0.2)
    run.split["train"] = run.split["train"][:10]
    assert tfidf(run).note == "skipped: fewer than 20 train rows"


def test_single_words_are_read_by_their_letters():
    run = text_run(texts=[("Mac" if i % 2 else "Van") + "abcdefghij"[i % 10] + "xyz"[i % 3] for i in range(240)], steps=3)
    read, first, _ = reader(run.table, list(run.config.inputs), run.split["train"], 1000)
    assert first.shape[1] > 30
    assert read(run.split["test"]).nnz > 5 * len(run.split["test"])


def test_large_data_is_read_in_part_and_that_is_said(monkeypatch: pytest.MonkeyPatch):
    run = text_run(rows=2600, steps=3)
    letters = sum(len(text) for text in np.array(run.table["review"].tolist())[run.split["train"]])
    assert rows_that_fit(run.table, run.config.inputs, run.split["train"], 2) > 1300
    monkeypatch.setattr(text_baselines, "CHARACTERS", int(letters * 0.9))
    assert rows_that_fit(run.table, run.config.inputs, run.split["train"], 2) == pytest.approx(1170, abs=2)
    assert "of 1,300 train rows" in tfidf(run).note
    monkeypatch.setattr(text_baselines, "LETTERS", letters)
    assert rows_that_fit(run.table, run.config.inputs, run.split["train"], 100) == 1000  # the least
    monkeypatch.setattr(text_baselines, "MOST_CLASSES", 1)
    assert tfidf(run).note.startswith("skipped: 2 classes")


def test_it_stands_in_the_report(tmp_path: Path):
    run = text_run("Multiclass")
    judged = judge(run, tmp_path)
    assert set(judged["baselines"]) == {"trivial", "tfidf"}
    assert "TF-IDF and logistic regression give" in judged["verdict"]
    assert "TF-IDF" in text_report(judged, run)
    both = judge(text_run(model="mixed", parts={"text": "text_bag", "table": "table_linear"}, beside=True), tmp_path)
    assert set(both["baselines"]) == {"trivial", "tfidf", "boosting"}
