"""Layers that give a pair, used as if it were a tensor: recurrent layers, attention.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import re

from torch import Tensor, nn

from .check_finding import Finding
from .check_lines import Line
from .check_problems_model import ForwardFails
from .check_trace import Call
from .check_trial import Trial

FIRST = """class First(nn.Module):
    def forward(self, pair):
        return {taken}

"""


def pair_fault(trial: Trial, call: Call | None, where: tuple[Line, ...]) -> Finding:
    """The finding for a tuple that the next operation takes for a tensor, with the line that takes its first part."""
    pair = next((m for m in reversed(trial.tape.ran) if isinstance(m, (nn.RNNBase, nn.MultiheadAttention))), None)
    rows = [m for m in trial.core.modules() if isinstance(m, nn.Sequential)]
    within = next((m for m in rows if any(pair is child for child in m.children())), None)
    kind = f"{trial.layer(pair)} gives a pair (outputs, state)" if pair is not None else "a layer gives a tuple"
    if isinstance(pair, nn.MultiheadAttention):
        kind = f"{trial.layer(pair)} gives a pair (outputs, weights)"
    text, expected = f"{kind} and the next operation takes a tensor", "The first of the pair."
    if within is not None and pair is not None:
        made = trial.made(within)
        return ForwardFails(text, expected, with_first(trial, pair, made), where=where or trial.where(None, made))
    ran = next((c for c in reversed(trial.tape.calls) if c.layer is pair and c.line is not None), None)
    code = ran.line.code if ran is not None and ran.line is not None else ""
    made_in = re.match(r"^(\w+) = (.*)$", code)
    fix = f"{made_in[1]}, _ = {made_in[2]}" if made_in else "x, _ = self.rnn(x)"
    name = trial.names.get(id(pair), "").rpartition(".")[2]
    if not made_in and (found := re.search(rf"self\.{name}\([^()]*\)", code)) and name:
        fix = code.replace(found[0], f"{found[0]}[0]")
    lines = trial.where(ran)
    return ForwardFails(text, expected, fix, where=(*where, *lines))


def with_first(trial: Trial, pair: nn.Module, made: Line | None) -> str:
    """The lines of a Sequential with a layer that takes the outputs, or the last of them where a row has one label."""
    labels = trial.batch.labels
    last = isinstance(pair, nn.RNNBase) and pair.batch_first and not (isinstance(labels, Tensor) and labels.dim() > 2)
    code, kind = made.code if made is not None else "", type(pair).__name__
    begin = re.search(rf"(?:nn\.)?{kind}\(", code)
    end = begin.end() if begin is not None else 0
    depth = 1
    while begin is not None and depth and end < len(code):
        depth += (code[end] == "(") - (code[end] == ")")
        end += 1
    rest = f"{code[:end]}, First(){code[end:]}" if begin is not None else "model = nn.Sequential(rnn, First(), head)"
    return FIRST.format(taken="pair[0][:, -1]" if last else "pair[0]") + "\n" + rest
