"""What the pictures of a source or of a column are: kinds, sizes, colours, which are damaged; and what should be said of them.

Shown by inspect. Made by images.py for folders, archives and arrays, by look_images.py for columns of paths.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..plain.readers.pixel_cache import BAD, FACTS, GOOD, KINDS, Pixels
from ..plain.readers.pixels import Size, Trait
from ..plain.table import Words
from ..problems import Notice
from .image_problems import ColoursDropped, LongPictures, PicturesConverted, TinyPictures

CHANGE = "--image-size, --image-mode"
SIZES = 3  # the most frequent ones, which inspect shows
DONE = {
    Trait.TURNED: "turned upright by their EXIF mark",
    Trait.TRANSPARENT: "with transparency set on white",
    Trait.PALETTE: "with a palette made RGB",
    Trait.DEEP: "of 16 or more bits brought to 8",
    Trait.CMYK: "of CMYK made RGB",
    Trait.FRAMES: "with several frames read as their first",
}


@dataclass(frozen=True, eq=False)
class Pictures:
    """The pictures of a source or of a column of a table, and what they are brought to."""

    data: str  # what to call the source in messages
    cells: Words  # the name of each row's picture, as containers.py opens it; missing where a row has none
    size: Size
    reasons: dict[str, str]  # of "size" and "mode"
    pixels: Pixels  # of each name, in the order of the words

    @property
    def facts(self) -> np.ndarray:
        """What each row's picture is; a row without a picture is neither good nor bad. Shape: FACTS (rows,)."""
        return np.append(self.pixels.facts, np.zeros(1, FACTS))[self.cells.codes]

    @property
    def names(self) -> list[str]:
        """The picture of each row, "" where it has none."""
        return [name or "" for name in self.cells.tolist()]

    def bad(self) -> list[tuple[str, str]]:
        """The pictures that cannot be decoded, by row, and why."""
        rows = np.flatnonzero(self.facts["state"] == BAD)
        return [(self.cells.words[code], self.pixels.bad[code]) for code in self.cells.codes[rows].tolist()]

    def choice(self) -> str:
        """What the pictures are brought to, and why.

        >>> none = Words(np.zeros(0, np.int32), [])
        >>> why = {"size": "asked for", "mode": "the pictures have no colours"}
        >>> Pictures("scans", none, Size(28, 56, "grey"), why, None).choice()
        '56 x 28 pixels: asked for; grey: the pictures have no colours'
        """
        size, reasons = self.size, self.reasons
        return f"{size.width} x {size.height} pixels: {reasons['size']}; {size.mode}: {reasons['mode']}"

    def as_dict(self) -> dict[str, Any]:
        """Counts, sizes and kinds of the pictures, each counted once however many rows name it."""
        facts = self.pixels.facts
        good = facts[facts["state"] == GOOD]
        kinds = Counter(KINDS[kind] or "other" for kind in good["kind"].tolist())
        sizes = Counter(zip(good["width"].tolist(), good["height"].tolist(), strict=True))
        return {
            "pictures": len(facts),
            "unreadable": [{"name": self.cells.words[place], "reason": why} for place, why in sorted(self.pixels.bad.items())],
            "kinds": dict(kinds.most_common()),
            "sizes": {f"{width} x {height}": count for (width, height), count in sizes.most_common(SIZES)},
            "different_sizes": len(sizes),
            "width": quantiles(good["width"]),
            "height": quantiles(good["height"]),
            "grey": int((good["traits"] & Trait.GREY > 0).sum()),
            "size": [self.size.height, self.size.width],
            "mode": self.size.mode,
            "reasons": self.reasons,
        }

    def lines(self) -> list[str]:
        """The same for the terminal."""
        found = self.as_dict()
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in found["kinds"].items()) or "none that can be read"
        bad, good = len(found["unreadable"]), found["pictures"] - len(found["unreadable"])
        modes = "all in colour" if not found["grey"] else "all grey" if found["grey"] == good else f"{found['grey']:,} grey"
        lines = [f"{found['pictures']:,} pictures: {kinds}" + (f"; {bad:,} unreadable" if bad else "")]
        if not good:
            return lines
        if found["different_sizes"] == 1:
            return [*lines, f"{modes}; all of {next(iter(found['sizes']))} pixels"]
        sides = ", ".join(
            f"{name} {least} to {most} (median {middle})"
            for name, (least, middle, most) in (("width", found["width"]), ("height", found["height"]))
        )
        common = ", ".join(f"{size} ({count:,})" for size, count in found["sizes"].items())
        return [*lines, f"{modes}; {found['different_sizes']:,} sizes: {sides}", f"most often {common}"]

    def notices(self) -> list[Notice]:
        """What there is to say about the pictures that are used."""
        facts, names = self.pixels.facts, self.cells.words
        good = facts["state"] == GOOD
        found: list[Notice] = []
        counts = {what: int((good & (facts["traits"] & trait > 0)).sum()) for trait, what in DONE.items()}
        if any(counts.values()):
            found.append(PicturesConverted(self.data, {what: count for what, count in counts.items() if count}, len(names)))
        if self.size.mode == "grey" and self.reasons.get("mode") != "asked for":
            coloured = int((good & (facts["traits"] & Trait.GREY == 0)).sum())
            if 0 < coloured < good.sum():
                found.append(ColoursDropped(self.data, coloured, len(names)))
        tiny = np.flatnonzero(good & (np.minimum(facts["height"], facts["width"]) < 8) & (self.size.height >= 8))
        if 0 < len(tiny) < good.sum():
            smallest = tiny[np.argmin(facts["height"][tiny].astype(np.int64) * facts["width"][tiny])]
            shown = f"{facts['width'][smallest]} x {facts['height'][smallest]}"
            found.append(TinyPictures(self.data, [names[place] for place in tiny.tolist()], shown))
        return found + self._long(good)

    def _long(self, good: np.ndarray) -> list[Notice]:
        """Pictures of which the crop keeps less than half."""
        facts, side = self.pixels.facts, self.size.height
        heights, widths = np.maximum(facts["height"], 1).astype(float), np.maximum(facts["width"], 1).astype(float)
        ratio = (widths / heights) / (self.size.width / self.size.height)
        stretch = np.maximum(ratio, 1 / ratio)
        long = np.flatnonzero(good & (stretch > 2))
        if not len(long):
            return []
        most, typical = long[np.argmax(stretch[long])], float(np.median(ratio[long]))
        suggested = f"{side}x{min(1024, round(side * typical))}" if typical > 1 else f"{min(1024, round(side / typical))}x{side}"
        longest = f"{int(widths[most])} x {int(heights[most])} pixels"
        return [LongPictures(self.data, len(long), int(good.sum()), longest, suggested)]


def quantiles(values: np.ndarray) -> list[int]:
    """Smallest, median and largest.

    >>> quantiles(np.array([3, 9, 4]))
    [3, 4, 9]
    """
    return [int(values.min()), int(np.median(values)), int(values.max())] if len(values) else []
