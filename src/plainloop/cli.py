"""The command line: one command per word of api.py, with the same names and defaults.

Results go to stdout, messages of failure to stderr. Exit codes: 0 done, 2 refused input or options, 3 refused resume,
4 training failed, 5 storage, 6 run folder busy, 130 and 143 for signals.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Group, Parameter

from . import __version__
from .options import CheckOptions, DataOptions, TrainOptions
from .problems import TYPED

app = App(
    name="plainloop",
    version=__version__,
    help_format="plaintext",
    help="From labelled data to a trained PyTorch model that you own.",
    help_epilogue="Example: plainloop train titanic.csv --target Survived",
    result_action="return_value",
    default_parameter=Parameter(negative_iterable=()),
)

# the parts of the list of commands, in this order
LOOK, TRAIN_AND_RUNS, USE, ADJUST, REST = map(Group.create_ordered, ("Look first", "Train", "Use a run", "Adjust", "Help"))
app["--help"].group = app["--version"].group = REST
More = Annotated[str, Parameter(help="Further files of the same data, as the shell makes them of a pattern.")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON object and nothing else on stdout.")]
Quiet = Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", help="Print only the result.")]
DATA = Annotated[DataOptions, Parameter(name="*")]
TRAIN = Annotated[TrainOptions, Parameter(name="*")]
CHECK = Annotated[CheckOptions, Parameter(name="*")]
DATA_DEFAULTS, TRAIN_DEFAULTS, CHECK_DEFAULTS = DataOptions(), TrainOptions(), CheckOptions()


@app.command(help_epilogue="Example: plainloop inspect titanic.csv --target Survived", group=LOOK, sort_key=1)
def inspect(source: str, *sources: More, options: DATA = DATA_DEFAULTS, as_json: AsJson = False) -> int:
    """Show what the data is taken for: column types, roles, task, class table, problems; trains nothing.

    Parameters
    ----------
    source
        Table (CSV, Excel, Parquet, Arrow, JSON, ARFF), series, folder of pictures or texts; also compressed, or a pattern.
    """
    from . import api

    seen = api.inspect([source, *sources] if sources else source, **vars(options))
    return show(seen.as_dict() if as_json else str(seen))


@app.command(help_epilogue="Example: plainloop check titanic.csv --target Survived --model mynet.py:MyNet", group=LOOK)
def check(source: str, *sources: More, options: CHECK = CHECK_DEFAULTS, as_json: AsJson = False) -> int:
    """Try a model on one batch, without training: types, shapes, devices, labels, loss, gradients, first steps.

    Parameters
    ----------
    source
        Table (CSV, Excel, Parquet, Arrow, JSON, ARFF), series, folder of pictures or texts; also compressed, or a pattern.
    """
    from . import api

    given = dict(vars(options))
    found = api.check(given.pop("model"), [source, *sources] if sources else source, given.pop("target"), **given)
    if as_json:
        show(found.as_dict())
    else:
        print(found, file=sys.stdout if found.ok else sys.stderr)
    return 0 if found.ok else 2


@app.command(help_epilogue="Example: plainloop train titanic.csv --target Survived --epochs 20", group=TRAIN_AND_RUNS, sort_key=1)
def train(
    source: str,
    *sources: More,
    options: TRAIN = TRAIN_DEFAULTS,
    folds: int | None = None,
    log: str | None = None,
    metrics: str | None = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Train a model on labelled data, judge it on rows it has not seen, and save it all as a run folder.

    Parameters
    ----------
    source
        Table (CSV, Excel, Parquet, Arrow, JSON, ARFF), series, folder of pictures or texts; also compressed, or a pattern.
    folds
        Cross-validation: a run for each of so many folds, and the mean and spread of their scores.
    log
        Write the figures there, too: tensorboard, mlflow or wandb, or several: A,B.
    metrics
        Compute these, too: classes of torchmetrics or your own, FILE.py:NAME; several: A,B.
    """
    from . import api

    given = [source, *sources] if sources else source
    run = api.train(given, folds=folds, log=log, metrics=metrics, talk=talk(as_json or quiet), **vars(options))
    return finished(run, as_json, quiet)


@app.command(help_epilogue="Example: plainloop resume runs/titanic-1", group=TRAIN_AND_RUNS)
def resume(run: str, *, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Go on with a run that was stopped or killed; the result is that of the run that never was.

    Parameters
    ----------
    run
        Run folder, or that of a cross-validation.
    """
    from . import api

    return finished(api.resume(run, talk=talk(as_json or quiet)), as_json, quiet)


@app.command(help_epilogue="Example: plainloop evaluate runs/titanic-1 other.csv", group=USE)
def evaluate(
    run: str,
    source: str,
    *sources: More,
    metrics: str | None = None,
    beam: int | None = None,
    length_penalty: float | None = None,
    as_json: AsJson = False,
) -> int:
    """Score other labelled rows with a finished run.

    Parameters
    ----------
    run
        Run folder.
    source
        Table with the columns of the training data, the target among them; or a file of lines and the file of their answers.
    metrics
        Compute these, too, in place of those of the run: classes of torchmetrics or your own, FILE.py:NAME; several: A,B.
    beam
        Texts: follow this many answers at a time.
    length_penalty
        Texts: power of the length that divides an answer's log-probability.
    """
    from . import api
    from .show import evaluation_text, notice_text

    files = [source, *sources] if sources else source
    result = api.evaluate(run, files, metrics=metrics, beam=beam, length_penalty=length_penalty)
    notices = result.pop("notices")
    for notice in notices:
        print(notice_text(notice), file=sys.stderr)
    return show(result if as_json else evaluation_text(result))


@app.command(help_epilogue="Example: plainloop predict runs/titanic-1 new.csv -o predictions.csv", group=USE)
def predict(
    run: str,
    source: str,
    *sources: More,
    output: Annotated[str, Parameter(name=["--output", "-o"], allow_leading_hyphen=True)] = "-",
    origin: str | None = None,
    beam: int | None = None,
    length_penalty: float | None = None,
    temperature: float | None = None,
    top: int | None = None,
    seed: int | None = None,
    as_json: AsJson = False,
) -> int:
    """Predict new rows with a finished run; writes CSV with probabilities, of a forecast the coming steps with intervals.

    Parameters
    ----------
    run
        Run folder.
    source
        Table with the columns of the training data; the target is not needed. For texts also a file with one in each line.
    output
        File to write; - for stdout. Texts: one answer per line, unless it ends in .csv.
    beam
        Texts: follow this many answers at a time.
    length_penalty
        Texts: power of the length that divides an answer's log-probability.
    temperature
        Texts: draw the tokens; 1 as probable as the model says, less is bolder.
    top
        Texts: draw from this many most probable tokens only.
    seed
        Texts: seed of what is drawn.
    origin
        Of a forecast: begin after this time of the data instead of after its last row; several with commas.
    """
    from . import api
    from .show import notice_text

    loaded = api.load(run)
    how = {"beam": beam, "length_penalty": length_penalty, "temperature": temperature, "top": top, "seed": seed}
    files = [source, *sources] if sources else source
    answers = loaded.predict(files, None if as_json and output == "-" else output, origin=origin, **how)
    for notice in loaded.notices:
        print(notice_text(notice), file=sys.stderr)
    if as_json:
        return show({"run": run, "rows": len(answers), "output": None if output == "-" else output, "predictions": answers})
    if output != "-":
        print(f"{len(answers):,} predictions in {output}")
    return 0


@app.command(help_epilogue="Example: plainloop eject runs/titanic-1 my_project", group=USE)
def eject(run: str, folder: str, *, with_data: Annotated[bool, Parameter(negative="")] = False, as_json: AsJson = False) -> int:
    """Hand out the code that ran, as a project that needs no plainloop.

    Parameters
    ----------
    run
        Run folder.
    folder
        New folder for the project.
    with_data
        Take a copy of the data along.
    """
    from . import api

    place = api.eject(run, folder, with_data=with_data)
    readme = f"{place}: read README.md there; then: cd {place} && python -m plain run.toml"
    return show({"run": run, "project": str(place)} if as_json else readme)


@app.command(help_epilogue="Example: plainloop export runs/titanic-1 --format onnx -o titanic.onnx", group=USE)
def export(
    run: str,
    *,
    format: str = "onnx",
    output: Annotated[str | None, Parameter(name=["--output", "-o"])] = None,
    as_json: AsJson = False,
) -> int:
    """Write the complete model to one file, with the preparation's state beside it, and check that it gives the same scores.

    Parameters
    ----------
    run
        Run folder.
    format
        onnx, for onnxruntime and others; pt2, torch's own (this version only, and loading it unpickles); or state_dict.
    output
        File to write; default: in the run folder.
    """
    from . import api

    place = api.export(run, format, output)
    return show(
        {"run": run, "format": format, "output": str(place)} if as_json else f"{place}: checked against the model's own scores"
    )


@app.command(help_epilogue="Example: plainloop runs", group=TRAIN_AND_RUNS)
def runs(folder: str = "runs", *, as_json: AsJson = False) -> int:
    """List the runs in a folder with their headline metrics, the newest first.

    Parameters
    ----------
    folder
        Folder that holds run folders.
    """
    from . import api
    from .show import runs_text

    found = api.runs(folder)
    if as_json:
        return show({"runs": found})
    return show(runs_text(found) if found else f"No runs in {folder}. Make one: plainloop train data.csv --target COLUMN")


@app.command(help_epilogue="Example: plainloop demo", group=TRAIN_AND_RUNS)
def demo(*, output: str = "demo", as_json: AsJson = False) -> int:
    """The main job from start to end, on data that comes with scikit-learn.

    Parameters
    ----------
    output
        Folder for data, run and project; one that an earlier demo made is made anew.
    """
    from .demo import demo as main_job

    return show(main_job(Path(output), talk(as_json)) if as_json else main_job(Path(output), talk(False)) and None)


def show(result: Any) -> int:
    """Prints a result: text as it is, anything else as one JSON object."""
    if result is not None:
        print(result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, allow_nan=False, default=str))
    return 0


def finished(run: Any, as_json: bool, quiet: bool) -> int:
    if as_json:
        return show(run.as_dict() if hasattr(run, "as_dict") else {"run": str(run.folder), **run.metrics})
    return show(run.line()) if quiet else 0


def talk(silent: bool) -> Any:
    """How a command tells of its work; a first signal saves and ends, a second one ends at once."""
    from .training import Talk

    caught: list[int] = []

    def note(number: int, frame: Any) -> None:
        if caught:
            os._exit(128 + number)
        if not told.training:  # reading or judging: there is nothing to save
            raise SystemExit(128 + number)
        caught.append(number)
        print(f"\nStopping after this step and saving (signal {number}); once more to stop at once.", file=sys.stderr)

    for number in (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])):
        signal.signal(number, note)
    bar = progress(sys.stderr) if not silent and sys.stderr.isatty() else None

    def watch(step: int, steps: int) -> int:
        if bar is not None:
            bar(step, steps)
        return caught[0] if caught else 0

    told = Talk(say=print_line, watch=watch, quiet=silent)
    return told


def print_line(text: str) -> None:
    """Prints a line of the work under way; a reader of our output who leaves (`| head`) does not end the work."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def progress(stream: Any) -> Callable[[int, int], None]:
    """A line that shows the step within an epoch, written over itself four times a second."""
    last = [time.monotonic()]

    def bar(step: int, steps: int) -> None:
        now = time.monotonic()
        if step == 0:
            stream.write("\r\x1b[K")
        elif now - last[0] > 0.25:
            last[0] = now
            stream.write(f"\r\x1b[K  step {step}/{steps}")
            stream.flush()

    return bar


from . import cli_adjust  # noqa: E402, F401 - registers its commands on the app above


def main(arguments: list[str] | None = None) -> None:
    """The command `plainloop`: runs it and ends the process with its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    TYPED[:] = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])] or [""]
    try:
        code = app(words, exit_on_error=False, print_error=False)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        if isinstance(error, CycloptsError):
            from .understand.setting_problems import BadCommandLine

            error = BadCommandLine(" ".join(str(error).split()), words[0] if words and words[0] in app else "")
        if not hasattr(error, "exit_code"):
            raise
        code = error.exit_code
        if "--json" in words:
            show({"error": {"name": type(error).__name__, "exit_code": code, "message": str(error)}})
        else:
            print(error, file=sys.stderr)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code or 0)
