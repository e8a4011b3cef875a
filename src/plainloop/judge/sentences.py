"""Written texts beside the true ones: exact match, BLEU, chrF and token accuracy, each with an interval over sentences.

The values come from `task.metrics`, that is from sacrebleu. For the intervals every sentence keeps its counts, and the metric is
computed from the sums of resampled sentences; a metric whose sums do not give sacrebleu's value has no interval.

BLEU: Papineni et al. 2002, smoothed as sacrebleu does (Post 2018, arXiv 1804.08771). chrF: Popovic 2015, W15-3049.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch

from .intervals import Formula, Interval, ends, resamples_for, weights, wilson

ORDERS, CHARACTERS, BETA = 4, 6, 2.0  # words of BLEU, signs of chrF, how much more recall counts than precision


@dataclass(frozen=True)
class Sentences:
    """Texts as they were written and as they should be, with how sure the net was and the hits on the target's tokens.

    Shape: sure (B,); counts (B, 3): hits, tokens and negative log likelihood of the target, where they are known.
    """

    kind: ClassVar[str] = "Sequence"
    labels: ClassVar[list[str]] = []

    written: list[str]
    truth: list[str]
    sure: np.ndarray
    counts: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.truth)

    def says_as(self, other: Any) -> bool:
        return isinstance(other, Sentences) and self.written == other.written and np.array_equal(self.sure, other.sure)

    @cached_property
    def exact(self) -> np.ndarray:
        """(B,) 1 where the two are equal."""
        return np.array([one == other for one, other in zip(self.written, self.truth, strict=True)], np.float64)

    @cached_property
    def word_counts(self) -> np.ndarray:
        """(B, 10): matches and runs of 1 to 4 words, words written, words of the truth, as sacrebleu splits them."""
        from sacrebleu.metrics.bleu import BLEU

        metric, found = BLEU(effective_order=True), []
        for one, other in zip(self.written, self.truth, strict=True):
            score: Any = metric.sentence_score(one, [other])
            found.append([*score.counts, *score.totals, score.sys_len, score.ref_len])
        return np.array(found, np.float64).reshape(-1, 2 * ORDERS + 2)

    @cached_property
    def sign_counts(self) -> np.ndarray:
        """(B, 18): matches of 1 to 6 signs in a row, runs written, runs of the truth; spaces do not count."""
        return np.array([_signs(*pair) for pair in zip(self.written, self.truth, strict=True)], np.float64).reshape(
            -1, 3 * CHARACTERS
        )

    @cached_property
    def each(self) -> np.ndarray:
        """(B,) the chrF of each sentence, 0 to 100."""
        return chrf(self.sign_counts)


def _signs(written: str, truth: str) -> list[int]:
    one, other = "".join(written.split()), "".join(truth.split())
    matches, mine, theirs = [], [], []
    for order in range(1, CHARACTERS + 1):
        first = Counter(one[i : i + order] for i in range(len(one) - order + 1))
        second = Counter(other[i : i + order] for i in range(len(other) - order + 1))
        matches.append((first & second).total())
        mine.append(first.total())
        theirs.append(second.total())
    return [*matches, *mine, *theirs]


def bleu(sums: np.ndarray) -> np.ndarray:
    """BLEU from sums of `word_counts`. Shape: (R, 10) -> (R,), 0 to 100."""
    matches, runs = sums[:, :ORDERS], sums[:, ORDERS : 2 * ORDERS]
    written, truth = sums[:, -2], sums[:, -1]
    none = matches == 0
    halves = 2.0 ** np.cumsum(none, axis=1)  # each order without a match counts half as much as the one before it
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(none, 1 / (halves * runs), matches / runs)
        short = np.where(written < truth, np.exp(1 - truth / written), 1.0)
        value = 100 * short * np.exp(np.log(precision).mean(axis=1))
    return np.where((runs > 0).all(axis=1) & (matches.sum(axis=1) > 0), value, 0.0)


def chrf(sums: np.ndarray) -> np.ndarray:
    """chrF from sums of `sign_counts`. Shape: (R, 18) -> (R,), 0 to 100."""
    matches, written, truth = np.split(sums, 3, axis=1)
    both = (written > 0) & (truth > 0)
    orders = np.maximum(both.sum(axis=1), 1)
    precision = np.where(both, matches / np.maximum(written, 1), 0).sum(axis=1) / orders
    recall = np.where(both, matches / np.maximum(truth, 1), 0).sum(axis=1) / orders
    below = BETA**2 * precision + recall
    return 100 * (1 + BETA**2) * precision * recall / np.where(below > 0, below, 1)


def sentences(task: Any, scores: torch.Tensor, target: torch.Tensor, truth: list[str] | None = None) -> Sentences:
    """The texts behind what `task.predict` gave, and the targets: as the rows have them, or else out of their tokens."""
    from ..plain.tasks.sequence import GUESS, TRUE_LOG

    counts = None
    if scores.shape[2] > TRUE_LOG:
        places = min(scores.shape[1], target.shape[1])
        scored, wanted = scores[:, :places], target[:, :places]
        there = wanted != 0
        hits = ((scored[..., GUESS].long() == wanted) & there).sum(1)
        likelihood = -(scored[..., TRUE_LOG].double() * there).sum(1)
        counts = torch.stack([hits.double(), there.sum(1).double(), likelihood], 1).numpy()
    truth = task.truth(target) if truth is None else truth
    return Sentences(task.decode(scores), truth, task.probabilities(scores).double().numpy(), counts)


def formulas(found: Sentences, names: list[str]) -> dict[str, Formula]:
    """The metrics as functions of how often each sentence was drawn."""

    def of_sums(terms: np.ndarray, form: Callable[[np.ndarray], np.ndarray]) -> Formula:
        return lambda w: form(w.astype(np.float64) @ terms)

    made: dict[str, Formula] = {"exact_match": lambda w: (w @ found.exact) / w.shape[1]}
    if "bleu" in names:
        made["bleu"] = of_sums(found.word_counts, bleu)
    if "chrf" in names:
        made["chrf"] = of_sums(found.sign_counts, chrf)
    if found.counts is not None:
        made["token_accuracy"] = of_sums(found.counts, lambda sums: sums[:, 0] / sums[:, 1])
        made["perplexity"] = of_sums(found.counts, lambda sums: np.exp(sums[:, 2] / sums[:, 1]))
    return made


def sentence_intervals(
    task: Any, scores: torch.Tensor, target: torch.Tensor, *, seed: int = 0, found: Sentences | None = None
) -> dict[str, Interval]:
    """Each metric of the task with its 95% interval, from resampled sentences."""
    found = found or sentences(task, scores, target)
    return with_ends(task.metrics(scores, target, found.truth), found, seed)


def with_ends(values: dict[str, float | None], found: Sentences, seed: int = 0) -> dict[str, Interval]:
    """Each value with the ends of its interval; none where it is not defined, or where its sums do not give it."""
    made: dict[str, Interval] = {name: {"value": value, "low": None, "high": None} for name, value in values.items()}
    rows = len(found)
    if rows < 2:
        return made
    for name, drawn in sentence_draws(found, values, seed).items():
        made[name]["low"], made[name]["high"] = ends(drawn)
    if values.get("exact_match") == 1.0:  # resampling rows without a fault cannot show that another might have one
        made["exact_match"] |= {"low": float(wilson(np.ones(1), np.array([rows]))[0][0]), "high": 1.0}
    return made


def sentence_draws(found: Sentences, values: Mapping[str, float | None], seed: int = 0) -> dict[str, np.ndarray]:
    """The value of each metric in each resample, of those whose sums give the value at hand; what `draws` is for classes."""
    rows = len(found)
    forms = formulas(found, [name for name, value in values.items() if value is not None])
    known = {
        name: form
        for name, form in forms.items()
        if (value := values.get(name)) is not None
        and np.isclose(float(form(np.ones((1, rows), np.float32))[0]), value, rtol=1e-4)
    }
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in known}
    for chunk in weights(rows, resamples_for(rows), seed):
        for name, form in known.items():
            drawn[name].append(form(chunk))
    return {name: np.concatenate(parts) for name, parts in drawn.items()}


def text_metrics(found: Sentences) -> dict[str, float | None]:
    """The metrics of texts alone, as `task.metrics` has them: for the baselines."""
    words = any(len(text.split()) >= ORDERS for text in found.truth)
    return {
        "exact_match": float(found.exact.mean()) if len(found) else None,
        "bleu": float(bleu(found.word_counts.sum(axis=0)[None])[0]) if words else None,
        "chrf": float(chrf(found.sign_counts.sum(axis=0)[None])[0]),
    }


def signatures() -> dict[str, str]:
    """How sacrebleu counted: what must be said with a BLEU to compare it with another."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    found = {}
    for name, metric in (("bleu", BLEU()), ("chrf", CHRF())):
        metric.corpus_score(["a b c d"], [["a b c d"]])
        found[name] = str(metric.get_signature())
    return found
