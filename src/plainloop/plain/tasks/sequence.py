# needs: tokenizers, sacrebleu
"""The task of writing a text for a text: a translation, a summary, a date in another form. Copied into ejected projects.

While it trains, the model is told the target up to each place and scores the token there (teacher forcing); that gives loss,
token accuracy and exact match. To predict, it writes its answers itself (decode.py), so `predict` is this task's own.

Axes: B examples, T target tokens, W vocabulary of the target.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..columns.target_text import TargetText
from ..config import Config
from ..decode import Decoding, decode
from ..ragged import PADDING, Ragged
from ..table import Cells

TOKEN, LOG, GUESS, TRUE_LOG = range(4)  # what `predict` gives for each place of an answer
FEWEST_WORDS = 4  # BLEU counts runs of up to four words


class Sequence:
    """A text out of a text.

    Shape: target int64 (B, T), padded behind with 0; scores of the loss (B, T, W), logits; scores of `predict` float32
    (B, T, 2): the token written at each place and its log-probability; where the target is known (B, T, 4): also the most
    probable token after the target so far, and the log-probability of the target's own token.
    """

    headline, higher_is_better = "token_accuracy", True

    def __init__(
        self,
        tokenizer: str,
        tokens: str,
        shared: bool,
        longest: int,
        answer: int,
        label_smoothing: float = 0.0,
        decoding: dict[str, Any] | None = None,
    ):
        """longest: tokens of a target that are learned; answer: tokens that an answer is cut at."""
        self.texts, self.shared, self.answer = TargetText(tokenizer, tokens, longest), shared, answer
        self.label_smoothing, self.decoding = label_smoothing, Decoding(**decoding or {})

    @classmethod
    def fit(cls, cells: list[Cells], train: np.ndarray, config: Config, tokenizer: str = "") -> Sequence:
        """tokenizer: that of the source, where both share one. An answer may be twice as long as those of the train rows."""
        how = config.sequence
        options: dict[str, Any] = {"tokens": how.tokens, "vocabulary": how.vocabulary, "longest": how.longest}
        texts = TargetText.fit(cells[0][train], **options, tokenizer=tokenizer)
        most = min(how.longest, 2 * int(texts.encode(cells[0][train]).lengths.max()) + 10)
        decoding = {"beam": how.beam, "length_penalty": how.length_penalty}
        return cls(texts.tokenizer, how.tokens, bool(tokenizer), how.longest, most, config.task.label_smoothing, decoding)

    @property
    def num_outputs(self) -> int:
        return len(self.texts.words)

    @property
    def shape(self) -> dict[str, Any]:
        """What a model must know of the target beside the number of its words."""
        return {"shared": self.shared, "length": self.answer}

    @property
    def start(self) -> int:
        """The token that stands before the first."""
        return self.texts.start

    def target(self, cells: list[Cells]) -> Ragged:
        return self.texts.encode(cells[0])

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        """The mean over the tokens of the targets; padding is none of them."""
        return F.cross_entropy(scores.flatten(0, 1), target.flatten(), ignore_index=PADDING, label_smoothing=self.label_smoothing)

    def tally(self, scores: Tensor, target: Tensor, loss: Tensor) -> Tensor:
        """Sums over a batch, on its device: [loss, negative log likelihood, hits, tokens, rows without a miss]."""
        counts = target != PADDING  # (B, T)
        own = scores.gather(2, target[..., None])[..., 0]  # (B, T)
        hits = (own >= scores.amax(2)) & counts
        tokens = counts.sum()
        total = loss * tokens
        likelihood = total
        if self.label_smoothing:  # the loss takes its share of the mean score of all words in the place of the right one's
            likelihood = total + self.label_smoothing * ((scores.mean(2) - own) * counts).sum()
        exact = (hits == counts).all(1).sum()
        sums = torch.stack([total, likelihood, hits.sum(), tokens, exact])
        return sums if sums.device.type == "mps" else sums.double()  # an epoch may have more tokens than float32 can count

    def rates(self, tally: list[float], num_rows: int) -> dict[str, float]:
        """Means over tokens, and over rows for the exact match: the answer that is written would be the target."""
        loss, likelihood, hits, tokens, exact = tally
        perplexity = math.exp(min(likelihood / tokens, 700.0)) if math.isfinite(likelihood) else math.inf
        return {
            "loss": loss / tokens,
            "token_accuracy": hits / tokens,
            "exact_match": exact / num_rows,
            "perplexity": perplexity,
        }

    def predict(self, model: Any, inputs: dict[str, Tensor]) -> Tensor:
        """Writes the answers; where the inputs hold the target, it is scored as well.

        In float32 whatever the precision of the run: rounded scores are often equal, and then the way that a kernel rounds
        would choose the word.
        """
        texts = self.texts
        with torch.autocast(inputs["text"].device.type, enabled=False):
            words, logs = decode(
                model, inputs, self.decoding, start=texts.start, end=texts.end, longest=self.answer, never=texts.never
            )
            scores = model(inputs).float() if "target_in" in inputs else None
        made = torch.stack([words.to(logs.dtype), logs], 2)  # (B, T, 2); float32 holds every token below 2^24
        if scores is None:
            return made
        target = one_place_on(inputs["target_in"], texts.end)
        true = scores.gather(2, target[..., None])[..., 0] - scores.logsumexp(2)
        forced = torch.stack([scores.argmax(2).to(logs.dtype), true], 2)
        places = max(made.shape[1], forced.shape[1])
        return torch.cat([F.pad(part, (0, 0, 0, places - part.shape[1])) for part in (made, forced)], 2)

    def decode(self, scores: Tensor) -> list[str]:
        return self.texts.decode(scores[..., TOKEN].long())

    def truth(self, target: Tensor) -> list[str]:
        """The targets out of their tokens: without the words that no token stands for."""
        return self.texts.decode(target)

    def whole(self, cells: Cells) -> list[str]:
        """The targets as the rows have them, which is what answers are judged by."""
        return self.texts.whole(cells)

    def probabilities(self, scores: Tensor) -> Tensor:
        """How sure each answer is: the geometric mean of the probabilities of its tokens. Shape: float32 (B,)."""
        return self.mean_log(scores).exp()

    def mean_log(self, scores: Tensor) -> Tensor:
        """The log-probability of each answer, divided by its tokens. Shape: float32 (B,)."""
        return scores[..., LOG].sum(1) / (scores[..., TOKEN] != PADDING).sum(1).clamp_min(1)

    def cut(self, scores: Tensor) -> Tensor:
        """Which answers were cut because they did not end. Shape: bool (B,)."""
        return (scores[..., TOKEN] != self.texts.end).all(1)

    def metrics(self, scores: Tensor, target: Tensor, truth: list[str] | None = None) -> dict[str, float | None]:
        """Every figure of the report; those of texts by sacrebleu, between 0 and 100. truth: the whole targets."""
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF

        written, truth = self.decode(scores), self.truth(target) if truth is None else truth
        long_enough = any(len(text.split()) >= FEWEST_WORDS for text in truth)
        made: dict[str, float | None] = {
            "exact_match": sum(map(str.__eq__, written, truth)) / max(1, len(truth)),
            "bleu": BLEU().corpus_score(written, [truth]).score if long_enough else None,
            "chrf": CHRF().corpus_score(written, [truth]).score,
        }
        if scores.shape[2] > TRUE_LOG:
            places = max(scores.shape[1], target.shape[1])
            scores, target = F.pad(scores, (0, 0, 0, places - scores.shape[1])), F.pad(target, (0, places - target.shape[1]))
            counts = target != PADDING
            made["token_accuracy"] = float((scores[..., GUESS].long() == target)[counts].double().mean())
            made["perplexity"] = math.exp(min(-float(scores[..., TRUE_LOG][counts].double().mean()), 700.0))
        return made

    def trivial(self, target: Tensor) -> Tensor:
        """The most frequent target as the answer to everything. Shape: (1, T, 2)."""
        rows, counts = target.unique(dim=0, return_counts=True)
        best = rows[counts.argmax()]
        return torch.stack([best.float(), torch.zeros(len(best))], 1)[None]

    def report_columns(self, scores: Tensor) -> dict[str, list]:
        """The columns of predictions.csv: the answer, and its log-probability per token."""
        return {"prediction": self.decode(scores), "score": [round(value, 5) for value in self.mean_log(scores).tolist()]}

    def state(self) -> dict[str, Any]:
        return {
            "tokenizer": self.texts.tokenizer,
            "tokens": self.texts.tokens,
            "shared": self.shared,
            "longest": self.texts.longest,
            "answer": self.answer,
            "label_smoothing": self.label_smoothing,
            "decoding": asdict(self.decoding),
        }


def one_place_on(target_in: Tensor, end: int) -> Tensor:
    """The target that was shifted into the inputs: what stands one place on, and the end behind a row that fills the batch.

    >>> one_place_on(torch.tensor([[2, 8, 9], [2, 8, 3]]), end=3)
    tensor([[8, 9, 3],
            [8, 3, 0]])
    """
    last = target_in[:, -1]
    ends = torch.where((last != PADDING) & (last != end), end, PADDING)
    return torch.cat([target_in[:, 1:], ends[:, None]], 1)
