"""The estimators pass scikit-learn's own checks and work in its tools."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from torch import nn

from plainloop import PlainloopClassifier, PlainloopRegressor
from plainloop.problems import PlainloopError

EXPECTED_FAILURES: dict[str, str] = {}  # none


def few(rows: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(seed).normal(size=(rows, 3))
    return X, X[:, 0] + 0.5 * X[:, 1]


class Net(nn.Module):
    def __init__(self, in_features: int, out_features: int):
        super().__init__()
        self.layer = nn.Linear(in_features, out_features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


@pytest.mark.parametrize("kind", [PlainloopClassifier, PlainloopRegressor])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_checks(kind: Any):
    found = check_estimator(kind(), expected_failed_checks=EXPECTED_FAILURES, on_fail=None, on_skip=None)
    assert len(found) > 45
    assert [(one["check_name"], str(one["exception"])) for one in found if one["status"] == "failed"] == []


def test_grid_search_over_two_settings_in_two_processes():
    X, y = load_breast_cancer(return_X_y=True)
    grid = {"learning_rate": [1e-5, 5e-3], "dropout": [0.0, 0.3]}
    search = GridSearchCV(PlainloopClassifier(epochs=4), grid, cv=2, n_jobs=2).fit(X, y)
    assert search.best_params_["learning_rate"] == 5e-3
    assert search.best_score_ > 0.93
    assert len(search.cv_results_["params"]) == 4


def test_pipeline_and_cross_validation():
    X, y = load_diabetes(return_X_y=True)
    piped = make_pipeline(StandardScaler(), PlainloopRegressor(epochs=15, learning_rate=5e-3))
    assert cross_val_score(piped, X, y, cv=3).mean() > 0.3
    piped.set_params(plainloopregressor__width=16).fit(X, y)
    assert piped.named_steps["plainloopregressor"].config_.model.settings["width"] == 16


@pytest.mark.parametrize("kind, load", [(PlainloopClassifier, load_breast_cancer), (PlainloopRegressor, load_diabetes)])
def test_the_learning_rate_is_found_and_changes_nothing_else(kind: Any, load: Any):
    X, y = load(return_X_y=True)
    found = kind(epochs=3, learning_rate="auto").fit(X, y)
    rate = found.config_.train.learning_rate
    assert 1e-5 < rate < 1
    again = kind(epochs=3, learning_rate=rate).fit(X, y)
    assert np.array_equal(found.predict(X), again.predict(X)), "the sweep leaves weights, order and generators as they were"
    with pytest.raises(PlainloopError, match=r"learning_rate.*fast.*\n.*\nFix: learning_rate=0.001"):
        kind(learning_rate="fast").fit(X, y)


def test_columns_of_a_frame_go_through_a_transformer():
    X, y = load_breast_cancer(return_X_y=True)
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": np.where(X[:, 2] > 90, "wide", "narrow")})
    frame.loc[::7, "a"] = np.nan
    parts = [("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["a", "b"]), ("words", OneHotEncoder(), ["c"])]
    piped = make_pipeline(ColumnTransformer(parts), PlainloopClassifier(epochs=8, learning_rate=5e-3))
    assert cross_val_score(piped, frame, y, cv=3, scoring="roc_auc").mean() > 0.9
    search = GridSearchCV(piped, {"plainloopclassifier__learning_rate": ["auto", 1e-5]}, cv=2, n_jobs=2).fit(frame, y)
    assert search.best_params_ == {"plainloopclassifier__learning_rate": "auto"}


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_keep_their_words(library: str):
    X, signal = few()
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "on": X[:, 2] > 0, "day": pd.date_range("2024-01-01", periods=len(X))})
    frame["city"] = np.where(signal > 0, "Oslo", "Rome")
    given: Any = frame if library == "pandas" else pl.DataFrame({name: frame[name].to_list() for name in frame})
    made = PlainloopClassifier(epochs=20, types={"on": "category"}).fit(given, np.where(signal > 0, "yes", "no"))
    kinds = {column.name: column.type for column in made.config_.inputs}
    assert kinds == {"a": "number", "b": "number", "on": "category", "day": "datetime", "city": "category"}
    assert made.score(given, np.where(signal > 0, "yes", "no")) > 0.9
    with pytest.raises(ValueError, match="feature names"):
        made.predict(given.rename(columns={"city": "town"}) if library == "pandas" else given.rename({"city": "town"}))


def test_missing_numbers_and_the_same_fit_twice():
    X, signal = few()
    X[::7, 1] = np.nan
    made = [PlainloopRegressor(epochs=3).fit(X, signal).predict(X) for _ in range(2)]
    assert np.array_equal(*made)
    assert not np.array_equal(made[0], PlainloopRegressor(epochs=3, random_state=1).fit(X, signal).predict(X))


def test_a_fitted_estimator_survives_a_pickle():
    X, signal = few()
    made = PlainloopClassifier(epochs=2, balance="weights").fit(X, signal > 0)
    again = pickle.loads(pickle.dumps(made))
    assert np.array_equal(again.predict_proba(X), made.predict_proba(X))


@pytest.mark.parametrize("model", [Net, nn.Sequential(nn.Linear(3, 1)), "table_linear"], ids=["class", "module", "name"])
def test_models_of_all_sorts(model: Any):
    X, signal = few()
    first = [tensor.clone() for tensor in model.parameters()] if isinstance(model, nn.Module) else []
    made = PlainloopClassifier(model, epochs=60, learning_rate=0.05).fit(X, signal > 0)
    assert made.score(X, signal > 0) > 0.9
    assert made.n_iter_ == len(made.history_["val_loss"]) >= made.best_epoch_ > 0
    if first:
        assert all(torch.equal(a, b) for a, b in zip(first, model.parameters(), strict=True)), "the given module stays as it was"


def test_refusals_are_in_words():
    X, signal = few()
    with pytest.raises(PlainloopError, match=r"width.*cannot be"):
        PlainloopRegressor(settings={"width": "a"}).fit(X, signal)
    with pytest.raises(PlainloopError, match="There is no model"):
        PlainloopRegressor("table_mpl").fit(X, signal)
    with pytest.raises(ValueError, match="one class"):
        PlainloopClassifier().fit(X, np.ones(len(X)))
    with pytest.warns(UserWarning, match="momentum"):
        PlainloopRegressor(epochs=1, settings={"momentum": 0.5}).fit(X, signal)
