"""The task, from the target: which kind, which classes, and what stands in the way. Used by infer.py."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from ..plain.faults import shorten
from ..plain.readers.table_faults import TargetNotNumber
from ..plain.readers.tables import number, truth
from ..plain.table import split_tags
from ..problems import Notice, listed
from .column_problems import CaseVariants, SignsRemoved
from .column_types import PAIRS, ColumnGuess, Values, plain_tags, unit_of
from .infer import Context, TaskGuess
from .pair_problems import NoTextToRead
from .tag_cells import separator_of
from .tag_problems import MaybeTags, MixedSeparators, RowsWithoutLabel, SeparatorNowhere
from .target_problems import (
    LabelsOnlyInTest,
    LabelVariants,
    RareClasses,
    RareLabels,
    RowsWithoutTarget,
    TargetHasOneValue,
    TargetLooksLikeId,
    TaskImpossible,
    TooFewRows,
)

TASKS = {
    "binary": "Binary",
    "multiclass": "Multiclass",
    "multilabel": "Multilabel",
    "regression": "Regression",
    "sequence": "Sequence",
}
FEWEST_ROWS = 20
MOST_CLASSES = 1000
LONG_TAIL = 0.1  # different texts per row from which on a text is written, not chosen


def infer_task(context: Context, columns: list[ColumnGuess]) -> tuple[TaskGuess, int, list[Notice]]:
    """The task, the number of rows with a target, and what there is to say. Sets the target columns' types."""
    guesses = [next(made for made in columns if made.name == name) for name in context.target]
    asked = context.options.task.lower()
    if asked and asked not in TASKS:
        raise TaskImpossible(context.data, context.target, asked, "cannot be asked for that", f"one of: {', '.join(TASKS)}")
    for made in guesses:
        if made.missing == len(context.frame):
            raise TargetHasOneValue(context.data, made.name, None, made.missing, _others(context, [made.name]))
    variants: list[Notice] = []
    if len(guesses) > 1:
        task = _several(context, guesses, asked)
    else:
        variants = _label_variants(context, guesses[0])
        task = _sequence(context, guesses[0], asked, columns) or _single(context, guesses[0], asked)
        variants = [*variants, *_case_variants(context, task)] if task.name in ("Binary", "Multiclass") else []
    tags = guesses[0].type == "tags"
    variants += _about_cells(context, guesses[0], task) if len(guesses) == 1 else []
    notices = [*_unlabelled(context, RowsWithoutLabel if tags else RowsWithoutTarget), *variants]
    if task.name == "Regression" and guesses[0].strip:
        words = [word for word, _ in Values.of(context.frame[context.target[0]], context.decimal).top(limit=3)]
        notices.append(SignsRemoved(context.data, context.target, context.target[0], guesses[0].strip, words))
    labelled = len(context.frame) if tags else _labelled(context)
    if labelled < FEWEST_ROWS:
        raise TooFewRows(context.data, context.target, labelled, FEWEST_ROWS, "plainloop does not train on less")
    if labelled < len(task.classes) and task.name == "Multiclass":
        raise TooFewRows(context.data, context.target, labelled, 2 * len(task.classes), f"there are {len(task.classes)} classes")
    rare = [(word, count) for word, count in task.classes.items() if count < 10]
    if rare:
        rare_ones = RareLabels if task.name == "Multilabel" else RareClasses
        notices.append(rare_ones(context.data, context.target, sorted(rare, key=lambda pair: pair[1])))
    return task, labelled, notices


def _case_variants(context: Context, task: TaskGuess) -> list[Notice]:
    """Labels that differ only by case or spaces: they are classes of their own, which is seldom meant."""
    alike: dict[str, list[tuple[str, int]]] = {}
    for label, count in task.classes.items():
        alike.setdefault("".join(label.split()).lower(), []).append((label, count))
    odd = [pair for labels in alike.values() if len(labels) > 1 for pair in labels]
    return [CaseVariants(context.data, context.target, context.target[0], odd)] if odd else []


def _labelled(context: Context) -> int:
    return int(context.frame.select(pl.all_horizontal(pl.col(name).is_not_null() for name in context.target).sum()).item())


def _unlabelled(context: Context, said: type[RowsWithoutLabel] | type[RowsWithoutTarget]) -> list[Notice]:
    missing = context.frame.select(pl.any_horizontal(pl.col(name).is_null() for name in context.target)).to_series().arg_true()
    if not len(missing):
        return []
    marks = sorted({mark for name in context.target for mark in context.marks.get(name, ())})
    places = [context.place(int(row)) for row in missing.head(5)]
    facts = context.data, context.target, len(missing), len(context.frame), places, marks
    if said is RowsWithoutLabel:
        return [said(*facts)]
    return [RowsWithoutTarget(*facts, listed(list(dict.fromkeys(context.answers(int(row)) for row in missing.head(1000)))))]


def _others(context: Context, names: list[str]) -> list[str]:
    """Columns that could be meant instead, the last first: a target often stands last. Words that hardly recur are no target."""
    found = [name for name in reversed(context.frame.columns) if name not in names]
    several = [name for name in found if context.frame[name].drop_nulls().n_unique() > 1]
    return [name for name in several if not _tells_rows_apart(context.frame[name])]


def _tells_rows_apart(cells: pl.Series) -> bool:
    words = cells.drop_nulls()
    return words.n_unique() > 0.5 * len(words) and words.head(100).cast(pl.Float64, strict=False).null_count() > 0


def _several(context: Context, guesses: list[ColumnGuess], asked: str) -> TaskGuess:
    wanted = "0/1 (or yes/no) in every target column"
    if asked not in ("", "multilabel"):
        found = f"are {len(guesses)} columns"
        raise TaskImpossible(context.data, context.target, asked, found, "one target column", ("--task", "multilabel"))
    for made in guesses:
        single = made.distinct == 1 and made.examples[0].lower() in {*PAIRS, *PAIRS.values()}
        if (made.type == "number" and made.distinct == 2 and (made.low, made.high) == (0, 1)) or single:
            word = made.examples[0].lower()
            pair = next(((no, yes) for no, yes in PAIRS.items() if word in (no, yes)), ("0", "1"))
            made.type, made.false, made.true = "boolean", *pair
        if made.type != "boolean":
            found = f"are not all 0/1: {made.name} has {made.distinct} different values, such as {', '.join(made.examples[:3])}"
            fitting = [other.name for other in guesses if other.type == "boolean"]
            leave_out = ("--target", ",".join(fitting)) if len(fitting) > 1 else ()
            raise TaskImpossible(context.data, context.target, "", found, wanted, leave_out, made.name)
        made.role, made.kept_out, made.reason = "target", "", "one of several 0/1 targets"
    counts = {made.name: int(np.nansum(truth(context.frame[made.name], made.column()))) for made in guesses}
    return TaskGuess("Multilabel", f"{len(guesses)} target columns of 0 and 1", "--target with one column", counts)


def _sequence(context: Context, made: ColumnGuess, asked: str, columns: list[ColumnGuess]) -> TaskGuess | None:
    """The task of writing the target, where it is asked for or the target is a text that hardly ever recurs."""
    texts = [other.name for other in columns if other.role == "input" and other.type == "text"]
    present = made.distinct and len(context.frame) - made.missing
    long_tailed = made.distinct > 50 and made.distinct > LONG_TAIL * present
    words = made.type == "category" and made.distinct > max(50, 0.5 * present) and made.low is None
    found = long_tailed and (made.type == "text" or (words and bool(texts)))
    named = asked == "sequence" or (not asked and context.options.types.get(made.name) == "text")
    if not named and (asked or not found or made.name in context.options.types or context.options.tags):
        return None
    if not texts:
        if not named:
            return None
        raise NoTextToRead(context.data, made.name, [c.name for c in columns if c.name != made.name and c.type != "image"])
    if made.distinct == 1:
        raise TargetHasOneValue(context.data, made.name, made.examples[0], present, _others(context, [made.name]))
    made.type, made.true, made.false, made.also_missing, made.strip, made.format = "text", "", "", (), "", ""
    made.role, made.separator, made.replace, made.kept_out, made.note = "target", "", {}, "", ""
    made.reason = f'"{made.name}" is a text with {made.distinct:,} different values in {present:,} rows, to be written'
    override = "without --task" if asked else "--task multiclass"
    return TaskGuess("Sequence", "named by --task sequence" if asked else made.reason, override)


def _single(context: Context, made: ColumnGuess, asked: str) -> TaskGuess:
    cells = context.frame[made.name]
    if made.type == "number":  # "1.0" is the class "1" where both are written
        known = set(cells.drop_nulls().unique())
        made.replace |= {word: _plain(word) for word in known if _plain(word) != word and _plain(word) in known}
    values = Values.of(cells if made.type == "boolean" else cells.replace(made.replace), context.decimal)
    numeric = (made.type in ("number", "boolean") and not np.isnan(values.numbers).all()) or bool(made.strip)
    if len(values.words) == 1 and not (context.options.tags and made.missing):  # one label, which some rows have not
        raise TargetHasOneValue(context.data, made.name, values.words[0], values.present, _others(context, [made.name]))
    name, reason, override = _rule(context, made, values, numeric)
    if asked and asked != name.lower():
        name, reason, override = TASKS[asked], f"named by --task {asked}", "without --task"
    if name == "Regression":
        return _regression(context, made, values, reason, override)
    if name == "Multilabel":
        return _tags(context, made, values, reason, override)
    if name == "Binary" and len(values.words) != 2:
        found = f"has {len(values.words)} different values"
        raise TaskImpossible(context.data, context.target, asked, found, "two different values", ("--task", "multiclass"))
    if made.type == "datetime" and len(values.words) > 20 and not asked and context.options.types.get(made.name) != "category":
        found = f"holds {len(values.words)} different times"
        raise TaskImpossible(context.data, context.target, "", found, "a number or a class", ("--types", f"{made.name}=category"))
    too_many = len(values.words) > MOST_CLASSES or len(values.words) == values.present
    if too_many and values.present >= FEWEST_ROWS:
        words = [word for word, _ in values.top(limit=3)]
        raise TargetLooksLikeId(context.data, made.name, len(values.words), values.present, words, _others(context, [made.name]))
    made.type, made.true, made.false, made.also_missing, made.strip, made.format = "category", "", "", (), "", ""
    if made.replace and not set(made.replace.values()) <= set(values.words):
        made.replace = {}
    made.reason = reason
    return TaskGuess(name, reason, override, dict(values.top(limit=len(values.words))))


def _rule(context: Context, made: ColumnGuess, values: Values, numeric: bool) -> tuple[str, str, str]:
    distinct, name = len(values.words), made.name
    if context.options.tags or made.type == "tags":
        return "Multilabel", f'the cells of "{name}" hold several labels', "--task multiclass"
    if distinct == 2:
        words = " and ".join(word if len(word) <= 40 else shorten(word) for word in sorted(values.words))
        return "Binary", f'"{name}" has two values: {words}', "--task regression" if numeric else "--task multiclass"
    asked_type = context.options.types.get(name, "")
    if not numeric or asked_type == "category":
        return "Multiclass", f'"{name}" has {distinct} different words', "--task regression" if numeric else ""
    numbers = np.unique(values.numbers[~np.isnan(values.numbers)])
    codes = distinct <= 20 and len(numbers) == distinct and bool((numbers == np.arange(len(numbers)) + numbers[0]).all())
    if codes and numbers[0] in (0, 1) and asked_type != "number":
        reason = f'"{name}" has the {distinct} whole numbers {numbers[0]:.0f} to {numbers[-1]:.0f}: codes of classes'
        return "Multiclass", reason, "--task regression"
    return "Regression", f'"{name}" is a number with {distinct} different values', "--task multiclass"


def _regression(context: Context, made: ColumnGuess, values: Values, reason: str, override: str) -> TaskGuess:
    made.strip = made.strip or unit_of(values.words)
    made.also_missing = ()  # in an input a few words count as missing; a target must be a number in every row
    column = made.column()
    numbers = number(values.words, column, context.decimal)
    wrong = np.isnan(numbers)
    if wrong.any():
        words = [word for word, _ in values.top(wrong, 20)]
        rows = context.frame[made.name].is_in(values.words.filter(pl.Series(wrong)).to_list()).arg_true()
        places = [(context.place(int(row)), str(context.frame[made.name][int(row)])) for row in rows.head(5)]
        classes = bool(wrong.all()) and len(values.words) <= min(MOST_CLASSES, values.present // 2)
        raise TargetNotNumber(context.data, made.name, places, len(rows), words, classes)
    made.type, made.true, made.false, made.replace, made.reason = "number", "", "", {}, reason
    made.low, made.high = float(numbers.min()), float(numbers.max())
    return TaskGuess("Regression", reason, override)


def _tags(context: Context, made: ColumnGuess, values: Values, reason: str, override: str) -> TaskGuess:
    made.separator = context.options.tags or made.separator or ","
    made.type, made.reason, made.kept_out = "tags", reason, ""
    made.true, made.false, made.also_missing, made.strip, made.format = "", "", (), "", ""
    cells = plain_tags(values.words, made.separator)
    used = bool(values.words.str.contains(made.separator, literal=True).any())
    labelled = cells.str.split(made.separator).list.eval(pl.element().str.strip_chars().unique())
    parts = pl.DataFrame({"label": labelled, "rows": values.counts}).explode("label").filter(pl.col("label") != "")
    counts = parts.group_by("label").agg(pl.col("rows").sum()).sort("rows", "label", descending=[True, False])
    labels = set(counts["label"])
    for other in "|;,":
        split = [label for label in labels if other in label and {part.strip() for part in label.split(other)} <= labels]
        if used and other != made.separator and split:
            rows = context.frame[made.name].str.contains(split[0], literal=True).arg_true()
            places = [(context.place(int(row)), str(context.frame[made.name][int(row)])) for row in rows.head(5)]
            raise MixedSeparators(context.data, made.name, made.separator, other, places)
    if len(labels) > MOST_CLASSES:
        words = counts["label"].head(3).to_list()
        raise TargetLooksLikeId(context.data, made.name, len(labels), values.present, words, _others(context, [made.name]))
    return TaskGuess("Multilabel", f'{reason}, separated by "{made.separator}"', override, dict(counts.iter_rows()))


def _about_cells(context: Context, made: ColumnGuess, task: TaskGuess) -> list[Notice]:
    """Cells that hold several labels though nobody said so, or none of the separators that somebody named."""
    said, values = context.options.tags, Values.of(context.frame[made.name], context.decimal)
    whole = task.name in ("Multiclass", "Sequence") and context.options.types.get(made.name) is None and not context.options.task
    nowhere = bool(said) and task.name == "Multilabel" and not values.words.str.contains(said, literal=True).any()
    if not (whole or nowhere) or len(values.words) > MOST_CLASSES:
        return []
    sign = separator_of(dict(zip(values.words.to_list(), values.counts.tolist(), strict=True)))
    cell = next((word for word, _ in values.top(limit=len(values.words)) if sign and len(split_tags(word, sign)) > 1), "")
    if nowhere:
        return [SeparatorNowhere(context.data, made.name, said, sign, cell)]
    return [MaybeTags(context.data, made.name, sign, cell)] if sign else []


def _label_variants(context: Context, made: ColumnGuess) -> list[Notice]:
    """Labels of the validation and test files that are train labels but for case, quotes or a final dot."""
    notices: list[Notice] = []
    cells = context.frame[made.name]
    known = cells[context.parts["data"].start : context.parts["data"].stop].drop_nulls().unique().to_list()
    if len(known) > (20 if made.type == "number" else MOST_CLASSES):
        return []
    plain: dict[str, list[str]] = {}
    for word in known:
        plain.setdefault(_plain(word), []).append(word)
    for part in ("validation", "test"):
        rows = context.parts.get(part, range(0))
        counts = dict(cells[rows.start : rows.stop].drop_nulls().value_counts().iter_rows())
        new = sorted((word for word in counts if word not in known), key=lambda word: (-counts[word], word))
        swap = {word: plain[_plain(word)][0] for word in new if len(plain.get(_plain(word), [])) == 1}
        if swap:
            made.replace = {**made.replace, **swap}
            notices.append(LabelVariants(context.data, context.target, swap, part))
        unseen = [(word, counts[word]) for word in new if word not in swap]
        if unseen:
            notices.append(LabelsOnlyInTest(context.data, context.target, part, unseen))
    return notices


def _plain(word: str) -> str:
    """A label without outer quotes, final dot, case, and the .0 of a whole number."""
    bare = re.sub(r"^(['\"])(.*)\1$", r"\2", word.strip().rstrip(".")).strip().lower()
    return re.sub(r"^([-+]?\d+)\.0+$", r"\1", bare)
