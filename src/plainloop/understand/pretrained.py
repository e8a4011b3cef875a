"""`--model hf:DIR`: what the files of a pretrained model's directory say of it, and what follows for pictures and settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeVar

from ..options import DataOptions
from ..plain.config import Column, Model
from ..plain.models.pretrained import digest
from ..plain.models.pretrained_faults import NotPretrained, NoTransformers
from ..problems import listed
from .setting_problems import ModelDoesNotFit

PREFIX = "hf:"
UNUSED = ("id2label", "label2id", "architectures", "transformers_version", "_name_or_path", "dtype", "torch_dtype", "auto_map")
DEFAULT_SIDE = 224  # of bodies that take pictures of any size and do not say which they learned from

Asked = TypeVar("Asked", bound=DataOptions)


@dataclass(frozen=True)
class Pretrained:
    """A directory with a pretrained model."""

    directory: Path
    architecture: Mapping[str, Any]  # config.json, without what was for its old head
    pictures: Mapping[str, Any]  # preprocessor_config.json, empty where there is none
    sha256: str

    @property
    def takes_pictures(self) -> bool:
        return "num_channels" in self.architecture or "patch_size" in self.architecture

    def model(self) -> Model:
        """The model's part of a config; its directory is as seen from here."""
        mean, std = self.mean_and_std()
        settings: dict[str, Any] = {"architecture": json.dumps(self.architecture), "mean": mean, "std": std, "dropout": 0.0}
        return Model(file="pretrained", settings=settings, directory=str(self.directory), sha256=self.sha256)

    def mean_and_std(self) -> tuple[list[float], list[float]]:
        """Of each channel in units of 0 to 255; empty where the directory does not say."""
        if "image_mean" not in self.pictures:
            return [], []
        unit = 1 / float(self.pictures.get("rescale_factor", 1 / 255)) if self.pictures.get("do_rescale", True) else 1.0
        channels = range(len(self.pictures["image_mean"]))
        if not self.pictures.get("do_normalize", True):
            return [0.0 for _ in channels], [unit for _ in channels]
        return [unit * value for value in self.pictures["image_mean"]], [unit * value for value in self.pictures["image_std"]]

    def size(self) -> tuple[int, int]:
        """Height and width of the pictures that it learned from."""
        for said in (self.architecture.get("image_size"), self.pictures.get("crop_size"), self.pictures.get("size")):
            if isinstance(said, Mapping):
                said = [said.get("height") or said.get("shortest_edge"), said.get("width") or said.get("shortest_edge")]
            sides = list(said) if isinstance(said, (list, tuple)) else [said, said]
            height, width = sides if len(sides) == 2 else (0, 0)
            if isinstance(height, int) and isinstance(width, int) and min(height, width) > 0:
                return height, width
        return DEFAULT_SIDE, DEFAULT_SIDE

    def options(self, options: Asked) -> Asked:
        """The options with the size and the colours that the model wants, where the user asks for no others."""
        if not self.takes_pictures:
            return options
        height, width = self.size()
        mode: Literal["grey", "rgb"] = "grey" if self.architecture.get("num_channels", 3) == 1 else "rgb"
        return replace(options, image_size=options.image_size or f"{height}x{width}", image_mode=options.image_mode or mode)

    def check(self, columns: Sequence[Column]) -> None:
        """Raises: ModelDoesNotFit where the inputs are not those that it takes."""
        types = {column.type for column in columns if column.role == "input"}
        if self.takes_pictures and types != {"image"}:
            others = [column.name for column in columns if column.role == "input" and column.type != "image"]
            raise ModelDoesNotFit(
                f"{PREFIX}{self.directory}",
                f"it takes pictures, and the columns {listed(others)} are none",
                "columns of pictures alone as inputs",
                "leave the other columns out with --ignore",
            )
        if not self.takes_pictures:  # the numbers of its tokens are not those of the text columns' own tokenizer
            raise ModelDoesNotFit(
                f"{PREFIX}{self.directory}",
                f"its config.json (model_type {self.architecture['model_type']}) speaks of no pictures",
                "a body for pictures; bodies for texts are not taken yet",
                "train a built-in model, or your own: --model FILE.py:CLASS",
            )


def pretrained(model: Any) -> Pretrained | None:
    """The pretrained model that `model=` names; None where it names another kind. Raises: NoTransformers, NotPretrained."""
    if not isinstance(model, str) or not model.startswith(PREFIX):
        return None
    if find_spec("transformers") is None:
        raise NoTransformers()
    directory = Path(model.removeprefix(PREFIX)).expanduser()
    if not directory.is_dir():
        raise NotPretrained(str(directory), "there is no such directory")
    names = sorted(path.name for path in directory.iterdir())
    if "config.json" not in names:
        raise NotPretrained(str(directory), f"it has no config.json, but {', '.join(names[:3]) or 'nothing'}")
    if not any(name.endswith(".safetensors") for name in names):
        weights = [name for name in names if name.endswith((".bin", ".pt", ".pth", ".h5", ".msgpack"))]
        raise NotPretrained(str(directory), f"it has {weights[0] if weights else 'no weights'} and no safetensors")
    facts = read(directory / "config.json")
    pictures = read(directory / "preprocessor_config.json") if "preprocessor_config.json" in names else {}
    from transformers import CONFIG_MAPPING

    if str(facts.get("model_type")) not in CONFIG_MAPPING:
        raise NotPretrained(str(directory), f"transformers knows no model_type {facts.get('model_type')!r}, which it names")
    kept = {name: value for name, value in facts.items() if name not in UNUSED}
    return Pretrained(directory, kept, pictures, digest(directory))


def read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotPretrained(str(path.parent), f"{path.name} cannot be read ({error})") from error
    if not isinstance(content, dict):
        raise NotPretrained(str(path.parent), f"{path.name} is no JSON object")
    return content
