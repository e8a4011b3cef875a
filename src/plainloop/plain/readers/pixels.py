# needs: pillow, simplejpeg
"""One picture from its bytes to uint8 pixels of a given size: decoded by content, turned upright, cropped, resized.

JPEG goes through simplejpeg, everything else through pillow with a list of allowed formats; torch resizes. The largest centred
part with the wanted sides' ratio is cut out, then brought to size by antialiased bilinear sampling, as "resize the shorter side,
crop the centre" does. Used by pixel_cache.py. Copied into ejected projects.
"""

from __future__ import annotations

import io
import struct
import warnings
from enum import IntFlag
from typing import Any, NamedTuple

import numpy as np
import simplejpeg
import torch
from PIL import Image, ImageFile, ImageOps

from .containers import Unreadable
from .picture_kinds import kind_of

MOST_PIXELS = 50_000_000  # by the header, before anything is decoded
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "MPO")
ORIENTATION = 274  # the EXIF tag
BYTES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8)  # of a value of each type in EXIF; up to four stand in the entry itself
WHITE = (255, 255, 255, 255)


class Trait(IntFlag):
    """What was special about a picture."""

    TURNED = 1  # by its EXIF orientation
    TRANSPARENT = 2
    PALETTE = 4
    DEEP = 8  # more than 8 bits per channel
    CMYK = 16
    FRAMES = 32  # more than one
    GREY = 64


class Size(NamedTuple):
    """What pictures are brought to: height, width, and "rgb" or "grey"."""

    height: int
    width: int
    mode: str

    @property
    def channels(self) -> int:
        return 1 if self.mode == "grey" else 3


class Header(NamedTuple):
    """What a picture says of itself, upright."""

    kind: str
    height: int
    width: int
    traits: Trait


def decode(data: bytes, size: Size) -> tuple[np.ndarray, Header]:
    """The picture at the given size, and its header.

    Shape: uint8 (height, width, channels).
    Raises: Unreadable.
    """
    kind = kind_of(data[:64])
    if not kind.picture:
        raise Unreadable(kind.name + (f" ({kind.remedy})" if kind.remedy else ""))
    made = _jpeg(data, size) if kind.name == "JPEG" else None
    pixels, header = made or _pillow(data, size)
    return fit(pixels, size), header


def header_of(data: bytes) -> Header:
    """Size and traits without decoding. Raises: Unreadable."""
    kind = kind_of(data[:64])
    if not kind.picture:
        raise Unreadable(kind.name + (f" ({kind.remedy})" if kind.remedy else ""))
    with _opened(data) as picture:
        try:
            return _header(picture)
        except Exception as error:  # pillow looks for EXIF at the end of a PNG
            raise Unreadable("is damaged") from error


def fit(pixels: np.ndarray, size: Size) -> np.ndarray:
    """The largest centred part with the ratio of the wanted sides, brought to their length.

    Shape: uint8 (h, w, C) -> (height, width, C).

    >>> fit(np.arange(8, dtype=np.uint8).reshape(2, 4, 1), Size(2, 2, "grey"))[:, :, 0].tolist()
    [[1, 2], [5, 6]]
    """
    height, width = pixels.shape[:2]
    cut_height = min(height, max(1, round(width * size.height / size.width)))
    cut_width = min(width, max(1, round(height * size.width / size.height)))
    top, left = (height - cut_height) // 2, (width - cut_width) // 2
    cut = pixels[top : top + cut_height, left : left + cut_width]
    if cut.shape[:2] == (size.height, size.width):
        return cut
    cut = cut if cut.flags.writeable else cut.copy()  # torch warns of memory that it must not write
    one = torch.from_numpy(cut)[None].permute(0, 3, 1, 2)  # (1, C, h, w); channels last with the right strides: 3 times as fast
    made = torch.nn.functional.interpolate(one, (size.height, size.width), mode="bilinear", antialias=True)
    return made[0].permute(1, 2, 0).numpy()


def _jpeg(data: bytes, size: Size) -> tuple[np.ndarray, Header] | None:
    """The JPEG by simplejpeg, at a fraction of its size where that is still large enough; None where pillow must do it."""
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return None
    _check_pixels(height, width)
    if space not in ("Gray", "YCbCr", "RGB"):
        return None
    turned = _orientation(data)
    sides = (size.width, size.height) if turned >= 5 else (size.height, size.width)
    least: dict[str, Any] = {}
    if height >= 2 * sides[0] and width >= 2 * sides[1]:  # sampling in the DCT differs by a grey level or two, no more
        least = {"min_height": sides[0], "min_width": sides[1]}
    try:
        pixels = simplejpeg.decode_jpeg(data, colorspace="GRAY" if size.mode == "grey" else "RGB", **least)
    except ValueError:  # harmless oddities come here too: pillow tells them from a file that is cut off
        return None
    traits = Trait.GREY if space == "Gray" else Trait(0)
    if turned > 1:
        pixels, traits = _upright(pixels, turned), traits | Trait.TURNED
        height, width = (width, height) if turned >= 5 else (height, width)
    return pixels, Header("JPEG", height, width, traits)


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels as the EXIF orientation (2 to 8) wants them seen."""
    turned = pixels.transpose(1, 0, 2) if orientation >= 5 else pixels
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    return np.ascontiguousarray(turned)


def _orientation(data: bytes) -> int:
    """The EXIF orientation of a JPEG, 1 where it has none."""
    value = _tag(data)
    if value is None and data.find(b"Exif\0\0", 0, 100_000) < 0:
        return 1
    if value is not None:
        return value if value in range(1, 9) else 1
    try:
        with _opened(data) as picture:
            value = picture.getexif().get(ORIENTATION, 1)
    except Unreadable:
        return 1
    return value if value in range(1, 9) else 1


def _tag(data: bytes) -> int | None:
    """The orientation in the EXIF segment of a JPEG, 1 where it has none; None where anything is odd, so that pillow must look.

    The segment is a TIFF header and a table of entries of 12 bytes (Exif 2.32, sections 4.5 and 4.6).
    """
    place, found, xmp = 2, [], False
    while place + 1 < len(data) and data[place] == 0xFF and (marker := data[place + 1]) != 0xDA:  # the pixels begin
        if not 0xC0 <= marker < 0xFF or 0xD0 <= marker < 0xDA or place + 20 > len(data):
            return None
        if marker == 0xE1:
            found += [place + 10] if data[place + 4 : place + 10] == b"Exif\0\0" else []
            xmp = xmp or data[place + 4 : place + 8] == b"http"
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    if data[place : place + 1] != b"\xff" or len(found) > 1:
        return None
    if not found:
        return 1
    start = found[0]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[start : start + 4])
    if order is None or start > 100_000:
        return None
    end = start - 8 + int.from_bytes(data[start - 8 : start - 6], "big")
    try:
        first = start + struct.unpack_from(f"{order}I", data, start + 4)[0]
        last = first + 2 + 12 * struct.unpack_from(f"{order}H", data, first)[0]
        entries = list(struct.iter_unpack(f"{order}HHII", data[first + 2 : last]))
    except struct.error:
        return None
    whole = all(
        kind < len(BYTES) and (count * BYTES[kind] <= 4 or value + count * BYTES[kind] <= end - start)
        for _, kind, count, value in entries
    )
    told = [entry[1:] for entry in entries if entry[0] == ORIENTATION]
    if last > end or not whole or len(told) > 1 or (xmp and not told):  # pillow takes it from XMP then
        return None
    kind, count, value = told[0] if told else (3, 1, 0x00010001)
    return (value & 0xFFFF if order == "<" else value >> 16) if (kind, count) == (3, 1) else None  # one number of 16 bits


def _check_pixels(height: int, width: int) -> None:
    if height * width > MOST_PIXELS:
        raise Unreadable(f"has {width} x {height} pixels, more than {MOST_PIXELS // 1_000_000} million")


class _Opened:
    """A picture that pillow has opened, whatever it raises turned into Unreadable."""

    def __init__(self, data: bytes):
        self.data = data

    def __enter__(self) -> Image.Image:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, whose size is checked below
            try:
                self.picture = Image.open(io.BytesIO(self.data), formats=FORMATS)
            except Image.DecompressionBombError as error:
                raise Unreadable(f"has more than {MOST_PIXELS // 1_000_000} million pixels") from error
            except Exception as error:
                raise Unreadable("is damaged") from error
        _check_pixels(self.picture.height, self.picture.width)
        return self.picture

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        self.picture.close()


def _opened(data: bytes) -> _Opened:
    return _Opened(data)


def _header(picture: Image.Image) -> Header:
    traits, mode = Trait(0), picture.mode
    if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":
        traits |= Trait.FRAMES
    if "A" in mode or mode.endswith("a") or "transparency" in picture.info:
        traits |= Trait.TRANSPARENT
    if mode in ("P", "PA"):
        traits |= Trait.PALETTE
    if mode.startswith(("I", "F")):
        traits |= Trait.DEEP
    if mode in ("CMYK", "YCCK"):
        traits |= Trait.CMYK
    if mode[0] in "1LIF" and mode != "LAB":
        traits |= Trait.GREY
    height, width = picture.height, picture.width
    turned = picture.getexif().get(ORIENTATION, 1)
    if turned in range(2, 9):
        traits |= Trait.TURNED
        height, width = (width, height) if turned >= 5 else (height, width)
    return Header(picture.format or "", height, width, traits)


def _pillow(data: bytes, size: Size) -> tuple[np.ndarray, Header]:
    """The first frame by pillow: upright, transparency on white, 8 bits, RGB or grey."""
    with _opened(data) as picture:
        try:
            header = _header(picture)
            if picture.format == "JPEG":
                picture.draft("RGB" if picture.mode != "CMYK" else "CMYK", (2 * size.width, 2 * size.height))
            picture.load()
            seen = ImageOps.exif_transpose(picture)
            pixels = np.asarray(_flat(seen, size.mode))
        except MemoryError:
            raise Unreadable("needs more memory than there is") from None
        except Exception as error:
            cut_off = "truncated" in str(error) or "broken data stream" in str(error) or "premature" in str(error).lower()
            raise Unreadable("is cut off" if cut_off else f"is damaged ({_short(error)})") from error
    return np.array(pixels.reshape(*pixels.shape[:2], -1)), header


def _flat(picture: Image.Image, mode: str) -> Image.Image:
    """The picture as 8-bit RGB or grey, without transparency."""
    if picture.mode.startswith(("I", "F")):  # 16 bits and more: the range of the type for integers, of the picture otherwise
        values = np.asarray(picture).astype(np.float64)
        low, high = (0.0, 65535.0) if values.min() >= 0 and 255 < values.max() <= 65535 else (values.min(), values.max())
        if values.min() >= 0 and values.max() <= 255:
            low, high = 0.0, 255.0
        scaled = (values - low) / (high - low) if high > low else np.zeros_like(values)
        picture = Image.fromarray(np.rint(scaled * 255).astype(np.uint8))
    if "A" in picture.mode or picture.mode.endswith("a") or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", seen.size, WHITE), seen)
    return picture.convert("L" if mode == "grey" else "RGB")


def _short(error: Exception) -> str:
    return (str(error).split("\n")[0] or type(error).__name__)[:60]


assert not ImageFile.LOAD_TRUNCATED_IMAGES, "a picture that is cut off must not be filled up with grey"
