"""Small pictures side by side with words below them, as one PNG: a look at the data, or at the worst errors."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 96  # pixels of a picture on the sheet
GAP, LINE = 8, 15
INK, PAPER = (40, 40, 40), (255, 255, 255)


def contact_sheet(pictures: Sequence[np.ndarray], captions: Sequence[str] = (), columns: int = 8, side: int = SIDE) -> bytes:
    """A PNG of the pictures in rows of `columns`, each with its caption (lines apart by a line end) below it.

    Shape: pictures uint8 (H, W, C) with C 1 or 3.
    """
    captions = list(captions) or [""] * len(pictures)
    lines = max((caption.count("\n") + 1 if caption else 0 for caption in captions), default=0)
    high = side + GAP + lines * LINE
    rows = max(1, -(-len(pictures) // columns))
    sheet = Image.new("RGB", (columns * (side + GAP) + GAP, rows * high + GAP), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=11)
    for place, (pixels, caption) in enumerate(zip(pictures, captions, strict=True)):
        left, top = GAP + place % columns * (side + GAP), GAP + place // columns * high
        picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
        scale = side / max(picture.size)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BILINEAR)
        sheet.paste(picture, (left + (side - size[0]) // 2, top + (side - size[1]) // 2))
        for number, line in enumerate(caption.split("\n") if caption else ()):
            draw.text((left, top + side + 1 + number * LINE), shortened(line, draw, font, side), fill=INK, font=font)
    made = io.BytesIO()
    sheet.save(made, "PNG", optimize=True)
    return made.getvalue()


def shortened(line: str, draw: ImageDraw.ImageDraw, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    """As much of the line as fits, with "..." where something is missing."""
    line = "".join(sign if sign.isprintable() else "?" for sign in line)
    if draw.textlength(line, font=font) <= width:
        return line
    while line and draw.textlength(line + "...", font=font) > width:
        line = line[:-1]
    return line + "..."


def class_sheet(array: np.ndarray, places: np.ndarray, labels: Sequence[str | None], per_class: int = 8, most: int = 12) -> bytes:
    """The first pictures of each class, a row for each; array: the decoded pictures, places: row -> picture in it."""
    known = sorted({label for label in labels if label is not None})[:most]
    pictures, captions = [], []
    for label in known:
        rows = [row for row, own in enumerate(labels) if own == label]
        chosen = [rows[i] for i in np.unique(np.linspace(0, len(rows) - 1, min(per_class, len(rows))).astype(int))]
        pictures += [np.asarray(array[places[row]]) for row in chosen]
        captions += [label] * len(chosen)
        blank = per_class - len(chosen)
        pictures += [np.full((2, 2, 3), 255, np.uint8)] * blank
        captions += [""] * blank
    return contact_sheet(pictures, captions, columns=per_class)
