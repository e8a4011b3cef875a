"""Pictures as data: where they are, which classes they have, which are damaged; and the size and colours to train on.

`scan` decodes every picture once, into the cache that the run reads from; what cannot be decoded is named and left out. Stands
beside infer.py, which does the same for tables.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ..plain.config import Column, Source
from ..plain.readers import images
from ..plain.readers.array_pictures import array_files
from ..plain.readers.containers import Unreadable, archive, array_of, is_array_file, parts_of, read_bytes
from ..plain.readers.folders import JUNK
from ..plain.readers.picture_kinds import is_picture_name
from ..plain.readers.pixel_cache import BAD, pixels_of
from ..plain.readers.pixels import Header, Size, Trait, decode, header_of
from ..plain.table import Table
from ..problems import Notice, again, nearest
from .column_types import ColumnGuess, Values, guess
from .file_problems import FileMissing
from .image_problems import (
    EmptyClass,
    FilesPassedOver,
    NoClasses,
    PicturesLeftOut,
    PicturesWithoutClass,
    TooManyBadPictures,
)
from .infer import Context, InferOptions, Schema
from .picture_facts import CHANGE, Pictures
from .setting_problems import BadSetting

MOST_BAD = 0.1  # share of the pictures that may be left out without asking
KEPT = 64  # pictures up to this side keep their size
SIDES = (64, 96, 128, 224)  # what larger ones are brought to
LARGEST = ((5_000, 128), (20_000, 96))  # below so many pictures at most this side: what two cores train in minutes
SMALLEST = 16  # a side that models can still halve
SAMPLED = 500  # pictures whose headers decide the size


@dataclass(frozen=True)
class PictureOptions:
    """What the user says about pictures; the empty values mean: find out."""

    size: str = ""  # "96" or "48x192"
    mode: str = ""  # "rgb" or "grey"
    skip_bad: int = 0


@dataclass
class Scan:
    """A source of pictures: its files and labels, and what is in them."""

    source: Source
    listing: images.Listing
    pictures: Pictures
    notices: list[Notice] = field(default_factory=list)

    def frame(self) -> pl.DataFrame:
        """Paths and labels as strings, null where missing; a picture that is left out has no label."""
        left_out = set(self.source.left_out)
        columns = {
            name: [None if row in left_out else cell for row, cell in enumerate(cells)]
            for name, cells in self.listing.labels.items()
        }
        return pl.DataFrame({"path": self.listing.names, **columns}, schema_overrides=dict.fromkeys(columns, pl.String))


def are_pictures(paths: Sequence[str | Path]) -> bool:
    """Whether the paths name pictures rather than tables: folders or archives of them, array files, single pictures."""
    return bool(paths) and all(_is_place_of_pictures(str(path)) for path in paths)


def _is_place_of_pictures(path: str) -> bool:
    if os.path.isdir(path):
        top = [entry.name for entry in os.scandir(path) if not JUNK.search(entry.name)]
        if array_files(top):
            return True
        names = [name for _, name in zip(range(5000), _names_below(path), strict=False)]
        found, texts = sum(map(is_picture_name, names)), sum(name.lower().endswith(".txt") for name in names)
        folders = sum(os.path.isdir(os.path.join(path, name)) for name in top)
        has_table = any(re.search(r"\.(csv|tsv|parquet|jsonl)$", name, re.IGNORECASE) for name in top)
        in_archives = any(name.lower().endswith(".zip") and _is_place_of_pictures(os.path.join(path, name)) for name in top)
        return in_archives or (found > 0 and texts <= 2 * found and (folders > 1 or not has_table))
    if path.lower().endswith(".zip") and os.path.isfile(path):
        names = [name for name in archive(path).members if not JUNK.search(name)]
        return sum(map(is_picture_name, names)) > len(names) / 2
    return os.path.isfile(path) and (is_array_file(path) or is_picture_name(path))


def _names_below(path: str) -> Any:
    for _, folders, names in os.walk(path, followlinks=True):
        folders[:] = [name for name in folders if not JUNK.search(name)]
        yield from (name for name in names if not JUNK.search(name))


def scan(
    data: Sequence[str],
    options: PictureOptions | None = None,
    *,
    validation: Sequence[str] = (),
    test: Sequence[str] = (),
    training: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Scan:
    """Reads and decodes all pictures. training: labels are needed.

    Raises: NoPictures, NoClasses, EmptyClass, TooManyBadPictures and what reading raises.
    """
    options = options or PictureOptions()
    source = Source(reader="images", format="images", data=tuple(data), validation=tuple(validation), test=tuple(test))
    listing = images.listed(source)
    words = images.words_of(list(listing.names))
    named = data[0]
    if training:
        check_classes(named, listing)
    size, reasons = choose_size(words.words, options)
    pictures = Pictures(named, words, size, reasons, pixels_of(words.words, size, progress))
    made = Scan(source, listing, pictures)
    bad = np.flatnonzero(pictures.facts["state"] == BAD).tolist()
    if len(bad) > max(options.skip_bad, MOST_BAD * len(listing.names)):
        raise TooManyBadPictures(named, pictures.bad(), len(listing.names))
    made.source = replace(source, left_out=tuple(bad), sha256=images.digest([*source.data, *source.validation, *source.test]))
    if bad:
        made.notices.append(PicturesLeftOut(named, pictures.bad(), len(listing.names)))
    if training:
        check_left(named, listing, set(bad))
    made.notices += [*pictures.notices(), *notices(named, listing)]
    return made


def facts_of(names: Sequence[str]) -> str:
    """Kinds of pictures and their sizes in words; the sizes by the headers of the first ones."""
    kinds = Counter(os.path.splitext(name)[1].lower() or "without ending" for name in names)
    sizes = []
    for name in names[:SAMPLED]:
        with suppress(Unreadable, ValueError, OSError):
            header = header_of(read_bytes(name))
            sizes.append((header.height, header.width))
    words = [f"{count:,} {kind}" for kind, count in kinds.most_common(3)]
    if sizes:
        ends = [f"{one[1]}x{one[0]}" for one in (min(sizes), max(sizes))]
        words.append((" to ".join(ends) if ends[0] != ends[1] else ends[0]) + " pixels")
    return ", ".join(words)


def check_classes(named: str, listing: images.Listing) -> None:
    """Raises: EmptyClass, NoClasses."""
    if listing.empty:
        raise EmptyClass(named, listing.empty, "is empty")
    if list(listing.labels) == ["label"]:
        found = sorted({label for label in listing.labels["label"] if label is not None})
        if len(found) < 2:
            raise NoClasses(named, len(listing.names), found[0] if found else "", facts_of(listing.names))


def check_left(named: str, listing: images.Listing, bad: set[int]) -> None:
    """Raises: EmptyClass where all pictures of a class are damaged."""
    for labels in listing.labels.values():
        before = {label for label in labels if label is not None}
        after = {label for row, label in enumerate(labels) if label is not None and row not in bad}
        if before - after:
            raise EmptyClass(named, sorted(before - after), "has no picture that can be decoded")


def choose_size(names: Sequence[str], options: PictureOptions) -> tuple[Size, dict[str, str]]:
    """The size and the colours that all pictures are brought to, and why. Raises: BadSetting."""
    sample = [names[i] for i in np.unique(np.linspace(0, len(names) - 1, min(SAMPLED, len(names))).astype(int))]
    headers = [header for header in map(_header, sample) if header is not None]
    reasons: dict[str, str] = {}
    if options.mode and options.mode not in ("rgb", "grey"):
        raise BadSetting("image_mode", options.mode, "rgb or grey", "rgb", how=again("image_mode", "rgb"))
    if options.mode:
        mode, reasons["mode"] = options.mode, "asked for"
    else:
        grey = bool(headers) and (all(header.traits & Trait.GREY for header in headers) or _looks_grey(sample[:40]))
        mode, reasons["mode"] = ("grey", "the pictures have no colours") if grey else ("rgb", "the pictures have colours")
    height, width, reasons["size"] = _sides(headers, len(names), options.size)
    return Size(height, width, mode), reasons


def _sides(headers: list[Header], count: int, asked: str) -> tuple[int, int, str]:
    if asked:
        found = re.fullmatch(r"(\d{1,4})(?:\s*[xX,*]\s*(\d{1,4}))?", str(asked).strip())
        sides = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 8 <= min(sides) <= max(sides) <= 1024:
            wanted = "a side in pixels, 8 to 1024, or HEIGHTxWIDTH"
            raise BadSetting("image_size", asked, wanted, "64", how=again("image_size", "64"))
        return *sides, "asked for"
    if not headers:
        return KEPT, KEPT, "no picture can be read"
    heights, widths = np.array([h.height for h in headers]), np.array([h.width for h in headers])
    shorter = int(np.median(np.minimum(heights, widths)))
    alike = len(set(zip(heights.tolist(), widths.tolist(), strict=True))) == 1
    if alike and max(heights[0], widths[0]) <= KEPT and min(heights[0], widths[0]) >= SMALLEST:
        return int(heights[0]), int(widths[0]), f"all sampled pictures are {widths[0]} x {heights[0]}: kept"
    if shorter <= KEPT:
        side = max(SMALLEST, shorter)
        return side, side, f"the median of the shorter sides is {shorter} pixels"
    most = next((side for below, side in LARGEST if count < below), SIDES[0])
    side = max(side for side in SIDES if side <= max(SIDES[0], min(most, shorter)))
    why = f"the median of the shorter sides is {shorter} pixels; {side} trains in reasonable time with {count:,} pictures"
    return side, side, why


def _header(name: str) -> Header | None:
    try:
        if is_array_file(parts_of(name)[0]):
            rows, _ = array_of(name)
            traits = Trait.GREY if rows.ndim == 3 or rows.shape[3] == 1 else Trait(0)
            return Header("array", rows.shape[1], rows.shape[2], traits)
        return header_of(read_bytes(name))
    except Unreadable:
        return None


def _looks_grey(names: Sequence[str]) -> bool:
    """Whether pictures stored in colour have none: red, green and blue are alike in all of them."""
    for name in names:
        try:
            if is_array_file(parts_of(name)[0]):
                rows, row = array_of(name)
                pixels = rows[row] if rows.ndim == 4 else np.repeat(rows[row][:, :, None], 3, 2)
            else:
                pixels = decode(read_bytes(name), Size(32, 32, "rgb"))[0]
        except Unreadable:
            continue
        if np.ptp(pixels[:, :, :3].astype(np.int16), axis=2).max() > 8:
            return False
    return True


def notices(named: str, listing: images.Listing) -> list[Notice]:
    """What there is to say about pictures without a class and files that are no pictures."""
    found: list[Notice] = []
    loose = [*listing.unlabelled]
    if list(listing.labels) == ["label"]:
        loose += [name for name, label in zip(listing.names, listing.labels["label"], strict=True) if label is None]
    if loose and len(loose) < len(listing.names) + len(listing.unlabelled):
        found.append(PicturesWithoutClass(named, loose))
    if listing.others:
        found.append(FilesPassedOver(named, listing.others))
    return found


def schema_of(made: Scan, target: list[str], options: InferOptions | None = None) -> Schema:
    """The schema of the pictures: a column of paths, and the labels with the task. Raises what infer_task raises."""
    from .target import infer_task

    options, frame, data = options or InferOptions(), made.frame(), made.source.data[0]
    if list(made.listing.labels) == ["label"] and not is_array_file(made.listing.names[0].split("::")[0]):
        options = replace(options, types={"label": "category", **options.types})  # names of folders are words, "2020" too
    good = frame.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in made.listing.labels)) if target else frame
    parts = {part: range(rows.start, rows.stop) for part, rows in made.listing.parts.items()}
    path = ColumnGuess("path", "image", "input", made.pictures.choice(), CHANGE, len(frame), 0, frame["path"].head(3).to_list())
    path.size, path.mode = made.pictures.size[:2], made.pictures.size.mode
    columns = [path]
    for name in made.listing.labels:
        label = guess(Values.of(frame[name], "."))
        label.role, label.kept_out = ("target" if name in target else "ignored"), ("" if name in target else "asked")
        columns.append(label)
    if not target:
        return Schema(columns, None, [], len(frame), len(frame))
    labelled_frame = frame if len(good) == len(frame) else good
    if len(labelled_frame) < len(frame):  # said by PicturesLeftOut and PicturesWithoutClass already
        kept = (
            frame.with_row_index("row")
            .filter(pl.any_horizontal(pl.col(name).is_not_null() for name in made.listing.labels))["row"]
            .to_numpy()
        )
        parts = {part: range(*np.searchsorted(kept, [rows.start, rows.stop]).tolist()) for part, rows in parts.items()}
    context = Context(labelled_frame, parts, data, target, options, ".", lambda row: made.listing.names[row], {})
    task, labelled, said = infer_task(context, columns)
    return Schema(columns, task, said, len(frame), labelled)


def pictures_like(source: Any, trained: Source, reader: Any, columns: Sequence[Column]) -> Table:
    """The pictures of another source as the run's own reader reads them: a path, several, or arrays in memory."""
    from ..sources import is_in_memory, write_pictures

    if is_in_memory(source):
        paths = [write_pictures(source, Path(tempfile.mkdtemp(prefix="plainloop-")), "pictures")]
    else:
        paths = [str(source)] if isinstance(source, (str, Path)) else [str(path) for path in source]
    for path in paths:
        if not os.path.exists(path):
            folder = Path(path).parent if Path(path).parent.is_dir() else Path(".")
            near = nearest(Path(path).name, sorted(entry.name for entry in folder.iterdir()))
            raise FileMissing(path, [str(folder / name) for name in near], str(folder))
    return reader.read(replace(trained, data=tuple(paths), validation=(), test=(), left_out=(), sha256=""), columns)
