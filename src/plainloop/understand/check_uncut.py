"""Lines that cut the way back to the weights off, written without the cut.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import ast
import re

from .check_lines import called_name
from .check_picked import PICKS, unpicked
from .check_trace import Call
from .check_written import unwrapped

CUTS = {  # operations without a gradient -> what to write in their place
    "detach": "without .detach()",
    "detach_": "without .detach_()",
    "data": "without .data",
    "item": "without .item()",
    "tolist": "without .tolist()",
    "numpy": "with torch's operations in place of NumPy's",
    "__array__": "with torch's operations in place of NumPy's",
    "__float__": "without float()",
    "argmax": "with softmax in place of argmax",
    "round": "without round",
    "sign": "without sign",
    "__int__": "without int()",
    "long": "without .long()",
    "int": "without .int()",
    "tensor": "without torch.tensor(), which copies values alone",
    "as_tensor": "without torch.as_tensor(), which copies values alone",
    "floor": "without floor",
    "ceil": "without ceil",
    "gt": "with a sigmoid in place of a comparison",
    "__gt__": "with a sigmoid in place of a comparison",
    "heaviside": "with a sigmoid in place of a step",
}


def uncut(call: Call) -> str:
    """The line of a cut without it."""
    text = call.line.code if call.line is not None else "x = layer(x)"
    clean = text
    if whole := without_numpy(text) or not_begun_anew(text) or compared(text) or scored(text):
        return whole
    if call.name == "item":  # torch.tensor(self.scale.item()) begins anew as well
        clean = re.sub(r"torch\.(?:as_)?tensor\(([\w.]+)\.item\(\)\)", r"\1", clean)
    if call.name in ("tensor", "as_tensor") and (bare := unwrapped(text, call.name)):
        return bare
    if call.name in PICKS and (bare := unpicked(text)):
        return f"{bare}  # {CUTS.get(call.name, '')}" if CUTS.get(call.name) else bare
    if call.name in ("detach", "numpy") and ".numpy()" in text and "np." not in text:
        return f"{text.replace('.detach()', '').replace('.cpu()', '').replace('.numpy()', '')}  # {CUTS['numpy']}"
    if ".numpy(" in text or "np." in text:
        return f"{text}  # {CUTS['numpy']}"
    for piece in (f".{call.name}()", f".{call.name.strip('_')}()", ".data"):
        if piece in clean and (piece != ".data" or call.name == "data"):
            clean = clean.replace(piece, "")
    return clean if clean != text else f"{text}  # {CUTS.get(call.name, 'without the cut')}"


def parsed(code: str) -> ast.Module | None:
    try:
        return ast.parse(f"def f():\n    {code}")
    except SyntaxError:
        return None


def changed_by(code: str, change: ast.NodeTransformer) -> str:
    """A line after a change of its tree; empty where nothing changed."""
    tree = parsed(code)
    if tree is None:
        return ""
    before = ast.unparse(tree.body[0].body[0])  # type: ignore[attr-defined]
    after = ast.unparse(ast.fix_missing_locations(change.visit(tree)).body[0].body[0])
    return after if after != before else ""


class Torch(ast.NodeTransformer):
    """NumPy's functions as torch's, and no conversions between the two."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name, owner = called_name(node), getattr(node.func, "value", None)
        place = ast.unparse(owner) if owner is not None else ""
        if place == "torch" and name in ("from_numpy", "tensor", "as_tensor") and len(node.args) == 1:
            return node.args[0]
        if name in ("numpy", "detach", "cpu") and not node.args and owner is not None and place not in ("torch", "np"):
            return ast.Name(place) if isinstance(owner, ast.Name) else owner
        if place in ("np", "numpy"):
            if name in ("maximum", "minimum") and len(node.args) == 2 and isinstance(node.args[1], ast.Constant):
                name = "clamp_min" if name == "maximum" else "clamp_max"
            return ast.Call(ast.Attribute(ast.Name("torch"), name), node.args, node.keywords)
        return node


def without_numpy(code: str) -> str:
    """A line with torch's functions in place of NumPy's.

    >>> without_numpy("h = torch.tensor(np.tanh(h.detach().numpy()))")
    'h = torch.tanh(h)'
    """
    return changed_by(code, Torch()) if re.search(r"\bnp\.\w+\(", code) else ""


def not_begun_anew(code: str) -> str:
    """A line without torch.tensor(x.item()), which begins anew, and with torch.stack for a list of such numbers.

    >>> not_begun_anew("return torch.tensor(total.item(), requires_grad=True)")
    'return total'
    >>> not_begun_anew("return torch.tensor([[self.b(row).item()] for row in h])")
    'return torch.stack([self.b(row) for row in h])'
    """

    class Bare(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            if called_name(node) not in ("tensor", "as_tensor", "Tensor") or not node.args:
                return node
            first = node.args[0]
            if isinstance(first, ast.ListComp):
                inner = first.elt.elts[0] if isinstance(first.elt, ast.List) and len(first.elt.elts) == 1 else first.elt
                if (number := of_item(inner)) is not None:
                    first.elt = number
                    return ast.Call(ast.parse("torch.stack", mode="eval").body, [first], [])
            return number if (number := of_item(first)) is not None else node

    return changed_by(code, Bare())


def of_item(node: ast.expr) -> ast.expr | None:
    """x of x.item() or float(x)."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "item":
        return node.func.value
    return node.args[0] if isinstance(node, ast.Call) and called_name(node) == "float" and node.args else None


def compared(code: str) -> str:
    """A line without a comparison with a number, and without the cast of its result.

    >>> compared("pred = (torch.sigmoid(scores) > 0.5).float()")
    'pred = torch.sigmoid(scores)'
    """

    class Left(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            owner = getattr(node.func, "value", None)
            if called_name(node) in ("float", "long", "int", "double") and isinstance(owner, ast.Compare) and by_number(owner):
                return owner.left
            return node

        def visit_Compare(self, node: ast.Compare) -> ast.AST:
            return node

    return changed_by(code, Left())


def by_number(node: ast.Compare) -> bool:
    return len(node.ops) == 1 and isinstance(node.ops[0], (ast.Gt, ast.GtE)) and isinstance(node.comparators[0], ast.Constant)


def scored(code: str) -> str:
    """The line of an accuracy as one of cross-entropy.

    >>> scored("return 1 - (scores.argmax(1) == y).float().mean()")
    'return nn.functional.cross_entropy(scores, y)'
    """
    tree = parsed(code)
    for node in ast.walk(tree) if tree is not None else []:
        if not isinstance(node, ast.Compare) or len(node.ops) != 1 or not isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            continue
        for one, other in ((node.left, node.comparators[0]), (node.comparators[0], node.left)):
            if isinstance(one, ast.Call) and called_name(one) == "argmax":
                of_torch = isinstance(one.func, ast.Attribute) and ast.unparse(one.func.value) == "torch" and one.args
                scores = one.args[0] if of_torch else getattr(one.func, "value", one)
                begin = re.match(r"^(return |\w+ = )", code)
                return (
                    f"{begin[1] if begin else 'loss = '}nn.functional.cross_entropy({ast.unparse(scores)}, {ast.unparse(other)})"
                )
    return ""
