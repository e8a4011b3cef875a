"""The column of pictures: fitted on train rows, encoded as uint8, decoded to what can be shown, kept as plain values."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pictures import folder, jpeg
from plainloop.plain.columns import image
from plainloop.plain.columns.image import Image
from plainloop.plain.readers.image_faults import UnreadablePictures
from plainloop.plain.readers.pixels import Size, decode
from plainloop.plain.table import Words


@pytest.fixture
def cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Words:
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path / "cache"))
    names = sorted(map(str, folder(tmp_path / "photos").rglob("*.jpg")))
    return Words(np.arange(len(names), dtype=np.int32), names)


def test_encode_gives_the_pictures_in_order(cells: Words):
    column = Image.fit(cells, (20, 24), "rgb")
    rows = np.array([5, 0, 23, 5])
    encoded = column.encode(cells[rows])
    assert encoded.shape == (4, 3, 20, 24)
    assert encoded.dtype == torch.uint8
    for row, shown in zip(rows, column.decode(encoded), strict=True):
        assert np.array_equal(shown, decode(Path(cells.words[row]).read_bytes(), Size(20, 24, "rgb"))[0])


def test_memory_order_is_channels_last(cells: Words):
    encoded = Image.fit(cells, (16, 16), "rgb").encode(cells[np.array([3, 1])])
    assert encoded.is_contiguous(memory_format=torch.channels_last)


def test_mean_and_spread_are_those_of_the_train_rows(cells: Words):
    train = cells[np.arange(0, 24, 2)]
    column = Image.fit(train, (16, 16), "rgb")
    pixels = column.encode(train).double()
    assert np.allclose(column.mean, pixels.mean((0, 2, 3)).numpy())
    assert np.allclose(column.std, pixels.std((0, 2, 3), correction=0).numpy())
    assert Image.fit(cells, (16, 16), "rgb").mean != column.mean


def test_state_is_plain_and_comes_back(cells: Words):
    column = Image.fit(cells, (16, 16), "grey")
    again = Image(**json.loads(json.dumps(column.state())))
    assert again == column
    assert torch.equal(again.encode(cells), column.encode(cells))
    assert column.shape == {"size": [16, 16], "channels": 1, "mean": column.mean, "std": column.std}


def test_a_missing_picture_has_the_mean_colour(cells: Words):
    column = Image.fit(cells, (16, 16), "rgb")
    encoded = column.encode(Words(np.array([2, -1], np.int32), cells.words))
    assert encoded[1].flatten(1).float().mean(1).tolist() == [round(mean) for mean in column.mean]
    assert encoded[1].flatten(1).float().std(1).tolist() == [0, 0, 0]
    assert torch.equal(encoded[0], column.encode(cells)[2])
    assert torch.equal(column.encode(Words(np.array([-1], np.int32), [])), encoded[1:])


def test_large_columns_are_mapped_and_equal(cells: Words, monkeypatch: pytest.MonkeyPatch):
    column, rows = Image.fit(cells, (16, 16), "rgb"), np.array([7, 3, 3, 20])
    held = column.encode(cells[rows])
    monkeypatch.setattr(image, "LARGE", 0)
    assert torch.equal(column.encode(cells[rows]), held)


def test_a_run_of_pictures_is_not_copied_and_the_cache_stays_as_it_is(cells: Words):
    column = Image.fit(cells, (16, 16), "rgb")
    view = column.encode(cells[np.arange(4, 9)])
    before = column.encode(cells[np.array([4, 6])])
    view.zero_()  # a private page of the map: the file is not written
    fresh = replace(column).encode(Words(cells.codes[4:9], [*cells.words]))
    from plainloop.plain.readers import pixel_cache

    pixel_cache._pixels.cache_clear()
    fresh = column.encode(cells[np.arange(4, 9)])
    assert torch.equal(fresh[0], before[0])


def test_an_unreadable_picture_is_refused_where_it_is_needed(cells: Words):
    Path(cells.words[3]).write_bytes(jpeg(1)[:200])
    column = Image.fit(cells[np.array([0, 1, 2])], (16, 16), "rgb")
    with pytest.raises(UnreadablePictures, match="1 of 2 pictures"):
        column.encode(cells[np.array([2, 3])])


def test_digest_follows_contents(cells: Words):
    first = Image.digest(cells)
    assert Image.digest(cells) == first
    Path(cells.words[3]).write_bytes(jpeg(1))
    assert Image.digest(cells) != first
