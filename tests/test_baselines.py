"""The baselines: the prior of the train rows, and boosted trees that never see a test row."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error

from outcomes import finished, words
from plainloop.judge import baselines
from plainloop.judge.baselines import boosting, trivial
from plainloop.plain.config import Column
from plainloop.plain.table import Table


def test_trivial_is_the_prior_of_the_train_rows():
    run = finished("Multiclass")
    codes = run.preparation.target(run.table).numpy()
    train, test = run.split["train"], run.split["test"]
    prior = DummyClassifier(strategy="prior").fit(np.zeros((len(train), 1)), codes[train])
    found = trivial(run).metrics
    assert found["log_loss"]["value"] == pytest.approx(
        log_loss(codes[test], prior.predict_proba(np.zeros((len(test), 1)))), abs=1e-5
    )
    assert found["accuracy"]["value"] == accuracy_score(codes[test], prior.predict(np.zeros((len(test), 1))))
    assert trivial(run).title == f"always '{run.preparation.task.labels[int(prior.predict([[0]])[0])]}'"


def test_trivial_of_a_regression_is_the_mean_of_the_train_rows():
    run = finished("Regression")
    truth = np.asarray(run.table["target"])
    mean = truth[run.split["train"]].mean()
    wanted = root_mean_squared_error(truth[run.split["test"]], np.full(len(run.split["test"]), mean))
    assert trivial(run).metrics["rmse"]["value"] == pytest.approx(wanted, rel=1e-4)
    assert trivial(run).metrics["r2"]["value"] == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(
    ("kind", "metric", "ahead"),
    [("Binary", "accuracy", 0.1), ("Multiclass", "accuracy", 0.2), ("Multilabel", "f1_macro", 0.02), ("Regression", "r2", 0.5)],
)
def test_boosting_learns_and_does_so_again(kind, metric, ahead):
    run = finished(kind)
    found = boosting(run)
    assert found.metrics[metric]["value"] > trivial(run).metrics[metric]["value"] + ahead
    assert found.metrics == boosting(run).metrics
    assert not found.note


def test_boosting_is_blind_to_the_test_rows():
    run, other = finished("Binary"), finished("Binary")
    flipped = run.table["target"].codes.copy()
    flipped[run.split["test"]] = 1 - flipped[run.split["test"]]
    other.table.columns["target"] = words([["no", "yes"][code] for code in flipped])
    other.targets["test"] = 1 - other.targets["test"]
    assert np.array_equal(boosting(run).scored.probabilities, boosting(other).scored.probabilities)


def test_boosting_reads_a_category_by_its_words():
    """A category whose codes say nothing in their order: only a split by set of words can use it well."""
    run = finished("Regression")
    columns, kinds, left_out = baselines._columns(run.table, run.config.inputs, run.split["train"])
    names = [column.name for column in run.config.inputs]
    assert kinds[names.index("city")]
    assert not left_out
    city = columns[:, names.index("city")]
    assert np.isnan(city[run.table["city"].codes < 0]).all()
    assert sorted(set(city[~np.isnan(city)])) == [0.0, 1.0, 2.0, 3.0]
    assert columns.shape[1] == len(names) + 1  # tags: one column for red, one for green


def test_more_words_than_the_trees_can_take_become_missing():
    cells = words([f"w{min(i, 2 * i - 399)}" if i > 400 else f"w{i % 400}" for i in range(1000)])
    codes = baselines.codes_of_words(cells, np.arange(1000))
    assert np.nanmax(codes) == baselines.MOST_WORDS - 1
    assert np.isnan(codes).any()


def test_what_is_left_out_is_said(monkeypatch):
    run = finished("Multilabel")
    monkeypatch.setattr(baselines, "MOST_LABELS", 2)
    assert boosting(run).metrics == {}
    assert "3 labels" in boosting(run).note
    run = finished("Binary")
    monkeypatch.setattr(baselines, "ROWS", 200)
    monkeypatch.setattr(baselines, "CELLS", 10**9)
    run.split["train"] = np.concatenate([run.split["train"]] * 4)
    assert boosting(run).note == "fitted on 1,000 of 1,200 train rows"


def test_classes_missing_from_the_train_rows_do_no_harm():
    run = finished("Multiclass", labels=["a", "b", "c", "d"])
    codes = run.table["target"].codes
    run.split["train"] = run.split["train"][codes[run.split["train"]] != 2]
    found = boosting(run)
    assert found.scored.probabilities.shape == (150, 4)
    assert found.scored.probabilities[:, 2].max() < 1e-5


def test_one_class_in_the_train_rows_gives_a_constant():
    run = finished("Binary")
    codes = run.table["target"].codes
    run.split["train"] = run.split["train"][codes[run.split["train"]] == 1]
    assert boosting(run).scored.probabilities.min() > 0.999


def test_text_is_left_out_and_named():
    run = finished("Binary", two_numbers=True)
    table = Table({**run.table.columns, "review": words([f"text {i}" for i in range(600)])}, run.table.parts)
    columns, _, left_out = baselines._columns(table, [*run.config.inputs, Column(name="review", type="text")], run.split["train"])
    assert left_out == ["review"]
    assert columns.shape == (600, 2)
