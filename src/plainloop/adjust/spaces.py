"""What a search may change, as one table: the settings of each model with the values that are worth a trial."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..plain.config import Config
from ..problems import again, listed, nearest
from ..understand.setting_problems import BadSetting
from .lineage import settings_of


@dataclass(frozen=True)
class Span:
    """All numbers from low to high; log: equal factors are equally likely."""

    low: float
    high: float
    log: bool = False

    def ask(self, trial: Any, name: str) -> Any:
        draw = trial.suggest_int if isinstance(self.low, int) else trial.suggest_float
        return draw(name, self.low, self.high, log=self.log)

    def holds(self, value: Any) -> bool:
        return isinstance(value, (int, float)) and self.low <= value <= self.high


@dataclass(frozen=True)
class Factors:
    """A default times each of these factors, so that the space moves with what was decided for so many rows."""

    low: float
    high: float

    def around(self, value: float) -> Span:
        return Span(value * self.low, value * self.high, log=True)


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[Any, ...]

    def ask(self, trial: Any, name: str) -> Any:
        return trial.suggest_categorical(name, list(self.values))

    def holds(self, value: Any) -> bool:
        return value in self.values


Space = dict[str, Span | Choice]
SEARCHED = ("model.", "train.", "task.", "augment.", "text.", "sequence.")  # not the split: trials are judged on the same rows

# for every model: the two that matter most (Godbole et al., Deep Learning Tuning Playbook, 2023)
TRAIN: dict[str, Span | Factors | Choice] = {
    "train.learning_rate": Factors(0.1, 5.0),
    "train.weight_decay": Span(1e-4, 0.3, log=True),
}
# The ranges of tables follow Gorishniy et al. 2024 (TabM, arXiv 2410.24210, appendix D), narrowed to what a CPU can train.
MODEL: dict[str, dict[str, Span | Choice]] = {
    "table_mlp": {
        "model.width": Choice((64, 128, 256, 512)),
        "model.depth": Span(1, 4),
        "model.dropout": Span(0.0, 0.5),
        "model.frequency": Span(0.03, 3.0, log=True),
        "model.members": Choice((1, 4, 8, 16)),
    },
    "table_linear": {},
    "table_transformer": {
        "model.width": Choice((32, 64, 128, 192)),
        "model.depth": Span(1, 4),
        "model.dropout": Span(0.0, 0.4),
    },
    "image_convnet": {"model.width": Choice((16, 32, 64)), "model.dropout": Span(0.0, 0.5)},
    "image_resnet": {"model.width": Choice((16, 32, 64)), "model.depth": Span(1, 2), "model.dropout": Span(0.0, 0.4)},
    "image_vit": {"model.width": Choice((64, 128, 192)), "model.depth": Span(2, 8), "model.dropout": Span(0.0, 0.3)},
    "text_bag": {"model.runs": Span(0.0, 1.0), "model.dropout": Span(0.0, 0.5)},
    "text_cnn": {"model.width": Choice((64, 128, 256)), "model.filters": Choice((50, 100, 200)), "model.dropout": Span(0.1, 0.6)},
    "text_rnn": {"model.cell": Choice(("lstm", "gru")), "model.width": Choice((64, 128, 256)), "model.dropout": Span(0.0, 0.6)},
    "text_transformer": {"model.width": Choice((64, 128, 192)), "model.depth": Span(1, 4), "model.dropout": Span(0.0, 0.4)},
    "series_linear": {"model.normalise": Choice(("last", "mean_std", "none")), "model.individual": Choice((False, True))},
    "series_rnn": {"model.cell": Choice(("gru", "lstm")), "model.width": Choice((32, 64, 128)), "model.dropout": Span(0.0, 0.5)},
    "series_patches": {"model.width": Choice((16, 32, 64)), "model.depth": Span(1, 3), "model.dropout": Span(0.0, 0.4)},
    "series_conv": {
        "model.kind": Choice(("fcn", "inception")),
        "model.width": Choice((16, 32, 64)),
        "model.dropout": Span(0.0, 0.4),
    },
    "sequence_transformer": {"model.width": Choice((128, 256)), "model.depth": Span(1, 4), "model.dropout": Span(0.0, 0.3)},
    "sequence_rnn": {"model.cell": Choice(("lstm", "gru")), "model.width": Choice((128, 256)), "model.dropout": Span(0.0, 0.5)},
    "mixed": {"model.width": Choice((32, 64, 128)), "model.dropout": Span(0.0, 0.4)},
    "own": {},
    "layers": {},
}
ANY: dict[str, Span | Choice] = {"model.dropout": Span(0.0, 0.5)}  # of a model without a line above, where it has them


def space_of(config: Config, fixed: set[str], asked: Mapping[str, str]) -> Space:
    """What is searched for a run: the table's lines but those whose value was asked for, and the user's own spans.

    Raises: BadSetting.
    """
    names = {f"model.{name}" for name in config.model.settings}
    lines = TRAIN | {name: line for name, line in MODEL.get(config.model.file, ANY).items() if name in names}
    space: Space = {}
    for name, line in lines.items():
        if name not in fixed:
            space[name] = line.around(config.train.learning_rate) if isinstance(line, Factors) else line
    return space | {full(name, config): parsed(name, text) for name, text in asked.items()}


def full(name: str, config: Config) -> str:
    """The dotted name of a setting, of those that can be searched. Raises: BadSetting."""
    known = sorted((key for key in settings_of(config) if key.startswith(SEARCHED)), key=lambda key: not key.startswith("model."))
    for key in known:
        if name in (key, key.partition(".")[2]):
            return key
    if config.model.file == "own" and not name.startswith(SEARCHED[1:]):  # an argument of the user's own class
        return f"model.{name.removeprefix('model.')}"
    short = [key.partition(".")[2] for key in known if key not in ("task.name", "task.file")]
    near = next((word for word in nearest(name, short) if word in ("learning_rate", *config.model.settings)), "learning_rate")
    raise BadSetting(f"space {name}", "searched", f"a setting of training or model: {listed(short, 12)}", near, how=other(near))


def other(name: str) -> str:
    """The fix for a span: the same command with one that is right."""
    tables: list[Mapping[str, Span | Factors | Choice]] = [TRAIN, *MODEL.values()]
    line = {key.partition(".")[2]: line for table in tables for key, line in table.items()}.get(name)
    if isinstance(line, Choice):
        return again("space", f"{name}={'|'.join(map(str, line.values))}", "--space")
    ends = (1e-4, 1e-2) if line is None or isinstance(line, Factors) else (line.low, line.high)
    return again("space", f"{name}={ends[0]:g}..{ends[1]:g}", "--space")


def parsed(name: str, text: str) -> Span | Choice:
    """A span written LOW..HIGH, or values written A|B|C. Raises: BadSetting.

    >>> parsed("width", "64..512"), parsed("activation", "relu|gelu")
    (Span(low=64, high=512, log=False), Choice(values=('relu', 'gelu')))
    """
    if "|" in text:
        return Choice(tuple(value(word.strip()) for word in text.split("|")))
    low, _, high = text.partition("..")
    ends = [value(low.strip()), value(high.strip())]
    if any(isinstance(end, (str, bool)) for end in ends) or not ends[0] < ends[1]:
        raise BadSetting(f"space {name}", text, "LOW..HIGH or A|B|C", "", how=other(name.partition(".")[2] or name))
    if not all(isinstance(end, int) for end in ends):
        ends = [float(end) for end in ends]
    return Span(ends[0], ends[1], log=ends[0] > 0 and ends[1] / ends[0] >= 20)


def value(word: str) -> Any:
    """A word as a whole number, a number, true or false, or a word."""
    for kind in (int, float):
        try:
            number = kind(word)
        except ValueError:
            continue
        return number if math.isfinite(number) else word
    return {"true": True, "false": False}.get(word.lower(), word)


def as_default(space: Space, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The values that the run has without a search, where the space holds them; the first trial has these."""
    return {name: settings[name] for name, line in space.items() if name in settings and line.holds(settings[name])}
