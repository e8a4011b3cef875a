"""The runs of a folder: their headline metrics, the state they are in, and which one came of which."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .plain.checkpoint import StorageFailed
from .run_files import read_toml
from .run_folder import Run, locked
from .run_problems import NoRun, RunBusy, RunNotFinished, RunUnreadable


def all_runs(root: Path) -> list[dict[str, Any]]:
    """The runs in a folder, the newest first, each with its headline metric or the state it is in, and with its parent."""
    found = sorted(root.glob("*/run.toml"), key=lambda path: path.stat().st_mtime, reverse=True)
    listing = []
    for path in found:
        try:
            run = Run(path.parent)
            if run.early:
                raise RunNotFinished(str(path.parent))
            facts = {**run.summary(), "state": "finished"}
        except NoRun:
            continue
        except (RunNotFinished, OSError, KeyError, ValueError):
            if is_search(path.parent):
                continue
            facts = {"run": str(path.parent), "state": state_of(path.parent)}
        listing.append(facts | parent_of(path.parent))
    return listing


def is_search(folder: Path) -> bool:
    """Whether the folder is that of a search, whose run.toml is where its trials begin."""
    try:
        return "search" in read_toml(folder)
    except (NoRun, RunUnreadable):
        return False


def parent_of(folder: Path) -> dict[str, Any]:
    """The parent of a run, as a path seen from here, and the settings that differ from its own; empty where it has none."""
    try:
        lineage = read_toml(folder).get("lineage", {})
    except (NoRun, RunUnreadable):
        lineage = {}
    if "parent" not in lineage:
        return {"parent": "", "changed": {}}
    parent = os.path.normpath(folder / lineage["parent"])
    changed = {name: new for name, (_, new) in lineage["changed"].items()}
    return {"parent": Path(parent).as_posix(), "weights": lineage.get("weights", "scratch"), "changed": changed}


def as_tree(listing: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """The runs of a listing with their depth, each followed by its children; a run whose parent is not listed is a root.

    >>> as_tree([{"run": "b", "parent": "a"}, {"run": "c", "parent": "gone"}, {"run": "a", "parent": ""}])
    [(0, {'run': 'c', 'parent': 'gone'}), (0, {'run': 'a', 'parent': ''}), (1, {'run': 'b', 'parent': 'a'})]
    """
    names = {os.path.normpath(facts["run"]) for facts in listing}
    children: dict[str, list[dict[str, Any]]] = {}
    for facts in listing:
        children.setdefault(facts["parent"] if facts["parent"] in names else "", []).append(facts)
    tree: list[tuple[int, dict[str, Any]]] = []
    waiting = [(0, facts) for facts in reversed(children.get("", []))]
    while waiting:
        depth, facts = waiting.pop()
        tree.append((depth, facts))
        waiting += [(depth + 1, child) for child in reversed(children.pop(os.path.normpath(facts["run"]), []))]
    return tree


def state_of(folder: Path) -> str:
    """training or stopped: whether a process holds the lock."""
    try:
        with locked(folder):
            return "stopped"
    except RunBusy:
        return "training"
    except StorageFailed:  # in a folder that cannot be written nothing trains
        return "stopped"
