"""Problems of retraining, comparing and searching. See problems.py for the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..problems import TYPED, Notice, PlainloopError, again, counted, listed, quoted


def as_options(settings: Mapping[str, Any]) -> str:
    """Settings as the command line has them.

    >>> as_options({"model": "table_linear", "model.width": 512, "machine.seed": 1, "model.bias": True})
    '--model table_linear --set model.width=512 --seed 1 --set model.bias=true'
    """
    own = {"model": "--model", "machine.seed": "--seed"}
    said = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in settings.items()}
    return " ".join(
        f"{own[name]} {quoted(value)}" if name in own else f"--set {quoted(f'{name}={value}')}" for name, value in said.items()
    )


@dataclass(eq=False)
class NothingChanges(PlainloopError):
    """A retraining whose settings are those that the run has.

    What it does: refuses to train a child none of whose settings differs, where some were given.
    Why: a run with the same settings has the same weights, to the last bit; most likely the value was meant to be another.
    Example: `plainloop retrain runs/houses-1 --set dropout=0.2` where the run has a dropout of 0.2
    Fix: another value; another seed where that was meant. Without settings the run is trained again as it was.
    """

    run: str
    same: dict[str, Any]
    seed: int = 0

    def __post_init__(self) -> None:
        said = [f"{name}={value}" for name, value in self.same.items()]
        self.what = f"Nothing would change: {self.run} has {listed(said)} already."
        self.expected = "Expected at least one setting with another value."
        self.why = "A run with the same settings has the same weights, to the last bit."
        self.fix = f"another value; or another seed: plainloop retrain {quoted(self.run)} --seed {self.seed + 1}"

    @classmethod
    def example(cls) -> NothingChanges:
        return cls("runs/houses-1", {"model.dropout": 0.2})


@dataclass
class SettingAsBefore(Notice):
    """A setting that was given to a retraining and is that of the run already.

    What it does: says which of the settings that were given changes nothing.
    Why: the difference in results comes of the others alone.
    Example: `plainloop retrain runs/houses-1 --set dropout=0.2 --set width=512` where the run has a dropout of 0.2
    Fix: leave it out, or give it another value.
    """

    run: str
    name: str
    value: Any

    def __post_init__(self) -> None:
        self.what = f"{self.run} has {self.name}={self.value} already."
        self.expected = "Expected a value that differs from the run's."
        self.why = "What differs in the results comes of the other settings."
        self.fix = "leave it out, or give it another value"

    @classmethod
    def example(cls) -> SettingAsBefore:
        return cls("runs/houses-1", "model.dropout", 0.2)


@dataclass(eq=False)
class WeightsDoNotFit(PlainloopError):
    """Trained weights that a changed model cannot take.

    What it does: refuses to begin with the weights of a run whose model has other sizes.
    Why: weights of another shape have no place in the model.
    Example: `plainloop retrain runs/houses-1 --from-weights --set width=512` where the run has width 256
    Fix: leave the sizes as they are, or train from scratch.
    """

    run: str
    changed: dict[str, Any]  # what was to be otherwise, with its value
    tensor: str

    def __post_init__(self) -> None:
        self.what = f"The weights of {self.run} do not fit the changed model: {self.tensor}."
        self.expected = f"Expected a model of the same sizes; changed: {listed(list(self.changed))}."
        self.why = "Weights of another shape have no place in the model."
        self.fix = f"from scratch: plainloop retrain {quoted(self.run)} {as_options(self.changed)}"

    @classmethod
    def example(cls) -> WeightsDoNotFit:
        return cls("runs/houses-1", {"model.width": 512}, "layers.0.weight is (512, 32), the run has (256, 32)")


@dataclass(eq=False)
class WeightsSawTest(PlainloopError):
    """Trained weights that have seen rows which the new split scores.

    What it does: refuses to begin with the weights of a run when its split is changed.
    Why: rows that trained the parent would become test rows of the child, and its scores would be too good.
    Example: `plainloop retrain runs/houses-1 --from-weights --set split.seed=1`
    Fix: keep the split, or train from scratch.
    """

    run: str
    changed: dict[str, Any]

    def __post_init__(self) -> None:
        self.what = f"The weights of {self.run} have seen rows that the changed split scores: {listed(list(self.changed))}."
        self.expected = "Expected the split of the parent, where its weights are taken over."
        self.why = "Rows that trained the parent would be test rows of the child, whose scores would be too good."
        self.fix = f"from scratch: plainloop retrain {quoted(self.run)} {as_options(self.changed)}"

    @classmethod
    def example(cls) -> WeightsSawTest:
        return cls("runs/houses-1", {"split.seed": 1})


@dataclass(eq=False)
class CannotCompare(PlainloopError):
    """Runs that have no rows in common on which they could be compared.

    What it does: refuses to compare runs with other test rows, another target, or without readable predictions.
    Why: on other rows the same model gets another score; only a difference on the same rows says which one is better.
    Example: `plainloop compare runs/houses-1 runs/houses-2` where the second was trained with another --seed
    Fix: train the second as a child of the first, which keeps its split.
    """

    runs: list[str]
    reason: str
    how: str = "plainloop runs"

    def __post_init__(self) -> None:
        self.what = f"{' and '.join(self.runs)} cannot be compared: {self.reason}."
        self.expected = "Expected finished runs that were scored on the same rows of the same data."
        self.why = "On other rows the same model gets another score; only the same rows say which one is better."
        self.fix = self.how

    @classmethod
    def example(cls) -> CannotCompare:
        reason = "they were scored on other rows (120 and 120 rows, 17 in common)"
        return cls(["runs/houses-1", "runs/houses-2"], reason, "plainloop retrain runs/houses-1 --set train.epochs=20")


@dataclass(eq=False)
class OptionOfData(PlainloopError):
    """An option that says how data is read, given with a run.

    What it does: refuses options such as `--target` and `--types` where the source is a run folder.
    Why: the run has read its data; another reading of it is another run.
    Example: `plainloop lr-find runs/houses-1 --target price`
    Fix: leave the option out, or name the data in place of the run.
    """

    run: str
    option: str
    verb: str = "lr-find"
    value: str = ""  # what it was to be, in a retraining

    def __post_init__(self) -> None:
        option = f"--{self.option.replace('_', '-')}"
        self.what = f"The run {self.run} has read its data already: {option} cannot change that."
        self.expected = "Expected settings of the training alone, where the source is a run."
        self.fix = f"plainloop {TYPED[0] or self.verb} {quoted(self.run)}"
        if self.value:
            self.fix = f"train a new run on the data, with the options of this one and {option} {quoted(self.value)}"

    @classmethod
    def example(cls) -> OptionOfData:
        return cls("runs/houses-1", "target")


@dataclass(eq=False)
class SearchStopped(PlainloopError):
    """A search or a sweep was stopped by a signal.

    What it does: ends the command after the step under way, with exit code 130 or 143.
    Why: Ctrl-C, or the system, asked for it.
    Example: Ctrl-C during `plainloop lr-sweep houses.csv --target price`
    Fix: what had ended is kept in the folder; the command begins anew.
    """

    code: int
    path: str
    fix: str = "run the command again"

    def __post_init__(self) -> None:
        self.exit_code = self.code
        self.what = f"Stopped by signal {self.code - 128}; the trainings that had ended are kept in {self.path}."
        self.expected = "Expected to train to the end."

    @classmethod
    def example(cls) -> SearchStopped:
        return cls(130, "runs/houses-lr-sweep-1")


@dataclass(eq=False)
class PackageMissing(PlainloopError):
    """A package that an option needs is not installed.

    What it does: refuses a command or an option whose work another package does.
    Why: most users need none of these packages, so that plainloop does not bring them.
    Example: `plainloop tune houses.csv --target price` without optuna
    Fix: install the package.
    """

    option: str
    package: str
    extra: str = ""

    def __post_init__(self) -> None:
        self.what = f"{self.option} needs the package {self.package}, which cannot be imported here."
        self.expected = f"Expected {self.package} in the environment that plainloop runs in."
        self.why = "It is not installed with plainloop, because most users do without it."
        self.fix = f'pip install "plainloop[{self.extra}]"' if self.extra else f"pip install {self.package}"

    @classmethod
    def example(cls) -> PackageMissing:
        return cls("plainloop tune", "optuna", "tune")


@dataclass(eq=False)
class StudyNotStored(PlainloopError):
    """A database for a study that cannot be used.

    What it does: refuses `--storage` where optuna cannot open the database.
    Why: trials that are not kept cannot be shared, and would be lost with the process.
    Example: `plainloop tune houses.csv --target price --storage postgres://localhost/db`
    Fix: a URL of a database that is there, or none: the folder of the study serves all processes that see it.
    """

    url: str
    reason: str

    def __post_init__(self) -> None:
        self.what = f"The study cannot be kept in {self.url}: {self.reason.rstrip('.')}."
        self.expected = "Expected sqlite:///FILE, postgresql://USER:PASSWORD@HOST/NAME or mysql://..., with its driver installed."
        self.why = "Trials that are not kept cannot be shared, and would be lost with the process."
        self.fix = "leave --storage out where all processes see the folder of the study, or name a file: " + again(
            "storage", "sqlite:///study.db"
        )

    @classmethod
    def example(cls) -> StudyNotStored:
        return cls("postgres://localhost/db", "Can't load plugin: sqlalchemy.dialects:postgres")


@dataclass(eq=False)
class SearchTooShort(PlainloopError):
    """A search that ended before a single epoch did.

    What it does: ends a search without a model, with exit code 4.
    Why: not one trial has a validation score, so that there is nothing to choose.
    Example: `plainloop tune houses.csv --target price --minutes 0.01`
    Fix: more time, or less work in a trial.
    """

    path: str
    trials: int
    minutes: float
    reason: str = ""  # why each of them failed
    exit_code = 4

    def __post_init__(self) -> None:
        self.what = f"The search in {self.path} ended with {counted(self.trials, 'trial')} and no validation score."
        self.expected = "Expected at least one epoch of one trial to end within the time, and to give a finite loss."
        self.why = "Without a score there is nothing to choose."
        self.fix = f"plainloop tune {quoted(self.path)} --minutes {max(1.0, 4 * self.minutes):g}"
        if self.reason:
            self.what += f" All of them failed, the last one so: {self.reason}."
            self.fix = "begin a search of other values: --space learning_rate=1e-4..1e-2"

    @classmethod
    def example(cls) -> SearchTooShort:
        return cls("runs/houses-tune-1", 1, 0.01)
