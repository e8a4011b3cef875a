"""What the report of a run with pictures shows of them: a batch as the model sees it, the worst errors, where the net looked.

`image_column` is the one place that asks whether a run has pictures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from ..plain.batches import EpochBatches, class_weights
from ..plain.run import augmentation
from .contact_sheet import Card, Sheet, resized
from .errors import Error, errors_of, file_name
from .saliency import saliency
from .scored import Scored

MOST_IN_BATCH = 32
MOST_ERRORS = 24
MOST_SALIENT = 6  # right answers, and as many wrong ones
PAIR_SIDE = 96  # pixels of each of the two pictures in a pair


def image_column(outcome: Any) -> str:
    """The name of the input column that holds pictures, empty where there is none."""
    return next((name for name, column in outcome.preparation.columns.items() if column.kind == "image"), "")


def sheets(outcome: Any, scored: Scored, *, part: str = "test") -> dict[str, Sheet]:
    """The sheets of a run by their names; none for a run without pictures."""
    column = image_column(outcome)
    if not column:
        return {}
    found = [
        training_batch(outcome, scored, column),
        worst_errors(outcome, scored, column, part),
        looked_at(outcome, scored, column, part),
    ]
    return {sheet.name: sheet for sheet in found if sheet is not None and sheet.cards}


def training_batch(outcome: Any, scored: Scored, column: str) -> Sheet:
    """The first pictures of the run's first batch, changed by its own augmentation as they were then."""
    config, preparation = outcome.config, outcome.preparation
    train = outcome.split["train"]
    target = preparation.target(outcome.table.rows(train))
    sampled = config.task.balance == "sampler" and scored.kind != "Regression"
    weights = class_weights(target) if sampled else None
    order = next(iter(EpochBatches(len(train), config.train.batch_size, seed=config.machine.seed, weights=weights)))
    inputs = preparation.inputs(outcome.table.rows(train[order.numpy()]))
    change, mixing = augmentation(config), None
    if change is not None:
        inputs, mixing = change(inputs, 0, 0)
    truth = target[order]
    codes = np.asarray(preparation.task.truth(truth)) if scored.kind == "Regression" else truth.numpy()
    labels = [scored.words(code) for code in codes]
    cards = []
    for place, pixels in enumerate(_decoded(outcome, column, inputs["image"][:MOST_IN_BATCH])):
        lines: tuple[str, ...] = (labels[place],)
        if mixing is not None and labels[int(mixing.partner[place])] != labels[place]:
            other = labels[int(mixing.partner[place])]
            lines = (f"{mixing.share:.0%} {labels[place]}", f"{1 - mixing.share:.0%} {other}")
        cards.append(Card(pixels, lines, " and ".join(lines)))
    height, width = inputs["image"].shape[2:]
    how = "changed by this run's augmentation" if change is not None else "which this run does not change (no augmentation)"
    note = f"The first {len(cards)} pictures of the first batch of {len(order)}, {width} x {height} pixels, {how}."
    return Sheet("training_batch", "One training batch", note, tuple(cards))


def worst_errors(outcome: Any, scored: Scored, column: str, part: str) -> Sheet:
    """The pictures with the highest loss among those that were answered wrongly; for numbers, the furthest off."""
    wrong = np.flatnonzero(~right(scored))
    order = wrong[np.argsort(-scored.losses[wrong], kind="stable")][:MOST_ERRORS]
    errors = errors_of(outcome, scored, order, part=part)
    shown = _pictures(outcome, column, [error.row for error in errors])
    cards = tuple(_card(pixels, error, outcome, column) for pixels, error in zip(shown, errors, strict=True))
    many = f"{len(wrong):,} of {len(scored):,} {part} pictures are wrong" if scored.kind != "Regression" else "Furthest off first"
    return Sheet(
        "worst_errors", "The worst of them", f"{many}; those whose truth the net thought least likely come first.", cards, 6, 132
    )


def looked_at(outcome: Any, scored: Scored, column: str, part: str) -> Sheet | None:
    """Pictures beside themselves under the heat of what raised the answer: some right answers, then the worst wrong ones."""
    good = right(scored)
    hits = np.random.default_rng(0).permutation(np.flatnonzero(good))[:MOST_SALIENT]
    misses = np.flatnonzero(~good)
    misses = misses[np.argsort(-scored.losses[misses], kind="stable")][:MOST_SALIENT]
    errors = errors_of(outcome, scored, np.concatenate([hits, misses]), part=part)
    if not errors:
        return None
    rows = np.array([error.row for error in errors])
    inputs = outcome.preparation.inputs(outcome.table.rows(rows))
    found = saliency(outcome.model, outcome.preparation.task, inputs)
    if found is None:
        return None
    heat, method = found
    cards = []
    for place, (pixels, error) in enumerate(zip(_decoded(outcome, column, inputs["image"]), errors, strict=True)):
        pair = warm_pair(pixels, heat[place].numpy())
        cards.append(_card(pair, error, outcome, column, "right" if place < len(hits) else "wrong"))
    note = (
        f"Bright is what raised the answer that the net gave ({method}). Where the background is brighter than the thing itself, "
        "the net may have learned the background."
    )
    return Sheet("saliency", "Where the net looked", note, tuple(cards), 4, 2 * PAIR_SIDE + 4)


def right(scored: Scored) -> np.ndarray:
    """Which answers count as right: the label, all labels, or for numbers the better half. Shape: bool (B,)."""
    if scored.kind == "Regression":
        return scored.losses <= np.median(scored.losses)
    same = scored.predicted == scored.truth
    return same if same.ndim == 1 else same.all(axis=1)


def warm_pair(pixels: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """The picture, and the same in grey under the colours of the heat. Shape: (H, W, C), (H, W) -> uint8 (h, 2 w + 4, 3)."""
    from matplotlib import colormaps

    plain = resized(pixels, PAIR_SIDE)
    warmth = resized((heat * 255).round().astype(np.uint8)[:, :, None], PAIR_SIDE)[:, :, 0] / 255
    grey = plain.astype(np.float64).mean(axis=2, keepdims=True)
    colour = colormaps["inferno"](warmth)[:, :, :3] * 255
    share = (0.25 + 0.5 * warmth)[:, :, None]
    warm = (grey * 0.8 * (1 - share) + colour * share).clip(0, 255).astype(np.uint8)
    return np.concatenate([plain, np.full((len(plain), 4, 3), 255, np.uint8), warm], axis=1)


def _decoded(outcome: Any, column: str, images: Tensor) -> list[np.ndarray]:
    """The column's own pictures out of a batch, in which its channels come first."""
    fitted = outcome.preparation.columns[column]
    return fitted.decode(images[:, : len(fitted.mean)])


def _pictures(outcome: Any, column: str, rows: list[int]) -> list[np.ndarray]:
    if not rows:
        return []
    fitted = outcome.preparation.columns[column]
    return fitted.decode(fitted.encode(outcome.table[column][np.array(rows)]))


def _card(pixels: np.ndarray, error: Error, outcome: Any, column: str, mark: str = "") -> Card:
    said = f"{error.predicted}" + (f" ({error.said:.0%})" if error.said is not None else "")
    name = file_name(outcome.table[column], error.row)
    lines = (f"{mark + ': ' if mark else ''}{said}", f"true: {error.truth}", name)
    return Card(pixels, lines, f"{name}: predicted {said}, true {error.truth}" + (f" ({mark})" if mark else ""))
