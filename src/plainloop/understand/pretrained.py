"""`--model hf:DIR`: what the files of a pretrained model's directory say of it, and what follows for inputs and settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeVar

from ..options import DataOptions
from ..plain.config import Column, Config, Model
from ..plain.models.pretrained import digest
from ..plain.models.pretrained_faults import NotPretrained, NoTransformers
from ..problems import listed
from .setting_problems import BadSetting, ModelDoesNotFit

PREFIX = "hf:"
UNUSED = ("id2label", "label2id", "architectures", "transformers_version", "_name_or_path", "dtype", "torch_dtype", "auto_map")
# places are counted from the number of the padding token on: as many fewer can be read
PLACES_BEHIND_PADDING = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "data2vec-text", "ibert", "longformer", "mpnet")
UNLIMITED = 10_000  # tokens, of bodies that say no limit
DEFAULT_SIDE = 224  # of bodies that take pictures of any size and do not say which they learned from

Asked = TypeVar("Asked", bound=DataOptions)


@dataclass(frozen=True)
class Pretrained:
    """A directory with a pretrained model."""

    directory: Path
    architecture: Mapping[str, Any]  # config.json, without what was for its old head
    pictures: Mapping[str, Any]  # preprocessor_config.json, empty where there is none
    sha256: str
    tokens: Mapping[str, Any]  # tokenizer_config.json, empty where there is none
    tokenizer: str  # tokenizer.json, empty where there is none

    @property
    def takes_texts(self) -> bool:
        return "vocab_size" in self.architecture and not self.takes_pictures

    @property
    def takes_pictures(self) -> bool:
        return "num_channels" in self.architecture or "patch_size" in self.architecture

    def model(self) -> Model:
        """The model's part of a config; its directory is as seen from here."""
        settings: dict[str, Any] = {"architecture": json.dumps(self.architecture)}
        if self.takes_pictures:
            settings["mean"], settings["std"] = self.mean_and_std()
        settings["dropout"] = 0.0
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

    def length(self) -> int:
        """The most tokens that it reads of a text."""
        facts = self.architecture
        places = facts.get("max_position_embeddings") or facts.get("n_positions") or UNLIMITED
        if facts.get("model_type") in PLACES_BEHIND_PADDING:
            places -= int(facts.get("pad_token_id") or 0) + 1
        said = self.tokens.get("model_max_length")
        return int(min(places, said, UNLIMITED)) if isinstance(said, (int, float)) and said > 0 else int(min(places, UNLIMITED))

    def text(self) -> dict[str, tuple[Any, str]]:
        """The settings of [text] that follow, each with its reason; none for a body that takes pictures."""
        if not self.takes_texts:
            return {}
        return {
            "tokens": ("pretrained", "its own tokenizer; words are the numbers that it has learned"),
            "longest": (self.length(), "the most that this model reads; a longer text is cut"),
        }

    def check(self, columns: Sequence[Column]) -> None:
        """Raises: ModelDoesNotFit where the inputs are not those that it takes, NotPretrained where it has no tokens for them."""
        name = f"{PREFIX}{self.directory}"
        wanted, kind = ("image", "pictures") if self.takes_pictures else ("text", "texts")
        others = [column.name for column in columns if column.role == "input" and column.type != wanted]
        kept = any(column.role == "input" and column.type == wanted for column in columns)
        if not (self.takes_pictures or self.takes_texts):
            model_type = self.architecture["model_type"]
            raise ModelDoesNotFit(
                name,
                f"its config.json (model_type {model_type}) speaks neither of pictures nor of the words of texts",
                "a body that takes pictures, or one that reads texts",
                "train a built-in model, or your own: --model FILE.py:CLASS",
            )
        if others:
            raise ModelDoesNotFit(
                name,
                f"it takes {kind}, and the columns {listed(others)} are none",
                f"columns of {kind} alone as inputs",
                f"leave the other columns out: --ignore {','.join(others)}"
                if kept
                else f"leave --model out, or name a body that does not take {kind}",
            )
        if self.takes_texts:
            check_tokenizer(self)

    def check_settings(self, config: Config) -> None:
        """Raises: BadSetting where a text would have more tokens than it can read."""
        most, longest = self.length(), config.text.longest
        if self.takes_texts and longest > most:
            target = [column.name for column in config.targets]
            wanted = f"at most {most:,}, the tokens that the model reads"
            raise BadSetting("text.longest", longest, wanted, str(most), config.source.data[0], target)


def check_tokenizer(found: Pretrained) -> None:
    """Raises: NotPretrained."""
    directory = str(found.directory)
    if not found.tokenizer:
        raise NotPretrained(directory, "it has no tokenizer.json, by which its texts were cut into tokens")
    from tokenizers import Tokenizer

    try:
        size = Tokenizer.from_str(found.tokenizer).get_vocab_size()
    except Exception as error:  # the package raises Exception itself
        raise NotPretrained(directory, f"tokenizer.json cannot be read ({str(error)[:100]})") from error
    if size > found.architecture["vocab_size"]:
        raise NotPretrained(directory, f"tokenizer.json has {size:,} tokens and the model {found.architecture['vocab_size']:,}")
    if found.architecture.get("is_encoder_decoder"):
        raise NotPretrained(directory, "its model writes texts behind a decoder; one that reads alone is needed")


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
    tokens = read(directory / "tokenizer_config.json") if "tokenizer_config.json" in names else {}
    tokenizer = (directory / "tokenizer.json").read_text(encoding="utf-8") if "tokenizer.json" in names else ""
    return Pretrained(directory, kept, pictures, digest(directory), tokens, tokenizer)


def read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotPretrained(str(path.parent), f"{path.name} cannot be read ({error})") from error
    if not isinstance(content, dict):
        raise NotPretrained(str(path.parent), f"{path.name} is no JSON object")
    return content
