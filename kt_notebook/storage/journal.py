"""The journal of a search: JSON lines, appended as things happen, the one truth about a project.

How it works: one line is one record. A batch is one write at the end of the file, so that a kill leaves at
most one torn line, at the end, which opening cuts. If a write fails half-way (a full disk) the file is cut
back to where the batch began. Only the holder of the project's lock opens a `Journal`; all others read
(`journal_reader`).
"""

import contextlib
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from kt_notebook.core.errors import StorageError
from kt_notebook.core.events import Record
from kt_notebook.storage.faults import storage_error
from kt_notebook.storage.journal_reader import Recovery, Scan, scan

__all__ = ["Journal", "sync_folder"]

_Write = Callable[[int, bytes], int]

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
_sync = getattr(os, "fdatasync", os.fsync)  # macOS and Windows have no fdatasync
_BINARY = getattr(os, "O_BINARY", 0)  # Windows would write \r\n


class Journal:
    """An open journal, for its single writer. Calls come from one thread at a time.

    Example:
        >>> journal = Journal.open(Path("project/journal.jsonl"))  # doctest: +SKIP
        >>> journal.append([{"seq": 1, "time": 0.0, "kind": "search_paused"}], durable=True)  # doctest: +SKIP

    Attributes:
        path: The file.
        records: What was in the file when it was opened; clear it once it is folded, to free the memory.
        recovery: What opening kept, cut and lost.
    """

    def __init__(self, path: Path, records: list[Record], recovery: Recovery, write: _Write) -> None:
        self.path = path
        self.records = records
        self.recovery = recovery
        self._write = write
        self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _BINARY, 0o666)
        self._size = os.fstat(self._fd).st_size
        self._is_torn = False

    @classmethod
    def open(cls, path: Path, *, write: _Write = os.write) -> "Journal":
        """Open a journal to go on with it, or make a new one in a folder that exists.

        A torn last line is cut. Lines in the middle that are no records are moved to `journal.corrupt` beside
        the journal, everything else is kept; `recovery` says what was done.

        Args:
            path: The file; the caller holds the project's lock.
            write: What writes, `os.write` unless a test says otherwise.

        Raises:
            StorageError: The file cannot be read or written.
        """
        try:
            is_new = not path.exists()
            records, recovery = _repaired(path)
            journal = cls(path, records, recovery, write)
            if is_new:
                sync_folder(path.parent)
        except StorageError:
            raise
        except OSError as error:
            raise storage_error("open the journal", path, error) from error
        return journal

    def append(self, records: Sequence[Record], durable: bool) -> None:
        """Write records at the end; when this returns they outlive the process, if `durable` the machine too.

        On an error nothing of the batch stays in the file, and a later call may try again.

        Args:
            records: Each a plain dict with "seq", "time" and "kind".
            durable: Wait until the disk has them (about 4 ms).

        Raises:
            StorageError: The disk is full, the file is not writable or was deleted, or a record is not strict
                JSON.
        """
        data = "".join([_line(record) for record in records]).encode("ascii")
        try:
            if self._is_torn:
                self._cut_back()
            self._write_all(data)
            if durable:
                _sync(self._fd)
        except OSError as error:
            self._is_torn = True
            # When even this is refused, the next append or the next opening cuts the half line off.
            with contextlib.suppress(OSError):
                self._cut_back()
            raise storage_error("write to the journal", self.path, error) from error
        self._size += len(data)
        if durable and os.fstat(self._fd).st_nlink == 0:
            raise StorageError(
                f"The journal {str(self.path)!r} was deleted while its search runs, so results cannot be "
                f"kept. Stop the search and run the cell again; what it has found is still in the notebook."
            )

    def close(self) -> None:
        """Write everything to the disk and close the file; a second call does nothing."""
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        # What can be lost here is lost to a power failure only: the records have been handed to the system.
        with contextlib.suppress(OSError):
            _sync(fd)
        os.close(fd)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_all(self, data: bytes) -> None:
        done = self._write(self._fd, data)
        while done < len(data):  # a nearly full disk takes a part, and says why only the next time
            done += self._write(self._fd, data[done:])

    def _cut_back(self) -> None:
        os.ftruncate(self._fd, self._size)
        self._is_torn = False


def sync_folder(folder: Path) -> None:
    """Make a file's creation or renaming in this folder outlive a power failure, where the system can."""
    # Windows cannot open a folder, some network file systems cannot sync one: the system's own pace must do.
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _line(record: Record) -> str:
    try:
        return _encode(record) + "\n"
    except (TypeError, ValueError) as error:
        raise StorageError(
            f"Record {record.get('seq')!r} of kind {record.get('kind')!r} cannot be kept: {error}. "
            f"A record holds text, finite numbers, true, false, null, lists and dicts of these."
        ) from error


def _repaired(path: Path) -> tuple[list[Record], Recovery]:
    """Read a journal and leave it whole on disk: the bad lines moved aside, the torn end cut."""
    if not path.exists():
        return [], Recovery()
    content = scan(path)
    if content.bad_lines:
        corrupt = path.with_name("journal.corrupt")
        _keep_bad_lines(corrupt, content.bad_lines)
        _rewrite(path, content)
        return content.records, content.recovery(moved_to=corrupt)
    if content.torn:
        os.truncate(path, content.whole_bytes)
    elif content.lacks_newline:
        with path.open("ab") as file:
            file.write(b"\n")
    return content.records, content.recovery()


def _keep_bad_lines(corrupt: Path, bad_lines: Sequence[tuple[int, bytes]]) -> None:
    with corrupt.open("ab") as file:
        for number, line in bad_lines:
            stamp = time.strftime("%Y-%m-%d %H:%M:%S")
            file.write(f"# line {number}, moved here {stamp}\n".encode() + line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _rewrite(path: Path, content: Scan) -> None:
    bad = {number for number, _ in content.bad_lines}
    new = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with path.open("rb") as old, new.open("wb") as file:
            for number, line in enumerate(old, 1):
                if number not in bad and number <= content.n_lines:
                    file.write(line if line.endswith(b"\n") else line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    sync_folder(path.parent)
