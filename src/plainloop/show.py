"""What the terminal shows: plain text, aligned, 80 columns where it can be; user data is never read as markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .judge.wording import number

if TYPE_CHECKING:
    from .understand.seen import Look

MOST_CLASSES = 12
WIDE = 200  # columns; of more, those that are alike are not all shown
ALIKE = 3  # of many alike, these are


class AsText:
    """What a notebook shows of a result: the text of the terminal."""

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def look_text(look: Look, *, columns: bool = True) -> str:
    """What the data is taken for: columns, task, class table, rows per part, notices."""
    schema = look.schema
    used = [column for column in schema.columns if column.role != "ignored"]
    left = [column for column in schema.columns if column.role == "ignored"]
    lines = [
        f"{look.data}: {schema.rows:,} rows, {len(schema.columns)} columns ({look.source.format}"
        + (f", separated by {separator(look.source.delimiter)}" if look.source.format == "csv" else "")
        + ")"
    ]
    if columns:
        table, shown = column_table(schema.columns)
        lines += ["", *aligned(table, right=(3, 4)), *(["all of them: --json"] if len(shown) < len(schema.columns) else []), ""]
        lines += [
            f"  {short(c.name, 24)}: {c.type} - {c.reason}" + (f" (change: {c.override})" if c.override else "")
            for c in used
            if c.name in shown
        ]
        lines += [f"  {short(name, 24)}: {line}" for name, facts in look.texts.items() for line in facts.lines()]
        lines += [f"  {short(name, 24)}: {line}" for name, facts in look.pictures.items() for line in facts.lines()]
    else:
        kinds = {
            kind: sum(c.type == kind for c in used if c.role == "input")
            for kind in dict.fromkeys(c.type for c in used if c.role == "input")
        }
        said = [f"{count} {kind}{' ahead' if kind == 'known' else ''}" for kind, count in kinds.items() if kind != "window"]
        if any(c.type == "window" for c in used):  # a forecast: the target's own past is an input, too
            others = kinds.get("window", 0)
            more = f" and of {others} other column{'s' if others > 1 else ''}" if others else ""
            said.insert(0, f"the past of the target{more}")
        lines.append(f"inputs: {', '.join(said)}" + (f"; left out: {len(left)}" if left else ""))
        lines += [
            f"pictures of {short(name, 24)}: {made.choice()} (change: --image-size, --image-mode)"
            for name, made in look.pictures.items()
        ]
    if schema.task is not None:
        task = schema.task
        lines += ["", f"task: {task.name.lower()} - {task.reason}" + (f" (change: {task.override})" if task.override else "")]
        if look.sequence:
            lines += tokens_lines(look)
        if task.classes:
            total = sum(task.classes.values()) if task.name != "Multilabel" else schema.labelled
            rows = [
                [
                    short(label, 30),
                    f"{count:,}",
                    f"{count / max(1, total):6.1%}",
                    "#" * round(24 * count / max(task.classes.values())),
                ]
                for label, count in list(task.classes.items())[:MOST_CLASSES]
            ]
            lines += aligned(
                [
                    ["  class" if task.name != "Multilabel" else "  label", "rows", "share", ""],
                    *([f"  {name}", *rest] for name, *rest in rows),
                ],
                right=(1, 2),
            )
            if len(task.classes) > MOST_CLASSES:
                lines.append(f"  ... and {len(task.classes) - MOST_CLASSES} more")
        lines.append(
            "rows: "
            + ", ".join(f"{len(rows):,} {part}" for part, rows in look.rows.items())
            + f" ({look.reasons.get('split.kind', '')})"
        )
    if look.series:
        lines += ["", *look.series.text()]
    if look.sheet:
        lines.append(f"contact sheet: {look.sheet}")
    for notice in look.notices:
        lines += ["", notice_text(notice)]
        if columns and len(notice.details) > 1:
            lines += ["  all of them:", *(f"    {short(line, 300)}" for line in notice.details)]
    return "\n".join(lines)


def column_table(columns: Sequence[Any]) -> tuple[list[list[str]], set[str]]:
    """A line per column, and the names of those shown: of many alike in a wide table, the first ones."""
    table, kinds = [["column", "type", "role", "distinct", "missing", "examples"]], dict[tuple[str, str], list[Any]]()
    for c in columns:
        kinds.setdefault((c.type if c.role != "ignored" else "-", c.role), []).append(c)
    many = {kind: some[ALIKE:] if len(columns) > WIDE and len(some) > 2 * ALIKE else [] for kind, some in kinds.items()}
    hidden = {c.name for some in many.values() for c in some}
    for c in columns:
        if c.name not in hidden:
            missing = f"{c.missing:,}" if c.missing else ""
            kind, cells = c.type if c.role != "ignored" else "-", short(", ".join(c.examples[:3]), 30)
            table.append([short(c.name, 24), kind, c.role, f"{c.distinct:,}", missing, cells])
    for (kind, role), some in many.items():
        if some:
            missing = f"{sum(c.missing for c in some):,}" if any(c.missing for c in some) else ""
            table.append([f"... {len(some):,} more", kind, role, "", missing, f"to {short(some[-1].name, 24)}"])
    return table, {c.name for c in columns} - hidden


def augmentation_text(config: Any, reasons: Mapping[str, str]) -> str:
    """How the pictures of a run are changed while training, and why."""
    settings, usual = vars(config.augment), vars(type(config.augment)())
    changed = [name for name, value in settings.items() if value != usual[name] and name != "flip_average"]
    said = ", ".join(name if settings[name] is True else f"{name} {settings[name]:g}" for name in changed) or "none"
    asked = [name for name in changed if reasons.get(f"augment.{name}") == "asked for"]
    why = [reasons.get("augment.flip", ""), f"{', '.join(asked)} asked for" if asked and "flip" not in asked else ""]
    return f"augmentation: {said} - {'; '.join(filter(None, why))} (change: --augment)"


def tokens_lines(look: Any) -> list[str]:
    """What the tokens of a source and of the text that is written for it are."""
    lines = []
    for name, settings in (("source", look.text), ("target", look.sequence)):
        (kind, why), (size, _) = settings["tokens"], settings["vocabulary"]
        what = {"word": "words", "char": "characters", "bpe": f"{size:,} pieces of words"}[kind]
        lines.append(f"tokens of the {name}: {what} - {why}")
    return [*lines, *(["  one set of pieces for both: " + look.sequence["shared"][1]] if look.sequence["shared"][0] else [])]


def notice_text(notice: Any) -> str:
    """A notice with its kind before it, the following lines set in."""
    first, *rest = str(notice).splitlines()
    return "\n".join([f"{notice.kind}: {first}", *(f"  {line}" for line in rest)])


def evaluation_text(result: dict[str, Any]) -> str:
    """Metrics with intervals on other rows."""
    table = [["metric", "value", "95% interval"]]
    for name, figures in result["metrics"].items():
        value, low, high = (figures[key] for key in ("value", "low", "high"))
        ends = "" if low is None else f"{number(low, name)} to {number(high, name)}"
        table.append([name, "undefined" if value is None else number(value, name), ends])
    return "\n".join([f"{result['rows']:,} rows by {result['run']}", *aligned(table, right=(1,))])


def setting_text(value: Any) -> str:
    """The value of a setting as it is shown: numbers that were searched have more digits than matter.

    >>> setting_text(0.0017117789315586186), setting_text(1e-05), setting_text(512), setting_text("relu")
    ('0.0017118', '1e-05', '512', 'relu')
    """
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def runs_text(runs: list[dict[str, Any]]) -> str:
    """The runs of a folder, one line each; children stand below their parents, with what was changed."""
    from .run_list import as_tree

    table = [["run", "state", "task", "target", "model", "metric", "value", "95% interval", "changed"]]
    for depth, run in as_tree(runs):
        name = f"{'   ' * (depth - 1)}+- {run['run']}" if depth else run["run"]
        changes = [
            f"{key.removeprefix('train.').removeprefix('machine.')}={setting_text(value)}"
            for key, value in run["changed"].items()
        ]
        changed = short(", ".join([*(["from its weights"] if run.get("weights") == "parent" else []), *changes]), 50)
        if run["state"] != "finished":
            table.append([name, run["state"], "", "", "", "", "", "", changed])
            continue
        name_of = run["headline"]
        interval = "" if run["low"] is None else f"{number(run['low'], name_of)} to {number(run['high'], name_of)}"
        value = "" if run["value"] is None else number(run["value"], name_of)
        table.append(
            [
                name,
                "finished",
                run["task"],
                short(run["target"], 20),
                short(run["model"], 20),
                f"{run['part']} {run['headline']}",
                value,
                interval,
                changed,
            ]
        )
    if not any(row[-1] for row in table[1:]):
        table = [row[:-1] for row in table]
    return "\n".join(aligned(table, right=(6,)))


def aligned(table: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """The rows of a table as lines with aligned columns.

    >>> aligned([["a", "b"], ["long", "1"]], right=(1,))
    ['a     b', 'long  1']
    """
    right, widths = set(right), [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return [
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def short(text: str, limit: int) -> str:
    """Text for a terminal: control characters escaped, at most `limit` characters."""
    clean = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."


def separator(delimiter: str) -> str:
    names = {"\t": "tabs", ",": "commas", ";": "semicolons", " ": "spaces", "|": "bars", "  ": "two spaces"}
    return names.get(delimiter, repr(delimiter))
