"""What can be wrong with texts as data, and how they are read. Made by look_texts.py and text_columns.py."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..plain.faults import shorten
from ..problems import Notice, PlainloopError, command, listed
from .image_problems import tail

SHOWN = 3  # files that a message names


@dataclass(eq=False)
class TextsWithoutClasses(PlainloopError):
    """Texts whose places say no class, or one class alone.

    What it does: refuses to train where all texts lie in one folder, or one sub-folder alone has texts.
    Why: the names of the sub-folders, or of the files that hold a text per line, are the labels.
    Example: reviews/1.txt, reviews/2.txt, ...
    Fix: one sub-folder for each class, one file for each class, or a table with a column of texts and a column of labels.
    """

    data: str
    texts: int
    only: str  # the one class, "" where there is none
    facts: str = ""  # what the texts are

    def __post_init__(self) -> None:
        facts = f" ({self.facts})" if self.facts else ""
        if self.only:
            self.what = f"All {self.texts:,} texts in {self.data}{facts} are of one class, {shorten(self.only)}."
        else:
            self.what = f"The {self.texts:,} texts in {self.data}{facts} lie in no class folders: their labels are missing."
        self.expected = (
            "Expected a sub-folder of .txt files for each of at least two classes, or a file for each, a text per line."
        )
        self.why = "The names of the sub-folders or files are the labels."
        self.fix = (
            "sort the texts into sub-folders, or name a table of texts and labels: plainloop train reviews.csv --target label"
        )

    @classmethod
    def example(cls) -> TextsWithoutClasses:
        return cls("reviews", 1200, "", "1 to 310 words, half have 42 or more")


@dataclass(eq=False)
class NoTexts(PlainloopError):
    """A folder or an archive in which no file holds text.

    What it does: refuses a place whose files are all binary, or empty.
    Why: there is nothing to read.
    Example: documents saved as .txt by a word processor in its own format.
    Fix: write them as plain text.
    """

    data: str
    files: list[str]

    def __post_init__(self) -> None:
        holds = f"it holds {listed([tail(name) for name in self.files], SHOWN)}" if self.files else "it is empty"
        self.what = f"{self.data} has no files of text; {holds}."
        self.expected = "Expected .txt files of plain text."
        self.fix = f"write the texts as plain text, then: {command('inspect', self.data, [])}"

    @classmethod
    def example(cls) -> NoTexts:
        return cls("reviews", ["reviews/1.doc"])


@dataclass
class TextFilesPassedOver(Notice):
    """Files among the texts that are not read.

    What it does: leaves alone what is no text by its name or its bytes, what lies beside the class folders, and folders of texts
    without a class (unsup); says so.
    Why: a README is no example; where such a file was meant to be read, this is the place to say so.
    Example: aclImdb/README, aclImdb/train/urls_pos.txt
    Fix: move texts that were meant into the folder of their class.
    """

    expected = "Expected class folders of .txt files, and nothing beside them."
    data: str
    files: list[str]
    zeros: list[str] = field(default_factory=list)  # those of them that have zero bytes

    def __post_init__(self) -> None:
        names = [tail(name) for name in self.files]
        self.what = f"{len(names):,} file{'s are' if len(names) > 1 else ' is'} not read: {listed(names, SHOWN)}."
        again = command("inspect", self.data, [])
        self.fix = f"move texts that are examples into the folder of their class, with names that end in .txt, then: {again}"
        if self.zeros:
            some = listed([tail(name) for name in self.zeros], SHOWN)
            self.what = f"{self.what[:-1]}; of these {len(self.zeros):,} have zero bytes, as no text has: {some}."
        if len(self.zeros) == len(self.files):
            self.what = f"{len(names):,} file{'s are' if len(names) > 1 else ' is'} not read for zero bytes in them: {some}."
            self.fix = f"write them as plain text if they are examples, then: {again}"

    @classmethod
    def example(cls) -> TextFilesPassedOver:
        return cls("aclImdb", ["aclImdb/README", "aclImdb/imdb.vocab"])


@dataclass
class EmptyTexts(Notice):
    """Rows whose text is empty.

    What it does: counts them; they stay, as a text without words, unless the target is missing too.
    Why: nothing can be learned from an empty text but how often each class has one.
    Example: 12 of 5,000 cells of "review" are empty.
    Fix: remove the rows.
    """

    expected = "Expected a text in every row."
    data: str
    target: list[str]
    column: str
    rows: int
    total: int
    place: str
    written: bool = False  # whether the target is a text

    def __post_init__(self) -> None:
        self.what = f'{self.rows:,} of {self.total:,} texts of "{self.column}" are empty, the first in {self.place}.'
        learned = "nothing of what to answer" if self.written else "only how often each class has one"
        self.why = f"They are read as a text without words; a model can learn {learned}."
        self.fix = f"fill or remove these rows, then: {command('inspect', self.data, self.target)}"

    @classmethod
    def example(cls) -> EmptyTexts:
        return cls("reviews.csv", ["stars"], "review", 12, 5000, "line 17")


@dataclass
class LongText(Notice):
    """A text many times as long as the others.

    What it does: names the longest text, where it has more than fifty times the characters that 99 of 100 texts have.
    Why: such a text is often several that ran together (a quote left open), or a file that is no text; it is cut as all long ones
    are.
    Example: line 812 has 240,000 characters, 99 of 100 texts at most 900.
    Fix: look at it.
    """

    expected = "Expected texts of like kind."
    data: str
    target: list[str]
    column: str
    place: str
    characters: int
    usual: int

    def __post_init__(self) -> None:
        self.what = (
            f'The longest text of "{self.column}", {self.place}, has {self.characters:,} characters; '
            f"99 of 100 have at most {self.usual:,}."
        )
        self.why = "Such a text is often several that ran together. It is cut, as the longest are."
        self.fix = f"look at it; if a quote was left open: {command('inspect', self.data, self.target, '--quote', '')}"

    @classmethod
    def example(cls) -> LongText:
        return cls("reviews.csv", ["stars"], "review", "line 812", 240_000, 900)


@dataclass
class TextsOfUnknownWords(Notice):
    """Texts to be judged that have no word of the train texts.

    What it does: warns where more than one in twenty of the validation or test texts share no word with the train texts.
    Why: of words that no train text has the model knows nothing; it answers such texts by their length, or by runs of letters.
    Example: a test file in another language.
    Fix: a file of the same kind, or rows drawn from the train file.
    """

    expected = "Expected texts of the same kind in all parts."
    data: str
    target: list[str]
    column: str
    part: str
    strange: int
    looked_at: int

    def __post_init__(self) -> None:
        share = self.strange / self.looked_at
        self.what = f'{share:.0%} of the {self.part} texts of "{self.column}" have no word that a train text has.'
        self.why = "The model knows nothing of their words, so its figures on them say little."
        self.fix = f"look whether both are of one kind and language: {command('inspect', self.data, self.target)}"

    @classmethod
    def example(cls) -> TextsOfUnknownWords:
        return cls("reviews.csv", ["stars"], "review", "test", 400, 1000)


@dataclass
class LabelInText(Notice):
    """Texts that name their own class.

    What it does: warns where nearly every text of each class holds a word that no text of the other classes has.
    Why: a mark that the labelling left behind gives a model that is right on these data alone.
    Example: every spam message begins with "[SPAM]".
    Fix: remove the mark from the texts.
    """

    expected = "Expected texts that do not hold their label."
    data: str
    target: list[str]
    column: str
    marks: dict[str, str]  # class -> the word
    share: float

    def __post_init__(self) -> None:
        said = listed([f'"{label}" texts hold {shorten(word)}' for label, word in self.marks.items()], SHOWN)
        self.what = f'The texts of "{self.column}" name their class: {self.share:.0%} of the {said}, and hardly another does.'
        self.why = "If that is a mark of the labelling, the model is right on these data alone."
        self.fix = f"remove the mark from the texts, then: {command('inspect', self.data, self.target)}"

    @classmethod
    def example(cls) -> LabelInText:
        return cls("mail.csv", ["kind"], "message", {"spam": "[spam]"}, 1.0)
