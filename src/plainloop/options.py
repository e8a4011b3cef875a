"""The options of `train` and `inspect`: one definition for the command line and for Python.

On the command line lists are written A,B and pairs NAME=VALUE; in Python a list and a dictionary do as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from .problems import nearest
from .understand.setting_problems import PAIR, UnknownOption

Names = Any  # a text A,B, or in Python a sequence of names
# the parts of a command's help, in this order
DATA, TRAINING, OUTPUT, SPLIT, SERIES, IMAGES, READING = map(
    Group.create_ordered, ("Data", "Model and training", "Output", "Split", "Time series", "Images", "Reading files")
)


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """What the data is and how it is read; all of it is found out where it is not given.

    Attributes
    ----------
    target
        Column to learn, or several: A,B; or the file whose lines answer those of the first.
    task
        binary, multiclass, multilabel, regression, forecast, or sequence (a text is written).
    types
        Column types: NAME=number|category|boolean|datetime|tags|image|text, several with commas.
    ignore
        Columns to leave out: A,B.
    missing
        Further words that mean "no value": "n/a,-".
    tags
        What separates the labels in a cell of a tags target.
    group
        Column whose rows must stay on one side of the split (person, site); of a forecast, the columns that tell series apart.
    time
        Column to split by: the latest rows are the test rows; of a forecast, the column of the times, or several: year,month,day.
    horizon
        Forecast this many coming steps of the target.
    lookback
        Steps before that a forecast sees.
    future
        Columns that are known ahead: price,holiday.
    frequency
        Step of the series: 15min, 1h, 1d, 1b (weekdays), 1mo, ...; rows: as the rows stand.
    resample
        Put rows within one step together: mean, sum or last.
    calendar
        Whether a forecast sees hour, weekday and day of the year of each step.
    split_rows
        Time steps that train, validate and test a forecast: 8640,2880,2880.
    series
        Column that names the series a row belongs to, to classify whole series; files: each file is a series.
    split
        How rows are drawn.
    validation
        File of validation rows, or their share.
    test
        File of test rows, or their share.
    delimiter
        What separates two cells.
    decimal
        What separates whole and fraction.
    quote
        Quote character; "" where quotes are plain characters.
    header
        Whether the first row holds the column names.
    encoding
        Character encoding of the files.
    comment
        Lines that start with this are skipped.
    member
        File to read inside a zip archive, or sheet of a workbook.
    date_format
        Format of dates as strptime writes it: %d/%m/%Y.
    skip_bad
        Leave out up to this many rows with too many or too few cells, or without a picture that can be decoded.
    image_size
        Side in pixels that pictures are brought to, or HEIGHTxWIDTH.
    image_mode
        rgb or grey.
    allow_leak
        Train even where a column is a copy of the target.
    seed
        Seed of split, weights, order and dropout.
    """

    target: Annotated[Names, Parameter(group=DATA)] = None
    task: Annotated[
        Literal["binary", "multiclass", "multilabel", "regression", "forecast", "sequence"] | None, Parameter(group=DATA)
    ] = None
    types: Annotated[Any, Parameter(group=DATA)] = None
    ignore: Annotated[Names, Parameter(group=DATA)] = None
    missing: Annotated[Names, Parameter(group=DATA)] = None
    tags: Annotated[str | None, Parameter(group=DATA)] = None
    group: Annotated[Names, Parameter(group=SPLIT)] = None
    time: Annotated[Names, Parameter(group=SPLIT)] = None
    horizon: Annotated[int | None, Parameter(group=SERIES)] = None
    lookback: Annotated[int | None, Parameter(group=SERIES)] = None
    future: Annotated[Names, Parameter(group=SERIES)] = None
    frequency: Annotated[str | None, Parameter(group=SERIES)] = None
    resample: Annotated[Literal["mean", "sum", "last"] | None, Parameter(group=SERIES)] = None
    calendar: Annotated[bool | None, Parameter(group=SERIES)] = None
    split_rows: Annotated[Names, Parameter(group=SERIES)] = None
    series: Annotated[str | None, Parameter(group=SERIES)] = None
    split: Annotated[Literal["random", "stratified", "grouped", "time"] | None, Parameter(group=SPLIT)] = None
    validation: Annotated[Any, Parameter(group=SPLIT)] = None
    test: Annotated[Any, Parameter(group=SPLIT)] = None
    delimiter: Annotated[str | None, Parameter(group=READING)] = None
    decimal: Annotated[str | None, Parameter(group=READING)] = None
    quote: Annotated[str | None, Parameter(group=READING)] = None
    header: Annotated[bool | None, Parameter(group=READING)] = None
    encoding: Annotated[str | None, Parameter(group=READING)] = None
    comment: Annotated[str | None, Parameter(group=READING)] = None
    member: Annotated[str | None, Parameter(group=READING)] = None
    date_format: Annotated[str | None, Parameter(group=READING)] = None
    skip_bad: Annotated[int, Parameter(group=READING)] = 0
    image_size: Annotated[str | None, Parameter(group=IMAGES)] = None
    image_mode: Annotated[Literal["rgb", "grey"] | None, Parameter(group=IMAGES)] = None
    allow_leak: Annotated[bool, Parameter(negative="", group=DATA)] = False
    seed: Annotated[int, Parameter(group=DATA)] = 0


@dataclass(frozen=True, kw_only=True)
class CheckOptions(DataOptions):
    """What of a run is tried before it; the options of `train` that it depends on.

    Attributes
    ----------
    model
        Name of a model, or your own: mynet.py:MyNet.
    batch_size
        Rows per step.
    learning_rate
        Size of a step at its highest.
    device
        auto, cpu, cuda, cuda:1 or mps.
    set
        Any other setting: NAME=VALUE, several times.
    """

    model: Annotated[Any, Parameter(group=TRAINING)] = None
    batch_size: Annotated[int | None, Parameter(group=TRAINING)] = None
    learning_rate: Annotated[float | None, Parameter(group=TRAINING)] = None
    device: Annotated[str, Parameter(group=TRAINING)] = "auto"
    set: Annotated[list[str] | None, Parameter(negative_iterable=(), group=TRAINING)] = None


@dataclass(frozen=True, kw_only=True)
class TrainOptions(DataOptions):
    """How the model is made and trained.

    Attributes
    ----------
    model
        Name of a model, or your own: mynet.py:MyNet.
    output
        Run folder; default runs/<data>-<n>.
    epochs
        At most this many passes over the train rows.
    batch_size
        Rows per step.
    learning_rate
        Size of a step at its highest; auto: found by a sweep before training.
    balance
        Rare classes: drawn more often, weighed more, or neither.
    augment
        Change images while training: none, light or strong.
    device
        auto, cpu, cuda, cuda:1 or mps.
    compile
        torch.compile the model.
    baseline
        Also fit a classical model, to compare with: gradient-boosted trees, for texts TF-IDF with logistic regression.
    set
        Any other setting: NAME=VALUE, several times.
    """

    model: Annotated[Any, Parameter(group=TRAINING)] = None
    output: Annotated[str | None, Parameter(name=["--output", "-o"], group=OUTPUT)] = None
    epochs: Annotated[int | None, Parameter(group=TRAINING)] = None
    batch_size: Annotated[int | None, Parameter(group=TRAINING)] = None
    learning_rate: Annotated[float | Literal["auto"] | None, Parameter(group=TRAINING)] = None
    balance: Annotated[Literal["sampler", "weights", "none"] | None, Parameter(group=TRAINING)] = None
    augment: Annotated[Literal["none", "light", "strong"] | None, Parameter(group=IMAGES)] = None
    device: Annotated[str, Parameter(group=TRAINING)] = "auto"
    compile: Annotated[bool, Parameter(negative="", group=TRAINING)] = False
    baseline: Annotated[bool, Parameter(group=TRAINING)] = True
    set: Annotated[list[str] | None, Parameter(negative_iterable=(), group=TRAINING)] = None


@dataclass(frozen=True, kw_only=True)
class AgainOptions:
    """What can change in a run that is trained again; its data and their split stay.

    Attributes
    ----------
    model
        Name of another model, or your own: mynet.py:MyNet.
    epochs
        At most this many passes over the train rows.
    batch_size
        Rows per step.
    learning_rate
        Size of a step at its highest; auto: found by a sweep before training.
    balance
        Rare classes: drawn more often, weighed more, or neither.
    device
        cpu, cuda, cuda:1 or mps.
    seed
        Seed of weights, order and dropout; the split stays.
    set
        Any other setting that changes: NAME=VALUE, several times.
    """

    model: Annotated[Any, Parameter(group=TRAINING)] = None
    epochs: Annotated[int | None, Parameter(group=TRAINING)] = None
    batch_size: Annotated[int | None, Parameter(group=TRAINING)] = None
    learning_rate: Annotated[float | Literal["auto"] | None, Parameter(group=TRAINING)] = None
    balance: Annotated[Literal["sampler", "weights", "none"] | None, Parameter(group=TRAINING)] = None
    device: Annotated[str | None, Parameter(group=TRAINING)] = None
    seed: Annotated[int | None, Parameter(group=DATA)] = None
    set: Annotated[list[str] | None, Parameter(negative_iterable=(), group=TRAINING)] = None

    def settings(self) -> dict[str, Any]:
        """The settings that change, by the names that `--set` has for them."""
        homes = {"epochs": "train", "batch_size": "train", "learning_rate": "train", "balance": "task", "device": "machine"}
        named = {f"{homes[name]}.{name}" if name in homes else name: getattr(self, name) for name in (*homes, "model", "seed")}
        return {name: value for name, value in named.items() if value is not None} | as_pairs(self.set)


def make(kind: type, given: dict[str, Any]) -> Any:
    """The options of the keyword arguments of a Python call.

    Raises: UnknownOption.
    """
    names = [f.name for f in fields(kind)]
    for name, value in given.items():
        if name not in names:
            from .understand.defaults import ALSO_CALLED

            near = [ALSO_CALLED[name]] if ALSO_CALLED.get(name) in names else nearest(name, names)
            raise UnknownOption(name, near, value=value, verb="train" if "set" in names else "inspect")
    return kind(**given)


def as_names(value: Names, columns: Sequence[str] = ()) -> list[str]:
    """A list of names; a text is split at commas, unless a column is called just that.

    >>> as_names("a, b"), as_names(["c,d"]), as_names("e,f", columns=["e,f"])
    (['a', 'b'], ['c,d'], ['e,f'])
    """
    if value is None:
        return []
    if not isinstance(value, str):
        return [str(name) for name in value]
    if value in columns:
        return [value]
    return list(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))  # a name said twice counts once


def as_pairs(value: Any) -> dict[str, str]:
    """A dictionary; a text is read as NAME=VALUE,NAME=VALUE, a list as one such pair per item.

    >>> as_pairs("a=1,b=x"), as_pairs(["c=[1, 2]"])
    ({'a': '1', 'b': 'x'}, {'c': '[1, 2]'})
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(name): item for name, item in value.items()}
    items = value.split(",") if isinstance(value, str) else list(value)
    pairs = {}
    for item in items:
        name, equals, content = str(item).partition("=")
        if not equals:
            raise UnknownOption(str(item), [], PAIR)
        pairs[name.strip()] = content.strip()
    return pairs
