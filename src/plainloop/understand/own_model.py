"""The user's own model: FILE.py:CLASS or an nn.Module; found, named, and tried on one batch before training."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass, replace
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ..plain import models
from ..plain.config import Config, Model
from ..plain.faults import Fault
from ..plain.models import layers, own
from ..plain.prepare import Preparation
from ..plain.run import build_model, located, own_tokenizer
from ..plain.split import split_rows
from ..problems import typed_line
from .check_build import explain_build, not_a_module
from .defaults import BY_NAME, MODELS, WITHOUT_NAME
from .pretrained import PREFIX
from .setting_problems import ModelDoesNotFit, UnknownModel

NOT_FOR_A_FILE = {"run", "own", "layers", "__init__", *MODELS}  # names in models/ that a file of the user's own cannot take


@dataclass(frozen=True)
class OwnModel:
    """Which model a run has: a built-in one, a class in a file, or a module that is already built."""

    name: str  # how it is called in messages
    settings: dict[str, Any] | None = None  # of models/own.py, where the class can be built from its file
    file: Path | None = None
    module: nn.Module | None = None

    @property
    def given(self) -> bool:
        """Whether the module exists only as an object, so that the run cannot build it again."""
        return self.module is not None and self.settings is None and self.name != "layers"


def own_model(model: Any, default: str, data: str, target: list[str]) -> OwnModel:
    """What `model=` names. Raises: UnknownModel."""
    if model is None:
        return OwnModel(default)
    if isinstance(model, nn.Module):
        return OwnModel(type(model).__name__, module=model)
    if isinstance(model, type) and issubclass(model, nn.Module):
        place = source_file(model)
        if place is None:
            raise UnknownModel(model.__name__, BY_NAME, "its class is not in a file that can be copied", data, target)
        return from_file(place, model.__name__, f"{place.name}:{model.__name__}", data, target)
    text = str(model)
    if text in WITHOUT_NAME:
        raise UnknownModel(text, BY_NAME[-1:] if text == "pretrained" else BY_NAME, WITHOUT_NAME[text], data, target)
    if text.startswith(PREFIX):
        return OwnModel("pretrained")
    if ".py" not in text:
        return OwnModel(text)
    path, _, name = text.partition(":")
    place = Path(path).expanduser()
    if not place.is_file():
        raise UnknownModel(text, BY_NAME, f"there is no file {path}", data, target)
    return from_file(place, name, text, data, target)


def from_file(place: Path, name: str, text: str, data: str, target: list[str]) -> OwnModel:
    if not place.stem.isidentifier() or place.stem in NOT_FOR_A_FILE or place.stem in sys.stdlib_module_names:
        raise UnknownModel(
            text, BY_NAME, f"a file called {place.name} cannot be imported beside plainloop's own; rename it", data, target
        )
    classes = [
        line.split("(")[0].split(":")[0].removeprefix("class ").strip()
        for line in place.read_text(encoding="utf-8").splitlines()
        if line.startswith("class ")
    ]
    if not name and len(classes) == 1:
        name = classes[0]
    if name not in classes:
        has = f"has the classes {', '.join(classes)}" if classes else "has no class"
        raise UnknownModel(text, [f"{place.name}:{c}" for c in classes] or BY_NAME, f"{place.name} {has}", data, target)
    return OwnModel(f"{place.name}:{name}", {"file": place.stem, "name": name}, place)


def source_file(kind: type) -> Path | None:
    """The file of a class, where copying and importing it makes sense."""
    try:
        place = Path(inspect.getsourcefile(kind) or "")
    except TypeError:
        return None
    ours = place.suffix == ".py" and place.is_file() and kind.__module__ != "__main__" and "site-packages" not in place.parts
    return place if ours and place.stem.isidentifier() and place.stem not in NOT_FOR_A_FILE else None


def as_source(model: OwnModel, config: Config, home: Path) -> tuple[OwnModel, Config]:
    """A module given as an object, as something the run can build again where that is possible: a list of layers, or its class.

    home: the folder that the paths of the config are relative to.
    Raises: ModelDoesNotFit.
    """
    if model.module is None:
        return model, config
    module = model.module
    if any(is_lazy(tensor) for tensor in [*module.parameters(), *module.buffers()]):
        raise ModelDoesNotFit(
            model.name,
            "it has lazy layers that do not know their sizes yet",
            "a module whose layers have their sizes",
            "call the module once on a batch, or give the sizes to its layers",
        )
    if isinstance(module, nn.Sequential):
        texts = [repr(layer) for layer in module]
        try:
            same = nn.Sequential(*(layers.build(text) for text in texts))
        except (ValueError, TypeError):
            same = nn.Sequential()
        if is_built_like(same, module):
            return replace(model, name="layers"), replace(config, model=Model(file="layers", settings={"layers": texts}))
    place = source_file(type(module))
    if place is not None and not isinstance(module, nn.Sequential):
        preparation = prepared(config, home)
        settings = {"file": place.stem, "name": type(module).__name__}
        try:
            kind = type(module)
            again = kind(**own.arguments(kind, preparation.shapes, preparation.task.num_outputs, {}))
        except Exception:  # the class wants arguments that nobody knows
            again = nn.Sequential()  # fits nothing
        if is_built_like(again, module):
            return replace(model, settings=settings, file=place), replace(config, model=Model(file="own", settings=settings))
    return model, replace(config, model=Model(file="own", settings={"file": "", "name": type(module).__name__}))


def is_built_like(made: nn.Module, wanted: nn.Module) -> bool:
    """Whether a module that was built again is the given one but for the values of its weights.

    The same tensors (shared and frozen ones too), the same layers with the same arguments, no hooks.
    """
    a, b = made.state_dict(), wanted.state_dict()
    if a.keys() != b.keys() or any(a[name].shape != b[name].shape or a[name].dtype != b[name].dtype for name in a):
        return False
    learning = [[p.requires_grad for p in module.parameters()] for module in (made, wanted)]  # a shared one counts once
    layers_of = [list(module.named_modules()) for module in (made, wanted)]
    if learning[0] != learning[1] or len(layers_of[0]) != len(layers_of[1]):
        return False
    same = all(x == y and settings_of_layer(m) == settings_of_layer(n) for (x, m), (y, n) in zip(*layers_of, strict=True))
    hooks = any(layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks for _, layer in layers_of[1])
    return same and not hooks


def settings_of_layer(layer: nn.Module) -> tuple[Any, ...]:
    """The kind of a layer and the plain values it holds, such as the rate of a dropout."""
    plain = {name: value for name, value in vars(layer).items() if isinstance(value, (bool, int, float, str, tuple, type(None)))}
    return type(layer).__name__, layer.extra_repr(), {name: value for name, value in plain.items() if name != "training"}


def first_weights(model: OwnModel) -> dict[str, torch.Tensor]:
    """The weights that a module given as an object begins with, under the names of the run's model."""
    assert model.module is not None
    prefix = "layers." if model.name == "layers" else "module."
    return {f"{prefix}{name}": tensor for name, tensor in model.module.state_dict().items()}


def find_own(folder: Path, stem: str) -> None:
    """Makes the model file of the user's own in a folder the one that a run imports."""
    models.__path__[:] = [models.__path__[0], str(folder.resolve())]
    sys.modules.pop(f"{models.__name__}.{stem}", None)
    invalidate_caches()


def reader_of(config: Config) -> Any:
    return import_module(f"..plain.readers.{config.source.reader}", __package__)


def prepared(config: Config, home: Path) -> Preparation:
    source = located(config.source, home)
    table = reader_of(config).read(source, config.columns)
    split = split_rows(table, config.split, [table[column.name] for column in config.targets])
    return Preparation.fit(config, table, split, own_tokenizer(config, home))


def build(model: OwnModel, config: Config, preparation: Preparation, home: Path) -> nn.Module:
    """The run's model: what the config names, or the contract around the object that was given.

    Raises: ModelDoesNotFit where a model of plainloop's own cannot be built with the settings given.
    """
    if model.given:
        assert model.module is not None
        return own.Model.around(model.module, preparation.shapes)
    if config.model.file in ("own", "layers"):  # whether it fits the data is for the pre-flight to say, layer by layer
        try:
            made = build_model(config, preparation, home)
        except Exception as error:
            raise explain_build(error, model.name, config.model.settings, model.file) from error
        inner = getattr(made, "module", made)
        if not isinstance(inner, nn.Module):
            raise not_a_module(type(inner), model.name)
        return made
    try:
        made = build_model(config, preparation, home)
        with torch.no_grad():
            made.eval()(two_empty_rows(preparation.shapes))
    except Fault:
        raise
    except Exception as error:
        settings = ", ".join(f"{name}={value}" for name, value in config.model.settings.items())
        raise ModelDoesNotFit(
            model.name,
            f"it cannot be built with {settings}",
            "settings that go together, as its defaults do",
            typed_line(config.model.settings) or "leave out the settings of the model",
        ) from error
    return made


def two_empty_rows(shapes: dict[str, Any]) -> dict[str, torch.Tensor]:
    rows = {"numbers": torch.zeros(2, shapes.get("numbers", 0))}
    rows["categories"] = torch.zeros(2, len(shapes.get("categories", [])), dtype=torch.long)
    if "image" in shapes:
        rows["image"] = torch.zeros(2, shapes["image"]["channels"], *shapes["image"]["size"], dtype=torch.uint8)
    if "text" in shapes:
        rows["text"] = torch.ones(2, min(8, shapes["text"]["length"]), dtype=torch.long)
    if "series" in shapes:
        rows["series"] = torch.zeros(2, shapes["series"]["variables"], shapes["series"]["lookback"])
    if "future" in shapes:
        rows["future"] = torch.zeros(2, shapes["future"], shapes["series"]["lookback"] + shapes["series"]["horizon"])
    if "target" in shapes:
        rows["target_in"] = torch.ones(2, 4, dtype=torch.long)
    made = {kind: values for kind, values in rows.items() if values.shape[1]}
    return made | ({"lengths": torch.ones(2, dtype=torch.long)} if "lengths" in shapes else {})
