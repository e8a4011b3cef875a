"""Tune: a search for better settings with optuna. Every trial is an attempt on train and validation rows; the winner is a run.

TPE proposes (Bergstra et al. 2011), a median rule ends trials that lag behind (Golovin et al. 2017). The first trial has the
settings that the run would have had, so that the search ends at least there.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import fmean
from typing import Any
from uuid import uuid4

from ..judge.metric_names import built, kept, words_of
from ..options import TrainOptions, as_pairs
from ..plain.config import Machine
from ..plain.faults import Stopped
from ..plain.loop import NonFiniteLoss, Record
from ..plain.prepare import headline_of, task_class
from ..plain.run import run_id
from ..problems import again, quoted
from ..run_files import read_toml
from ..run_folder import package_of
from ..training import Decided, Talk, find_rate
from ..understand.own_model import prepared
from ..understand.setting_problems import BadSetting, ModelDoesNotFit
from .adjust_problems import OptionOfData, SearchStopped
from .attempt import attempt, changed_by, prepare_place
from .base import base_of, undone_if_refused
from .lineage import settings_of
from .retrain import inherit, where_from
from .spaces import Choice, Space, as_default, other, space_of
from .study import (
    AS_TRAINED,
    GIVEN,
    WORKER,
    anywhere,
    give,
    give_back,
    given_last,
    is_study,
    need_optuna,
    read_facts,
    signed_by,
    storage_of,
    try_again,
    used,
    working,
    write_facts,
)
from .trials import Study, ranked, told_of, write_study
from .winner import winner

MINUTES = 10.0  # of a search for which neither time nor trials are given
SHARE_OF_JUDGING = 0.06  # of the time, kept for judging the winner
SECONDS_OF_JUDGING = 10.0  # at least, where the time allows it
MOST_FOR_JUDGING = 0.3  # of the time
ROOM = 1.25  # times the seconds of a trial that has to be trained over again
LONGEST = 3.0  # a trial may take this many times the seconds of the first one,
SHARE_OF_TRIAL = 0.1  # or this share of the time, where that is more: one slow trial must not be the whole search
WORDS_OF_STUDY = ("output", "baseline")  # options that a study which goes on can be given


class OutOfTime(Exception):
    """Ends a trial when the time of the search is over, or its own."""


@dataclass
class Search:
    """A search under way in this process."""

    place: Path
    decided: Decided
    space: Space
    study: Any  # of optuna
    talk: Talk
    number: int  # of this process among those of the study
    begun: float
    seconds: float  # of the budget; inf where there is none
    headline: str
    higher: bool
    home: str = ""  # name of the folder, which a database may share with those of other machines
    given: str = ""  # name of the time and the trials that this process works for

    @property
    def sign(self) -> str:
        """What this process writes on its trials."""
        return signed_by(self.home, self.number)

    @property
    def end(self) -> float:
        """When the trials must be over, so that the winner can still be judged in time, and trained where it is not kept."""
        if not math.isfinite(self.seconds):
            return math.inf
        best = ranked(self.study, self.higher)
        if not best or best[0]["state"] != "finished":
            return self.begun + 0.45 * self.seconds
        judging = min(max(SHARE_OF_JUDGING * self.seconds, SECONDS_OF_JUDGING), MOST_FOR_JUDGING * self.seconds)
        training = 0.0 if self.trained(best[0]) or self.is_winner(best[0]) else ROOM * best[0]["seconds"]
        return self.begun + self.seconds - judging - training

    @property
    def limits(self) -> tuple[float, float]:
        """The seconds that a trial may take, and the epochs that it has to get through in them: of the first one half."""
        trials = self.study.get_trials(deepcopy=False)
        first = next((trial.user_attrs for trial in trials if trial.state.name == "COMPLETE"), None)
        if first is None:
            return math.inf, 0.0
        return max(LONGEST * first["seconds"], SHARE_OF_TRIAL * self.seconds), 0.5 * first["epochs"]

    def trained(self, row: dict[str, Any]) -> Path | None:
        """The checkpoints of a finished trial, where they are in the folder of this study."""
        folder = self.place / f"trial-{row['trial']}" / "checkpoints"
        return folder if row["state"] == "finished" and folder.is_dir() else None

    def is_winner(self, row: dict[str, Any]) -> bool:
        """Whether the study, which goes on, has a run of this trial already."""
        return bool(read_facts(self.place).get("winner", {}).get("trial") == row["trial"])


def tune(
    source: Any,
    options: TrainOptions,
    minutes: float | None,
    trials: int | None,
    storage: str | None,
    space: Any,
    metrics: Any,
    talk: Talk,
) -> Study:
    """See `api.tune`."""
    begun = time.monotonic()
    need_optuna()
    seconds = 60 * checked(minutes, trials)
    joins = is_study(source)
    if joins:
        place, decided, facts = go_on(Path(source), options)
    else:
        place, decided, facts = begin(source, options, storage, space, metrics, talk)
    with undone_if_refused(source, place), working(place) as number:
        search = opened(place, decided, facts, talk, number, begun, seconds)
        if minutes is None and trials is None and joins:
            search.given, search.seconds, trials = left_of(search.study)
        else:
            search.given = give(search.study, minutes, trials)
        if search.seconds <= 0 or trials == 0:
            talk.line("The time or the trials of this search are used up; --minutes or --trials gives it more.")
        else:
            talk.line(f"\nSearching {', '.join(search.space)} in {place}; more processes: plainloop tune {quoted(str(place))}")
        before = used(search.study, search.given)[1]
        while time.monotonic() < search.end and (trials is None or used(search.study, search.given)[1] < before + trials):
            one_trial(search)
        write_study(search.study, place, facts)
    made = write_study(search.study, place, facts, picture=True)
    made.run = winner(search, made, metrics)
    talk.line(f"\n{made}")
    return made


def checked(minutes: float | None, trials: int | None) -> float:
    """The minutes of a search; without an end where only trials are given. Raises: BadSetting."""
    for name, given, good in (("minutes", minutes, "20"), ("trials", trials, "50")):
        if given is not None and not given > 0:
            raise BadSetting(name, given, "a number above 0", good, how=again(name, good))
    return minutes if minutes is not None else math.inf if trials is not None else MINUTES


def left_of(study: Any) -> tuple[str, float, int | None]:
    """What a study that goes on has left of what it was given last: the name of that, seconds and trials."""
    name, minutes, trials = given_last(study)
    seconds, count = used(study, name)
    return name, max(0.0, 60 * checked(minutes, trials) - seconds), None if trials is None else max(0, trials - count)


def begin(
    source: Any, options: TrainOptions, storage: str | None, asked: Any, metrics: Any, talk: Talk
) -> tuple[Path, Decided, dict[str, Any]]:
    """A new study in a folder of its own."""
    decided = base_of(source, options, talk, "tune")
    try:
        if decided.auto:
            decided = find_rate(decided, talk)
        fixed = sorted(name for name, reason in decided.reasons.items() if reason == "asked for")
        pairs = as_pairs(asked)
        if not space_of(decided.config, set(fixed), pairs):
            wanted, good = "at least one setting to search: all of them were given", "learning_rate=1e-4..1e-2"
            raise BadSetting("space", "", wanted, good, how=again("space", good))
        check_space(decided, space_of(decided.config, set(fixed), pairs), pairs)
        keep_metrics(decided, metrics)
        prepare_place(decided, "tune")
    except Exception:
        shutil.rmtree(decided.place, ignore_errors=True)
        raise
    same = replace(decided.config, machine=Machine(seed=decided.config.machine.seed))
    name = Path(decided.config.source.data[0]).name.partition(".")[0]  # the folders of two machines may be called otherwise
    facts = {
        "study": f"{name}-{run_id(same)}",
        "storage": anywhere(storage or ""),
        "home": uuid4().hex[:8],
        "space": pairs,
        "fixed": fixed,
        "headline": headline_of(decided.config),
        "higher_is_better": task_class(decided.config).higher_is_better,
    }
    write_facts(decided.place, facts)
    return decided.place, decided, facts


def check_space(decided: Decided, space: Space, asked: dict[str, str]) -> None:
    """Whether the run can have the values that were asked for. Raises: BadSetting."""
    for name, text in asked.items():
        key, line = next((key, line) for key, line in space.items() if name in (key, key.partition(".")[2]))
        for value in line.values if isinstance(line, Choice) else (line.low, line.high):
            try:
                changed_by(decided, {key: value})
            except BadSetting as bad:
                wanted = bad.expected.removeprefix("Expected ").rstrip(".")
                raise BadSetting(f"space {name}", text, wanted, "", how=other(key.partition(".")[2])) from bad


def keep_metrics(decided: Decided, metrics: Any) -> None:
    """Tries metrics that have names, for the winner, and keeps them in the folder of the study. Raises: MetricDoesNotFit."""
    place, config = decided.place, decided.config
    metrics = decided.facts.get("metrics") if metrics is None else metrics
    if words_of(metrics):
        data, target = where_from(config, place)
        built(metrics, prepared(config, place).task, data, target, "tune")
    decided.facts["metrics"] = kept(metrics, place)


def go_on(place: Path, options: TrainOptions) -> tuple[Path, Decided, dict[str, Any]]:
    """A study that is there. Raises: OptionOfData, and what opening a run raises."""
    default = TrainOptions()
    for field in fields(TrainOptions):
        if field.name not in WORDS_OF_STUDY and getattr(options, field.name) != getattr(default, field.name):
            raise OptionOfData(str(place), field.name, "tune")
    package_of(place, read_toml(place))
    return place, inherit(place, {}, place), read_facts(place)


def opened(place: Path, decided: Decided, facts: dict[str, Any], talk: Talk, number: int, begun: float, seconds: float) -> Search:
    """The study of the folder, with what killed processes left behind put right."""
    optuna = need_optuna()
    storage = storage_of(place, facts["storage"])
    higher = facts["higher_is_better"]
    study = optuna.create_study(
        study_name=facts["study"], storage=storage, direction="maximize" if higher else "minimize", load_if_exists=True
    )
    there = len(study.get_trials(deepcopy=False))
    seed = decided.config.machine.seed + 1_000_003 * number + there  # processes, and one that goes on, must not repeat draws
    study.sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=max(1, decided.config.train.epochs // 4))
    space = space_of(decided.config, set(facts["fixed"]), facts["space"])
    if left := give_back(study, place, number, facts):
        talk.line(f"{left} trial{'s' if left > 1 else ''} of a process that was killed will be tried again.")
    if there == 0:
        first = as_default(space, settings_of(decided.config))
        study.enqueue_trial(first, user_attrs={AS_TRAINED: len(first) == len(space)}, skip_if_exists=True)
    return Search(place, decided, space, study, talk, number, begun, seconds, facts["headline"], higher, facts.get("home", ""))


def one_trial(search: Search) -> None:
    """One trial, told of in a line. Raises: SearchStopped."""
    talk = search.talk
    talk.training = True
    try:
        search.study.optimize(objective(search), n_trials=1, catch=(NonFiniteLoss, ModelDoesNotFit, BadSetting))
    except Stopped as stopped:
        last = [t for t in search.study.get_trials(deepcopy=False) if t.user_attrs.get(WORKER) == search.sign][-1]
        try_again(search.study, last)
        again = f"plainloop tune {quoted(str(search.place))}"
        raise SearchStopped(stopped.exit_code, str(search.place), again) from stopped
    finally:
        talk.training = False
    keep_best(search)
    left = search.seconds - (time.monotonic() - search.begun)
    talk.line(told_of(search.study, search.sign, search.headline, search.higher, left))


def keep_best(search: Search) -> None:
    """Of the folders of trials only that of the best one stays, which the winner goes on from, and those of trials under way."""
    trials = search.study.get_trials(deepcopy=False)
    best = ranked(search.study, search.higher)
    stay = {trial.number for trial in trials if trial.state.name == "RUNNING"} | {row["trial"] for row in best[:1]}
    stay |= {trial.user_attrs.get("again") for trial in trials if trial.state.name == "WAITING"}
    for trial in trials:
        if trial.number not in stay:
            shutil.rmtree(search.place / f"trial-{trial.number}", ignore_errors=True)


def objective(search: Search) -> Callable[[Any], float]:
    """What optuna asks of a trial: the validation score of an attempt."""
    pruned, end, (longest, least) = need_optuna().TrialPruned, search.end, search.limits

    def tried(trial: Any) -> float:
        trial.set_user_attr(WORKER, search.sign)
        trial.set_user_attr(GIVEN, search.given)
        settings = {name: line.ask(trial, name) for name, line in search.space.items()}
        folder, begun, epochs, spent = search.place / f"trial-{trial.number}", time.monotonic(), 0, []
        cut = search.place / f"trial-{trial.user_attrs.get('again')}"
        if cut.is_dir():  # of a process that was killed: it goes on from its last checkpoint
            cut.replace(folder)

        def on_record(record: Record) -> None:
            nonlocal epochs
            epochs = record.values["epoch"]
            spent.append(record.values["seconds"])
            trial.report(record.values[f"val_{search.headline}"], epochs)
            if record.ending:
                return
            if trial.should_prune():
                raise pruned()
            if too_slow(spent, least - epochs, longest - (time.monotonic() - begun)):
                raise OutOfTime(f"cut: {fmean(spent):.1f} s an epoch, and a trial may take {longest:.0f} s")

        def watch(step: int, steps: int) -> int:
            now = time.monotonic()
            if now > end or now - begun > longest:
                raise OutOfTime("out of time" if now > end else f"cut: a trial may take {longest:.0f} s")
            return search.talk.watch(step, steps)

        try:
            done = attempt(search.decided, settings, folder, on_record=on_record, watch=watch)
        except OutOfTime as over:
            trial.set_user_attr("ended", str(over))
            raise pruned() from None
        except (NonFiniteLoss, ModelDoesNotFit, BadSetting) as lost:
            trial.set_user_attr("ended", lost.what.rstrip("."))
            raise
        finally:
            trial.set_user_attr("epochs", epochs)
            trial.set_user_attr("seconds", round(time.monotonic() - begun, 3))
        trial.set_user_attr("epochs", len(done.history["epoch"]))
        trial.set_user_attr("best_epoch", done.best_epoch)
        return math.nan if done.value is None else done.value

    return tried


def too_slow(spent: list[float], epochs: float, left: float) -> bool:
    """Whether so many more epochs do not fit into the seconds that are left, going by the seconds of those before.

    >>> too_slow([4.0, 5.0], 20, 60), too_slow([2.0], 20, 60), too_slow([9.0], -3, 0)
    (True, False, False)
    """
    return epochs > 0 and epochs * fmean(spent) > left
