"""The cache of decoded pictures and encoded texts keeps below its limit: the oldest use goes first, nothing that is in use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from outcomes import words
from pictures import folder
from plainloop.plain.columns import text as text_column
from plainloop.plain.columns.text import Text
from plainloop.plain.readers import pixel_cache
from plainloop.plain.readers.cache_limit import LIMIT_GB, arrays, hold, limit
from plainloop.plain.readers.pixel_cache import pixels_of
from plainloop.plain.readers.pixels import Size

EACH = 24 * 48 * 48 * 3  # bytes of pixels of 24 pictures
HOLDER = """
import sys
from pathlib import Path
from plainloop.plain.readers.cache_limit import hold
held = hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""
CLOSES = """
import sys
from plainloop.plain.readers import pixel_cache
from plainloop.plain.readers.cache_limit import alone, arrays
from plainloop.plain.readers.content_digests import cache_folder
from plainloop.plain.readers.pixels import Size

def load():
    pixel_cache._pixels.cache_clear()
    return pixel_cache.pixels_of(sys.argv[1:], Size(16, 16, "rgb"))

def unused():
    with alone(arrays(cache_folder())[0]) as nobody:
        return nobody

rows = load().array[3:5]
pixel_cache._pixels.cache_clear()
assert not unused(), "a part of the array is in use"
del rows
assert unused()
for path in cache_folder().glob("pixels-*.facts.npy"):
    path.write_bytes(path.read_bytes()[:50])  # found to be damaged after the array is held
kept = load().array
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PLAINLOOP_CACHE_GB", str(2.5 * EACH / 1e9))  # room for two sets
    pixel_cache._pixels.cache_clear()
    return tmp_path / "cache"


def decoded(place: Path, number: int) -> Path:
    """A set of pictures of its own, decoded; the array that holds it, which this process does not use any more."""
    names = sorted(str(path) for path in folder(place / str(number), first=1000 * number).rglob("*.jpg"))
    before = set(arrays(place / "cache"))
    pixels_of(names, Size(48, 48, "rgb"))
    pixel_cache._pixels.cache_clear()
    (made,) = set(arrays(place / "cache")) - before
    os.utime(made, (1_000_000 + number, 1_000_000 + number))
    return made


def test_the_set_that_was_used_longest_ago_goes(tmp_path: Path, cache: Path):
    first, second = decoded(tmp_path, 1), decoded(tmp_path, 2)
    hold(first).close()  # used once more
    third = decoded(tmp_path, 3)
    assert set(arrays(cache)) == {first, third}
    assert not list(cache.glob(f"{second.stem}*"))
    assert sum(path.stat().st_size for path in arrays(cache)) <= limit()


def test_tokens_of_large_texts_count_and_go_as_pixels_do(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    texts = [words([f"text{number} number{i} " + "and so on " * 20 for i in range(1000)]) for number in range(3)]
    column = Text.fit(texts[0], whole=1.0)
    wanted = column.encode(texts[0]).tokens
    monkeypatch.setattr(text_column, "LARGE", 0)
    monkeypatch.setenv("PLAINLOOP_CACHE_GB", str(2.5 * wanted.nbytes / 1e9))
    pictures, first = decoded(tmp_path, 1), column.encode(texts[0])
    assert torch.equal(first.tokens, wanted)
    (kept,) = cache.glob("tokens-*.bin")
    os.utime(kept, (1, 1))
    second = column.encode(texts[1])
    assert kept.exists()  # the oldest, but in use, and the pictures are not
    assert not pictures.exists()
    del first
    third = column.encode(texts[2])
    assert not kept.exists()
    assert not kept.with_suffix(".lengths.npy").exists()
    assert len(second) == len(third) == 1000
    assert len(arrays(cache)) == 2


def test_a_set_that_another_process_uses_stays(tmp_path: Path, cache: Path):
    first, second = decoded(tmp_path, 1), decoded(tmp_path, 2)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    other = subprocess.Popen([sys.executable, "-c", HOLDER, str(first)], **pipes)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    os.utime(first, (1_000_000, 1_000_000))
    third = decoded(tmp_path, 3)
    assert set(arrays(cache)) == {first, third}
    other.kill()
    other.communicate()
    fourth = decoded(tmp_path, 4)
    assert set(arrays(cache)) == {third, fourth}
    assert second not in arrays(cache)


def test_a_set_larger_than_the_limit_is_decoded_all_the_same(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    decoded(tmp_path, 1)
    monkeypatch.setenv("PLAINLOOP_CACHE_GB", "0")
    second = decoded(tmp_path, 2)
    assert arrays(cache) == [second]


def test_the_limit_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PLAINLOOP_CACHE_GB", "3.5")
    assert limit() == 3_500_000_000
    monkeypatch.setenv("PLAINLOOP_CACHE_GB", "much")
    assert limit() == int(LIMIT_GB * 1e9)


def test_every_file_is_closed_and_none_too_early(tmp_path: Path, cache: Path):
    names = sorted(str(path) for path in folder(tmp_path / "photos", number=3).rglob("*.jpg"))
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", CLOSES, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
