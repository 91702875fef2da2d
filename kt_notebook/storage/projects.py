"""Where a search's folder is, what it is called, and whether it can be written."""

import os
import re
import shutil
import unicodedata
import uuid
from dataclasses import dataclass
from pathlib import Path

from kt_notebook.core.errors import StorageError
from kt_notebook.storage.faults import storage_error
from kt_notebook.storage.lock import Holder, ProjectLock, read_holder

__all__ = ["Project", "list_projects", "next_free_name", "notebook_project", "project_name"]

_HOME = ".kt_notebook"
_MAX_NAME_BYTES = 200  # file systems allow 255; room for "-<hash>-2", ".old" and "journal" beside it
# What some file system refuses: the separators, control characters, and Windows' own list; % is the escape.
_ODD = re.compile(r'[%/\\<>:"|?*\x00-\x1f\x7f\ud800-\udfff]|^\.|[. ]$')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # Windows' devices
_PROBE = b"kt_notebook looks whether it can write here.\n" * 1024  # 45 KiB: more than a journal's first block


@dataclass(frozen=True, slots=True)
class Project:
    """The folder of one search.

    Attributes:
        path: The folder; it need not be there yet.
    """

    path: Path

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.name

    @property
    def journal_path(self) -> Path:
        """The journal."""
        return self.path / "journal.jsonl"

    @property
    def corrupt_path(self) -> Path:
        """Where opening the journal puts lines that cannot be read."""
        return self.journal_path.with_name("journal.corrupt")

    @property
    def lock_path(self) -> Path:
        """The lock file."""
        return self.path / "search.lock"

    @property
    def is_there(self) -> bool:
        """Whether a search of ours or of KerasTuner has left something here."""
        if self.journal_path.exists() or (self.path / "oracle.json").exists():
            return True
        return any(self.path.glob("trial_*/trial.json"))

    def trial_dir(self, trial_id: str) -> Path:
        """Return the folder of a trial, KerasTuner's `trial_<id>`; it need not be there yet."""
        return self.path / f"trial_{_escaped(trial_id)}"

    def create(self) -> None:
        """Make the folder, and in a `.kt_notebook` of ours the `.gitignore` that keeps results out of git.

        Raises:
            StorageError: The folder cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if self.path.parent.name == _HOME:
                ignore = self.path.parent / ".gitignore"
                if not ignore.exists():
                    ignore.write_text("*\n", "ascii")
        except OSError as error:
            raise storage_error("make the folder", self.path, error) from error

    def check_writable(self) -> None:
        """Make the folder and write a probe into it, so that a full or closed disk is known before training.

        Raises:
            StorageError: The folder cannot be made, is not writable or its disk is full.
        """
        self.create()
        probe = self.path / f"probe.{uuid.uuid4().hex}.tmp"
        try:
            try:
                with probe.open("xb") as file:
                    file.write(_PROBE)
                    file.flush()
                    os.fsync(file.fileno())
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error("write into the folder", self.path, error) from error

    def lock(self) -> ProjectLock:
        """Take the lock, making the folder.

        Raises:
            ProjectLockedError: Somebody holds it.
            StorageError: The folder is not writable.
        """
        self.create()
        return ProjectLock.acquire(self.lock_path)

    def holder(self) -> Holder | None:
        """Return who searches here now, or None.

        Raises:
            StorageError: The lock cannot be read.
        """
        return read_holder(self.lock_path)

    def archive(self) -> "Project | None":
        """Move the folder to `<name>.old`, replacing what was moved there before; None where there is none.

        Raises:
            ProjectLockedError: Somebody searches here.
            StorageError: The folder cannot be moved, or the notebook works inside it.
        """
        if not self.path.exists():
            return None
        if Path.cwd().is_relative_to(self.path.resolve()):
            raise StorageError(
                f"The project {str(self.path)!r} cannot be overwritten: the notebook's working directory "
                f"{str(Path.cwd())!r} lies in it. Choose another project name or directory."
            )
        old = Project(self.path.with_name(f"{self.path.name}.old"))
        with ProjectLock.acquire(self.lock_path, beat_every_s=None):
            try:
                if old.path.exists():
                    shutil.rmtree(old.path)
                self.path.rename(old.path)
            except OSError as error:
                raise storage_error("move the old project away to", old.path, error) from error
        old.lock_path.unlink(missing_ok=True)
        old.lock_path.with_name(f"{old.lock_path.name}.guard").unlink(missing_ok=True)
        return old


def notebook_project(root: Path, name: str) -> Project:
    """Return the project `name` of the notebooks in the folder `root`.

    Args:
        root: The notebook's own folder.
        name: What `project_name` or `next_free_name` gave.
    """
    return Project(root / _HOME / name)


def project_name(name: str, digest: str) -> str:
    """Return the folder name `<NAME>-<hash>`: the name as it is, save what some file system refuses.

    Args:
        name: The user's name for the search, any text.
        digest: The hash of what makes two cells the same search.
    """
    return f"{_escaped(name)}-{digest}"


def next_free_name(root: Path, name: str) -> str:
    """Return `<name>-2`, or the first such name with a higher number that no project in `root` has.

    Args:
        root: The notebook's own folder.
        name: What `project_name` gave.
    """
    number = 2
    while notebook_project(root, f"{name}-{number}").path.exists():
        number += 1
    return f"{name}-{number}"


def list_projects(root: Path) -> list[Project]:
    """Return the projects of the notebooks in the folder `root`, by name; what was overwritten is left out.

    Raises:
        StorageError: The folder cannot be read.
    """
    home = root / _HOME
    try:
        names = sorted(path.name for path in home.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise storage_error("read the folder", home, error) from error
    found = [Project(home / name) for name in names if not name.endswith(".old")]
    return [project for project in found if project.is_there]


def _escaped(name: str) -> str:
    """Return a name that every file system takes: odd characters as %XX, at most 200 bytes."""
    safe = _ODD.sub(lambda match: f"%{ord(match[0]):02X}", unicodedata.normalize("NFC", name))
    if _RESERVED.fullmatch(safe):
        safe = f"%{ord(safe[0]):02X}{safe[1:]}"
    return safe.encode()[:_MAX_NAME_BYTES].decode("utf-8", "ignore") or "%00"
