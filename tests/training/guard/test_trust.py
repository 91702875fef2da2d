"""What has been checked is remembered, also beyond the process; whatever lies on disk, nothing fails."""

import json
import threading
from pathlib import Path

import pytest

from kt_notebook.training.guard.kinds import Kind
from kt_notebook.training.guard.trust import Finding, Trust

KERAS_ONLY = Kind("a", True, ())
OF_THE_USER = Kind("b", False, ("Own",))
SAME, OTHER = Finding(None, 0.5), Finding("loss is 1 and 2", 0.5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "checked.json"


def test_a_finding_outlives_the_process(path: Path) -> None:
    Trust(path).record(KERAS_ONLY, SAME)
    Trust(path).record(Kind("c", True, ()), OTHER)
    assert Trust(path).find(KERAS_ONLY) == SAME
    assert Trust(path).find(Kind("c", True, ())) == OTHER
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_is_the_users_own_is_known_in_this_process_only(path: Path) -> None:
    trust = Trust(path)
    trust.record(OF_THE_USER, SAME)
    assert trust.find(OF_THE_USER) == SAME
    assert not path.exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 2, "findings": {"a": {"difference": null, "seconds": 1}}}',
        '{"format": 1, "findings": []}',
        '{"format": 1, "findings": {"a": 1}}',
        '{"format": 1, "findings": {"a": {"difference": null}}}',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_counts_as_empty_and_is_written_anew(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    trust = Trust(path)
    assert trust.find(KERAS_ONLY) is None
    trust.record(KERAS_ONLY, SAME)
    assert Trust(path).find(KERAS_ONLY) == SAME


def test_a_file_of_bytes_counts_as_empty(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe\x00")
    assert Trust(path).find(KERAS_ONLY) is None


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    trust = Trust(tmp_path / "file" / "checked.json")
    trust.record(KERAS_ONLY, SAME)
    assert trust.find(KERAS_ONLY) == SAME


def test_two_processes_do_not_lose_each_others_findings(path: Path) -> None:
    one, other = Trust(path), Trust(path)
    assert one.find(KERAS_ONLY) is None
    assert other.find(KERAS_ONLY) is None
    one.record(KERAS_ONLY, SAME)
    other.record(Kind("c", True, ()), SAME)
    assert Trust(path).find(KERAS_ONLY) == SAME
    assert Trust(path).find(Kind("c", True, ())) == SAME
    assert other.find(KERAS_ONLY) == SAME


def test_a_difference_is_never_forgotten_for_a_check_without_one(path: Path) -> None:
    Trust(path).record(KERAS_ONLY, OTHER)
    later = Trust(path)
    later.record(KERAS_ONLY, SAME)
    assert later.find(KERAS_ONLY) == OTHER
    assert Trust(path).find(KERAS_ONLY) == OTHER


def test_a_further_check_may_find_a_difference_after_all(path: Path) -> None:
    trust = Trust(path)
    trust.record(KERAS_ONLY, SAME)
    trust.record(KERAS_ONLY, OTHER)
    assert Trust(path).find(KERAS_ONLY) == OTHER


def test_without_a_path_all_is_kept_in_memory() -> None:
    trust = Trust()
    trust.record(KERAS_ONLY, SAME)
    assert trust.find(KERAS_ONLY) == SAME


def test_threads_may_record_at_once(path: Path) -> None:
    trust = Trust(path)
    kinds = [Kind(str(number), True, ()) for number in range(16)]
    threads = [threading.Thread(target=trust.record, args=(kind, SAME)) for kind in kinds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(json.loads(path.read_text())["findings"]) == {kind.key for kind in kinds}


def test_the_file_does_not_grow_for_ever(path: Path) -> None:
    findings = {str(number): {"difference": None, "seconds": 1.0} for number in range(2_100)}
    path.parent.mkdir()
    path.write_text(json.dumps({"format": 1, "findings": findings}))
    Trust(path).record(KERAS_ONLY, SAME)
    held = json.loads(path.read_text())["findings"]
    assert len(held) == 2_000
    assert "a" in held
    assert "0" not in held
