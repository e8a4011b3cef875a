"""Every user-facing error and warning, as small dataclasses: the mechanism, the list of all, and the problems of the shell.

A problem has four parts: `what` happened and where, with the received value; what was `expected`; `why` it matters, where
that is not obvious; and a `fix` that can be pasted. Errors are `PlainloopError`s and end the command; a `Notice` is printed
and the work goes on. Each class documents itself under What it does, Why, Example and Fix, and makes a realistic `example()`.
"""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from .plain.faults import Fault

PlainloopError = Fault
# The command line under way, so that a fix repeats the options that were given; empty in Python.
TYPED: list[str] = [""]
REPEATED = ("--set", "--space")  # options that can be given several times, each NAME=VALUE
LIKE_TRAIN = ("retrain", "lr-find", "lr-sweep", "tune")  # commands that take settings as `train` does

# Where the classes live: each part of the program keeps its problems next to the code that meets them.
MODULES = (
    "plainloop.plain.readers.table_faults",
    "plainloop.understand.file_problems",
    "plainloop.understand.file_notices",
    "plainloop.understand.column_problems",
    "plainloop.understand.target_problems",
    "plainloop.understand.tag_problems",
    "plainloop.understand.quality_problems",
    "plainloop.plain.readers.image_faults",
    "plainloop.understand.image_problems",
    "plainloop.understand.text_problems",
    "plainloop.understand.path_problems",
    "plainloop.plain.readers.series_faults",
    "plainloop.understand.series_problems",
    "plainloop.understand.series_notices",
    "plainloop.understand.series_look",
    "plainloop.understand.sequence_problems",
    "plainloop.understand.pair_problems",
    "plainloop.plain.readers.lines",
    "plainloop.understand.setting_problems",
    "plainloop.understand.check_problems_data",
    "plainloop.understand.check_problems_rows",
    "plainloop.understand.check_problems_model",
    "plainloop.understand.check_problems_training",
    "plainloop.understand.check_problems_wiring",
    "plainloop.run_problems",
    "plainloop.adjust.adjust_problems",
    "plainloop.judge.metric_problems",
    "plainloop.use_problems",
    "plainloop.use_series_problems",
    "plainloop.plain.models.pretrained_faults",
    "plainloop.plain.loop",
    "plainloop.plain.run",
    "plainloop.plain.split",
    "plainloop.plain.checkpoint",
)


class Notice:
    """Something the user should know and that does not stop the work; the same four parts as an error."""

    kind = "warning"  # or "repair": the data is read differently from how it stands in the file
    what = ""
    expected = ""
    why = ""
    fix = ""
    details: tuple[str, ...] = ()  # everything that `what` gives examples of, a line each; inspect shows it

    def __str__(self) -> str:
        lines = [self.what, self.expected, self.why, f"Fix: {self.fix}" if self.fix else ""]
        return "\n".join(line for line in lines if line)


def all_problems() -> list[type[Fault] | type[Notice]]:
    """Every documented problem class, errors and notices, by name."""
    found: dict[str, type[Fault] | type[Notice]] = {}
    for name in MODULES:
        module = importlib.import_module(name)
        for item in vars(module).values():
            own = isinstance(item, type) and issubclass(item, (Fault, Notice)) and item.__module__ == name
            if own and hasattr(item, "example"):
                found[item.__name__] = item
    return [found[name] for name in sorted(found)]


def quoted(word: str) -> str:
    """A word as one argument of a command line, quoted where it must be.

    >>> quoted("n/a,-"), quoted("price"), quoted("sale price")
    ('n/a,-', 'price', '"sale price"')
    """
    if re.fullmatch(r"[\w./,:=+%-]+", word):
        return word
    return shlex.quote(word) if re.search(r'["$`\\!]', word) else f'"{word}"'


def command(verb: str, data: str, target: list[str], *options: str, without: str = "") -> str:
    """A plainloop command line to paste; `options` are words that are quoted here.

    without: a setting, or an option with its --, that was typed and is left out.

    >>> command("train", "houses.csv", ["price"], "--missing", "n/a,-")
    'plainloop train houses.csv --target price --missing n/a,-'
    """
    words = [data, *(["--target", ",".join(target)] if target else []), *options]
    if verb == "train" and TYPED[0] in LIKE_TRAIN:
        verb = TYPED[0]
    if data in TYPED[1:]:
        named = TYPED[TYPED.index("--target") + 1] if "--target" in TYPED[:-1] else ""
        if target and Path(named).is_file():  # the target was a file: its column has a name that is no option's value
            words[2] = named
        if TYPED[0] == verb or (TYPED[0], verb) == ("inspect", "train"):  # train has all options of inspect
            option = without.startswith("--") and without in TYPED[:-1]
            place = TYPED.index(without) + 1 if option else typed_setting(without)
            typed = [word for i, word in enumerate(TYPED) if i and not (place and i in (place - 1, place))]
            words = with_options([word for word in typed if TYPED[0] == verb or word != "--json"], list(words[1:]))
        if TYPED[0] == "inspect" and verb == "train" and "--target" not in words and not target:  # nothing is to be trained yet
            verb = "inspect"
    return " ".join(["plainloop", verb, *(quoted(word) for word in words)])


def again(name: str, good: str, *without: str) -> str:
    """The fix for an option: the command that was typed with another value for it; in Python the argument.

    without: options of what was typed that are left out.

    >>> again("folds", "5")
    'folds=5'
    """
    if not TYPED[0]:
        return f"{name}={good}"
    words = TYPED[1:]
    for option in without:
        place = words.index(option) if option in words else len(words)
        words = words[:place] + words[place + 2 :]
    words = with_options(words, [f"--{name.replace('_', '-')}", good])
    return " ".join(["plainloop", TYPED[0], *(quoted(word) for word in words)])


def typed_line(without: Iterable[str] = ()) -> str:
    """The command that was typed, without some of its settings (names without their section); empty in Python."""
    left_out = [i for name in without for said in (name, f"model.{name}") if (i := typed_setting(said))]
    words = [word for i, word in enumerate(TYPED) if not {i, i + 1} & set(left_out)]
    return " ".join(["plainloop", *(quoted(word) for word in words)]) if TYPED[0] else ""


def typed_with(old: str, new: str) -> str:
    """The command that was typed, with another word in the place of one; "" in Python, or where that word was not typed."""
    if not TYPED[0] or old not in TYPED[1:]:
        return ""
    return " ".join(["plainloop", TYPED[0], *(quoted(new if word == old else word) for word in TYPED[1:])])


def reading() -> str:
    """The command that reads the file again with an option more: the one that was typed, where it is one that trains."""
    return "train" if TYPED[0] in ("train", *LIKE_TRAIN) else "inspect"


def trying() -> str:
    """The command that tries the data again with an option more: `inspect` where that was typed, else one that trains."""
    return "inspect" if TYPED[0] == "inspect" else "train"


def typed_setting(name: str) -> int:
    """The place in what was typed of the NAME=VALUE behind a `--set`; 0 where there is none."""
    places = [i for i, word in enumerate(TYPED) if i and TYPED[i - 1] == "--set" and word.partition("=")[0] == name]
    return places[-1] if places else 0


def with_options(typed: list[str], wanted: list[str]) -> list[str]:
    """The words of a command line with other options: one that is there gets its new value, the others are added.

    >>> with_options(["a.csv", "--target", "y", "--seed", "1"], ["--target", "z", "--no-header"])
    ['a.csv', '--target', 'z', '--seed', '1', '--no-header']
    """
    while wanted:
        option, value = wanted[0], [word for word in wanted[1:2] if not word.startswith("--")]
        wanted = wanted[1 + len(value) :]
        if option in REPEATED and value:  # the same setting with another value takes the place of the old one
            key = value[0].partition("=")[0].rpartition(".")[2]
            old = [
                i for i, word in enumerate(typed) if word == option and typed[i + 1].partition("=")[0].rpartition(".")[2] == key
            ]
            typed = [word for i, word in enumerate(typed) if i not in old and i - 1 not in old]
        if option in typed and value and option not in REPEATED:
            typed[typed.index(option) + 1] = value[0]
        elif option not in typed or option in REPEATED:
            typed += [option, *value]
    return typed


def nearest(word: str, known: list[str]) -> list[str]:
    """Up to three of the known words that the user may have meant, ignoring case."""
    lower = {name.lower(): name for name in reversed(known)}
    return [lower[match] for match in get_close_matches(word.lower(), list(lower), n=3, cutoff=0.6)]


def meant_model(name: str, models: list[str]) -> str:
    """The model that a word without a model may stand for.

    >>> meant_model("text_lstm", ["text_bag", "text_rnn"]), meant_model("resnet", ["image_convnet", "image_resnet"])
    ('text_rnn', 'image_resnet')
    """
    word = name.lower().replace("lstm", "rnn").replace("gru", "rnn")
    ends = [model for model in models if model.rpartition("_")[2] in word or word in model]
    return next(iter([*ends, *nearest(word, models)]), models[0])


def counted(number: int, what: str) -> str:
    """A number of things in words.

    >>> counted(1, "trial"), counted(1200, "fold")
    ('1 trial', '1,200 folds')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def listed(names: list[str], limit: int = 8) -> str:
    """Names in a message: the first few, and how many more.

    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
