"""The defaults, as tables: which model for which columns, and how it is trained; measured in docs/experiments.md.

Adding a model is its file in plain/models/ and one line in MODELS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..plain.config import Augmentation, Column
from .text_columns import ONE_WORD

Reasons = dict[str, str]  # "train.epochs" -> why


@dataclass(frozen=True)
class Kind:
    """A built-in model: what it is, the kind of input it is for, and its values that differ from those of its kind."""

    what: str
    takes: str  # table, image, text, series or any
    train: dict[str, Any] = field(default_factory=dict)
    calendar: bool = False  # whether it makes use of hour, weekday and day of the year of each step
    bfloat16: bool = False  # whether it is faster with such products, where it is no model of images, which all are
    reads: int = 0  # tokens of a text that it reads at most, 0 as many as [text] says


# the new layer learns alone for three epochs, then the body with it, at the rates that such bodies are usually tuned with
PRETRAINED = {"epochs": 10, "batch_size": 32, "learning_rate": 1e-3, "warmup": 0.1, "freeze": 0.3, "body_rate": 0.05}
MODELS: dict[str, Kind] = {
    "table_mlp": Kind("embeddings and a multilayer perceptron", "table"),
    "table_linear": Kind("a weighted sum: logistic or linear regression", "table", {"learning_rate": 0.01, "weight_decay": 0.0}),
    "table_transformer": Kind("a transformer over the columns", "table", {"learning_rate": 3e-4}),
    "image_convnet": Kind("a small stack of convolutions, to learn from", "image", {"learning_rate": 2e-3}),
    "image_resnet": Kind("a residual net of convolutions", "image"),
    "image_vit": Kind("a vision transformer over patches", "image", {"learning_rate": 1e-3}),
    "text_bag": Kind("a weight for each word, pair of words and run of letters", "text", {"weight_decay": 0.0}),
    "text_cnn": Kind("convolutions over neighbouring words", "text", bfloat16=True, reads=256),
    "text_rnn": Kind("a recurrent net (rnn, lstm or gru) that reads word by word", "text", reads=256),
    "text_transformer": Kind("a transformer over the words", "text", {"learning_rate": 1e-3}, bfloat16=True, reads=200),
    "series_linear": Kind("the horizon as a weighted sum of the look-back", "series", {"learning_rate": 1e-3}),
    "series_rnn": Kind("recurrent nets over segments, beside a weighted sum", "series"),
    "series_patches": Kind("a transformer over patches of the series", "series", {"learning_rate": 2e-3}),
    "series_conv": Kind("convolutions along time", "series", {"learning_rate": 2e-3}),
    "pretrained": Kind("a model that has learned from other data, from a local directory: hf:DIR", "any", PRETRAINED),
    "sequence_transformer": Kind("a transformer that reads and one that writes", "sequence"),
    "sequence_rnn": Kind("a recurrent net that reads and one that writes", "sequence"),
    "mixed": Kind("a model for each kind of input, joined", "any", {"learning_rate": 2e-3}),
    "layers": Kind("a stack of torch layers", "table"),
}
WITHOUT_NAME = {"pretrained": "say where it is, as hf:DIR", "layers": "in Python hand over an nn.Sequential"}
BY_NAME = [*(name for name in MODELS if name not in WITHOUT_NAME), "hf:DIR"]  # what --model can be
# keyword argument of a model -> the least and the most it can be
MODEL_BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "width": (1, 65_536),
    "depth": (0, 1000),
    "stages": (1, 8),
    "members": (1, 1024),
    "heads": (1, 1024),
    "dropout": (0.0, 0.99),
    "frequency": (1e-6, 1e6),
    "hidden": (1, 262_144),
    "segment": (0, 100_000),
    "patch": (0, 100_000),
    "kernel": (0, 100_000),
    "directions": (1, 2),
    "filters": (1, 65_536),
    "convs": (1, 100),
    "runs": (0.0, 100.0),
}
DIVIDES = {"heads": "width", "directions": "width"}  # keyword argument of a model -> the one that it parts into equal shares
ALSO_CALLED = {  # what other programs call a setting -> its name here
    "bidirectional": "directions",
    "lr": "learning_rate",
    "wd": "weight_decay",
    "bs": "batch_size",
    "hidden_size": "width",
    "embedding_dim": "width",
    "d_model": "width",
    "num_layers": "depth",
    "n_layers": "depth",
    "nhead": "heads",
    "num_heads": "heads",
    "n_heads": "heads",
    "max_len": "longest",
    "max_length": "longest",
    "vocab_size": "vocabulary",
}
# model -> (below this many train rows, its settings there, why): the first that holds
BY_ROWS: dict[str, list[tuple[float, dict[str, Any], str]]] = {
    "table_mlp": [
        (
            10_000,
            {"members": 8, "width": 128, "frequency": 0.1},
            "few rows: eight small members that are averaged, and slower waves, overfit less",
        ),
        (20_000, {"members": 4}, "four members that are averaged are better than one, and their time is still short"),
    ],
    "series_linear": [
        (20_000, {}, ""),
        (float("inf"), {"individual": True}, "so many windows are enough for weights of each target's own"),
    ],
    "series_rnn": [
        (2_000, {"width": 128, "dropout": 0.1}, "so few windows are cheap"),
        (20_000, {}, ""),
        (float("inf"), {"linear": "each"}, "so many windows are enough for weights of each target's own"),
    ],
    "series_conv": [(2_000, {"members": 3}, "few series: three nets are averaged")],
    "sequence_transformer": [
        (20_000, {"width": 128, "depth": 2}, "few pairs: a smaller net learns them in a fraction of the time")
    ],
    "sequence_rnn": [(20_000, {"width": 128}, "few pairs: a smaller net learns them in a fraction of the time")],
}
FEW_PAIRS = 20_000  # with fewer the recurrent net learns in a fraction of the time what the transformer learns, or more
MANY_WORDS = 100_000  # texts of one word; with more the order of their letters costs minutes
FEW_TEXTS = 20_000  # up to here words that only one train text has are of use
# kind of input -> (up to this many train rows, values of Train); the last line is for any number
TABLE_TRAIN: list[tuple[float, dict[str, Any]]] = [
    (20_000, {"epochs": 60}),
    (100_000, {"epochs": 30}),
    (float("inf"), {"epochs": 12}),
]
# several members whose rows are enough for a net of full width: the rate of single ones is too small for them
MLP_TRAIN: list[tuple[float, dict[str, Any]]] = [
    (10_000, {"epochs": 60}),
    (20_000, {"epochs": 60, "learning_rate": 5e-3}),
    *TABLE_TRAIN[1:],
]
# text_bag sees a text as a set, so a step costs little: small batches, and the best epoch comes early; rare n-grams want a slow
# start of two passes or more
BAG_TRAIN: list[tuple[float, dict[str, Any]]] = [
    (20_000, {"epochs": 20, "batch_size": 32, "learning_rate": 0.01, "patience": 3}),
    (100_000, {"epochs": 6, "batch_size": 64, "learning_rate": 0.01, "patience": 3, "warmup": 0.4}),
    (float("inf"), {"epochs": 5, "batch_size": 256, "learning_rate": 0.01, "patience": 2, "warmup": 0.4}),
]
TEXT_TRAIN: list[tuple[float, dict[str, Any]]] = [
    (5_000, {"epochs": 20, "batch_size": 32, "patience": 5}),
    (20_000, {"epochs": 10, "batch_size": 32, "patience": 3}),
    (100_000, {"epochs": 8, "batch_size": 64, "patience": 2}),
    (float("inf"), {"epochs": 2, "batch_size": 256, "patience": 2}),
]
SEQUENCE_TRAIN: list[tuple[float, dict[str, Any]]] = [
    (20_000, {"epochs": 15, "batch_tokens": 1_024, "learning_rate": 2e-3}),
    (200_000, {"epochs": 8, "batch_tokens": 2_048, "learning_rate": 1e-3}),
    (float("inf"), {"epochs": 8, "batch_tokens": 16_384, "learning_rate": 1e-3}),
]
IMAGE_TRAIN: list[tuple[float, dict[str, Any]]] = [
    (2_000, {"epochs": 100, "batch_size": 32, "learning_rate": 2e-3}),
    (20_000, {"epochs": 30, "batch_size": 128, "learning_rate": 5e-3}),
    (100_000, {"epochs": 30, "batch_size": 512, "learning_rate": 1e-2}),
    (float("inf"), {"epochs": 12, "batch_size": 512, "learning_rate": 1e-2}),
]


# windows of a series, stride one, so alike that a few passes do; and whole series, of which there are few
SERIES_TRAIN: list[tuple[float, dict[str, Any]]] = [
    (500, {"epochs": 100, "batch_size": 16, "learning_rate": 6e-3, "keep": "last"}),
    (2_000, {"epochs": 20, "batch_size": 16, "learning_rate": 3e-3, "keep": "last"}),
    (3_000, {"epochs": 12, "batch_size": 32, "learning_rate": 4e-3, "ema": 0.98}),
    (20_000, {"epochs": 5, "batch_size": 64, "learning_rate": 4e-3, "ema": 0.99}),
    (float("inf"), {"epochs": 3, "batch_size": 128, "learning_rate": 4e-3, "ema": 0.99}),
]
WHOLE_TRAIN: list[tuple[float, dict[str, Any]]] = [
    (1_000, {"epochs": 100, "batch_size": 16, "keep": "last"}),
    (5_000, {"epochs": 40, "batch_size": 32, "keep": "last"}),
    (float("inf"), {"epochs": 20, "batch_size": 64}),
]


# part of models/mixed.py -> (the column types it is fed, its model)
PARTS: dict[str, tuple[frozenset[str], str]] = {
    "table": (frozenset(("number", "category", "boolean", "datetime", "tags")), "table_mlp"),
    "image": (frozenset(("image",)), "image_resnet"),
    "text": (frozenset(("text",)), "text_bag"),
    "series": (frozenset(("window", "known", "calendar", "series", "length")), "series_linear"),
}


def default_model(columns: Sequence[Column], task: str = "", num_rows: int = 0) -> str:
    """The model for these columns: each kind of input has one, and several kinds are joined; a text is written by its own."""
    if task == "Sequence":
        return "sequence_rnn" if num_rows < FEW_PAIRS else "sequence_transformer"
    parts = parts_of(columns)
    return next(iter(parts.values())) if len(parts) == 1 else "mixed"


def parts_of(columns: Sequence[Column]) -> dict[str, str]:
    """The parts of models/mixed.py that these columns need; the targets of a forecast are inputs, too."""
    types = {column.type for column in columns if column.role == "input" or column.type == "window"}
    return {part: file for part, (fed, file) in PARTS.items() if types & fed}


def fitting_models(columns: Sequence[Column], task: str) -> list[str]:
    """The models that these inputs and this task can have, the usual one first."""
    parts = {"sequence"} if task == "Sequence" else {*parts_of(columns)}
    found = [name for name in BY_NAME if name in MODELS and MODELS[name].takes in parts] + ["mixed"] * (len(parts) > 1)
    usual = default_model(columns, task)
    return [usual, *(name for name in found if name != usual)]


def series_model(facts: Mapping[str, Any]) -> str:
    """The model for windows or whole series, by what they are like: lookback, horizon, variables, windows (that train), whole."""
    return "series_conv" if facts["whole"] else "series_rnn"


def text_model(found: Mapping[str, tuple[Any, str]], num_rows: int) -> str:
    """The model for one column of texts and classes, "" for the usual one; found: what the texts decide of [text], and why.

    Single words, such as names: the order of letters says more than the set of their runs (names_languages, docs/experiments.md).
    """
    return "text_cnn" if found.get("tokens") == ("char", ONE_WORD) and num_rows < MANY_WORDS else ""


def train_defaults(model: str, parts: Sequence[str], num_rows: int, device: str, reasons: Reasons) -> dict[str, Any]:
    """The values of Train for a model, the kinds of its inputs (parts of models/mixed.py) and a number of train rows."""
    values: dict[str, Any] = {"schedule": "one_cycle", "warmup": 0.1, "learning_rate": 2e-3, "weight_decay": 0.02}
    pictures = "image" in parts
    if "sequence" in parts:
        return sequence_defaults(model, num_rows, device, reasons)
    if "windows" in parts or list(parts) == ["series"]:
        return series_defaults(model, "windows" in parts, num_rows, reasons)
    of_texts = BAG_TRAIN if model == "text_bag" else TEXT_TRAIN
    of_tables = MLP_TRAIN if model == "table_mlp" else TABLE_TRAIN
    table = IMAGE_TRAIN if pictures else of_texts if "text" in parts else of_tables
    values |= next(row for most, row in table if num_rows < most)
    if pictures:
        values |= {"warmup": 0.2, "weight_decay": 0.05, "patience": 0, "keep": "last"}
        reasons["train.patience"] = "the learning rate falls to its end"
        reasons["train.keep"] = "the rate has fallen to its end, and a few validation rows say less than that about epochs"
        values |= {"precision": "bfloat16"} if has_bfloat16(device) else {}
        reasons["train.precision"] = "this device multiplies bfloat16 about twice as fast" if "precision" in values else "exact"
    else:
        batch = 64
        while batch < 1024 and batch * 100 <= num_rows:
            batch *= 2
        values = {"batch_size": batch, "patience": max(8, values["epochs"] // 4), **values}
    if model in MODELS and MODELS[model].bfloat16 and has_bfloat16(device):
        values["precision"] = "bfloat16"
        reasons["train.precision"] = "this device multiplies bfloat16 faster"
    reasons["train.batch_size"] = f"for {num_rows:,} train rows"
    reasons["train.epochs"] = f"{values['epochs']} passes over {num_rows:,} rows" + (
        "" if pictures else "; early stopping ends it sooner"
    )
    reasons["train.learning_rate"] = "the highest rate of the cycle"
    for name, value in (MODELS[model].train if model in MODELS else {}).items():
        values[name] = value
        reasons[f"train.{name}"] = f"the default of {model}"
    reasons["train.schedule"] = f"rises for the first {values['warmup']:.0%} of the steps, then falls to zero"
    return values


def series_defaults(model: str, windows: bool, num_rows: int, reasons: Reasons) -> dict[str, Any]:
    """The values of Train for a forecast from windows, or for whole series."""
    values: dict[str, Any] = {"schedule": "one_cycle", "warmup": 0.1, "learning_rate": 2e-3, "weight_decay": 0.02, "patience": 0}
    values |= next(row for most, row in (SERIES_TRAIN if windows else WHOLE_TRAIN) if num_rows < most)
    values |= MODELS[model].train if model in MODELS else {}
    rows = "windows" if windows else "series"
    reasons["train.epochs"] = f"{values['epochs']} passes over {num_rows:,} {rows}"
    reasons["train.batch_size"] = f"for {num_rows:,} {rows} that train"
    reasons["train.schedule"] = f"rises for the first {values['warmup']:.0%} of the steps, then falls to zero"
    reasons["train.learning_rate"] = "the highest rate of the cycle"
    reasons["train.patience"] = "the learning rate falls to its end"
    if "ema" in values:
        reasons["train.ema"] = "averaged weights: from epoch to epoch the validation error says more"
    if "keep" in values:
        reasons["train.keep"] = "the rate has fallen to its end, and a few validation rows say less than that about epochs"
    return values


def sequence_defaults(model: str, num_rows: int, device: str, reasons: Reasons) -> dict[str, Any]:
    """The values of Train for a model that writes texts."""
    values: dict[str, Any] = {"schedule": "one_cycle", "warmup": 0.1, "weight_decay": 0.0, "clip": 1.0}
    values |= {"batch_size": 64, "patience": 0}
    values |= next(row for most, row in SEQUENCE_TRAIN if num_rows < most)
    values |= {"precision": "bfloat16"} if has_bfloat16(device) else {}
    values |= MODELS[model].train if model in MODELS else {}
    reasons["train.precision"] = "this device multiplies bfloat16 faster" if "precision" in values else "exact"
    reasons["train.batch_tokens"] = "source and target, padding included; sentences of like length come together"
    reasons["train.epochs"] = f"{values['epochs']} passes over {num_rows:,} pairs"
    reasons["train.schedule"] = f"rises for the first {values['warmup']:.0%} of the steps, then falls to zero"
    reasons["train.learning_rate"] = "the highest rate of the cycle"
    reasons["train.clip"] = "a rare long step does not undo what was learned"
    reasons["train.patience"] = "the learning rate falls to its end; the best epoch is kept all the same"
    return values


def text_defaults(models: Sequence[str], num_rows: int, found: Mapping[str, tuple[Any, str]], reasons: Reasons) -> dict[str, Any]:
    """The values of [text] for the models that read texts; found: what the texts themselves decide, and why."""
    values = {name: value for name, (value, _) in found.items()}
    reasons |= {f"text.{name}": why for name, (_, why) in found.items()}
    reads = [MODELS[model].reads for model in models if model in MODELS and MODELS[model].reads]
    if reads:
        values["longest"] = min(reads)
        reasons["text.longest"] = "more of a long text costs more time than it is worth"
    if "text_bag" not in models:
        return values
    least = 1 if num_rows < FEW_TEXTS else 2
    reasons["text.tokens"] = "text_bag reads words, pairs of words and runs of letters"
    reasons["text.vocabulary"] = "more than that are rare ones"
    reasons["text.least"] = "few texts: a word of one text helps with another" if least == 1 else "once is chance"
    return values | {"tokens": "ngrams", "vocabulary": 500_000, "least": least}


def augmentation(
    level: str | None, columns: Sequence[Column], num_rows: int, classes: Sequence[str], reasons: Reasons
) -> Augmentation:
    """How images are changed while training: by their size, their number and what the classes are."""
    picture = next((column for column in columns if column.type == "image" and column.role == "input"), None)
    if picture is None:
        return Augmentation()
    if level == "none":
        reasons["augment.flip"] = "none was asked for"
        return Augmentation()
    signs = set(classes) and all(len(label) == 1 for label in classes) and picture.mode == "grey"
    flip, small = not signs, min(picture.size) <= 48
    chosen: dict[str, Any] = (
        {"flip": flip, "shift": 0.07 if picture.mode == "grey" else 0.125}
        if small
        else {"flip": flip, "zoom": 0.35, "colour": 0.3}
    )
    if level == "strong":
        chosen |= {"colour": 0.4, "erase": 0.25, "cutmix": 1.0}
    why = "small images: shifted" if small else "large images: a random part, other colours"
    why = f"{level} was asked for; {why}" if level else why
    reasons["augment.flip"] = f"{why}{' and mirrored' if flip else '; letters and digits are not mirrored'}"
    if flip:
        chosen["flip_average"] = True
        reasons["augment.flip_average"] = "both views of an image are known from training; their mean is right more often"
    return Augmentation(**chosen)


def has_bfloat16(device: str) -> bool:
    """Whether the device has fast bfloat16 products."""
    import torch

    if device.startswith("cuda"):
        return torch.cuda.is_bf16_supported()
    return device == "cpu" and bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())
