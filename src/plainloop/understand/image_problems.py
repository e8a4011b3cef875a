"""What can be wrong with pictures as data, and how they are read. Made by images.py and image_copies.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..plain.faults import shorten
from ..plain.readers.folders import part_of
from ..problems import Notice, PlainloopError, command, listed

SHOWN = 2  # pictures that a message names


def named(bad: Sequence[tuple[str, str]]) -> str:
    """Names of pictures with what is wrong with them, shortened from the left, where folders stand."""
    shown = "; ".join(f"{tail(name)} {reason}" for name, reason in bad[:SHOWN])
    return shown if len(bad) <= SHOWN else f"{shown}; and {len(bad) - SHOWN} more"


def tail(name: str, limit: int = 40) -> str:
    return name if len(name) <= limit else "..." + name[3 - limit :]


@dataclass
class PicturesLeftOut(Notice):
    """A few pictures that cannot be decoded.

    What it does: names them (inspect names all of them) and leaves them out; the files stay as they are.
    Why: a file that is cut off, empty or no picture at all teaches nothing, and one that is filled up with grey teaches nonsense.
    Example: a JPEG whose download stopped half way.
    Fix: write the files again or move them away; where they should stop the work, look at the list first.
    """

    kind = "repair"
    expected = "Expected whole JPEG, PNG, GIF, BMP, WebP or TIFF pictures of at most 50 million pixels."
    data: str
    bad: list[tuple[str, str]]  # name, reason
    total: int

    def __post_init__(self) -> None:
        verb = "is" if len(self.bad) == 1 else "are"
        self.what = f"{len(self.bad)} of {self.total} pictures {verb} left out: {named(self.bad)}."
        self.details = tuple(dict.fromkeys(f"{name} {reason}" for name, reason in self.bad))
        self.fix = f"write these files again, or move them away, then: {command('inspect', self.data, [])}"

    @classmethod
    def example(cls) -> PicturesLeftOut:
        return cls("photos", [("photos/cat/17.jpg", "is cut off"), ("photos/dog/3.jpg", "is text")], 1200)


@dataclass(eq=False)
class TooManyBadPictures(PlainloopError):
    """More than a tenth of the pictures cannot be decoded.

    What it does: refuses to train, and names the first of them.
    Why: so many point to a download that failed, or to a folder of something else.
    Example: 300 of 1200 files are web pages named .jpg.
    Fix: write the files again, or say with --skip-bad how many may be left out; inspect then names all of them.
    """

    data: str
    bad: list[tuple[str, str]]
    total: int

    def __post_init__(self) -> None:
        self.what = f"{len(self.bad)} of {self.total} pictures in {self.data} cannot be decoded: {named(self.bad)}."
        self.expected = "Expected at most a tenth of the pictures to be damaged."
        self.why = "So many point to a download that failed, or to files of another kind."
        again = command("inspect", self.data, [], "--skip-bad", str(len(self.bad)))
        self.fix = f"write the files again, or see them all and leave them out: {again}"

    @classmethod
    def example(cls) -> TooManyBadPictures:
        return cls("photos", [("photos/cat/17.jpg", "is a web page (download the picture itself)")] * 300, 1200)


@dataclass(eq=False)
class EmptyClass(PlainloopError):
    """A class folder without a picture that can be read.

    What it does: refuses a folder that names a class and has no pictures, or none that can be decoded.
    Why: a class without pictures cannot be learned, and its folder shows that some were expected.
    Example: photos/dog is empty.
    Fix: put pictures into it, or remove the folder.
    """

    data: str
    folders: list[str]
    reason: str  # "is empty" or "has no picture that can be decoded"

    def __post_init__(self) -> None:
        verb = self.reason if len(self.folders) == 1 else self.reason.replace("is ", "are ", 1).replace("has ", "have ", 1)
        word = "folder" if len(self.folders) == 1 else "folders"
        self.what = f"The class {word} {listed([shorten(name) for name in self.folders], 5)} of {self.data} {verb}."
        self.expected = "Expected at least one picture in each class folder."
        self.why = "A class without pictures cannot be learned."
        self.fix = f"put pictures into it or remove the folder, then: {command('inspect', self.data, [])}"

    @classmethod
    def example(cls) -> EmptyClass:
        return cls("photos", ["dog"], "is empty")


def table_beside(place: str) -> str:
    """A table in a folder of pictures that may hold their labels; "" where none does. One of a test is the last choice."""
    found = [path for path in Path(place).glob("*") if path.suffix.lower() in (".csv", ".tsv", ".parquet", ".jsonl")]
    found = found or list(Path(place).glob("*/*.csv"))
    ranked = sorted(found, key=lambda path: ("submission" in path.name.lower(), part_of(str(path)) == "test", str(path)))
    return str(ranked[0]) if ranked else ""


@dataclass(eq=False)
class NoClasses(PlainloopError):
    """Pictures whose places say no class, or one class alone.

    What it does: refuses to train where all pictures lie in one folder.
    Why: the names of the sub-folders are the labels; with fewer than two there is nothing to tell apart.
    Example: photos/1.jpg, photos/2.jpg, ...
    Fix: one sub-folder for each class, or a table with a column of paths and a column of labels.
    """

    data: str
    pictures: int
    only: str  # the one class, "" where there is none
    facts: str = ""  # what the pictures are

    def __post_init__(self) -> None:
        facts = f" ({self.facts})" if self.facts else ""
        if self.only:
            self.what = f"All {self.pictures:,} pictures in {self.data}{facts} are of one class, {shorten(self.only)}."
        else:
            self.what = f"The {self.pictures:,} pictures in {self.data}{facts} lie in no class folders: their labels are missing."
        self.expected = "Expected a sub-folder for each of at least two classes, such as photos/cat and photos/dog."
        self.why = "The names of the sub-folders are the labels."
        self.fix = (
            "sort the pictures into sub-folders, or name a table of paths and labels: plainloop train labels.csv --target label"
        )
        if table := table_beside(self.data):
            self.fix = f"if the labels stand in {table}: {command('inspect', table, [])}"

    @classmethod
    def example(cls) -> NoClasses:
        return cls("photos", 1200, "", "1,200 .jpg, 512x384 to 640x480 pixels")


@dataclass
class FilesPassedOver(Notice):
    """Files among the pictures that are no pictures.

    What it does: leaves alone what is no picture by its name or its first bytes, and says so.
    Why: a table of labels often lies beside pictures; where it was meant to be read, this is the place to say so.
    Example: photos/cat/labels.csv
    Fix: name the table, where the labels stand in one.
    """

    expected = "Expected pictures alone."
    data: str
    files: list[str]

    def __post_init__(self) -> None:
        names = [tail(name) for name in self.files]
        verb = "file is no picture and is" if len(names) == 1 else "files are no pictures and are"
        self.what = f"{len(names)} {verb} passed over: {listed(names, SHOWN)}."
        table = next((name for name in self.files if name.lower().endswith((".csv", ".tsv"))), "labels.csv")
        self.fix = f"where the labels stand in a table: {command('inspect', table, [])}"

    @classmethod
    def example(cls) -> FilesPassedOver:
        return cls("photos", ["photos/labels.csv", "photos/README.md"])


@dataclass
class PicturesWithoutClass(Notice):
    """Pictures that lie beside the class folders.

    What it does: leaves out pictures that are in no class folder, and parts (such as test/) without class folders.
    Why: without a label a picture can neither train nor be judged.
    Example: photos/cover.jpg beside photos/cat and photos/dog; a contest's test folder.
    Fix: sort them into the class folders, or predict for them with the finished run.
    """

    expected = "Expected every picture in a class folder."
    data: str
    names: list[str]

    def __post_init__(self) -> None:
        verb = "is in no class folder and is" if len(self.names) == 1 else "are in no class folder and are"
        self.what = f"{len(self.names)} of the pictures {verb} left out: {listed([tail(name) for name in self.names], SHOWN)}."
        self.fix = f"sort them into class folders, then: {command('inspect', self.data, [])}"

    @classmethod
    def example(cls) -> PicturesWithoutClass:
        return cls("photos", ["photos/cover.jpg"])


@dataclass
class PicturesConverted(Notice):
    """Pictures that are brought into one form.

    What it does: turns pictures upright by their EXIF mark, sets transparent ones on white, makes RGB (or grey) of 8 bits of
    palettes, CMYK and 16 bits, and takes the first frame of animations; the same way in training and in prediction.
    Why: a model sees all pictures in one form, and who looks at the results should know which were changed.
    Example: photos taken upright with a telephone.
    Fix: convert the files beforehand where another result is wanted.
    """

    kind = "repair"
    expected = "Expected upright pictures of 8 bits per channel, RGB or grey, without transparency."
    data: str
    counts: dict[str, int]  # what was done -> number of pictures
    total: int

    def __post_init__(self) -> None:
        done = ", ".join(f"{count} {what}" for what, count in self.counts.items())
        self.what = f"Of {self.total} pictures are read in another form: {done}."
        self.fix = f"nothing, if that is right; else convert the files first, then: {command('inspect', self.data, [])}"

    @classmethod
    def example(cls) -> PicturesConverted:
        return cls("photos", {"turned upright by their EXIF mark": 31, "with transparency set on white": 2}, 1200)


@dataclass
class ColoursDropped(Notice):
    """Colour pictures read as grey.

    What it does: says that the sampled pictures are grey, so all are read as grey, and that some of the others have colours.
    Why: a third of the numbers is enough for grey pictures, but colours may matter where there are some.
    Example: 70000 grey scans and 12 colour ones.
    Fix: --image-mode rgb keeps the colours.
    """

    expected = "Expected grey pictures alone."
    data: str
    coloured: int
    total: int

    def __post_init__(self) -> None:
        self.what = f"{self.coloured} of {self.total} pictures have colours and are read as grey, as the others are."
        self.fix = f"to keep colours: {command('inspect', self.data, [], '--image-mode', 'rgb')}"

    @classmethod
    def example(cls) -> ColoursDropped:
        return cls("scans", 12, 70000)


@dataclass
class TinyPictures(Notice):
    """Pictures of less than 8 pixels on a side.

    What it does: enlarges them, and says so.
    Why: a picture of a few pixels is mostly a placeholder or a failed export.
    Example: 1 x 1 pixels, as tracking pictures on web pages have.
    Fix: remove them, where they are no pictures of the class.
    """

    expected = "Expected pictures of at least 8 pixels on each side."
    data: str
    names: list[str]
    smallest: str  # "1 x 1"

    def __post_init__(self) -> None:
        verb = "picture has" if len(self.names) == 1 else "pictures have"
        shown = listed([tail(name) for name in self.names], SHOWN)
        self.what = f"{len(self.names)} {verb} a side of less than 8 pixels (the smallest: {self.smallest}): {shown}."
        self.fix = f"remove them if they are placeholders, then: {command('inspect', self.data, [])}"

    @classmethod
    def example(cls) -> TinyPictures:
        return cls("photos", ["photos/cat/pixel.gif"], "1 x 1")


@dataclass
class LongPictures(Notice):
    """Pictures of which the crop keeps less than half.

    What it does: says how many pictures are more than twice as long as the part that is cut out of their centre.
    Why: what lies at the ends is not seen by the model.
    Example: panoramas, lines of text, 30000 x 1 pixels.
    Fix: another form of the picture with --image-size HEIGHTxWIDTH.
    """

    expected = "Expected pictures whose sides have about the same ratio."
    data: str
    count: int
    total: int
    longest: str
    suggested: str  # "48x192"

    def __post_init__(self) -> None:
        verb = "is" if self.count == 1 else "are"
        count = f"{self.count} of {self.total} pictures"
        self.what = f"{count} {verb} cut to less than half, around the centre; the longest is {self.longest}."
        self.fix = f"for long pictures: {command('inspect', self.data, [], '--image-size', self.suggested)}"

    @classmethod
    def example(cls) -> LongPictures:
        return cls("lines", 300, 320, "2480 x 160 pixels", "48x192")


@dataclass
class PicturesAcrossSplit(Notice):
    """The same picture among the train rows and among the test or validation rows.

    What it does: compares the bytes of the pictures, and their look by a perceptual hash whose hits are compared pixel by pixel.
    Why: a model that has seen the picture is not judged by it; the score comes out too high.
    Example: a photo stored under two names, or once more in a smaller size.
    Fix: remove the copies on one side.
    """

    expected = "Expected pictures of the train rows in no other part."
    data: str
    part: str
    exact: list[tuple[str, str]]  # name in the part, name among the train rows
    near: list[tuple[str, str]]
    rows: int  # pictures of the part
    target: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        kinds = [f"{len(pairs)} {word}" for pairs, word in ((self.exact, "byte for byte"), (self.near, "by their look")) if pairs]
        first, second = (self.exact or self.near)[0]
        shown = tail(first) if first == second else f"{tail(first)} and {tail(second)}"
        number = len(self.exact) + len(self.near)
        verb = "is a train picture too, or looks" if number == 1 else "are train pictures too, or look"
        count = f"{number} of {self.rows} {self.part} pictures"
        self.what = f"{count} {verb} the same: {', '.join(kinds)}; such as {shown}."
        self.why = "The model is then judged by pictures that it has seen; the score comes out too high."
        self.fix = f"remove the copies on one side, then: {command('inspect', self.data, self.target)}"

    @classmethod
    def example(cls) -> PicturesAcrossSplit:
        return cls(
            "photos",
            "test",
            [("photos/test/cat/9.jpg", "photos/train/cat/4.jpg")],
            [("photos/test/cat/2.jpg", "photos/train/cat/7.png")],
            240,
        )


@dataclass
class PicturesTwice(Notice):
    """Pictures that are there more than once, byte for byte.

    What it does: counts the copies within the data, and names those whose copies have different labels.
    Why: copies weigh double, and a picture with two labels is wrong at least once.
    Example: cat/1.jpg and dog/7.jpg are the same file.
    Fix: remove the copies.
    """

    expected = "Expected every picture once."
    data: str
    copies: int  # files that repeat an earlier one
    total: int
    conflicts: list[tuple[str, str]]  # names of equal pictures with different labels
    first: tuple[str, str]

    def __post_init__(self) -> None:
        shown = self.conflicts[0] if self.conflicts else self.first
        differ = f", {len(self.conflicts)} of them under another label" if self.conflicts else ""
        verb = "repeats another" if self.copies == 1 else "repeat others"
        pair = f"{tail(shown[0])} and {tail(shown[1])}"
        self.what = f"{self.copies} of {self.total} pictures {verb} byte for byte{differ}; such as {pair}."
        self.why = "A picture with two labels is wrong at least once." if self.conflicts else ""
        self.fix = f"remove the copies, then: {command('inspect', self.data, [])}"

    @classmethod
    def example(cls) -> PicturesTwice:
        return cls("photos", 7, 1200, [("photos/cat/1.jpg", "photos/dog/7.jpg")], ("photos/cat/1.jpg", "photos/dog/7.jpg"))


@dataclass(eq=False)
class ArrayNotPictures(PlainloopError):
    """An array in memory that does not hold pictures.

    What it does: refuses arrays of another shape, or with values that are neither 0 to 255 nor 0 to 1.
    Why: pixels are numbers from 0 to 255; anything else would be cut off.
    Example: an array of shape (100, 784).
    Fix: reshape it to (n, height, width) or (n, height, width, 3).
    """

    found: str

    def __post_init__(self) -> None:
        self.what = f"The array is {self.found}, which is not pictures."
        self.expected = (
            "Expected uint8 from 0 to 255, or floats from 0 to 1, of shape (n, height, width) or (n, height, width, 3)."
        )
        self.why = "Pixels are stored as whole numbers from 0 to 255."
        self.fix = "plainloop.train((images.reshape(-1, 28, 28), labels))"

    @classmethod
    def example(cls) -> ArrayNotPictures:
        return cls("float64 of shape (100, 784)")
