import json
import math

import pytest

from kt_notebook.storage.broken_json import read_object

_HELD = {"id": "7", "values": {"x": [0.5, -1e-7], "y": 'a "quoted" {text}'}, "score": 0.125, "message": None}


def test_a_whole_file_is_read_with_bare_nan(tmp_path):
    path = tmp_path / "trial.json"
    path.write_text('{"score": NaN, "best": -Infinity}')
    read = read_object(path)

    assert read.fault == ""
    assert math.isnan(read.held["score"])
    assert read.held["best"] == -math.inf


def test_a_file_that_is_cut_anywhere_gives_the_pairs_before_the_cut(tmp_path):
    path = tmp_path / "trial.json"
    text = json.dumps(_HELD)
    names = list(_HELD)
    for length in range(1, len(text)):
        path.write_text(text[:length])
        read = read_object(path)
        assert read.fault == "is cut short"
        assert read.held == {name: _HELD[name] for name in names[: len(read.held)]}
        n_whole = sum(length > text.index(f', "{name}"') for name in names[1:])
        assert len(read.held) >= n_whole


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty"),
        (b"\0" * 4096, "is empty"),
        (b"  \n", "is empty"),
        (b"[1, 2]", "is no JSON object"),
        (b"\xff\xfe\x00garbage", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"a":' * 100_000, "is cut short"),
    ],
)
def test_what_is_no_json_object_gives_nothing_and_is_said(tmp_path, content, fault):
    path = tmp_path / "oracle.json"
    path.write_bytes(content)
    read = read_object(path)
    assert (read.held, read.fault) == ({}, fault)


def test_a_file_that_is_not_there_is_said(tmp_path):
    assert read_object(tmp_path / "oracle.json").fault == "is missing"


def test_a_folder_in_the_place_of_a_file_is_said(tmp_path):
    assert read_object(tmp_path).fault.startswith("cannot be read (")
