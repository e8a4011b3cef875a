"""The pre-flight: one batch through model, loss, backward and a few steps, on copies, before any training.

What is wrong is said in the user's words, with the line of their code and a fix to paste. An error refuses training: the program
would fail, or learn something else than was meant. A notice is printed: training runs, and a right program may look the same.

The order, each part in a file of its own:
check_before   what was handed over: classes in place of objects, devices, the optimizer, modes, values that are not finite;
               check_before_labels: the labels
check_batch    one batch out of the data; check_parts: which of it are inputs
check_source   what the script did to the data before; check_dataset: how a dataset and its collate_fn make rows
check_forward  why forward failed (check_shapes: where a shape does not fit)
check_rows     rows that mix, other numbers of rows, evaluation mode, inputs without effect
check_loss     scores against labels; check_activation: the last activation against the loss; check_own_loss: of the user's own
check_graph    the way back to the weights
check_moves    tensors that would stay on the CPU
check_scale    the size of the inputs
check_steps    the first loss, gradients, steps
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..problems import PlainloopError
from .check_alike import alike
from .check_backward import backward, not_finite
from .check_batch import PRIMES, Data, as_data
from .check_before import (
    can_learn,
    devices,
    modes,
    not_built,
    numbers,
    optimizer_holds,
    without_gradients,
)
from .check_before_labels import label_order, no_labels, rows_agree
from .check_chance import chance_in_evaluation
from .check_dataset import rows_made, whole_in_each
from .check_finding import Checked, Finding
from .check_forward import explain, explain_size, index_fault
from .check_graph import follow, loss_is_usable
from .check_inputs import inputs_used
from .check_leaks import label_among_inputs, turned_round
from .check_lines import Script, caller, method_line
from .check_loss import explain_loss, usual_loss, watch
from .check_masks import masks
from .check_modules import hidden_method, idle_layers, modes_kept, nothing_between
from .check_moves import stays_behind
from .check_own_loss import own_loss
from .check_padding import padding_counts, padding_learned
from .check_parts import gives_back, parts_of
from .check_problems_data import DataUnusable, InputChanged, LabelsSorted, OneLabelOnly
from .check_problems_model import RowsMixed, WrongScores
from .check_problems_rows import RowsAlike
from .check_problems_training import GraphCut, LossFarFromChance, PartOutsideOptimizer
from .check_problems_wiring import FrozenByName, NothingBetween
from .check_reach import reach
from .check_regrouped import regroups, tokens_as_channels
from .check_rows import judged_alone
from .check_scale import inputs_scaled
from .check_sizes import last_batch, lost_rows, other_sizes
from .check_source import made_before
from .check_steps import first_loss, gradients, second_step, steps
from .check_trace import Call, Tape, recording, tensors_in
from .check_trial import Halt, Trial, chance_as_it_was, finite, values_as_they_were
from .check_views import FLATTENS
from .check_wiring import directions, wired
from .setting_problems import BadSetting

TASKS = ("binary", "multiclass", "multilabel", "regression", "forecast", "autoencoder")
NUMBERS_PER_PASS = 40_000  # inputs of a trial batch: enough rows to see, few enough to be quick
SLOW = 1.0  # seconds after which what can be left out is left out


def check(
    model: Any,
    data: Any,
    *,
    task: str | None = None,
    loss: Any = None,
    optimizer: Any = None,
    device: Any = None,
    script: Script | None = None,
) -> Checked:
    """Tries a model of the user's own on a batch of their own data. See `api.check`."""
    begun = time.perf_counter()
    if task is not None and task not in TASKS:
        raise BadSetting("task", task, f"one of {', '.join(TASKS)}", "", how='plainloop.check(model, data, task="multiclass")')
    script = script or Script(caller())
    samplers = [
        data,
        getattr(data, "sampler", None),
        getattr(data, "batch_sampler", None),
        getattr(getattr(data, "batch_sampler", None), "sampler", None),
    ]
    off = without_gradients(script)
    model = getattr(model, "_orig_mod", model)  # of torch.compile: to be tried as it was written
    with ExitStack() as stack:
        stack.enter_context(chance_as_it_was(*samplers))
        found = (
            off
            or not_built(model, loss, optimizer, script)
            or hidden_method(model)
            or can_learn(model, script)
            or optimizer_holds(model, optimizer, loss, script)
        )
        if isinstance(found, PlainloopError):
            return Checked([found], seconds=time.perf_counter() - begun)
        try:
            trial = begin(model, data, task, loss, optimizer, device, script)
        except DataUnusable as error:
            line = script.data(int(error.what.startswith("The labels")))[1]
            found = error if error.where or line is None else replace(error, where=(line,))
            return Checked([found], seconds=time.perf_counter() - begun)
        if isinstance(trial, Finding):
            return Checked([trial], seconds=time.perf_counter() - begun)
        if not trial.copied:
            stack.enter_context(values_as_they_were(model, optimizer))
        if found is not None:
            trial.add(found)
        examine(trial, task)
    return checked(trial, time.perf_counter() - begun)


FOLLOW: dict[type[Finding], tuple[type[Finding], ...]] = {
    GraphCut: (LossFarFromChance,),
    RowsAlike: (OneLabelOnly, LabelsSorted),
    FrozenByName: (PartOutsideOptimizer,),
}


def rank(finding: Finding) -> tuple[bool, bool, bool]:
    """Errors first, of them rows that mix; last what would only be better otherwise."""
    return not isinstance(finding, PlainloopError), not isinstance(finding, RowsMixed), isinstance(finding, NothingBetween)


def checked(trial: Trial, seconds: float) -> Checked:
    kinds = {type(finding) for finding in trial.findings}
    follows = {kind for cause, kinds_ in FOLLOW.items() if cause in kinds for kind in kinds_}  # what the cause says already
    findings = sorted([finding for finding in trial.findings if type(finding) not in follows], key=rank)
    home = next((p.device for p in trial.model.parameters()), torch.device("cpu"))
    return Checked(findings, trial.rows, str(home), trial.loss_name, seconds, skipped=tuple(trial.skipped))


def begin(
    model: nn.Module, data: Any, task: str | None, loss: Any, optimizer: Any, device: Any, script: Script
) -> Trial | Finding:
    """The trial, with a batch on the model's device; or what stands in its way. Raises: DataUnusable."""
    known = as_data(data)
    batch = parts_of(known.take(rows_of(known)), model)
    if task == "autoencoder":
        batch.rebuilt = True
    if batch.rebuilt:
        batch.labels = batch.inputs[0] if batch.inputs else batch.labels
        known.labels = None
    found = (
        whole_in_each(known)
        or no_labels(known, batch, task, loss, script)
        or devices(model, batch, known, device, script)
        or rows_agree(batch, known, script)
    )
    if found is not None:
        return found
    home = next((p.device for p in model.parameters()), torch.device("cpu"))
    trial = Trial(model, known, batch.over(lambda tensor: tensor.to(home)), loss, optimizer, script)
    return trial


def rows_of(data: Data) -> int:
    """How many rows are tried: a number that is no other axis's, if it can be."""
    first = list(tensors_in(data.take(1)))
    each = max([tensor.numel() for tensor in first] or [1])
    sizes = {size for tensor in first for size in tensor.shape[1:]}
    most = min(data.num_rows or 10**9, max(5, NUMBERS_PER_PASS // max(1, each)))
    if data.num_rows is None:  # a stream: what its first batch holds
        most = min(most, max([len(tensor) for tensor in tensors_in(data.take(10**9)) if tensor.dim()] or [1]))
    fitting = [prime for prime in PRIMES if prime <= most]
    return next((prime for prime in fitting if prime not in sizes), fitting[0] if fitting else max(1, most))


def examine(trial: Trial, task: str | None) -> None:
    """Goes through the parts of the check, the later ones only where the earlier ones allow them."""
    trial.begun = time.process_time()
    part = partial(tried, trial)
    part(numbers)
    part(modes)
    part(made_before)
    part(rows_made)
    if trial.failed or not part(forward):
        return
    part(masks)
    part(wired)
    part(regroups)
    part(tokens_as_channels)
    if not part(scores_are_usable):
        return
    learns = part(loss_of_batch, task) and part(loss_is_usable) and part(follow) and part(backward) and part(second_step)
    if learns:
        part(directions)
    part(judged_alone)
    part(chance_in_evaluation)
    if not learns or trial.failed:
        return
    trial.to_training()
    part(last_batch)
    part(label_order)
    part(label_among_inputs)
    part(turned_round)
    part(own_loss)
    part(idle_layers)
    part(nothing_between)
    part(padding_learned)
    part(stays_behind)
    part(alike)
    part(inputs_scaled)
    part(first_loss)
    part(gradients)
    if trial.seconds() < SLOW:
        part(other_sizes)
    part(steps)
    if trial.seconds() < SLOW:
        part(inputs_used)
        part(padding_counts)
        part(reach)


def tried(trial: Trial, part: Callable[..., Any], *arguments: Any) -> Any:
    """A part of the check; one that fails at what it did not foresee is noted, and stops nobody's training."""
    try:
        return part(trial, *arguments)
    except Exception as error:
        trial.skipped.append(f"{part.__name__} ({type(error).__name__}: {str(error)[:80]})")
        return None


def forward(trial: Trial) -> bool:
    """The first forward, recorded; False where it failed, with the finding added."""
    trial.handed = trial.batch.fresh()
    trial.to_training()
    trial.tape.before = partial(lookups, trial)
    try:
        trial.scores = trial.forward(trial.handed, trial.tape)
    except Halt:
        return False
    except Exception as error:
        trial.add(only_for(trial, error) or explain(trial, error))
        return False
    modes_kept(trial)
    pairs = zip(trial.handed.inputs, trial.batch.inputs, strict=True)
    if any(not torch.equal(a, b) for a, b in pairs if finite(b)):
        say_changed(trial)
    return True


def lookups(trial: Trial, call: Call) -> None:
    """Looks at the indices of an embedding before they are used. Raises: Halt."""
    found = index_fault(trial, call)
    if found is not None:
        trial.add(found)
        raise Halt


def only_for(trial: Trial, error: Exception) -> Finding | None:
    """A forward that works for the user's batch size alone."""
    size, rows = trial.data.batch_size, trial.rows
    failed = trial.tape.failed
    if failed is not None and failed.name in FLATTENS and -1 in failed.args[1:2]:
        return None  # view(-1, n) fits some numbers of rows by chance
    if not size or size == rows or size > (trial.data.num_rows or 0) or size > 4096:
        return None
    try:
        home = next((p.device for p in trial.model.parameters()), torch.device("cpu"))
        tape = Tape()
        trial.forward(parts_of(trial.data.take(size), trial.model).over(lambda tensor: tensor.to(home)).fresh(), tape)
    except Exception:
        return None
    return explain_size(error, tape, size, rows)


def say_changed(trial: Trial) -> None:
    given = {id(tensor) for tensor in trial.handed.inputs}
    names = ("__setitem__", "__iadd__", "__imul__", "__isub__", "__itruediv__")
    calls = [
        c
        for c in trial.tape.calls
        if c.tensors
        and (
            c.name in names
            or (c.name.endswith("_") and not c.name.startswith("__"))
            or c.kwargs.get("inplace")
            or any(a is True for a in c.args[1:])
        )
    ]
    call = next((c for c in calls if id(c.tensors[0]) in given or trial.is_input(c.tensors[0])), calls[0] if calls else None)
    text = call.line.text if call is not None and call.line is not None else ""
    fix = next(
        (
            f"{text.split(f' {sign}= ')[0]} = {text.split(f' {sign}= ')[0]} {sign} {text.split(f' {sign}= ')[1]}"
            for sign in "+-*/"
            if f" {sign}= " in text
        ),
        "x = x.clone()  # before it is changed",
    )
    trial.add(InputChanged("forward changes its input in place", "An input that is left as it is.", fix, where=trial.where(call)))


def scores_are_usable(trial: Trial) -> bool:
    """Whether forward gave a tensor of finite scores, a row per row; a loss of the user's own may take other things."""
    scores, usual = trial.scores, trial.inside or trial.loss is None or isinstance(trial.loss, nn.modules.loss._Loss)
    line = method_line(type(trial.core), "forward")
    where = (line,) if line else ()
    if scores is None:
        begin_line = method_line(type(trial.core), "forward", returns=False)
        text = "forward returns nothing: its return is missing"
        trial.add(
            WrongScores(
                text, "A tensor of scores.", "return x  # at the end of forward", where=(begin_line,) if begin_line else ()
            )
        )
        return False
    if not isinstance(scores, Tensor) and (usual or not floats_in(scores)):
        kind = type(scores).__name__
        pair = isinstance(scores, (tuple, list))
        fix = "return scores  # without the rest" if pair else 'return output["logits"]'
        if pair and any(isinstance(m, nn.RNNBase) for m in trial.core.children()):
            fix = "out, _ = self.rnn(x)  # a recurrent layer gives (outputs, state); then: return self.fc(out[:, -1])"
        trial.add(
            WrongScores(
                f"forward returns a {kind} of {len(scores) if hasattr(scores, '__len__') else 'other'} things",
                "A tensor of scores.",
                fix,
                where=where,
            )
        )
        return False
    for tensor in floats_in(scores):
        if not finite(tensor):
            trial.add(not_finite(trial, tensor))
            return False
    if isinstance(scores, Tensor) and usual and (not scores.dim() or len(scores) != trial.rows):
        trial.add(lost_rows(trial, scores))
        return False
    return trial.usable()


def floats_in(value: Any) -> list[Tensor]:
    return [tensor for tensor in tensors_in(value) if tensor.is_floating_point()]


def loss_of_batch(trial: Trial, task: str | None) -> bool:
    """The loss of the batch, recorded; False where it failed or is not the loss that was meant."""
    own = [nn.MSELoss, nn.L1Loss, nn.BCELoss, nn.BCEWithLogitsLoss, nn.SmoothL1Loss, nn.HuberLoss, type(None)]
    if not trial.batch.rebuilt and type(trial.loss) in own and task is None and gives_back(trial.scores, trial.batch):
        trial.handed.labels = trial.batch.labels = trial.batch.inputs[0]
        trial.batch.rebuilt = True
    if trial.loss is None:
        trial.loss, trial.loss_name = usual_loss(None if trial.batch.rebuilt else task, trial.scores, trial.handed.labels)
        if trial.loss is None:
            return False
    else:
        trial.loss_name = getattr(trial.loss, "__name__", type(trial.loss).__name__)
    trial.tape.before = watch(trial)
    try:
        with recording(trial.tape):
            trial.loss_value = trial.loss_of(trial.scores, trial.handed)
    except Exception as error:
        if not trial.failed:
            rows = isinstance(trial.scores, Tensor) and trial.scores.dim() and len(trial.scores) != trial.rows
            trial.add(lost_rows(trial, trial.scores) if rows else explain_loss(trial, error))
        return False
    finally:
        trial.tape.before = None
    return not trial.failed
