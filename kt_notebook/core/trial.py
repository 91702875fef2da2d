"""One trial: its hyperparameters, its metrics and what became of it."""

import secrets
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from kt_notebook.core.events import decode_number, encode_number
from kt_notebook.core.metrics import MetricsTracker
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.waiting_line import Enqueued

__all__ = ["Trial", "TrialStatus", "is_terminal", "trial_number"]


class TrialStatus(StrEnum):
    """KerasTuner's six states of a trial, as its files spell them."""

    RUNNING = "RUNNING"
    IDLE = "IDLE"
    INVALID = "INVALID"
    STOPPED = "STOPPED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


_TERMINAL = frozenset({TrialStatus.COMPLETED, TrialStatus.FAILED, TrialStatus.INVALID, TrialStatus.STOPPED})


def is_terminal(status: str) -> bool:
    """Return whether a trial of this status has ended for good."""
    return status in _TERMINAL


def trial_number(trial_id: str) -> str:
    """Return an id without its padding: "07" and "7" are one trial, as its width follows `max_trials`."""
    return str(int(trial_id)) if trial_id.isdecimal() else trial_id


class Trial:
    """A trial of the search.

    Args:
        hyperparameters: The trial's own `HyperParameters`, with its values.
        trial_id: Text; as KerasTuner "0", "1", … padded to the width of `max_trials`. None draws one.
        status: One of `TrialStatus`.
        message: What went wrong, for a trial that failed.

    Attributes:
        metrics: `MetricsTracker` with the result, as KerasTuner keeps it.
        score: The objective's value, in the objective's direction; None until the trial has ended.
        best_step: Step (epoch) of the score, from 0.
        seed: The trial's seed, 0 to 2**31 - 1.
        pruned: `{"epoch", "reason"}` where the trial was ended early, else None.
        curve: The objective after each epoch of the first execution, by epoch, counted from 0, as it was reported;
            of a pruned trial up to its verdict.
        n_epochs: How many epochs that execution plans, None where unknown.
        enqueued: What the user asked for, of a trial by hand; else None.
    """

    def __init__(
        self,
        hyperparameters: HyperParameters,
        trial_id: str | None = None,
        status: str = TrialStatus.RUNNING,
        message: str | None = None,
    ) -> None:
        self.hyperparameters = hyperparameters
        self.trial_id = trial_id if trial_id is not None else secrets.token_hex(16)
        self.status = TrialStatus(status)
        self.message = message
        self.metrics = MetricsTracker()
        self.score: float | None = None
        self.best_step: int | None = None
        self.seed = 0
        self.pruned: dict[str, Any] | None = None
        self.curve: dict[int, float] = {}
        self.n_epochs: int | None = None
        self.enqueued: Enqueued | None = None

    @property
    def status(self) -> TrialStatus:
        """What has become of the trial. KerasTuner's users set it as text, which counts as well."""
        return self._status

    @status.setter
    def status(self, status: str) -> None:
        self._status = TrialStatus(status)

    def __repr__(self) -> str:
        return f"Trial({self.trial_id!r}, {self.status.value}, score={self.score}, {self.hyperparameters.values})"

    def summary(self) -> None:
        """Print the trial: status, values, score."""
        # KerasTuner's summary methods print; the text itself is made by a pure function.
        print(trial_summary(self))  # noqa: T201

    def display_hyperparameters(self) -> None:
        """Print the values that are active in this trial."""
        print(_values_text(self))  # noqa: T201

    # Any: the state is JSON.
    def get_state(self) -> dict[str, Any]:
        """Return the trial as KerasTuner's trial.json holds it."""
        return {
            "trial_id": self.trial_id,
            "hyperparameters": self.hyperparameters.get_config(),
            "metrics": self.metrics.get_config(),
            "score": encode_number(self.score),
            "best_step": self.best_step,
            "status": self.status.value,
            "message": self.message,
            "seed": self.seed,
            "pruned": self.pruned,
            "curve": [[epoch, encode_number(value)] for epoch, value in self.curve.items()],
            "n_epochs": self.n_epochs,
            "enqueued": None if self.enqueued is None else self.enqueued.to_json(),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over a state that `get_state` gave."""
        self.trial_id = state["trial_id"]
        self.hyperparameters = HyperParameters.from_config(state["hyperparameters"])
        self.metrics = MetricsTracker.from_config(state["metrics"])
        score = decode_number(state["score"])
        self.score = None if score is None else float(score)
        self.best_step = state["best_step"]
        self.status = TrialStatus(state["status"])
        self.message = state.get("message")
        self.seed = state.get("seed", 0)
        self.pruned = state.get("pruned")
        self.curve = {int(epoch): float(decode_number(value) or 0.0) for epoch, value in state.get("curve", ())}
        self.n_epochs = state.get("n_epochs")
        enqueued = state.get("enqueued")
        self.enqueued = None if enqueued is None else Enqueued.from_json(enqueued)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Trial":
        """Return the trial that `get_state` described."""
        trial = cls(HyperParameters())
        trial.set_state(state)
        return trial

    # KerasTuner's users load a trial from a file without a tuner, so nobody can have bound a store as for an oracle
    # (`core.stateful`): these three import storage when they are called. It is core's one import upwards, and the one
    # that its contracts in pyproject.toml except.

    # Any: a path, as `os.PathLike`, which core does not import.
    def save(self, fname: Any) -> str:
        """Write the trial to a file, as KerasTuner's trial.json holds it, and return the text.

        Raises:
            StorageError: The file cannot be written.
        """
        from kt_notebook.storage.state_files import write_trial

        return write_trial(fname, self.get_state())

    # Any: as above
    def reload(self, fname: Any) -> None:
        """Take over what `save`, or KerasTuner, wrote to a file.

        Raises:
            StorageError: The file is missing or broken, or holds no trial.
        """
        from kt_notebook.storage.state_files import read_trial

        self.set_state(read_trial(fname))

    # Any: as above
    @classmethod
    def load(cls, fname: Any) -> "Trial":
        """Return the trial that `save`, or KerasTuner, wrote to a file.

        Raises:
            StorageError: The file is missing or broken, or holds no trial.
        """
        trial = cls(HyperParameters())
        trial.reload(fname)
        return trial


def trial_summary(trial: Trial) -> str:
    """Return the text that `Trial.summary` prints."""
    lines = [f"Trial {trial.trial_id} summary", "Hyperparameters:", _values_text(trial)]
    if trial.score is not None:
        lines.append(f"Score: {trial.score}")
    if trial.message is not None:
        lines.append(trial.message)
    return "\n".join(lines)


def _values_text(trial: Trial) -> str:
    values = trial.hyperparameters.values
    if not values:
        return "default configuration"
    return "\n".join(f"{name}: {value}" for name, value in values.items())
