"""Views that regroup numbers where axes were to be swapped: the steps, heads or channels of a row get mixed, and nobody says it.

Part of the pre-flight, see check.py. Only regroupings that no order of the numbers can make right are looked for.

Axes: n rows, T steps, H heads, d numbers per head, D = H d.
"""

from __future__ import annotations

import ast
import math

from torch import nn

from .check_lines import Line
from .check_problems_wiring import AxesRegrouped
from .check_trace import Call
from .check_trial import Trial
from .check_written import rewritten

VIEWS = ("view", "reshape")


def regroups(trial: Trial) -> None:
    """Adds the finding for the first view in the model that tears the axes of a row."""
    for call in trial.tape.calls:
        if call.name in VIEWS and call.tensors and call.outs and call.line is not None:
            before, after = tuple(call.tensors[0].shape), tuple(call.outs[0].shape)
            if before[:1] == after[:1] == (trial.rows,) and (kind := torn(before[1:], after[1:])):
                found = regrouped(trial, call, before, after, kind)
                trial.add(found)
                return


def tokens_as_channels(trial: Trial) -> None:
    """A convolution straight after an embedding: its channels are the tokens, though both have one size."""
    for call in trial.tape.calls:
        layer = call.layer
        if call.name != "conv1d" or not isinstance(layer, nn.Conv1d) or layer.kernel_size == (1,) or not call.tensors:
            continue
        chain = [made for made in trial.tape.history(call.tensors[0])[:4] if "dropout" not in made.name]
        if chain and chain[0].name == "embedding" and call.tensors[0].dim() == 3:
            x = ast.unparse(node.args[0]) if (node := argument_of(call, layer, trial)) is not None and node.args else "x"
            name = trial.names.get(id(layer), "").rpartition(".")[2]

            def one(found: ast.Call) -> ast.expr:
                return expression(f"{ast.unparse(found.func)}({ast.unparse(found.args[0])}.transpose(1, 2))")

            code = call.line.code if call.line is not None else ""
            fix = (rewritten(code, name, one) if name and not name.isdigit() else "") or f"{x} = {x}.transpose(1, 2)"
            text = f"{trial.layer(layer)} takes the tokens for channels: it gets {trial.shape(call.tensors[0])}, numbers last"
            why = "An embedding gives (rows, tokens, numbers), a convolution takes (rows, numbers, tokens)."
            where = trial.where(call, trial.made(layer))
            trial.add(AxesRegrouped(text, "The axes of tokens and numbers swapped.", fix, why, where))
            return


def argument_of(call: Call, layer: nn.Module, trial: Trial) -> ast.Call | None:
    """The call of a layer in the user's line."""
    name = trial.names.get(id(layer), "").rpartition(".")[2]
    return call.line.call(name) if call.line is not None else None


def failed_view(trial: Trial, call: Call | None) -> AxesRegrouped | None:
    """The finding for a view that failed, had it not failed: a reshape in its place would mix the axes."""
    sizes = [a for a in (call.args[1:] if call is not None else ()) if isinstance(a, int)]
    if call is None or not call.tensors or len(sizes) != len(call.args) - 1 or sizes.count(-1) > 1:
        return None
    before, known = tuple(call.tensors[0].shape), math.prod(size for size in sizes if size != -1)
    after = tuple(size if size != -1 else math.prod(before) // max(1, known) for size in sizes)
    if before[:1] != after[:1] or not (kind := torn(before[1:], after[1:])):
        return None
    return regrouped(trial, call, before, after, kind, shown=False)


def torn(before: tuple[int, ...], after: tuple[int, ...]) -> str:
    """How the axes of a row were mixed: swapped, split or joined; empty where they were not.

    >>> torn((10, 32), (4, 10, 8)), torn((4, 10, 8), (10, 32)), torn((32, 32, 3), (3, 32, 32)), torn((10, 32), (10, 4, 8))
    ('split', 'joined', 'swapped', '')
    """
    a, b = [tuple(size for size in shape if size != 1) for shape in (before, after)]
    if a != b and sorted(a) == sorted(b):
        return "swapped"
    if len(a) == 2 and len(b) == 3 and b[1] == a[0] != b[0] and b[0] * b[2] == a[1]:
        return "split"
    if len(a) == 3 and len(b) == 2 and b[0] == a[1] != a[0] and a[0] * a[2] == b[1]:
        return "joined"
    return ""


def regrouped(
    trial: Trial, call: Call, before: tuple[int, ...], after: tuple[int, ...], kind: str, *, shown: bool = True
) -> AxesRegrouped:
    shapes = [str(("rows", *shape[1:])).replace("'", "") for shape in (before, after)]
    text = f"{call.name} regroups {shapes[0]} to {shapes[1]}: numbers of one place of a row land in another"
    return AxesRegrouped(
        text, "Axes that are swapped by transpose or permute.", mended(call, before, after, kind), where=trial.where(call)
    )


def mended(call: Call, before: tuple[int, ...], after: tuple[int, ...], kind: str) -> str:
    """The line with its axes swapped."""
    return mended_at(call.line, call.name, before, after, kind)


def mended_at(line: Line | None, name: str, before: tuple[int, ...], after: tuple[int, ...], kind: str) -> str:
    code = line.code if line is not None else ""

    def one(node: ast.Call) -> ast.expr | None:
        if not isinstance(node.func, ast.Attribute) or ast.unparse(node.func.value) in ("torch", "np"):
            return None
        owner, given = ast.unparse(node.func.value), [ast.unparse(argument) for argument in node.args]
        if kind == "split" and len(given) == 4:
            return expression(f"{owner}.{name}({given[0]}, {given[2]}, {given[1]}, {given[3]}).transpose(1, 2)")
        if kind == "joined":
            return expression(f"{owner}.transpose(1, 2).reshape({', '.join(given)})")
        if kind == "swapped" and len(before) == len(after):
            return expression(f"{owner}.permute({', '.join(map(str, order(before, after)))})")
        return None

    general = {"split": "x = x.view(n, t, heads, -1).transpose(1, 2)", "joined": "x = x.transpose(1, 2).flatten(2)"}
    return rewritten(code, name, one) or general.get(kind, "x = x.transpose(1, 2)  # swaps axes; view only regroups numbers")


def order(before: tuple[int, ...], after: tuple[int, ...]) -> list[int]:
    """Which axis each of the new axes was; of equal ones the first comes first."""
    left = list(range(len(before)))
    found = []
    for size in after:
        axis = next(axis for axis in left if before[axis] == size)
        left.remove(axis)
        found.append(axis)
    return found


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
