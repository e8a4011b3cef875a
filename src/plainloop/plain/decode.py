"""How a model of sequences writes its answer, token by token: greedily, by sampling, or along several beams at once.

Copied into ejected projects. A model gives `start(inputs)`, the state before the first token, and `step(state, tokens)`, the
scores of the token after these and the state with them; every tensor of a state has the rows of the batch as its first axis.
What a row answers does not depend on the other rows of its batch: a row that has ended is left out, and padding is masked.

Axes: B examples, b of them under way, S source tokens, T target tokens, K beams, W vocabulary of the target.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

State = dict[str, Tensor]
Pick = Callable[[Tensor, Tensor], Tensor]
PADDING = 0


@dataclass(frozen=True)
class Decoding:
    """How an answer is written.

    beam 1 takes the most probable token each time. temperature above 0 draws tokens instead: 1 as probable as the model says,
    less is bolder; of all tokens, or of the `top` most probable ones. length_penalty: the log-probability of an answer is
    divided by its length to this power before answers are compared; 0 favours short ones.
    """

    beam: int = 1
    length_penalty: float = 1.0
    temperature: float = 0.0
    top: int = 0
    seed: int = 0


def decode(
    model: Any, inputs: dict[str, Tensor], how: Decoding, *, start: int, end: int, longest: int, never: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """The answer of each row: its tokens up to and with `end`, and the log-probability of each; 0 after the end.

    start: the token before the first; never: tokens that no answer holds.

    Shape: int64 (B, T), float32 (B, T), T at most `longest`; a row cut there has no `end`.
    """
    if how.beam > 1:
        return beams(model, inputs, how.beam, how.length_penalty, start=start, end=end, longest=longest, never=never)
    pick: Pick = drawn(how, inputs["text"]) if how.temperature else lambda logs, rows: logs.argmax(-1)
    return one_by_one(model, inputs, pick, start=start, end=end, longest=longest, never=never)


def one_by_one(
    model: Any,
    inputs: dict[str, Tensor],
    pick: Pick,
    *,
    start: int,
    end: int,
    longest: int,
    never: Sequence[int],
) -> tuple[Tensor, Tensor]:
    """One token after the other, each as `pick` chooses it from the log-probabilities (b, W) of the rows (b,) under way."""
    state = model.start(inputs)
    size, device = len(inputs["text"]), inputs["text"].device
    words = torch.full((size, longest), PADDING, device=device)
    chosen = torch.zeros((size, longest), device=device)
    rows, last = torch.arange(size, device=device), torch.full((size,), start, device=device)  # the rows under way
    place = 0
    for place in range(longest):
        scores, state = model.step(state, last)
        logs = log_probabilities(scores, never)
        last = pick(logs, rows)  # (rows under way,)
        words[rows, place], chosen[rows, place] = last, logs.gather(1, last[:, None])[:, 0]
        under_way = last != end
        if not under_way.any():
            break
        if not under_way.all():
            rows, last, state = rows[under_way], last[under_way], of_rows(state, under_way.nonzero()[:, 0])
    return words[:, : place + 1], chosen[:, : place + 1]


def drawn(how: Decoding, texts: Tensor) -> Pick:
    """Draws a token by its probability, the same ones for the same seed and the same text, whatever rows stand beside it.

    texts: the tokens of the sources. Shape: int64 (B, S), 0 where a row is shorter than its batch.
    """
    generators = [torch.Generator().manual_seed(seed_of(row, how.seed)) for row in texts.tolist()]

    def pick(logs: Tensor, rows: Tensor) -> Tensor:
        logs = logs / how.temperature
        if how.top:
            least = logs.topk(min(how.top, logs.shape[1])).values[:, -1:]
            logs = logs.masked_fill(logs < least, -torch.inf)
        places = torch.stack([torch.rand((), dtype=torch.float64, generator=generators[row]) for row in rows.tolist()])
        sums = logs.cpu().double().softmax(-1).cumsum(-1)  # (rows under way, W)
        # the first token at which the sum of probabilities passes the place: one that cannot be adds nothing to it
        return torch.searchsorted(sums, places[:, None] * sums[:, -1:], right=True)[:, 0].to(logs.device)

    return pick


def seed_of(row: Sequence[int], seed: int) -> int:
    """A number from a seed and the tokens of a row; padding behind them changes nothing.

    >>> seed_of([7, 8], 0) == seed_of([7, 8, 0, 0], 0) != seed_of([8, 7], 0) != seed_of([8, 7], 1)
    True
    """
    tokens = [token for token in row if token != PADDING]
    return int.from_bytes(hashlib.sha256(repr((seed, tokens)).encode()).digest()[:8], "little", signed=True)


def beams(
    model: Any, inputs: dict[str, Tensor], width: int, penalty: float, *, start: int, end: int, longest: int, never: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Follows the `width` most probable beginnings of each row; the best of the first `width` that end is the answer."""
    size, device = len(inputs["text"]), inputs["text"].device
    state = of_rows(model.start(inputs), torch.arange(size, device=device).repeat_interleave(width))
    words = torch.full((size, width, longest), PADDING, device=device)  # of the beginnings under way
    chosen = torch.zeros((size, width, longest), device=device)
    sums = torch.full((size, width), -torch.inf, device=device)
    sums[:, 0] = 0.0  # all beams begin alike: only one of them counts
    last, rows = torch.full((size * width,), start, device=device), torch.arange(size, device=device)
    answer, of_answer = words[:, 0].clone(), chosen[:, 0].clone()
    best, ended = torch.full((size,), -torch.inf, device=device), torch.zeros(size, dtype=torch.long, device=device)
    place = 0
    for place in range(longest):
        scores, state = model.step(state, last)
        logs = log_probabilities(scores, never).unflatten(0, (-1, width))  # (B, K, W)
        # twice as many as there are beams: if the better half of them ends, as many again go on
        totals, found = (sums[..., None] + logs).flatten(1).topk(min(2 * width, width * logs.shape[-1]))  # (B, 2K)
        beam, token = found // logs.shape[-1], found % logs.shape[-1]
        words, chosen = take(words, beam), take(chosen, beam)  # (B, 2K, T)
        words[:, :, place] = token
        chosen[:, :, place] = logs.flatten(1).gather(1, found)
        closes = token == end
        final = (totals / (place + 1) ** penalty).masked_fill(~closes, -torch.inf)
        final[:, width:] = -torch.inf  # an end counts where it is among the `width` best
        value, which = final.max(1)
        better = value > best[rows]
        answer[rows[better]], of_answer[rows[better]] = (take(t, which[:, None])[:, 0][better] for t in (words, chosen))
        best[rows[better]] = value[better]
        ended[rows] += closes[:, :width].sum(1)
        onward = totals.masked_fill(closes, -torch.inf).topk(width).indices  # (B, K)
        sums = totals.masked_fill(closes, -torch.inf).gather(1, onward)
        words, chosen, beam, last = take(words, onward), take(chosen, onward), beam.gather(1, onward), token.gather(1, onward)
        under_way = ended[rows] < width
        if not under_way.any():
            break
        first = torch.arange(len(rows), device=device)[:, None] * width
        state = of_rows(state, (first + beam)[under_way].flatten())
        rows, words, chosen, sums = rows[under_way], words[under_way], chosen[under_way], sums[under_way]
        last = last[under_way].flatten()
    cut = (best[rows] == -torch.inf) if len(rows) else best[:0] > 0  # no beam of these rows has ended
    answer[rows[cut]], of_answer[rows[cut]] = words[cut, 0], chosen[cut, 0]
    return answer[:, : place + 1], of_answer[:, : place + 1]


def take(values: Tensor, which: Tensor) -> Tensor:
    """The chosen beams of each row. Shape: (B, K, T), (B, k) -> (B, k, T)."""
    return values.gather(1, which[..., None].expand(-1, -1, values.shape[2]))


def of_rows(state: State, rows: Tensor) -> State:
    return {name: values.index_select(0, rows) for name, values in state.items()}


def log_probabilities(scores: Tensor, never: Sequence[int]) -> Tensor:
    """Of every token that an answer can hold, which padding and those of `never` are not. Shape: (B, W)."""
    scores = scores.float()
    scores[:, [PADDING, *never]] = -torch.inf
    return scores.log_softmax(-1)
