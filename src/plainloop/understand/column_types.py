"""The type of one column, guessed from its distinct words; each guess with its reason. Used by infer.py.

Looking at every distinct word once, with its count, is exact and cheap: a column of a million rows has few words or is a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from ..plain.config import Column
from ..plain.readers.tables import ISO, number, seconds
from ..plain.table import split_tags
from ..problems import quoted
from .text_columns import text_or_not

PAIRS = {"no": "yes", "n": "y", "false": "true", "f": "t", "off": "on", "0": "1"}  # word for 0 -> word for 1, in lower case
DECORATED = r"^[-+(]?\s?[$€£]?\s?[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?\s?%?\)?$"
DECORATED_COMMA = r"^[-+]?\s?[$€£]?\s?[-+]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?\s?[%€]?$"
DAY = r"^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"  # 20240131
ID_NAME = re.compile(r"(^|[\W_])(id|ids|key|uuid|guid|index|idx|rownum|row|serial)$|(?-i:[a-z]I[Dd]$)", re.IGNORECASE)
INDEX_NAME = re.compile(r"^(Unnamed: \d+|index|level_0|row_?names?|X)$", re.IGNORECASE)
BIGGEST = 2.0**53  # from here on float64 does not tell neighbouring whole numbers apart

_DAYS = [
    "%Y/%m/%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%Y.%m.%d",
]
_TIMES = ["", " %H:%M", " %H:%M:%S", " %H:%M:%S%.f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S"]


SAMPLED = 20_000  # words of a column of long ones that tell its type: each check takes their room again
LONG = 100  # bytes of a long word


@dataclass
class ColumnGuess:
    """What a column is taken for, why, and the option that changes it."""

    name: str
    type: str
    role: str  # input, target, group, time or ignored
    reason: str
    override: str
    distinct: int = 0
    missing: int = 0
    examples: list[str] = field(default_factory=list)  # the most frequent words
    low: float | None = None
    high: float | None = None
    format: str = ""
    zone: str = ""
    separator: str = ""
    strip: str = ""
    true: str = ""
    false: str = ""
    also_missing: tuple[str, ...] = ()
    replace: dict[str, str] = field(default_factory=dict)
    size: tuple[int, ...] = ()
    mode: str = ""
    sha256: str = ""
    kept_out: str = ""  # why an ignored column is ignored: a key of column_problems.LEFT_OUT
    note: str = ""  # what infer.py has to tell about it: a key of its notes
    odd: tuple[tuple[str, int], ...] = ()  # the words, with counts, that the note is about

    def column(self) -> Column:
        """The column as the config of the run has it."""
        return Column(
            name=self.name,
            type=self.type,
            role=self.role,
            format=self.format,
            zone=self.zone,
            separator=self.separator,
            strip=self.strip,
            true=self.true,
            false=self.false,
            also_missing=self.also_missing,
            replace=dict(self.replace),
            size=self.size,
            mode=self.mode,
            sha256=self.sha256,
        )


@dataclass
class Values:
    """The distinct words of a column with their counts."""

    name: str
    rows: int
    words: pl.Series
    counts: np.ndarray  # int64, one per word
    decimal: str

    @classmethod
    def of(cls, cells: pl.Series, decimal: str) -> Values:
        table = cells.drop_nulls().rename("word").value_counts(name="rows")
        return cls(cells.name, len(cells), table["word"], table["rows"].cast(pl.Int64).to_numpy(), decimal)

    @cached_property
    def present(self) -> int:
        return int(self.counts.sum())

    @cached_property
    def numbers(self) -> np.ndarray:
        """The words as float64, NaN where a word is no number; infinities stay."""
        cells = self.words.str.replace(self.decimal, ".", literal=True) if self.decimal != "." else self.words
        return cells.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()

    def top(self, mask: np.ndarray | None = None, limit: int = 5) -> list[tuple[str, int]]:
        """The most frequent words with their counts, in alphabetic order where equally frequent."""
        table = pl.DataFrame({"word": self.words, "rows": self.counts})
        table = table if mask is None else table.filter(pl.Series(mask))
        if len(table) > limit:
            table = table.top_k(limit, by=["rows", "word"], reverse=[False, True])
        return list(table.sort("rows", "word", descending=[True, False]).iter_rows())

    def sample(self, words: int) -> Values:
        """Evenly chosen words, as if they were the whole column."""
        step = max(1, len(self.words) // words)
        counts = self.counts[::step]
        return Values(self.name, int(counts.sum()), self.words.gather_every(step), counts, self.decimal)

    def all_match(self, pattern: str) -> bool:
        return bool(self.words.str.contains(pattern).all())


def guess(values: Values, *, date_format: str = "") -> ColumnGuess:
    """The type of a column, from its words. The role is "input", or "ignored" where it cannot help."""
    long = len(values.words) > SAMPLED and int(values.words.str.len_bytes().sum() or 0) > LONG * len(values.words)
    made = _guess(values.sample(SAMPLED) if long else values, date_format)
    made.distinct, made.missing = len(values.words), values.rows - values.present
    made.examples = [word for word, _ in values.top()]
    return made


def _guess(values: Values, date_format: str) -> ColumnGuess:
    name = values.name
    if values.present == 0:
        return _left_out(values, "category", "empty", "no cell has a value")
    if len(values.words) == 1 and values.present == values.rows:
        return _left_out(values, "category", "constant", f'every cell is "{values.words[0]}"')
    if len(values.words) == 1:
        reason = f'"{values.words[0]}" or missing: only whether it is there can help'
        return ColumnGuess(name, "category", "input", reason, f"--ignore {name}", note="flag")
    return _number(values) or _boolean(values) or _datetime(values, date_format) or _tags(values) or _text_or_words(values)


def _left_out(values: Values, kind: str, why: str, reason: str) -> ColumnGuess:
    return ColumnGuess(values.name, kind, "ignored", reason, f"--types {quoted(values.name)}={kind}", kept_out=why)


def _number(values: Values) -> ColumnGuess | None:
    numbers, name = values.numbers, values.name
    is_number = ~np.isnan(numbers)
    if not is_number.all():
        return _decorated(values) or _mostly_numbers(values, is_number)
    if values.all_match(r"^[-+]?\d+$"):
        return _whole(values, numbers)
    made = ColumnGuess(name, "number", "input", "every value is a number", f"--types {quoted(name)}=category")
    return _measured(made, values, numbers)


def _whole(values: Values, numbers: np.ndarray) -> ColumnGuess:
    name = values.name
    if values.words.str.contains(r"^[-+]?0\d").any():
        example = values.top(values.words.str.contains(r"^[-+]?0\d").to_numpy(), 1)[0][0]
        return _words_or_too_many(values, f'whole numbers with leading zeros, such as "{example}": codes, not amounts')
    low, high = numbers.min(), numbers.max()
    if max(abs(low), abs(high)) > BIGGEST:
        return _words_or_too_many(values, "whole numbers beyond 2^53, which no float64 holds exactly: codes, not amounts")
    if set(values.words) == {"0", "1"}:
        return ColumnGuess(name, "boolean", "input", "only 0 and 1", f"--types {quoted(name)}=category", true="1", false="0")
    if values.all_match(DAY) and len(values.words) >= 10 and _parses(values.words, "%Y%m%d"):
        made = ColumnGuess(name, "datetime", "input", "days as 20240131", f"--types {quoted(name)}=number", format="%Y%m%d")
        return _dated(made, values.words)
    unique = len(values.words) == values.rows >= 20
    consecutive = unique and high - low + 1 == values.rows
    if consecutive and (INDEX_NAME.match(name) or ID_NAME.search(name) or low in (0, 1)):
        return _left_out(values, "number", "identifier", f"whole numbers {low:.0f} to {high:.0f}, each once: it counts the rows")
    if name.startswith("Unnamed: ") and len(values.words) > max(20, 0.3 * values.rows):  # some rows, or several files
        return _left_out(values, "number", "identifier", "the row numbers of another table, as pandas writes them")
    if unique and ID_NAME.search(name):
        return _left_out(values, "number", "identifier", "a different whole number in every row, and named like an id")
    made = ColumnGuess(name, "number", "input", "every value is a number", f"--types {quoted(name)}=category")
    if name.isdigit() and len(values.words) > 0.9 * values.rows and low >= 10_000 and values.rows >= 20:
        made.note = "maybe id"
    return _measured(made, values, numbers)


def _measured(made: ColumnGuess, values: Values, numbers: np.ndarray) -> ColumnGuess:
    if (finite := np.isfinite(numbers)).any():
        made.low, made.high = float(numbers[finite].min()), float(numbers[finite].max())
    if (infinite := np.isinf(numbers)).any():
        made.note, made.odd = "infinite", tuple(values.top(infinite))
    return made


def _decorated(values: Values) -> ColumnGuess | None:
    """Numbers written with a currency sign, a per cent sign or thousands separators, in every cell alike."""
    pattern = DECORATED if values.decimal == "." else DECORATED_COMMA
    if not values.all_match(pattern):
        return None
    for sign in "$€£%":
        share = values.words.str.contains(sign, literal=True)
        if share.any() and not share.all():
            return None
    thousands = "," if values.decimal == "." else "."
    strip = "".join(sign for sign in f"$€£% {thousands}" if values.words.str.contains(sign, literal=True).any())
    column = Column(name=values.name, type="number", strip=strip)
    numbers = number(values.words, column, values.decimal)
    if np.isnan(numbers).any():
        return None
    reason, override = f'every value is a number once "{strip}" is taken away', f"--types {quoted(values.name)}=category"
    odd = tuple(values.top(limit=3))
    made = ColumnGuess(values.name, "number", "input", reason, override, strip=strip, note="signs", odd=odd)
    made.low, made.high = float(numbers.min()), float(numbers.max())
    return made


def unit_of(words: pl.Series) -> str:
    """The word that stands behind the number in every cell, " stars" of "1 star" and "5 stars"; "" where none does.

    >>> unit_of(pl.Series(["1 star", "4.5 stars"])), unit_of(pl.Series(["4/5", "5/5"])), unit_of(pl.Series(["3 kg", "3 m"]))
    (' stars', '', '')
    """
    found = words.str.extract(r"^[-+]?\d+(?:[.,]\d+)?(\s?\p{L}{1,20})$")
    units = {str(unit).strip() for unit in found.unique()}
    longest = max(units, key=len, default="")
    if found.null_count() or not {longest.removesuffix("s"), longest} >= units:
        return ""
    return (" " if words.str.contains(" ", literal=True).any() else "") + longest


def _mostly_numbers(values: Values, is_number: np.ndarray) -> ColumnGuess | None:
    others = int((~is_number).sum())
    share = values.counts[is_number].sum() / values.present
    tens = values.counts[~is_number].sum() <= 0.2 * values.rows  # "tbd" in 2425 of 10015 scores, 6704 cells being empty
    if others > 3 or not (share >= 0.9 or (share >= 0.5 and tens)) or is_number.sum() <= max(10, 5 * others):
        return None
    odd = tuple(values.top(~is_number))
    words = ", ".join(f'"{word}"' for word, _ in odd)
    made = ColumnGuess(
        values.name,
        "number",
        "input",
        f"numbers, but for {words}",
        f"--types {quoted(values.name)}=category",
        also_missing=tuple(word for word, _ in odd),
    )
    made = _measured(made, values, values.numbers)
    made.note, made.odd = "words", odd
    return made


def _boolean(values: Values) -> ColumnGuess | None:
    lower = {word: word.lower() for word in values.words} if len(values.words) <= 12 else {}
    kinds = set(lower.values())
    pairs = [(no, yes) for no, yes in PAIRS.items() if {no, yes} <= kinds]
    if not pairs or kinds != {word for pair in pairs for word in pair}:
        return None
    no, yes = pairs[0]
    swap = {word: yes if low in PAIRS.values() else no for word, low in lower.items() if low not in (no, yes)}
    reason = f'two words for no and yes: "{no}" and "{yes}"' + (f", also {', '.join(swap)}" if swap else "")
    override = f"--types {quoted(values.name)}=category"
    return ColumnGuess(values.name, "boolean", "input", reason, override, true=yes, false=no, replace=swap)


def _datetime(values: Values, date_format: str) -> ColumnGuess | None:
    name, words = values.name, values.words
    first = words.head(50)
    if not first.str.contains(r"\d.*[-/.: ].*\d").all() or not first.str.contains(r"^[\w\s:/.,+-]{6,40}$").all():
        return None
    if words.str.contains(ISO).all() and not np.isnan(seconds(words, "")).any():
        made = ColumnGuess(name, "datetime", "input", "every value is an ISO 8601 time", f"--types {quoted(name)}=category")
        return _dated(made, words)
    chosen = [date_format] if date_format and _parses(words, date_format) else []
    forms = chosen or [day + time for day in _DAYS for time in _TIMES if _parses(first, day + time)]
    forms = [form for form in forms if _parses(words, form)]
    if not forms:
        looks_like = words.str.contains(r"^\d{1,2}[/.-]\d{1,2}[/.-](\d{4}|\d{2})( .*)?$").all()
        if looks_like:
            made = _left_out(values, "datetime", "mixed dates", "dates in no one order of day and month")
            made.odd = tuple(values.top(limit=3))
            return made
        return None
    reason = f"every value is a time of the form {forms[0]}"
    made = ColumnGuess(name, "datetime", "input", reason, f"--types {quoted(name)}=category", format=forms[0])
    if len(forms) > 1:
        made.note, made.odd = "ambiguous dates", ((forms[0], 0), (forms[1], 0), values.top(limit=1)[0])
        made.override = f'--date-format "{forms[1]}"'
    return _dated(made, words)


def _parses(words: pl.Series, form: str) -> bool:
    return not np.isnan(seconds(words, form)).any()


def _dated(made: ColumnGuess, words: pl.Series) -> ColumnGuess:
    times = seconds(words, made.format)
    made.low, made.high = float(times.min()), float(times.max())
    return made


def _tags(values: Values) -> ColumnGuess | None:
    """Several labels in a cell: a separator splits many cells into few, short, recurring labels, none twice in a cell."""
    for separator in "|;,":
        words = plain_tags(values.words, separator)
        table = pl.DataFrame({"cell": words, "rows": values.counts})
        split = table.filter(words.str.contains(separator, literal=True))
        if split["rows"].sum() < max(2, 0.05 * values.present):
            continue
        parts = words.str.split(separator).explode().str.strip_chars()
        parts = parts.filter(parts != "")  # "red,blue," ends in a separator
        labels = parts.n_unique()
        recurring = len(parts) >= 3 * labels or (labels <= 30 and len(parts) > labels)
        longest = parts.str.len_chars().max()
        if labels > max(3, 0.5 * len(values.words), 20) or not recurring or not isinstance(longest, int) or longest > 40:
            continue
        pieces = words.str.split(separator).list.eval(pl.element().str.strip_chars().unique()).explode()
        cells_of = pieces.filter(pieces != "").value_counts(name="cells")["cells"]
        listed = words is not values.words
        if not listed and 2 * int((cells_of > 1).sum()) < labels:  # "Bath, UK" is a name: most pieces stand in one of them alone
            continue
        once = split["cell"].str.split(separator).list.eval(pl.element().str.strip_chars().replace("", None).drop_nulls())
        if float((once.list.n_unique() == once.list.len()).to_numpy().mean()) < 0.99:
            continue
        return ColumnGuess(
            values.name,
            "tags",
            "input",
            f'"{separator}" splits the cells into {labels} labels that recur',
            f"--types {quoted(values.name)}=category",
            separator=separator,
        )
    return None


def plain_tags(words: pl.Series, separator: str) -> pl.Series:
    """Lists such as Python and JSON write them (`['joy', 'fear']`) as labels with the separator between."""
    if not words.str.starts_with("[").any():
        return words
    return words.map_elements(lambda word: separator.join(split_tags(word, separator)), pl.String)


def _text_or_words(values: Values) -> ColumnGuess:
    distinct = len(values.words)
    worded, reason = text_or_not(distinct, values.present, values.words)
    if worded == "text":
        return ColumnGuess(values.name, "text", "input", reason, f"--ignore {quoted(values.name)}")
    if worded == "names":
        return _left_out(values, "text", "names", reason)
    mixed = ~np.isnan(values.numbers)
    reason = f"words, {distinct} different"
    if mixed.any() and values.counts[mixed].sum() >= 0.1 * values.present:
        one, other = values.top(mixed, 1)[0][0], values.top(~mixed, 1)[0][0]
        reason = f'numbers and words mixed ("{one}", "{other}"), {distinct} different'
        made = _words_or_too_many(values, reason)
        made.note, made.odd = made.note or "mixed", tuple(values.top(~mixed, 3))
        return made
    return _words_or_too_many(values, reason)


def _words_or_too_many(values: Values, reason: str) -> ColumnGuess:
    distinct = len(values.words)
    if distinct == values.rows >= 20:
        return _left_out(values, "category", "identifier", f"a different value in every row ({distinct})")
    if distinct > 50 and distinct > 0.5 * values.present:
        return _left_out(values, "category", "many words", f"{distinct} different words in {values.present} cells")
    override = f"--types {quoted(values.name)}=number" if "number" in reason else f"--ignore {quoted(values.name)}"
    made = ColumnGuess(values.name, "category", "input", reason, override)
    made.note = "codes" if "codes" in reason else ""
    lower = values.words.str.to_lowercase() if distinct <= 5000 else values.words
    if lower.n_unique() < distinct:
        made.note, made.odd = "case", tuple(values.top(lower.is_duplicated().to_numpy()))
    return made
