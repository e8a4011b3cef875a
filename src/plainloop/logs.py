"""Where else a run writes its figures: TensorBoard, MLflow or Weights & Biases. The run folder stays whole.

`--log NAME` gets each epoch's row of history.csv as it comes, the settings, and the test metrics at the end. A log is written
beside the work: what the training computes does not depend on it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from .adjust.adjust_problems import PackageMissing
from .problems import again, nearest
from .understand.setting_problems import BadSetting


class Log(Protocol):
    """One logger of a run."""

    def epoch(self, values: Mapping[str, Any]) -> None: ...

    def end(self, results: Mapping[str, float]) -> None: ...


class TensorBoard:
    """Event files in the folder `tensorboard` of the run: `tensorboard --logdir runs` shows all runs."""

    def __init__(self, place: Path, settings: Mapping[str, Any]):
        writer = needed("torch.utils.tensorboard", "tensorboard", "tensorboard").SummaryWriter
        self.writer = writer(str(place / "tensorboard"))
        self.settings = settings

    def epoch(self, values: Mapping[str, Any]) -> None:
        for name, value in numbers(values).items():
            self.writer.add_scalar(
                name.replace("_", "/", 1) if name.startswith(("train_", "val_")) else name, value, values["epoch"]
            )
        self.writer.flush()

    def end(self, results: Mapping[str, float]) -> None:
        plain = {name: v if isinstance(v, (bool, int, float, str)) else str(v) for name, v in self.settings.items()}
        self.writer.add_hparams(plain, {f"hparam/{name}": value for name, value in results.items()}, run_name=".")
        self.writer.close()


class MLflow:
    """A run of MLflow in the experiment `plainloop`, where MLFLOW_TRACKING_URI says; the settings are its parameters."""

    def __init__(self, place: Path, settings: Mapping[str, Any]):
        client = needed("mlflow.tracking", "mlflow").MlflowClient()
        known = client.get_experiment_by_name("plainloop")
        experiment = known.experiment_id if known else client.create_experiment("plainloop")
        self.client, self.run = client, client.create_run(experiment, run_name=place.name).info.run_id
        for name, value in settings.items():
            client.log_param(self.run, name, value)

    def epoch(self, values: Mapping[str, Any]) -> None:
        for name, value in numbers(values).items():
            self.client.log_metric(self.run, name, value, step=values["epoch"])

    def end(self, results: Mapping[str, float]) -> None:
        for name, value in results.items():
            self.client.log_metric(self.run, name, value)
        self.client.set_terminated(self.run)


class Wandb:
    """A run of Weights & Biases in the project `plainloop`; WANDB_MODE=offline keeps it on this machine."""

    def __init__(self, place: Path, settings: Mapping[str, Any]):
        project = os.environ.get("WANDB_PROJECT", "plainloop")
        self.run = needed("wandb", "wandb").init(project=project, name=place.name, dir=str(place), config=dict(settings))

    def epoch(self, values: Mapping[str, Any]) -> None:
        self.run.log(numbers(values), step=values["epoch"])

    def end(self, results: Mapping[str, float]) -> None:
        self.run.summary.update(dict(results))
        self.run.finish()


LOGS: dict[str, Any] = {"tensorboard": TensorBoard, "mlflow": MLflow, "wandb": Wandb}


def logs_of(names: str, place: Path, settings: Mapping[str, Any]) -> list[Log]:
    """The loggers that are asked for, A,B. Raises: BadSetting, PackageMissing."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    check_names(names)
    return [LOGS[name](place, settings) for name in wanted]


def check_names(names: str) -> None:
    """Raises: BadSetting for a log that is not known, PackageMissing for one whose package is not there."""
    for name in (word.strip() for word in names.split(",") if word.strip()):
        if name not in LOGS:
            near = (nearest(name, list(LOGS)) or list(LOGS))[0]
            raise BadSetting("log", name, "one of " + ", ".join(LOGS), near, how=again("log", near))
        needed({"tensorboard": "torch.utils.tensorboard"}.get(name, name), name, name if name == "tensorboard" else "")


def needed(module: str, package: str, extra: str = "", option: str = "") -> Any:
    """A module of a package that the user may not have. Raises: PackageMissing."""
    try:
        return import_module(module)
    except ImportError as error:
        raise PackageMissing(option or f"--log {package}", package, extra) from error


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """The figures of an epoch that can be drawn."""
    return {name: float(value) for name, value in values.items() if name != "epoch" and value is not None}


def results_of(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The metrics on the test rows, or on the validation rows where there are none, with the part in the name."""
    part = "test" if metrics.get("test") else "validation"
    return {f"{part}_{name}": float(one["value"]) for name, one in metrics[part].items() if one["value"] is not None}
