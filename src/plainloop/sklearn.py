"""Estimators for scikit-learn: plainloop's models in `Pipeline`, `GridSearchCV`, `cross_val_score` and the like.

They take the path of every run - split, preparation, batches, model, loop, scores - from arrays in memory, and write nothing to
disk: a search fits hundreds of them. `plainloop.train((X, y))` is the same with a run folder, a report and test rows.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_features, _num_samples, check_consistent_length, check_is_fitted, validate_data
from torch import nn

from .plain.batches import Rows
from .plain.config import Column, Config, Model, Source, Split
from .plain.device import settle
from .plain.evaluate import evaluation_batches, score
from .plain.history import best_epoch
from .plain.loop import train
from .plain.models import own
from .plain.prepare import Preparation
from .plain.readers import tables
from .plain.run import Ready, augmentation, ready_from
from .plain.table import Table, Words
from .sources import from_frame
from .training import machine_as_it_was
from .understand.defaults import default_model
from .understand.own_model import OwnModel, build
from .understand.resolve import Asked, resolve
from .understand.setting_problems import BadSetting

IN_MEMORY = Source(reader="tables", format="arrays", data=("X",))
OF_THE_LOOP = ("epochs", "batch_size", "learning_rate", "weight_decay", "patience")
OF_THE_MODEL = ("width", "depth", "dropout")


class Estimator(BaseEstimator):
    """What both have in common. See `PlainloopClassifier`."""

    def __init__(
        self,
        model: Any = None,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | str | None = None,
        weight_decay: float | None = None,
        patience: int | None = None,
        width: int | None = None,
        depth: int | None = None,
        dropout: float | None = None,
        settings: Mapping[str, Any] | None = None,
        types: Mapping[str, str] | None = None,
        validation: float = 0.15,
        device: str = "cpu",
        random_state: Any = 0,
    ):
        self.model = model
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.patience = patience
        self.width = width
        self.depth = depth
        self.dropout = dropout
        self.settings = settings
        self.types = types
        self.validation = validation
        self.device = device
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True  # a missing number is the median, and said to be missing
        return tags

    def _fit(self, X: Any, target: np.ndarray | Words, task: str) -> Any:
        """Trains on a table of X and the target; X has been looked at by `_table` before."""
        cells, columns = self._cells(X)
        name = "target"
        while name in cells:
            name += "_"
        kind = "number" if task == "Regression" else "category"
        columns = (*columns, Column(name=name, type=kind, role="target"))
        table = Table({**cells, name: target}, {"data": range(len(target))})
        model = self._model(columns)
        config = self._config(columns, task, len(table), model)
        with machine_as_it_was():
            settle(config.machine.threads, config.machine.seed)
            made = partial(build_class, self.model) if isinstance(self.model, type) else partial(build, model)
            ready = ready_from(table, config, Path(), made, ("train", "validation"))
            if self._auto():
                from .adjust.lr_find import curve_of

                found = curve_of(ready, config).learning_rate
                config = replace(config, train=replace(config.train, learning_rate=found))
            self._train(ready, config)
        return self

    def _auto(self) -> bool:
        """Whether a sweep finds the learning rate."""
        return isinstance(self.learning_rate, str) and self.learning_rate == "auto"

    def _train(self, ready: Ready, config: Config) -> None:
        history: dict[str, list[Any]] = {}
        records = train(
            ready.model,
            ready.preparation.task,
            ready.batches,
            ready.evaluation["validation"],
            config.train,
            seed=config.machine.seed,
            augment=augmentation(config),
        )
        for record in records:
            for name, value in record.values.items():
                history.setdefault(name, []).append(value)
        self.history_, self.config_, self.preparation_ = history, config, ready.preparation
        self.model_ = ready.model.cpu()
        self.n_iter_ = len(history.get("epoch", []))
        self.best_epoch_ = best_epoch(history, ready.preparation.task)

    def _model(self, columns: tuple[Column, ...]) -> OwnModel:
        if isinstance(self.model, nn.Module):
            return OwnModel(type(self.model).__name__, module=copy.deepcopy(self.model))
        if isinstance(self.model, type):
            return OwnModel(self.model.__name__, {"file": "", "name": self.model.__name__})
        return OwnModel(self.model or default_model(columns))

    def _config(self, columns: tuple[Column, ...], task: str, num_rows: int, model: OwnModel) -> Config:
        """Every setting, as `plainloop.train` would decide it. Raises: UnknownSetting, BadSetting, UnknownModel, NoDevice."""
        named = {name: getattr(self, name) for name in (*OF_THE_LOOP, *OF_THE_MODEL)}
        if self._auto():
            del named["learning_rate"]
        settings = {**named, "task.balance": getattr(self, "balance", None), **(self.settings or {})}
        seed = self.random_state
        if not isinstance(seed, (int, np.integer)):
            seed = check_random_state(seed).randint(2**31 - 1)
        kind = "random" if task == "Regression" else "stratified"
        split = Split(kind=kind, validation=self.validation, test=0.0, seed=int(seed))
        written = None if model.module is None and model.settings is None else {"file": "", "name": model.name}
        asked = Asked(settings, model.name, written, "X", ("y",))
        rows = round(num_rows * (1 - self.validation))
        try:
            made = resolve(IN_MEMORY, columns, task, split, rows, asked, self.device, int(seed))
        except BadSetting as error:
            error.fix = f"{error.name.rpartition('.')[2]}={error.good}"  # there is no command line here
            raise
        for notice in made.notices:
            warnings.warn(str(notice), stacklevel=5)
        return made.config if written is None else replace(made.config, model=Model(file="own", settings=written))

    def _look(self, X: Any, *, reset: bool, y: Any = "no_validation", **options: Any) -> Any:
        """X, and y where it is given, as scikit-learn checks them: an array of numbers, or a frame as it is."""
        if has_words(X):
            validate_data(self, X, reset=reset, skip_check_array=True)
            if _num_samples(X) < 2 and reset:
                raise ValueError(f"Found a frame with {_num_samples(X)} sample(s) while a minimum of 2 is required.")
            if isinstance(y, str):
                return X
            check_consistent_length(X, y)
            return X, column_or_1d(y, warn=True, dtype=np.float64 if options.get("y_numeric") else None)
        check: dict[str, Any] = {"dtype": np.float64, "ensure_all_finite": "allow-nan", "reset": reset}
        if isinstance(y, str):
            return validate_data(self, X, **check)
        return validate_data(self, X, y, **check, **options, ensure_min_samples=2)

    def _cells(self, X: Any) -> tuple[dict[str, Any], tuple[Column, ...]]:
        """The columns of X as a table has them, each with its type: that of its cells, or the one that `types` names."""
        types = {str(name): kind for name, kind in (self.types or {}).items()}
        if not has_words(X):
            names = [str(name) for name in getattr(self, "feature_names_in_", range(_num_features(X)))]
            if not set(types.values()) - {"number"}:
                cells = {name: np.ascontiguousarray(X[:, place], dtype=np.float64) for place, name in enumerate(names)}
                return cells, tuple(Column(name=name, type="number") for name in names)
            frame = pl.DataFrame({name: X[:, place] for place, name in enumerate(names)})
        else:
            frame = from_frame(X)
        columns = tuple(Column(name=name, type=types.get(name) or type_of(kind)) for name, kind in frame.schema.items())
        frame = frame.with_columns(pl.col(pl.Boolean).cast(pl.Int8))
        return tables.read_frame(frame, columns, ()).columns, columns

    def _scores(self, X: Any) -> torch.Tensor:
        """Raw scores of new rows. Shape: float32 (n, out) or (n, K, out)."""
        check_is_fitted(self, "model_")
        X = self._look(X, reset=False)
        cells, _ = self._cells(X)
        table = Table(cells, {"data": range(_num_samples(X))})
        preparation: Preparation = self.preparation_
        inputs, model = preparation.inputs(table), self.model_
        if self.config_.model.file != "own" and set(inputs) <= {"numbers", "categories"}:
            # in float32 the last digit of a row hangs on the rows beside it, which scikit-learn's checks do not allow
            inputs, model = {kind: exact(values) for kind, values in inputs.items()}, copy.deepcopy(model).double()
        batches = evaluation_batches(Rows(inputs, torch.zeros(len(table))), model, self.config_.train.batch_size)
        return score(model, preparation.task, batches, self.config_.train.precision)


class PlainloopClassifier(ClassifierMixin, Estimator):
    """A classifier for scikit-learn. None means: as `plainloop.train` decides it.

    model: the name of a built-in model, an `nn.Module`, or a class of one. settings: any further setting by its name. types: the
    types of columns of a frame that are not what their cells say, as {"zip": "category", "review": "text"}. validation: share of
    the rows that choose the best epoch. balance: rare classes drawn more often (sampler) or weighed more (weights).

    After `fit`: classes_, model_ (the nn.Module), history_, best_epoch_, n_iter_, config_ (every setting), preparation_.

    >>> import numpy as np
    >>> X = np.arange(80.0).reshape(-1, 1)
    >>> PlainloopClassifier(epochs=40).fit(X, np.where(X[:, 0] > 40, "high", "low")).predict([[3.0], [77.0]])
    array(['low', 'high'], dtype='<U4')
    """

    def __init__(
        self,
        model: Any = None,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        patience: int | None = None,
        width: int | None = None,
        depth: int | None = None,
        dropout: float | None = None,
        balance: str | None = None,
        settings: Mapping[str, Any] | None = None,
        types: Mapping[str, str] | None = None,
        validation: float = 0.15,
        device: str = "cpu",
        random_state: Any = 0,
    ):
        super().__init__(
            model,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            patience=patience,
            width=width,
            depth=depth,
            dropout=dropout,
            settings=settings,
            types=types,
            validation=validation,
            device=device,
            random_state=random_state,
        )
        self.balance = balance

    def fit(self, X: Any, y: Any) -> PlainloopClassifier:
        """Trains on rows X with the answers y. Raises: ValueError for rows or answers that cannot be used."""
        X, y = self._look(X, reset=True, y=y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"Found one class, {str(self.classes_[0])!r}; there is nothing to learn where the answer is always the same."
            )
        labels = Words(codes.astype(np.int32), [str(code) for code in range(len(self.classes_))])
        return self._fit(X, labels, "Binary" if len(self.classes_) == 2 else "Multiclass")

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class. Shape: float64 (n, classes), in the order of `classes_`."""
        scores = self._scores(X)
        found = self.preparation_.task.probabilities(scores).double().numpy()
        if found.ndim == 1:
            return np.stack([1 - found, found], 1)
        return found / found.sum(1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row."""
        places = self.predict_proba(X).argmax(1)
        return self.classes_[places]


class PlainloopRegressor(RegressorMixin, Estimator):
    """A regressor for scikit-learn. See `PlainloopClassifier`; a loss="huber" goes into `settings`.

    >>> import numpy as np
    >>> X = np.arange(80.0).reshape(-1, 1)
    >>> bool(PlainloopRegressor(epochs=60).fit(X, 3 * X[:, 0]).score(X, 3 * X[:, 0]) > 0.9)
    True
    """

    def fit(self, X: Any, y: Any) -> PlainloopRegressor:
        """Trains on rows X with the numbers y. Raises: ValueError for rows or answers that cannot be used."""
        X, y = self._look(X, reset=True, y=y, y_numeric=True)
        return self._fit(X, np.asarray(y, np.float64), "Regression")

    def predict(self, X: Any) -> np.ndarray:
        """The number of each row, in the unit of y. Shape: float64 (n,)."""
        scores = self._scores(X)
        return self.preparation_.task.probabilities(scores).numpy()


def build_class(kind: type[nn.Module], config: Config, preparation: Preparation, home: Path) -> nn.Module:
    """A class of the user's own, built with the sizes that it asks for by name."""
    torch.manual_seed(config.machine.seed)
    sizes = own.arguments(kind, preparation.shapes, preparation.task.num_outputs, {})
    return own.Model.around(kind(**sizes), preparation.shapes)


def exact(values: torch.Tensor) -> torch.Tensor:
    return values.double() if values.is_floating_point() else values


def has_words(X: Any) -> bool:
    """Whether X is a frame with a column that is no number."""
    if not hasattr(X, "columns") or not hasattr(X, "shape"):
        return False
    if isinstance(X, pl.DataFrame):
        return any(not kind.is_numeric() for kind in X.dtypes)
    return any(getattr(X[name].dtype, "kind", "O") not in "iufb" for name in X.columns)


def type_of(kind: Any) -> str:
    """The column type of a polars dtype."""
    if kind.is_numeric() or kind == pl.Boolean:
        return "number"
    return "datetime" if kind in (pl.Datetime, pl.Date) else "category"
