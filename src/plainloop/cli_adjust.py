"""The commands that adjust a model after a first run: retrain and its kin. cli.py has the others, and registers these."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from .cli import AsJson, Quiet, app, finished, talk
from .options import as_pairs

Settings = Annotated[list[str] | None, Parameter(name="--set", negative_iterable=())]
Output = Annotated[str | None, Parameter(name=["--output", "-o"])]


@app.command(help_epilogue="Example: plainloop retrain runs/titanic-1 --set learning_rate=3e-4 --set dropout=0.3")
def retrain(
    run: str,
    *,
    settings: Settings = None,
    from_weights: Annotated[bool, Parameter(negative="")] = False,
    output: Output = None,
    baseline: bool | None = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Train a run again with other settings, as a child of it; says what changed in settings and in results.

    Parameters
    ----------
    run
        Run folder.
    settings
        A setting that changes: NAME=VALUE, several times; also model=NAME.
    from_weights
        Begin with the trained weights of the run, not with new ones.
    output
        Run folder of the child; default: beside the run, with the next free number.
    baseline
        Also fit gradient-boosted trees, to compare with; as the run did if nothing is said.
    """
    from . import api

    child = api.retrain(
        run, from_weights=from_weights, output=output, baseline=baseline, talk=talk(as_json or quiet), **as_pairs(settings)
    )
    return finished(child, as_json, quiet)
