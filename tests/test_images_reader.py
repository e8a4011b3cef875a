"""Folders, archives and array files of pictures become tables; what is no picture is passed over."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from pictures import folder, idx, idx_folder, jpeg, zipped
from plainloop.plain.config import Column, Source
from plainloop.plain.readers import images
from plainloop.plain.readers.content_digests import content_digests
from plainloop.plain.readers.image_faults import CountsDiffer, NoPictures

COLUMNS = (Column(name="path", type="image", size=(16, 16), mode="rgb"), Column(name="label", type="category", role="target"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path / "cache"))


def source(*data: object, **parts: tuple[str, ...]) -> Source:
    return Source(reader="images", format="images", data=tuple(map(str, data)), **parts)


def test_a_folder_per_class(tmp_path: Path):
    table = images.read(source(folder(tmp_path / "photos", number=3)), COLUMNS)
    assert table["label"].tolist() == ["cat"] * 3 + ["dog"] * 3
    assert [os.path.basename(path) for path in table["path"].tolist()] == ["00.jpg", "01.jpg", "02.jpg"] * 2
    assert table.parts == {"data": range(6)}


PARTS = [
    ("train", "val", "test"),
    ("Training", "validation", "testing"),
    ("train", "valid", "test"),
    ("training", "validation_set", "Test1"),
    ("seg_train/seg_train", "seg_dev/seg_dev", "seg_test/seg_test"),
]


@pytest.mark.parametrize("names", PARTS)
def test_parts_are_recognised(tmp_path: Path, names: tuple[str, str, str]):
    for name, number in zip(names, (4, 2, 3), strict=True):
        folder(tmp_path / "photos" / name, number=number)
    listing = images.listed(source(tmp_path / "photos"))
    assert {part: len(rows) for part, rows in listing.parts.items()} == {"data": 8, "validation": 4, "test": 6}
    assert set(listing.labels["label"]) == {"cat", "dog"}


def test_a_wrapper_is_passed_through_and_classes_may_be_nested(tmp_path: Path):
    place = folder(tmp_path / "photos" / "wrapper", number=2)
    (place / "cat" / "2020" / "may").mkdir(parents=True)
    (place / "cat" / "2020" / "may" / "x.jpg").write_bytes(jpeg(9))
    listing = images.listed(source(tmp_path / "photos"))
    assert listing.labels["label"] == ["cat"] * 3 + ["dog"] * 2


def test_test_folder_without_classes_is_left_out(tmp_path: Path):
    folder(tmp_path / "photos" / "train", number=2)
    (tmp_path / "photos" / "test").mkdir()
    (tmp_path / "photos" / "test" / "1.jpg").write_bytes(jpeg(1))
    listing = images.listed(source(tmp_path / "photos"))
    assert list(listing.parts) == ["data"]
    assert len(listing.unlabelled) == 1


def test_a_folder_to_predict_is_left_out(tmp_path: Path):
    for name, number in (("seg_train", 4), ("seg_test", 2)):
        folder(tmp_path / "photos" / name / name, number=number)
    (tmp_path / "photos/seg_pred/seg_pred").mkdir(parents=True)
    (tmp_path / "photos/seg_pred/seg_pred/1.jpg").write_bytes(jpeg(7))
    listing = images.listed(source(tmp_path / "photos"))
    assert {part: len(rows) for part, rows in listing.parts.items()} == {"data": 8, "test": 4}
    assert set(listing.labels["label"]) == {"cat", "dog"}
    assert len(listing.unlabelled) == 1


def test_what_systems_leave_behind_is_passed_over(tmp_path: Path):
    place = folder(tmp_path / "photos", number=2)
    for name in (".DS_Store", "cat/Thumbs.db", "cat/._00.jpg", "__MACOSX/cat/00.jpg", ".git/x.jpg", "cat/desktop.ini"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(b"junk")
    (place / "README.md").write_text("about")
    (place / "cat" / "no_ending").write_bytes(jpeg(5))
    (place / "cat" / "numbers").write_bytes(b"1,2,3")
    listing = images.listed(source(place))
    assert len(listing.names) == 5
    assert sorted(map(os.path.basename, listing.others)) == ["README.md", "numbers"]
    assert listing.empty == []


def test_links_to_folders_are_followed_once(tmp_path: Path):
    place = folder(tmp_path / "photos", number=2)
    (place / "fox").symlink_to(folder(tmp_path / "elsewhere", ("fox",), 3) / "fox")
    (place / "cat" / "up").symlink_to(place)
    listing = images.listed(source(place))
    assert listing.labels["label"].count("fox") == 3
    assert len(listing.names) == 7


def test_zip_equals_its_folder(tmp_path: Path):
    place = folder(tmp_path / "photos", number=2)
    members = {f"photos/{path.relative_to(place)}": path.read_bytes() for path in sorted(place.rglob("*.jpg"))}
    archive = zipped(tmp_path / "photos.zip", {**members, "__MACOSX/photos/cat/._00.jpg": b"x", "photos/notes.txt": b"x"})
    listing = images.listed(source(archive))
    assert listing.labels == images.listed(source(place)).labels
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) in (["photos"], ["cache", "photos"])  # not unpacked


def test_a_folder_of_archives_has_its_parts(tmp_path: Path):
    for name, number in (("train", 3), ("test", 2)):
        members = {f"{name}/{label}/{i}.jpg": jpeg(i) for label in ("cat", "dog") for i in range(number)}
        zipped(tmp_path / f"{name}.zip", members)
    listing = images.listed(source(tmp_path))
    assert {part: len(rows) for part, rows in listing.parts.items()} == {"data": 6, "test": 4}
    assert set(listing.labels["label"]) == {"cat", "dog"}


@pytest.mark.parametrize("packed", [True, False])
def test_idx_files(tmp_path: Path, packed: bool):
    table = images.read(source(idx_folder(tmp_path / "mnist", packed=packed)), COLUMNS)
    assert table.parts == {"data": range(40), "test": range(40, 52)}
    assert table["label"].tolist()[:4] == ["0", "1", "2", "0"]


def test_an_unpacked_idx_file_counts_once(tmp_path: Path):
    idx_folder(tmp_path / "mnist", packed=True)
    idx_folder(tmp_path / "mnist", packed=False)
    assert len(images.listed(source(tmp_path / "mnist")).names) == 52


def test_npz_arrays(tmp_path: Path):
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (6, 8, 9, 3), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x_train=pictures, y_train=np.arange(6) % 2, x_test=pictures[:2], y_test=np.array([[0], [1]]))
    listing = images.listed(source(tmp_path / "a.npz"))
    assert listing.parts == {"data": range(6), "test": range(6, 8)}
    assert listing.labels["label"] == list("01010101")
    np.savez(tmp_path / "b.npz", images=pictures, labels=np.eye(6, 3, dtype=np.int64))
    columns = [Column(name="label_1", type="number", role="target")]
    assert images.read(source(tmp_path / "b.npz"), columns)["label_1"].tolist() == [0, 1, 0, 0, 0, 0]


def test_rows_left_out_have_no_label(tmp_path: Path):
    place = folder(tmp_path / "photos", number=2)
    table = images.read(Source(reader="images", format="images", data=(str(place),), left_out=(1,)), COLUMNS)
    assert table["label"].tolist() == ["cat", None, "dog", "dog"]
    assert len(table["path"].words) == 4


def test_digest_follows_contents_and_names_not_places(tmp_path: Path):
    one, other = folder(tmp_path / "one", number=2), folder(tmp_path / "deep" / "other", number=2)
    first = images.digest([str(one)])
    assert images.digest([str(other)]) == first
    (other / "cat" / "notes.txt").write_text("not a picture")
    assert images.digest([str(other)]) == first
    (other / "cat" / "00.jpg").rename(other / "dog" / "99.jpg")
    assert images.digest([str(other)]) != first
    (one / "cat" / "00.jpg").write_bytes(jpeg(77))
    assert images.digest([str(one)]) != first


def test_digest_of_idx_counts_the_labels(tmp_path: Path):
    place = idx_folder(tmp_path / "mnist", packed=False)
    first = images.digest([str(place)])
    (place / "train-labels-idx1-ubyte").write_bytes(idx((np.arange(40) + 1) % 3))
    assert images.digest([str(place)]) != first


def test_remembered_digests_notice_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("plainloop.plain.readers.content_digests.FEW", 0)
    file = tmp_path / "a.jpg"
    file.write_bytes(b"one")
    os.utime(file, ns=(10**18, 10**18))
    first = content_digests([str(file)])
    assert list((tmp_path / "cache").glob("digests-*.json"))
    assert content_digests([str(file)]) == first
    file.write_bytes(b"two")
    assert content_digests([str(file)]) != first


def test_single_pictures_and_flat_folders_have_no_labels(tmp_path: Path):
    place = folder(tmp_path / "photos", number=2)
    names = [str(place / "cat" / "00.jpg"), str(place / "dog" / "01.jpg")]
    assert images.listed(source(*names)).names == names
    flat = images.listed(source(place / "cat"))
    assert len(flat.names) == 2
    assert flat.labels == {"label": [None, None]}


def test_refusals(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoPictures):
        images.listed(source(tmp_path / "empty"))
    place = idx_folder(tmp_path / "mnist", packed=False)
    (place / "train-labels-idx1-ubyte").write_bytes(idx(np.arange(39) % 3))
    with pytest.raises(CountsDiffer, match="40 pictures"):
        images.listed(source(place))
