"""Problems of a finished run at work: rows to predict or to evaluate. See problems.py for the form."""

from __future__ import annotations

from dataclasses import dataclass, field

from .plain.faults import shorten
from .problems import Notice, PlainloopError, listed, quoted, typed_line


@dataclass(eq=False)
class ColumnsMissing(PlainloopError):
    """The file to predict lacks columns that the model needs.

    What it does: refuses rows without a column that the model was trained on.
    Why: a made-up value would give a made-up prediction.
    Example: `plainloop predict runs/houses-1 new.csv` where new.csv has no column "area"
    Fix: add the column, or train without it.
    """

    file: str
    missing: list[str]
    there: list[str]
    run: str = ""
    only_target: bool = False

    def __post_init__(self) -> None:
        noun = "column" if len(self.missing) == 1 else "columns"
        self.what = f"{self.file} lacks {noun} {listed([shorten(name) for name in self.missing])}."
        self.expected = f"Expected the columns that the model was trained on; the file has {listed(self.there, 12)}."
        self.fix = f"add the {noun}, or train a model with --ignore {quoted(','.join(self.missing))}"
        plain = {"".join(name.lower().replace("_", " ").split()): name for name in self.there}
        same = {name: plain.get("".join(name.lower().replace("_", " ").split())) for name in self.missing}
        if all(same.values()):
            said = listed([f"{shorten(str(other))} is called {shorten(name)}" for name, other in same.items()], 4)
            self.why = f"In the data of the run {said}."
            self.fix = f"write the names in line 1 of {self.file} as the run has them: {listed(self.missing, 20)}"
        elif self.only_target:
            self.why = "Without the truth there is nothing to compare predictions with."
            self.fix = f"add the {noun}, or only predict: plainloop predict {quoted(self.run)} {quoted(self.file)}"

    @classmethod
    def example(cls) -> ColumnsMissing:
        return cls("new.csv", ["area"], ["city", "rooms"], "runs/houses-1")


@dataclass
class RowsTrainedOn(Notice):
    """Rows to evaluate on that the run was trained on.

    What it does: compares the rows with those of the train part, by the cells that the run reads, and says how many are the same;
    where there are others, it gives the headline figure of these alone.
    Why: a model may know the answers of its train rows by heart; how good it is on them says little of new rows.
    Example: `plainloop evaluate runs/houses-1 houses.csv`, the file it was trained on
    Fix: evaluate on other rows; the run's own test rows are judged in metrics.json.
    """

    run: str
    count: int
    rows: int
    windows: bool  # of a forecast
    metric: str
    value: float | None  # of the other rows alone
    others: int

    def __post_init__(self) -> None:
        if self.windows:
            self.what = f"{self.count:,} of {self.rows:,} windows forecast steps that {self.run} was trained on."
        else:
            self.what = f"{self.count:,} of {self.rows:,} rows are the same as rows that {self.run} was trained on."
        self.expected = "Expected rows that it has not learned from."
        self.why = "A model may know the answers of its train rows by heart."
        if self.value is not None:
            kind = "windows" if self.windows else "rows"
            self.why += f" On the {self.others:,} other {kind} alone: {self.metric} {self.value:.4g}."
        self.fix = f"evaluate on other rows; what it is worth on its own test rows stands in {self.run}/metrics.json"

    @classmethod
    def example(cls) -> RowsTrainedOn:
        return cls("runs/houses-1", 1022, 1460, False, "rmse", 30210.0, 438)


@dataclass(eq=False)
class WrongWidth(PlainloopError):
    """A file without header that has other columns than the training data.

    What it does: refuses a file without column names whose number of columns is not that of the training data.
    Why: columns without names are told apart by their place; one too few shifts the values of all that follow.
    Example: `plainloop predict runs/abalone-1 new.data` where new.data has seven columns instead of eight or nine
    Fix: bring the columns into the order of the training data.
    """

    file: str
    width: int
    full: int
    without_target: int  # 0 where the target is needed

    def __post_init__(self) -> None:
        self.what = f"{self.file} has {self.width} columns and no header."
        also = f", or {self.without_target} without the target" if self.without_target else ", the target among them"
        self.expected = f"Expected the {self.full} columns of the training data{also}, in the same order."
        self.why = "Without names a column is told by its place alone."
        self.fix = "give the file the columns of the training data"

    @classmethod
    def example(cls) -> WrongWidth:
        return cls("new.data", 7, 9, 8)


@dataclass(eq=False)
class NothingToScore(PlainloopError):
    """No row to evaluate has a target that the model knows.

    What it does: refuses to evaluate where every row's label is unknown to the model, or missing.
    Why: there is not one row to compute a metric from.
    Example: `plainloop evaluate runs/pets-1 other.csv` where the labels of other.csv are written in another language
    Fix: labels as the model knows them.
    """

    file: str
    rows: int
    labels: list[str]
    known: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        shown = listed([shorten(label) for label in self.labels]) or "the cells are empty"
        self.what = f"Not one of the {self.rows} rows of {self.file} has a label that the model knows: {shown}."
        if not self.rows:
            self.what = f"{self.file} has no whole window to judge: no series is as long as what the model sees and predicts."
            self.expected = "Expected the history along with the rows to judge."
            self.fix = f"put the history before the rows of {self.file}"
            return
        known = f": {listed([shorten(label) for label in self.known])}" if self.known else ""
        self.expected = f"Expected at least one row with a label of the training data{known}."
        self.fix = f"write the labels of {self.file} as they are in the training data"

    @classmethod
    def example(cls) -> NothingToScore:
        return cls("other.csv", 120, ["Hund", "Katze"], ["cat", "dog"])


@dataclass(eq=False)
class UnseenLabels(Notice):
    """Rows whose label the model does not know.

    What it does: leaves rows out of an evaluation whose label did not occur when the model was trained.
    Why: the model can only be wrong on them, and the log loss would be infinite.
    Example: `plainloop evaluate runs/pets-1 other.csv` where other.csv has the label "hamster"
    Fix: train on data that has the label.
    """

    labels: list[str]
    rows: int

    def __post_init__(self) -> None:
        shown = f": {listed([shorten(label) for label in self.labels])}" if self.labels else ""
        known = "a label that the model does not know or none at all" if self.labels else "no target"
        self.what = f"{self.rows} rows have {known}{shown}."
        self.expected = "Expected labels that the model was trained on."
        self.why = "They are left out of the figures; the model would be wrong on every one of them."
        self.fix = "train on data that has these labels"

    @classmethod
    def example(cls) -> UnseenLabels:
        return cls(["hamster"], 3)


@dataclass
class StrangeCells(Notice):
    """Rows to predict with cells that the model cannot read as they are.

    What it does: counts cells that are no numbers in a column of numbers, and words that the train rows did not have.
    Why: such cells count as missing or as an unknown word; the predictions of their rows are less certain.
    Example: "abc" in a column of numbers, or a country that is new.
    Fix: correct the cells, or train again on data that has the words.
    """

    columns: list[tuple[str, str, int]]  # column, what, cells
    rows: int

    def __post_init__(self) -> None:
        said = "; ".join(f"{shorten(name)}: {count} {what}" for name, what, count in self.columns[:6])
        more = f"; and {len(self.columns) - 6} more columns" if len(self.columns) > 6 else ""
        self.what = f"Of {self.rows} rows, some have cells that the model does not know: {said}{more}."
        self.expected = "Expected cells like those of the train rows."
        self.why = "They count as missing, or as an unknown word."
        self.fix = "correct the cells, or train again on data that has the words"

    @classmethod
    def example(cls) -> StrangeCells:
        return cls([("area", "cells that are no numbers", 2)], 40)


@dataclass
class RowsWithoutPicture(Notice):
    """Rows to predict or to score whose picture cannot be decoded.

    What it does: leaves their predictions empty, and leaves them out of an evaluation; the other rows are done.
    Why: a picture made up in its place would get a prediction that means nothing.
    Example: `plainloop predict runs/pets-1 new_photos` where one of 400 photos is cut off
    Fix: write these files again.
    """

    bad: list[tuple[str, str]]  # name, reason
    rows: int

    def __post_init__(self) -> None:
        shown = listed([f"{shorten(name[-60:], 60)} {reason}" for name, reason in self.bad], 2)
        verb = "has a picture" if len(self.bad) == 1 else "have pictures"
        self.what = f"{len(self.bad)} of {self.rows} rows {verb} that cannot be decoded: {shown}."
        self.expected = "Expected whole JPEG, PNG, GIF, BMP, WebP or TIFF pictures of at most 50 million pixels."
        self.why = "They get no prediction: one for a picture that is made up would mean nothing."
        self.fix = f"write these files again, then: {typed_line() or 'plainloop predict RUN FOLDER'}"

    @classmethod
    def example(cls) -> RowsWithoutPicture:
        return cls([("new_photos/17.jpg", "is cut off")], 400)


@dataclass(eq=False)
class NotForThisTask(PlainloopError):
    """An option for written texts, on a run that writes none.

    What it does: refuses --beam, --temperature and the like for runs that choose a class or a number.
    Why: there is one answer to look for, and it is computed, not written.
    Example: `plainloop predict runs/houses-1 new.csv --beam 5`
    Fix: leave the option out.
    """

    run: str
    task: str
    options: list[str]

    def __post_init__(self) -> None:
        named = ", ".join("--" + name.replace("_", "-") for name in self.options)
        self.what = f"{named}: {self.run} is a run of {self.task}, which writes no texts."
        self.expected = "Expected a run whose target is a text."
        self.fix = f"leave {named} out"

    @classmethod
    def example(cls) -> NotForThisTask:
        return cls("runs/houses-1", "regression", ["beam"])


@dataclass(eq=False)
class BadDecoding(PlainloopError):
    """A way of looking for answers that is out of bounds.

    What it does: refuses beams, temperatures and penalties that mean nothing, and those that nothing would come of.
    Why: a beam of 0 follows no answer; a temperature below 0 would turn the probabilities round; --top and --seed count only
    where tokens are drawn, --length-penalty only where several answers are compared.
    Example: `plainloop predict runs/phrases-1 new.txt --beam 0`
    Fix: a value within the bounds.
    """

    name: str
    value: object
    low: float
    high: float
    run: str = ""
    beside: str = ""  # an option that this one cannot stand beside
    without: str = ""  # an option that this one has no effect without, and its value

    def __post_init__(self) -> None:
        option = "--" + self.name.replace("_", "-")
        self.what = f"{option} {self.value} cannot be."
        self.expected = (
            f"Expected {'a whole number' if isinstance(self.low, int) else 'a number'} from {self.low:g} to {self.high:g}."
        )
        good = f"{option} {max(self.low, 1):g}"
        if self.beside:
            self.what = f"{option} {self.value} and --{self.beside} cannot be had together."
            self.expected = "Expected one way of looking for an answer: the most probable ones are followed, or tokens are drawn."
            good = "--beam 5"
        if self.without:
            self.what = f"{option} {self.value} has no effect: it counts only beside --{self.without.partition(' ')[0]}."
            self.expected = f"Expected --{self.without} beside it, or neither."
            good = f"{option} {self.value} --{self.without}"
        self.fix = f"plainloop predict {quoted(self.run or 'runs/phrases-1')} new.txt {good}"

    @classmethod
    def example(cls) -> BadDecoding:
        return cls("beam", 0, 1, 1000, "runs/phrases-1")


@dataclass
class AnswersCut(Notice):
    """Answers that did not end.

    What it does: cuts answers at twice the length of the longest target of the train rows, and says how many.
    Why: a net that is unsure can repeat itself for ever.
    Example: 3 of 1,000 answers were cut at 118 tokens.
    Fix: look at them; train for longer, or on pairs like these.
    """

    count: int
    rows: int
    most: int

    def __post_init__(self) -> None:
        self.what = f"{self.count:,} of {self.rows:,} answers did not end and were cut at {self.most:,} tokens."
        self.expected = "Expected answers of at most twice the length of the longest target of the train rows."
        self.why = "A net that is unsure can repeat itself for ever; texts like these were rare in training, or it was short."
        self.fix = "look at these answers; train for longer, or on pairs like these"

    @classmethod
    def example(cls) -> AnswersCut:
        return cls(3, 1000, 118)


@dataclass
class TextsCut(Notice):
    """Texts that are longer than a model reads.

    What it does: reads the first tokens of a text, as many as were read in training, and says how many texts were cut.
    Why: memory grows with the length of a text, and the model has seen none that are longer.
    Example: 2 of 1,000 texts were cut at 1,000 tokens.
    Fix: divide them, sentence by sentence.
    """

    column: str
    count: int
    rows: int
    most: int

    def __post_init__(self) -> None:
        self.what = f'{self.count:,} of {self.rows:,} texts of "{self.column}" were cut at {self.most:,} tokens.'
        self.expected = "Expected texts that are no longer than those of the train rows."
        self.why = "What stands behind is not answered."
        self.fix = "divide them, sentence by sentence, or train with a larger --set text.longest"

    @classmethod
    def example(cls) -> TextsCut:
        return cls("english", 2, 1000, 1000)
