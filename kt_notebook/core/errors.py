"""Every exception that kt_notebook raises on purpose."""

__all__ = [
    "CellError",
    "DataError",
    "FailedTrialError",
    "FatalDataError",
    "FatalError",
    "FatalObjectiveError",
    "FatalResultError",
    "FatalRuntimeError",
    "FatalTypeError",
    "FatalValueError",
    "KTNotebookError",
    "MissingPackageError",
    "ObjectiveError",
    "OptionError",
    "ProjectLockedError",
    "ResultError",
    "SearchStateError",
    "SpaceError",
    "StorageError",
    "TrialStoppedError",
]


class KTNotebookError(Exception):
    """Base of all errors that kt_notebook raises on purpose."""


class SpaceError(KTNotebookError, ValueError):
    """A hyperparameter or a search space that cannot be."""


class ObjectiveError(KTNotebookError, ValueError):
    """An objective that no metric gives, or whose direction nobody knows."""


class OptionError(KTNotebookError, ValueError):
    """An unknown option, tuner, command or a value outside what is allowed."""


class MissingPackageError(KTNotebookError, ImportError):
    """An optional package is asked for and not installed."""


class DataError(KTNotebookError, ValueError):
    """Data that a trial cannot use, or that a trial has changed in place."""


class CellError(KTNotebookError, ValueError):
    """A cell that cannot be tuned as it stands.

    Attributes:
        line: Line in the cell, counted from 1, or None where no single line is at fault.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class StorageError(KTNotebookError, OSError):
    """A project on disk that cannot be read or written."""


class ProjectLockedError(StorageError):
    """A project in which somebody else is searching."""


class SearchStateError(KTNotebookError, RuntimeError):
    """A call that does not fit the state the search is in."""


class FailedTrialError(KTNotebookError):
    """Raised in a trial to mark it as failed; the search goes on."""


class ResultError(FailedTrialError, ValueError):
    """A trial returned something that is no score."""


class FatalError(KTNotebookError):
    """Raised in a trial to end the whole search."""


class FatalValueError(FatalError, ValueError):
    """A wrong value that would fail every further trial."""


class FatalTypeError(FatalError, TypeError):
    """A wrong type that would fail every further trial."""


class FatalRuntimeError(FatalError, RuntimeError):
    """A condition at run time that would fail every further trial."""


class FatalDataError(DataError, FatalError):
    """Data that the first trial has changed, which would make every further trial wrong.

    Attributes:
        line: Line in the cell, counted from 1, where known.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class FatalObjectiveError(ObjectiveError, FatalValueError):
    """An objective that no trial of this search can give."""


class FatalResultError(ResultError, FatalTypeError):
    """A return value that no trial of this search could be judged by. It ends the search: look for FatalError first."""


class TrialStoppedError(BaseException):
    """Raised inside a trial that was asked to stop, past the user's `except Exception`."""
