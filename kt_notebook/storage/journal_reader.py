"""Reading a journal without touching it: once, or again and again while another process writes it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from kt_notebook.core.events import Record
from kt_notebook.storage.faults import storage_error

__all__ = ["JournalFollower", "Recovery", "Scan", "first_record", "read_journal", "scan"]

_MAX_FIRST_READ = 1 << 24  # 16 MiB at a time: a long journal is not held twice in memory


@dataclass(frozen=True, slots=True)
class Recovery:
    """What reading a journal found.

    Attributes:
        n_kept: Records that are whole.
        n_lost: Lines that are no records, somewhere before the end.
        lost_lines: The numbers of these lines, from 1.
        cut_bytes: Length of a torn last line, as a kill in the midst of writing leaves it; nothing that had
            been said to be kept is lost by it.
        moved_to: File that the lost lines were moved to, None where nothing was lost or nothing touched.
        lost_in_files: What could not be read of KerasTuner's files, in words; an empty text where all was read.
    """

    n_kept: int = 0
    n_lost: int = 0
    lost_lines: tuple[int, ...] = ()
    cut_bytes: int = 0
    moved_to: Path | None = None
    lost_in_files: str = ""

    @property
    def is_damaged(self) -> bool:
        """Whether anything but a torn end was found."""
        return self.n_lost > 0 or bool(self.lost_in_files)

    def describe(self) -> str:
        """Return some sentences for the user, or an empty text where all is well."""
        return " ".join(filter(None, (self._describe_journal(), self.lost_in_files)))

    def _describe_journal(self) -> str:
        if not self.n_lost:
            return ""
        numbers = ", ".join(str(n) for n in self.lost_lines[:5]) + (", …" if self.n_lost > 5 else "")
        lines = "line" if self.n_lost == 1 else "lines"
        text = (
            f"The journal was damaged: {self.n_kept} records were kept, {self.n_lost} {lines} could not be "
            f"read (number {numbers}). A trial whose end was among them is read from its own file, or runs again."
        )
        return text if self.moved_to is None else f"{text} The unreadable part is in {str(self.moved_to)!r}."


@dataclass(slots=True)
class Scan:
    """A journal taken apart.

    Attributes:
        records: The whole records, in the order of the file.
        bad_lines: Number (from 1) and bytes of the lines that are no records.
        torn: What follows the last newline and is no record.
        n_lines: Number of lines up to the torn end.
        whole_bytes: Length of the file up to the torn end.
        lacks_newline: Whether the last line is a whole record without its newline.
    """

    records: list[Record] = field(default_factory=list)
    bad_lines: list[tuple[int, bytes]] = field(default_factory=list)
    torn: bytes = b""
    n_lines: int = 0
    whole_bytes: int = 0
    lacks_newline: bool = False

    def recovery(self, moved_to: Path | None = None) -> Recovery:
        """Return the report for the user."""
        numbers = tuple(number for number, _ in self.bad_lines)
        return Recovery(len(self.records), len(numbers), numbers, len(self.torn), moved_to)


def scan(path: Path) -> Scan:
    """Take a journal apart into records and what is none; the file stays as it is.

    Raises:
        OSError: The file cannot be read.
    """
    found = Scan()
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            body = line[:-1] if line.endswith(b"\n") else line
            is_last = body is line
            record = _parse(body)
            if record is not None:
                found.records.append(record)
                found.lacks_newline = is_last
            elif is_last:
                found.torn = body
                break
            elif body.strip():
                found.bad_lines.append((number, body))
            found.n_lines = number
            found.whole_bytes += len(line)
    return found


def first_record(path: Path, kind: str) -> Record | None:
    """Return a journal's first record of a kind; None where there is none, or no journal that can be read."""
    try:
        with path.open("rb") as file:
            records = (_parse(line.rstrip(b"\n")) for line in file)
            return next((record for record in records if record is not None and record["kind"] == kind), None)
    except OSError:
        return None


def read_journal(path: Path) -> tuple[list[Record], Recovery]:
    """Return the whole records of a journal and what was wrong with the rest; the file is not touched.

    A journal that is not there gives no records.

    Raises:
        StorageError: The file cannot be read.
    """
    try:
        found = scan(path)
    except FileNotFoundError:
        return [], Recovery()
    except OSError as error:
        raise storage_error("read the journal", path, error) from error
    return found.records, found.recovery()


class JournalFollower:
    """Reads a journal bit by bit while another process writes it. Calls come from one thread at a time.

    Example:
        >>> follower = JournalFollower(Path("project/journal.jsonl"))
        >>> follower.poll()
        []

    Attributes:
        generation: Grows each time the file turned out to be another one (the project was overwritten or
            mended): `poll` then begins anew, and so must the caller's fold.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.generation = 0
        self._offset = 0
        self._identity: tuple[int, int] | None = None

    def poll(self) -> list[Record]:
        """Return the records written since the last call, whole lines only; fast when there are none.

        Raises:
            StorageError: The file cannot be read.
        """
        try:
            return list(self._new_records())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_error("read the journal", self.path, error) from error

    def _new_records(self) -> Iterator[Record]:
        status = self.path.stat()
        identity = (status.st_dev, status.st_ino)
        if self._identity is not None and (identity != self._identity or status.st_size < self._offset):
            self.generation += 1
            self._offset = 0
        self._identity = identity
        if status.st_size == self._offset:
            return
        with self.path.open("rb") as file:
            file.seek(self._offset)
            rest = b""
            while chunk := file.read(_MAX_FIRST_READ):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._offset += len(line) + 1
                    record = _parse(line)
                    if record is not None:
                        yield record


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


_decode = json.JSONDecoder(parse_constant=_refuse).decode


def _parse(line: bytes) -> Record | None:
    """Return the record in a line, or None where there is none."""
    try:
        record = _decode(line.decode("utf-8"))
    except (ValueError, RecursionError):  # no UTF-8, no JSON, NaN, or brackets without end
        return None
    if not isinstance(record, dict):
        return None
    is_stamped = (
        type(record.get("seq")) is int
        and type(record.get("time")) in (int, float)
        and isinstance(record.get("kind"), str)
    )
    return record if is_stamped else None
