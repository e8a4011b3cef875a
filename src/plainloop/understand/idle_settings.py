"""Settings that were asked for and change nothing in this run. Used by resolve.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ..plain.config import Config
from ..problems import Notice
from .setting_problems import SettingWithoutEffect


def without_effect(config: Config, given: Mapping[str, Any]) -> list[Notice]:
    """Settings that were given and change nothing."""
    train, said = config.train, {name.split(".")[-1] for name in given}
    numbers = config.task.name in ("Regression", "Forecast")
    rules = [
        ("momentum", train.optimizer not in ("sgd", "rmsprop"), f"the optimizer is {train.optimizer}", "add --set optimizer=sgd"),
        (
            "warmup",
            train.schedule not in ("one_cycle", "inverse_sqrt"),
            f"the schedule is {train.schedule}",
            "add --set schedule=one_cycle",
        ),
        (
            "schedule_epochs",
            train.schedule not in ("step", "plateau"),
            f"the schedule is {train.schedule}",
            "add --set schedule=step",
        ),
        (
            "schedule_factor",
            train.schedule not in ("step", "plateau"),
            f"the schedule is {train.schedule}",
            "add --set schedule=step",
        ),
        ("patience", train.keep == "last", "the weights of the last epoch are kept", "add --set keep=best"),
        ("label_smoothing", numbers, f"the task is {config.task.name.lower()}", "leave it out"),
        ("balance", numbers and config.task.balance != "none", f"the task is {config.task.name.lower()}", "leave it out"),
    ]
    if config.task.name == "Sequence":
        rules.append(("balance", config.task.balance != "none", "a text has no classes", "leave it out"))
    else:
        only = "only texts that are written need it"
        rules += [(name, True, only, "leave it out") for name in ("batch_tokens", "shared", "beam", "length_penalty")]
    rules += [(name, True, why, "leave it out") for name, why in of_absent_kinds(config).items()]
    return [SettingWithoutEffect(name, reason, how) for name, no_effect, reason, how in rules if name in said and no_effect]


def of_absent_kinds(config: Config) -> dict[str, str]:
    """Settings for a kind of input that the run has none of, each with the reason why it has no effect."""
    types, there = {column.type for column in config.inputs}, set(config.model.settings)
    idle: dict[str, str] = {}
    if "image" not in types:
        idle |= {field.name: "there are no pictures among the inputs" for field in fields(config.augment)}
    if "text" not in types:
        idle |= {field.name: "there are no texts among the inputs" for field in fields(config.text)}
    return {name: why for name, why in idle.items() if name not in there}
