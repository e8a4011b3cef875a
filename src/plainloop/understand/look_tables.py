"""The door for rows: tables, texts in folders and files of lines, sentence pairs. Called by look.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

import polars as pl

from ..options import Names, as_names, as_pairs
from ..plain.config import Source
from ..problems import Notice
from .defaults import text_model
from .given import Given
from .infer import InferOptions, infer
from .look_images import copies_in, look_at_paths
from .look_texts import asked_of_texts, form_of, probe_texts, say_where_from
from .pairs import check_pairs, inputs_of, probe_pairs, recurs, sequence_settings, source_column, target_files
from .probe import probe
from .quality import check
from .seen import Look, divide, split_for
from .series_notices import CouldForecast
from .setting_problems import SplitBySeveral
from .target_problems import UnknownColumn
from .text_columns import text_settings
from .text_facts import text_facts, text_notices


@dataclass
class Probed:
    """Files of rows as they are read."""

    source: Source
    notices: list[Notice]
    target: list[str]
    form: str = ""  # of texts in folders and files, see look_texts.form_of; "labelled": lines that begin with their labels


def look_at_table(given: Given) -> Look:
    """What rows are taken for. Raises: PlainloopError."""
    found = probed(given)
    reader = import_module(f"..plain.readers.{found.source.reader}", __package__)
    frame, _ = reader.read_text(found.source)
    made = understood(given, found, frame)
    pairs = made.task == "Sequence"
    (settle_pairs if pairs else settle_texts)(made, frame)
    if made.schema.task is not None:
        recurring = recurring_source(given, made, frame) if pairs else ""
        made.split = split_for(made.schema, given.options, given.shares, made.reasons, given.data[0], made.target, recurring)
        typed = reader.read(made.source, made.schema.config_columns())
        divide(made, typed)
        made.notices += text_notices(frame, made.schema, made.rows, made.source, made.target)
        made.notices += check(frame, made.schema, made.rows, made.source, allow_leak=given.options.allow_leak)
        if made.task == "Regression" and given.options.time:
            made.notices.append(CouldForecast(given.data[0], made.target, given.options.time))
        if pairs:
            made.notices += check_pairs(frame, made.schema, made.source, grouped=made.split.by == recurring != "")
    made.texts = text_facts(frame, made.schema, made.rows)
    made.notices += copies_in(made, frame)
    return made


def probed(given: Given) -> Probed:
    """How the files are read: lines that belong together, texts in folders, or a table. Raises: PlainloopError."""
    lines = target_files(given.data, given.target) if given.on_disk else ()
    if lines:
        found, notices = probe_pairs(given.data, lines, given.read, {part: file for part, (file,) in given.files.items()})
        return Probed(found, notices, [found.names[1]])
    form = form_of(given.data)
    if form:
        found, notices = probe_texts(given.data, form, given.options.encoding or "", **given.files)
        return Probed(found, notices, given.target or ["label"], form)
    found, notices = probe(given.data, given.read, target=given.target, **given.files)
    labelled = "labelled" if found.format == "labelled" else ""
    return Probed(found, notices, given.target or list(found.names[1:]), labelled)


def understood(given: Given, found: Probed, frame: pl.DataFrame) -> Look:
    """The columns and the task; pictures that a column of paths names are decoded. Raises: PlainloopError."""
    options, target = given.options, found.target
    if given.on_disk and not found.source.names and options.target:  # numbers stand for columns of files without a header
        target = as_names(options.target, frame.columns)
    written = dict.fromkeys(target, "text") if given.generated else {}
    asked = InferOptions(
        task=options.task or "",
        types=as_pairs(options.types) | written,
        ignore=tuple(as_names(options.ignore, frame.columns)),
        group=column_of("--group", options.group, frame.columns, given.data[0], target),
        time=column_of("--time", options.time, frame.columns, given.data[0], target),
        clock=tuple(as_names(options.time, frame.columns)),
        date_format=options.date_format or "",
        tags=options.tags or "",
    )
    schema = infer(frame, found.source, target, asked_of_texts(asked, found.form, frame) if found.form else asked)
    if found.form:
        say_where_from(schema, found.form, asked)
    made = Look(given.name, found.source, schema, target, notices=[*found.notices])
    if any(column.type == "image" for column in schema.columns):
        made.source, made.pictures, said = look_at_paths(frame, schema, found.source, target, options, given.progress)
        made.notices += said
    made.notices += schema.notices
    return made


def column_of(option: str, value: Names, columns: Sequence[str], data: str, target: list[str]) -> str:
    """The one column of --time or --group; "" where several are named and nothing is learned: a series is looked at.

    Raises: SplitBySeveral, UnknownColumn.
    """
    names = as_names(value, columns)
    if len(names) < 2:
        return "".join(names)
    if target:
        raise SplitBySeveral(option, names, data, target)
    for name in names:
        if name not in columns:
            raise UnknownColumn(data, option, name, list(columns))
    return ""


def settle_texts(made: Look, frame: pl.DataFrame) -> None:
    """How texts become tokens."""
    texts = text_inputs(made, frame)
    made.text = text_settings(texts, made.schema.rows) if texts else {}
    kinds = [made.type for made in made.schema.columns if made.role == "input"]
    if kinds == ["text"] and made.task in ("Binary", "Multiclass"):
        made.model = text_model(made.text, made.schema.rows)


def settle_pairs(made: Look, frame: pl.DataFrame) -> None:
    """The same, where a text is written, too."""
    made.notices += inputs_of(made.schema, frame, made.source.data[0], made.target)
    made.text, made.sequence = sequence_settings(text_inputs(made, frame), frame[made.target[0]])


def text_inputs(made: Look, frame: pl.DataFrame) -> list[pl.Series]:
    return [frame[column.name] for column in made.schema.columns if column.type == "text" and column.role == "input"]


def recurring_source(given: Given, made: Look, frame: pl.DataFrame) -> str:
    """The column of sources that have several answers, which must stay on one side of the split; "" where there is none."""
    if len(given.files) == 2:  # both parts have files of their own: nothing is drawn
        return ""
    column = source_column(made.schema)
    return column if recurs(frame, column) else ""
