"""What the file system refuses, said as one readable error with path, cause and cure."""

import errno
import os
from pathlib import Path

from kt_notebook.core.errors import StorageError

__all__ = ["storage_error"]

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def storage_error(action: str, path: Path, error: OSError) -> StorageError:
    """Return a `StorageError` that names the path, what the system said and what to do next.

    Args:
        action: What was tried, such as "write to the journal".
        path: The file or folder.
        error: What the system raised; its number is kept as `errno`.
    """
    said = os.strerror(error.errno) if error.errno else str(error)
    failure = StorageError(f"Could not {action} {str(path)!r}: {said}. {_cure(error.errno)}")
    failure.errno = error.errno
    return failure


def _cure(number: int | None) -> str:
    if number in _FULL:
        return "Free some space on that disk, then run the cell again: the search goes on where it stood."
    if number in _FORBIDDEN:
        return "Make the folder writable for you, or choose another one with --directory."
    if number == errno.ENAMETOOLONG:
        return "Choose a shorter project name."
    if number in {errno.ENOTDIR, errno.EEXIST, errno.EISDIR}:
        return "Something else is in the way there: move it, or choose another place with --directory."
    return "Check that the disk is there and healthy, or choose another place with --directory."
