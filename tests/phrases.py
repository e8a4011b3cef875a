"""Simple sentences in two languages, as files of pairs, for the tests of sentence pairs."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np

from plainloop.options import DataOptions, make
from plainloop.understand.look import look
from plainloop.understand.seen import Look

PEOPLE = {"a man": "ein Mann", "two women": "zwei Frauen", "the old dog": "der alte Hund", "some children": "einige Kinder"}
DOINGS = {"is sleeping": "schläft", "plays outside": "spielt draußen", "eats a red apple": "isst einen roten Apfel"}
PLACES = {"in the snow": "im Schnee", "near a river": "an einem Fluss", "on the street": "auf der Straße", "at home": "zu Hause"}


def phrases(count: int = 400) -> list[tuple[str, str]]:
    """Simple sentences, each in two languages and with a number, so that none comes twice."""
    random = np.random.default_rng(0)
    found = []
    for number in range(count):
        who, what, where = (list(one.items())[random.integers(len(one))] for one in (PEOPLE, DOINGS, PLACES))
        found.append((f"{who[0]} {what[0]} {where[0]} {number}.", f"{who[1]} {what[1]} {where[1]} {number}."))
    return found


def write_pairs(
    folder: Path, name: str = "train", pairs: list[tuple[str, str]] | None = None, packed: bool = False
) -> tuple[str, str]:
    found = []
    for side, ending in enumerate(("en", "de")):
        text = "".join(pair[side] + "\n" for pair in (phrases() if pairs is None else pairs)).encode()
        path = folder / f"{name}.{ending}{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(text) if packed else text)
        found.append(str(path))
    return found[0], found[1]


def write_table(folder: Path, pairs: list[tuple[str, str]] | None = None, header: str = "english\tgerman") -> str:
    path = folder / "phrases.tsv"
    lines = [header, *("\t".join(pair) for pair in (phrases() if pairs is None else pairs))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def seen(source: Any, target: Any = None, **options: Any) -> Look:
    return look(source, make(DataOptions, {"target": target, **options}))


def said(found: Look) -> list[str]:
    return [type(notice).__name__ for notice in found.notices]
