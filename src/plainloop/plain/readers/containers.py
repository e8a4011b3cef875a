"""The bytes or the pixels behind the name of a picture: a file, a member of a zip archive, a row of an array file.

A name is a path, or a path, "::" and what is meant in that file: photos.zip::cats/1.jpg, train-images-idx3-ubyte.gz::00017,
data.npz::images::00017. Archives are never unpacked to the disk. Copied into ejected projects.
"""

from __future__ import annotations

import gzip
import mmap
import re
import struct
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from .image_faults import DamagedPictures, UnsafeNames

BIGGEST_FILE = 200_000_000  # bytes of one picture file, without the compression of its archive
MOST_MEMBERS = 2_000_000
ARRAY_FILE = re.compile(r"idx[34][-.]ubyte(\.gz)?$|\.npz$", re.IGNORECASE)
HOLDERS = (".zip", ".npz", "ubyte", "ubyte.gz")  # endings of files that hold many pictures
WANTED_IDX = "an idx file of pictures: magic number 2051 or 2052, then the sizes, then the pixels"


class Unreadable(Exception):
    """One picture cannot be had; the message says why and follows its name: "is cut off"."""


def parts_of(name: str) -> tuple[str, str]:
    """The file, and what is meant inside it ("" for the file itself).

    >>> parts_of("a/photos.zip::cats/1.jpg"), parts_of("a::b.jpg")
    (('a/photos.zip', 'cats/1.jpg'), ('a::b.jpg', ''))
    """
    file, _, member = name.partition("::")
    return (file, member) if member and file.lower().endswith(HOLDERS) else (name, "")


def short_name(name: str, folders: int = 0) -> str:
    """What a file is called without its path but for so many folders; of an array file, the number of the picture.

    >>> short_name("/home/me/photos/cat/1.jpg"), short_name("a/photos.zip::all/cats/1.jpg", folders=1)
    ('1.jpg', 'cats/1.jpg')
    """
    file, member = parts_of(name)
    return "/".join(Path(member or file).parts[-1 - folders :])


def stamp(path: str) -> tuple[int, int]:
    """What changes when a file is written again: size and time; zeros where there is none."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return 0, 0
    return status.st_size, status.st_mtime_ns


def read_bytes(name: str) -> bytes:
    """The encoded picture. Raises: Unreadable, DamagedPictures."""
    file, member = parts_of(name)
    if member:
        return archive(file).read(member)
    try:
        size = Path(file).stat().st_size
        if size > BIGGEST_FILE:
            raise Unreadable(f"has {size / 1e6:.0f} MB, more than {BIGGEST_FILE / 1e6:.0f}")
        return Path(file).read_bytes()
    except FileNotFoundError:
        raise Unreadable("is not there") from None
    except (OSError, ValueError) as error:
        raise Unreadable(f"cannot be opened ({getattr(error, 'strerror', None) or error})") from None


class Archive:
    """A zip archive whose members are read in place, by many threads at once."""

    def __init__(self, path: str):
        self.path = path
        try:
            with zipfile.ZipFile(path) as opened:
                found = opened.infolist()
            with open(path, "rb") as file:
                self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DamagedPictures(
                path, f"it is not a whole zip archive ({error})", "a zip archive of folders of pictures"
            ) from error
        if len(found) > MOST_MEMBERS:
            raise DamagedPictures(path, f"it has {len(found)} members", f"at most {MOST_MEMBERS} files in an archive")
        unsafe = [info.filename for info in found if leads_out(info.filename)]
        if unsafe:
            raise UnsafeNames(path, unsafe)
        self.members = {info.filename: info for info in found if not info.is_dir()}

    def read(self, member: str) -> bytes:
        """Raises: Unreadable."""
        info = self.members.get(member)
        if info is None:
            raise Unreadable(f"is not in {Path(self.path).name}")
        if info.flag_bits & 1:
            raise Unreadable("is encrypted")
        if info.file_size > BIGGEST_FILE or info.file_size > 1_000_000 + 100 * info.compress_size:
            raise Unreadable(f"would unpack from {info.compress_size} to {info.file_size} bytes")
        head = self.data[info.header_offset : info.header_offset + 30]
        if len(head) < 30 or head[:4] != b"PK\3\4":
            raise Unreadable("is damaged in its archive")
        name_size, extra_size = struct.unpack("<HH", head[26:30])
        first = info.header_offset + 30 + name_size + extra_size
        data = self.data[first : first + info.compress_size]
        if info.compress_type == zipfile.ZIP_DEFLATED:
            unpacker = zlib.decompressobj(-15)
            try:
                data = unpacker.decompress(data, info.file_size + 1)
            except zlib.error:
                raise Unreadable("is damaged in its archive") from None
        elif info.compress_type != zipfile.ZIP_STORED:
            raise Unreadable("is packed in another way than deflate")
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise Unreadable("is damaged in its archive")
        return data


def leads_out(name: str) -> bool:
    """Whether a member's name points outside of its archive.

    >>> [leads_out(name) for name in ("a/b.jpg", "../b.jpg", "/b.jpg", "C:/b.jpg", "a\\\\..\\\\b.jpg")]
    [False, True, True, True, True]
    """
    steps = name.replace("\\", "/").split("/")
    return ".." in steps or steps[0] == "" or bool(re.match(r"[A-Za-z]:", name)) or "\0" in name


def archive(path: str) -> Archive:
    """The archive, kept open. Raises: DamagedPictures, UnsafeNames."""
    return _archive(path, stamp(path))


@lru_cache(maxsize=16)
def _archive(path: str, stamp: tuple[int, int]) -> Archive:
    return Archive(path)


def arrays(path: str) -> dict[str, np.ndarray]:
    """The arrays of an idx or npz file by name; an idx file has one, called "". Raises: DamagedPictures."""
    return _arrays(path, stamp(path))


@lru_cache(maxsize=4)
def _arrays(path: str, stamp: tuple[int, int]) -> dict[str, np.ndarray]:
    if not path.lower().endswith(".npz"):
        return {"": read_idx(path)}
    try:
        with np.load(path) as opened:
            return {name: opened[name] for name in opened.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise DamagedPictures(
            path, f"it is not a NumPy archive of plain arrays ({error})", "an npz file of uint8 pictures and their labels"
        ) from error


def read_idx(path: str) -> np.ndarray:
    """The array of an idx file, gzipped or not: a magic number with type and dimensions, the sizes, the bytes.

    Shape: uint8 (n,) labels, (n, H, W) or (n, H, W, 3) pictures.
    Raises: DamagedPictures.
    """
    try:
        data = Path(path).read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error) as error:
        raise DamagedPictures(path, f"the gzip data ends too early or is damaged ({error})", WANTED_IDX) from error
    zeros, kind, dims = struct.unpack(">HBB", data[:4]) if len(data) >= 4 else (1, 0, 0)
    if zeros or kind != 8 or dims not in (1, 3, 4) or len(data) < 4 + 4 * dims:
        raise DamagedPictures(path, f"its first bytes are {data[:4].hex(' ') or 'missing'}", WANTED_IDX)
    shape = struct.unpack(f">{dims}I", data[4 : 4 + 4 * dims])
    size = int(np.prod(shape, dtype=np.uint64))
    if size != len(data) - 4 - 4 * dims:
        sizes = " x ".join(map(str, shape[1:]))
        what, there = f"pictures of {sizes}" if dims > 1 else "labels", len(data) - 4 - 4 * dims
        found = f"its header speaks of {shape[0]} {what}, which is {size} bytes, and {there} follow"
        raise DamagedPictures(path, found, WANTED_IDX)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dims).reshape(shape)


def array_of(name: str) -> tuple[np.ndarray, int]:
    """The array a name points into, and the row."""
    file, member = parts_of(name)
    key, _, row = member.rpartition("::")
    return arrays(file)[key], int(row)


def is_array_file(path: str) -> bool:
    return bool(ARRAY_FILE.search(path))
