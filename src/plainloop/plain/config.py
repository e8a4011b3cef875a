"""The resolved settings of one run, as frozen dataclasses; `read` makes them from run.toml. Copied into ejected projects.

Nothing here is optional or guessed: the caller has decided every value and written it, with its reason, into run.toml.
Each field's metadata carries its help and its bounds, so that the command line, the docs and the checks share one text.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

TOKENS = ("word", "bpe", "char")


def setting(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
) -> Any:
    """A dataclass field with its help, choices and bounds (low <= value <= high, value > above)."""
    meta = {"help": help, "choices": choices, "low": low, "high": high, "above": above}
    return field(default=default, metadata=meta)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the rows come from and how their files are read."""

    reader: str  # the file in readers/ that reads it, e.g. "tables"
    format: str  # csv, workbook, parquet, arrow, jsonl, arff, images; texts: a file each, class_lines: a file of lines per class;
    # text_lines: a file of lines to predict, blank ones too;
    # lines: files whose lines belong together; in_out: lines "IN: ... OUT: ..."; labelled: "__label__..."
    data: tuple[str, ...]  # files of all rows, or of the train rows where validation or test have files of their own
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    sha256: str = ""  # digest over all files, in the order data, validation, test
    member: str = ""  # the file to read inside a zip archive
    delimiter: str = ","
    quote: str = '"'  # empty: quotes are ordinary characters
    decimal: str = "."
    header: bool = True  # false: columns are named "0", "1", ...
    encoding: str = "utf-8"
    comment: str = ""  # lines that start with this are skipped
    skip_bad: int = 0  # at most this many rows with too many or too few fields are left out
    missing: tuple[str, ...] = ()  # words that mean: no value
    names: tuple[str, ...] = ()  # lines, in_out, labelled: the columns, which such files do not name
    left_out: tuple[int, ...] = ()  # rows whose picture cannot be decoded: they are in no part of the split
    lookback: int = 0  # series: steps that a forecast sees
    horizon: int = 0  # series: steps that it predicts
    frequency: str = ""  # series: from one step to the next, as 15min, 1h, 1d, 1b (weekdays), 1mo; "rows": as the rows stand
    resample: str = ""  # series: how rows within one step are put together: mean, sum, last; "" where each step has one row
    length: int = 0  # whole series: longest one, where later steps are left out


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the source: its type decides how cells become tensors."""

    name: str
    type: str  # number, category, boolean, datetime, tags, text, image, series; of a forecast window, known or calendar
    role: str = "input"  # input, target, group or time (the last two serve the split alone)
    format: str = ""  # datetime: the strptime format, "" for ISO; image: how a word becomes a path, as "train/{}.jpg"
    zone: str = ""  # time of a forecast: the offset in which its clock runs, as +02:00; "" where cells have none
    size: tuple[int, ...] = ()  # image: height and width that every picture is brought to
    mode: str = ""  # image: rgb or grey; window, known: number, boolean or category, as which its cells are read
    sha256: str = ""  # image: digest of the pictures that the words of a table name
    separator: str = ""  # tags: what stands between two labels
    strip: str = ""  # number: characters to remove before the cast, e.g. "$%,"
    true: str = ""  # boolean: the word that means 1
    false: str = ""  # boolean: the word that means 0; a cell that is neither is missing
    replace: dict[str, str] = field(default_factory=dict)  # words to read as another word, e.g. ">50K." as ">50K"
    also_missing: tuple[str, ...] = ()  # words that mean "no value" in this column alone


@dataclass(frozen=True, kw_only=True)
class Text:
    """How the texts of all text columns become tokens; without texts nothing of it counts."""

    tokens: str = setting(
        "word",
        "a word, a piece of a word (byte-pair encoding), a character; ngrams: the set of words, pairs and runs of letters; "
        "pretrained: what the own tokenizer of hf:DIR makes",
        choices=(*TOKENS, "ngrams", "pretrained"),
    )
    vocabulary: int = setting(50_000, "at most this many different tokens, the most frequent ones", low=5, high=10_000_000)
    least: int = setting(2, "times that a token must occur in the train rows; rarer ones are unknown words", low=1)
    letters: bool = setting(True, "n-grams: runs of letters, beside words and pairs of words")
    lowercase: bool = setting(True, "read capital letters as small ones")
    markup: bool = setting(True, "read HTML tags as spaces, and &amp; and the like as the signs they stand for")
    whole: float = setting(0.99, "share of the train texts that are kept whole; the longest are cut behind", above=0, high=1)
    longest: int = setting(10_000, "at most this many tokens of a text", low=1, high=10_000_000)


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """How a target that is a text becomes tokens, and how an answer is written; with any other target nothing of it counts."""

    tokens: str = setting(
        "bpe", "what a token of the target is: a word, a piece of a word (byte-pair encoding), a character", choices=TOKENS
    )
    vocabulary: int = setting(8_000, "at most this many different tokens of the target", low=5, high=10_000_000)
    shared: bool = setting(False, "source and target are cut into the same tokens, whose vectors they share")
    longest: int = setting(
        1_000, "at most this many tokens of a target are learned, and of an answer written", low=1, high=100_000
    )
    beam: int = setting(1, "answers that are followed at a time; 1: the most probable token each time", low=1, high=1_000)
    length_penalty: float = setting(
        1.0, "power of the length that an answer's log-probability is divided by, where beams are compared", low=0, high=10
    )


@dataclass(frozen=True, kw_only=True)
class Split:
    """Which rows train, which choose the best epoch, which are scored once at the end."""

    kind: str = setting("stratified", "how rows are drawn", choices=("random", "stratified", "grouped", "time", "steps"))
    validation: float = setting(0.15, "share of the rows that choose the best epoch", above=0, high=0.9)
    test: float = setting(0.15, "share of the rows that are scored once, at the end", low=0, high=0.9)
    by: str = setting("", "column that holds the group or the time")
    rows: tuple[int, ...] = setting((), "steps: how many time steps train, validate and test, in place of shares")
    seed: int = setting(0, "seed of the draw", low=0)
    folds: int = setting(0, "cross-validation: how many folds of rows, or of time steps in a forecast; 0: none", low=0, high=1000)
    fold: int = setting(0, "cross-validation: the fold whose rows are the test rows, from 0", low=0, high=999)


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is learned from the target, and its options. The class of this name lives in tasks/`file`.py."""

    name: str  # Binary, Multiclass, Multilabel, Regression
    file: str  # classify, regress
    loss: str = setting(
        "auto",
        "auto: the task's own; huber: squared near zero, linear in the tails (regression); mae, quantile: forecasts",
        choices=("auto", "huber", "mae", "quantile"),
    )
    balance: str = setting(
        "none",
        "rare classes: drawn more often (sampler), weigh more in the loss (weights), or neither",
        choices=("none", "sampler", "weights"),
    )
    thresholds: str = setting(
        "validation",
        "several labels: the probability from which on each is said; validation: what is best on the validation rows, half: 0.5",
        choices=("validation", "half"),
    )
    label_smoothing: float = setting(0.0, "share of the target probability spread over the other classes", low=0, high=0.9)
    season: int = setting(0, "forecast: steps of a season, for MASE and the seasonal repeat; 1: none", low=0)


@dataclass(frozen=True, kw_only=True)
class Model:
    """Which file of models/ is built, and the keyword arguments it gets."""

    file: str  # models/`file`.py
    name: str = "Model"  # the class in that file
    settings: dict[str, Any] = field(default_factory=dict)
    directory: str = field(default="", metadata={"help": "pretrained: where its first weights are read, seen from this folder"})
    sha256: str = field(default="", metadata={"help": "pretrained: digest of that directory's config.json and weights"})


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How the images of a batch are changed while training, another way in every epoch. Without images nothing is."""

    flip: bool = setting(False, "mirror half of the images left to right")
    shift: float = setting(0.0, "move each image by up to this share of its side", low=0, high=0.5)
    zoom: float = setting(1.0, "stretch a random part of at least this share of the area; 1: the whole image", above=0, high=1)
    colour: float = setting(0.0, "change brightness, contrast and saturation by up to this share", low=0, high=0.9)
    erase: float = setting(0.0, "share of the images that lose a random box", low=0, high=1)
    mixup: float = setting(0.0, "blend pairs of images; strength, 0: never", low=0, high=10)
    cutmix: float = setting(0.0, "paste a box of one image into another; strength, 0: never", low=0, high=10)
    flip_average: bool = setting(False, "predict each image and its mirror image, and take the mean")


@dataclass(frozen=True, kw_only=True)
class Train:
    """The loop."""

    epochs: int = setting(50, "at most this many passes over the train rows", low=0, high=1_000_000)
    batch_size: int = setting(256, "rows per step", low=1, high=10_000_000)
    batch_tokens: int = setting(
        0, "sequences: tokens per step, of source and target, with their padding; 0: batch_size rows", low=0, high=100_000_000
    )
    learning_rate: float = setting(1e-3, "step size at its highest", above=0, high=100)
    optimizer: str = setting("adamw", "how a gradient becomes a step", choices=("sgd", "adam", "adamw", "rmsprop"))
    momentum: float = setting(0.9, "share of the last step kept (sgd, rmsprop)", low=0, high=0.9999)
    weight_decay: float = setting(0.01, "pull of the weight matrices towards zero", low=0, high=100)
    schedule: str = setting(
        "constant",
        "how the learning rate moves",
        choices=("constant", "step", "cosine", "one_cycle", "inverse_sqrt", "plateau"),
    )
    schedule_epochs: int = setting(10, "step: epochs between two cuts; plateau: epochs without progress before a cut", low=1)
    schedule_factor: float = setting(0.1, "step, plateau: what a cut multiplies the rate by", above=0, high=1)
    warmup: float = setting(0.3, "one_cycle, inverse_sqrt: share of the steps spent rising", low=0, high=1)
    patience: int = setting(10, "epochs without a better validation score before stopping; 0: never stop early", low=0)
    keep: str = setting(
        "best",
        "which weights a run ends with: of the epoch with the best validation score, or of the last epoch",
        choices=("best", "last"),
    )
    freeze: float = setting(0.0, "share of the epochs in which only the model's `head` learns", low=0, high=1)
    body_rate: float = setting(1.0, "learning rate of all weights but the model's `head`, as a share of it", above=0, high=1)
    clip: float = setting(0.0, "longest gradient allowed (norm); 0: no limit", low=0)
    accumulate: int = setting(1, "batches whose gradients are added up before a step", low=1)
    ema: float = setting(
        0.0, "decay of the averaged copy of the weights that is evaluated and kept; 0: none", low=0, high=0.99999
    )
    precision: str = setting("float32", "bfloat16: faster matrix products, rounded", choices=("float32", "bfloat16"))
    compile: bool = setting(False, "torch.compile the model (needs a C++ compiler; slow first step)")
    checkpoint_seconds: float = setting(60.0, "seconds between two checkpoints within an epoch", above=0)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What the run computes on. Part of its identity: other threads or another device give other last bits."""

    device: str = setting("cpu", "cpu, cuda, cuda:1, mps")
    threads: int = setting(1, "CPU threads of torch", low=1, high=4096)
    workers: int = setting(0, "processes that prepare batches", low=0, high=256)
    seed: int = setting(0, "seed of weights, order of rows, dropout", low=0)


@dataclass(frozen=True, kw_only=True)
class Config:
    """A run, resolved. `columns` holds every column that is read, the targets included."""

    source: Source
    columns: tuple[Column, ...]
    split: Split
    task: Task
    model: Model
    train: Train
    machine: Machine
    augment: Augmentation = Augmentation()
    text: Text = Text()
    sequence: Sequence = Sequence()

    @property
    def inputs(self) -> list[Column]:
        """The columns that a model sees; the targets of a forecast are the first of them, by their past."""
        past = [column for column in self.targets if column.type == "window"]
        return [*past, *(column for column in self.columns if column.role == "input")]

    @property
    def targets(self) -> list[Column]:
        return [column for column in self.columns if column.role == "target"]


def read(path: Path | str) -> Config:
    """The config of a run.toml.

    Raises: OSError, tomllib.TOMLDecodeError, TypeError for an unknown or missing name.
    """
    return from_dict(tomllib.loads(Path(path).read_text(encoding="utf-8")))


def from_dict(values: dict[str, Any]) -> Config:
    """The config of the nested dictionary that TOML gives; tables that no dataclass names are left alone."""
    names = {f.name for f in fields(Config)}
    return _build(Config, {name: value for name, value in values.items() if name in names})


def to_dict(config: Any) -> dict[str, Any]:
    """The nested dictionary of lists, numbers and strings that `from_dict` reads back."""

    def plain(value: Any) -> Any:
        if is_dataclass(value):
            return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        if isinstance(value, (tuple, list)):
            return [plain(item) for item in value]
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return value

    return plain(config)


def _build(kind: type, values: dict[str, Any]) -> Any:
    hints = get_type_hints(kind)
    made = {}
    for name, value in values.items():
        hint = hints.get(name)
        if isinstance(hint, type) and is_dataclass(hint):
            value = _build(hint, value)
        elif hint == tuple[Column, ...]:
            value = tuple(_build(Column, item) for item in value)
        elif isinstance(value, list) and name != "settings":
            value = tuple(value)
        elif hint is float:
            value = float(value)
        made[name] = value
    return kind(**made)
