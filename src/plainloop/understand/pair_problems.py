"""What can be wrong with sentence pairs: their files, and what stands in them. Made by pairs.py and target.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..plain.faults import shorten
from ..problems import Notice, PlainloopError, command, trying


@dataclass(eq=False)
class TargetFileMissing(PlainloopError):
    """A target that is named as a file and is not there.

    What it does: refuses a --target that looks like a file and is none, where the data are lines and no table.
    Why: the answers to the lines of one file are the lines of another one.
    Example: `plainloop train train.en --target trian.de`
    Fix: the name of a file that is there.
    """

    name: str
    data: str
    near: list[str]

    def __post_init__(self) -> None:
        self.what = f"There is no file {self.name}, and {Path(self.data).name} has no column of that name."
        self.expected = "Expected the file whose lines are the answers to the lines of the first, or a column of a table."
        self.fix = command("train", self.data, [self.near[0] if self.near else "OTHER_FILE"])

    @classmethod
    def example(cls) -> TargetFileMissing:
        return cls("trian.de.gz", "train.en.gz", ["train.de.gz"])


@dataclass(eq=False)
class OnePairFile(PlainloopError):
    """Files of lines that do not come in pairs.

    What it does: refuses parts of the data that have a file without its partner.
    Why: every line needs its answer, and the answers stand in a file of their own.
    Example: `plainloop train train.en --target train.de --validation val.en`
    Fix: both files, with a comma between them.
    """

    part: str
    files: list[str]
    data: str
    target: str

    def __post_init__(self) -> None:
        option = "" if self.part == "data" else f"--{self.part} "
        count = f"{len(self.files)} file{'s' if len(self.files) != 1 else ''}"
        self.what = (
            f"{option}names {count}: {', '.join(self.files)}." if option else f"The data are {count}, which make no pairs."
        )
        self.expected = "Expected two: the lines, and in a second file the answers to them."
        more = [f"--{self.part}", f"{self.files[0]},OTHER_FILE"] if option else []
        self.fix = command("train", self.data, [self.target], *more)

    @classmethod
    def example(cls) -> OnePairFile:
        return cls("validation", ["val.en.gz"], "train.en.gz", "train.de.gz")


@dataclass
class SeveralTargets(Notice):
    """Sources that have several targets.

    What it does: keeps all rows of a source in one part of the split.
    Why: a source that is trained on and tested on would be answered from memory.
    Example: 1,204 of 29,000 sources have more than one translation.
    Fix: nothing needs to be done; --split random draws rows without regard to it.
    """

    data: str
    target: list[str]
    source: str
    count: int
    rows: int
    example_text: str

    def __post_init__(self) -> None:
        self.what = (
            f'{self.count:,} texts of "{self.source}" stand in several rows, {self.rows:,} in all, such as '
            f"{shorten(self.example_text, 50)}."
        )
        self.expected = "All rows of a text are kept in one part of the split."
        self.why = "A text that is trained on and tested on would be answered from memory."
        self.fix = f"to draw rows without regard to it: {command('train', self.data, self.target, '--split', 'random')}"

    @classmethod
    def example(cls) -> SeveralTargets:
        return cls("phrases.tsv", ["german"], "english", 1204, 2800, "Run!")


@dataclass
class SameText(Notice):
    """Rows whose target is their source.

    What it does: says how many rows answer a text with itself, where they are more than one in a hundred.
    Why: they teach the model to copy, and untranslated lines are a common fault of collected pairs.
    Example: 3,120 of 29,000 rows have the same text twice.
    Fix: take them out, if they are not meant.
    """

    data: str
    count: int
    rows: int
    places: list[str]
    text: str

    def __post_init__(self) -> None:
        self.what = (
            f"{self.count:,} of {self.rows:,} rows have the same text as source and as target: "
            f"{', '.join(self.places)}, such as {shorten(self.text, 50)}."
        )
        self.expected = "Expected a target that differs from its source."
        self.why = "They teach the model to copy; untranslated lines are a common fault of collected pairs."
        self.fix = f"take these rows out of {self.data}, if they are not meant"

    @classmethod
    def example(cls) -> SameText:
        return cls("phrases.tsv", 3120, 29000, ["line 14", "line 15"], "OK")


@dataclass
class UnequalLengths(Notice):
    """Pairs of which one text is far longer than the other.

    What it does: says which rows have a target many times as long as their source, or the other way round.
    Why: mostly the two do not belong together, and a model that is told so learns to invent.
    Example: line 412 has 4 signs beside 310.
    Fix: look at these rows.
    """

    data: str
    places: list[str]
    count: int
    texts: tuple[str, str]

    def __post_init__(self) -> None:
        more = f" and {self.count - len(self.places):,} more" if self.count > len(self.places) else ""
        one, other = (shorten(text, 40) for text in self.texts)
        self.what = f"Pairs of very different length: {', '.join(self.places)}{more}, such as {one} beside {other}."
        self.expected = "Expected texts of like length, relative to the other pairs."
        self.why = "Mostly the two do not belong together, and a model that is told so learns to invent."
        self.fix = f"look at these rows of {self.data}, and correct them or take them out"

    @classmethod
    def example(cls) -> UnequalLengths:
        return cls("phrases.tsv", ["line 412"], 3, ("Hi.", "Es war einmal ein Mann, der hatte drei Töchter."))


@dataclass(eq=False)
class NoTextToRead(PlainloopError):
    """A text is to be written, and no column is a text to read.

    What it does: refuses the task "sequence" without an input column of texts.
    Why: the answer is written out of a text; numbers and categories alone are none.
    Example: `plainloop train houses.csv --target description`
    Fix: name the column of texts with --types, or choose another target.
    """

    data: str
    target: str
    columns: list[str]

    def __post_init__(self) -> None:
        self.what = f'{self.data}: the target "{self.target}" is a text, and no other column is one to write it from.'
        self.expected = f"Expected an input column of texts; there are: {', '.join(self.columns) or 'none'}."
        self.why = "A text is written out of a text; from numbers and categories alone plainloop does not write."
        words = self.columns[:1] or ["NAME"]
        self.fix = command("train", self.data, [self.target], "--types", f"{words[0]}=text")

    @classmethod
    def example(cls) -> NoTextToRead:
        return cls("houses.csv", "description", ["rooms", "street"])


@dataclass
class OnlyTextsRead(Notice):
    """Columns that a model of sequences does not read.

    What it does: trains on the texts alone and says which other columns are not used.
    Why: the answer is written out of a text; numbers and categories beside it would need a model of your own.
    Example: phrases.tsv has a column "level" beside the texts.
    Fix: --ignore, or a model of your own.
    """

    kind = "repair"
    data: str
    target: list[str]
    columns: list[str]

    def __post_init__(self) -> None:
        names = ", ".join(f'"{name}"' for name in self.columns)
        self.what = f"{names}: not used, because an answer is written out of texts alone."
        self.expected = "Expected texts and nothing else beside the target."
        self.fix = f"to say so: {command('train', self.data, self.target, '--ignore', ','.join(self.columns))}"

    @classmethod
    def example(cls) -> OnlyTextsRead:
        return cls("phrases.tsv", ["german"], ["level"])


@dataclass
class CreditsNotRead(Notice):
    """A column with the licence and the authors of each pair.

    What it does: leaves out a column of texts that all begin with the same words and differ in little but numbers behind them.
    Why: it says nothing of the answer, and as a part of every source it would only make them longer.
    Example: the third column of a file of Tatoeba: "CC-BY 2.0 (France) Attribution: tatoeba.org #538123 (CM) & #441618".
    Fix: --types with text, where it is meant to be read.
    """

    data: str
    target: list[str]
    column: str
    begin: str

    def __post_init__(self) -> None:
        self.what = f'Column "{self.column}" is left out: every cell begins with {shorten(self.begin)}.'
        self.expected = "Expected texts that tell something of the answer."
        self.why = "Notes of a licence and of authors are no part of what is asked."
        again = command(trying(), self.data, self.target, "--types", f"{self.column}=text")
        self.fix = f"to use it all the same: {again}"

    @classmethod
    def example(cls) -> CreditsNotRead:
        return cls("deu.txt", ["1"], "2", "CC-BY 2.0 (France) Attribution: tatoeba.org #")


@dataclass
class OtherInputsNotRead(Notice):
    """Columns that the model asked for does not read.

    What it does: trains on the inputs that the model is made for, and says which others it leaves out.
    Why: what they could tell is not used, though they are there.
    Example: `plainloop train tweets.csv --target disaster --model text_cnn`, where there are numbers beside the texts
    Fix: the model that joins all kinds of inputs, or --ignore to say that it is meant so.
    """

    kind = "repair"
    model: str
    takes: str
    columns: list[str]
    data: str
    target: list[str]

    def __post_init__(self) -> None:
        names = {"table": "numbers and words of a table", "image": "pictures", "text": "texts"}
        left = ", ".join(f'"{column}"' for column in self.columns[:8]) + (", ..." if len(self.columns) > 8 else "")
        self.what = f"The model {self.model} reads {names[self.takes]} alone; not read: {left}."
        self.expected = "Expected inputs of one kind, or a model that joins them."
        self.fix = command("train", self.data, self.target, "--model", "mixed")

    @classmethod
    def example(cls) -> OtherInputsNotRead:
        return cls("text_cnn", "text", ["retweets", "country"], "tweets.csv", ["disaster"])


@dataclass(eq=False)
class ModelOfAnotherTask(PlainloopError):
    """A model that writes texts where none is to be written, or one that writes none where one is.

    What it does: refuses a model of sequences for classes and numbers, and any other model for a target that is a text.
    Why: a text is written token by token, which is another kind of net than one that chooses an answer.
    Example: `plainloop train phrases.tsv --target german --model table_mlp`
    Fix: a model of that kind, or no --model.
    """

    model: str
    task: str
    fitting: list[str]
    data: str
    target: list[str]

    def __post_init__(self) -> None:
        writes = self.task == "sequence"
        self.what = f"The model {self.model} {'writes no texts' if writes else 'writes texts'}; the task is {self.task}."
        self.expected = f"Expected one of: {', '.join(self.fitting)}."
        self.fix = command("train", self.data, self.target, "--model", self.fitting[0])

    @classmethod
    def example(cls) -> ModelOfAnotherTask:
        return cls("table_mlp", "sequence", ["sequence_transformer", "sequence_rnn"], "phrases.tsv", ["german"])
