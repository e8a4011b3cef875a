"""What can be wrong with pictures when they are read. Copied into ejected projects beside the files that raise these."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from ..faults import Fault, shorten


@dataclass(eq=False)
class DamagedPictures(Fault):
    """A zip archive or an array file of pictures that cannot be read.

    What it does: refuses an archive, an idx file or a NumPy file that is cut off, or is something else than its name says.
    Why: where the frame is broken no picture in it can be trusted.
    Example: train-images-idx3-ubyte whose header speaks of 60000 pictures and that holds 512.
    Fix: download or write the file again.
    """

    file: str
    found: str
    wanted: str
    arrays: tuple[str, ...] = ()  # of an npz file without pictures

    def __post_init__(self) -> None:
        self.what = f"{self.file} cannot be read: {self.found}."
        self.expected = f"Expected {self.wanted}."
        self.fix = f"download or write the file again, then: plainloop inspect {shlex.quote(self.file)}"
        if len(self.arrays) > 1:  # rows of numbers
            x, y = self.arrays[:2]
            self.fix = f"in Python: found = numpy.load({self.file!r}), then: plainloop.train((found[{x!r}], found[{y!r}]))"

    @classmethod
    def example(cls) -> DamagedPictures:
        found = "its header speaks of 60000 pictures of 28 x 28, which is 47040000 bytes, and 401408 follow"
        return cls(
            "train-images-idx3-ubyte.gz",
            found,
            "an idx file of pictures: magic number 2051 or 2052, then the sizes, then the pixels",
        )


@dataclass(eq=False)
class UnsafeNames(Fault):
    """A zip archive with names that lead out of it.

    What it does: refuses an archive in which a name is absolute, has a drive letter or a "..".
    Why: such archives are made to overwrite files elsewhere; nothing is unpacked here, but a ".." is no label either.
    Example: ../../etc/cron.d/job
    Fix: pack the folder again.
    """

    file: str
    names: list[str]

    def __post_init__(self) -> None:
        count, first = len(self.names), shorten(self.names[0], 80)
        self.what = f"{self.file} has {count} name{'s' * (count > 1)} leading out of the archive, such as {first}."
        self.expected = "Expected names below one folder, such as cats/1.jpg."
        self.why = "Archives like this are made to overwrite files elsewhere."
        self.fix = "pack the folder of pictures again, then: plainloop inspect photos.zip"

    @classmethod
    def example(cls) -> UnsafeNames:
        return cls("photos.zip", ["../../evil.jpg"])


@dataclass(eq=False)
class NoPictures(Fault):
    """A folder or an archive without pictures.

    What it does: refuses a place in which no file is a picture, by its name or by its first bytes.
    Why: there is nothing to learn from.
    Example: a folder of text files.
    Fix: name the folder that has one sub-folder per class.
    """

    place: str
    found: list[str]

    def __post_init__(self) -> None:
        holds = f"it holds {', '.join(self.found[:5])}" + (f" and {len(self.found) - 5} more" if len(self.found) > 5 else "")
        self.what = f"{self.place} has no pictures; {holds if self.found else 'it is empty'}."
        self.expected = (
            "Expected JPEG, PNG, GIF, BMP, WebP or TIFF files in one sub-folder per class, a zip of such folders, or idx files."
        )
        self.fix = "plainloop inspect FOLDER"

    @classmethod
    def example(cls) -> NoPictures:
        return cls("photos", ["notes.txt"])


@dataclass(eq=False)
class CountsDiffer(Fault):
    """Pictures and labels that are not as many as each other.

    What it does: refuses a file of pictures whose file of labels has another length, or is not there.
    Why: which label belongs to which picture is then unknown.
    Example: 60000 pictures, 10000 labels.
    Fix: put the two files that belong together side by side.
    """

    file: str
    pictures: int
    labels_file: str
    labels: int  # -1: the file is not there

    def __post_init__(self) -> None:
        there = f"{self.labels_file} has {self.labels} labels" if self.labels >= 0 else f"there is no {self.labels_file}"
        self.what = f"{self.file} has {self.pictures} pictures and {there}."
        self.expected = "Expected one label for each picture, in the same order."
        self.why = "Which label belongs to which picture is unknown."
        self.fix = "put the two files that belong together into one folder, then: plainloop inspect FOLDER"

    @classmethod
    def example(cls) -> CountsDiffer:
        return cls("train-images-idx3-ubyte", 60000, "train-labels-idx1-ubyte", 10000)


@dataclass(eq=False)
class UnreadablePictures(Fault):
    """Pictures that cannot be decoded, met where they are needed.

    What it does: refuses to train on or to predict for a picture that cannot be decoded.
    Why: a picture made up in its place would get a prediction that means nothing.
    Example: a photo whose download stopped half way.
    Fix: inspect names all of them; training leaves them out by itself while they are few.
    """

    bad: list[tuple[str, str]]  # name, reason
    total: int

    def __post_init__(self) -> None:
        shown = "; ".join(f"{shorten(name[-60:], 60)} {reason}" for name, reason in self.bad[:2])
        self.what = f"{len(self.bad)} of {self.total} pictures cannot be decoded: {shown}."
        self.expected = "Expected whole JPEG, PNG, GIF, BMP, WebP or TIFF pictures of at most 50 million pixels."
        self.fix = "plainloop inspect FOLDER names them all; move them away or write them again"

    @classmethod
    def example(cls) -> UnreadablePictures:
        return cls([("photos/cat/17.jpg", "is cut off")], 1200)


@dataclass(eq=False)
class NoRoomForPixels(Fault):
    """Too little space on the disk for the decoded pictures.

    What it does: refuses before decoding where the disk of the cache is nearly full.
    Why: decoded pictures are kept on the disk, so that the next run starts at once.
    Example: 100000 pictures of 224 pixels need 15 GB.
    Fix: make room, or set PLAINLOOP_CACHE to a folder on a larger disk.
    """

    folder: str
    needed: int
    free: int
    exit_code = 5

    def __post_init__(self) -> None:
        self.what = (
            f"The decoded pictures need {self.needed / 1e9:.1f} GB in {self.folder}, where {self.free / 1e9:.1f} GB are free."
        )
        self.expected = "Expected room for the decoded pictures and 0.5 GB more."
        self.fix = "make room there, or set the environment variable PLAINLOOP_CACHE to a folder on a larger disk"

    @classmethod
    def example(cls) -> NoRoomForPixels:
        return cls("/home/ada/.cache/plainloop", 15_052_800_000, 3_000_000_000)
