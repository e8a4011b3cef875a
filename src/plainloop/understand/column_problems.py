"""What there is to say about the columns of a table: what was left out, repaired or guessed. Made by infer.py."""

from __future__ import annotations

from dataclasses import dataclass

from ..plain.faults import shorten
from ..problems import Notice, PlainloopError, command, listed, trying

# Why a column is left out -> how that is said of one or several columns, and why they cannot help.
LEFT_OUT = {
    "empty": ("no cell has a value", ""),
    "constant": ("the same value in every row", "What never changes cannot tell rows apart."),
    "identifier": ("it tells rows apart like an id", "An id can be learned by heart, but says nothing about new rows."),
    "copy": ("it repeats another column", "The same values twice add nothing."),
    "many words": ("too many different words", "Most of them occur once; there is nothing to learn about such words."),
    "names": ("they look like names", "Names tell rows apart like ids; a model would learn them by heart."),
    "mixed dates": ("dates in no one order of day and month", "01/02 could be January or February."),
    "asked": ("named by --ignore", ""),
}


@dataclass
class ColumnsLeftOut(Notice):
    """Columns that are not used as inputs.

    What it does: names the columns that are left out, one notice for each reason: no values, one value, an id, a copy of
    another column, too many different words, names of people or things, dates in two orders.
    Why: such columns say nothing about new rows, and an id can be learned by heart.
    Example: PassengerId has a different number in every row.
    Fix: bring a column back with --types NAME=TYPE.
    """

    data: str
    target: list[str]
    reason: str  # a key of LEFT_OUT
    columns: list[tuple[str, str]]  # name, details

    def __post_init__(self) -> None:
        said, self.why = LEFT_OUT[self.reason]
        if len(self.columns) == 1:
            self.what = f'Column "{self.columns[0][0]}" is left out: {self.columns[0][1]}.'
        else:
            self.what = f"{len(self.columns)} columns are left out, {said}: {listed([name for name, _ in self.columns], 12)}."
        self.expected = "Expected columns with at least two values that recur, or numbers."
        words = self.reason in ("names", "many words") or "different value" in self.columns[0][1]  # each once: no category
        kind = "text" if words else "category"
        again = command("train", self.data, self.target, "--types", f"{self.columns[0][0]}={kind}")
        self.fix = f"to use it all the same: {again}"
        if self.reason in ("empty", "constant"):
            again = command("train", self.data, self.target, "--ignore", ",".join(name for name, _ in self.columns[:10]))
            self.fix = f"nothing has to be done; to hear no more of it: {again}"

    @classmethod
    def example(cls) -> ColumnsLeftOut:
        return cls("titanic.csv", ["Survived"], "identifier", [("PassengerId", "whole numbers 1 to 891, each once")])


@dataclass
class WordsAmongNumbers(Notice):
    """A few words in a column of numbers.

    What it does: reads a column as numbers although up to three different words occur in it; those cells count as missing.
    Why: as words, every number would be a category of its own.
    Example: "tbd" in a column of scores.
    Fix: if the words mean something, read the column as words with --types NAME=category.
    """

    kind = "repair"
    expected = "Expected numbers in every cell, or words in every cell."
    data: str
    target: list[str]
    column: str
    words: list[tuple[str, int]]
    place: str

    def __post_init__(self) -> None:
        said = ", ".join(f"{count} {'cell says' if count == 1 else 'cells say'} {shorten(word)}" for word, count in self.words)
        self.what = f'Column "{self.column}" holds numbers, but {said} (first in {self.place}); they count as missing.'
        self.why = "A model is told that the value is missing, so what the words mean together is not lost."
        again = command("train", self.data, self.target, "--types", self.column + "=category")
        self.fix = f"to read the column as words: {again}"

    @classmethod
    def example(cls) -> WordsAmongNumbers:
        return cls("games.csv", ["Global_Sales"], "User_Score", [("tbd", 2425)], "line 121")


@dataclass
class InfiniteNumbers(Notice):
    """Infinite numbers in an input column.

    What it does: counts inf, -inf and numbers beyond 1e308 as missing.
    Why: one infinite input makes the scores, the loss and then every weight not-a-number.
    Example: a ratio whose divisor was 0.
    Fix: replace the values in the file if they mean something.
    """

    kind = "repair"
    expected = "Expected finite numbers."
    data: str
    target: list[str]
    column: str
    words: list[tuple[str, int]]
    place: str

    def __post_init__(self) -> None:
        count = sum(rows for _, rows in self.words)
        self.what = (
            f'Column "{self.column}" has {count} infinite value{"s" * (count > 1)} '
            f"({listed([word for word, _ in self.words])}; first in {self.place}); they count as missing."
        )
        self.why = "One infinite input turns the loss, and then every weight, into not-a-number."
        self.fix = f"to leave the column out: {command('train', self.data, self.target, '--ignore', self.column)}"

    @classmethod
    def example(cls) -> InfiniteNumbers:
        return cls("loans.csv", ["default"], "debt_ratio", [("inf", 12)], "line 88")


@dataclass
class NumbersAsWords(Notice):
    """Whole numbers that are codes.

    What it does: reads numbers with leading zeros, or beyond 2^53, as words.
    Why: as a number 02134 would lose its zero, and 9007199254740993 its last digit.
    Example: postal codes.
    Fix: read them as numbers with --types NAME=number.
    """

    expected = "Expected amounts to be written without leading zeros, and below 2^53."
    data: str
    target: list[str]
    column: str
    reason: str

    def __post_init__(self) -> None:
        self.what = f'Column "{self.column}" is read as words: {self.reason}.'
        self.fix = f"to read it as numbers: {command('train', self.data, self.target, '--types', self.column + '=number')}"

    @classmethod
    def example(cls) -> NumbersAsWords:
        return cls("houses.csv", ["price"], "zip", 'whole numbers with leading zeros, such as "02134"')


@dataclass
class SignsRemoved(Notice):
    """Numbers written with currency signs, per cent signs or thousands separators.

    What it does: takes $, %, spaces and thousands separators away where every cell is written alike, and a unit if asked for.
    Why: "$1,200" is a number to a reader, and a word to a computer.
    Example: a price column with "$1,200".
    Fix: keep the words with --types NAME=category.
    """

    kind, expected = "repair", "Expected digits alone."
    data: str
    target: list[str]
    column: str
    signs: str
    examples: list[str]

    def __post_init__(self) -> None:
        shown = f"{shorten(self.signs)}: {', '.join(map(shorten, self.examples))}"
        self.what = f'Column "{self.column}" is read as numbers without {shown}.'
        keep = "--task multiclass" if self.column in self.target else f"--types {self.column}=category"
        self.fix = f"to keep the words: {command('train', self.data, self.target, *keep.split(' ', 1))}"

    @classmethod
    def example(cls) -> SignsRemoved:
        return cls("houses.csv", ["sold"], "price", "$,", ["$1,200", "$950"])


@dataclass
class MixedColumn(Notice):
    """Numbers and words in one column.

    What it does: reads a column in which numbers and words are mixed as words.
    Why: the words are too many or too different to mean "no value".
    Example: a column with "12", "x7" and "none".
    Fix: say what means "no value" with --missing, or force numbers with --types NAME=number.
    """

    expected = "Expected either numbers or words in a column."
    data: str
    target: list[str]
    column: str
    words: list[str]

    def __post_init__(self) -> None:
        shown = ", ".join(map(shorten, self.words))
        self.what = f'Column "{self.column}" mixes numbers with words such as {shown}; it is read as words.'
        self.why = "A word in a column of numbers is either a category or a mark for a missing value."
        self.fix = f"if these words mean no value: {command('train', self.data, self.target, '--missing', ','.join(self.words))}"

    @classmethod
    def example(cls) -> MixedColumn:
        return cls("houses.csv", ["price"], "rooms", ["many", "few"])


@dataclass
class AmbiguousDates(Notice):
    """Dates whose day and month could be swapped.

    What it does: tells that every date of a column can be read in two orders, and which one is used.
    Why: 01/02/2020 is 2 January in one country and 1 February in another.
    Example: all days and months are 12 or less.
    Fix: say the order with --date-format.
    """

    expected = "Expected at least one day above 12, or dates like 2020-02-01."
    data: str
    target: list[str]
    column: str
    example_word: str
    used: str
    other: str

    def __post_init__(self) -> None:
        word = shorten(self.example_word)
        self.what = f'Column "{self.column}": dates such as {word} fit {self.used} and {self.other}; {self.used} is used.'
        self.why = "The wrong order of day and month moves most dates by weeks."
        self.fix = command("train", self.data, self.target, "--date-format", self.other)

    @classmethod
    def example(cls) -> AmbiguousDates:
        return cls("sales.csv", ["amount"], "day", "01/02/2020", "%m/%d/%Y", "%d/%m/%Y")


@dataclass(eq=False)
class AmbiguousTime(PlainloopError):
    """The time column's day and month could be swapped, or it holds no times.

    What it does: refuses a --time column whose dates can be read in two orders, or are no dates or numbers.
    Why: the split by time would put late rows before early ones.
    Example: --time day, and every date fits %d/%m/%Y and %m/%d/%Y.
    Fix: say the order with --date-format.
    """

    data: str
    target: list[str]
    column: str
    example_word: str
    forms: list[str]

    def __post_init__(self) -> None:
        fits = f"fit {' and '.join(self.forms)}" if self.forms else "fit no known form"
        self.what = f'The time column "{self.column}": values such as {shorten(self.example_word)} {fits}.'
        self.expected = "Expected times in one order, which --date-format names (%d day, %m month, %Y year, %H hour, %M minute)."
        self.why = "Read in the wrong order, rows of the future would train the model."
        form = (self.forms or ["%d/%m/%Y"])[-1]
        self.fix = command(trying(), self.data, self.target, "--time", self.column, "--date-format", form)
        self.fix += "" if self.forms else ", with the form of your times"

    @classmethod
    def example(cls) -> AmbiguousTime:
        return cls("sales.csv", ["amount"], "day", "01/02/2020", ["%m/%d/%Y", "%d/%m/%Y"])


@dataclass(eq=False)
class NothingToLearnFrom(PlainloopError):
    """No input column is left.

    What it does: refuses a table in which no column but the target can be used.
    Why: without inputs every row would get the same prediction.
    Example: all columns are constant.
    Fix: bring a column back with --types NAME=TYPE.
    """

    data: str
    target: list[str]
    columns: list[tuple[str, str]]  # name, reason
    time: str = ""  # the column of --time

    def __post_init__(self) -> None:
        said = "; ".join(f"{name}: {reason}" for name, reason in self.columns[:5])
        self.what = f"{self.data}: no column is left to learn from" + (f" ({said})." if said else ".")
        self.expected = "Expected at least one column beside the target that differs from row to row."
        words = [name for name, reason in self.columns if "different word" in reason or "different value" in reason]
        empty = all("no cell has a value" in reason for _, reason in self.columns)
        kind = (f"{words[0]}=text",) if words else tuple(f"{name}=category" for name, _ in self.columns[:1])
        self.fix = command("inspect", self.data, self.target, *(("--types", *kind) if kind else ()))
        if self.columns and empty:
            self.fix = (
                f"fill column {shorten(self.columns[0][0])} of {self.data}, then: {command('inspect', self.data, self.target)}"
            )
        if self.time and not self.columns:
            self.expected = "Expected at least one column beside the target and the time, or --horizon for a forecast."
            self.why = "A forecast learns from the past of the target itself."
            self.fix = command(trying(), self.data, self.target, "--time", self.time, "--horizon", "24")

    @classmethod
    def example(cls) -> NothingToLearnFrom:
        return cls("houses.csv", ["price"], [("country", 'every cell is "NL"')])


@dataclass
class CaseVariants(Notice):
    """Words that differ only in upper and lower case.

    What it does: tells that a column has words that are the same but for their case; they stay different.
    Why: "cat" and "Cat" are probably one thing, and half the rows of each teach less than all of both.
    Example: "yes" and "Yes" in a column.
    Fix: write the words alike in the file.
    """

    expected = "Expected one spelling for one thing."
    data: str
    target: list[str]
    column: str
    words: list[tuple[str, int]]

    def __post_init__(self) -> None:
        said = ", ".join(f"{shorten(word)} ({count})" for word, count in self.words)
        self.what = f'Column "{self.column}" has words that differ only in case: {said}; they are kept apart.'
        self.fix = f"write them alike in {self.data}, then: {command('train', self.data, self.target)}"

    @classmethod
    def example(cls) -> CaseVariants:
        return cls("pets.csv", ["age"], "animal", [("cat", 40), ("Cat", 3)])


@dataclass
class OneWordOrMissing(Notice):
    """A column with one value and empty cells.

    What it does: keeps a column that holds one single value or nothing; only whether it is there can help.
    Why: that a value is missing often says something; the value itself cannot.
    Example: "yes" or nothing.
    Fix: leave it out with --ignore.
    """

    expected = "Expected at least two different values."
    data: str
    target: list[str]
    columns: list[str]

    def __post_init__(self) -> None:
        self.what = f"One value or missing: {listed(self.columns)}; only whether the value is there is used."
        self.fix = command("train", self.data, self.target, "--ignore", ",".join(self.columns))

    @classmethod
    def example(cls) -> OneWordOrMissing:
        return cls("houses.csv", ["price"], ["pool"])


@dataclass
class MaybeIdentifier(Notice):
    """A column without a name that looks like an id.

    What it does: tells that a column of a file without header holds nearly as many different large whole numbers as rows.
    Why: an id says nothing about new rows; but an amount looks the same.
    Example: column 0 with 645 different numbers in 699 rows.
    Fix: leave it out with --ignore if it is an id.
    """

    expected = "Expected measurements or categories."
    data: str
    target: list[str]
    column: str
    distinct: int
    rows: int

    def __post_init__(self) -> None:
        count = f"{self.distinct} different whole numbers in {self.rows} rows"
        self.what = f'Column "{self.column}" has {count}; it is used as a number.'
        self.why = "If it numbers the rows or the people, it says nothing about new ones."
        self.fix = f"if it is an id: {command('train', self.data, self.target, '--ignore', self.column)}"

    @classmethod
    def example(cls) -> MaybeIdentifier:
        return cls("cancer.data", ["10"], "0", 645, 699)


@dataclass
class CountedAsMissing(Notice):
    """Words that count as missing.

    What it does: tells which words were read as "no value", in how many cells of which columns.
    Why: NA may be a missing value, or Namibia.
    Example: "?" in 5721 cells.
    Fix: keep a word as a word with --missing keep:WORD.
    """

    kind = "repair"
    expected = "Expected an empty cell where there is no value."
    data: str
    target: list[str]
    words: dict[str, int]
    columns: list[str]

    def __post_init__(self) -> None:
        said = ", ".join(f"{shorten(word)} ({count} cell{'s' * (count > 1)})" for word, count in self.words.items())
        self.what = f"Counted as missing: {said}, in {listed(self.columns)}."
        keep = "keep:" + next(iter(self.words))
        self.fix = f"to keep it as a word: {command('train', self.data, self.target, '--missing', keep)}"

    @classmethod
    def example(cls) -> CountedAsMissing:
        return cls("adult.csv", ["income"], {"?": 4262}, ["workclass", "occupation", "native-country"])
