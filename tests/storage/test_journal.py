import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kt_notebook.core.errors import StorageError
from kt_notebook.storage.journal import Journal
from kt_notebook.storage.journal_reader import JournalFollower, read_journal

_quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _record(seq, **fields):
    return {"seq": seq, "time": 1.5 * seq, "kind": "trial_started", **fields}


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
_records = st.lists(st.dictionaries(st.text(min_size=6, max_size=9), _values, max_size=3), max_size=12).map(
    lambda many: [_record(seq, **fields) for seq, fields in enumerate(many, 1)]
)


def _written(path, records):
    path.unlink(missing_ok=True)
    with Journal.open(path) as journal:
        journal.append(records, durable=False)
    return path.read_bytes()


@_quick
@given(_records)
def test_what_is_appended_is_read_again(tmp_path, records):
    path = tmp_path / "journal.jsonl"
    _written(path, records)

    with Journal.open(path) as journal:
        assert journal.records == records
        assert journal.recovery.n_kept == len(records)
        assert not journal.recovery.is_damaged


@_quick
@given(_records, st.data())
def test_a_journal_cut_anywhere_opens_and_keeps_every_whole_line(tmp_path, records, data):
    path = tmp_path / "journal.jsonl"
    whole = _written(path, records)
    length = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:length])
    n_whole = whole[: length + 1].count(b"\n")  # a line that lacks nothing but its newline is whole

    with Journal.open(path) as journal:
        assert journal.records == records[:n_whole]
        assert not journal.recovery.is_damaged
        journal.append([_record(99)], durable=False)

    assert read_journal(path)[0] == [*records[:n_whole], _record(99)]


@_quick
@given(_records.filter(bool), st.data())
def test_a_flipped_byte_loses_no_line_before_it(tmp_path, records, data):
    path = tmp_path / "journal.jsonl"
    whole = _written(path, records)
    place = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :])
    n_before = whole[:place].count(b"\n")

    with Journal.open(path) as journal:
        assert journal.records[:n_before] == records[:n_before]
        assert len(journal.records) >= len(records) - 2
        kept = list(journal.records)
        journal.append([_record(99)], durable=False)

    again, recovery = read_journal(path)
    assert again == [*kept, _record(99)]
    assert not recovery.is_damaged


@pytest.mark.parametrize(
    "line",
    [b"garbage", b"[1]", b'{"seq":1}', b'{"seq":1,"time":NaN,"kind":"x"}', b'{"seq":true,"time":1,"kind":"x"}',
     b"\xff\xfe", b"[" * 100_000, b"\0" * 50],
)  # fmt: skip
def test_a_corrupt_line_in_the_middle_is_moved_aside_and_reported(tmp_path, line):
    path = tmp_path / "journal.jsonl"
    lines = [json.dumps(_record(seq)).encode() for seq in (1, 2)]
    path.write_bytes(lines[0] + b"\n" + line + b"\n" + lines[1] + b"\n")

    with Journal.open(path) as journal:
        recovery = journal.recovery

    assert [record["seq"] for record in read_journal(path)[0]] == [1, 2]
    assert recovery.lost_lines == (2,)
    assert recovery.moved_to == tmp_path / "journal.corrupt"
    assert line in recovery.moved_to.read_bytes()
    assert "2 records were kept, 1 line could not be read (number 2)" in recovery.describe()
    assert path.read_bytes() == lines[0] + b"\n" + lines[1] + b"\n"


def test_damage_and_a_torn_end_are_mended_at_once(tmp_path):
    path = tmp_path / "journal.jsonl"
    good = json.dumps(_record(1)).encode() + b"\n"
    path.write_bytes(good + b"bad\n" + good + b'{"seq": 3, "ti')

    with Journal.open(path) as journal:
        assert (journal.recovery.n_kept, journal.recovery.n_lost, journal.recovery.cut_bytes) == (2, 1, 14)

    assert path.read_bytes() == good + good


def test_bad_lines_of_several_openings_are_all_kept(tmp_path):
    path = tmp_path / "journal.jsonl"
    for word in (b"first", b"second"):
        path.write_bytes(word + b"\n")
        Journal.open(path).close()

    corrupt = (tmp_path / "journal.corrupt").read_bytes()
    assert b"first" in corrupt
    assert b"second" in corrupt


def test_a_kind_from_the_future_is_kept(tmp_path):
    path = tmp_path / "journal.jsonl"
    record = {"seq": 1, "time": 1, "kind": "trial_teleported", "to": "火星"}
    _written(path, [record])

    with Journal.open(path) as journal:
        assert journal.records == [record]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_a_record_that_json_cannot_hold_leaves_the_whole_batch_unwritten(tmp_path, value):
    path = tmp_path / "journal.jsonl"
    with Journal.open(path) as journal:
        with pytest.raises(StorageError, match="Record 2 of kind 'trial_started' cannot be kept"):
            journal.append([_record(1), _record(2, values=value)], durable=True)
        journal.append([_record(3)], durable=True)

    assert [record["seq"] for record in read_journal(path)[0]] == [3]


class _FullDisk:
    """Takes `room` bytes, then says that the disk is full."""

    def __init__(self, room):
        self.room = room

    def __call__(self, fd, data):
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        part = data[: self.room]
        self.room -= len(part)
        return os.write(fd, part)


@pytest.mark.parametrize("room", [0, 1, 40, 60])
def test_a_full_disk_leaves_no_half_line_and_says_the_cure(tmp_path, room):
    path = tmp_path / "journal.jsonl"
    _written(path, [_record(1)])
    disk = _FullDisk(room)
    with Journal.open(path, write=disk) as journal:
        with pytest.raises(StorageError, match=r"journal\.jsonl.*No space left.*Free some space") as caught:
            journal.append([_record(2), _record(3)], durable=True)
        assert caught.value.errno == errno.ENOSPC
        assert read_journal(path)[0] == [_record(1)]
        disk.room = 10_000
        journal.append([_record(2)], durable=True)

    assert read_journal(path)[0] == [_record(1), _record(2)]


def test_a_half_line_that_could_not_be_cut_is_cut_by_the_next_append(tmp_path, monkeypatch):
    path = tmp_path / "journal.jsonl"
    disk = _FullDisk(10)
    with Journal.open(path, write=disk) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(os, "ftruncate", _refuse)
            with pytest.raises(StorageError, match="No space left"):
                journal.append([_record(1)], durable=False)
        disk.room = 10_000
        journal.append([_record(2)], durable=False)

    assert path.read_bytes().count(b"\n") == 1
    assert read_journal(path)[0] == [_record(2)]


def _refuse(*_):
    raise OSError(errno.EIO, "no")


def test_the_system_itself_refusing_half_way_leaves_no_half_line(tmp_path):
    path = tmp_path / "journal.jsonl"
    code = f"""if True:
        import resource, signal
        from pathlib import Path
        from kt_notebook.core.errors import StorageError
        from kt_notebook.storage.journal import Journal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        journal = Journal.open(Path({str(path)!r}))
        try:
            for seq in range(1, 100):
                journal.append([{{"seq": seq, "time": 0.0, "kind": "x"}}], durable=False)
        except StorageError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    records, recovery = read_journal(path)
    assert "File too large. Free some space" in done.stdout
    assert [record["seq"] for record in records] == list(range(1, len(records) + 1))
    assert len(records) > 20
    assert recovery.cut_bytes == 0


def test_a_journal_deleted_under_its_search_is_noticed(tmp_path):
    path = tmp_path / "journal.jsonl"
    with Journal.open(path) as journal:
        path.unlink()
        with pytest.raises(StorageError, match="was deleted while its search runs"):
            journal.append([_record(1)], durable=True)


@pytest.mark.parametrize(("place", "said"), [("file/journal.jsonl", "in the way"), (".", "in the way")])
def test_a_journal_that_cannot_be_opened_says_path_and_cure(tmp_path, place, said):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=said):
        Journal.open(tmp_path / place)


_WRITER = """if True:
    import sys
    from pathlib import Path
    from kt_notebook.storage.journal import Journal
    journal = Journal.open(Path(sys.argv[1]))
    seq = len(journal.records)
    while True:
        batch = [dict(seq=seq + n, time=0.0, kind="epoch_ended", text="x" * 300) for n in range(1, 40)]
        journal.append(batch, durable=True)
        seq += len(batch)
        print(seq, flush=True)
"""


def test_kill_9_loses_no_record_that_was_said_to_be_durable(tmp_path):
    path = tmp_path / "journal.jsonl"
    chance = random.Random(0)
    said = 0
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            said = int(writer.stdout.readline())
            threading.Event().wait(chance.uniform(0.0, 0.02))  # the moment of the kill is what varies
            writer.send_signal(signal.SIGKILL)
            for line in writer.stdout:
                said = int(line) if line.endswith("\n") else said

        with Journal.open(path) as journal:
            seqs = [record["seq"] for record in journal.records]
            assert seqs == list(range(1, len(seqs) + 1))
            assert len(seqs) >= said
            assert not journal.recovery.is_damaged


def test_a_reader_leaves_a_torn_end_alone(tmp_path):
    path = tmp_path / "journal.jsonl"
    content = json.dumps(_record(1)).encode() + b'\n{"seq": 2'
    path.write_bytes(content)

    records, recovery = read_journal(path)

    assert records == [_record(1)]
    assert recovery.cut_bytes == 9
    assert path.read_bytes() == content


def test_reading_a_journal_that_is_not_there_gives_nothing(tmp_path):
    assert read_journal(tmp_path / "journal.jsonl")[0] == []
    assert JournalFollower(tmp_path / "journal.jsonl").poll() == []


def test_a_follower_gets_each_record_once_and_no_half_line(tmp_path):
    path = tmp_path / "journal.jsonl"
    follower = JournalFollower(path)
    with Journal.open(path) as journal:
        journal.append([_record(1), _record(2)], durable=False)
        assert follower.poll() == [_record(1), _record(2)]
        assert follower.poll() == []
        with path.open("ab") as file:
            file.write(b'{"seq":3,"time":4.5,"kind":"trial')
        assert follower.poll() == []
        with path.open("ab") as file:
            file.write(b'_started"}\n')
        assert follower.poll() == [_record(3)]
        assert follower.generation == 0


def test_a_follower_begins_anew_when_the_project_was_overwritten(tmp_path):
    path = tmp_path / "journal.jsonl"
    follower = JournalFollower(path)
    _written(path, [_record(1), _record(2)])
    follower.poll()
    path.rename(tmp_path / "old.jsonl")
    _written(path, [_record(1, values={"x": 3})])

    assert follower.poll() == [_record(1, values={"x": 3})]
    assert follower.generation == 1
