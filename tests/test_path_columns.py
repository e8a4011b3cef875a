"""Tables that name pictures: their columns are found, checked against the disk, and decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import encoded, jpeg, pixels
from plainloop.options import DataOptions
from plainloop.plain.readers import tables
from plainloop.problems import Notice, PlainloopError
from plainloop.understand.look import look
from plainloop.understand.seen import Look


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path / "cache"))


def seen(place: Path, **options: object) -> Look:
    return look(str(place), DataOptions(**options))  # type: ignore[arg-type]


def told(notices: list[Notice], name: str) -> str:
    """What the notices of a kind say, "" where there is none."""
    return "\n".join(str(notice) for notice in notices if type(notice).__name__ == name)


def table(place: Path, names: list[str], **more: list[str]) -> Path:
    columns = {"file": names, "species": ["cat" if i % 2 else "dog" for i in range(len(names))], **more}
    rows = [",".join(columns), *(",".join(row) for row in zip(*columns.values(), strict=True))]
    (place / "labels.csv").write_text("\n".join(rows) + "\n")
    return place / "labels.csv"


@pytest.fixture
def listed(tmp_path: Path) -> tuple[Path, list[str]]:
    """A folder of pictures without classes, and their names."""
    (tmp_path / "set" / "images").mkdir(parents=True)
    names = [f"{i:02d}.jpg" for i in range(30)]
    for i, name in enumerate(names):
        (tmp_path / "set" / "images" / name).write_bytes(jpeg(i))
    return tmp_path / "set", names


def test_a_column_of_paths(listed: tuple[Path, list[str]]):
    place, names = listed
    made = seen(table(place, [f"images/{name}" for name in names]), target="species")
    column = made.schema["file"].column()
    assert (column.type, column.size, column.mode, column.format) == ("image", (40, 40), "rgb", "{}")
    assert len(column.sha256) == 64
    assert sum(map(len, made.rows.values())) == 30


def test_bare_names_are_completed(listed: tuple[Path, list[str]]):
    place, names = listed
    for name in names:
        (place / "images" / name).rename(place / "images" / f"a{name}")
    made = seen(table(place, ["a" + name[:-4] for name in names]), target="species")
    assert made.schema["file"].format == "images/{}.jpg"
    assert "images/a00.jpg" in told(made.notices, "PathsCompleted")


def test_77_listed_pictures_that_are_missing(listed: tuple[Path, list[str]]):
    place, names = listed
    paths = [f"images/{name}" for name in names]
    (place / "images" / names[4]).unlink()
    (place / "images" / names[7]).rename(place / "images" / names[7].upper())
    with pytest.raises(PlainloopError, match="2 of 30 pictures that are not there: line 6") as refusal:
        seen(table(place, paths), target="species")
    assert '"07.JPG" for "images/07.jpg"' in str(refusal.value)
    assert "--skip-bad 2" in str(refusal.value)
    made = seen(table(place, paths), target="species", skip_bad=2)
    assert made.source.left_out == (4, 7)
    assert not {4, 7} & set(np.concatenate(list(made.rows.values())).tolist())


def test_77_pictures_that_the_table_does_not_name(listed: tuple[Path, list[str]]):
    place, names = listed
    made = seen(table(place, [f"images/{name}" for name in names[:25]]), target="species")
    assert "5 pictures in" in told(made.notices, "PicturesUnlisted")


def test_a_bad_picture_in_a_column_of_paths(listed: tuple[Path, list[str]]):
    place, names = listed
    (place / "images" / names[3]).write_bytes(jpeg(3)[:300])
    made = seen(table(place, [f"images/{name}" for name in names], size=[str(i % 7) for i in range(30)]), target="species")
    assert "03.jpg is" in told(made.notices, "PicturesLeftOut")
    assert made.source.left_out == (3,)


def test_the_reader_makes_paths_that_can_be_opened(listed: tuple[Path, list[str]]):
    place, names = listed
    for name in names:
        (place / "images" / name).rename(place / "images" / f"a{name}")
    made = seen(table(place, ["a" + name[:-4] for name in names]), target="species")
    cells = tables.read(made.source, made.schema.config_columns())["file"]
    assert all(Path(path).is_file() for path in cells.tolist())
    assert [Path(path).name for path in cells.tolist()] == [f"a{name}" for name in names]


def test_79_copies_in_columns_of_paths(listed: tuple[Path, list[str]]):
    place, names = listed
    made = {
        "copy.jpg": (place / "images" / names[3]).read_bytes(),
        "again.png": encoded(Image.fromarray(pixels(7)).resize((55, 55), Image.Resampling.LANCZOS), "PNG"),
        "other.jpg": jpeg(500),
        "third.jpg": jpeg(501),
    }
    for name, data in made.items():
        (place / "images" / name).write_bytes(data)
    rest = table(place, [f"images/{name}" for name in [*made, names[9]]], size=[str(i) for i in range(5)]).rename(place / "t.csv")
    first = table(place, [f"images/{name}" for name in names], size=[str(i % 7) for i in range(30)])
    found = seen(first, target="species", test=str(rest))
    said = told(found.notices, "PicturesAcrossSplit")
    assert "3 of 5 test pictures are train pictures too" in said
    assert "2 byte for byte, 1 by their look" in said, "one is a copy, one the same file in rows with other numbers"
    assert "--target species" in said
    repeats = told(found.notices, "PicturesTwice")
    assert "1 of 34 pictures repeats another" in repeats, "a file that two rows name is no copy"
    assert "1 of them under another label" in repeats
    clean = seen(table(place, [f"images/{name}" for name in names]), target="species").notices
    assert not told(clean, "PicturesAcrossSplit") + told(clean, "PicturesTwice")


def test_pictures_of_a_table_are_described(listed: tuple[Path, list[str]]):
    place, names = listed
    (place / "images" / names[1]).write_bytes(encoded(Image.fromarray(pixels(1)).convert("CMYK"), "JPEG"))
    (place / "images" / names[2]).write_bytes(encoded(pixels(2, 2, 2), "PNG"))
    (place / "images" / names[4]).write_bytes(encoded(pixels(4, 40, 400), "PNG"))
    found = seen(table(place, [f"images/{name}" for name in names]), target="species")
    for name in ("PicturesConverted", "TinyPictures", "LongPictures"):
        assert "labels.csv" in told(found.notices, name), name
    facts = found.as_dict()["columns"][0]["pictures"]
    assert (facts["pictures"], facts["kinds"]) == (30, {"JPEG": 28, "PNG": 2})
    assert "file: 30 pictures: 28 JPEG, 2 PNG" in str(found)
