"""Remembers which kinds of fits have been checked, and how that came out: in this process and in the user's cache."""

import contextlib
import functools
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from kt_notebook.training.guard.kinds import Kind, Kinds

__all__ = ["Finding", "Trust", "users_trust"]

_FORMAT = 1
_MOST_FINDINGS = 2_000


@dataclass(frozen=True, slots=True)
class Finding:
    """How a check came out.

    Attributes:
        difference: What was not the same, None where all was.
        seconds: How long it took.
    """

    difference: str | None
    seconds: float


class Trust:
    """What checks have found, by kind of fit. Safe to use from several threads and processes.

    A file that is not there, damaged, or of another version counts as empty; one that cannot be written, as written.

    Args:
        path: The file for kinds that mean the same in every process; None: nothing is kept beyond this one.

    Attributes:
        path: As given.
        kinds: Tells kinds apart; the user's own code is known to this object alone.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.kinds = Kinds()
        self._lock = threading.Lock()
        self._findings: dict[str, Finding] | None = None

    def find(self, kind: Kind) -> Finding | None:
        """Return what the latest check of this kind has found, None where there was none. Reads the file once."""
        with self._lock:
            if self._findings is None:
                self._findings = self._read()
            return self._findings.get(kind.key)

    def record(self, kind: Kind, finding: Finding) -> None:
        """Take a finding. One that something differs is never replaced."""
        with self._lock:
            known = {} if self._findings is None else self._findings
            self._findings = _merged(known, {kind.key: finding})
            if not kind.is_lasting or self.path is None:
                return
            on_disk = _merged(self._read(), {kind.key: self._findings[kind.key]})
            self._findings = _merged(self._findings, on_disk)
            with contextlib.suppress(OSError):  # A home that cannot be written: the next process checks anew.
                _write(self.path, on_disk)

    def _read(self) -> dict[str, Finding]:
        if self.path is None:
            return {}
        try:
            held = json.loads(self.path.read_text(encoding="utf-8"))
            if held["format"] != _FORMAT:
                return {}
            return {str(key): _finding(value) for key, value in held["findings"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}


@functools.cache  # One for all searches of a process: what has been checked in one need not be in the next.
def users_trust() -> Trust:
    """Return what is known in this process, and from the user's cache directory."""
    return Trust(platformdirs.user_cache_path("kt-notebook", appauthor=False) / "checked-fits.json")


def _finding(value: Any) -> Finding:  # Any: what a file has held.
    difference = value["difference"]
    return Finding(None if difference is None else str(difference), float(value["seconds"]))


def _merged(older: dict[str, Finding], newer: dict[str, Finding]) -> dict[str, Finding]:
    merged = dict(older)
    for key, finding in newer.items():
        known = merged.pop(key, None)  # So that the newest stand last.
        merged[key] = known if known is not None and known.difference is not None else finding
    return merged


def _write(path: Path, findings: dict[str, Finding]) -> None:
    latest = list(findings.items())[-_MOST_FINDINGS:]
    told = {key: {"difference": found.difference, "seconds": round(found.seconds, 3)} for key, found in latest}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        temporary.write_text(json.dumps({"format": _FORMAT, "findings": told}, indent=1), encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
