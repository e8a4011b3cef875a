"""Whether a column of words is free text, and how its texts should become tokens. Used by column_types.py and look_tables.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

SAMPLE = 2_000  # different cells that are looked at
FULL = 100  # words per cell from which on words and pairs say enough, and runs of letters would drown them
LONG = 8  # words per cell from which on a column is text however often its cells recur
NAME_WORDS = 5.5  # names, titles and addresses have fewer words than sentences
ONE_WORD = "the texts are single words, so their letters must tell"  # why letters are the tokens
NO_SPACES = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"  # scripts that do not part words by spaces
SIGNS = 0.8  # share of signs that are neither letters nor digits from which on cells are messages of them, and no codes
TAGS = r"</?[a-zA-Z][^<>]{0,300}>|&(?:amp|lt|gt|quot|apos|nbsp|#39);"


@dataclass(frozen=True)
class Wording:
    """How the cells of a column are worded, from a sample of the different ones."""

    words: float  # words per cell on average; two signs of a script without spaces count as a word
    recurring: float  # share of the words that other cells have too
    capital: float  # share of the words with letters that begin with a capital letter and go on in small ones
    letters: float  # share of the signs, spaces aside, that are letters
    signs: float  # share of the signs that are neither letters nor digits: emoji, punctuation
    spaceless: float  # share of the letters that are of a script without spaces
    tags: int  # cells with HTML tags or entities


def wording(cells: pl.Series) -> Wording:
    """Looks at evenly chosen cells."""
    step = max(1, len(cells) // SAMPLE)
    some = cells.gather_every(step).head(SAMPLE).str.head(2_000)
    found = some.str.extract_all(r"\S+")
    each = found.explode().drop_nulls()
    bare = each.str.to_lowercase().str.strip_chars(".,;:!?\"'()[]-")
    counted = pl.DataFrame({"word": bare}).group_by("word").len().filter(pl.col("word") != "")
    shared = counted.filter(pl.col("len") >= 3)["len"].sum()
    lettered = each.filter(each.str.contains(r"\p{L}{2}"))
    signs = int(each.str.len_chars().sum() or 0)
    letters = int(each.str.count_matches(r"\p{L}").sum() or 0)
    dense = int(each.str.count_matches(NO_SPACES).sum() or 0)
    return Wording(
        words=(len(each) + dense / 2) / max(1, len(some)),
        recurring=int(shared or 0) / max(1, int(counted["len"].sum() or 0)),
        capital=float(lettered.str.contains(r"^\P{L}*\p{Lu}\p{Ll}").sum()) / max(1, len(lettered)),
        letters=letters / max(1, signs),
        signs=1 - int(each.str.count_matches(r"[\p{L}\p{N}]").sum() or 0) / max(1, signs) if signs else 0.0,
        spaceless=dense / max(1, letters),
        tags=int(some.str.contains(TAGS).sum()),
    )


def text_or_not(distinct: int, present: int, cells: pl.Series) -> tuple[str, str]:
    """("text", why), ("names", why) for what tells rows apart more than it says, or ("", "") for anything else."""
    if distinct < 10 or (distinct <= 0.5 * present and distinct <= 50):
        return "", ""
    seen = wording(cells)
    said = f"{distinct} different values, {seen.words:.0f} words each on average"
    if seen.words >= LONG and seen.letters > 0.5:
        return "text", f"free text: {said}"
    if distinct <= 0.5 * present or distinct <= 50:
        return "", ""
    if seen.signs > SIGNS:
        return "text", f"{distinct} different values of emoji and other signs, hardly a letter or a digit in them"
    if seen.words < 3:
        return "", ""
    if seen.capital > 0.85 and seen.words < NAME_WORDS:
        return "names", f"it looks like names: {said}, nearly all of them with a capital letter"
    if seen.recurring < 0.3 or seen.letters < 0.5:
        return "", ""
    return "text", f"free text: {said}"


def can_be_text(cells: pl.Series) -> bool:
    """Whether words that tell rows apart have hardly a digit, so that a model may find something in their letters or signs."""
    seen = wording(cells)
    return seen.letters + seen.signs > 0.8


def text_settings(columns: Sequence[pl.Series], rows: int) -> dict[str, tuple[Any, str]]:
    """The settings of [text] that the texts themselves decide, each with its reason."""
    some = [cells.gather_every(max(1, len(cells) // (4 * SAMPLE))).drop_nulls().unique(maintain_order=True) for cells in columns]
    seen = [wording(cells) for cells in some]
    found: dict[str, tuple[Any, str]] = {}
    if all(one.spaceless > 0.5 for one in seen):
        found["tokens"] = ("char", "the script does not part words by spaces")
    elif all(one.words < 2.5 for one in seen):
        found["tokens"] = ("char", ONE_WORD)
    else:
        found["tokens"] = ("word", "words parted by spaces and signs")
    found["letters"] = (True, "runs of letters tell something of words that no train text has")
    if all(one.words > FULL and one.spaceless < 0.5 for one in seen):
        found["letters"] = (False, "long texts: their words and pairs say more without the runs of letters in them")
    tags = sum(one.tags for one in seen)
    if tags:
        found["markup"] = (
            True,
            f"{tags} of {SAMPLE} sampled texts hold HTML tags or entities" if rows > SAMPLE else "there are tags",
        )
    else:
        found["markup"] = (False, "no sampled text holds HTML tags or entities")
    return found
