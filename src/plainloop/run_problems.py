"""Problems of runs: folders, predictions, hand-over. See problems.py for the form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .plain.faults import shorten
from .problems import Notice, PlainloopError, nearest, quoted, typed_with


@dataclass(eq=False)
class NoRun(PlainloopError):
    """A folder that is not a run.

    What it does: refuses a path that holds no run.toml, or no weights, such as an ejected project.
    Why: there is nothing to load.
    Example: `plainloop predict runs/house-1 new.csv`
    Fix: one of the runs that are there; `plainloop runs` lists them.
    """

    path: str
    near: list[str]
    lacks: str = "run.toml"

    def __post_init__(self) -> None:
        self.what = f"{self.path} is not a run: it has no {self.lacks}."
        self.expected = "Expected the folder that `plainloop train` made." + (
            f" Did you mean {' or '.join(self.near)}?" if self.near else ""
        )
        self.fix = "plainloop runs"
        place = Path(self.path)
        if place.name == "run.toml" and place.exists():
            self.fix = typed_with(self.path, str(place.parent)) or f"take the folder: {quoted(str(place.parent))}"
        elif next(place.glob("*/run.toml"), None):
            self.what = f"{self.path} is not a run, but a folder of runs."
            self.fix = f"plainloop runs {quoted(self.path)}"

    @classmethod
    def example(cls) -> NoRun:
        return cls("runs/house-1", ["runs/houses-1"])


@dataclass(eq=False)
class FolderOfRuns(PlainloopError):
    """The folder of a search or of a cross-validation, which is no run itself.

    What it does: refuses to predict with, to judge or to go on with a folder that holds runs as if it were one.
    Why: it has no weights of its own; each of its trainings has.
    Example: `plainloop predict runs/houses-folds-1 new.csv`
    Fix: one of the runs inside, or the command that the folder belongs to.
    """

    path: str
    kind: str  # folds, tune or lr-sweep

    def __post_init__(self) -> None:
        where = f"{self.path}/fold-1" if self.kind == "folds" else self.path
        fixes = {
            "folds": f"take one of its runs: {quoted(where)}",
            "tune": f"plainloop tune {quoted(self.path)}",
        }
        self.what = f"{self.path} is the folder of {KINDS.get(self.kind, 'a search')}, not a run: it has no weights of its own."
        self.expected = "Expected the folder of one run."
        self.fix = fixes.get(self.kind, "plainloop runs")

    @classmethod
    def example(cls) -> FolderOfRuns:
        return cls("runs/houses-folds-1", "folds")


KINDS = {"folds": "a cross-validation", "tune": "a search", "lr-sweep": "a sweep of learning rates"}


@dataclass(eq=False)
class RunUnreadable(PlainloopError):
    """A run.toml that cannot be read.

    What it does: refuses a run whose run.toml is not TOML, or names settings that do not exist.
    Why: a setting that is read wrongly gives another model.
    Example: `plainloop resume runs/houses-1` after an edit that left a quote open
    Fix: undo the edit.
    """

    path: str
    reason: str

    def __post_init__(self) -> None:
        self.what = f"{self.path}/run.toml cannot be read: {self.reason}."
        self.expected = "The file as `plainloop train` wrote it."
        self.fix = "undo the edit, or train a new run with --set NAME=VALUE"

    @classmethod
    def example(cls) -> RunUnreadable:
        return cls("runs/houses-1", "Unclosed string at line 12, column 9")


@dataclass(eq=False)
class RunFileDamaged(PlainloopError):
    """A file of a run folder that is gone or damaged.

    What it does: refuses to use a run one of whose files is missing, cut off or not as it was written, and names the file.
    Why: what it held cannot be guessed, and a part of the weights or of the fitted state gives wrong answers.
    Example: weights.safetensors of half its size, after a copy that was broken off.
    Fix: copy the run again, or train it again in its folder: its code and run.toml give the same file.
    """

    path: str
    file: str
    reason: str

    def __post_init__(self) -> None:
        self.what = f"{self.path}/{self.file} cannot be read: {self.reason}."
        self.expected = "Expected the file as `plainloop train` wrote it."
        again = f"cd {quoted(self.path)} && python -m plain run.toml && cp output/{self.file} ."
        if self.file == "trained_rows.npy":  # which the run's own code does not write
            again = f"rm {quoted(self.path)}/{self.file}"
        self.fix = f"copy the run folder again from where it is whole, or: {again}"

    @classmethod
    def example(cls) -> RunFileDamaged:
        return cls("runs/houses-1", "weights.safetensors", "it is cut off, or not as it was written")


@dataclass(eq=False)
class RunNotFinished(PlainloopError):
    """A run that was stopped before its end.

    What it does: refuses to use a run that has no weights yet.
    Why: its best weights are only known at the end.
    Example: `plainloop predict runs/houses-1 new.csv` after a kill
    Fix: resume it.
    """

    path: str
    model_given: bool = False

    def __post_init__(self) -> None:
        self.what = f"The run {self.path} has not finished."
        self.expected = "A run whose training has ended."
        self.fix = f"plainloop resume {quoted(self.path)}"
        if self.model_given:
            self.why = "Its model was given as an object, which a run folder cannot build again, so that it cannot be resumed."
            self.fix = "call plainloop.train with the model once more"

    @classmethod
    def example(cls) -> RunNotFinished:
        return cls("runs/houses-1")


@dataclass(eq=False)
class RunNotBegun(PlainloopError):
    """The folder of a run that was stopped before there was anything of it to keep.

    What it does: refuses a folder that a training has made, but stopped before it wrote run.toml.
    Why: no setting of it is known, so that nothing can be resumed; nothing was computed yet either.
    Example: `plainloop resume runs/houses-1` after a kill in the first second
    Fix: delete the folder, and train again with the line that began it.
    """

    path: str

    def __post_init__(self) -> None:
        self.what = f"The run {self.path} was stopped before it began: it has no run.toml."
        self.expected = "Expected the folder of a run that has begun to train."
        self.why = "There is nothing in it to resume, and nothing is lost."
        self.fix = f"rm -r {quoted(self.path)}, then type the line that began it again"

    @classmethod
    def example(cls) -> RunNotBegun:
        return cls("runs/houses-1")


@dataclass
class EndedEarly(Notice):
    """A run whose loss became infinite, loaded all the same.

    What it does: loads the weights of the best epoch before the loss became infinite, and says so.
    Why: they are as good as its validation rows said; but the run has no test figures, and its schedule was cut short.
    Example: `plainloop predict runs/houses-1 new.csv` after training ended with exit code 4
    Fix: train again with a lower learning rate.
    """

    path: str
    epoch: int
    best_epoch: int

    def __post_init__(self) -> None:
        self.what = f"Training of {self.path} ended in epoch {self.epoch} with a loss that is no number."
        self.expected = f"Expected a run that came to its end; these are the weights of epoch {self.best_epoch}."
        self.why = "Nothing but its validation rows has judged them."
        self.fix = f"plainloop retrain {quoted(self.path)} --set learning_rate=1e-4"

    @classmethod
    def example(cls) -> EndedEarly:
        return cls("runs/houses-1", 4, 3)


@dataclass(eq=False)
class RunBusy(PlainloopError):
    """Another process works on this run.

    What it does: refuses to train or resume in a folder that another process has locked.
    Why: two processes would overwrite each other's checkpoints.
    Example: `plainloop resume runs/houses-1` twice at once
    Fix: wait for the other one, or stop it.
    """

    path: str
    owner: str
    exit_code = 6

    def __post_init__(self) -> None:
        self.what = f"The run {self.path} is in use by another process ({self.owner})."
        self.expected = "One process per run."
        self.fix = "wait until it ends, or stop it; nothing has to be deleted by hand"

    @classmethod
    def example(cls) -> RunBusy:
        return cls("runs/houses-1", "process 4711 on laptop since 12:03")


@dataclass(eq=False)
class OutputExists(PlainloopError):
    """The folder to write to is there already and is not empty.

    What it does: refuses to write over something it did not make.
    Why: results or data could be lost.
    Example: `plainloop train houses.csv --target price --output runs/houses-1` a second time
    Fix: another folder.
    """

    path: str
    option: str = "--output"

    def __post_init__(self) -> None:
        self.what = f"The folder {self.path} exists and is not empty."
        self.expected = "A new or an empty folder."
        self.why = "Nothing that is there is written over."
        self.fix = f"choose another folder, for example {self.option} {quoted(self.path.rstrip('/') + '-2')}"

    @classmethod
    def example(cls) -> OutputExists:
        return cls("runs/houses-1")


@dataclass(eq=False)
class CannotEject(PlainloopError):
    """The run has no source that could be handed out.

    What it does: refuses to eject a run whose model was given as an object that cannot be built again from a file.
    Why: the project would not contain the code of the model.
    Example: `plainloop.train(X, y, model=MyNet(hidden=64))` with MyNet defined in a notebook
    Fix: put the class into a file and name it.
    """

    path: str
    reason: str
    how: str = "put the class into a file of its own and train with --model mynet.py:MyNet"

    def __post_init__(self) -> None:
        self.what = f"The run {self.path} cannot do this: {self.reason}."
        self.expected = "A model that is built from a file: one of plainloop's, or FILE.py:CLASS."
        self.fix = self.how

    @classmethod
    def example(cls) -> CannotEject:
        return cls("runs/data-1", "its model was given as an object whose arguments are not known")


@dataclass(eq=False)
class ExportFailed(PlainloopError):
    """The exported file did not give the scores of the model, or could not be made.

    What it does: refuses to hand out an export that was not seen to work.
    Why: a wrong export is found late, in production.
    Example: `plainloop export runs/houses-1 --format onnx` without the package onnx
    Fix: as the message says.
    """

    form: str
    reason: str
    how: str

    def __post_init__(self) -> None:
        self.what = f"The export as {self.form} failed: {self.reason}."
        self.expected = "A file that loads without plainloop and gives the model's scores."
        self.fix = self.how

    @classmethod
    def example(cls) -> ExportFailed:
        return cls("onnx", "the package onnxscript is not installed", 'pip install "plainloop[export]"')


@dataclass(eq=False)
class CodeChanged(PlainloopError):
    """A file in the run's plain/ is not the one that ran.

    What it does: refuses to hand out, or to run, code whose SHA-256 is not the one that run.toml holds.
    Why: the project would train other weights than the run, and say that it is the same; the model would give other answers.
    Example: `plainloop eject runs/houses-1 my_project` after an edit of runs/houses-1/plain/loop.py
    Fix: put the file back; change it in the project instead.
    """

    run: str
    file: str
    wanted: str
    found: str

    def __post_init__(self) -> None:
        state = f"has SHA-256 {self.found[:12]}" if self.found else "is not there"
        self.what = f"{self.run}/plain/{self.file} is not the file that ran: it {state}."
        self.expected = f"Expected SHA-256 {self.wanted[:12]}, as run.toml says under [code]."
        self.why = "Other code would train other weights than this run, and its model would give other answers."
        self.fix = f"put the file back as it was, then change it in the project: plainloop eject {quoted(self.run)} FOLDER"

    @classmethod
    def example(cls) -> CodeChanged:
        return cls("runs/houses-1", "loop.py", "9f86d081884c7d65", "60303ae22b998861")


@dataclass(eq=False)
class UnknownFormat(PlainloopError):
    """A format that a model cannot be exported to.

    What it does: refuses a value of `--format` that is none of onnx, pt2 and state_dict.
    Why: there is no such export.
    Example: `plainloop export runs/houses-1 --format onxx`
    Fix: the nearest format.
    """

    form: str
    formats: list[str]
    run: str

    def __post_init__(self) -> None:
        near = nearest(self.form, self.formats)
        self.what = f"There is no export format {shorten(self.form)}."
        self.expected = f"Expected one of {', '.join(self.formats)}." + (f" Did you mean {near[0]}?" if near else "")
        self.fix = f"plainloop export {quoted(self.run)} --format {(near or self.formats)[0]}"

    @classmethod
    def example(cls) -> UnknownFormat:
        return cls("onxx", ["onnx", "pt2", "state_dict"], "runs/houses-1")


@dataclass(eq=False)
class WeightsDiffer(PlainloopError):
    """The ejected project did not train the weights of its run.

    What it does: ends `plainloop demo` as failed when the ejected project gives other weights, or none.
    Why: equal weights are what the demo is there to show.
    Example: `plainloop demo` with a torch whose kernels are not deterministic
    Fix: run the project by itself and read what it says.
    """

    project: str
    wanted: str
    found: str
    exit_code = 4

    def __post_init__(self) -> None:
        self.what = f"The project {self.project} gave " + (
            f"weights of SHA-256 {self.found[:12]}." if self.found else "no weights."
        )
        self.expected = f"Expected the weights of the run it was ejected from, SHA-256 {self.wanted[:12]}."
        self.why = "On one machine, with one torch, the same code and data must give the same bits."
        self.fix = f"see what the project says by itself: cd {quoted(self.project)} && python -m plain run.toml"

    @classmethod
    def example(cls) -> WeightsDiffer:
        return cls("demo/project", "9f86d081884c7d65", "60303ae22b998861")


@dataclass(eq=False)
class StoppedRun(PlainloopError):
    """Training was stopped by a signal.

    What it does: ends the command after the step under way and its checkpoint, with exit code 130 or 143.
    Why: Ctrl-C, or the system, asked for it.
    Example: Ctrl-C during `plainloop train houses.csv --target price`
    Fix: resume it.
    """

    code: int
    path: str
    model_given: bool = False

    def __post_init__(self) -> None:
        self.exit_code = self.code
        self.what = f"Stopped by signal {self.code - 128}; everything so far is saved in {self.path}."
        self.expected = "Expected to train to the end."
        self.fix = f"plainloop resume {quoted(self.path)}"
        if self.model_given:  # as an object, which cannot be built again
            self.fix = "call plainloop.train with the model once more"

    @classmethod
    def example(cls) -> StoppedRun:
        return cls(130, "runs/houses-1")
