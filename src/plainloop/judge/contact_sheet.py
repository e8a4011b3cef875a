"""Small pictures side by side with words below them: a look at the data, at what the net sees, at its worst errors.

A `Sheet` becomes a PNG for the pictures folder, and cards on the page, where the words stay words.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 96  # pixels of a picture on the sheet
GAP, LINE = 8, 15
INK, PAPER = (40, 40, 40), (255, 255, 255)
CARD_SIDE = 112  # pixels of a picture on the page
QUALITY = 78


@dataclass(frozen=True)
class Card:
    """A picture and the lines below it; alt says it to those who cannot see it."""

    pixels: np.ndarray  # uint8 (H, W, C) with C 1 or 3
    lines: tuple[str, ...]
    alt: str

    def small(self, high: int = CARD_SIDE) -> tuple[bytes, str]:
        """The picture as a file for the page, no higher than asked, and its kind: jpeg, or png where that is smaller."""
        picture = _image(self.pixels)
        if picture.height > high:
            picture = picture.resize((max(1, round(picture.width * high / picture.height)), high), Image.Resampling.BOX)
        files = {"png": io.BytesIO(), "jpeg": io.BytesIO()}
        picture.save(files["png"], "PNG", optimize=True)
        picture.save(files["jpeg"], "JPEG", quality=QUALITY, optimize=True)
        kind = min(files, key=lambda name: len(files[name].getvalue()))
        return files[kind].getvalue(), kind


@dataclass(frozen=True)
class Sheet:
    """Cards that belong together, with a title and a note for the page."""

    name: str  # file name without .png
    title: str
    note: str
    cards: tuple[Card, ...]
    columns: int = 8
    side: int = SIDE  # the longer side of a picture in the PNG

    @property
    def png(self) -> bytes:
        pictures, captions = [card.pixels for card in self.cards], ["\n".join(card.lines) for card in self.cards]
        return contact_sheet(pictures, captions, self.columns, self.side)


def contact_sheet(pictures: Sequence[np.ndarray], captions: Sequence[str] = (), columns: int = 8, side: int = SIDE) -> bytes:
    """A PNG of the pictures in rows of `columns`, each with its caption (lines apart by a line end) below it.

    Shape: pictures uint8 (H, W, C) with C 1 or 3.
    """
    captions = list(captions) or [""] * len(pictures)
    lines = max((caption.count("\n") + 1 if caption else 0 for caption in captions), default=0)
    scaled = [_scaled(_image(pixels), side) for pixels in pictures]
    tall = max((picture.height for picture in scaled), default=side)
    high = tall + GAP + lines * LINE
    rows = max(1, -(-len(pictures) // columns))
    sheet = Image.new("RGB", (columns * (side + GAP) + GAP, rows * high + GAP), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=11)
    for place, (picture, caption) in enumerate(zip(scaled, captions, strict=True)):
        left, top = GAP + place % columns * (side + GAP), GAP + place // columns * high
        sheet.paste(picture, (left + (side - picture.width) // 2, top + (tall - picture.height) // 2))
        for number, line in enumerate(caption.split("\n") if caption else ()):
            draw.text((left, top + tall + 1 + number * LINE), shortened(line, draw, font, side), fill=INK, font=font)
    made = io.BytesIO()
    sheet.save(made, "PNG", optimize=True)
    return made.getvalue()


def resized(pixels: np.ndarray, side: int) -> np.ndarray:
    """The picture in RGB with its longer side so long: pixels stay squares where it grows. Shape: uint8 (h, w, 3)."""
    return np.asarray(_scaled(_image(pixels), side))


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def _scaled(picture: Image.Image, side: int) -> Image.Image:
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.convert("RGB").resize(size, Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX)


def shortened(line: str, draw: ImageDraw.ImageDraw, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    """As much of the line as fits, with "..." where something is missing."""
    line = "".join(sign if sign.isprintable() else "?" for sign in line)
    if draw.textlength(line, font=font) <= width:
        return line
    while line and draw.textlength(line + "...", font=font) > width:
        line = line[:-1]
    return line + "..."


def class_sheet(array: np.ndarray, places: np.ndarray, labels: Sequence[str | None], per_class: int = 8, most: int = 12) -> bytes:
    """Some pictures of each class, a row for each; array: the decoded pictures, places: row -> picture in it."""
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
