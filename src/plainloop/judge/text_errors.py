"""The worst errors of a run on texts, with the words that drove them: what the report shows as marked text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ..plain.table import Words
from .errors import Error
from .occlusion import Evidence, Part, driven_by
from .scored import Scored

SHADES = 4
FAINTEST = 0.2  # share of a text's largest effect from which on a word is marked
LEAST = 0.005  # log-odds that a word must change, or share of a number's spread
STRONGEST = 4  # words that are named below a text, on each side
LONG = 300  # signs that are shown of a stretch
SMALLEST = 1e-12
LOOKED_AT = 2_000  # texts that tell how many are made of unknown words


@dataclass(frozen=True)
class Piece:
    """Some of a text as it is shown. mark: "for" or "against" with a shade of 1 to 4, empty where nothing is marked."""

    text: str
    mark: str = ""
    effect: str = ""  # what it speaks for, and how much


@dataclass(frozen=True)
class Told:
    """A text of a row, and which of its words spoke for what, the strongest first."""

    column: str
    pieces: list[Piece]
    sides: list[tuple[str, list[tuple[str, str]]]]  # what they spoke for -> each word and how much


def told(outcome: Any, scored: Scored, errors: Sequence[Error], *, part: str = "test") -> dict[int, list[Told]]:
    """The texts of the rows in `errors`, by the number of the row; nothing for runs without texts."""
    columns = [column.name for column in outcome.config.inputs if column.type == "text"]
    if not columns:
        return {}
    places = {int(row): place for place, row in enumerate(outcome.split[part].tolist())}
    task, found = outcome.preparation.task, {}
    least = LEAST * (task.std if scored.kind == "Regression" else 1.0)
    for error in errors:
        evidence, sides = evidence_of(task, scored, places[error.row])
        found[error.row] = [
            shown(name, text_of(outcome, name, error.row), driven_by(outcome, error.row, name, evidence), sides, least)
            for name in columns
        ]
    return found


def text_of(outcome: Any, column: str, row: int) -> str:
    cells = outcome.table[column]
    assert isinstance(cells, Words)
    code = int(cells.codes[row])
    return cells.words[code] if code >= 0 else ""


def cut_and_unknown(outcome: Any, part: str) -> dict[str, str]:
    """How much of the train texts of each column stands behind the place where they are cut, how many tokens are unknown, and how
    many of the texts that are judged are made of unknown words."""
    found = {}
    rows = outcome.split[part][:: max(1, len(outcome.split[part]) // LOOKED_AT)]
    for name, column in outcome.preparation.columns.items():
        strange = column.strange(outcome.table[name][rows]) if column.kind == "text" else 0
        lost, unknown = getattr(column, "lost", 0.0), getattr(column, "unknown", 0.0)
        said = [f"texts are cut at {column.longest:,} tokens, which loses {lost:.1%} of the text"] if lost >= 0.0005 else []
        said += [f"{unknown:.1%} of the tokens are unknown words"] if unknown >= 0.0005 else []
        said += [f"{strange / len(rows):.1%} of the {part} texts have more unknown words than known ones"] if strange else []
        if said:
            found[f'column "{name}"'] = "; ".join(said)
    return found


def evidence_of(task: Any, scored: Scored, place: int) -> tuple[Evidence, tuple[str, str]]:
    """What is asked of the model about a row: how far it leans towards its answer rather than the truth.

    For classes in log-odds; of several labels about the most wrong one; of a number, the number. Also what it means where that
    goes up, and where it goes down.
    """
    if scored.kind == "Regression":
        return lambda scores: task.probabilities(scores).numpy().reshape(-1), ("raise it", "lower it")
    if scored.kind == "Multilabel":
        wrong = (scored.predicted[place] != scored.truth[place]).astype(float)
        p = scored.probabilities[place]
        label = int(np.argmax(wrong + np.where(scored.truth[place], 1 - p, p)))
        return lambda scores: logs(task, scores)[0][:, label], (f"for {scored.labels[label]}", f"against {scored.labels[label]}")
    answer, truth = int(scored.predicted[place]), int(scored.truth[place])
    if scored.kind == "Binary":
        sign = 1 if answer else -1
        return lambda scores: sign * logs(task, scores)[0], (f"for {scored.labels[answer]}", f"for {scored.labels[1 - answer]}")
    name = scored.labels[answer]
    if answer == truth:
        return lambda scores: logs(task, scores)[0][:, answer], (f"for {name}", f"against {name}")

    def lead(scores: Tensor) -> np.ndarray:
        log = logs(task, scores)[1]
        return log[:, answer] - log[:, truth]

    return lead, (f"for {name}", f"for {scored.labels[truth]}")


def logs(task: Any, scores: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The log-odds and the log of each probability."""
    p = task.probabilities(scores).numpy().clip(SMALLEST, 1 - SMALLEST)
    return np.log(p) - np.log1p(-p), np.log(p)


def shown(column: str, text: str, parts: Sequence[Part], sides: tuple[str, str], least: float = 0.0) -> Told:
    """The text cut into pieces that are marked or not; what was not tried word by word is left out.

    least: an effect below it is none.
    """
    largest = max((abs(part.effect) for part in parts if part.effect is not None), default=0.0)
    largest = max(largest, least / FAINTEST)
    stretches = any(part.effect is None or part.end - part.start > LONG for part in parts)
    pieces: list[Piece] = []
    end = 0
    for part in parts:
        share = abs(part.effect or 0.0) / largest if largest > SMALLEST else 0.0
        marked = part.effect is not None and share >= FAINTEST
        if not stretches or part.effect is not None:
            pieces.append(Piece(clean(text[end : part.start])))
        end = part.end
        if part.effect is None or (not marked and part.end - part.start > LONG):
            pieces += [] if pieces and pieces[-1].text == " ... " else [Piece(" ... ")]
            continue
        words = text[part.start : part.end]
        words = clean(words if len(words) <= LONG else words[:LONG] + " ...")
        if not marked:
            pieces.append(Piece(words))
            continue
        effect = part.effect or 0.0
        mark, side = ("for", sides[0]) if effect > 0 else ("against", sides[1])
        shade = min(SHADES, int(share * SHADES) + 1)
        pieces.append(Piece(words, f"{mark} s{shade}", f"{side}: {size(effect)}"))
    if not stretches:
        pieces.append(Piece(clean(text[end:])))
    return Told(column, joined(pieces), strongest(text, parts, sides, largest))


def strongest(
    text: str, parts: Sequence[Part], sides: tuple[str, str], largest: float
) -> list[tuple[str, list[tuple[str, str]]]]:
    """The words that did most on each side, each word once."""
    found = []
    for name, sign in zip(sides, (1, -1), strict=True):
        best: dict[str, float] = {}
        for part in parts:
            effect = sign * (part.effect or 0.0)
            if effect >= FAINTEST * largest and largest > SMALLEST:
                words = clean(text[part.start : part.end])
                word = words if len(words) <= 60 else words[:60] + " ..."
                best[word] = max(effect, best.get(word, 0.0))
        order = sorted(best, key=lambda word: -best[word])[:STRONGEST]
        if order:
            found.append((name, [(word, size(best[word])) for word in order]))
    return found


def joined(pieces: Sequence[Piece]) -> list[Piece]:
    """The same with pieces that are not marked put together."""
    found: list[Piece] = []
    for piece in pieces:
        if found and not found[-1].mark and not piece.mark:
            found[-1] = Piece(found[-1].text + piece.text)
        elif piece.text:
            found.append(piece)
    return found


def size(value: float) -> str:
    """A number without its sign, in two digits or all that stand before the point.

    >>> size(0.9194), size(-1.06), size(12345.6)
    ('0.92', '1.1', '12,346')
    """
    value = abs(value)
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def clean(text: str) -> str:
    """The text without signs that would turn it round or are not seen; what joins signs to one stays."""
    return "".join(sign if sign.isprintable() or sign in "\n\t\u200c\u200d" else " " for sign in text)
