"""What a tuner keeps on disk and where, and saving and reloading by hand, as KerasTuner's tuners offer it."""

import os
from typing import Any

from kt_notebook.core.oracle import Oracle
from kt_notebook.tuners.project_search import ProjectSearch

__all__ = ["Stateful"]


class Stateful:
    """The base of `BaseTuner` that knows of its project. A search saves by itself, and making a tuner reloads."""

    _oracle: Oracle
    _project: ProjectSearch
    directory: str
    project_name: str

    @property
    def project_dir(self) -> str:
        """The project's folder, made where it is not there yet."""
        self._project.store.project.create()
        return os.path.join(self.directory, self.project_name)  # noqa: PTH118 - "./name", as KerasTuner's summary has it

    def get_trial_dir(self, trial_id: str) -> str:
        """Return a trial's folder, made where it is not there yet."""
        path = self._project.store.trial_dir(trial_id)
        path.mkdir(parents=True, exist_ok=True)
        return str(path)

    # Any: the state is JSON.
    def get_state(self) -> dict[str, Any]:
        """Return what the tuner's own file holds. Override it where a subclass has more to keep."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take over a state that `get_state` gave. Override it together with `get_state`."""

    def save(self) -> None:
        """Write the oracle, its trials and this tuner's state to the project; for trials that are run by hand.

        A search keeps all this by itself; while one runs, its own writer takes this along, soon and at little cost.

        Raises:
            ProjectLockedError: Somebody else searches in the project.
            StorageError: The files cannot be written.
        """
        session = self._project.session
        if session is None:
            self._oracle.save()
        else:
            session.call(self._oracle.save)

    def reload(self) -> None:
        """Go back to what the project holds.

        Raises:
            SearchStateError: The search is running.
            StorageError: The project cannot be read.
        """
        self._oracle.reload()
        self._project.read_again()
        self._take_own_state()

    def _take_own_state(self) -> None:
        """Take over what the tuner's own file holds, if it is there."""
        state = self._project.store.read_tuner()
        if state is not None:
            self.set_state(state)
