"""The lock of a project: one search at a time writes, whoever else opens the project reads.

How it works: `search.lock` says who holds it (host, boot, process and its start time, since when). Its
modification time is the heartbeat, refreshed by a thread of the lock's own, so that a search that waits for
a slow disk stays alive. Where holder and asker share a machine and a process namespace the system says
whether the holder lives. Elsewhere (another host, a container started anew) a heartbeat older than 30 s
means that it is gone. All looking and changing happens under `search.lock.guard`, a lock of the operating
system that dies with its process: two who find the same stale lock cannot both win. Where the file system
has no such locks, exclusive creation still admits one.
"""

import contextlib
import json
import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from kt_notebook.core.errors import ProjectLockedError
from kt_notebook.storage.faults import storage_error

__all__ = ["Holder", "ProjectLock", "read_holder"]

STALE_AFTER_S = 30.0
BEAT_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock.

    Attributes:
        host: Name of the machine or container.
        pid: The process there.
        boot: What is one and the same only for processes that see the same process numbers, or an empty text.
        started: When the process started, in the system's own counting, or an empty text.
        token: What no other lock has.
        since: When the lock was taken, unix seconds.
    """

    host: str = ""
    pid: int = 0
    boot: str = ""
    started: str = ""
    token: str = ""
    since: float = 0.0

    @classmethod
    def this_process(cls, now: float) -> "Holder":
        """Return the holder that this process is, with a new token."""
        pid = os.getpid()
        return cls(socket.gethostname(), pid, _boot(), _started(pid), uuid.uuid4().hex, now)

    def describe(self) -> str:
        """Return who this is and since when, for a message."""
        if not self.pid:
            return "another process"
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        where = "this notebook's own process" if self._is_this_process() else f"process {self.pid}"
        return f"{where} on {self.host!r}, since {since}"

    def is_gone(self, beat_age_s: float) -> bool:
        """Return whether the holder cannot be alive, as far as this process can know.

        Args:
            beat_age_s: Seconds since its last heartbeat.
        """
        mine = _boot()
        if mine and mine == self.boot:
            return _started(self.pid) != self.started
        return beat_age_s > STALE_AFTER_S

    def _is_this_process(self) -> bool:
        return self.pid == os.getpid() and self.boot == _boot() and self.host == socket.gethostname()


class ProjectLock:
    """A lock that is held, until `release`. Any thread.

    Example:
        >>> with ProjectLock.acquire(Path("project/search.lock")) as lock:  # doctest: +SKIP
        ...     lock.is_held()

    Attributes:
        path: The lock file.
        holder: Who holds it: this process.
    """

    def __init__(self, path: Path, holder: Holder, on_lost: Callable[[], None] | None) -> None:
        self.path = path
        self.holder = holder
        self._on_lost = on_lost
        self._closing = threading.Lock()
        self._is_released = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def acquire(
        cls,
        path: Path,
        *,
        on_lost: Callable[[], None] | None = None,
        beat_every_s: float | None = BEAT_EVERY_S,
    ) -> "ProjectLock":
        """Take the lock, or say who holds it; a holder that is gone is replaced.

        Args:
            path: The lock file, in a folder that exists.
            on_lost: Called once, on the lock's thread, when somebody else has taken the lock: this process
                was asleep for longer than 30 s while a search on another machine began.
            beat_every_s: Seconds between heartbeats; None leaves them to the caller (`beat`).

        Raises:
            ProjectLockedError: Somebody holds it, this process included.
            StorageError: The folder is not writable.
        """
        try:
            with _guarded(path):
                lock = cls(path, _create(path), on_lost)
        except ProjectLockedError:
            raise
        except OSError as error:
            raise storage_error("lock the project with", path, error) from error
        if beat_every_s is not None:
            lock._start_beating(beat_every_s)
        return lock

    def is_held(self) -> bool:
        """Return whether the lock is still ours: neither released nor taken over. Costs about 30 µs."""
        found = _look(self.path, 0.0)
        return found is not None and found[0].token == self.holder.token

    def beat(self) -> bool:
        """Give a sign of life; return whether the lock is still ours."""
        with self._closing:
            # A sign of life that the disk refuses is no reason to stop: the next one may get through.
            with contextlib.suppress(OSError):
                if self._is_released.is_set() or not self.is_held():
                    return False
                os.utime(self.path)
            return True

    def release(self) -> None:
        """Give the lock up, if it is still ours; a second call does nothing."""
        is_ours = self.holder.pid == os.getpid()  # a forked child must not free its parent's lock
        with self._closing:
            if self._is_released.is_set():
                return
            self._is_released.set()
            # The folder may be gone with everything in it; then there is nothing to free.
            with contextlib.suppress(OSError), _guarded(self.path):
                if is_ours and self.is_held():
                    self.path.unlink()
        thread = self._thread
        if thread is not None and is_ours and thread is not threading.current_thread():
            thread.join()

    def __enter__(self) -> "ProjectLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _start_beating(self, every_s: float) -> None:
        self._thread = threading.Thread(
            target=self._keep_beating, args=(every_s,), name="kt_notebook-lock", daemon=True
        )
        self._thread.start()

    def _keep_beating(self, every_s: float) -> None:
        while not self._is_released.wait(every_s):
            if not self.beat():
                if self._on_lost is not None and not self._is_released.is_set():
                    self._on_lost()
                return


def read_holder(path: Path) -> Holder | None:
    """Return who holds a lock now, or None where it is free or its holder is gone; changes nothing.

    Raises:
        StorageError: The lock file cannot be read.
    """
    try:
        found = _look(path, time.time())
    except OSError as error:
        raise storage_error("read the lock", path, error) from error
    return None if found is None or found[0].is_gone(found[1]) else found[0]


def _create(path: Path) -> Holder:
    """Make the lock file; the guard is held where the file system has one."""
    holder = Holder.this_process(time.time())
    draft = path.with_name(f"{path.name}.{holder.token}.tmp")
    try:
        draft.write_text(json.dumps(asdict(holder)), "ascii")
        # The draft's time is the file server's: a heartbeat's age does not depend on this machine's clock.
        found = _look(path, draft.stat().st_mtime)
        if found is not None:
            if not found[0].is_gone(found[1]):
                raise _locked(path, *found)
            path.unlink(missing_ok=True)
        _put(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return holder


def _put(draft: Path, path: Path) -> None:
    """Give the draft's content the lock's name, unless that is taken."""
    try:
        try:
            os.link(draft, path)  # whole from the first moment on, unlike creating and then writing
        except FileExistsError:
            raise
        except OSError:  # no hard links here
            with path.open("xb") as file:
                file.write(draft.read_bytes())
    except FileExistsError:
        raise _locked(path, *(_look(path, time.time()) or (Holder(), 0.0))) from None


def _look(path: Path, now: float) -> tuple[Holder, float] | None:
    """Return who a lock file names and the age of the heartbeat, or None where there is no lock file."""
    try:
        age_s = now - path.stat().st_mtime
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        known = json.loads(content)
        texts = {name: str(known[name]) for name in ("host", "boot", "started", "token")}
        return Holder(pid=int(known["pid"]), since=float(known["since"]), **texts), age_s
    except (ValueError, TypeError, KeyError):
        return Holder(), age_s  # torn, or not ours: the heartbeat decides


def _locked(path: Path, holder: Holder, beat_age_s: float) -> ProjectLockedError:
    return ProjectLockedError(
        f"The project {str(path.parent)!r} is being searched by {holder.describe()} "
        f"(last sign of life {max(0.0, beat_age_s):.0f} s ago). Its results can be read meanwhile; to "
        f"search, stop that search, or choose another project name."
    )


@contextlib.contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """Hold the operating system's lock beside `path` for the few microseconds of a change."""
    fd = os.open(path.with_name(f"{path.name}.guard"), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        # Refused by some network file systems: then exclusive creation alone decides.
        with contextlib.suppress(OSError):
            _lock_file(fd)
        yield
    finally:
        os.close(fd)  # which frees it


def _lock_file(fd: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(fd, msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX)


def _boot() -> str:
    """Return what tells this boot and process namespace from any other, or an empty text where unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Return when a process started, in clock ticks since boot, or an empty text where there is none."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    # proc(5): the name in parentheses may hold anything; the start time is field 22, the 20th after it.
    rest = status.rpartition(")")[2].split()
    return "" if rest[0] in {"Z", "X"} else rest[19]  # a zombie holds nothing any more
