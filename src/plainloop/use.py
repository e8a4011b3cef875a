"""A finished run at work on other rows: predict and evaluate."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .plain.checkpoint import StorageFailed, write_file
from .plain.config import Source
from .problems import Notice
from .run_folder import make_folder
from .sources import as_frame, is_in_memory
from .trained_rows import again
from .understand.tag_problems import RowsWithoutLabel, TagsUnknown
from .use_problems import ColumnsMissing, NothingToScore, RowsWithoutPicture, StrangeCells, UnseenLabels, WrongWidth
from .use_series import evaluate_forecast, forecast_lines, name_of, whole_series
from .use_series_problems import BadOrigin
from .writing import as_lines, decoding, leave_blank, limits, line_columns, pair_of, writes

if TYPE_CHECKING:
    from .plain.config import Column
    from .run_folder import Run


def table_of(run: Run, source: Any, *, with_target: bool) -> tuple[Any, list[Notice]]:
    """The rows of a source as the run's own reader types them, with the repairs of the run repeated.

    with_target: whether the targets must be there; where they need not be, they are read all the same if all of them are.

    Raises: ColumnsMissing and what reading raises.
    """
    from .understand.look_texts import texts_like
    from .understand.probe import probe_like

    config, reader = run.config, run._plain(f"readers.{run.config.source.reader}")
    if config.source.reader == "images":
        from .understand.images import pictures_like

        columns = [*config.inputs, *(config.targets if with_target else [])]
        return pictures_like(source, config.source, reader, columns), []
    pictures = None if with_target else pictures_alone(run, source)
    if pictures is not None:
        return pictures, []
    named = "the data" if is_in_memory(source) else str(source if isinstance(source, (str, Path)) else source[0])
    source = pair_of(source) if writes(run) else texts_like(source, config)
    if is_in_memory(source):
        frame, _ = as_frame(source)
        columns = columns_for(run, list(frame.columns), with_target=with_target)
        check_columns([column.name for column in columns], list(frame.columns), named, run)
        table = reader.read_frame(frame, columns, config.source.missing)
        empty = {name: frame[name].null_count() for name in frame.columns}
        return table, [*strange_cells(run, empty, table), *(strange_tags(run, table, named) if with_target else [])]
    paths = [str(source)] if isinstance(source, (str, Path)) else [str(path) for path in source]
    found, notices = probe_like(paths, config.source, line_columns(run, paths))
    reader = run._plain(f"readers.{found.reader}")
    there = list(reader.read_text(found)[0].columns)
    if found.format == "csv" and not found.header and not config.source.header:
        names = places_without_header(run, len(there), paths[0], with_target=with_target)
        columns = columns_for(run, list(names), with_target=with_target)
    else:
        columns = columns_for(run, there, with_target=with_target)
        names = {column.name: column.name for column in columns}
        check_columns(list(names), there, paths[0], run)
    wanted = [column.name for column in columns]
    table = reader.read(replace(found, sha256=""), [replace(column, name=names[column.name]) for column in columns])
    table = type(table)({name: table[names[name]] for name in wanted}, table.parts)
    empty = {name: reader.read_text(found)[0][names[name]].null_count() for name in wanted}
    notices += strange_cells(run, empty, table)
    return table, [*notices, *(strange_tags(run, table, paths[0]) if with_target else [])]


def pictures_alone(run: Run, source: Any) -> Any:
    """A folder or archive of pictures, for a run whose one input is a column that names pictures; None for other sources."""
    from .plain.readers import images
    from .understand.images import are_pictures

    inputs, plain = run.config.inputs, run._plain("table")
    paths = [source] if isinstance(source, (str, Path)) else source
    if [column.type for column in inputs] != ["image"] or is_in_memory(source) or not are_pictures(paths):
        return None
    listing = images.listed(Source(reader="images", format="images", data=tuple(map(str, paths))))
    cells = images.words_of(list(listing.names))
    return plain.Table({inputs[0].name: plain.Words(cells.codes, cells.words)}, {"data": range(len(cells))})


def strange_cells(run: Run, empty: dict[str, int], table: Any) -> list[Notice]:
    """Cells that the model reads as missing or as an unknown word; empty: how many cells of each column are empty."""
    found: list[tuple[str, str, int]] = []
    for column in run.config.inputs:
        cells, fitted = table[column.name], run.preparation.columns[column.name]
        if fitted.kind == "text":
            found += [
                (column.name, "texts most of whose words the train rows did not have, or once", count)
                for count in [fitted.strange(cells)]
                if count
            ]
        elif hasattr(fitted, "words"):
            unknown = [word not in set(fitted.words) for word in cells.words]
            count = int(np.array([*unknown, False])[cells.codes].sum())
            if count:
                found.append((column.name, "words that the train rows did not have, or once", count))
        elif column.type == "number" and not column.also_missing:
            count = int(np.isnan(cells).sum()) - empty.get(column.name, 0)
            if count > 0:
                found.append((column.name, "cells that are no numbers", count))
    return [StrangeCells(found, len(table))] if found else []


def strange_tags(run: Run, table: Any, data: str) -> list[Notice]:
    """What there is to say of rows to be judged by several labels in a cell: those without one, those with a strange one."""
    target = run.config.targets[0]
    found: list[Notice] = []
    if target.type != "tags":
        return found
    known, split = set(run.preparation.task.labels), run._plain("table").split_tags
    words, rows_of = table[target.name].words, np.bincount(table[target.name].codes + 1, minlength=1)[1:].tolist()
    if count := dict(zip(words, rows_of, strict=False)).get("", 0):
        found.append(RowsWithoutLabel(data, [target.name], count, len(table), [], [], str(run.folder)))
    strange = [sorted(set(split(word, target.separator or ",")) - known) for word in words]
    if rows := sum(count for count, labels in zip(rows_of, strange, strict=False) if labels):
        found.append(TagsUnknown(data, sorted({label for labels in strange for label in labels}), rows))
    return found


def columns_for(run: Run, there: list[str], *, with_target: bool) -> list[Column]:
    """The columns to read: the inputs, and the targets where they are needed or all there.

    A target that is not needed is read as an input is: a cell that is no number is missing, and no reason to refuse.
    """
    targets = run.config.targets
    if with_target:
        return [*run.config.inputs, *targets]
    known = all(column.name in there for column in targets)
    return [*run.config.inputs, *(replace(column, role="input") for column in targets if known)]


def places_without_header(run: Run, width: int, file: str, *, with_target: bool) -> dict[str, str]:
    """Where each column of the run stands in a file without header that has all columns, or all but the targets.

    Raises: WrongWidth.
    """
    columns = run.config.columns
    full = int(run.facts.get("columns", 0)) or max(int(column.name) for column in columns) + 1
    targets = {int(column.name) for column in columns if column.role == "target"}
    if width == full:
        return {column.name: column.name for column in columns}
    if with_target or width != full - len(targets):
        raise WrongWidth(file, width, full, 0 if with_target else full - len(targets))
    left = [str(place) for place in range(full) if place not in targets]
    return {name: str(place) for place, name in enumerate(left)}


def check_columns(wanted: list[str], there: list[str], place: str, run: Run) -> None:
    missing = [name for name in wanted if name not in there]
    if missing:
        targets = {column.name for column in run.config.targets}
        raise ColumnsMissing(place, missing, there, str(run.folder), only_target=set(missing) <= targets)


def predict(run: Run, source: Any, output: str | Path | None, how: dict[str, Any], origin: Any = None) -> list[Any]:
    """See `Run.predict`."""
    names: list[str] = []
    if run.config.source.reader == "series":
        with decoding(run, how):
            return predict_ahead(run, source, output, origin)
    if origin is not None:
        raise BadOrigin(str(run.folder), name_of(source), str(origin), "the run is no forecast")
    if run.config.source.reader == "sequences":
        table, names, run.notices = whole_series(run, source, with_target=False)
    else:
        table, run.notices = table_of(run, source, with_target=False)
    seen, notices = seen_rows(run, table)
    run.notices += notices
    with decoding(run, how):
        scores = run.scores(table.rows(seen) if notices else table)
    run.notices += limits(run, table, scores)
    task = run.preparation.task
    answers, report = task.decode(scores), task.report_columns(scores)
    if writes(run):
        leave_blank(run, table, answers, report)
    if output is not None:
        report = {name: spread(cells, seen, len(table)) for name, cells in report.items()}
        called = {"series": names} if names else file_names(run, source)
        columns = {**called, **run._plain("evaluate").beside(run.config, table), **truth_of(run, table), **report}
        text = run._plain("evaluate").predictions_csv(np.arange(len(table)), columns)
        lines = writes(run) and str(output) != "-" and not str(output).lower().endswith(".csv")
        write_text(output, as_lines(answers) if lines else text)
    return spread(answers, seen, len(table))


def file_names(run: Run, source: Any) -> dict[str, list[Any]]:
    """The column `file` of the predictions for a folder or archive of texts: each file with its folder."""
    from .understand.look_texts import files_of_texts

    names = [] if writes(run) else files_of_texts(source, run.config)
    words = run._plain("table").Words(np.arange(len(names), dtype=np.int32), names)
    return {"file": run._plain("evaluate").files_of(words)} if names else {}


def predict_ahead(run: Run, source: Any, output: str | Path | None, origin: Any) -> list[dict[str, Any]]:
    """The coming steps, a line for each; see use_series.py."""
    lines, run.notices = forecast_lines(run, source, origin)
    if output is not None:
        count = len(next(iter(lines.values())))
        text = run._plain("evaluate").predictions_csv(np.arange(count), lines)
        write_text(output, "".join(line.partition(",")[2] + "\n" for line in text.splitlines()))  # without the number of the line
    return [dict(zip(lines, cells, strict=True)) for cells in zip(*lines.values(), strict=True)]


def seen_rows(run: Run, table: Any) -> tuple[np.ndarray, list[Notice]]:
    """The rows all of whose pictures can be decoded, and what there is to say of the others. Shape: int64 (n,).

    Raises: UnreadablePictures where no row is left.
    """
    bad: dict[int, tuple[str, str]] = {}
    for column in run.config.inputs:
        if column.type == "image":
            cells, size = table[column.name], run._plain("readers.pixels").Size(*column.size, column.mode)
            reasons = run._plain("readers.pixel_cache").pixels_of(cells.words, size).bad if cells.words else {}
            bad |= {row: (cells.words[code], reasons[code]) for row, code in enumerate(cells.codes.tolist()) if code in reasons}
    if bad and len(bad) == len(table):
        raise run._plain("readers.image_faults").UnreadablePictures([bad[row] for row in sorted(bad)], len(table))
    seen = np.array([row for row in range(len(table)) if row not in bad], np.int64)
    return seen, [RowsWithoutPicture([bad[row] for row in sorted(bad)], len(table))] if bad else []


def spread(cells: list[Any], rows: np.ndarray, count: int) -> list[Any]:
    """The cells at their rows among `count`, None elsewhere."""
    made: list[Any] = [None] * count
    for row, cell in zip(rows.tolist(), cells, strict=True):
        made[row] = cell
    return made


def truth_of(run: Run, table: Any) -> dict[str, list[Any]]:
    """The column `truth` of the predictions, where the rows came with their target; empty cells where one is missing."""
    names = [column.name for column in run.config.targets]
    if any(name not in table.columns for name in names):
        return {}
    if len(names) == 1:
        cells = table[names[0]].tolist()
        return {"truth": [None if cell != cell else cell for cell in cells]}
    return {
        "truth": [
            ",".join(name for name, on in zip(names, row, strict=True) if on == 1)
            for row in zip(*(table[name] for name in names), strict=True)
        ]
    }


def write_text(output: str | Path, text: str) -> None:
    """Writes the text to a file, whole or not at all; "-" is stdout. Raises: StorageFailed."""
    path = Path(output)
    if str(output) == "-":
        sys.stdout.write(text)
        return
    make_folder(path.parent, exist_ok=True)
    if path.exists() and not path.is_file():  # a device such as /dev/null must not be replaced by a file
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise StorageFailed(str(path), error.strerror or str(error)) from error
    else:
        write_file(path, text)


def evaluate(run: Run, source: Any, how: dict[str, Any], asked: Any = None) -> dict[str, Any]:
    """See `Run.evaluate`."""
    from .judge.extra import extra_values
    from .judge.intervals import intervals
    from .judge.metric_names import built, of_run
    from .judge.metric_problems import MetricFailed

    own = built(of_run(run.folder, run.facts) if asked is None else asked, run.preparation.task, str(run.folder), (), "evaluate")
    if run.config.source.reader == "series":
        with decoding(run, how):
            return evaluate_forecast(run, source)
    if run.config.source.reader == "sequences":
        table, _, notices = whole_series(run, source, with_target=True)
    else:
        table, notices = table_of(run, source, with_target=True)
    task = run.preparation.task
    seen, said = seen_rows(run, table)
    table, notices = table.rows(seen) if said else table, [*notices, *said]
    target = run.preparation.rows(table).targets() if writes(run) else run.preparation.target(table)
    known = table[run.config.targets[0].name].codes >= 0 if writes(run) else known_rows(target)
    if not known.all():
        strange = np.flatnonzero(~known)
        cells = table[run.config.targets[0].name][strange]
        labels = cells.present() if hasattr(cells, "words") else []
        if not known.any():
            known_labels = [str(label) for label in getattr(run.preparation.task, "labels", [])]
            raise NothingToScore(
                str(source) if isinstance(source, (str, Path)) else "the data", len(strange), labels, known_labels
            )
        notices.append(UnseenLabels(labels, len(strange)))
    rows = np.flatnonzero(known)
    with decoding(run, how):
        scores = run.scores(table.rows(rows), with_target=writes(run))
    notices += limits(run, table.rows(rows), scores)
    whole = getattr(task, "whole", None)  # of texts that are written; the code of an older run has none
    truth = whole(table[run.config.targets[0].name][rows]) if whole else None
    metrics = intervals(task, scores, target[rows], truth=truth)
    notices += again(run, table.rows(rows), partial(figure_of, task, scores, target[rows], truth))
    values, failed = extra_values(task, scores, target[rows], own)
    metrics |= {name if name not in metrics else f"own_{name}": value for name, value in values.items()}
    notices += [MetricFailed(name, why) for name, why in failed.items()]
    return {"run": str(run.folder), "rows": len(rows), "headline": task.headline, "metrics": metrics, "notices": notices}


def figure_of(task: Any, scores: Any, target: Any, truth: list[str] | None, rows: np.ndarray) -> float | None:
    """The headline metric of some of the rows."""
    more = {} if truth is None else {"truth": [truth[row] for row in rows.tolist()]}
    value = task.metrics(scores[rows], target[rows], **more)[task.headline]
    return None if value is None else float(value)


def known_rows(target: Any) -> np.ndarray:
    """Which rows have a target that the task knows. Shape: bool (n,)."""
    bad = target.isnan() if target.is_floating_point() else target < 0
    return ~(bad.any(1) if bad.dim() == 2 else bad).numpy()
