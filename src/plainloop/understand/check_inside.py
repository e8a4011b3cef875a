"""The pre-flight within plainloop: the model, the rows and the settings of a run, just before its training begins.

The run's own loss, its own optimizer and its own first batch are tried; see check.py. `train` calls it always, `plainloop check`
calls it alone.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ..options import TrainOptions
from ..plain.config import Config
from ..plain.models import layers, own
from ..plain.optimize import build_optimizer
from ..plain.prepare import Preparation
from ..plain.run import encode, located, own_tokenizer
from ..plain.split import split_rows
from ..problems import PlainloopError
from .check import checked, examine, rows_of
from .check_batch import Batch, Data
from .check_before import can_learn
from .check_finding import Checked
from .check_lines import Script, caller
from .check_problems_model import ForwardFails, WrongOutputWidth, WrongScores
from .check_trial import Trial, chance_as_it_was, values_as_they_were

if TYPE_CHECKING:
    from .own_model import OwnModel

FLAT_TASKS = ("Binary", "Multiclass", "Multilabel", "Regression")  # whose scores are (rows, outputs) or (rows, members, outputs)


@dataclass
class Given:
    """The model of a run as the check sees it."""

    model: nn.Module
    task: Any
    rows: Any  # plain.batches.Rows
    config: Config

    @property
    def mine(self) -> bool:
        """Whether the model is plainloop's own."""
        return not isinstance(self.model, (own.Model, layers.Model))


def check_run(given: Given, script: Script | None = None) -> Checked:
    """Tries the model of a run on its first rows, and changes nothing."""
    begun, script = time.perf_counter(), script or Script(None)
    model, rows, config = given.model, given.rows, given.config
    found = None if given.mine else can_learn(getattr(model, "module", getattr(model, "layers", model)), script)
    if isinstance(found, PlainloopError):
        return Checked([found], seconds=time.perf_counter() - begun)
    home = next(model.parameters()).device
    data = Data(lambda count: first_rows(rows, count), len(rows), config.train.batch_size)
    inputs, target = first_rows(rows, rows_of(data))
    inputs, target = {kind: values.to(home) for kind, values in inputs.items()}, target.to(home)
    with ExitStack() as stack:
        stack.enter_context(chance_as_it_was())

        def loss(scores: Tensor, labels: Tensor) -> Tensor:
            return given.task.loss(scores.float(), labels)

        loss.__name__ = f"of the {config.task.name.lower()} task"
        trial = Trial(model, data, Batch((inputs,), {}, target), loss, None, script)
        if not trial.copied:
            stack.enter_context(values_as_they_were(model, None))
        trial.inside, trial.rate_fix = True, "learning_rate={rate}  # --learning-rate {rate} on the command line"
        trial.inside_trained, trial.mine = True, given.mine
        trial.optimizer = build_optimizer(trial.model, config.train)
        trial.usable = lambda: fits_task(trial, given)
        examine(trial, None)
    return checked(trial, time.perf_counter() - begun)


def first_rows(rows: Any, count: int) -> tuple[dict[str, Tensor], Tensor]:
    return rows[torch.arange(min(count, len(rows)))]


def fits_task(trial: Trial, given: Given) -> bool:
    """Whether the scores have the shape that the task wants; adds the finding where they have not."""
    scores, wide = trial.scores, getattr(given.task, "num_outputs", 0)
    if "target_in" in trial.batch.args[0] and not (hasattr(trial.model, "start") and hasattr(trial.model, "step")):
        text = "The model cannot write: it has no methods start and step"
        fix = "def step(self, state, tokens): ...  # as in plain/models/sequence_rnn.py of a run folder; start(inputs) likewise"
        trial.add(ForwardFails(text, "start(inputs), the state before the first token, and step(state, tokens).", fix))
        return False
    if given.config.task.name not in FLAT_TASKS or not isinstance(scores, Tensor):
        return True
    if len(scores) != trial.rows or scores.dim() not in (2, 3):
        return True
    if scores.shape[-1] == wide:
        return True
    labels = {"Binary": "yes or no", "Regression": "a number"}.get(given.config.task.name, f"{wide} classes or labels")
    last: Any = next(
        (m for m in reversed(trial.tape.ran) if isinstance(m, nn.Linear) and m.out_features == scores.shape[-1]), None
    )
    fix = trial.made_like(last, last.in_features, wide) if last is not None else f"nn.Linear(..., {wide})"
    text = f"The model gives scores of shape {trial.shape(scores)} and the target is {labels}"
    made, line = trial.made(last), trial.tape.maker(scores)
    kind = WrongOutputWidth if scores.dim() == 2 else WrongScores
    trial.add(kind(text, f"Scores of shape (rows, {wide}).", fix, where=trial.where(line, made)))
    return False


def check_source(source: Any, options: TrainOptions) -> Checked:
    """Reads and prepares the data as `train` does, builds the model, and tries it.

    Raises: PlainloopError, for data and options that cannot be used.
    """
    from ..training import Talk, decide

    script = Script(caller())
    with TemporaryDirectory(prefix="plainloop-") as scratch:
        decided = decide(source, options, Talk(quiet=True), lambda name="data": Path(scratch))
        return check_decided(decided.own, decided.config, decided.place, script)


def check_decided(own_model: OwnModel, config: Config, home: Path, script: Script | None = None) -> Checked:
    """Tries the model of a run that is decided and not begun; home: what the paths of its source are seen from."""
    from .own_model import build, find_own

    reader = import_module(f"..plain.readers.{config.source.reader}", __package__)
    table = reader.read(located(config.source, home), config.columns)
    split = split_rows(table, config.split, [table[column.name] for column in config.targets])
    preparation = Preparation.fit(config, table, split, own_tokenizer(config, home))
    device = torch.device(config.machine.device)
    if own_model.module is not None:  # as it is, with its own weights
        own_model = replace(own_model, name=type(own_model.module).__name__, settings=None)
    elif own_model.file is not None:
        find_own(own_model.file.parent, own_model.file.stem)
    with chance_as_it_was():
        model = build(own_model, config, preparation, home).to(device)
        few = table.rows(split["train"][:4096])
        given = Given(model, preparation.task, encode(preparation, few, device), config)
        return check_run(given, script)
