"""Runs that write texts, at work: lines in, lines out, and how answers are looked for. Used by use.py."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .plain.readers.tables import unpacked
from .problems import Notice
from .use_problems import AnswersCut, BadDecoding, NotForThisTask, TextsCut

if TYPE_CHECKING:
    from .run_folder import Run

TABLES = (".csv", ".tsv", ".tab", ".parquet", ".jsonl", ".ndjson", ".json", ".arff", ".zip")
# option -> the least and the most it can be
BOUNDS = {
    "beam": (1, 1000),
    "length_penalty": (0.0, 10.0),
    "temperature": (0.0, 100.0),
    "top": (0, 1_000_000),
    "seed": (0, 2**62),
}
# option -> the one that it counts beside, the value of that one which makes nothing of it, one that does not
NEEDED = {"top": ("temperature", 0, 1), "seed": ("temperature", 0, 1), "length_penalty": ("beam", 1, 5)}


def writes(run: Run) -> bool:
    return run.config.task.name == "Sequence"


def leave_blank(run: Run, table: Any, answers: list[Any], report: dict[str, list[Any]]) -> None:
    """Takes back what was written for rows whose source says nothing: an empty line is answered by an empty line."""
    texts = zip(*(table[column.name].tolist() for column in run.config.inputs), strict=True)
    for row, said in enumerate(texts):
        if not any((text or "").strip() for text in said):
            answers[row] = ""
            for name, cells in report.items():
                cells[row] = "" if name == "prediction" else None


@contextmanager
def decoding(run: Run, how: dict[str, Any]) -> Iterator[None]:
    """Answers are looked for as the options say, for once; those that are None stay as the run has them.

    Raises: NotForThisTask, BadDecoding.
    """
    given = {name: value for name, value in how.items() if value is not None}
    if not given:
        yield
        return
    if not writes(run):
        raise NotForThisTask(str(run.folder), run.metrics["task"], sorted(given))
    for name, value in given.items():
        low, high = BOUNDS[name]
        if not isinstance(value, (int, float)) or not low <= value <= high or (isinstance(low, int) and value != int(value)):
            raise BadDecoding(name, value, low, high, str(run.folder))
    if given.get("beam", 1) > 1 and given.get("temperature"):
        raise BadDecoding("temperature", given["temperature"], 0.0, 0.0, str(run.folder), beside="beam")
    task = run.preparation.task
    before = task.decoding
    fewer = {"beam": 1} if given.get("temperature") else {}
    wanted = replace(before, **fewer, **given)
    for name, (other, off, usual) in NEEDED.items():
        if name in given and getattr(wanted, other) <= off:
            raise BadDecoding(name, given[name], *BOUNDS[name], str(run.folder), without=f"{other} {usual}")
    task.decoding = wanted
    try:
        yield
    finally:
        task.decoding = before


def line_columns(run: Run, paths: Sequence[str]) -> tuple[str, ...]:
    """The columns of files of lines: a text in each line, in a second file the answers; () where the files are tables."""
    texts = [column.name for column in run.config.inputs if column.type == "text"]
    if not writes(run) or len(texts) != 1:
        return ()
    name = Path(paths[0]).name.lower().removesuffix(".gz")
    if not Path(paths[0]).is_file() or name.endswith(TABLES) or run.config.source.format in ("parquet", "jsonl"):
        return (texts[0],) if Path(paths[0]).is_file() and not name.endswith(TABLES) else ()
    start = unpacked(paths[0], "")[:4096].lstrip(b"\xef\xbb\xbf")
    if re.match(rb"IN: .*OUT: ", start):
        return ()
    head = start.partition(b"\n")[0].decode("utf-8", "replace").strip()
    cells = [cell.strip().strip('"') for cell in head.split(run.config.source.delimiter)]
    if run.config.source.format == "csv" and texts[0] in cells:
        return ()
    return (texts[0], *(column.name for column in run.config.targets)) if len(paths) > 1 else (texts[0],)


def pair_of(source: Any) -> Any:
    """A source, where it is two files with a comma between them as a list of both."""
    if isinstance(source, str) and "," in source and not Path(source).exists():
        files = [name.strip() for name in source.split(",")]
        return files if all(Path(name).is_file() for name in files) else source
    return source


def limits(run: Run, table: Any, scores: Any) -> list[Notice]:
    """What there is to say about texts and answers that were cut."""
    if not writes(run):
        return []
    task, found = run.preparation.task, list[Notice]()
    for name, column in run.preparation.columns.items():
        if column.kind == "text":
            lengths = replace(column, longest=column.longest + 1).encode(table[name]).lengths
            if full := int((lengths > column.longest).sum()):
                found.append(TextsCut(name, full, len(lengths), column.longest))
    cut = int(task.cut(scores).sum())
    return found + ([AnswersCut(cut, len(scores), task.answer)] if cut else [])


def as_lines(answers: Sequence[str]) -> str:
    """One answer per line; line ends within an answer become spaces."""
    return "".join(" ".join(answer.split("\n")) + "\n" for answer in answers)
