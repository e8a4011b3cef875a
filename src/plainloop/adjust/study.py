"""A study: optuna's storage of trials, shared by the processes that search; what a killed one leaves behind is put right."""

from __future__ import annotations

import json
import os
import re
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..plain.checkpoint import write_file
from ..run_folder import locked, make_folder
from ..run_problems import RunBusy
from .adjust_problems import PackageMissing, StudyNotStored

FILE, JOURNAL = "study.json", "study.journal"
GIVEN = "given"  # the name of the time and the trials that a trial was made for
WORKER = "worker"  # folders of the processes that search: each holds the lock of its own
TRIES = 6  # to open a database whose tables another process is making
AS_TRAINED = "as trained"  # on the trial without proposals: whether it has all values of a run without a search
HEARTBEAT = 60  # seconds between two signs of life in a database, where no lock of a folder can tell


def is_study(source: Any) -> bool:
    """Whether a source is the folder of a study."""
    return isinstance(source, (str, Path)) and (Path(source) / FILE).is_file()


def need_optuna() -> Any:
    """optuna, with its log quiet. Raises: PackageMissing."""
    try:
        import optuna
    except ImportError as error:
        raise PackageMissing("plainloop tune", "optuna", "tune") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # its warnings are tracebacks of trials that failed, which are told of
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


class Held:
    """The lock of the journal: the system's own, which goes with the process however it ends.

    optuna's own locks are files, which a killed process leaves behind: the others would wait for it for 30 seconds.
    """

    def __init__(self, journal: Path):
        self.journal = journal

    def acquire(self) -> bool:
        self.file = open(f"{self.journal}.lock", "a", encoding="utf-8")  # noqa: SIM115 - closed by release
        with suppress(ImportError):  # Windows has no lockf: one process a study
            import fcntl

            fcntl.lockf(self.file, fcntl.LOCK_EX)
        mend(self.journal)
        return True

    def release(self) -> None:
        self.file.close()


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Keeps other processes of the study from writing, for what all of them write: two at once would take each other's file."""
    lock = Held(place / JOURNAL)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def mend(journal: Path) -> None:
    """Cuts off a last line that a killed process has not finished; the next one would be glued to it. Nobody else is writing."""
    with suppress(FileNotFoundError), open(journal, "rb+") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        if file.read(1) not in (b"", b"\n"):
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


def storage_of(place: Path, url: str) -> Any:
    """The journal file in the folder, or the database that the URL names."""
    need_optuna()
    if url:
        return database(url)
    from optuna.storages.journal import JournalFileBackend, JournalStorage

    lock: Any = Held(place / JOURNAL)
    return JournalStorage(JournalFileBackend(str(place / JOURNAL), lock_obj=lock))


def database(url: str) -> Any:
    """optuna's storage in a database. Raises: StudyNotStored."""
    storages = need_optuna().storages
    again = storages.RetryHeartbeatStaleTrialCallback(max_retry=3)
    for left in reversed(range(TRIES)):
        try:
            return storages.RDBStorage(url, heartbeat_interval=HEARTBEAT, heartbeat_stale_trial_callback=again)
        except Exception as error:
            if not isinstance(error, ImportError) and not type(error).__module__.startswith("sqlalchemy"):
                raise
            both = "already exists" in str(error) or "UNIQUE" in str(error).upper()
            if not (both and left):  # else another process was making the same tables at this moment
                reason = str(error.__cause__ or error).splitlines()[0]
                raise StudyNotStored(hidden(url), reason) from error
            time.sleep(0.5)
    raise AssertionError


def hidden(url: str) -> str:
    """A URL without its password.

    >>> hidden("postgresql://me:secret@host/db")
    'postgresql://me:...@host/db'
    """
    return re.sub(r"(://[^:/@]*:)[^@]*@", r"\1...@", url)


def anywhere(url: str) -> str:
    """A URL that means the same file from every folder.

    >>> anywhere("sqlite:////data/x.db"), anywhere("sqlite:///x.db").endswith("/x.db")
    ('sqlite:////data/x.db', True)
    """
    scheme, name = url[:10], url[10:]
    return f"{scheme}{os.path.abspath(name)}" if scheme == "sqlite:///" and name and name != ":memory:" else url


def write_facts(place: Path, facts: dict[str, Any]) -> None:
    write_file(place / FILE, json.dumps(facts, indent=1) + "\n")


def read_facts(place: Path) -> dict[str, Any]:
    return json.loads((place / FILE).read_text(encoding="utf-8"))


@contextmanager
def working(place: Path) -> Iterator[int]:
    """A place among the processes of a study, as long as this one searches: its number."""
    with ExitStack() as held:
        number = 0
        while True:
            home = place / f"{WORKER}-{number}"
            make_folder(home, exist_ok=True)
            try:
                held.enter_context(locked(home))
                break
            except RunBusy:
                number += 1
        yield number


def is_at_work(place: Path, number: int) -> bool:
    home = place / f"{WORKER}-{number}"
    if not home.is_dir():
        return False
    try:
        with locked(home):
            return False
    except RunBusy:
        return True


def others(place: Path, own: int) -> list[int]:
    """The numbers of the other processes that search."""
    numbers = [int(home.name.rpartition("-")[2]) for home in place.glob(f"{WORKER}-*")]
    return [number for number in numbers if number != own and is_at_work(place, number)]


def signed_by(home: str, number: int) -> str:
    """What a process writes on its trials: the folder that it works in and its number there."""
    return f"{home}:{number}"


def abandoned(trial: Any, place: Path, own: int, home: str, alone_in_storage: bool) -> bool:
    """Whether a running trial was left behind by a process of this folder; those of other machines the heartbeat tells."""
    sign = str(trial.user_attrs.get(WORKER, ""))
    if not sign:  # its process was killed before it wrote anything on it, if there is none but us to do so
        return alone_in_storage and not others(place, own)
    folder, _, number = sign.rpartition(":")
    return folder == home and number.isdigit() and (int(number) == own or not is_at_work(place, int(number)))


def give_back(study: Any, place: Path, own: int, facts: dict[str, Any]) -> int:
    """Trials that a killed process was at are failed, and their settings wait to be tried again; how many there were."""
    state, home = need_optuna().trial.TrialState, facts.get("home", "")
    try:
        with locked(place):  # one process at a time
            running = study.get_trials(deepcopy=False, states=(state.RUNNING,))
            left = [trial for trial in running if abandoned(trial, place, own, home, not facts["storage"])]
            for trial in left:
                study.tell(trial.number, state=state.FAIL)
                try_again(study, trial)
            return len(left)
    except RunBusy:
        return 0


def try_again(study: Any, trial: Any) -> None:
    """Puts the settings of a trial that was cut off at the head of the queue; its checkpoints are those of the new one."""
    settings = trial.params or trial.system_attrs.get("fixed_params", {})
    kept = {name: value for name, value in trial.user_attrs.items() if name == AS_TRAINED}
    if settings:
        study.enqueue_trial(settings, user_attrs={"again": trial.number, **kept})


def give(study: Any, minutes: float | None, trials: int | None) -> str:
    """Writes down what a process was given for its search, which is what one that goes on takes the rest of; its name."""
    name = uuid4().hex[:8]
    study.set_user_attr(GIVEN, [name, minutes, trials])
    return name


def given_last(study: Any) -> tuple[str, float | None, int | None]:
    """The name of what the study was given last, its minutes and its trials."""
    name, minutes, trials = study.user_attrs.get(GIVEN, ("", None, None))
    return name, minutes, trials


def used(study: Any, given: str) -> tuple[float, int]:
    """Seconds in which some process was at a trial for what was given, and these trials; one that is tried again counts once."""
    known = study.get_trials(deepcopy=False)
    cut = {trial.user_attrs["again"] for trial in known if "again" in trial.user_attrs}
    trials = [trial for trial in known if trial.datetime_start is not None and trial.user_attrs.get(GIVEN) == given]
    seconds, end = 0.0, 0.0
    for trial in sorted(trials, key=lambda trial: trial.datetime_start):
        begun = trial.datetime_start.timestamp()
        took = datetime.now().timestamp() - begun if trial.state.name == "RUNNING" else trial.user_attrs.get("seconds", 0.0)
        seconds += max(0.0, begun + took - max(begun, end))
        end = max(end, begun + took)
    return seconds, sum(trial.number not in cut for trial in trials)
