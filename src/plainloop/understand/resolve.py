"""From what was understood and what was asked for to a resolved Config: every value with the reason it has.

The defaults are the tables in defaults.py. `--set name=value` overrides any field of the config and any keyword
argument of the model; names are checked here, with a suggestion, and values against the bounds that config.py states.
"""

from __future__ import annotations

import inspect as inspect_module
import os
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

from ..options import TrainOptions, as_pairs
from ..plain import config as c
from ..problems import Notice, nearest
from .defaults import (
    ALSO_CALLED,
    BY_NAME,
    BY_ROWS,
    DIVIDES,
    MODEL_BOUNDS,
    MODELS,
    PARTS,
    Reasons,
    augmentation,
    fitting_models,
    parts_of,
    text_defaults,
    train_defaults,
)
from .idle_settings import without_effect
from .pair_problems import ModelOfAnotherTask, OtherInputsNotRead
from .setting_problems import BadSetting, ModelOfOtherInputs, NoDevice, UnknownModel, UnknownSetting

TASK_FILES = {
    "Binary": "classify",
    "Multiclass": "classify",
    "Multilabel": "multilabel",
    "Regression": "regress",
    "Forecast": "forecast",
    "Sequence": "sequence",
}

SECTIONS = {"split": c.Split, "task": c.Task, "train": c.Train, "machine": c.Machine, "augment": c.Augmentation, "text": c.Text}
SECTIONS |= {"sequence": c.Sequence}


@dataclass(frozen=True)
class Resolved:
    """A config, the reason of each of its values, and what should be said about them."""

    config: c.Config
    reasons: Reasons
    notices: list[Notice]


@dataclass(frozen=True)
class Asked:
    """What the caller asked for, and how messages name it."""

    settings: dict[str, Any]  # "learning_rate" or "train.learning_rate" or "model.width" -> value, as text or typed
    model: str  # built-in name, or the name the user's own model goes by
    own: dict[str, Any] | None = None  # for a model of the user's own: {"file": ..., "name": ...}
    data: str = "data.csv"
    target: tuple[str, ...] = ()
    pretrained: c.Model | None = None  # the model of hf:DIR
    augment: str | None = None  # none, light, strong
    classes: tuple[str, ...] = ()
    text: Mapping[str, tuple[Any, str]] = field(default_factory=dict)  # setting of [text] -> value found in the data, and why
    task: Mapping[str, Any] = field(default_factory=dict)  # setting of [task] -> value found in the data
    sequence: Mapping[str, tuple[Any, str]] = field(default_factory=dict)  # the same for [sequence]


def resolve(
    source: c.Source,
    columns: tuple[c.Column, ...],
    task: str,
    split: c.Split,
    num_rows: int,
    asked: Asked,
    device: str = "auto",
    seed: int = 0,
) -> Resolved:
    """The config of a run.

    Raises: UnknownSetting, BadSetting, UnknownModel, NoDevice.
    """
    reasons: Reasons = {}
    task_values: dict[str, Any] = {"name": task, "file": TASK_FILES[task], **asked.task}
    parts = ["sequence"] if task == "Sequence" else ["windows"] if task == "Forecast" else [*parts_of(columns)]
    said = next((asked.settings[name] for name in ("machine.device", "device") if asked.settings.get(name)), None)
    machine_values = machine_for(said if isinstance(said, str) else device, seed, asked, reasons)
    train_values = train_defaults(asked.model, parts, num_rows, machine_values["device"], reasons)
    if "image" in parts and task == "Multiclass":
        task_values["label_smoothing"] = 0.1
        reasons["task.label_smoothing"] = "nets on images grow too sure of themselves without it"
    if task == "Sequence" and asked.sequence.get("tokens", ("", ""))[0] == "bpe":
        task_values["label_smoothing"] = 0.1
        reasons["task.label_smoothing"] = "a sentence can be translated in several ways"
    readers = list(parts_of(columns).values()) if asked.model == "mixed" else [asked.model]
    base = c.Config(
        source=source,
        columns=columns,
        split=split,
        task=c.Task(**task_values),
        model=model_for(asked, columns, num_rows, reasons, task),
        train=c.Train(**train_values),
        machine=c.Machine(**machine_values),
        augment=augmentation(asked.augment, columns, num_rows, asked.classes, reasons),
        text=c.Text(**text_defaults(readers, num_rows, asked.text, reasons)),
        sequence=c.Sequence(**{name: value for name, (value, _) in asked.sequence.items()}),
    )
    reasons |= {f"sequence.{name}": why for name, (_, why) in asked.sequence.items()}
    found = {"device", "machine.device"} if said == "auto" else set()  # the best there is stands in the config already
    given = {name: value for name, value in asked.settings.items() if value is not None and name not in found}
    by_rows = "train.batch_size" in given and not {"batch_tokens", "train.batch_tokens"} & set(given)
    if by_rows and base.train.batch_tokens:  # batches of so many rows were asked for
        base = replace(base, train=replace(base.train, batch_tokens=0))
        reasons["train.batch_tokens"] = "batch_size was asked for"
    config = override(base, given, asked, reasons)
    return Resolved(config, reasons, [*not_read(asked, columns, parts), *without_effect(config, given)])


def not_read(asked: Asked, columns: tuple[c.Column, ...], parts: list[str]) -> list[Notice]:
    """Tells of inputs of other kinds than the one that the model reads."""
    kind = MODELS[asked.model].takes if asked.own is None and asked.model in MODELS else ""
    if kind not in PARTS or kind not in parts or len(parts) == 1:
        return []
    left = [column.name for column in columns if column.role == "input" and column.type not in PARTS[kind][0]]
    return [OtherInputsNotRead(asked.model, kind, left, asked.data, list(asked.target))]


def settings_of(options: TrainOptions) -> dict[str, Any]:
    """The settings that the options give, under the names of the config; those of --set come last and win."""
    direct = {
        "train.epochs": options.epochs,
        "train.batch_size": options.batch_size,
        "train.learning_rate": options.learning_rate,
        "task.balance": options.balance,
        "train.compile": options.compile or None,
    }
    return {**direct, **as_pairs(options.set)}


def check_device(device: str, asked: Asked) -> None:
    """Raises: NoDevice."""
    import torch

    cuda = [f"cuda:{n}" for n in range(torch.cuda.device_count())]
    there = ["cpu", *cuda, *(["mps"] if torch.backends.mps.is_available() else [])]
    if device not in there and not (device == "cuda" and torch.cuda.is_available()):
        raise NoDevice(device, there, asked.data, list(asked.target))


def machine_for(device: str, seed: int, asked: Asked, reasons: Reasons) -> dict[str, Any]:
    """Device and threads. Raises: NoDevice."""
    from ..plain.device import best_device

    chosen = best_device() if device == "auto" else device
    check_device(chosen, asked)
    reasons["machine.device"] = "the best that torch sees here" if device == "auto" else "asked for"
    small = asked.model == "text_bag" or (asked.model.startswith("table_") and asked.model != "table_transformer")
    # 2 threads are slower than 1 on small layers even when the machine is idle, and many times slower when it is not
    threads, why = (1, "small layers are fastest on one thread") if small else all_threads()
    reasons["machine.threads"] = why
    return {"device": chosen, "threads": threads, "seed": seed}


def all_threads() -> tuple[int, str]:
    """As many threads as the user allows, else as there are cores for this process; and why."""
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    if allowed.isdigit() and int(allowed):
        return int(allowed), "as OMP_NUM_THREADS says"
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, "all cores"


def model_for(asked: Asked, columns: tuple[c.Column, ...], num_rows: int, reasons: Reasons, task: str = "") -> c.Model:
    """The model and every keyword argument of its class. Raises: UnknownModel, ModelOfAnotherTask."""
    if asked.own is not None:
        reasons["model.file"] = "your own module"
        return c.Model(file="own", settings=asked.own)
    if asked.pretrained is not None:
        reasons["model.file"] = "hf:DIR; its first weights are those of the directory"
        if "mean" in asked.pretrained.settings:
            learned = asked.pretrained.settings["mean"]
            reasons["model.mean"] = "of the pictures that it learned from" if learned else "of the train rows"
        return asked.pretrained
    if asked.model not in MODELS:
        raise UnknownModel(asked.model, BY_NAME, "", asked.data, list(asked.target), fitting_models(columns, task))
    if (MODELS[asked.model].takes == "sequence") != (task == "Sequence"):
        fitting = [name for name, kind in MODELS.items() if (kind.takes == "sequence") == (task == "Sequence")]
        raise ModelOfAnotherTask(asked.model, task.lower(), fitting, asked.data, list(asked.target))
    takes, parts = MODELS[asked.model].takes, [*parts_of(columns)]
    if takes in ("table", "image", "text") and takes not in parts and task not in ("Forecast", "Sequence"):
        fitting = [name for name in BY_NAME if name in MODELS and MODELS[name].takes in parts] + ["mixed"] * (len(parts) > 1)
        raise ModelOfOtherInputs(asked.model, takes, parts, fitting, asked.data, list(asked.target))
    reasons["model.file"] = MODELS[asked.model].what
    signature = inspect_module.signature(model_class(asked.model).__init__).parameters
    keywords = {name: p.default for name, p in signature.items() if p.kind is p.KEYWORD_ONLY and p.default is not p.empty}
    if asked.model == "mixed":
        keywords["parts"] = parts_of(columns)
    found = [row for row in BY_ROWS.get(asked.model, []) if num_rows < row[0]]
    for name, value in (found[0][1] if found else {}).items():
        keywords[name] = value
        reasons[f"model.{name}"] = found[0][2]
    return c.Model(file=asked.model, settings=keywords)


def model_class(file: str) -> Any:
    return import_module(f"..plain.models.{file}", __package__).Model


def override(config: c.Config, given: Mapping[str, Any], asked: Asked, reasons: Reasons) -> c.Config:
    """The config with the given settings in their places."""
    homes = {f"{section}.{f.name}": f for section, kind in SECTIONS.items() for f in fields(kind) if f.metadata}
    short = {key.split(".", 1)[1]: key for key in reversed(homes)}  # an earlier section wins a name that two have
    sections: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    model_settings = dict(config.model.settings)
    for name, value in given.items():
        key = name if name in homes else short.get(name, "")
        if key:
            section, short_name = key.split(".", 1)
            sections[section][short_name] = checked(key, homes[key], get_type_hints(SECTIONS[section])[short_name], value, asked)
        else:
            key = name if name.startswith("model.") else f"model.{name}"
            model_settings[key[6:]] = model_value(key[6:], value, model_settings, name, [*homes, *short], asked)
        reasons[key] = "asked for"
    if asked.own is None:
        in_equal_shares(model_settings, reasons, asked)
    changed: dict[str, Any] = {section: replace(getattr(config, section), **values) for section, values in sections.items()}
    made = replace(config, **changed, model=replace(config.model, settings=model_settings))
    own_tokens, pretrained = made.text.tokens == "pretrained", made.model.file == "pretrained"
    if own_tokens != pretrained and any(column.type == "text" for column in made.inputs):
        wanted = (
            "pretrained: the model knows its own tokens alone"
            if pretrained
            else "a kind that is trained: pretrained needs hf:DIR"
        )
        good = "pretrained" if pretrained else "word"
        raise BadSetting("text.tokens", made.text.tokens, wanted, good, asked.data, list(asked.target))
    return apart(made, asked, reasons)


def apart(config: c.Config, asked: Asked, reasons: Reasons) -> c.Config:
    """Source and target share no tokens where they are cut into different kinds of them. Raises: BadSetting."""
    if config.task.name != "Sequence" or not config.sequence.shared or config.text.tokens == config.sequence.tokens:
        return config
    why = f"the tokens of the source are of the kind {config.text.tokens}, those of the target {config.sequence.tokens}"
    if reasons.get("sequence.shared") == "asked for":
        raise BadSetting("sequence.shared", True, f"false: {why}", "false", asked.data, list(asked.target))
    reasons["sequence.shared"] = why
    return replace(config, sequence=replace(config.sequence, shared=False))


def checked(key: str, field: Field, hint: Any, value: Any, asked: Asked) -> Any:
    """The value as the field's type, within its bounds. Raises: BadSetting."""
    meta = field.metadata
    good = str(field.default if field.default is not MISSING else "...")
    if meta["choices"]:
        if value not in meta["choices"]:
            near = nearest(str(value), list(meta["choices"]))
            raise BadSetting(
                key, value, "one of " + ", ".join(meta["choices"]), near[0] if near else good, asked.data, list(asked.target)
            )
        return value
    if type(value) is hint and within(value, meta):  # what the command line has cast already
        return value
    from pydantic import Field as Bounds
    from pydantic import TypeAdapter, ValidationError

    limits = {"ge": meta["low"], "gt": meta["above"], "le": meta["high"]}
    bounds = Bounds(
        allow_inf_nan=False if hint in (float, "float") else None,
        **{name: limit for name, limit in limits.items() if limit is not None},
    )
    try:
        from typing import Annotated

        return TypeAdapter(Annotated[hint, bounds]).validate_python(value)
    except ValidationError as error:
        raise BadSetting(key, value, wanted(hint, meta), good, asked.data, list(asked.target)) from error


def within(value: Any, meta: Mapping[str, Any]) -> bool:
    """Whether a value respects the bounds of a setting; a NaN does not."""
    low, above, high = meta["low"], meta["above"], meta["high"]
    large_enough = (low is None or value >= low) and (above is None or value > above)
    return large_enough and (high is None or value <= high) and value == value


def wanted(hint: Any, meta: Mapping[str, Any]) -> str:
    """What a setting can be, in words.

    >>> wanted(int, {"low": 1, "above": None, "high": None})
    'a whole number of at least 1'
    """
    kind = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}.get(hint, str(hint))
    parts = [
        f"above {meta['above']:g}" if meta["above"] is not None else "",
        f"of at least {meta['low']:g}" if meta["low"] is not None else "",
        f"at most {meta['high']:g}" if meta["high"] is not None else "",
    ]
    parts = [part for part in parts if part]
    return f"{kind} {' and '.join(parts)}".strip()


def same_inputs(model: str, other: str) -> bool:
    return other in MODELS and MODELS[model].takes == MODELS[other].takes


def keywords_of(model: str) -> list[str]:
    """The settings that the class of a model has."""
    signature = inspect_module.signature(model_class(model).__init__).parameters
    return [name for name, parameter in signature.items() if parameter.kind is parameter.KEYWORD_ONLY]


def in_equal_shares(settings: Mapping[str, Any], reasons: Reasons, asked: Asked) -> None:
    """The width of a model is a multiple of its heads and its directions. Raises: BadSetting."""
    for part, whole in DIVIDES.items():
        shares, size = settings.get(part), settings.get(whole)
        if not isinstance(shares, int) or not isinstance(size, int) or size % shares == 0:
            continue
        if reasons.get(f"model.{part}") == "asked for":
            divisors = [number for number in range(1, size + 1) if size % number == 0 and number <= 2 * shares]
            good = min(divisors, key=lambda number: (abs(number - shares), number))
            expected = f"a number that divides the {whole}, {size}"
            raise BadSetting(f"model.{part}", shares, expected, str(good), asked.data, list(asked.target))
        expected = f"a multiple of the {shares} {part}"
        good = max(shares, round(size / shares) * shares)
        raise BadSetting(f"model.{whole}", size, expected, str(good), asked.data, list(asked.target))


def unknown(said: str, value: Any, settings: Mapping[str, Any], others: list[str], asked: Asked) -> UnknownSetting:
    """The refusal of a setting, with the one that may be meant, and a value that this can be."""
    known, word = [*(f"model.{key}" for key in settings), *settings, *others], said.rpartition(".")[2]
    near = nearest(said, known)
    if ALSO_CALLED.get(word) in known:
        near = [ALSO_CALLED[word], *(name for name in near if name.rpartition(".")[2] != ALSO_CALLED[word])]
    good, name = str(value), near[0].rpartition(".")[2] if near else ""
    if word == "bidirectional":
        good = "1" if good.lower() in ("false", "0", "no") else "2"
    elif name in settings:
        try:
            model_value(name, value, settings, name, others, asked)
        except BadSetting:
            good = str(settings[name])
    fitting = [model for model in BY_NAME if model in MODELS and same_inputs(model, asked.model) and word in keywords_of(model)]
    return UnknownSetting(said, near, asked.model, asked.data, list(asked.target), tuple(fitting), good)


def model_value(name: str, value: Any, settings: Mapping[str, Any], said: str, others: list[str], asked: Asked) -> Any:
    """A keyword argument of the model, cast to the type of its default. Raises: UnknownSetting, BadSetting."""
    import ast

    if asked.own is None and name not in settings and name != "layers":
        raise unknown(said, value, settings, others, asked)
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            value = {"true": True, "false": False}.get(value.lower(), value)
    default = settings.get(name)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if default is not None and type(default) is not type(value):
        raise BadSetting(f"model.{name}", value, f"a value like {default!r}", str(default), asked.data, list(asked.target))
    choices = get_args(get_type_hints(model_class(asked.model).__init__).get(name)) if asked.own is None else ()
    if choices and value not in choices and type(None) not in choices and isinstance(value, str):
        near = nearest(value, [str(choice) for choice in choices])
        good = near[0] if near else str(default)
        raise BadSetting(f"model.{name}", value, "one of " + ", ".join(map(str, choices)), good, asked.data, list(asked.target))
    low, high = MODEL_BOUNDS.get(name, (None, None)) if asked.own is None else (None, None)
    if not within(value, {"low": low, "above": None, "high": high}) if isinstance(value, (int, float)) else False:
        limits = wanted(type(value), {"low": low, "above": None, "high": high})
        raise BadSetting(f"model.{name}", value, limits, str(default), asked.data, list(asked.target))
    return value


def relative_to(source: c.Source, home: Path) -> c.Source:
    """The source with its paths as seen from the folder of run.toml, so that a run and its data can move together."""

    places: dict[str, Any] = {
        part: tuple(seen_from(home, path) for path in getattr(source, part)) for part in ("data", "validation", "test")
    }
    return replace(source, **places)


def seen_from(home: Path, path: str) -> str:
    """A path as seen from a folder; whole where it is on another drive."""
    try:
        return Path(os.path.relpath(Path(path).resolve(), home.resolve())).as_posix()
    except ValueError:
        return str(Path(path).resolve())
