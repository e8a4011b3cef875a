"""The walls of the house, read from the syntax trees: what may import what, and what no file may do."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "plainloop"
PLAIN = PACKAGE / "plain"
MODULE_OF = {"pillow": "PIL", "scikit-learn": "sklearn"}  # where a distribution's import name is another
ACCEPTED = {"pandas", "torchmetrics", "pyarrow"}  # used where the user has them, never required
ACCEPTED |= {"scipy"}  # comes with scikit-learn, which wants sparse matrices
PICKLERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE)) if path.is_relative_to(PACKAGE) else str(path.relative_to(ROOT))


def imports(source: str) -> list[tuple[int, str, list[str]]]:
    """Every import, also inside functions, as (level, module, names); level 0 is absolute. Type-checking blocks do not count."""
    found: list[tuple[int, str, list[str]]] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                visit(other)
            return
        if isinstance(node, ast.Import):
            found.extend((0, alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.append((node.level, node.module or "", [alias.name for alias in node.names]))
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(source))
    return found


def needs(source: str) -> set[str]:
    """The import names of the packages that the file's first line asks for."""
    first = source.partition("\n")[0]
    if not first.startswith("# needs:"):
        return set()
    return {MODULE_OF.get(name.strip(), name.strip()) for name in first.removeprefix("# needs:").split(",")}


def plain_faults(source: str, depth: int) -> list[str]:
    """What a file `depth` folders below plain/ imports and must not."""
    allowed = set(sys.stdlib_module_names) | {"torch", "numpy"} | needs(source)
    wrong = []
    for level, module, names in imports(source):
        if level == 0 and module.split(".")[0] not in allowed:
            wrong.append(module)
        elif level > depth + 1:
            wrong.append("." * level + module + " " + ",".join(names))
    return wrong


def forbidden_calls(source: str) -> list[str]:
    """Uses of pickle, torch.load, eval and their like, which turn a data file into running code."""
    wrong = [module for level, module, _ in imports(source) if level == 0 and module.split(".")[0] in PICKLERS]
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in {"eval", "exec", "compile", "__import__", "torch.load", "torch.jit.load"}:
            wrong.append(called)
        if called in {"np.load", "numpy.load"} and any(k.arg == "allow_pickle" for k in node.keywords):
            wrong.append(f"{called}(allow_pickle=...)")
    return wrong


def graph(folder: Path) -> dict[str, set[str]]:
    """Module -> modules of the same folder that it imports at its top level or in a function."""
    modules = {".".join(path.relative_to(folder).with_suffix("").parts): path for path in files(folder)}
    edges: dict[str, set[str]] = {}
    for module, path in modules.items():
        edges[module] = set()
        for level, target, names in imports(path.read_text(encoding="utf-8")):
            if level == 0:
                continue
            base = module.split(".")[:-level]
            for name in [*([target] if target else []), *(f"{target}.{n}" if target else n for n in names)]:
                full = ".".join([*base, name])
                if full in modules and full != module:
                    edges[module].add(full)
    return edges


def cycle(edges: dict[str, set[str]]) -> list[str]:
    """One cycle of the graph as the modules along it, or an empty list."""
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for target in sorted(edges[module]):
            if found := walk(target, [*path, module]):
                return found
        done.add(module)
        return []

    return next((found for module in sorted(edges) if (found := walk(module, []))), [])


def test_the_checks_see_what_they_forbid():
    assert plain_faults("import polars", 0) == ["polars"]
    assert plain_faults("# needs: polars, pillow\nimport polars.selectors\nfrom PIL import Image", 1) == []
    assert plain_faults("from ..problems import X", 0) == ["..problems X"]
    assert plain_faults("def f():\n    from ..table import Table", 1) == []
    assert plain_faults("from plainloop import problems", 0) == ["plainloop"]
    assert forbidden_calls("import pickle\ntorch.load(f)\nmodel.eval()\neval(s)") == ["pickle", "torch.load", "eval"]
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("path", files(PLAIN), ids=name_of)
def test_plain_imports_only_torch_numpy_the_standard_library_and_itself(path: Path):
    assert plain_faults(path.read_text(encoding="utf-8"), len(path.relative_to(PLAIN).parts) - 1) == []


def test_plain_has_no_import_cycle():
    assert cycle(graph(PLAIN)) == []


def test_init_files_of_plain_are_empty():
    assert [name_of(path) for path in PLAIN.rglob("__init__.py") if path.read_text(encoding="utf-8").strip()] == []


@pytest.mark.parametrize("path", files(PACKAGE), ids=name_of)
def test_no_file_turns_data_into_code(path: Path):
    assert forbidden_calls(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", files(PACKAGE), ids=name_of)
def test_third_party_imports_are_declared(path: Path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    names = {re.split(r"[\[<>=!~; ]", line)[0].lower() for line in lines}
    known = {MODULE_OF.get(name, name.replace("-", "_")) for name in names} | ACCEPTED | {"plainloop"}
    used = {module.split(".")[0] for level, module, _ in imports(path.read_text(encoding="utf-8")) if level == 0}
    assert used - set(sys.stdlib_module_names) - known == set()


@pytest.mark.parametrize("path", [*files(PACKAGE), *files(ROOT / "tests"), *files(ROOT / "docs")], ids=name_of)
def test_files_are_short_and_begin_with_a_docstring(path: Path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 400
    assert source.strip() == "" or ast.get_docstring(ast.parse(source)), "the first statement says what the file is for"
