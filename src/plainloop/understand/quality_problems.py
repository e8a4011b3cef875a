"""What can be wrong with rows, splits and columns together: copies, leaks, groups, imbalance. Made by quality.py."""

from __future__ import annotations

from dataclasses import dataclass

from ..plain.faults import shorten
from ..problems import Notice, PlainloopError, command, listed


@dataclass
class CopiesAcrossSplit(Notice):
    """Rows of the validation or test part that are also train rows.

    What it does: counts the validation and test rows whose inputs equal those of a train row, exactly, or but for case,
    spaces and digits of a number after the third.
    Why: such rows test the memory, not what was learned.
    Example: 31 of 4884 test rows are copies of train rows.
    Fix: remove repeated rows from the file, or keep rows of one origin together with --group.
    """

    expected = "Expected rows that the model has not seen."
    data: str
    target: list[str]
    parts: list[tuple[str, int, int, int]]  # part, its rows, exact copies, nearly copies
    same_target: int
    example_places: tuple[str, str]

    def __post_init__(self) -> None:
        said = []
        for part, rows, exact, nearly in self.parts:
            more = f" ({nearly} more but for case, spaces or digits after the third)" if nearly else ""
            share = f"{exact} of {rows} {part} rows ({100 * exact / rows:.1f} %){more}"
            said.append(share if exact else f"{nearly} of {rows} {part} rows, but for case, spaces or digits after the third,")
        self.what = (
            f"{' and '.join(said)} have the inputs of a train row, {self.same_target} of them with the same target; "
            f"for example {self.example_places[0]} and {self.example_places[1]}."
        )
        self.why = "On copies the scores show what was memorised, so they come out too good."
        self.fix = f"remove repeated rows from {self.data}, then: {command('train', self.data, self.target)}"

    @classmethod
    def example(cls) -> CopiesAcrossSplit:
        return cls("adult.csv", ["income"], [("validation", 4884, 29, 0), ("test", 4884, 31, 2)], 57, ("line 40", "line 1207"))


@dataclass
class ConflictingLabels(Notice):
    """Equal inputs with different labels.

    What it does: counts rows whose inputs are equal and whose labels differ (from one in a thousand on), and gives the
    accuracy that no model can exceed.
    Why: where the inputs are equal, every model gives the same answer.
    Example: two equal rows, one "yes" and one "no".
    Fix: add a column that tells such rows apart.
    """

    expected = "Expected one label for equal inputs."
    data: str
    target: list[str]
    rows: int
    all_rows: int
    ceiling: float
    example_places: tuple[str, str]

    def __post_init__(self) -> None:
        such = f"such as {self.example_places[0]} and {self.example_places[1]}"
        self.what = (
            f"{self.rows} of {self.all_rows} rows share their inputs with a row of another label, {such}; "
            f"on this table no model can be right in more than {100 * self.ceiling:.2f} % of the rows."
        )
        self.why = "Where the inputs are equal, every model gives the same answer."
        self.fix = f"add a column to {self.data} that tells such rows apart, then: {command('train', self.data, self.target)}"

    @classmethod
    def example(cls) -> ConflictingLabels:
        return cls("adult.csv", ["income"], 46, 48842, 0.9994, ("line 40", "line 1207"))


@dataclass(eq=False)
class CopyOfTarget(PlainloopError):
    """An input column that is the target.

    What it does: refuses an input column equal to the target in every row.
    Why: the model would copy it, score perfectly, and be useless where the answer is not known yet.
    Example: "price" and "price_eur" with the same values.
    Fix: leave the column out with --ignore, or keep it with --allow-leak.
    """

    data: str
    target: list[str]
    columns: list[str]

    def __post_init__(self) -> None:
        several = len(self.columns) > 1
        names = listed([shorten(name) for name in self.columns])
        self.what = f"{f'Columns {names} equal' if several else f'Column {names} equals'} the target in every row."
        self.expected = "Expected inputs that are known before the target is."
        self.why = "The model would copy it, and be useless where the answer is not known (--allow-leak trains all the same)."
        self.fix = command("train", self.data, self.target, "--ignore", ",".join(self.columns))

    @classmethod
    def example(cls) -> CopyOfTarget:
        return cls("houses.csv", ["price"], ["price_eur"])


@dataclass
class LeakingColumn(Notice):
    """A column that gives the target away by itself.

    What it does: names input columns from which alone the target follows in at least 99 % of the rows (or of its variance).
    Why: such a column is often written down after the answer is known; then the model fails on new rows.
    Example: "amount_refunded" predicts "fraud".
    Fix: leave it out with --ignore, unless it is known beforehand.
    """

    expected = "Expected columns that tell something about the target, not the target itself."
    data: str
    target: list[str]
    column: str
    score: str  # e.g. "99.7 % of the rows"

    def __post_init__(self) -> None:
        self.what = f'Column "{self.column}" alone predicts the target in {self.score}.'
        self.why = "A column so good is often written down after the answer is known, and is of no use for new rows."
        self.fix = f"if it is not known beforehand: {command('train', self.data, self.target, '--ignore', self.column)}"

    @classmethod
    def example(cls) -> LeakingColumn:
        return cls("loans.csv", ["default"], "days_overdue", "99.7 % of the rows (always the most frequent class: 78.0 %)")


@dataclass
class LeakingSum(Notice):
    """Number columns that add up to the target.

    What it does: names number columns of which a weighted sum gives a regression target (R2 above 0.9999).
    Why: the target was computed from them; who knows them needs no model.
    Example: regional sales and global sales.
    Fix: leave them out with --ignore.
    """

    expected = "Expected inputs that are known before the target is."
    data: str
    target: list[str]
    columns: list[str]
    weights: list[float]
    r2: float

    def __post_init__(self) -> None:
        terms = " + ".join(f"{weight:.3g} {name}" for weight, name in zip(self.weights, self.columns, strict=True))
        self.what = f'The target "{self.target[0]}" is a weighted sum of columns: {terms} (R2 {self.r2:.6f}).'
        self.why = "The target was computed from them; where they are known no model is needed, elsewhere this one fails."
        self.fix = f"to predict without them: {command('train', self.data, self.target, '--ignore', ','.join(self.columns))}"

    @classmethod
    def example(cls) -> LeakingSum:
        return cls("games.csv", ["Global_Sales"], ["NA_Sales", "EU_Sales"], [1.0, 1.0], 0.99999)


@dataclass
class GroupsAcrossSplit(Notice):
    """A column that seems to name people or things with several rows each.

    What it does: points at a column named like an id whose values stand in several rows, in train and test alike.
    Why: the model can recognise the person instead of learning the rule; on new people it is worse than the test says.
    Example: patient_id with 4 rows per patient.
    Fix: keep the rows of one group together with --group.
    """

    expected = "Expected test rows of things that were not trained on."
    data: str
    target: list[str]
    column: str
    groups: int
    rows: int
    shared: float

    def __post_init__(self) -> None:
        self.what = (
            f'Column "{self.column}" seems to name things with several rows each ({self.groups} in {self.rows} rows); '
            f"{100 * self.shared:.0f} % of the test rows belong to one that was trained on."
        )
        self.why = "On things never seen the model will do worse than this test says."
        self.fix = command("train", self.data, self.target, "--group", self.column)

    @classmethod
    def example(cls) -> GroupsAcrossSplit:
        return cls("scans.csv", ["diagnosis"], "patient_id", 210, 840, 0.97)


@dataclass
class RareClass(Notice):
    """A class that nearly all rows have.

    What it does: warns where one class has at least 95 % of the rows.
    Why: always answering that class looks accurate and is useless.
    Example: 2.3 % positives.
    Fix: draw the rare class more often with --balance sampler; look at average precision, not at accuracy.
    """

    expected = "Expected classes of less unequal size."
    data: str
    target: list[str]
    common: str
    share: float
    rarest: tuple[str, int]

    def __post_init__(self) -> None:
        self.what = (
            f"{100 * self.share:.1f} % of the rows are of class {shorten(self.common)}; "
            f"the rarest, {shorten(self.rarest[0])}, has {self.rarest[1]} rows."
        )
        self.why = "Always answering the common class is that accurate already: look at average precision and F1 instead."
        self.fix = f"to show the rare rows more often: {command('train', self.data, self.target, '--balance', 'sampler')}"

    @classmethod
    def example(cls) -> RareClass:
        return cls("mammography.csv", ["6"], "-1", 0.977, ("1", 260))


@dataclass
class SkewedTarget(Notice):
    """A regression target with a long tail.

    What it does: warns where a few target values are far larger than the rest (skewness above 3).
    Why: the squared error then hangs on those rows.
    Example: sales, of which a handful are a hundred times the median.
    Fix: the Huber loss gives them less weight.
    """

    expected = "Expected values of one order of magnitude."
    data: str
    target: list[str]
    skewness: float
    median: float
    largest: float

    def __post_init__(self) -> None:
        ends = f"its median is {self.median:.4g}, its extreme {self.largest:.4g}"
        self.what = f'The target "{self.target[0]}" has a long tail: {ends} (skewness {self.skewness:.1f}).'
        self.why = "The squared error hangs on the few largest values."
        self.fix = f"to give them less weight: {command('train', self.data, self.target, '--set', 'task.loss=huber')}"

    @classmethod
    def example(cls) -> SkewedTarget:
        return cls("games.csv", ["Global_Sales"], 17.4, 0.17, 82.5)
