"""Problems of metrics that are asked for by name. See problems.py for the form."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..plain.faults import shorten
from ..problems import Notice, PlainloopError, command, listed

ELSE = {"Binary": "MatthewsCorrCoef", "Multiclass": "MatthewsCorrCoef", "Multilabel": "JaccardIndex"}  # one that always fits


@dataclass(eq=False)
class UnknownMetric(PlainloopError):
    """A metric that neither torchmetrics nor the file that is named has.

    What it does: refuses a word of `--metrics` that is no class of torchmetrics and no FILE.py:NAME that can be loaded.
    Why: the metric would be missing from the results, which is seen when the training is over.
    Example: `plainloop train houses.csv --target price --metrics MeanAbsolutError`
    Fix: the nearest name.
    """

    name: str
    near: list[str]
    reason: str = ""
    data: str = "data.csv"
    target: list[str] = field(default_factory=list)
    verb: str = "train"

    def __post_init__(self) -> None:
        self.what = f"There is no metric {shorten(self.name)}{': ' + self.reason if self.reason else ''}."
        near = f" Did you mean {' or '.join(self.near)}?" if self.near else ""
        self.expected = f"Expected the name of a class of torchmetrics, or FILE.py:NAME.{near}"
        self.fix = command(self.verb, self.data, self.target, "--metrics", (self.near or ["MatthewsCorrCoef"])[0])

    @classmethod
    def example(cls) -> UnknownMetric:
        return cls("MeanAbsolutError", ["MeanAbsoluteError"], "torchmetrics has no such class", "houses.csv", ["price"])


@dataclass(eq=False)
class MetricDoesNotFit(PlainloopError):
    """A metric that cannot be computed for the target.

    What it does: tries each metric on made-up predictions before training, and refuses the run where that fails.
    Why: after the training it would be too late to say so.
    Example: `plainloop train houses.csv --target price --metrics CohenKappa`, for classes, where the target is a number
    Fix: a metric for this kind of target, or a file that makes the metric with the arguments it needs.
    """

    name: str
    kind: str  # of the task
    reason: str
    data: str = "data.csv"
    target: list[str] = field(default_factory=list)
    near: list[str] = field(default_factory=list)
    verb: str = "train"

    def __post_init__(self) -> None:
        self.what = f"The metric {shorten(self.name)} cannot be computed here: {self.reason}."
        near = f" Did you mean {listed(self.near, 3)}?" if self.near else ""
        self.expected = f"Expected a metric for {TARGETS.get(self.kind, 'this target')}.{near}"
        if self.kind in NO_METRICS:
            self.fix = f"leave out --metrics {self.name}"
        else:
            other = (self.near or [ELSE.get(self.kind, "MeanAbsolutePercentageError")])[0]
            self.fix = command(self.verb, self.data, self.target, "--metrics", other)

    @classmethod
    def example(cls) -> MetricDoesNotFit:
        return cls("CohenKappa", "Regression", "it is for classes, and the target is a number", "houses.csv", ["price"])


@dataclass
class MetricFailed(Notice):
    """A metric of the user's own that has no value on some rows.

    What it does: leaves the value of a metric undefined, and says what the metric said.
    Why: the other figures are not lost because of one.
    Example: `plainloop evaluate runs/houses-1 three_rows.csv --metrics PearsonCorrCoef`
    Fix: more rows, or another metric.
    """

    name: str
    reason: str

    def __post_init__(self) -> None:
        self.what = f"The metric {shorten(self.name)} has no value: {self.reason}."
        self.expected = "Expected a number."
        self.fix = "give it more rows, or take another metric"

    @classmethod
    def example(cls) -> MetricFailed:
        return cls("pearson_corr_coef", "ValueError: needs at least two samples")


TARGETS = {
    "Binary": "two classes: it gets the probability of the second one (rows,) and 0 or 1 (rows,)",
    "Multiclass": "classes: it gets probabilities (rows, classes) and class numbers (rows,)",
    "Multilabel": "labels: it gets probabilities (rows, labels) and 0 or 1 (rows, labels)",
    "Regression": "numbers: it gets predictions (rows,) and truth (rows,), in the unit of the target",
    "Forecast": "classes, labels or single numbers; a forecast has its own",
    "Sequence": "classes, labels or single numbers; texts have their own",
}
NO_METRICS = ("Forecast", "Sequence")
