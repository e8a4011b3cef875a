"""Pictures of every form come out upright, opaque, of 8 bits and of one size; the cache keeps them and goes on after a kill."""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import encoded, folder, jpeg, pixels
from plainloop.plain.readers import pixel_cache
from plainloop.plain.readers.containers import Unreadable
from plainloop.plain.readers.pixel_cache import GOOD, pixels_of
from plainloop.plain.readers.pixels import Size, Trait, _orientation, _tag, decode, fit, header_of

RGB, GREY = Size(24, 24, "rgb"), Size(24, 24, "grey")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path / "cache"))
    pixel_cache._pixels.cache_clear()


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(np.int64) - other.astype(np.int64)).mean())


@pytest.mark.parametrize("format", ["PNG", "BMP", "GIF", "WEBP", "TIFF", "JPEG"])
def test_formats_by_content(format: str):
    data = encoded(pixels(1), format, **({"lossless": True} if format == "WEBP" else {}))
    made, header = decode(data, RGB)
    assert made.shape == (24, 24, 3)
    assert difference(made, fit(pixels(1), RGB)) < (12 if format == "GIF" else 3)
    assert (header.height, header.width) == (40, 40)


@pytest.mark.parametrize(("height", "width"), [(40, 40), (31, 77), (90, 41), (24, 24), (7, 9), (1, 1), (300, 2)])
def test_resizing_is_that_of_pillow(height: int, width: int):
    source = pixels(2, height, width)
    made = fit(source, RGB)
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    expected = Image.fromarray(source).crop((left, top, left + side, top + side)).resize((24, 24), Image.Resampling.BILINEAR)
    assert np.abs(made.astype(int) - np.asarray(expected).astype(int)).max() <= 1


def test_the_crop_keeps_the_ratio_of_the_wanted_sides():
    source = np.zeros((10, 100, 1), np.uint8)
    source[:, 40:60] = 255
    assert fit(source, Size(10, 20, "grey")).min() == 255
    assert fit(source, Size(10, 40, "grey"))[:, :10].max() == 0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_exif_rotation(orientation: int, format: str):
    from PIL import ImageOps

    picture, exif = Image.fromarray(pixels(3, 48, 96)), Image.Exif()
    exif[274] = orientation
    data = encoded(picture, format, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    made, header = decode(data, RGB)
    assert difference(made, fit(np.asarray(upright), RGB)) < 3
    assert (header.height, header.width) == (upright.height, upright.width)
    assert bool(header.traits & Trait.TURNED) == (orientation > 1)
    assert header_of(data)[1:3] == (upright.height, upright.width)


def with_exif(order: str, orientation: int) -> bytes:
    """A JPEG with three EXIF entries, in either byte order."""
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    entries = [(0x0100, 4, 1, 40, 0), (0x0112, 3, 1, orientation, 0), (0x0213, 3, 1, 1, 0)]
    table = b"".join(
        struct.pack(f"{order}HHI" + ("I" if kind == 4 else "HH"), tag, kind, count, *value[: 1 if kind == 4 else 2])
        for tag, kind, count, *value in entries
    )
    exif = mark + struct.pack(f"{order}IH", 8, len(entries)) + table + struct.pack(f"{order}I", 0)
    return encoded(pixels(3, 24, 48), "JPEG", exif=b"Exif\0\0" + exif)


def by_pillow(data: bytes) -> int | None:
    """The orientation that pillow reads, None where it cannot open the picture."""
    try:
        value = Image.open(io.BytesIO(data)).getexif().get(274, 1)
    except Exception:
        return None
    return value if value in range(1, 9) else 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_orientation_is_that_of_pillow_whatever_the_bytes(order: str):
    for orientation in range(1, 9):
        assert _tag(with_exif(order, orientation)) == orientation
    assert _tag(jpeg(1)) == 1
    whole, random = with_exif(order, 6), np.random.default_rng(0)
    compared = 0
    for _ in range(600):
        data = bytearray(whole)
        for place in random.integers(2, 110, random.integers(1, 3)):
            data[place] = random.choice([0, 1, 2, 3, 6, 8, 255, int(random.integers(256))])
        expected = by_pillow(bytes(data))
        if expected is not None and b"Exif\0\0" in data:
            assert _orientation(bytes(data)) == expected, bytes(data[:110])
            compared += 1
    assert compared > 300


def test_transparency_is_set_on_white():
    clear = np.dstack([pixels(4), np.zeros((40, 40), np.uint8)])
    made, header = decode(encoded(clear, "PNG"), RGB)
    assert made.min() == 255
    assert header.traits & Trait.TRANSPARENT
    half = np.dstack([np.zeros((40, 40, 3), np.uint8), np.full((40, 40), 128, np.uint8)])
    assert abs(int(decode(encoded(half, "PNG"), RGB)[0].mean()) - 127) <= 1


def test_palette_with_transparency():
    picture = Image.fromarray(pixels(5)).quantize(8)
    data = encoded(picture, "PNG", transparency=0)
    made, header = decode(data, RGB)
    assert header.traits & Trait.PALETTE
    assert header.traits & Trait.TRANSPARENT
    assert (made == 255).all(2).any()


def test_grey_cmyk_one_bit_and_sixteen_bits():
    grey = pixels(6)[:, :, 0]
    assert decode(encoded(grey, "JPEG"), RGB)[0].shape == (24, 24, 3)
    assert difference(decode(encoded(grey, "PNG"), GREY)[0][:, :, 0], fit(grey[:, :, None], GREY)[:, :, 0]) < 1
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    made, header = decode(encoded(deep, "PNG"), GREY)
    assert header.traits & Trait.DEEP
    assert difference(made, fit(grey[:, :, None], GREY)) < 1
    bits = Image.fromarray(grey > 128)
    assert set(np.unique(decode(encoded(bits, "PNG"), Size(40, 40, "grey"))[0])) == {0, 255}
    cmyk = Image.fromarray(pixels(7)).convert("CMYK")
    made, header = decode(encoded(cmyk, "JPEG", quality=95), RGB)
    assert header.traits & Trait.CMYK
    assert difference(made, fit(pixels(7), RGB)) < 4


def test_animation_gives_its_first_frame():
    frames = [Image.fromarray(pixels(seed)).quantize(64) for seed in (1, 2)]
    made, header = decode(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), RGB)
    assert header.traits & Trait.FRAMES
    assert difference(made, fit(pixels(1), RGB)) < 12


def test_scaled_decoding_is_close_to_full():
    source = pixels(8, 200, 300)
    made, _ = decode(encoded(source, "JPEG", quality=95), RGB)
    assert difference(made, fit(source, RGB)) < 3
    grey, _ = decode(encoded(source, "JPEG", quality=95), GREY)
    assert difference(grey, fit(np.asarray(Image.fromarray(source).convert("L"))[:, :, None], GREY)) < 3


def test_a_jpeg_with_harmless_bytes_at_its_end_is_read():
    whole = jpeg(9)
    assert np.array_equal(decode(whole + b"trailer", RGB)[0], decode(whole, RGB)[0])


def test_bombs_are_refused_by_their_header():
    data = encoded(Image.new("1", (20_000, 20_000)), "PNG")
    started = time.process_time()
    with pytest.raises(Unreadable, match="more than 50 million pixels"):
        decode(data, RGB)
    with pytest.raises(Unreadable):
        header_of(data)
    with pytest.raises(Unreadable, match="8000 x 8000 pixels, more than 50 million"):
        decode(encoded(Image.new("L", (8_000, 8_000)), "JPEG"), RGB)
    assert time.process_time() - started < 0.5


def test_cache_decodes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    names = sorted(map(str, folder(tmp_path / "photos").rglob("*.jpg")))
    told: list[tuple[int, int]] = []
    first = pixels_of(names, RGB, lambda done, total: told.append((done, total)))
    assert told[0] == (0, 24)
    assert told[-1] == (24, 24)
    for row in (0, 23):
        assert np.array_equal(first.array[row], decode(Path(names[row]).read_bytes(), RGB)[0])
    assert (first.facts["state"] == GOOD).all()
    assert sorted(path.name.split(".", 1)[1] for path in (tmp_path / "cache").glob("pixels-*")) == [
        "bad.json",
        "facts.npy",
        "npy",
    ]
    pixel_cache._pixels.cache_clear()
    monkeypatch.setattr(pixel_cache, "decode", None)  # a second decoding would fail
    assert np.array_equal(pixels_of(names, RGB).array, first.array)


def test_cache_follows_contents_not_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    here, there = folder(tmp_path / "here", number=2), folder(tmp_path / "there", number=2)
    names = [sorted(map(str, place.rglob("*.jpg"))) for place in (here, there)]
    pixels_of(names[0], RGB)
    changed = Path(names[0][0])
    before = pixels_of(names[0], RGB).array[0].copy()
    changed.write_bytes(jpeg(99))
    assert not np.array_equal(pixels_of(names[0], RGB).array[0], before)
    monkeypatch.setattr(pixel_cache, "decode", None)
    assert np.array_equal(pixels_of(names[1], RGB).array[0], before)


def test_a_damaged_cache_is_made_again(tmp_path: Path):
    names = sorted(map(str, folder(tmp_path / "photos", number=2).rglob("*.jpg")))
    first = pixels_of(names, RGB).array.copy()
    for path in (tmp_path / "cache").glob("pixels-*"):
        path.write_bytes(path.read_bytes()[:50])
    pixel_cache._pixels.cache_clear()
    assert np.array_equal(pixels_of(names, RGB).array, first)


KILLED = """
import os, sys, threading
from plainloop.plain.readers import pixel_cache
from plainloop.plain.readers.pixels import Size
pixel_cache.PIECE_BYTES, pixel_cache.threads = 1, lambda: 1  # pieces of 64 pictures
def told(done, total):
    print(done, flush=True)
pixel_cache.pixels_of(sys.argv[1:], Size(24, 24, "rgb"), told)
"""


def test_decoding_goes_on_after_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    names = sorted(map(str, folder(tmp_path / "photos", number=150).rglob("*.jpg")))
    process = subprocess.Popen([sys.executable, "-c", KILLED, *names], stdout=subprocess.PIPE, text=True, env={**os.environ})
    assert process.stdout is not None
    while int(process.stdout.readline()) < 100:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    decoded: list[int] = []
    real = pixel_cache.decode
    monkeypatch.setattr(pixel_cache, "decode", lambda data, size: decoded.append(1) or real(data, size))
    made = pixels_of(names, RGB)
    assert len(decoded) <= 300 - 64, "what was done before the kill is not done again"
    assert all(np.array_equal(made.array[row], real(Path(name).read_bytes(), RGB)[0]) for row, name in enumerate(names))


def test_too_little_room_is_said_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    names = sorted(map(str, folder(tmp_path / "photos", number=2).rglob("*.jpg")))
    monkeypatch.setattr(pixel_cache, "ROOM_LEFT", 10**18)
    with pytest.raises(pixel_cache.NoRoomForPixels):
        pixels_of(names, RGB)
