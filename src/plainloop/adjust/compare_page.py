"""compare.html: one page that needs nothing else; its look is in compare.jinja. And the curves of several runs in one picture."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..judge.plots import COLOURS, panel, points, shorten
from ..judge.wording import LOWER_IS_BETTER, interval, number, title
from ..plain.checkpoint import write_file
from ..show import setting_text
from .compare import ends_of
from .lineage import signed

if TYPE_CHECKING:
    from .compare import Comparison

MOST_CURVES = 10  # that colours can tell apart


def write_page(made: Comparison) -> None:
    """Writes the page and its pictures into the comparison's folder. Raises: StorageFailed."""
    from jinja2 import Environment, StrictUndefined

    assert made.folder is not None
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(
        number=number,
        interval=interval,
        title=title,
        signed=signed,
        setting_text=setting_text,
        ends_of=ends_of,
        lower=LOWER_IS_BETTER,
    )
    environment.filters["title_of"] = title
    template = environment.from_string(Path(__file__).with_name("compare.jinja").read_text(encoding="utf-8"))
    pictures = {}
    histories = {str(run.folder): run.history for run in made.runs}
    for name in dict.fromkeys(["loss", made.runs[0].metrics["headline"]]):
        png = overlay(histories, name)
        write_file(made.folder / f"curves_{name}.png", png)
        pictures[f"{title(name)} over the epochs: training solid, validation dashed"] = base64.b64encode(png).decode()
    if made.pairs:
        png = intervals_picture(made)
        write_file(made.folder / "differences.png", png)
        pictures[f"Differences of {title(made.headline)} with their 95% intervals"] = base64.b64encode(png).decode()
    write_file(
        made.folder / "compare.html", template.render(made=made, pictures=pictures, names=[str(r.folder) for r in made.runs])
    )


def overlay(histories: Mapping[str, Mapping[str, list[Any]]], name: str) -> bytes:
    """train_<name> and val_<name> of several runs over each other."""
    words = title(name)
    with panel(words[:1].upper() + words[1:], "epoch", words, width=7.2, height=4.2) as made:
        for colour, (run, history) in zip(COLOURS, list(histories.items())[:MOST_CURVES], strict=False):
            for part, line, alpha in (("train", "-", 0.45), ("val", "--", 1.0)):
                values = np.array([np.nan if v is None else v for v in history.get(f"{part}_{name}", [])], float)
                if np.isfinite(values).any():
                    label = shorten(run, 34) if part == "val" else None
                    epochs = history["epoch"]
                    made.axes.plot(epochs, values, line, color=colour, alpha=alpha, label=label, **points(epochs))
        made.axes.xaxis.get_major_locator().set_params(integer=True)
        made.axes.legend(title=None if len(histories) <= MOST_CURVES else f"the first {MOST_CURVES} of {len(histories)}")
    return made.png


def intervals_picture(made: Comparison) -> bytes:
    """The headline metric of each setting against the first one, with its interval and a line at no difference."""
    names = [shorten(pair.second.name, 36) for pair in made.pairs]
    found = [pair.metrics.get(made.headline) for pair in made.pairs]
    against = f"{title(made.headline)} minus that of {shorten(made.pairs[0].first.name, 30)}"
    with panel("Is it real?", against, width=7.2, height=1.3 + 0.4 * len(names)) as drawn:
        for place, one in enumerate(found):
            if one is not None and np.isfinite([one.low, one.high]).all():
                colour = COLOURS[2 if one.better else 1] if one.real else "#767676"
                drawn.axes.plot([one.low, one.high], [place, place], color=colour, linewidth=3)
                drawn.axes.plot([one.difference], [place], "o", color=colour)
        drawn.axes.axvline(0, color="#767676", linewidth=1, linestyle=":")
        drawn.axes.set_yticks(range(len(names)), names)
        drawn.axes.set_ylim(len(names) - 0.5, -0.5)
    return drawn.png
