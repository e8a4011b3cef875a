"""Problems of options and settings: what cannot be asked for. See problems.py for the form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..plain.faults import shorten
from ..problems import TYPED, Notice, PlainloopError, again, command, listed, meant_model, typed_setting

PAIR = "written NAME=VALUE"


@dataclass(eq=False)
class UnknownOption(PlainloopError):
    """A keyword argument or option that does not exist.

    What it does: refuses a name that `train` or `inspect` does not know.
    Why: a misspelt option would silently have no effect.
    Example: `plainloop.train("houses.csv", target="price", epoch=10)`
    Fix: use the name that is suggested.
    """

    name: str
    near: list[str]
    form: str = "one of the options of this command"
    value: Any = None
    verb: str = "train"

    def __post_init__(self) -> None:
        self.what = f"Unknown option: {shorten(self.name)}."
        self.expected = f"Expected {self.form}." + (f" Did you mean {' or '.join(self.near)}?" if self.near else "")
        value = repr(self.value) if isinstance(self.value, (int, float, str)) else "..."
        self.fix = f"plainloop {TYPED[0] or self.verb} --help"
        if self.form == PAIR:
            self.what = f"{shorten(self.name)} has no value."
        elif self.near:
            self.fix = f"{self.near[0]}={value}"
        elif self.value is not None and self.verb == "train":
            self.why = "Settings of a model, and the rarer ones of training, are given together."
            self.fix = f'set={{"{self.name}": {value}}}'

    @classmethod
    def example(cls) -> UnknownOption:
        return cls("epoch", ["epochs"], value=10)


@dataclass(eq=False)
class UnknownSetting(PlainloopError):
    """A setting that neither the run nor its model has.

    What it does: refuses a name given with `--set` that no part of the run knows.
    Why: a misspelt setting would silently have no effect.
    Example: `plainloop train houses.csv --target price --set learnig_rate=0.01`
    Fix: use the name that is suggested.
    """

    name: str
    near: list[str]
    model: str
    data: str = "data.csv"
    target: list[str] = field(default_factory=list)
    owners: tuple[str, ...] = ()  # other models of the same inputs, that have it
    good: str = ""  # a value for the setting that is suggested

    def __post_init__(self) -> None:
        self.what = f"Unknown setting {shorten(self.name)}."
        near = f": {listed(self.near, 12)}" if self.near else ""
        self.expected = f"Expected a setting of the run or of the model {self.model}{near}."
        best = self.near[0] if self.near else "epochs"
        value = TYPED[place].partition("=")[2] if (place := typed_setting(self.name)) else "..."
        suggested = self.good if self.near and self.good else value
        self.fix = command("train", self.data, self.target, "--set", f"{best}={suggested}", without=self.name)
        if self.owners:
            self.why = f"It is a setting of {listed(list(self.owners))}."
            self.fix = command("train", self.data, self.target, "--model", self.owners[0], "--set", f"{self.name}={value}")

    @classmethod
    def example(cls) -> UnknownSetting:
        return cls("learnig_rate", ["learning_rate"], "table_mlp", "houses.csv", ["price"])


@dataclass(eq=False)
class ModelOfOtherInputs(PlainloopError):
    """A model that reads nothing of what the inputs are.

    What it does: refuses a model of pictures for texts, one of tables for pictures, and so on.
    Why: it would have nothing to read.
    Example: `plainloop train reviews.csv --target stars --model image_convnet`
    Fix: a model of these inputs, or no --model.
    """

    model: str
    takes: str
    parts: list[str]  # what the inputs are
    fitting: list[str]
    data: str
    target: list[str]

    def __post_init__(self) -> None:
        names = {"table": "numbers and words of a table", "image": "pictures", "text": "texts", "series": "series"}
        inputs = " and ".join(names.get(part, part) for part in self.parts)
        self.what = f"The model {self.model} reads {names[self.takes]}; the inputs of {self.data} are {inputs}."
        self.expected = f"Expected one of: {', '.join(self.fitting)}."
        self.fix = command("train", self.data, self.target, "--model", self.fitting[0])

    @classmethod
    def example(cls) -> ModelOfOtherInputs:
        return cls("image_convnet", "image", ["text"], ["text_bag", "text_cnn"], "reviews.csv", ["stars"])


@dataclass(eq=False)
class BadSetting(PlainloopError):
    """A setting with a value outside of what it can be.

    What it does: refuses a value of the wrong type, outside its bounds, or not among its choices.
    Why: training on it would fail late, or give a model that learned nothing.
    Example: `plainloop train houses.csv --target price --learning-rate 0`
    Fix: a value within the bounds that are named.
    """

    name: str
    value: Any
    wanted: str
    good: str
    data: str = "data.csv"
    target: list[str] = field(default_factory=list)
    how: str = ""  # the fix, where it is no command

    def __post_init__(self) -> None:
        self.what = f"The setting {self.name} cannot be {shorten(self.value)}."
        self.expected = f"Expected {self.wanted}."
        option = f"--{self.name.rpartition('.')[2].replace('_', '-')}"
        other = (option, self.good) if option in TYPED else ("--set", f"{self.name}={self.good}")
        self.fix = self.how or command("train", self.data, self.target, *other)

    @classmethod
    def example(cls) -> BadSetting:
        return cls("learning_rate", "0", "a number above 0 and at most 100", "0.001", "houses.csv", ["price"])


@dataclass(eq=False)
class UnknownModel(PlainloopError):
    """A model that is neither built in nor a file with a class.

    What it does: refuses a value of `--model` that names no model.
    Why: there is nothing to train.
    Example: `plainloop train houses.csv --target price --model table_mpl`
    Fix: one of the models named, or FILE.py:CLASS.
    """

    name: str
    models: list[str]
    reason: str = ""
    data: str = "data.csv"
    target: list[str] = field(default_factory=list)
    fitting: list[str] = field(default_factory=list)  # those that the inputs and the task can have, where these are known

    def __post_init__(self) -> None:
        self.what = f"There is no model {shorten(self.name)}{': ' + self.reason if self.reason else ''}."
        fitting = self.fitting or self.models
        self.expected = f"Expected one of {', '.join(self.models)}, or a class of your own as FILE.py:CLASS."
        if self.fitting:
            self.expected = f"Expected, for this data, one of {', '.join(fitting)}, hf:DIR, or your own as FILE.py:CLASS."
        self.fix = command("train", self.data, self.target, "--model", meant_model(self.name, fitting))

    @classmethod
    def example(cls) -> UnknownModel:
        return cls("table_mpl", ["table_mlp", "table_linear", "table_transformer"], "", "houses.csv", ["price"])


@dataclass(eq=False)
class ModelDoesNotFit(PlainloopError):
    """The model cannot take the inputs, or its scores do not fit the task.

    What it does: runs one batch through the model before training and refuses where that fails.
    Why: torch's own message would come late and speak of matrices, not of your data.
    Example: a module whose last layer has 3 outputs, for a target with 5 classes.
    Fix: the sizes that are named.
    """

    model: str
    got: str
    wanted: str
    how: str

    def __post_init__(self) -> None:
        self.what = f"The model {self.model} does not fit the data: {self.got}."
        self.expected = f"Expected {self.wanted}."
        self.fix = self.how

    @classmethod
    def example(cls) -> ModelDoesNotFit:
        return cls(
            "mynet.py:MyNet",
            "it gave scores of shape (32, 3)",
            "scores of shape (32, 5), one column per class",
            "give its last layer 5 outputs",
        )


@dataclass(eq=False)
class NoDevice(PlainloopError):
    """The device asked for is not there.

    What it does: refuses a device that torch cannot use on this machine.
    Why: training on another one than asked for could take hours longer.
    Example: `plainloop train houses.csv --target price --device cuda` without a GPU
    Fix: `--device auto` takes the best one there is.
    """

    device: str
    there: list[str]
    data: str = "data.csv"
    target: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.what = f"The device {shorten(self.device)} is not there."
        self.expected = f"Expected one of: {', '.join(self.there)}, or auto."
        self.fix = command("train", self.data, self.target, "--device", "auto")
        if typed_setting("device") or typed_setting("machine.device"):  # a --set wins over the option
            self.fix = again("set", f"device={self.there[-1]}")

    @classmethod
    def example(cls) -> NoDevice:
        return cls("cuda", ["cpu"], "houses.csv", ["price"])


@dataclass(eq=False)
class NoTarget(PlainloopError):
    """`train` was called without a target.

    What it does: asks for the column to learn and lists the columns.
    Why: a guess would train the wrong model and look right.
    Example: `plainloop train houses.csv`
    Fix: name the column with `--target`.
    """

    data: str
    columns: list[str]
    likely: str = ""  # the last column that could be one, and is no text

    def __post_init__(self) -> None:
        self.what = f"No target given for {self.data}."
        self.expected = f"Expected the name of the column to learn, one of: {listed(self.columns, 12)}."
        self.fix = command("train", self.data, [self.likely or self.columns[-1]])

    @classmethod
    def example(cls) -> NoTarget:
        return cls("houses.csv", ["area", "city", "price"])


@dataclass(eq=False)
class SettingWithoutEffect(Notice):
    """A setting that changes nothing in this run.

    What it does: says that a setting that was given has no effect here.
    Why: you may think it was tried.
    Example: `--set momentum=0.5` with the optimizer adamw
    Fix: leave it out, or change the setting that it belongs to.
    """

    name: str
    reason: str
    how: str

    def __post_init__(self) -> None:
        self.what = f"The setting {self.name} has no effect: {self.reason}."
        self.expected = "Expected a setting that this run uses."
        self.fix = self.how

    @classmethod
    def example(cls) -> SettingWithoutEffect:
        return cls("momentum", "the optimizer is adamw", "add --set optimizer=sgd, or leave momentum out")


@dataclass(eq=False)
class SplitColumnMissing(PlainloopError):
    """A split by group or by time without the column to split by.

    What it does: refuses `--split time` without `--time` and `--split grouped` without `--group`.
    Why: no column was named that says which rows are late, or belong together.
    Example: `plainloop train sales.csv --target units --split time`
    Fix: name the column.
    """

    kind: str
    data: str
    target: list[str]
    columns: list[str]

    def __post_init__(self) -> None:
        option = "--time" if self.kind == "time" else "--group"
        self.what = f"--split {self.kind} needs the column to split by."
        self.expected = f"Expected {option} with one of the columns: {listed(self.columns, 12)}."
        self.fix = command("train", self.data, self.target, option, next(n for n in self.columns if n not in self.target))

    @classmethod
    def example(cls) -> SplitColumnMissing:
        return cls("time", "sales.csv", ["units"], ["day", "store", "units"])


@dataclass(eq=False)
class SplitBySeveral(PlainloopError):
    """Several columns to split rows by.

    What it does: refuses more than one column of `--time` or `--group` where rows are learned one by one.
    Why: rows are put in order, or together, by one column; several are for a forecast, which `--horizon` asks for.
    Example: `plainloop train air.csv --time year,month,day --target pm2.5`
    Fix: a horizon for a forecast, or one column.
    """

    option: str
    names: list[str]
    data: str
    target: list[str]

    def __post_init__(self) -> None:
        self.what = f"{self.option} names {len(self.names)} columns: {listed(self.names, 12)}; rows are split by one."
        self.expected = "Expected one column, or --horizon for a forecast of the coming steps."
        self.why = "Rows that are learned one by one are put in order, or together, by one column."
        self.fix = command("train", self.data, self.target, self.option, ",".join(self.names), "--horizon", "24")

    @classmethod
    def example(cls) -> SplitBySeveral:
        return cls("--time", ["year", "month", "day"], "air.csv", ["pm2.5"])


@dataclass(eq=False)
class BadCommandLine(PlainloopError):
    """A command line that the command does not understand.

    What it does: refuses an option that does not exist, a missing argument, a value of the wrong kind.
    Why: what was meant cannot be known for certain.
    Example: `plainloop train houses.csv --target price --epoch 10`
    Fix: the command's help lists its options.
    """

    said: str
    command: str

    def __post_init__(self) -> None:
        self.what = self.said
        self.expected = "Expected a command, its arguments and its options."
        self.fix = f"plainloop {self.command} --help".replace("  ", " ")

    @classmethod
    def example(cls) -> BadCommandLine:
        return cls('Unknown option: "--epoch". Did you mean "--epochs"?', "train")


@dataclass(eq=False)
class SplitsConflict(PlainloopError):
    """Options that ask for two different splits.

    What it does: refuses two options that each say how rows are split.
    Why: only one of them could be obeyed, and the other would be dropped without a word.
    Example: `plainloop train sales.csv --target units --group store --time day`
    Fix: keep one of them.
    """

    options: list[str]
    data: str
    target: list[str]

    def __post_init__(self) -> None:
        self.what = f"{' and '.join(self.options)} ask for different splits."
        self.expected = "Expected one of --group, --time and --split."
        self.fix = f"leave out {' or '.join(self.options[1:])}"

    @classmethod
    def example(cls) -> SplitsConflict:
        return cls(["--time", "--group"], "sales.csv", ["units"])


@dataclass(eq=False)
class BadShare(PlainloopError):
    """A share of the rows that is none.

    What it does: refuses `--validation` and `--test` numbers below 0, or of 1 and above.
    Why: no rows would be left to train on.
    Example: `plainloop train houses.csv --target price --test 1.5`
    Fix: a share such as 0.15, or the name of a file.
    """

    value: Any

    def __post_init__(self) -> None:
        self.what = f"--validation or --test cannot be {shorten(self.value)}."
        self.expected = "Expected a file, or a share of the rows of at least 0 and below 1."
        self.fix = "give a share such as 0.15"

    @classmethod
    def example(cls) -> BadShare:
        return cls("1.5")
