"""What texts look like: language, lengths, words that the train rows know, copies; and what should be said about them.

Shown by inspect. Looks at samples, but for copies and lengths, which are those of all rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from ..plain.config import Source
from ..problems import Notice
from .infer import Schema, loaded_of
from .text_columns import NO_SPACES, SIGNS, wording
from .text_problems import EmptyTexts, LabelInText, LongText, TextsOfUnknownWords

SAMPLE = 2_000
TRAIN_SAMPLE = 5_000
LETTER = rf"[\p{{L}}--{NO_SPACES}]"
WORD = rf"{NO_SPACES}\p{{M}}*|{LETTER}[{LETTER}\p{{M}}'\u2019]*"  # a letter, where a script does not part words by spaces
UNITS = {"words": WORD, "characters": WORD, "signs": r"\S"}
FEW_UNKNOWN = 0.05  # share of a part's texts of unknown words up to which nothing is said
MARK = 0.95  # share of a class's texts that hold a word for it to be a mark of the class
MOST_CLASSES = 20
# the commonest words that hardly another of these languages has in the same measure
STOP_WORDS = {
    "English": "the of and to is was that it for with you this not are be have but they his her",
    "German": "der die das und ist nicht ich ein eine zu den mit sich auf dem auch es war wie",
    "French": "le la les des et est une du que pas dans pour qui je il ce sur au avec vous",
    "Spanish": "el la los las que y en es una por con para no se del lo como pero su",
    "Italian": "il di che la non un per una sono con del si della gli le ho ma anche come",
    "Portuguese": "o que uma de para com os do da em um se na por mais as dos como",
    "Dutch": "de het een en van ik is dat niet te zijn op voor met die er maar aan om ook",
    "Swedish": "och att det som en jag inte av med den till har om ett men de",
    "Danish": "og det er at en jeg ikke til af den som med der har for de var vi et",
    "Polish": "nie to na do jest jak co ale za tak od po czy tym dla przez",
    "Turkish": "bir ve bu da de ne ama mi ben var gibi daha o kadar sonra ile ki",
}
SCRIPTS = {
    "Chinese": r"\p{Han}",
    "Japanese": r"[\p{Hiragana}\p{Katakana}]",
    "Korean": r"\p{Hangul}",
    "Arabic script": r"\p{Arabic}",
    "Russian or another language in Cyrillic letters": r"\p{Cyrillic}",
    "Greek": r"\p{Greek}",
    "Hebrew": r"\p{Hebrew}",
    "Hindi or another language in Devanagari": r"\p{Devanagari}",
    "Thai": r"\p{Thai}",
}


@dataclass(frozen=True)
class TextFacts:
    """One column of texts."""

    language: str  # "looks like English", or why it cannot be told
    unit: str  # "words"; "characters" where the script does not part words by spaces; "signs" where there are no words
    words: list[int]  # per text: the median, what 99 of 100 have at most, the most
    characters: int  # of the longest text
    different: int  # words, capital letters read as small ones, in the sampled train rows
    known: float | None  # share of the words of the validation rows that at least two sampled train texts have
    empty: int
    copies: int  # rows whose text stands in an earlier row
    across: int  # validation and test rows whose text is that of a train row

    def lines(self) -> list[str]:
        """For the terminal."""
        median, most, longest = self.words
        lengths = f"{median:,} {self.unit} in the middle, 99 of 100 texts have at most {most:,}, the longest {longest:,}"
        said = [f"{self.language}; {lengths}"]
        known = (
            ""
            if self.known is None
            else f"; {self.known:.1%} of the {self.unit} of the validation rows occur in two train texts or more"
        )
        said.append(f"{self.different:,} different {self.unit}{known}")
        if self.copies or self.empty:
            across = f" ({self.across:,} rows for validation and test repeat a train row)" if self.across else ""
            said.append(f"{self.copies:,} rows repeat an earlier text{across}; {self.empty:,} texts are empty")
        return said

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def text_facts(frame: pl.DataFrame, schema: Schema, rows: Mapping[str, np.ndarray]) -> dict[str, TextFacts]:
    """The facts of every text column that is read or written; rows: part -> row numbers, empty where no target is named."""
    return {
        column.name: facts_of(frame[column.name], rows)
        for column in schema.columns
        if column.type == "text" and column.role in ("input", "target")
    }


def facts_of(cells: pl.Series, rows: Mapping[str, np.ndarray]) -> TextFacts:
    every = np.arange(len(cells))
    train = some(cells, rows.get("train", every), TRAIN_SAMPLE)
    worded = wording(train)
    unit = "characters" if worded.spaceless > 0.5 else "signs" if worded.signs > SIGNS else "words"
    pattern = UNITS[unit]
    counts = cells.drop_nulls().str.count_matches(r"\S+" if unit == "words" else pattern)
    spread = [int(counts.quantile(share, "higher") or 0) for share in (0.5, 0.99, 1.0)]
    hashes, there = cells.hash(seed=0).to_numpy(), cells.is_not_null().to_numpy()
    checked = [part for part in (rows.get("validation", every[:0]), rows.get("test", every[:0])) if len(part)]
    across = sum(int((np.isin(hashes[part], hashes[rows["train"]]) & there[part]).sum()) for part in checked)
    seen = words_of(train, pattern)
    known = None
    if len(rows.get("validation", ())):
        words = words_of(some(cells, rows["validation"], SAMPLE), pattern).explode().drop_nulls()
        often = seen.list.unique().explode().drop_nulls().value_counts(name="texts").filter(pl.col("texts") > 1)[seen.name]
        known = int(words.is_in(often.implode()).sum()) / len(words) if len(words) else None
    return TextFacts(
        language(some(cells, every, SAMPLE)),
        unit,
        spread,
        longest_of(cells),
        int(seen.explode().drop_nulls().n_unique()),
        known,
        cells.null_count(),
        int(there.sum()) - len(np.unique(hashes[there])),
        across,
    )


def longest_of(cells: pl.Series) -> int:
    """The characters of the longest cell."""
    return int(np.max(cells.str.len_chars().drop_nulls().to_numpy(), initial=0))


def some(cells: pl.Series, rows: np.ndarray, most: int) -> pl.Series:
    """Evenly chosen cells that are there."""
    return cells[rows[:: max(1, len(rows) // most)]].drop_nulls().head(most)


def words_of(cells: pl.Series, pattern: str = WORD) -> pl.Series:
    return cells.str.head(20_000).str.to_lowercase().str.extract_all(pattern)


def language(cells: pl.Series) -> str:
    """A guess by the script and by the commonest words, which says so where it is none.

    >>> language(pl.Series(["The cat was on the mat and it was not amused", "You are what they have"]))
    'looks like English'
    """
    letters = int(cells.str.count_matches(r"\p{L}").sum() or 0)
    if not letters:
        return "language unknown: no letters"
    for name in ("Japanese", *SCRIPTS):
        share = int(cells.str.count_matches(SCRIPTS[name]).sum() or 0) / letters
        if share > (0.1 if name == "Japanese" else 0.5):
            return f"looks like {name}"
    words = words_of(cells.str.head(1_000)).explode().drop_nulls()
    shares = {name: int(words.is_in(stop.split()).sum()) / max(1, len(words)) for name, stop in STOP_WORDS.items()}
    best, second = sorted(shares, key=lambda name: -shares[name])[:2]
    if shares[best] < 0.12:
        return "language unknown: few of the commonest words of a language"
    if shares[second] > 0.75 * shares[best]:
        return f"looks like {best} or {second}"
    return f"looks like {best}"


def text_notices(
    frame: pl.DataFrame, schema: Schema, rows: Mapping[str, np.ndarray], source: Source, target: list[str]
) -> list[Notice]:
    """What should be said about the texts before training on them."""
    found: list[Notice] = []
    place = loaded_of(source).place
    written = schema.task is not None and schema.task.name == "Sequence"
    for column in schema.columns:
        if column.type != "text" or column.role != "input":
            continue
        cells = frame[column.name]
        if empty := cells.null_count():
            first = int(cells.is_null().arg_max() or 0)
            found.append(EmptyTexts(source.data[0], target, column.name, empty, len(cells), place(first), written))
        sizes = cells.str.len_chars().fill_null(0)
        usual, longest = int(sizes.quantile(0.99, "lower") or 0), longest_of(cells)
        if longest > 50 * max(100, usual):
            row = int(sizes.arg_max() or 0)
            found.append(LongText(source.data[0], target, column.name, place(row), longest, usual))
        found += unknown_words(cells, rows, source.data[0], target)
        if len(target) == 1 and schema.task is not None and schema.task.name in ("Binary", "Multiclass"):
            train = rows["train"][:: max(1, len(rows["train"]) // TRAIN_SAMPLE)]
            marks, share = marks_of_classes(cells[train], frame[target[0]][train])
            if marks:
                found.append(LabelInText(source.data[0], target, column.name, marks, share))
    return found


def unknown_words(cells: pl.Series, rows: Mapping[str, np.ndarray], data: str, target: list[str]) -> list[Notice]:
    """Parts many of whose texts have no word that a train text has; single words, which are read by letters, are left aside."""
    train = some(cells, rows["train"], 4 * TRAIN_SAMPLE)
    if not len(train) or wording(train).words < 2.5:
        return []
    known = words_of(train).explode().drop_nulls().unique()
    found: list[Notice] = []
    for part in ("validation", "test"):
        words = words_of(some(cells, rows.get(part, np.zeros(0, np.int64)), SAMPLE))
        words = words.filter(words.list.len() > 0)
        table = pl.DataFrame({"row": range(len(words)), "word": words}).explode("word")
        strange = len(words) - table.filter(pl.col("word").is_in(known.implode()))["row"].n_unique()
        if strange > max(2, FEW_UNKNOWN * len(words)):
            found.append(TextsOfUnknownWords(data, target, cells.name, part, strange, len(words)))
    return found


def marks_of_classes(texts: pl.Series, labels: pl.Series) -> tuple[dict[str, str], float]:
    """For each class the word that nearly all its texts hold and hardly another does; and the least share of a class's texts."""
    table = pl.DataFrame({"label": labels, "text": texts}).drop_nulls().with_row_index("row")
    sizes = dict(table["label"].value_counts().iter_rows())
    if not 2 <= len(sizes) <= MOST_CLASSES:
        return {}, 0.0
    words = table.select("row", "label", word=pl.col("text").str.head(2_000).str.to_lowercase().str.extract_all(r"\S+"))
    counted = words.explode("word").unique().group_by("word", "label").len().drop_nulls()
    counted = counted.with_columns(whole=pl.col("len").sum().over("word"))
    marks: dict[str, str] = {}
    least = 1.0
    for label, size in sizes.items():
        others = len(table) - size
        if min(size, others) < 10:
            continue
        own = counted.filter(
            (pl.col("label") == label)
            & (pl.col("len") >= MARK * size)
            & (pl.col("whole") - pl.col("len") <= (1 - MARK) / 2 * others)
        ).sort("len", "word", descending=[True, False])
        if len(own):
            marks[label] = own["word"][0]
            least = min(least, own["len"][0] / size)
    return marks, least
