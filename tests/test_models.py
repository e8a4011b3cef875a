"""Models of tables: a matrix over every file of plain/models that begins with table_, and every kind of input."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import plainloop.plain.models
from plainloop.plain.checkpoint import load_weights, save_weights
from plainloop.plain.config import Train
from plainloop.plain.evaluate import score
from plainloop.plain.loop import train
from small import KINDS, case, same_tensors

FOLDER = Path(plainloop.plain.models.__file__).parent
ROWS = 30


def built_from_shapes() -> list[str]:
    """The models of tables, each of which needs nothing but shapes and num_outputs."""
    found = []
    for path in sorted(FOLDER.glob("table_*.py")):
        kind = getattr(import_module(f"plainloop.plain.models.{path.stem}"), "Model", None)
        if kind is not None:
            needed = [
                p.name
                for p in inspect.signature(kind).parameters.values()
                if p.default is p.empty and p.kind is not p.VAR_KEYWORD
            ]
            found += [path.stem] if needed == ["shapes", "num_outputs"] else []
    return found


NAMES = built_from_shapes()
# what is tried: the files as they are, and the ensemble of table_mlp
MODELS: dict[str, tuple[str, dict[str, Any]]] = {name: (name, {}) for name in NAMES}
MODELS |= {"table_mlp, 4 members": ("table_mlp", {"members": 4}), "table_mlp, plain numbers": ("table_mlp", {"numbers": "plain"})}
INPUTS = {
    "numbers": {"numbers": 3},
    "categories": {"categories": [4, 7]},
    "both": {"numbers": 3, "categories": [4, 7, 2]},
    "one number": {"numbers": 1},
}
every_model = pytest.mark.parametrize("name", MODELS)
every_input = pytest.mark.parametrize("shapes", INPUTS.values(), ids=INPUTS)


def build(name: str, shapes: dict[str, Any], num_outputs: int = 3, seed: int = 0, **settings: Any) -> nn.Module:
    file, more = MODELS[name]
    torch.manual_seed(seed)
    return import_module(f"plainloop.plain.models.{file}").Model(shapes, num_outputs, **more, **settings)


def batch(shapes: dict[str, Any], rows: int = ROWS) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(1)
    inputs = {"numbers": torch.randn(rows, shapes.get("numbers", 0), generator=random)}
    codes = [torch.randint(0, size, (rows,), generator=random) for size in shapes.get("categories", [])]
    inputs |= {"categories": torch.stack(codes, 1)} if codes else {}
    return {kind: values for kind, values in inputs.items() if values.shape[1]}


def test_the_matrix_holds_the_models_of_tables():
    assert {"table_mlp", "table_linear", "table_transformer"} <= set(NAMES)


@every_model
@every_input
def test_forward_and_backward(name: str, shapes: dict[str, Any]):
    model, inputs = build(name, shapes), batch(shapes)
    scores = model(inputs)
    assert scores.dtype == torch.float32
    assert scores.shape == ((ROWS, 4, 3) if "members" in MODELS[name][1] else (ROWS, 3))
    # not the sum: a model that ends in a normalisation has none, and zero weights pass nothing back in the first step
    scores.square().sum().backward() if scores.detach().any() else (scores * torch.randn_like(scores)).sum().backward()
    used = {parameter: label for label, parameter in model.named_parameters()}
    without = [label for parameter, label in used.items() if parameter.grad is None and parameter.numel()]
    if name != "table_linear":  # it keeps a place for a kind of input that the table does not have
        assert without == []
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@every_model
@every_input
def test_each_row_is_scored_by_itself(name: str, shapes: dict[str, Any]):
    model, inputs = build(name, shapes).eval(), batch(shapes)
    with torch.no_grad():
        for parameter in model.parameters():  # zero weights would hide a mistake
            parameter.add_(0.1 * torch.randn_like(parameter))
        whole = model(inputs)
        turned = model({kind: values.flip(0) for kind, values in inputs.items()}).flip(0)
        alone = model({kind: values[4:5] for kind, values in inputs.items()})
    assert torch.allclose(whole, turned, atol=1e-5)
    assert torch.allclose(whole[4:5], alone, atol=1e-5)


@every_model
@pytest.mark.parametrize("kind", KINDS)
def test_one_batch_overfits(name: str, kind: str):
    """The mean loss of one batch falls far below what the best constant reaches."""
    made = case(kind, rows=60)
    rows, task = made.rows("train"), made.task
    inputs = {group: values[:16] for group, values in rows.inputs.items()}
    target = rows.target[:16]
    model = build(name, made.preparation.shapes, task.num_outputs, **({"dropout": 0.0} if name != "table_linear" else {}))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05 if name == "table_linear" else 3e-3)
    for _ in range(400 if name == "table_linear" else 60):
        loss = task.loss(model(inputs), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    constant = task.loss(task.trivial(target).expand(16, -1), target)
    assert loss.item() < 0.3 * constant.item()


@every_model
@every_input
def test_saved_and_loaded_it_is_the_same(name: str, shapes: dict[str, Any], tmp_path: Path):
    model, inputs = build(name, shapes, seed=1).eval(), batch(shapes)
    save_weights(tmp_path / "weights.safetensors", model.state_dict())
    other = build(name, shapes, seed=2).eval()
    other.load_state_dict(load_weights(tmp_path / "weights.safetensors"))
    assert same_tensors(other.state_dict(), model.state_dict())
    with torch.no_grad():
        assert torch.equal(other(inputs), model(inputs))


@every_model
def test_a_seed_gives_one_model(name: str):
    shapes = INPUTS["both"]
    assert same_tensors(build(name, shapes, seed=5).state_dict(), build(name, shapes, seed=5).state_dict())
    if name != "table_linear":  # begins at zero
        assert not same_tensors(build(name, shapes, seed=5).state_dict(), build(name, shapes, seed=6).state_dict())


@every_model
def test_training_is_deterministic(name: str):
    made = case("Multiclass", rows=150)

    def trained() -> tuple[dict[str, Tensor], Tensor]:
        model = build(name, made.preparation.shapes)
        records = list(train(model, made.task, made.batches(), made.batches("validation"), Train(epochs=2), seed=3))
        assert len(records) == 2
        return model.state_dict(), score(model, made.task, made.batches("test"))

    torch.manual_seed(1)
    first, first_scores = trained()
    torch.manual_seed(2)
    torch.rand(7)  # whatever was drawn before
    second, second_scores = trained()
    assert same_tensors(first, second)
    assert torch.equal(first_scores, second_scores)


@every_model
@every_input
def test_an_exported_model_gives_the_same_scores(name: str, shapes: dict[str, Any]):
    model, inputs = build(name, shapes).eval(), batch(shapes)
    rows = torch.export.Dim("rows")
    program = torch.export.export(model, (inputs,), dynamic_shapes=({kind: {0: rows} for kind in inputs},))
    other = batch(shapes, rows=7)
    run: Callable[..., Tensor] = program.module()
    with torch.no_grad():
        assert torch.allclose(run(other), model(other), atol=1e-6)


@every_model
def test_half_precision_scores_are_near(name: str):
    model, inputs = build(name, INPUTS["both"]).eval(), batch(INPUTS["both"])
    with torch.no_grad():
        exact = model(inputs)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = model(inputs).float()
    assert torch.allclose(rounded, exact, atol=0.05, rtol=0.1)
