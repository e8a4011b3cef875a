"""report.html: one page that needs nothing else, from what `judge` computed. Its look is in report.jinja.

The facts it shows come from here.
"""

from __future__ import annotations

import base64
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from ..plain.checkpoint import write_file
from ..plain.config import Augmentation, Column, to_dict
from ..plain.faults import shorten
from ..plain.table import Sequences, Windows, Words, is_missing
from . import plots
from .contact_sheet import CARD_SIDE, Card, Sheet
from .errors import Error, file_name
from .pictures import Picture
from .scored import Scored
from .split_words import split_words
from .text_errors import Told
from .wording import LOWER_IS_BETTER, interval, number, rows, title

MOST_BYTES = 1_000_000
MOST_COLUMNS = 200  # of the table; wider ones are cut, and the page says so
MOST_CLASSES = 100
MOST_CELLS = 12  # cells shown of a worst error
MEANINGS = {
    "run.toml": "every setting, with the reason for its value",
    "plain": "the code that ran",
    "prepared.json": "vocabularies, scales, labels",
    "split.json": "row numbers of each split",
    "weights.safetensors": "the weights that were kept",
    "checkpoints": "what resume and retrain go on from",
    "history.csv": "one line per epoch",
    "metrics.json": "every number of this page",
    "predictions.csv": "the prediction for each scored row",
    "pictures": "the pictures of this page as PNG",
    "report.html": "this page",
}


def write_page(path: Path, **facts: Any) -> None:
    """Writes the page; pictures that would make it larger than 1 MB are left to the pictures folder.

    Raises: StorageFailed.
    """
    write_file(path, page(**facts))


def page(
    *,
    outcome: Any,
    judged: Mapping[str, Any],
    folder: Path,
    pictures: Sequence[Picture],
    sheets: Mapping[str, Sheet],
    counts: Mapping[str, np.ndarray],
    errors: Sequence[Error],
    notices: Sequence[Any],
    reasons: Mapping[str, str],
    scored: Scored,
    texts: Mapping[int, Sequence[Told]] | None = None,
) -> str:
    """The page as text."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(
        number=number, interval=interval, title=title, rows=rows, short=lambda text, limit=40: shorten(text, limit)[1:-1]
    )
    template = environment.from_string(Path(__file__).with_name("report.jinja").read_text(encoding="utf-8"))
    config = outcome.config
    images, room = _images(pictures)
    return template.render(
        judged=judged,
        name=Path(folder).name,
        target=", ".join(column.name for column in config.targets),
        kind=scored.kind,
        keep=config.train.keep,
        images=images,
        sheets=_sheets(sheets, room),
        metrics=_metrics(judged),
        files=_files(Path(folder)),
        code=_code(Path(folder)),
        data=_data(outcome),
        columns=_columns(outcome, reasons),
        left_out_columns=max(0, len(config.columns) - MOST_COLUMNS),
        counts=_counts(counts, scored.labels, {part: len(numbers) for part, numbers in outcome.split.items()}),
        left_out_classes=max(0, len(scored.labels) - MOST_CLASSES),
        errors=errors,
        texts=texts or {},
        shown_cells=_shown(judged, config.inputs, bool(texts)),
        notices=notices,
        settings=_settings(config, reasons),
        timing=_timing(outcome, judged),
        versions=_versions(),
        parameters=sum(parameter.numel() for parameter in outcome.model.parameters()),
        most_classes=MOST_CLASSES,
        most_in_matrix=plots.MOST_CLASSES,
    )


def _images(pictures: Sequence[Picture]) -> tuple[dict[str, list[dict[str, Any]]], int]:
    """Pictures by section, each with its width (half its pixels: they are drawn for dense screens) and a data address.

    Also the bytes that are left for others.
    """
    sections: dict[str, list[dict[str, Any]]] = {}
    room = int(MOST_BYTES * 0.85)
    for picture in pictures:
        address = "data:image/png;base64," + base64.b64encode(picture.png).decode("ascii")
        room -= len(address)
        width, height = (int.from_bytes(picture.png[start : start + 4], "big") for start in (16, 20))  # the PNG header
        entry = {
            "name": picture.name,
            "alt": picture.alt,
            "address": address if room > 0 else "",
            "width": int(width / 1.4),
            "height": int(height / 1.4),
        }
        sections.setdefault(picture.section, []).append(entry)
    return sections, max(0, room)


def _sheets(sheets: Mapping[str, Sheet], room: int) -> dict[str, dict[str, Any]]:
    """The cards of each sheet with a data address; where the room ends, the rest are in the pictures folder alone."""
    made = {name: [_card(card) for card in sheet.cards] for name, sheet in sheets.items()}
    sizes = {name: [len(card["address"]) + 500 for card in cards] for name, cards in made.items()}  # with words and tags
    found = {}
    for place, name in enumerate(sorted(made, key=lambda name: sum(sizes[name]))):  # what a small sheet leaves goes to the others
        share = room // (len(made) - place)
        cards = [card for card, used in zip(made[name], np.cumsum(sizes[name]), strict=True) if used <= share]
        room -= sum(sizes[name][: len(cards)])
        sheet = sheets[name]
        found[name] = {
            "title": sheet.title,
            "note": sheet.note,
            "cards": cards,
            "left_out": len(sheet.cards) - len(cards),
            "high": CARD_SIDE,
        }
    return found


def _card(card: Card) -> dict[str, Any]:
    data, kind = card.small()
    high, wide = card.pixels.shape[:2]
    return {
        "address": f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}",
        "lines": card.lines,
        "alt": card.alt,
        "width": max(1, round(CARD_SIDE * wide / high)),
        "coarse": high < CARD_SIDE // 2,
    }


def _metrics(judged: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One line per metric: the net, on the validation rows too, and its opponents."""
    part, lines = judged["scored"], []
    for name, entry in judged[part].items():
        opponents = [one.get(name) for one in judged["baselines"].values()]
        values = [one["value"] for one in [entry, *opponents] if one and one["value"] is not None]
        if not values:  # not defined on these rows
            continue
        best = (min if name in LOWER_IS_BETTER else max)(values)
        shown = [number(value, name) for value in values]  # equal as shown: nobody is ahead
        lines.append(
            {
                "name": name,
                "better": "lower" if name in LOWER_IS_BETTER else "higher",
                "net": entry,
                "validation": judged["validation"].get(name) if part == "test" else None,
                "opponents": opponents,
                "best": entry["value"] is not None and entry["value"] == best and shown.count(number(best, name)) == 1,
            }
        )
    return lines


def _data(outcome: Any) -> list[tuple[str, str]]:
    source = outcome.config.source
    lines = [
        ("data", ", ".join(source.data)),
        ("validation file", ", ".join(source.validation)),
        ("test file", ", ".join(source.test)),
        ("format", source.format),
        ("SHA-256", source.sha256),
    ]
    return [(name, value) for name, value in [*lines, ("split", split_words(outcome))] if value]


def _columns(outcome: Any, reasons: Mapping[str, str]) -> list[dict[str, str]]:
    table, train = outcome.table, outcome.split["train"]
    found = []
    for column in outcome.config.columns[:MOST_COLUMNS]:
        if column.name not in table.columns:  # it told which series a row is of, and in which order
            continue
        cells = table[column.name][train]
        missing = float(np.mean(is_missing(cells))) if len(train) else 0.0
        found.append(
            {
                "name": column.name,
                "type": column.type,
                "role": column.role,
                "missing": f"{missing:.1%}" if missing else "0",
                "values": _values(cells, column),
                "reason": reasons.get(f"columns.{column.name}", ""),
            }
        )
    return found


def _values(cells: Any, column: Column) -> str:
    """What the train rows hold, in a few words."""
    if column.type == "image":
        known = np.flatnonzero(~is_missing(cells))
        named = f", the first {file_name(cells, int(known[0]), folders=1)}" if len(known) else ""
        size = f" of {column.size[1]} x {column.size[0]} {column.mode}" if column.size else ""
        return f"{len(known):,} pictures{size}{named}"
    if isinstance(cells, Windows):
        cells = cells.steps[cells.used()]
    if isinstance(cells, Sequences):
        least, most = int(cells.lengths.min()), int(cells.lengths.max())
        return f"{len(cells):,} series of {least:,}{f' to {most:,}' if most > least else ''} steps"
    if isinstance(cells, Words):
        counts = np.bincount(cells.codes[cells.codes >= 0], minlength=len(cells.words))
        common = [shorten(cells.words[i], 16)[1:-1] for i in np.argsort(-counts, kind="stable")[:3] if counts[i]]
        kind = "texts" if column.type == "text" else "words"
        return f"{int((counts > 0).sum()):,} {kind}: {', '.join(common)}{', ...' if (counts > 0).sum() > 3 else ''}"
    known = cells[np.isfinite(cells)]
    if not len(known):
        return "none"
    if column.type == "boolean":
        return f"{known.mean():.1%} yes"
    if column.type in ("datetime", "calendar"):
        first, last = (str(np.datetime64(int(value), "s"))[:10] for value in (known.min(), known.max()))
        return f"{first} to {last}"
    return f"{known.min():.5g} to {known.max():.5g}, median {np.median(known):.5g}"


def _counts(counts: Mapping[str, np.ndarray], labels: Sequence[str], totals: Mapping[str, int]) -> dict[str, Any]:
    if not counts:
        return {}
    order = np.argsort(-next(iter(counts.values())), kind="stable")[:MOST_CLASSES].tolist()
    return {
        "parts": list(counts),
        "lines": [(labels[i], [(int(count[i]), count[i] / totals[part]) for part, count in counts.items()]) for i in order],
    }


def _shown(judged: Mapping[str, Any], inputs: Sequence[Column], with_texts: bool) -> list[str]:
    """The columns whose cells are shown with the worst errors: the most important ones; texts may stand there already."""
    ranked = list(judged.get("importance", {}).get("columns", {})) or [column.name for column in inputs]
    texts = {column.name for column in inputs if column.type == "text"} if with_texts else set()
    return [name for name in ranked if name not in texts][:MOST_CELLS]


def _settings(config: Any, reasons: Mapping[str, str]) -> list[tuple[str, list[tuple[str, str, str]]]]:
    tables = []
    values = to_dict(config)
    tables_shown = ["task", "split", "model", "train", "machine"]
    if config.augment != Augmentation():
        tables_shown.insert(4, "augment")
    if config.task.name == "Sequence":
        tables_shown[4:4] = ["text", "sequence"]
    for table in tables_shown:
        flat = dict(values[table])
        flat |= {f"settings.{key}": value for key, value in flat.pop("settings", {}).items()}
        tables.append(
            (
                table,
                [(name, str(value) if value != "" else "-", reasons.get(f"{table}.{name}", "")) for name, value in flat.items()],
            )
        )
    return tables


def _files(folder: Path) -> list[tuple[str, str]]:
    present = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    present |= {"metrics.json", "report.html", "pictures"}
    return [(name, meaning) for name, meaning in MEANINGS.items() if name in present]


def _code(folder: Path) -> dict[str, Any]:
    """The files of plain/ with their line counts, and the text of the loop: the run's own copies where it has them."""
    home = folder / "plain" if (folder / "plain").is_dir() else Path(__file__).parents[1] / "plain"
    paths = sorted(path for path in home.rglob("*.py") if path.stat().st_size)
    files = [(path.relative_to(home.parent).as_posix(), len(path.read_text(encoding="utf-8").splitlines())) for path in paths]
    loop = home / "loop.py"
    return {"files": files, "loop": loop.read_text(encoding="utf-8") if loop.exists() else ""}


def _timing(outcome: Any, judged: Mapping[str, Any]) -> list[tuple[str, str]]:
    epochs = [value for value in outcome.history.get("seconds", []) if value is not None]
    speed = [value for value in outcome.history.get("rows_per_second", []) if value is not None]
    lines = [("whole run", f"{judged['seconds']:g} s"), ("judging", f"{judged['judge_seconds']:g} s")]
    if epochs:
        lines.append(("an epoch (median)", f"{np.median(epochs):.3g} s"))
    if speed:
        lines.append(("rows per second (median)", f"{np.median(speed):,.0f}"))
    return [*lines, ("epoch kept", f"{judged['best_epoch']} of {judged['epochs']}")]


def _versions() -> list[tuple[str, str]]:
    found = [("Python", platform.python_version())]
    for package in ("plainloop", "torch", "numpy", "scikit-learn", "polars", "matplotlib"):
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:  # plainloop run from its sources
            continue
    return [*found, ("system", f"{platform.system()} {platform.machine()}")]
