"""What can be wrong with the target and with what is asked of the columns. Made by target.py and infer.py."""

from __future__ import annotations

from dataclasses import dataclass

from ..plain.faults import shorten
from ..problems import Notice, PlainloopError, command, listed, nearest


@dataclass
class RowsWithoutTarget(Notice):
    """Rows whose target is missing.

    What it does: leaves rows without a target out of training, validation and test, and says how many.
    Why: without the answer a row can neither teach nor be judged.
    Example: 2724 of 30000 rows have no gender.
    Fix: fill the cells in, or keep the word that was taken for a missing mark with --missing keep:WORD.
    """

    expected = "Expected a target in every row."
    data: str
    target: list[str]
    count: int
    rows: int
    places: list[str]
    marks: list[str]
    file: str = ""  # of lines, that holds the target alone

    def __post_init__(self) -> None:
        more = ", ..." if self.count > len(self.places) else ""
        name = ", ".join(f'"{column}"' for column in self.target)
        places = ", ".join(self.places) + more
        self.what = f"The target {name} is missing in {self.count} of {self.rows} rows, which are left out: {places}."
        self.why = "Without the answer a row can neither teach nor be judged."
        if self.marks:
            keep = ",".join("keep:" + mark for mark in self.marks)
            marks = listed([shorten(mark) for mark in self.marks])
            self.fix = f"if {marks} is a class: {command('train', self.data, self.target, '--missing', keep)}"
        else:
            empty = f"lines of {self.file}" if self.file else f"cells of {self.data}"
            self.fix = f"fill in the empty {empty}, then: {command('train', self.data, self.target)}"

    @classmethod
    def example(cls) -> RowsWithoutTarget:
        return cls("sns.csv", ["gender"], 2724, 30000, ["line 4", "line 14"], ["NA"])


@dataclass(eq=False)
class TargetHasOneValue(PlainloopError):
    """A target that is always missing or always the same.

    What it does: refuses a target without at least two different values.
    Why: there is nothing to learn: the answer is always the same.
    Example: every row says "no".
    Fix: name another column with --target.
    """

    data: str
    target: str
    value: str | None
    rows: int
    others: list[str]

    def __post_init__(self) -> None:
        same = f"is missing in all {self.rows} rows"
        if self.value is not None:
            same = f"is {shorten(self.value)} in every one of the {self.rows} rows that have a value"
        self.what = f'{self.data}: the target "{self.target}" {same}.'
        self.expected = "Expected at least two different values."
        self.why = "There is nothing to learn where the answer is always the same."
        self.fix = command("train", self.data, self.others[:1])
        if not self.others:
            self.fix = f"add rows with another answer to {self.data}, then: {command('train', self.data, [self.target])}"

    @classmethod
    def example(cls) -> TargetHasOneValue:
        return cls("houses.csv", "sold", "no", 1460, ["price"])


@dataclass(eq=False)
class TooFewRows(PlainloopError):
    """Too few rows to learn from.

    What it does: refuses a table with fewer than 20 rows that have a target, or with fewer rows than classes.
    Why: after setting rows aside for validation and test, too few are left.
    Example: a table of 12 rows.
    Fix: collect more rows.
    """

    data: str
    target: list[str]
    rows: int
    needed: int
    because: str

    def __post_init__(self) -> None:
        self.what = f"{self.data} has {self.rows} row{'s' * (self.rows != 1)} with a target."
        self.expected = f"Expected at least {self.needed}: {self.because}."
        self.why = "Some rows have to be set aside to choose the best epoch and to judge the model."
        self.fix = f"add rows to {self.data}, then: {command('train', self.data, self.target)}"

    @classmethod
    def example(cls) -> TooFewRows:
        return cls("houses.csv", ["price"], 12, 20, "plainloop does not train on less")


@dataclass(eq=False)
class TargetLooksLikeId(PlainloopError):
    """A target of words with too many different ones.

    What it does: refuses a target of words that are all different, or more than 1000.
    Why: a class with one row cannot be learned; such a column is an id or free text.
    Example: --target Name.
    Fix: name another column with --target.
    """

    data: str
    target: str
    distinct: int
    rows: int
    words: list[str]
    others: list[str]

    def __post_init__(self) -> None:
        shown = ", ".join(map(shorten, self.words[:3]))
        self.what = (
            f'The target "{self.target}" has {self.distinct} different words in {self.rows} rows, such as {shown}; '
            "it looks like an id."
        )
        self.expected = "Expected at most 1000 classes, each in several rows, or numbers."
        self.why = "A class that occurs once cannot be learned."
        self.fix = command("train", self.data, self.others[:1] or ["NAME"])

    @classmethod
    def example(cls) -> TargetLooksLikeId:
        return cls("titanic.csv", "Name", 891, 891, ["Braund, Mr. Owen Harris"], ["Survived"])


@dataclass
class RareClasses(Notice):
    """Classes with very few rows.

    What it does: names the classes with fewer than 10 rows.
    Why: they can hardly be learned, and their scores hang on one or two rows; a class with a single row is only trained on.
    Example: the class "spy." has 2 rows.
    Fix: draw them more often with --balance sampler.
    """

    expected = "Expected at least 10 rows of every class."
    data: str
    target: list[str]
    classes: list[tuple[str, int]]

    def __post_init__(self) -> None:
        said = listed([f"{shorten(word)} ({count})" for word, count in self.classes], 6)
        single = sum(count == 1 for _, count in self.classes)
        self.what = f"{len(self.classes)} class{'es' * (len(self.classes) > 1)} with fewer than 10 rows: {said}."
        self.why = "Their scores will hang on one or two rows."
        if single:
            self.why = f"{single} of them ha{'ve' if single > 1 else 's'} one row, which trains and is not judged."
        self.fix = command("train", self.data, self.target, "--balance", "sampler")

    @classmethod
    def example(cls) -> RareClasses:
        return cls("kddcup.gz", ["41"], [("spy.", 2), ("perl.", 3)])


@dataclass
class RareLabels(Notice):
    """Labels that very few rows have.

    What it does: names the labels of a multilabel target that fewer than 10 rows have, and those that no row has.
    Why: a label without rows is never learned and its scores say nothing; those of a rare one hang on one or two rows.
    Example: the column "threat" is 0 in every row.
    Fix: leave a label without rows out of --target; of rare ones weigh the rows with --balance weights.
    """

    expected = "Expected at least 10 rows of every label."
    data: str
    target: list[str]
    labels: list[tuple[str, int]]

    def __post_init__(self) -> None:
        said = listed([f"{shorten(label)} ({count})" for label, count in self.labels], 6)
        self.what = f"{len(self.labels)} label{'s' * (len(self.labels) > 1)} with fewer than 10 rows: {said}."
        self.why = "Their scores will hang on one or two rows."
        never = [label for label, count in self.labels if not count]
        left = [name for name in self.target if name not in never]
        if never:
            self.why = f"No row has {listed([shorten(label) for label in never], 6)}: nothing can be learned of it."
        if never and left:
            self.fix = command("train", self.data, left)
        else:
            self.fix = command("train", self.data, self.target, "--balance", "weights")

    @classmethod
    def example(cls) -> RareLabels:
        return cls("comments.csv", ["toxic", "obscene", "threat"], [("threat", 0)])


@dataclass
class LabelVariants(Notice):
    """Labels that are written differently in different files.

    What it does: reads labels of the validation or test file that differ from the train labels only in case, quotes or a
    final dot as those train labels.
    Why: otherwise no row of the file would have a known class.
    Example: ">50K" in the train file, ">50K." in the test file.
    Fix: write them alike in the files, if they are different classes.
    """

    kind = "repair"
    expected = "Expected the same labels in all files."
    data: str
    target: list[str]
    replace: dict[str, str]
    part: str

    def __post_init__(self) -> None:
        said = ", ".join(f"{shorten(one)} as {shorten(other)}" for one, other in list(self.replace.items())[:5])
        self.what = f'Labels of "{self.target[0]}" in the {self.part} file are read as those of the train file: {said}.'
        self.why = "They differ only in case, quotes or a final dot; taken apart, no row of the file would have a known class."
        again = command("train", self.data, self.target)
        self.fix = f"if they are different classes, rename them in the {self.part} file, then: {again}"

    @classmethod
    def example(cls) -> LabelVariants:
        return cls("adult-train.csv", ["14"], {">50K.": ">50K", "<=50K.": "<=50K"}, "test")


@dataclass
class LabelsOnlyInTest(Notice):
    """Labels of a validation or test file that the train file does not have.

    What it does: tells which classes occur in a given validation or test file alone.
    Why: the model cannot predict a class it never saw; those rows count as errors.
    Example: the test file has a class "ferry".
    Fix: add rows of the class to the train file.
    """

    expected = "Expected labels that the train rows have too."
    data: str
    target: list[str]
    part: str
    classes: list[tuple[str, int]]

    def __post_init__(self) -> None:
        said = listed([f"{shorten(word)} ({count})" for word, count in self.classes], 6)
        self.what = f"The {self.part} file has labels that the train file lacks: {said}."
        self.why = "A class that no train row has cannot be predicted; its rows count as errors."
        self.fix = f"add rows of the class to {self.data}, then: {command('train', self.data, self.target)}"

    @classmethod
    def example(cls) -> LabelsOnlyInTest:
        return cls("ships.csv", ["kind"], "test", [("ferry", 12)])


@dataclass(eq=False)
class TaskImpossible(PlainloopError):
    """The target does not fit the task.

    What it does: refuses --task with a target it cannot be learned from, and several targets that are not all 0/1.
    Why: each task needs its kind of target.
    Example: --task binary with three classes.
    Fix: the task that fits is named.
    """

    data: str
    target: list[str]
    task: str
    found: str
    expected_target: str
    options: tuple[str, ...] = ()
    column: str = ""  # of several, that is not 0/1

    def __post_init__(self) -> None:
        asked = f"--task {self.task}: the" if self.task else "The"
        self.what = f"{asked} target{'s' * (len(self.target) > 1)} {listed(self.target)} {self.found}."
        self.expected = f"Expected {self.expected_target}."
        self.fix = command("train", self.data, self.target, *self.options)
        if self.column:
            left = f"leave it out: {command('train', self.data, self.options[1].split(','))}" if self.options else ""
            again = left or f"then: {command('train', self.data, self.target)}"
            self.fix = f"write 0 and 1 into {shorten(self.column)}, {'or ' if left else ''}{again}"

    @classmethod
    def example(cls) -> TaskImpossible:
        return cls("iris.csv", ["species"], "binary", "has 3 different values", "two different values", ("--task", "multiclass"))


@dataclass(eq=False)
class UnknownColumn(PlainloopError):
    """An option names a column that the table does not have.

    What it does: refuses --target, --types, --ignore, --group or --time with a name that is no column.
    Why: a misspelt name would otherwise have no effect.
    Example: --ignore Pasenger.
    Fix: the nearest names are shown.
    """

    data: str
    option: str
    name: str
    columns: list[str]

    def __post_init__(self) -> None:
        self.what = f"{self.option}: {self.data} has no column {shorten(self.name)}."
        self.expected = f"Expected one of its {len(self.columns)} columns: {listed(self.columns, 20)}."
        near = nearest(self.name, self.columns)
        self.why = f"Did you mean {' or '.join(map(shorten, near))}?" if near else ""
        shown = (near or self.columns or ["NAME"])[0]
        value = f"{shown}=category" if self.option == "--types" else shown
        self.fix = command("inspect", self.data, [], self.option, value)

    @classmethod
    def example(cls) -> UnknownColumn:
        return cls("titanic.csv", "--target", "survived?", ["PassengerId", "Survived", "Pclass"])


@dataclass(eq=False)
class TypeImpossible(PlainloopError):
    """A column cannot be read as the type that --types names.

    What it does: refuses an unknown type, and a number or datetime type for a column whose words are mostly neither.
    Why: nearly every cell would count as missing.
    Example: --types name=number.
    Fix: choose another type.
    """

    data: str
    target: list[str]
    column: str
    type: str
    words: list[str]  # values that do not fit; empty: the type itself is unknown
    known: tuple[str, ...] = ("number", "category", "boolean", "datetime", "tags")

    def __post_init__(self) -> None:
        if self.words:
            shown = ", ".join(map(shorten, self.words))
            self.what = f'--types {self.column}={self.type}: most values of "{self.column}" do not fit, such as {shown}.'
            self.expected = f"Expected values that can be read as {self.type}."
        else:
            self.what = f"--types {self.column}={self.type}: there is no type {shorten(self.type)}."
            self.expected = f"Expected one of: {', '.join(self.known)}."
        near = nearest(self.type, list(self.known)) if not self.words else []
        self.fix = command("train", self.data, self.target, "--types", f"{self.column}={(near or ['category'])[0]}")

    @classmethod
    def example(cls) -> TypeImpossible:
        return cls("titanic.csv", ["Survived"], "Sex", "number", ["male", "female"])
