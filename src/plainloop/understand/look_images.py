"""The door for pictures: a folder, an archive or arrays of them, and tables that name them. Called by look.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import polars as pl

from ..judge.contact_sheet import class_sheet
from ..options import DataOptions, as_names, as_pairs
from ..plain.checkpoint import write_file
from ..plain.columns.image import Image
from ..plain.config import Source
from ..plain.readers import images, tables
from ..plain.readers.content_digests import cache_folder
from ..plain.readers.pixel_cache import BAD, GOOD, pixels_of
from ..plain.readers.pixels import Size
from ..plain.table import Words
from ..problems import Notice
from .given import Given
from .image_copies import copies
from .image_problems import PicturesLeftOut, TooManyBadPictures
from .images import MOST_BAD, PictureOptions, are_pictures, choose_size, scan, schema_of
from .infer import InferOptions, Schema
from .path_columns import check_paths, path_of
from .picture_facts import Pictures
from .seen import Look, divide, split_for
from .target_problems import UnknownColumn

Progress = Callable[[int, int], None]


def picture_options(options: DataOptions) -> PictureOptions:
    return PictureOptions(options.image_size or "", options.image_mode or "", options.skip_bad)


def has_pictures(given: Given) -> bool:
    return are_pictures(given.data)


def look_at_pictures(given: Given) -> Look:
    """What a source of pictures is taken for; the labels are the target, where no other is named.

    Raises: PlainloopError.
    """
    paths, options = given.data, given.options
    parts = {part: given.files.get(part, []) for part in ("validation", "test")}
    made = scan(paths, picture_options(options), validation=parts["validation"], test=parts["test"], progress=given.progress)
    target = as_names(options.target) or list(made.listing.labels)
    for column in target:
        if column not in made.listing.labels:
            raise UnknownColumn(paths[0], "--target", column, list(made.listing.labels))
    asked = InferOptions(task=options.task or "", types=as_pairs(options.types))
    schema = schema_of(made, target, asked)
    seen = Look(given.name, made.source, schema, target, notices=[*made.notices, *schema.notices])
    seen.pictures = {"path": made.pictures}
    seen.split = split_for(schema, options, given.shares, seen.reasons, paths[0], target)
    typed = images.read(made.source, schema.config_columns())
    divide(seen, typed)
    labels = made.listing.labels[target[0]] if len(target) == 1 else ()
    seen.notices += copies(made.pictures, seen.rows, labels)
    return seen


def look_at_paths(
    frame: pl.DataFrame, schema: Schema, source: Source, target: list[str], options: DataOptions, progress: Progress | None
) -> tuple[Source, dict[str, Pictures], list[Notice]]:
    """The columns of paths of a table: every picture decoded, size and colours chosen, rows without a picture left out.

    Raises: PicturesMissing, TooManyBadPictures.
    """
    table, found, made = source.data[0], [], {}
    place = tables.load(source).place
    left_out: set[int] = set()
    guesses = [guess for guess in schema.columns if guess.type == "image" and guess.role == "input"]
    words_of = {}
    for guess in guesses:
        cells = frame[guess.name]
        found += check_paths(guess.name, cells, guess.format, table, target, place, options.skip_bad)
        words_of[guess.name] = images.words_of([None if cell is None else path_of(cell, guess.format, table) for cell in cells])
    sizes = {name: choose_size(words.words, picture_options(options)) for name, words in words_of.items()}
    for guess in guesses:
        cells, words, (size, reasons) = frame[guess.name], words_of[guess.name], sizes[guess.name]
        largest = max((other for other, _ in sizes.values()), key=lambda other: other.height * other.width)
        if (size.height, size.width) != (largest.height, largest.width):  # the channels of all columns stand side by side
            size, reasons = (
                Size(largest.height, largest.width, size.mode),
                {**reasons, "size": "as the other pictures"},
            )
        pictures = Pictures(table, words, size, reasons, pixels_of(words.words, size, progress))
        made[guess.name] = pictures
        guess.size, guess.mode, guess.sha256 = (size.height, size.width), size.mode, Image.digest(words)
        guess.reason = f"{guess.reason}; {pictures.choice()}"
        bad, named = np.flatnonzero(pictures.facts["state"] == BAD).tolist(), pictures.bad()
        if len(bad) > max(options.skip_bad, MOST_BAD * len(cells)):
            raise TooManyBadPictures(table, named, len(cells))
        if bad:
            found.append(PicturesLeftOut(table, named, len(cells)))
        found += pictures.notices()
        left_out |= set(bad)
        if alone(schema):
            left_out |= set(np.flatnonzero(words.codes < 0).tolist())
    return replace(source, left_out=tuple(sorted(left_out))), made, found


def alone(schema: Schema) -> bool:
    """Whether the pictures of one column are all that is learned from."""
    return sum(column.role == "input" for column in schema.columns) == 1


def copies_in(look: Look, frame: pl.DataFrame) -> list[Notice]:
    """What there is to say about copies of pictures in columns of paths."""
    labels: list[str | None] = []
    if look.task in ("Binary", "Multiclass"):
        labels = frame[look.target[0]].replace(look.schema[look.target[0]].replace).to_list()
    # where nothing but the pictures is learned from, rows that name the same one are equal rows: quality.py tells of them
    same = not alone(look.schema)
    return [found for made in look.pictures.values() for found in copies(made, look.rows, labels, look.target, same)]


def write_class_sheet(look: Look) -> Path | None:
    """Writes a PNG with some pictures of each class, for `inspect`, into the folder of caches; None where there are no pictures.

    Raises: StorageFailed.
    """
    pictures = next(iter(look.pictures.values()), None)
    if pictures is None:
        return None
    reader = import_module(f"..plain.readers.{look.source.reader}", __package__)
    table = reader.read(look.source, look.schema.config_columns())
    shown = pictures.facts["state"] == GOOD
    of_class = table[look.target[0]] if len(look.target) == 1 else None
    classes = of_class.tolist() if isinstance(of_class, Words) else [""] * len(shown)
    labels = [own if good else None for own, good in zip(classes, shown.tolist(), strict=True)]
    path = cache_folder() / f"{look.data}-classes.png"
    write_file(path, class_sheet(pictures.pixels.array, pictures.cells.codes, labels))
    return path
