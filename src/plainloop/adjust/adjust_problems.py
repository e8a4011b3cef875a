"""Problems of retraining, comparing and searching. See problems.py for the form."""

from __future__ import annotations

from dataclasses import dataclass

from ..problems import PlainloopError, listed, quoted


@dataclass(eq=False)
class WeightsDoNotFit(PlainloopError):
    """Trained weights that a changed model cannot take.

    What it does: refuses to begin with the weights of a run whose model has other sizes.
    Why: weights of another shape have no place in the model.
    Example: `plainloop retrain runs/houses-1 --from-weights --set width=512` where the run has width 256
    Fix: leave the sizes as they are, or train from scratch.
    """

    run: str
    changed: list[str]
    tensor: str

    def __post_init__(self) -> None:
        self.what = f"The weights of {self.run} do not fit the changed model: {self.tensor}."
        self.expected = f"Expected a model of the same sizes; changed: {listed(self.changed)}."
        self.why = "Weights of another shape have no place in the model."
        rest = " ".join(f"--set {name}=..." for name in self.changed[:3])
        self.fix = f"plainloop retrain {quoted(self.run)} {rest}"

    @classmethod
    def example(cls) -> WeightsDoNotFit:
        return cls("runs/houses-1", ["model.width"], "layers.0.weight is (512, 32), the run has (256, 32)")


@dataclass(eq=False)
class WeightsSawTest(PlainloopError):
    """Trained weights that have seen rows which the new split scores.

    What it does: refuses to begin with the weights of a run when its split is changed.
    Why: rows that trained the parent would become test rows of the child, and its scores would be too good.
    Example: `plainloop retrain runs/houses-1 --from-weights --set split.seed=1`
    Fix: keep the split, or train from scratch.
    """

    run: str
    changed: list[str]

    def __post_init__(self) -> None:
        self.what = f"The weights of {self.run} have seen rows that the changed split scores: {listed(self.changed)}."
        self.expected = "Expected the split of the parent, where its weights are taken over."
        self.why = "Rows that trained the parent would be test rows of the child, whose scores would be too good."
        self.fix = f"plainloop retrain {quoted(self.run)} " + " ".join(f"--set {name}=..." for name in self.changed)

    @classmethod
    def example(cls) -> WeightsSawTest:
        return cls("runs/houses-1", ["split.seed"])
