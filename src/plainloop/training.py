"""`train` and `resume`: from options to a finished run folder."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy
import torch

from . import __version__
from .handover.code import copy_code, needs_of, own_files, same_as_installed
from .judge.metric_names import built, kept, of_run, words_of
from .options import TrainOptions
from .plain.checkpoint import StorageFailed, save_weights
from .plain.config import Config, from_dict
from .plain.faults import Stopped
from .plain.history import record_line
from .plain.loop import NonFiniteLoss, Record
from .plain.run import Outcome, Ready, located, weights_digest
from .plain.run import run as plain_run
from .progress import bar
from .run_files import read_toml, set_facts
from .run_folder import Run, locked, new_folder, package_of, write_toml
from .run_problems import CannotEject, FolderOfRuns, RunBusy, RunUnreadable, StoppedRun
from .show import augmentation_text, look_text, notice_text
from .trained_rows import write_keys
from .understand.check_inside import Given, check_run
from .understand.defaults import default_model
from .understand.look import look
from .understand.own_model import OwnModel, as_source, build, first_weights, own_model
from .understand.pretrained import pretrained
from .understand.resolve import Asked, relative_to, resolve, seen_from, settings_of
from .understand.setting_problems import NoTarget


@dataclass
class Talk:
    """How the work is told of: where lines go, and who may stop it."""

    say: Callable[[str], None] = print
    watch: Callable[[int, int], int] = lambda step, steps: 0  # called after each step; a signal number ends training
    quiet: bool = False
    log: str = ""  # where else the figures go: tensorboard, mlflow, wandb
    training: bool = False  # whether a signal finds the loop at work, which saves before it ends
    results: dict[str, Any] = field(default_factory=dict)  # what --json prints at the end

    def line(self, text: str = "") -> None:
        if not self.quiet:
            self.say(text)


def start(source: Any, options: TrainOptions, metrics: Any, talk: Talk) -> Run:
    """See `api.train`."""
    folder: list[Path] = []

    def home(name: str = "data") -> Path:
        if not folder:
            folder.append(new_folder(options.output, name))
        return folder[0]

    with gone_if_refused(folder):
        return begin(source, options, metrics, talk, home)


@contextmanager
def gone_if_refused(folders: list[Path]) -> Iterator[None]:
    """Takes the folder of a run away again, if there is one, where it is refused before training: nothing is worth keeping."""
    try:
        yield
    except RunBusy:  # another process was faster: the folder is its own
        raise
    except Exception as error:
        for folder in folders:
            refused = getattr(error, "exit_code", 0) in (2, 3) and not (folder / "checkpoints").exists()
            if refused or not (folder / "run.toml").exists():
                shutil.rmtree(folder, ignore_errors=True)
        raise


def begin(source: Any, options: TrainOptions, metrics: Any, talk: Talk, home: Callable[..., Path]) -> Run:
    """Understands the data, decides every setting, writes the run folder that `home` makes, and trains."""
    return carry_out(decide(source, options, talk, home), metrics, talk)


@dataclass(frozen=True)
class Decided:
    """A run before it is trained: where it will be, every setting with its reason, and whose model it is."""

    place: Path
    config: Config  # the paths of its source are seen from `place`
    reasons: dict[str, str]
    own: OwnModel
    notices: list[Any]
    facts: dict[str, Any]  # for [made] of run.toml
    auto: bool = False  # whether the learning rate is still to be found


def decide(source: Any, options: TrainOptions, talk: Talk, home: Callable[..., Path]) -> Decided:
    """Understands the data and decides every setting; `home` makes the run folder once the data has a name."""
    given = pretrained(options.model)
    options = given.options(options) if given else options
    with bar("decoding pictures") as progress:
        seen = look(source, options, keep=lambda: home(source if isinstance(source, str) else "data") / "data", progress=progress)
    if not seen.target or seen.split is None:
        short = [column.name for column in seen.schema.columns if column.role == "input" and column.type not in ("text", "image")]
        raise NoTarget(seen.source.data[0], [column.name for column in seen.schema.columns], (short or [""])[-1])
    talk.line(look_text(seen, columns=False))
    if given:
        given.check(seen.schema.config_columns())
    default = seen.model or default_model(seen.schema.config_columns(), seen.task, len(seen.rows["train"]))
    own = own_model(options.model, default, seen.source.data[0], seen.target)
    written = own.settings if own.module is None else {"file": "", "name": own.name}  # as_source writes more, where it can
    classes = tuple(seen.schema.task.classes) if seen.schema.task else ()
    settings, auto = without_auto(settings_of(options))
    names, body = (seen.source.data[0], tuple(seen.target)), given.model() if given else None
    said = given.text() if given and given.takes_texts else seen.text, seen.task_values, seen.sequence
    asked = Asked(settings, own.name, written, *names, body, options.augment, classes, *said)
    made = resolve(
        seen.source,
        seen.schema.config_columns(),
        seen.task,
        seen.split,
        len(seen.rows["train"]),
        asked,
        options.device,
        options.seed,
    )
    if given:
        given.check_settings(made.config)
    place = home(seen.data)
    reader = import_module(f".plain.readers.{seen.source.reader}", __package__)
    source_seen = replace(
        relative_to(seen.source, place), sha256=reader.digest([*seen.source.data, *seen.source.validation, *seen.source.test])
    )
    directory = seen_from(place, str(given.directory)) if given else ""
    model_seen = replace(made.config.model, directory=directory)
    own, config = as_source(own, replace(made.config, source=source_seen, model=model_seen), place)
    if seen.pictures:
        talk.line(augmentation_text(config, made.reasons))
    for notice in made.notices:
        talk.line("\n" + notice_text(notice))
    reasons = {**made.reasons, **seen.reasons, **{f"columns.{c.name}": c.reason for c in seen.schema.columns}}
    facts = {"columns": len(seen.schema.columns), "baseline": options.baseline}
    return Decided(place, config, reasons, own, [*seen.notices, *made.notices], facts, auto)


def without_auto(settings: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Settings without a learning rate that is "auto", and whether it was: a sweep finds it before training begins.

    >>> without_auto({"train.learning_rate": "auto", "width": 8})
    ({'width': 8}, True)
    """
    names = ("learning_rate", "train.learning_rate")
    rest = {name: value for name, value in settings.items() if name not in names or value != "auto"}
    return rest, len(rest) < len(settings)


def carry_out(
    decided: Decided, metrics: Any, talk: Talk, tables: Callable[[Config], Mapping[str, Any]] = lambda config: {}
) -> Run:
    """Writes the folder of a run that is decided, tries a batch, trains and judges; tables: more of them for run.toml."""
    if decided.auto:
        decided = find_rate(decided, talk)
    place, config, own = decided.place, decided.config, decided.own
    metrics = words_of(decided.facts.get("metrics")) or None if metrics is None else metrics
    with locked(place):
        write_run(replace(decided, facts={**decided.facts, "metrics": kept(metrics, place)}), tables(config))
        package_of(place, read_toml(place))  # makes a model file of the user's own importable
        with machine_as_it_was():
            return work(place, config, decided.reasons, decided.notices, metrics, talk, own, decided.facts["baseline"])


def find_rate(decided: Decided, talk: Talk) -> Decided:
    """The run with the learning rate that a sweep suggests; the sweep's picture goes into its folder."""
    from .adjust.lr_find import with_found_rate, write_curve

    decided, curve = with_found_rate(decided)
    write_curve(curve, decided.place)
    talk.line(f"\n{curve}")
    return decided


def write_run(decided: Decided, tables: Mapping[str, Any] | None = None) -> None:
    """The run folder as it stands before training: the code, the first weights of a model given as an object, run.toml.

    Raises: StorageFailed.
    """
    place, own = decided.place, decided.own
    if own.module is not None:
        save_weights(place / "initial.safetensors", first_weights(own))
    try:
        digests = copy_code(decided.config, own.file, place)
    except OSError as error:
        raise StorageFailed(str(place / "plain"), error.strerror or str(error)) from error
    tables_of_facts = {
        "made": {
            "plainloop": __version__,
            "torch": str(torch.__version__),
            "numpy": numpy.__version__,
            "python": platform.python_version(),
            **decided.facts,
            "model_given": own.given,
            "notices": [str(notice) for notice in decided.notices],
            "packages": {name: version(name) for name in needs_of([place / "plain" / name for name in digests])},
        },
        "code": digests,
        **(tables or {}),
    }
    write_toml(place / "run.toml", decided.config, decided.reasons, tables_of_facts)


def work(
    place: Path,
    config: Config,
    reasons: dict[str, str],
    notices: list[Any],
    metrics: Any,
    talk: Talk,
    own: OwnModel,
    baseline: bool,
) -> Run:
    """Trains, judges and marks the run as finished."""
    from .adjust.lineage import settings_of as settings_by_name
    from .judge.report import judge, text_report
    from .logs import logs_of, results_of

    logs = logs_of(talk.log, place, settings_by_name(config))
    started = time.perf_counter()
    opening = (
        f"\nTraining {config.model.settings.get('name', config.model.file)} on {config.machine.device}, {config.machine.threads} "
        f"thread{'s' if config.machine.threads > 1 else ''}; everything is saved in {place}"
    )

    def told(record: Record, config: Config) -> None:
        talk.line(record_line(record, config))
        for log in logs:
            log.epoch(record.values)

    def before(ready: Ready) -> None:
        data = os.path.normpath(located(config.source, place).data[0])
        built(metrics, ready.preparation.task, data, [column.name for column in config.targets])
        found = check_run(Given(ready.model, ready.preparation.task, ready.batches.dataset, config)).raise_for_errors()
        for notice in found.notices:
            talk.line("\n" + notice_text(notice))
        notices.extend(found.notices)
        if not resumed:
            talk.line(opening)

    talk.training = True
    resumed = (place / "checkpoints").exists()
    if resumed:
        talk.line(opening)
    try:
        outcome: Outcome = plain_run(
            config, place, place, build=partial(build, own), before=before, on_record=told, watch=talk.watch, say=talk.line
        )
        if number := talk.watch(0, 0):  # it came after the last step: judging can wait for `resume`
            raise Stopped(number)
    except Stopped as stopped:
        raise StoppedRun(stopped.exit_code, str(place), own.given) from stopped
    except NonFiniteLoss as fault:
        if fault.best_epoch:  # there is something to load
            facts = {"epoch": fault.epoch, "best_epoch": fault.best_epoch, "weights_sha256": weights_digest(place)}
            set_facts(place, "stopped", facts)
        raise
    finally:
        talk.training = False
    if outcome.ending:
        talk.line(f"Stopped: {outcome.ending}. The weights of epoch {outcome.best_epoch} are kept.")
    own_metrics = built(metrics, outcome.preparation.task)
    judged = judge(outcome, place, baseline=baseline, notices=notices, extra_metrics=own_metrics, reasons=reasons)
    for log in logs:
        log.end(results_of(judged))
    set_facts(
        place,
        "result",
        {
            "weights_sha256": weights_digest(place),
            "best_epoch": outcome.best_epoch,
            "ending": outcome.ending,
            "recurring": round(write_keys(outcome, place), 6),
            "seconds": round(time.perf_counter() - started, 2),
        },
    )
    talk.line("\n" + text_report(judged, outcome))
    return Run(place, model=outcome.model)


def go_on(place: Path, metrics: Any, talk: Talk) -> Run:
    """See `api.resume`."""
    from .adjust.lineage import reasons_of

    content = read_toml(place)
    if "result" in content:
        talk.line(f"{place} is finished already; there is nothing to do.")
        return Run(place)
    if "search" in content:
        raise FolderOfRuns(str(place), content["search"].get("kind", ""))
    try:
        config, made = from_dict(content), content["made"]
    except (TypeError, ValueError, LookupError) as error:
        raise RunUnreadable(str(place), str(error)) from error
    if made.get("model_given"):
        raise CannotEject(str(place), "its model was given as an object, so it cannot be built again from the run folder")
    metrics = of_run(place, made) if metrics is None else metrics
    if made.get("metrics") and metrics is None:
        talk.line("The run was begun with metrics of your own, which are not computed: call plainloop.resume(..., metrics=...).")
    check_identity(content, talk)
    package_of(place, content)  # makes a model file of the user's own importable
    with locked(place):
        notices = [Remark(text) for text in made.get("notices", [])]
        own = OwnModel(config.model.settings.get("name", config.model.file))
        with machine_as_it_was():
            return work(place, config, reasons_of(place), notices, metrics, talk, own, bool(made.get("baseline", True)))


@dataclass(frozen=True)
class Remark:
    """A notice as run.toml keeps it: its text alone."""

    what: str
    expected: str = ""
    why: str = ""
    fix: str = ""
    kind: str = "warning"

    def __str__(self) -> str:
        return self.what


@contextmanager
def machine_as_it_was() -> Iterator[None]:
    """Gives torch its threads, its determinism and its random state back: they are the caller's, not the run's."""
    threads, state, precision = torch.get_num_threads(), torch.get_rng_state(), torch.get_float32_matmul_precision()
    strict, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(state)
        torch.set_float32_matmul_precision(precision)
        torch.use_deterministic_algorithms(strict, warn_only=warns)
        torch.backends.cudnn.benchmark = benchmark


def check_identity(content: dict[str, Any], talk: Talk) -> None:
    """Says where machine or code differ from those that began the run: the last bits may then differ too."""
    made = content["made"]
    if not same_as_installed(dict(content["code"]), own_files(from_dict(content))):
        talk.line("Not bit-identical: the code of plainloop has changed since the run was begun.")
    now = {"torch": str(torch.__version__), "python": platform.python_version()}
    for name, here in now.items():
        if made.get(name) not in (None, here):
            talk.line(f"Not bit-identical: the run was begun with {name} {made[name]}, this is {name} {here}.")
