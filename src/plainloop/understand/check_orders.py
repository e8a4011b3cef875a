"""Whether a script shuffles inputs and labels one by one, each in an order of its own.

Part of the pre-flight, see check.py; check_source.py asks.
"""

from __future__ import annotations

import ast

from .check_lines import Script, called_name, line_at
from .check_problems_rows import RowsTornApart
from .check_trial import Trial

SHUFFLES = ("shuffle", "permutation", "randperm", "sample")
SEEDS = ("seed", "manual_seed", "default_rng", "Generator", "RandomState", "set_state")


def assigned(node: ast.stmt) -> list[str]:
    """The names that a statement assigns."""
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, (ast.AnnAssign, ast.AugAssign))
        else []
    )
    parts = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return [ast.unparse(part) for part in parts if isinstance(part, (ast.Name, ast.Attribute))]


def names_in(node: ast.AST | None) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} if node is not None else set()


def two_orders(trial: Trial, statements: list[ast.stmt]) -> None:
    """Inputs and labels that are shuffled one by one, each in an order of its own."""
    parts = [closure(part_node(trial.script, part), statements) for part in (0, 1)]
    of_x, of_y = parts[0], parts[1] - parts[0]  # labels may be made of inputs
    if not of_x or not of_y:
        return
    moved: dict[int, ast.stmt] = {}
    for node in statements:
        calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
        if any(called_name(call) in SEEDS for call in calls):
            moved.clear()  # the same order again
        if not any(called_name(call) in SHUFFLES for call in calls):
            continue
        if any(word.arg in ("random_state", "generator") for call in calls for word in call.keywords):
            continue
        name = rows_moved(node)
        for place, names in enumerate((of_x, of_y)):
            if name in names:
                moved[place] = node
    if len(moved) == 2 and moved[0] is not moved[1]:
        lines = [line_at(trial.script.file, node.lineno) for node in sorted(moved.values(), key=lambda node: -node.lineno)]
        x, y = (rows_moved(moved[place]) for place in (0, 1))
        fix = f"order = torch.randperm(len({x})); {x}, {y} = {x}[order], {y}[order]"
        text = f"{x} and {y} are shuffled one by one, each in an order of its own: rows get the labels of others"
        trial.add(RowsTornApart(text, "One order for both.", fix, where=tuple(lines)))


def part_node(script: Script, part: int) -> ast.expr | None:
    """The expression of the inputs (0) or the labels (1) in the data of the check."""
    node = script.argument(1, "data")
    for _ in range(6):
        value = script.made(node)[0] if isinstance(node, ast.Name) else node
        if isinstance(value, ast.Call) and called_name(value) in ("DataLoader", "Subset") and value.args:
            node = value.args[0]
        elif isinstance(value, ast.Call) and called_name(value) == "TensorDataset" and len(value.args) > 1:
            return value.args[0 if part == 0 else -1]
        elif isinstance(value, ast.Tuple) and len(value.elts) == 2:
            return value.elts[part]
        else:
            return None
    return None


def closure(node: ast.AST | None, statements: list[ast.stmt]) -> set[str]:
    """The names that an expression is made of, back through their assignments."""
    found = names_in(node)
    for statement in reversed(statements):
        value = getattr(statement, "value", None)
        names = assigned(statement)
        if isinstance(value, ast.Tuple) and len(value.elts) == len(names):
            for name, part in zip(names, value.elts, strict=True):
                found |= names_in(part) if name in found else set()
        elif found & set(names):
            found |= names_in(value)
    return found


def rows_moved(node: ast.stmt) -> str:
    """The name whose rows a statement puts in another order: x[torch.randperm(n)], shuffle(x)."""
    if isinstance(node, ast.Assign):
        value = node.value
        if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name):
            return value.value.id
        of_call = isinstance(value, ast.Call) and called_name(value) in ("permutation", "sample") and value.args
        return value.args[0].id if of_call and isinstance(value, ast.Call) and isinstance(value.args[0], ast.Name) else ""
    call = node.value if isinstance(node, ast.Expr) else None
    of_name = isinstance(call, ast.Call) and called_name(call) == "shuffle" and call.args and isinstance(call.args[0], ast.Name)
    return call.args[0].id if of_name and isinstance(call, ast.Call) and isinstance(call.args[0], ast.Name) else ""
