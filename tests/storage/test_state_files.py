import json
import math

import pytest

from kt_notebook.core.errors import StorageError
from kt_notebook.storage.state_files import read_state, write_state


def test_a_state_is_read_as_it_was_written(tmp_path):
    state = {"text": "é", "values": [1, 0.5, None, True], "score": math.inf}
    text = write_state(tmp_path / "new" / "state.json", state)

    assert read_state(str(tmp_path / "new" / "state.json")) == state == json.loads(text)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["state.json"]


def test_a_state_that_json_cannot_hold_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "state.json"
    write_state(path, {"a": 1})
    with pytest.raises(StorageError, match=r"Object of type set is not JSON serializable\. Return plain JSON"):
        write_state(path, {"a": set()})
    assert read_state(path) == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize(("content", "fault"), [(None, "is missing"), ("", "is empty"), ('{"a": 1', "is cut short")])
def test_a_broken_file_is_named(tmp_path, content, fault):
    path = tmp_path / "trial.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(StorageError, match=rf"trial\.json' {fault}\. Give a file that save"):
        read_state(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Could not write the file"):
        write_state(tmp_path / "file" / "state.json", {})
