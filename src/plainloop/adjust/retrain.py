"""Retrain: a run again with other settings, as a child that knows its parent. From a finished folder back to `carry_out`."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ..handover.code import own_files
from ..judge.metric_names import built, of_run, words_of
from ..options import DataOptions
from ..plain.checkpoint import StorageFailed, load_weights
from ..plain.config import Config, Text, from_dict
from ..plain.device import best_device
from ..plain.run import DataChanged, build_model, located
from ..problems import TYPED, listed
from ..run_files import read_toml
from ..run_folder import Run, make_folder, new_folder, package_of
from ..run_problems import CannotEject, FolderOfRuns, RunNotFinished, RunUnreadable
from ..show import notice_text, setting_text, short
from ..training import Decided, Remark, Talk, carry_out, gone_if_refused, without_auto
from ..understand.defaults import MODELS
from ..understand.idle_settings import without_effect
from ..understand.own_model import OwnModel, as_source, own_model, prepared
from ..understand.resolve import Asked, check_device, model_for, override, relative_to, seen_from
from ..understand.setting_problems import UnknownSetting
from .adjust_problems import NothingChanges, OptionOfData, SettingAsBefore, WeightsDoNotFit, WeightsSawTest
from .lineage import differences, lineage_table, lineage_text, reasons_of, settings_of

FIRST_WEIGHTS = "initial.safetensors"
MOST_CHANGES = 4  # that a line before the training names


def retrain(
    folder: Path,
    settings: dict[str, Any],
    from_weights: bool,
    output: str | None,
    baseline: bool | None,
    metrics: Any,
    talk: Talk,
) -> Run:
    """See `api.retrain`."""
    if search := read_toml(folder).get("search"):
        raise FolderOfRuns(str(folder), search.get("kind", ""))
    old = config_of(folder)
    if from_weights and not (folder / "weights.safetensors").exists():
        raise RunNotFinished(str(folder))
    child = inherit(folder, settings, folder)  # seen from the parent: refusals come before a folder is made
    changed = differences(old, child.config)
    if from_weights:
        check_weights(folder, old, child.config)
    tell_what_changes(folder, child, changed, {name for name, value in settings.items() if value is not None}, from_weights, talk)
    if words_of(metrics):
        built(metrics, prepared(child.config, folder).task, str(folder), verb="retrain")
    name = re.sub(r"-\d+$", "", folder.resolve().name)
    place = new_folder(output, name, folder.parent)
    decided = moved(child, folder, place)
    if baseline is not None:
        decided.facts["baseline"] = baseline
    same_model = "model" not in changed
    first = "weights.safetensors" if from_weights else FIRST_WEIGHTS if same_model else ""
    if first and (folder / first).exists():
        shutil.copyfile(folder / first, place / FIRST_WEIGHTS)
    if decided.config.text.tokens == "pretrained" and (folder / "tokenizer.json").exists():
        shutil.copyfile(folder / "tokenizer.json", place / "tokenizer.json")
    begun = "parent" if from_weights else "scratch"
    with names_run(folder), gone_if_refused([place]):
        made = carry_out(decided, metrics, talk, lambda new: {"lineage": lineage_table(folder, place, old, new, begun)})
    talk.line("\n" + lineage_text(made))
    return made


def tell_what_changes(
    folder: Path, child: Decided, changed: Mapping[str, Any], given: set[str], from_weights: bool, talk: Talk
) -> None:
    """Before training: what differs from the parent, and what was given that does not. Raises: NothingChanges."""
    values = settings_of(child.config)
    keys = {name: next((key for key in values if key == name or key.endswith(f".{name}")), name) for name in sorted(given)}
    same = {key: values[key] for key in keys.values() if key in values and key not in changed}
    if same and not changed and not child.auto and not from_weights:
        raise NothingChanges(str(folder), same, int(values["machine.seed"]))
    tell(child, talk)
    for name, value in same.items():
        talk.line("\n" + notice_text(SettingAsBefore(str(folder), name, value)))
    said = [f"{name} {short(setting_text(old), 30)} -> {short(setting_text(new), 30)}" for name, (old, new) in changed.items()]
    if said:
        talk.line(f"\nA child of {folder}: {listed(said, MOST_CHANGES)}")
    elif not child.auto and not from_weights:
        talk.line(f"\nNo setting differs from {folder}: on the same machine the child will be the same to the last bit.")


def tell(child: Decided, talk: Talk) -> None:
    """Tells of settings without effect; what there was to say of the data, the parent has told."""
    for notice in child.notices:
        if not isinstance(notice, Remark):
            talk.line("\n" + notice_text(notice))


@contextmanager
def names_run(folder: Path | None) -> Iterator[None]:
    """A refusal of changed data names the run.toml of the run that was typed, not that of a folder which goes with it."""
    try:
        yield
    except DataChanged as error:
        if folder is None:
            raise
        raise replace(error, run=str(folder)) from None


def config_of(folder: Path) -> Config:
    """The config of a run folder. Raises: NoRun, RunUnreadable, CannotEject."""
    content = read_toml(folder)
    try:
        config, made = from_dict(content), content["made"]
    except (TypeError, ValueError, LookupError) as error:
        raise RunUnreadable(str(folder), str(error)) from error
    if made.get("model_given"):
        raise CannotEject(str(folder), "its model was given as an object, so it cannot be built again from the run folder")
    return config


def inherit(folder: Path, settings: dict[str, Any], place: Path) -> Decided:
    """A run with changed settings, decided and seen from the folder it comes from.

    Raises: UnknownSetting, OptionOfData, BadSetting, UnknownModel and what `config_of` raises.
    """
    config, made = config_of(folder), read_toml(folder)["made"]
    reasons = reasons_of(folder)
    given = {"machine.seed" if name == "seed" else name: value for name, value in settings.items() if value is not None}
    given, auto = without_auto(given)
    model = given.pop("model", None)
    own = own_of(config, folder)
    data, target = where_from(config, folder)
    asked = Asked(given, config.model.file, config.model.settings if config.model.file == "own" else None, data, target)
    if model is not None:
        own = own_model(model, config.model.file, data, list(target))
        written = own.settings if own.module is None else {"file": "", "name": own.name}
        asked = replace(asked, model=own.name, own=written)
        config = with_model(config, asked, rows_of(folder), reasons)
        own, config = as_source(own, config, folder)
    if given.get("machine.device") == "auto":
        given["machine.device"] = best_device()
    try:
        changed = override(config, given, asked, reasons)
    except UnknownSetting as unknown:
        if unknown.name in (field.name for field in fields(DataOptions)):
            raise OptionOfData(str(folder), unknown.name, "retrain", str(given[unknown.name])) from unknown
        raise
    if changed.machine.device != config.machine.device:
        check_device(changed.machine.device, asked)
    notices = [*(Remark(text) for text in made.get("notices", [])), *without_effect(changed, given)]
    facts = {name: made[name] for name in ("columns", "baseline") if name in made}
    own_metrics = of_run(folder, made)
    facts = {"baseline": True, **facts, **({"metrics": own_metrics} if own_metrics else {})}
    return Decided(place, changed, reasons, own, notices, facts, auto)


def with_model(config: Config, asked: Asked, num_rows: int, reasons: dict[str, str]) -> Config:
    """The config with another model: its own settings, and what its kind trains with."""
    for name in [name for name in reasons if name.startswith("model.")]:
        del reasons[name]
    made = model_for(asked, config.columns, num_rows, reasons, config.task.name)
    if config.text.tokens == "pretrained":  # another model does not know them
        config = replace(config, text=Text())
        reasons["text.tokens"] = f"the default of {made.file}"
    values = MODELS[made.file].train if made.file in MODELS else {}
    reasons |= {f"train.{name}": f"the default of {made.file}" for name in values}
    return replace(config, model=made, train=replace(config.train, **values))


def own_of(config: Config, folder: Path) -> OwnModel:
    """The model of a run as `decide` would have found it; a file of the user's own is the run's copy of it."""
    files = own_files(config)
    file = folder / "plain" / files[0] if files else None
    return OwnModel(config.model.settings.get("name", config.model.file), config.model.settings if files else None, file)


def where_from(config: Config, folder: Path) -> tuple[str, tuple[str, ...]]:
    """How messages name the source: the run where it was typed, else its data and target."""
    if any(os.path.normpath(word) == os.path.normpath(folder) for word in TYPED[1:]):
        return next(word for word in TYPED[1:] if os.path.normpath(word) == os.path.normpath(folder)), ()
    return os.path.normpath(located(config.source, folder).data[0]), tuple(column.name for column in config.targets)


def rows_of(folder: Path) -> int:
    """The number of train rows of a run, which defaults depend on; of one that has not finished nobody knows it."""
    try:
        return int(Run(folder).metrics["rows"]["train"])
    except RunNotFinished:
        return 10_000


def moved(decided: Decided, home: Path, place: Path) -> Decided:
    """The same run in another folder: paths are seen from there, and data that the old folder holds goes along.

    Raises: StorageFailed.
    """
    source = located(decided.config.source, home)
    if (home / "data").is_dir():
        places: dict[str, Any] = {
            part: tuple(take_along(Path(path), home / "data", place / "data") for path in getattr(source, part))
            for part in ("data", "validation", "test")
        }
        source = replace(source, **places)
    model = decided.config.model
    if model.directory:
        model = replace(model, directory=seen_from(place, str(home / model.directory)))
    config = replace(decided.config, source=relative_to(source, place), model=model)
    return replace(decided, place=place, config=config, facts={**decided.facts})


def take_along(path: Path, old: Path, new: Path) -> str:
    """Where a file of the data is for the child: a second name of the same bytes, where the disk has such, else a copy."""
    if not path.resolve().is_relative_to(old.resolve()):
        return str(path)
    target = new / path.resolve().relative_to(old.resolve())
    make_folder(target.parent, exist_ok=True)
    try:
        os.link(path, target)
    except OSError:
        try:
            shutil.copyfile(path, target)
        except OSError as error:
            raise StorageFailed(str(target), error.strerror or str(error)) from error
    return str(target)


def check_weights(folder: Path, old: Config, new: Config) -> None:
    """Whether a child can begin with the weights of its parent. Raises: WeightsSawTest, WeightsDoNotFit."""
    changed = differences(old, new)
    if split := [name for name in changed if name.startswith("split.")]:
        raise WeightsSawTest(str(folder), {name: changed[name][1] for name in split})
    run = Run(folder)
    package_of(folder, read_toml(folder))
    wanted = build_model(new, run.preparation, folder / "plain").state_dict()  # plain/ has no first weights to load
    there = load_weights(folder / "weights.safetensors")
    for name in dict.fromkeys([*wanted, *there]):
        shapes = [tuple(tensors[name].shape) if name in tensors else None for tensors in (wanted, there)]
        if shapes[0] != shapes[1]:
            sizes = [str(shape) if shape is not None else "not there" for shape in shapes]
            kept = {key: value for key, (_, value) in changed.items() if value != "-" and key != "columns"}
            models = {key: value for key, value in kept.items() if key.partition(".")[0] == "model"}
            raise WeightsDoNotFit(str(folder), models or kept, f"{name} is {sizes[0]}, in the run {sizes[1]}")
