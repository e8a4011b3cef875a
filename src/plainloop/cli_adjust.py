"""The commands that adjust a model after a first run: retrain and its kin. cli.py has the others, and registers these."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from .cli import ADJUST, TRAIN, TRAIN_DEFAULTS, AsJson, More, Quiet, app, finished, show, talk
from .options import AgainOptions

AGAIN = Annotated[AgainOptions, Parameter(name="*")]
AGAIN_DEFAULTS = AgainOptions()
Output = Annotated[str | None, Parameter(name=["--output", "-o"])]


@app.command(help_epilogue="Example: plainloop retrain runs/titanic-1 --learning-rate 3e-4 --set dropout=0.3", group=ADJUST)
def retrain(
    run: str,
    *,
    options: AGAIN = AGAIN_DEFAULTS,
    from_weights: Annotated[bool, Parameter(negative="")] = False,
    output: Output = None,
    baseline: bool | None = None,
    metrics: str | None = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Train a run again with other settings, as a child of it; says what changed in settings and in results.

    Parameters
    ----------
    run
        Run folder.
    from_weights
        Begin with the trained weights of the run, not with new ones.
    output
        Run folder of the child; default: beside the run, with the next free number.
    baseline
        Also fit a classical model, to compare with; as the run did if nothing is said.
    metrics
        Compute these, too, in place of those of the run: classes of torchmetrics or your own, FILE.py:NAME; several: A,B.
    """
    from . import api

    told, pairs = talk(as_json or quiet), options.settings()
    child = api.retrain(run, from_weights=from_weights, output=output, baseline=baseline, metrics=metrics, talk=told, **pairs)
    return finished(child, as_json, quiet)


@app.command(help_epilogue="Example: plainloop compare runs/titanic-1 runs/titanic-2", group=ADJUST)
def compare(run: str, *runs: str, output: Output = None, as_json: AsJson = False) -> int:
    """Say which settings of runs differ, and whether the difference in their results is real.

    Parameters
    ----------
    run
        Run folder that the others are compared with.
    runs
        Run folders that were scored on the same rows.
    output
        Folder for compare.html and compare.json; default: comparison-<n> beside the first run.
    """
    from . import api

    made = api.compare(run, *runs, output=output)
    return show(made.as_dict() if as_json else str(made))


@app.command(name="lr-find", help_epilogue="Example: plainloop lr-find titanic.csv --target Survived", group=ADJUST)
def lr_find(
    source: str,
    *sources: More,
    options: TRAIN = TRAIN_DEFAULTS,
    low: float = 1e-6,
    high: float = 1.0,
    steps: int = 150,
    as_json: AsJson = False,
) -> int:
    """Try learning rates, one per step, and suggest one, with its reason and a picture; changes nothing.

    Parameters
    ----------
    source
        Data as for train, or a run folder.
    low
        First rate.
    high
        Last rate; the sweep ends before it where the loss is lost.
    steps
        Rates to try.
    """
    from . import api

    given = [source, *sources] if sources else source
    curve = api.lr_find(given, low=low, high=high, steps=steps, talk=talk(as_json), **vars(options))
    return show(curve.as_dict()) if as_json else 0


@app.command(
    name="lr-sweep",
    help_epilogue="Example: plainloop lr-sweep titanic.csv --target Survived --rates 1e-4,1e-3,1e-2",
    group=ADJUST,
)
def lr_sweep(
    source: str,
    *sources: More,
    options: TRAIN = TRAIN_DEFAULTS,
    rates: str = "1e-4,3e-4,1e-3,3e-3,1e-2,3e-2",
    as_json: AsJson = False,
) -> int:
    """Train with each of several learning rates and show how the rate matters: all curves in one picture.

    Parameters
    ----------
    source
        Data as for train, or a run folder.
    rates
        Learning rates: A,B,...
    """
    from . import api

    given = [source, *sources] if sources else source
    made = api.lr_sweep(given, rates=numbers(rates), talk=talk(as_json), **vars(options))
    return show(made.as_dict()) if as_json else 0


@app.command(help_epilogue="Example: plainloop tune titanic.csv --target Survived --minutes 20", group=ADJUST)
def tune(
    source: str,
    *sources: More,
    options: TRAIN = TRAIN_DEFAULTS,
    minutes: float | None = None,
    trials: int | None = None,
    space: Annotated[list[str] | None, Parameter(negative_iterable=())] = None,
    storage: str | None = None,
    metrics: str | None = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Search for better settings, judged on the validation rows; the best ones are trained as a run at the end.

    Parameters
    ----------
    source
        Data as for train, a run folder, or the folder of a study that goes on.
    minutes
        The time it may take, the winner included; 10 if neither this nor --trials is given.
    trials
        At most this many trials.
    space
        What to search: NAME=LOW..HIGH or NAME=A|B|C, several times.
    storage
        URL of a database, for machines without a common folder: postgresql://...
    metrics
        Compute these, too, for the winner: classes of torchmetrics or your own, FILE.py:NAME; several: A,B.
    """
    from . import api

    given = [source, *sources] if sources else source
    told = talk(as_json or quiet)
    made = api.tune(
        given, minutes=minutes, trials=trials, space=space, storage=storage, metrics=metrics, talk=told, **vars(options)
    )
    if as_json:
        return show(made.as_dict())
    return show(made.run.line() if made.run else str(made)) if quiet else 0


def numbers(text: str) -> list[float]:
    """Numbers with commas between them. Raises: BadSetting."""
    try:
        return [float(word) for word in text.split(",") if word.strip()]
    except ValueError as error:
        from .problems import again
        from .understand.setting_problems import BadSetting

        good = "1e-4,1e-3,1e-2"
        raise BadSetting("rates", text, "numbers with commas between them", good, how=again("rates", good)) from error
