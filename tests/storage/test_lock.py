import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kt_notebook.core.errors import ProjectLockedError, StorageError
from kt_notebook.storage.lock import Holder, ProjectLock, read_holder

_FIGHTER = """if True:
    import sys
    from pathlib import Path
    from kt_notebook.core.errors import ProjectLockedError
    from kt_notebook.storage.lock import ProjectLock
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        lock = ProjectLock.acquire(Path(sys.argv[1]))
        print("won", flush=True)
    except ProjectLockedError:
        print("lost", flush=True)
    sys.stdin.readline()
"""


def _fighters(path, number):
    return [
        subprocess.Popen(
            [sys.executable, "-c", _FIGHTER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(number)
    ]


def _tell(process, text="go"):
    process.stdin.write(f"{text}\n")
    process.stdin.flush()


def _end(process):
    process.kill()
    process.communicate()


def _foreign_lock(path, beat_age_s):
    """A lock as a search on another machine leaves it."""
    holder = Holder("gpu-7", 41, "another-boot/pid:[1]", "77", "its-token", 1_700_000_000.0)
    path.write_text(json.dumps({name: getattr(holder, name) for name in Holder.__slots__}))
    beat = time.time() - beat_age_s
    os.utime(path, (beat, beat))


@pytest.mark.parametrize("stale", [False, True])
def test_of_processes_that_fight_for_a_lock_exactly_one_wins(tmp_path, stale):
    path = tmp_path / "search.lock"
    if stale:
        _foreign_lock(path, beat_age_s=31)
    fighters = _fighters(path, 4)
    try:
        for fighter in fighters:
            assert fighter.stdout.readline() == "ready\n"
        for fighter in fighters:
            _tell(fighter)
        said = sorted(fighter.stdout.readline() for fighter in fighters)
    finally:
        for fighter in fighters:
            _end(fighter)

    assert said == ["lost\n"] * 3 + ["won\n"]


def test_of_threads_that_fight_for_a_stale_lock_exactly_one_wins(tmp_path):
    path = tmp_path / "search.lock"
    for _ in range(20):
        _foreign_lock(path, beat_age_s=31)
        start, won = threading.Barrier(4), []

        def fight(start=start, won=won):
            start.wait()
            with contextlib.suppress(ProjectLockedError):
                won.append(ProjectLock.acquire(path, beat_every_s=None))

        threads = [threading.Thread(target=fight) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(won) == 1
        assert won[0].is_held()
        won[0].release()


def test_a_killed_holder_is_replaced_at_once(tmp_path):
    path = tmp_path / "search.lock"
    (holder,) = _fighters(path, 1)
    holder.stdout.readline()
    _tell(holder)
    assert holder.stdout.readline() == "won\n"
    assert read_holder(path).pid == holder.pid
    with pytest.raises(ProjectLockedError, match=f"process {holder.pid} on "):
        ProjectLock.acquire(path)
    _end(holder)

    assert read_holder(path) is None
    with ProjectLock.acquire(path) as lock:
        assert lock.is_held()


def test_a_living_holder_keeps_its_lock_however_long_it_slept(tmp_path):
    path = tmp_path / "search.lock"
    with ProjectLock.acquire(path, beat_every_s=None):
        os.utime(path, (0, 0))
        with pytest.raises(ProjectLockedError, match="this notebook's own process"):
            ProjectLock.acquire(path)


def test_a_process_number_that_was_given_anew_holds_nothing(tmp_path):
    path = tmp_path / "search.lock"
    with ProjectLock.acquire(path, beat_every_s=None) as first:
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, "started": "1", "token": "before"}))

        with ProjectLock.acquire(path, beat_every_s=None) as second:
            assert second.is_held()
            assert not first.is_held()


def test_a_holder_on_another_machine_is_judged_by_its_heartbeat(tmp_path):
    path = tmp_path / "search.lock"
    _foreign_lock(path, beat_age_s=20)
    with pytest.raises(
        ProjectLockedError, match=r"process 41 on 'gpu-7', since 2023-11-1.*\(last sign of life 20 s ago\)"
    ):
        ProjectLock.acquire(path)
    assert read_holder(path).host == "gpu-7"
    _foreign_lock(path, beat_age_s=31)

    assert read_holder(path) is None
    with ProjectLock.acquire(path) as lock:
        assert lock.is_held()


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"pid": "x"}'])
def test_a_torn_lock_is_judged_by_its_heartbeat(tmp_path, content):
    path = tmp_path / "search.lock"
    path.write_text(content)
    with pytest.raises(ProjectLockedError, match="another process"):
        ProjectLock.acquire(path)
    os.utime(path, (0, 0))

    ProjectLock.acquire(path).release()


def test_a_released_lock_is_free_and_leaves_no_draft(tmp_path):
    path = tmp_path / "search.lock"
    lock = ProjectLock.acquire(path)
    lock.release()
    lock.release()

    assert read_holder(path) is None
    assert not lock.is_held()
    assert [file.name for file in tmp_path.iterdir()] == ["search.lock.guard"]


def test_a_beat_makes_the_lock_young_again(tmp_path):
    path = tmp_path / "search.lock"
    with ProjectLock.acquire(path, beat_every_s=None) as lock:
        os.utime(path, (0, 0))
        assert lock.beat()
        assert path.stat().st_mtime > 1_000_000_000


def test_who_lost_its_lock_is_told_and_leaves_the_new_holder_alone(tmp_path):
    path = tmp_path / "search.lock"
    is_lost = threading.Event()
    lock = ProjectLock.acquire(path, on_lost=is_lost.set, beat_every_s=0.001)
    path.unlink()
    _foreign_lock(path, beat_age_s=0)

    assert is_lost.wait(10)
    lock.release()
    assert read_holder(path).host == "gpu-7"


def test_a_folder_that_vanished_does_not_hinder_the_release(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    lock = ProjectLock.acquire(folder / "search.lock")
    folder.rename(tmp_path / "moved")

    lock.release()
    assert not lock.is_held()


def test_without_hard_links_a_lock_still_admits_one(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "search.lock"
    with ProjectLock.acquire(path) as lock:
        assert lock.is_held()
        with pytest.raises(ProjectLockedError, match="this notebook's own process"):
            ProjectLock.acquire(path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StorageError, match=r"Could not lock the project with .*nowhere/search\.lock"):
        ProjectLock.acquire(Path(tmp_path / "nowhere" / "search.lock"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_does_not_free_its_parents_lock(tmp_path):
    path = tmp_path / "search.lock"
    code = f"""if True:
        import os
        from pathlib import Path
        from kt_notebook.storage.lock import ProjectLock
        lock = ProjectLock.acquire(Path({str(path)!r}), beat_every_s=None)
        child = os.fork()
        if child == 0:
            lock.release()
            os._exit(0)
        os.waitpid(child, 0)
        print(lock.is_held())
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
