"""The winner of a search: the best trial's settings as a run, judged on the test rows. Used by tune.py."""

from __future__ import annotations

import math
import re
import shutil
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..judge.metric_names import of_run
from ..run_folder import Run, locked, new_folder
from ..run_problems import RunBusy, RunNotFinished
from ..training import carry_out
from .adjust_problems import SearchTooShort
from .attempt import changed_by
from .retrain import moved
from .study import others, read_facts, write_facts
from .trials import Study, outcome_of

if TYPE_CHECKING:
    from .tune import Search


def winner(search: Search, made: Study, metrics: Any) -> Run | None:
    """The best trial's settings, trained as a run with test rows and report; by the process that is the last to end.

    Raises: SearchTooShort.
    """
    best = made.best
    if best is None:
        minutes = search.seconds / 60 if math.isfinite(search.seconds) else 1.0
        failed = [row["ended"] for row in made.trials if row["state"] == "failed"]
        reason = failed[-1] if failed and len(failed) == len(made.trials) else ""
        raise SearchTooShort(str(search.place), len(made.trials), minutes, reason)
    with suppress(RunBusy), locked(search.place):
        if others(search.place, search.number):
            search.talk.line("Another process goes on with the search; it trains the winner.")
            return None
        facts = read_facts(search.place)
        if search.is_winner(best):
            with suppress(RunNotFinished, ValueError):
                return Run(search.place.parent / facts["winner"]["run"])
        run = retrained(search, best, len(made.trials), metrics)
        write_facts(search.place, {**facts, "winner": {"trial": best["trial"], "run": run.folder.name}})
        return run
    return None


def retrained(search: Search, best: dict[str, Any], trials: int, metrics: Any) -> Run:
    """The run of the best trial, in a folder beside that of the study."""
    config = changed_by(search.decided, best["settings"])
    reason = f"found by a search: trial {best['trial']} of {trials} in {search.place.name}"
    reasons = {**search.decided.reasons, **dict.fromkeys(best["settings"], reason)}
    if best["state"] != "finished":  # it was cut: its score is that of the epochs it had
        config = replace(config, train=replace(config.train, epochs=best["epochs"]))
        reasons["train.epochs"] = f"{reason}, which was cut there"
        search.talk.line("No trial came to its end in time, so the winner has the epochs that it had; give it more --minutes.")
    name = re.sub(r"-tune-\d+$", "", search.place.name)
    place = new_folder(None, name, search.place.parent)
    decided = moved(replace(search.decided, config=config, reasons=reasons), search.place, place)
    value = outcome_of(best)
    if trained := search.trained(best):  # the same config and data: what it would learn again is there
        shutil.copytree(trained, place / "checkpoints")
        search.talk.line(f"Trial {best['trial']} is the best; it is trained, so that only the test rows are left.")
    tuned = {"study": f"../{search.place.name}", "trial": best["trial"], "trials": trials, f"validation_{search.headline}": value}
    metrics = of_run(search.place, decided.facts) if metrics is None else metrics
    run = carry_out(decided, metrics, search.talk, lambda new: {"tuned": tuned})
    shutil.rmtree(search.place / f"trial-{best['trial']}", ignore_errors=True)
    return run
