"""Saving and reloading as KerasTuner's oracles offer it, by way of whoever knows the disk.

How it works: a tuner binds a `Store` to its oracle. A copy of an oracle is bound to none.
"""

from typing import Any, Protocol

from kt_notebook.core.errors import OptionError, SearchStateError

__all__ = ["Store", "Stored"]


class Store(Protocol):
    """Where an oracle and its trials are kept, as KerasTuner's files."""

    # Any, here and below: an oracle, which builds on this module.
    def save(self, oracle: Any) -> None:
        """Write the oracle's state and its trials.

        Raises:
            ProjectLockedError: Somebody else searches in the project.
            StorageError: The files cannot be written.
        """

    def reload(self, oracle: Any) -> None:
        """Bring the oracle to what the project holds; trials that had not ended are run again.

        Raises:
            StorageError: The project cannot be read.
            OptionError: The project holds another search than the oracle's.
        """


class Stored:
    """What `Oracle` can do once a tuner has bound it to a project."""

    _store: Store | None = None
    _verbose = 1

    @property
    def verbose(self) -> int:
        """How much a search in a script prints: 0 nothing, 1 a line for each trial, 2 also one for each epoch."""
        return self._verbose

    @verbose.setter
    def verbose(self, value: int | str) -> None:
        level = 1 if value == "auto" else value
        if level not in (0, 1, 2):
            raise OptionError(f"verbose={value!r} has no meaning. Give 0, 1, 2 or 'auto'.")
        self._verbose = int(level)

    def bind(self, store: Store | None) -> None:
        """Say where to save; a tuner does so with its oracle."""
        self._store = store

    def save(self) -> None:
        """Write the oracle and its trials to the tuner's project. A search does so by itself.

        Raises:
            SearchStateError: The oracle belongs to no tuner.
            StorageError: The files cannot be written, or somebody else searches in the project.
        """
        self._bound("save").save(self)

    def reload(self) -> None:
        """Go back to what the tuner's project holds; trials that had not ended are run again.

        Raises:
            SearchStateError: The oracle belongs to no tuner.
            StorageError: The project cannot be read.
        """
        self._bound("reload").reload(self)

    def _bound(self, action: str) -> Store:
        if self._store is None:
            raise SearchStateError(
                f"{type(self).__name__} cannot {action}: it belongs to no tuner, so it has no project. Make a tuner "
                "with it first, such as Tuner(oracle=…, directory=…, project_name=…)."
            )
        return self._store
