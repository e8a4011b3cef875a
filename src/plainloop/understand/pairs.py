"""Sentence pairs: files of lines that belong together, how their texts become tokens, and what should be said about them.

Called by look_tables.py. A source with several targets is kept on one side of the split.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ..plain.config import Source
from ..plain.readers import tables
from ..problems import Notice, nearest
from .infer import Schema
from .pair_problems import (
    CreditsNotRead,
    OnePairFile,
    OnlyTextsRead,
    SameText,
    SeveralTargets,
    TargetFileMissing,
    UnequalLengths,
)
from .probe import ReadOptions, probe

FEW_WORDS = 1_000  # a target with no more different words is written in words
LEAST_CREDIT = 20  # signs with which all notes of a licence begin
SHORT = 40  # signs: shorter targets that are single words are written letter by letter
SAMPLE = 20_000
SAME_LETTERS = 0.9  # share of the target's letters that the source has too, for both to be cut into the same tokens
VOCABULARY = ((5_000, 2_000), (50_000, 4_000), (200_000, 8_000))  # rows, pieces of words
MOST_PIECES = 16_000
UNLIKELY = 9.0  # times that one text is longer than the other, next to what is usual, for the pair to look wrong
PATH = re.compile(r"[/\\]|\.(gz|txt|lines|tok)$|^\S+\.[a-z]{2,3}$", re.IGNORECASE)


def target_files(data: Sequence[str], target: Sequence[str]) -> tuple[str, ...]:
    """The files that --target names in the place of a column; none where it names a column.

    Raises: TargetFileMissing where it looks like a file that is not there.
    """
    if target and all(Path(name).is_file() for name in target):
        return tuple(target)
    lost = [name for name in target if PATH.search(name) and not Path(name).exists()]
    if lost and not Path(data[0]).name.lower().removesuffix(".gz").endswith((".csv", ".tsv", ".jsonl", ".parquet", ".zip")):
        folder = Path(lost[0]).parent
        there = sorted(entry.name for entry in folder.iterdir() if entry.is_file()) if folder.is_dir() else []
        near = nearest(Path(lost[0]).name, there)
        raise TargetFileMissing(lost[0], data[0], [str(folder / name) for name in near])
    return ()


def names_of(source: str, target: str) -> tuple[str, str]:
    """What the columns of two files of lines are called: by their endings, or by their stems.

    >>> names_of("train.en.gz", "train.de.gz"), names_of("questions.txt", "answers.txt"), names_of("a/x.txt", "b/x.txt")
    (('en', 'de'), ('questions', 'answers'), ('source', 'target'))
    """
    stems = [Path(name).name.removesuffix(".gz") for name in (source, target)]
    for part in (2, 0):
        first, second = (stem.rpartition(".")[part] for stem in stems)
        if first and second and first != second:
            return first, second
    return "source", "target"


def probe_pairs(
    data: Sequence[str], targets: Sequence[str], options: ReadOptions, parts: Mapping[str, Any]
) -> tuple[Source, list[Notice]]:
    """The source of files whose lines belong together; parts: the files of validation and test, source and target each.

    Raises: OnePairFile, LinesDiffer and what `probe` raises.
    """
    chosen = {"data": _turn_about(data, targets)}
    for part, value in parts.items():
        names = [name.strip() for item in ([value] if isinstance(value, str) else value) for name in str(item).split(",")]
        if len(names) != 2:
            raise OnePairFile(part, names, str(data[0]), str(targets[0]))
        chosen[part] = names
    made = {part: list(files) for part, files in chosen.items()}
    return probe(made.pop("data"), options, **made, lines=names_of(data[0], targets[0]))


def _turn_about(data: Sequence[str], targets: Sequence[str]) -> list[str]:
    """source, target, source, target, ... Raises: OnePairFile."""
    if len(data) != len(targets):
        raise OnePairFile("data", [*data, *targets], str(data[0]), str(targets[0]))
    return [name for pair in zip(data, targets, strict=True) for name in pair]


def sequence_settings(
    sources: Sequence[pl.Series], target: pl.Series
) -> tuple[dict[str, tuple[Any, str]], dict[str, tuple[Any, str]]]:
    """The settings of [text] and of [sequence] that the texts decide, each with its reason."""
    rows = len(target)
    text: dict[str, tuple[Any, str]] = {
        "lowercase": (False, "a capital letter can matter to the answer"),
        "markup": (False, "what is written can hold tags"),
        "whole": (1.0, "what is cut cannot be answered"),
        "longest": (1_000, "texts of more tokens are cut"),
        "least": (1, "every word of a source can matter to the answer"),
    }
    pieces = next((size for most, size in VOCABULARY if rows < most), MOST_PIECES)
    (of_target, why), (of_source, why_source) = _tokens(target, rows), _tokens(pl.concat(sources), rows)
    shared = of_target == of_source == "bpe" and _same_letters(sources, target)
    size = 2 * pieces if of_target == of_source == "bpe" and not shared else pieces
    sequence = {
        "tokens": (of_target, why),
        "vocabulary": (size if of_target == "bpe" else 50_000, f"for {rows:,} pairs" if of_target == "bpe" else "all of them"),
        "shared": (shared, "source and target are written in the same letters" if shared else "they have other words or letters"),
    }
    text |= {
        "tokens": (of_source, why_source),
        "vocabulary": (size if of_source == "bpe" else 50_000, f"for {rows:,} pairs" if of_source == "bpe" else "all of them"),
    }
    return text, sequence


def _tokens(cells: pl.Series, rows: int) -> tuple[str, str]:
    """What a token of these texts should be, and why."""
    some = cells.drop_nulls().gather_every(max(1, len(cells) // SAMPLE))
    words = some.str.extract_all(r"\S+")
    each = words.explode().drop_nulls()
    distinct = each.n_unique()
    once = int((each.value_counts()["count"] == 1).sum())
    longest = int(some.str.len_chars().quantile(0.99) or 0)
    per_text = len(each) / max(1, len(some))
    if distinct <= FEW_WORDS and once <= 0.01 * distinct and per_text >= 2:
        return "word", f"{distinct} different words, and each of them more than once"
    if longest <= SHORT:
        return "char", f"short texts, of {longest} signs at most but for one in a hundred"
    return "bpe", f"{distinct:,} different words in {len(some):,} texts: pieces of words, so that none is unknown"


def _same_letters(sources: Sequence[pl.Series], target: pl.Series) -> bool:
    """Whether nearly all letters of the targets are letters of the sources, too."""

    def letters(cells: pl.Series) -> pl.Series:
        some = cells.drop_nulls().gather_every(max(1, len(cells) // SAMPLE)).head(SAMPLE)
        return some.str.to_lowercase().str.extract_all(r"\p{L}").explode().drop_nulls()

    known, wanted = letters(pl.concat(sources)).unique(), letters(target)
    return bool(len(wanted)) and int(wanted.is_in(known.implode()).sum()) >= SAME_LETTERS * len(wanted)


def inputs_of(schema: Schema, frame: pl.DataFrame, data: str, target: list[str]) -> list[Notice]:
    """Leaves out the inputs that are no texts, and notes of licence and author beside a text; says so."""
    others = [made for made in schema.columns if made.role == "input" and made.type != "text"]
    for made in others:
        made.role, made.reason, made.kept_out = "ignored", "an answer is written out of texts alone", ""
    said: list[Notice] = [OnlyTextsRead(data, target, [made.name for made in others])] if others else []
    texts = [made for made in schema.columns if made.role == "input"]
    credits = [made for made in texts if not made.reason.startswith("named by") and credit_of(frame[made.name])]
    for made in credits if len(credits) < len(texts) else []:
        said.append(CreditsNotRead(data, target, made.name, credit_of(frame[made.name])))
        made.role, made.reason, made.kept_out = "ignored", "notes of a licence and of authors", ""
    return said


def credit_of(cells: pl.Series) -> str:
    """The words with which all cells begin, where little but numbers and names differs behind them; else "".

    >>> credit_of(pl.Series([f"CC-BY 2.0 (France) Attribution: tatoeba.org #{i} (CK)" for i in range(30)]))
    'CC-BY 2.0 (France) Attribution: tatoeba.org #'
    >>> credit_of(pl.Series([f"What is the {word}?" for word in ("sea", "moon", "sun")] * 10))
    ''
    """
    present = cells.drop_nulls()
    low, high = str(present.min() or ""), str(present.max() or "")  # what these two have in common, all between them have
    same = next((i for i, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), min(len(low), len(high)))
    begin = low[:same].rstrip("0123456789")
    alike = present.str.replace_all(r"\d+", "0").n_unique()
    return begin if len(present) >= 20 and len(begin) >= LEAST_CREDIT and alike <= 0.5 * len(present) else ""


def source_column(schema: Schema) -> str:
    """The first input of texts."""
    return next(made.name for made in schema.columns if made.role == "input")


def recurs(frame: pl.DataFrame, column: str) -> bool:
    """Whether a text of the column stands in several rows."""
    present = frame[column].drop_nulls()
    return present.n_unique() < len(present)


def check_pairs(frame: pl.DataFrame, schema: Schema, source: Source, grouped: bool) -> list[Notice]:
    """What should be said of the pairs: texts that recur, texts that answer themselves, lengths that do not fit."""
    name = source_column(schema)
    target = next(made.name for made in schema.columns if made.role == "target")
    asked, answers, place = frame[name], frame[target], tables.load(source).place
    found: list[Notice] = []
    counts = asked.drop_nulls().value_counts().filter(pl.col("count") > 1).sort("count", name, descending=[True, False])
    if len(counts) and grouped:
        found.append(
            SeveralTargets(source.data[0], [target], name, len(counts), int(counts["count"].sum()), str(counts[name][0]))
        )
    same = (asked == answers).fill_null(False).arg_true()
    if len(same) > 0.01 * len(frame):
        found.append(
            SameText(source.data[0], len(same), len(frame), [place(int(row)) for row in same.head(3)], str(asked[int(same[0])]))
        )
    ratio = np.log((answers.str.len_chars() + 5.0).to_numpy() / (asked.str.len_chars() + 5.0).to_numpy())  # 5: short ones vary
    usual = np.nanmedian(ratio)
    odd = np.flatnonzero(np.abs(ratio - usual) > max(np.log(UNLIKELY), 6 * float(np.nanstd(ratio))))
    if len(odd):
        worst = odd[np.argsort(-np.abs(ratio - usual)[odd], kind="stable")]
        texts = str(asked[int(worst[0])]), str(answers[int(worst[0])])
        found.append(UnequalLengths(source.data[0], [place(int(row)) for row in worst[:3]], len(odd), texts))
    return found
