"""What a file is, told by its first bytes; and which endings are meant as pictures. Copied into ejected projects."""

from __future__ import annotations

import re
from typing import NamedTuple

PICTURE = re.compile(
    r"\.(jpe?g|jpe|jfif|png|gif|bmp|dib|webp|tiff?|svg|svgz|pdf|psd|eps|ps|ai|heic|heif|avif|ico|tga|raw|cr2|nef|dng|jp2|jxl)$",
    re.IGNORECASE,
)
OTHER = re.compile(
    r"\.(txt|csv|tsv|json|jsonl|xml|ya?ml|toml|md|rst|html?|py|ipynb|log|db|zip|tar|gz|tgz|rar|7z|npy|npz|mat|pth?|ckpt|parquet|xlsx?)$"
    r"|(?:^|/)(license|readme|makefile|classes|labels)$",
    re.IGNORECASE,
)


class Kind(NamedTuple):
    """A kind of file: its name, whether it is a picture that is read, and what else to do about it."""

    name: str
    picture: bool
    remedy: str = ""


EMPTY = Kind("has no bytes", False)
UNKNOWN = Kind("is no picture", False)
# first bytes -> what they mean; the first that fits counts
MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"\xff\xd8\xff", Kind("JPEG", True)),
    (b"\x89PNG\r\n\x1a\n", Kind("PNG", True)),
    (b"GIF87a", Kind("GIF", True)),
    (b"GIF89a", Kind("GIF", True)),
    (b"BM", Kind("BMP", True)),
    (b"II*\0", Kind("TIFF", True)),
    (b"MM\0*", Kind("TIFF", True)),
    (b"II+\0", Kind("TIFF", True)),
    (b"MM\0+", Kind("TIFF", True)),
    (b"%PDF", Kind("is a PDF document", False, "export it as PNG")),
    (b"8BPS", Kind("is a Photoshop file", False, "export it as PNG")),
    (b"%!PS", Kind("is a PostScript file", False, "export it as PNG")),
    (b"\xc5\xd0\xd3\xc6", Kind("is a PostScript file", False, "export it as PNG")),
    (b"PK\x03\x04", Kind("is a zip archive", False, "unpack it")),
    (b"\x1f\x8b", Kind("is a gzip file", False, "unpack it")),
    (b"version https://git-lfs", Kind("is a Git LFS pointer", False, "fetch it with git lfs pull")),
    (b"\x00\x00\x00\x0cjP  ", Kind("is a JPEG 2000 picture", False, "write it as PNG")),
    (b"\x00\x00\x00\x0cJXL ", Kind("is a JPEG XL picture", False, "write it as PNG")),
    (b"\xff\x0a", Kind("is a JPEG XL picture", False, "write it as PNG")),
    (b"\x00\x00\x01\x00", Kind("is an icon file", False, "write it as PNG")),
)


def kind_of(head: bytes) -> Kind:
    """The kind of a file by its first 64 bytes or more.

    >>> kind_of(b"\\xff\\xd8\\xff\\xe0").name, kind_of(b"<svg xmlns=").name
    ('JPEG', 'is an SVG drawing')
    """
    if not head:
        return EMPTY
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind("WEBP", True)
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"avif", b"avis"):
        return Kind("is a HEIC or AVIF picture", False, "write it as JPEG")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    if start.startswith((b"<svg", b"<?xml")):
        return Kind("is an SVG drawing", False, "export it as PNG")
    if start.startswith((b"<!doctype html", b"<html")):
        return Kind("is a web page", False, "download the picture itself")
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head[:64]):
        return Kind("is text", False)
    return UNKNOWN


def is_picture_name(name: str) -> bool:
    return bool(PICTURE.search(name))


def is_other_name(name: str) -> bool:
    return bool(OTHER.search(name))
