"""series_rnn: a recurrent net reads a series segment by segment, then says the steps ahead. Copied into ejected projects.

Segments in place of single steps (SegRNN, Lin et al. 2023, arXiv 2308.11200): a look-back of 336 is 14 cells long, which a
gradient survives. The encoder is one of torch's recurrent layers; the decoder either asks its last state for each segment ahead
by that segment's place (direct), or writes a segment, reads it, writes the next (steps).
What windows have in common shows best after the right normalisation, which differs from series to series; so two nets are
trained side by side, one per normalisation, beside a linear map, and the three forecasts are averaged.

Axes: B examples, V variables, VT targets, L look-back, H horizon, S steps of a segment, T segments behind, U segments ahead,
Q figures per step, D width, N series: B * VT, K members, out outputs.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .series_linear import Model as Linear
from .series_parts import Frame, Normalise, Sizes, within

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
LONGEST_SEGMENT, MOST_CELLS = 24, 28
State = Any  # Tensor (depth, N, D), of an lstm a pair of them


class Model(nn.Module):
    """Each target is a series of its own, read by the same nets; covariates are read along with it.

    normalise: both: two nets, last and mean_std. linear: the linear map has weights for each target, or shares them.
    segment: steps read at once, 0: half of the horizon, between a 28th of the look-back and 24. decode: direct or steps.
    Of whole series all variables are read together, by one net, as they are.

    Shape: inputs "series" float32 (B, V, L), "future" float32 (B, F, L + H) -> scores float32 (B, K, H * VT * Q), without K where
    there is one member; "series" and "lengths" int64 (B,) of whole series -> (B, out).

    >>> shapes = {"series": {"variables": 7, "targets": 7, "lookback": 336, "horizon": 96}}
    >>> Model(shapes, 96 * 7, cell="lstm")({"series": torch.zeros(5, 7, 336)}).shape
    torch.Size([5, 3, 672])
    """

    def __init__(
        self,
        shapes: dict[str, Any],
        num_outputs: int,
        *,
        cell: Literal["rnn", "lstm", "gru"] = "gru",
        decode: Literal["direct", "steps"] = "direct",
        normalise: Literal["none", "last", "mean_std", "both"] = "both",
        linear: Literal["none", "shared", "each"] = "shared",
        segment: int = 0,
        width: int = 64,
        depth: int = 1,
        dropout: float = 0.3,
    ):
        super().__init__()
        sizes = Sizes.of(shapes, num_outputs)
        segment = segment or usual_segment(sizes)
        self.members = nn.ModuleList()
        if not sizes.horizon:
            self.members.append(Whole(sizes.variables, num_outputs, cell, segment, width, depth, dropout))
            return
        kinds: list[Normalise] = ["last", "mean_std"] if normalise == "both" else [normalise]
        for kind in kinds:
            cells = CELLS[cell](width, width, depth, batch_first=True)
            self.members.append(Net(sizes, Frame(sizes, kind), cells, decode, segment, width, dropout))
        if linear != "none":
            self.members.append(Linear(shapes, num_outputs, individual=linear == "each"))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        scores = [member(inputs) for member in self.members]
        return torch.stack(scores, 1) if len(scores) > 1 else scores[0]


def usual_segment(sizes: Sizes) -> int:
    """How many steps are read at once where nobody said it."""
    return max(-(-sizes.lookback // MOST_CELLS), min(LONGEST_SEGMENT, sizes.horizon // 2))


class Net(nn.Module):
    """A forecast by one net. Shape: inputs as the model's -> scores (B, H * VT * Q)."""

    def __init__(self, sizes: Sizes, frame: Frame, cells: nn.RNNBase, decode: str, segment: int, width: int, dropout: float):
        super().__init__()
        self.sizes, self.segment, self.decode, self.ahead = sizes, segment, decode, -(-sizes.horizon // segment)
        self.frame = frame
        self.read = nn.Linear(segment * (1 + sizes.variables - sizes.targets), width)
        self.variable = nn.Parameter(0.1 * torch.randn(sizes.targets, 1, width))  # which target it is
        self.cells = cells
        self.place = nn.Parameter(0.1 * torch.randn(self.ahead, width)) if decode == "direct" else None
        self.dropout = nn.Dropout(dropout)
        self.write = nn.Linear(width, segment * sizes.figures)
        nn.init.zeros_(self.write.weight)  # at first the forecast is the level of the window
        nn.init.zeros_(self.write.bias)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x, kept = self.frame.off(inputs)
        _, state = self.cells(self.tokens(x).flatten(0, 1))
        y = self.by_steps(x, state) if self.place is None else self.direct(self.place, state, x.shape[0])  # (N, U, S * Q)
        y = y.unflatten(0, (-1, self.sizes.targets)).flatten(2)[..., : self.sizes.horizon * self.sizes.figures]
        return self.frame.on(y, kept)

    def tokens(self, x: Tensor) -> Tensor:
        """Each segment of each target as D numbers, the covariates in it. Shape: (B, V, L) -> (B, VT, T, D)."""
        targets = self.sizes.targets
        segments = F.pad(x, (-x.shape[2] % self.segment, 0)).unflatten(2, (-1, self.segment))  # (B, V, T, S)
        more = segments[:, targets:].transpose(1, 2).flatten(2)[:, None].expand(-1, targets, -1, -1)
        return (self.read(torch.cat([segments[:, :targets], more], -1)) + self.variable).relu()

    def direct(self, place: Tensor, state: State, rows: int) -> Tensor:
        """Each segment ahead by one cell from the state behind, asked by its place and its target. Shape: -> (N, U, S * Q)."""
        query = (place + self.variable).repeat(rows, 1, 1)  # (N, U, D)
        each = [part.repeat_interleave(self.ahead, 1) for part in (state if isinstance(state, tuple) else (state,))]
        out, _ = self.cells(query.flatten(0, 1)[:, None], tuple(each) if len(each) > 1 else each[0])  # (N * U, 1, D)
        return self.write(self.dropout(out)).view(-1, self.ahead, self.write.out_features)

    def by_steps(self, x: Tensor, state: State) -> Tensor:
        """A segment, then the next with it in view; covariates stay as they were last. Shape: -> (N, U, S * Q)."""
        latest, written = x[..., -self.segment :], []
        figures, targets = self.sizes.figures, self.sizes.targets
        out = (state[0] if isinstance(state, tuple) else state)[-1]  # (N, D)
        for _ in range(self.ahead):
            written.append(self.write(self.dropout(out)))  # (N, S * Q)
            middle = written[-1].unflatten(1, (-1, figures))[..., figures // 2]  # what it takes for true: the 50%
            latest = torch.cat([middle.unflatten(0, (-1, targets)), latest[:, targets:]], 1)
            found, state = self.cells(self.tokens(latest).flatten(0, 1), state)
            out = found[:, -1]
        return torch.stack(written, 1)


class Whole(nn.Module):
    """The class of a whole series, read off the last state and the mean of all. Shape: inputs as the model's -> (B, out)."""

    def __init__(self, variables: int, num_outputs: int, cell: str, segment: int, width: int, depth: int, dropout: float):
        super().__init__()
        self.segment = segment
        self.read = nn.Linear(segment * variables, width)
        self.cells = CELLS[cell](width, width, depth, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.write = nn.Linear(2 * width, num_outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x = inputs["series"]
        segments = F.pad(x, (0, -x.shape[2] % self.segment)).unflatten(2, (-1, self.segment))  # (B, V, T, S)
        out, _ = self.cells(self.read(segments.transpose(1, 2).flatten(2)).relu())  # (B, T, D)
        last, mean = out[:, -1], out.mean(1)
        if "lengths" in inputs:
            used = ((inputs["lengths"] + self.segment - 1) // self.segment).clamp_min(1)  # (B,) segments that a series has
            last = out.gather(1, (used - 1)[:, None, None].expand(-1, 1, out.shape[2])).squeeze(1)
            mean = (out * within(used, out.shape[1])[..., None]).sum(1) / used[:, None]
        return self.write(self.dropout(torch.cat([last, mean], 1)))
