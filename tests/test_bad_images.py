"""The catalogue of bad pictures: each written as files, and left out, repaired, told or refused as it says there."""

from __future__ import annotations

import gzip
import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import encoded, folder, idx, idx_folder, jpeg, pixels, zipped
from plainloop.options import DataOptions
from plainloop.problems import Notice, PlainloopError
from plainloop.show import look_text
from plainloop.understand.image_copies import alike, looks
from plainloop.understand.images import PictureOptions, Scan, are_pictures, scan, schema_of
from plainloop.understand.look import look
from plainloop.understand.seen import Look


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return folder(tmp_path / "photos", number=15)


def png_bomb() -> bytes:
    """A small PNG whose header speaks of 50000 x 50000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def seen(place: Path, **options: object) -> Look:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return look(str(place), DataOptions(**options))  # type: ignore[arg-type]


def told(notices: list[Notice], name: str) -> str:
    """What the notices of a kind say, "" where there is none."""
    return "\n".join(str(notice) for notice in notices if type(notice).__name__ == name)


LEFT_OUT: dict[str, tuple[bytes, str]] = {
    "70 zero bytes": (b"", "has no bytes"),
    "70 text renamed": (b"just some words that are no picture", "is text"),
    "70 web page": (b"<!DOCTYPE html><html><body>404</body></html>", "is a web page"),
    "70 truncated jpeg": (jpeg(1, 200, 200)[:3000], "is cut off"),
    "70 truncated png": (encoded(pixels(1, 200, 200), "PNG")[:3000], "is cut off"),
    "70 jpeg header alone": (b"\xff\xd8\xff\xe0", "is damaged"),
    "70 damaged png": (encoded(pixels(1), "PNG").replace(b"IDAT", b"IDXX"), "is "),
    "71 bomb": (png_bomb(), "million pixels"),
    "72 svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG drawing"),
    "72 pdf": (b"%PDF-1.7 ...", "is a PDF document"),
    "72 psd": (b"8BPS\0\1" + bytes(40), "is a Photoshop file"),
    "72 eps": (b"%!PS-Adobe-3.0 EPSF-3.0", "is a PostScript file"),
    "72 heic": (b"\0\0\0\x18ftypheic" + bytes(40), "is a HEIC or AVIF picture"),
    "lfs pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a Git LFS pointer"),
    "noise": (bytes(range(128, 256)) * 4, "is no picture"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_bad_picture_is_named_and_left_out(photos: Path, name: str):
    data, reason = LEFT_OUT[name]
    bad = photos / "cat" / "bad.jpg"
    bad.write_bytes(data)
    made = seen(photos)
    said = told(made.notices, "PicturesLeftOut")
    assert "1 of 31 pictures is left out" in said
    assert reason in said
    assert "bad.jpg" in said
    assert made.source.left_out == (15,)
    assert sum(map(len, made.rows.values())) == 30
    assert 15 not in np.concatenate(list(made.rows.values()))
    assert bad.read_bytes() == data, "never deleted, never changed"


def test_many_bad_pictures_are_refused_unless_allowed(photos: Path):
    for i in range(6):
        (photos / "cat" / f"{i:02d}.jpg").write_bytes(b"oops, no picture")
    with pytest.raises(PlainloopError, match="6 of 30 pictures") as refusal:
        seen(photos)
    assert "--skip-bad 6" in str(refusal.value)
    assert "00.jpg is text" in str(refusal.value)
    assert len(seen(photos, skip_bad=6).source.left_out) == 6


CONVERTED: dict[str, tuple[Callable[[], bytes], str]] = {
    "73 cmyk": (lambda: encoded(Image.fromarray(pixels(1)).convert("CMYK"), "JPEG"), "CMYK"),
    "73 16 bit": (lambda: encoded(Image.fromarray(pixels(1)[:, :, 0].astype(np.uint16) * 257), "PNG"), "16 or more bits"),
    "73 palette": (lambda: encoded(Image.fromarray(pixels(1)).quantize(8), "PNG"), "palette"),
    "73 palette with transparency": (
        lambda: encoded(Image.fromarray(pixels(1)).quantize(8), "PNG", transparency=1),
        "transparency",
    ),
    "73 alpha": (lambda: encoded(Image.fromarray(pixels(1)).convert("RGBA"), "PNG"), "transparency"),
    "74 exif": (lambda: encoded(Image.fromarray(pixels(1, 40, 60)), "JPEG", exif=turned()), "turned upright"),
    "75 animated gif": (lambda: animated("GIF"), "several frames"),
    "75 animated webp": (lambda: animated("WEBP"), "several frames"),
    "72 tiff stack": (lambda: animated("TIFF"), "several frames"),
}


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[274] = 6
    return exif


def animated(format: str) -> bytes:
    frames = [Image.fromarray(pixels(seed)) for seed in (1, 2, 3)]
    return encoded(frames[0], format, save_all=True, append_images=frames[1:])


@pytest.mark.parametrize("name", CONVERTED)
def test_another_form_is_repaired_and_said(photos: Path, name: str):
    make, word = CONVERTED[name]
    (photos / "cat" / "other.jpg").write_bytes(make())  # under a wrong ending too
    made = seen(photos)
    said = told(made.notices, "PicturesConverted")
    assert word in said, said
    assert made.source.left_out == ()


def test_76_tiny_and_long_pictures(photos: Path):
    (photos / "cat" / "pixel.gif").write_bytes(encoded(pixels(1, 1, 1), "GIF"))
    (photos / "dog" / "line.png").write_bytes(encoded(Image.new("L", (30_000, 1)), "PNG"))
    made = seen(photos)
    assert "1 x 1" in told(made.notices, "TinyPictures")
    assert "30000 x 1 pixels" in told(made.notices, "LongPictures")
    assert made.source.left_out == ()


def test_78_empty_class_folder(photos: Path):
    (photos / "fox").mkdir()
    with pytest.raises(PlainloopError, match=r'"fox" of .*photos is empty'):
        seen(photos)


def test_78_class_without_a_good_picture(photos: Path):
    (photos / "fox").mkdir()
    (photos / "fox" / "1.jpg").write_bytes(b"")
    with pytest.raises(PlainloopError, match=r'"fox" of .*photos has no picture that can be decoded'):
        seen(photos)


def test_78_single_class_and_no_class(tmp_path: Path):
    folder(tmp_path / "one", ("cat",), 30)
    with pytest.raises(PlainloopError, match='of one class, "cat"'):
        seen(tmp_path / "one")
    with pytest.raises(PlainloopError, match="lie in no class folders"):
        seen(tmp_path / "one" / "cat")


def test_78_other_files_and_pictures_without_class(photos: Path):
    (photos / "cat" / "notes.txt").write_text("about cats")
    (photos / "cover.png").write_bytes(encoded(pixels(5), "PNG"))
    (photos / "cat" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    made = seen(photos)
    assert "notes.txt" in told(made.notices, "FilesPassedOver")
    assert "Thumbs" not in told(made.notices, "FilesPassedOver")
    assert "cover.png" in told(made.notices, "PicturesWithoutClass")
    assert sum(map(len, made.rows.values())) == 30


def test_79_the_same_picture_in_train_and_test(tmp_path: Path):
    place = tmp_path / "photos"
    folder(place / "train", number=12)
    folder(place / "test", number=6, first=1000)
    source = Image.fromarray(pixels(3))
    (place / "test" / "cat" / "copy.jpg").write_bytes((place / "train" / "cat" / "03.jpg").read_bytes())
    (place / "test" / "cat" / "again.png").write_bytes(encoded(source.resize((55, 55), Image.Resampling.LANCZOS), "PNG"))
    said = told(seen(place).notices, "PicturesAcrossSplit")
    assert "2 of 14 test pictures" in said
    assert "1 byte for byte, 1 by their look" in said


def test_79_the_same_picture_under_two_labels(photos: Path):
    (photos / "dog" / "x.jpg").write_bytes((photos / "cat" / "04.jpg").read_bytes())
    said = told(seen(photos).notices, "PicturesTwice")
    assert "1 of 31 pictures repeats another" in said
    assert "under another label" in said


def test_near_copies_are_found_and_others_are_not():
    made = np.stack([pixels(seed) for seed in range(60)])
    noisy = np.clip(made[:5].astype(int) + np.random.default_rng(0).integers(-6, 7, made[:5].shape), 0, 255).astype(np.uint8)
    hashes, thumbnails = looks(np.concatenate([made, noisy]))
    assert alike(hashes, thumbnails, np.arange(60, 65), np.arange(60)) == [(60 + i, i) for i in range(5)]
    assert alike(hashes, thumbnails, np.arange(30, 60), np.arange(30)) == []


def test_grey_pictures_with_a_few_colours(tmp_path: Path):
    for label in ("a", "b"):
        (tmp_path / "scans" / label).mkdir(parents=True)
        for i in range(300):
            (tmp_path / "scans" / label / f"{i:03d}.png").write_bytes(encoded(pixels(i, 18, 18)[:, :, 0], "PNG"))
    made = scan([str(tmp_path / "scans")])
    assert made.pictures.size == (18, 18, "grey")
    Path(made.listing.names[5]).write_bytes(encoded(pixels(5, 18, 18), "PNG"))  # not among the sampled ones
    assert "1 of 600 pictures have colours" in told(scan([str(tmp_path / "scans")]).notices, "ColoursDropped")


ARCHIVES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "names leading out": (
        lambda at: zipped(at / "p.zip", {"a/1.jpg": jpeg(1), "../../evil.jpg": jpeg(2)}),
        "leading out of the archive",
    ),
    "absolute names": (lambda at: zipped(at / "p.zip", {"/a/1.jpg": jpeg(1), "/b/2.jpg": jpeg(2)}), "leading out of the archive"),
    "no archive": (lambda at: wrote(at / "p.zip", b"PK\3\4 but no more"), "not a whole zip archive"),
}


def wrote(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ARCHIVES)
def test_bad_archives_are_refused(tmp_path: Path, name: str):
    make, word = ARCHIVES[name]
    with pytest.raises(PlainloopError, match=word):
        scan([str(make(tmp_path))])


def test_damaged_members_are_left_out(tmp_path: Path):
    members = {f"{label}/{i:02d}.jpg": jpeg(i + 50 * (label == "b")) for label in "ab" for i in range(15)}
    place = tmp_path / "p.zip"
    with zipfile.ZipFile(place, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.writestr("a/bomb.png", bytes(30_000_000), zipfile.ZIP_DEFLATED)
        archive.writestr("a/nested.zip", b"PK\3\4")
    content = bytearray(place.read_bytes())
    content[content.index(members["a/03.jpg"]) + 100] ^= 0xFF
    place.write_bytes(content)
    made = scan([str(place)])
    said = told(made.notices, "PicturesLeftOut")
    assert "2 of 31" in said
    assert "03.jpg is damaged in its archive" in said
    assert "bomb.png would unpack" in said


IDX: dict[str, tuple[Callable[[Path], object], str]] = {
    "wrong magic": (
        lambda at: (at / "train-images-idx3-ubyte").write_bytes(idx(np.zeros((40, 28, 28)), 0x0D03)),
        "first bytes are 00 00 0d 03",
    ),
    "fewer than said": (
        lambda at: (at / "train-images-idx3-ubyte").write_bytes(idx(np.zeros((40, 28, 28)))[:-100]),
        "31360 bytes, and 31260 follow",
    ),
    "labels for other pictures": (lambda at: (at / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(39))), "40 pictures and"),
    "empty": (lambda at: (at / "train-images-idx3-ubyte").write_bytes(b""), "first bytes are missing"),
    "gzip cut off": (
        lambda at: (at / "train-images-idx3-ubyte").write_bytes(gzip.compress(idx(np.zeros((40, 28, 28))))[:50]),
        "ends too early",
    ),
}


@pytest.mark.parametrize("name", IDX)
def test_bad_idx_files_are_refused(tmp_path: Path, name: str):
    change, word = IDX[name]
    place = idx_folder(tmp_path / "mnist", packed=False)
    change(place)
    with pytest.raises(PlainloopError, match=word):
        scan([str(place)])


def test_idx_pictures_without_labels(tmp_path: Path):
    place = idx_folder(tmp_path / "mnist", packed=False)
    (place / "train-labels-idx1-ubyte").unlink()
    (place / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(PlainloopError, match="lie in no class folders"):
        scan([str(place)])


def test_size_and_colours_are_chosen_and_can_be_asked_for(tmp_path: Path):
    assert scan([str(folder(tmp_path / "small", number=2))]).pictures.size == (40, 40, "rgb")
    large = folder(tmp_path / "large", number=2)
    for path in large.rglob("*.jpg"):
        path.write_bytes(jpeg(hash(path.name) % 100, 200, 260))
    assert scan([str(large)]).pictures.size == (128, 128, "rgb")
    assert scan([str(large)], PictureOptions(size="48x96", mode="grey")).pictures.size == (48, 96, "grey")
    for wrong in ("big", "4", "5000"):
        with pytest.raises(PlainloopError, match="image_size"):
            scan([str(large)], PictureOptions(size=wrong))


def test_names_of_folders_are_words(tmp_path: Path):
    place = folder(tmp_path / "years", tuple(str(year) for year in range(2000, 2025)), 2)
    made: Scan = scan([str(place)])
    task = schema_of(made, ["label"]).task
    assert task is not None
    assert task.name == "Multiclass"


def test_the_door_tells_pictures_from_tables(tmp_path: Path):
    place = folder(tmp_path / "photos", number=2)
    assert are_pictures([str(place)])
    assert are_pictures([str(place / "cat" / "00.jpg")])
    assert are_pictures([str(idx_folder(tmp_path / "mnist"))])
    assert are_pictures([str(zipped(tmp_path / "p.zip", {"a/1.jpg": b"", "b/2.jpg": b""}))])
    assert not are_pictures([str(zipped(tmp_path / "t.zip", {"table.csv": b"a,b"}))])
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "a.csv").write_text("a,b\n")
    assert not are_pictures([str(tmp_path / "tables")])
    folder(tmp_path / "tables", ("images",), 2)
    assert not are_pictures([str(tmp_path / "tables")]), "a table beside one folder of pictures names them"


def test_arrays_in_memory(tmp_path: Path):
    random = np.random.default_rng(0)
    pictures, labels = random.integers(0, 256, (40, 12, 20, 3), dtype=np.uint8), np.arange(40) % 4
    made = look((pictures, labels), DataOptions(), keep=lambda: tmp_path)
    assert made.schema.columns[0].size == (12, 20) or made.schema.columns[0].size == (16, 16)
    assert made.task == "Multiclass"
    torch_order = look((pictures.transpose(0, 3, 1, 2) / 255, labels), DataOptions(), keep=lambda: tmp_path / "b")
    assert torch_order.source.sha256 == made.source.sha256
    for wrong in (pictures.astype(np.int64) * 2, pictures[:, :, :, :2], pictures.astype(np.float64) - 300):
        with pytest.raises(PlainloopError, match="is not pictures"):
            look((wrong, labels), DataOptions(), keep=lambda: tmp_path / "c")


def test_a_contact_sheet_shows_every_class(photos: Path):
    from plainloop.judge.contact_sheet import class_sheet

    made = scan([str(photos)])
    labels = made.listing.labels["label"]
    sheet = Image.open(io.BytesIO(class_sheet(made.pictures.pixels.array, made.pictures.cells.codes, labels, per_class=4)))
    assert sheet.width > 4 * 96
    assert sheet.height > 2 * 96


def test_inspect_tells_kinds_and_sizes_and_names_every_bad_picture(photos: Path):
    for i in range(3):
        (photos / "cat" / f"bad{i}.jpg").write_bytes(b"oops, no picture")
    (photos / "dog" / "wide.png").write_bytes(encoded(pixels(5, 40, 60)[:, :, 0], "PNG"))
    made = seen(photos)
    text = str(made)
    assert "path: 34 pictures: 30 JPEG, 1 PNG; 3 unreadable" in text
    assert "1 grey; 2 sizes: width 40 to 60 (median 40), height 40 to 40 (median 40)" in text
    assert "most often 40 x 40 (30), 60 x 40 (1)" in text
    assert all(f"{photos}/cat/bad{i}.jpg is text" in text for i in range(3))
    assert "and 1 more" in look_text(made, columns=False)
    assert "bad2.jpg" not in look_text(made, columns=False)
    answer = made.as_dict()
    facts = answer["columns"][0]["pictures"]
    assert (facts["width"], facts["sizes"], facts["grey"]) == ([40, 40, 60], {"40 x 40": 30, "60 x 40": 1}, 1)
    assert [Path(bad["name"]).name for bad in facts["unreadable"]] == ["bad0.jpg", "bad1.jpg", "bad2.jpg"]
    assert len(next(one for one in answer["notices"] if one["name"] == "PicturesLeftOut")["details"]) == 3


def test_a_table_beside_pictures_without_classes_is_named(tmp_path: Path):
    for part in ("train", "test"):
        folder(tmp_path / "dogs" / part / "images", ("",), 30)
    (tmp_path / "dogs" / "train" / "_classes.csv").write_text("filename,beagle\n00.jpg,1\n")
    with pytest.raises(PlainloopError, match="60 pictures in") as refused:
        seen(tmp_path / "dogs")
    assert refused.value.fix.endswith(f"plainloop inspect {tmp_path}/dogs/train/_classes.csv")


def test_an_npz_file_of_rows_is_for_python(tmp_path: Path):
    np.savez(tmp_path / "digits.npz", data=np.zeros((9, 4)), target=np.arange(9))
    with pytest.raises(PlainloopError, match="its arrays are data, target") as refused:
        seen(tmp_path / "digits.npz")
    assert refused.value.fix.endswith("plainloop.train((found['data'], found['target']))")
