"""Tuner: a search over Keras models."""

import os
from pathlib import Path
from typing import Any

from kt_notebook.core.errors import OptionError, ResultError
from kt_notebook.core.events import SearchNoted
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.trial import Trial
from kt_notebook.oracles.hyperband import HyperbandOracle
from kt_notebook.training.checkpoints import WEIGHTS_NAME, load_best
from kt_notebook.tuners.base_tuner import BaseTuner
from kt_notebook.tuners.state_remover import StateRemover

__all__ = ["Tuner"]


class Tuner(BaseTuner):
    """A search over Keras models.

    Args:
        oracle: Chooses the trials.
        hypermodel: A function of `hp` that returns a compiled model, a `History`, a number or a dict of numbers; or a
            `HyperModel`.
        directory: Where projects are kept; the working directory by default.
        project_name: The project's folder there; "untitled_project" by default.
        overwrite: Start anew; an old project is kept as `<project_name>.old`. Else it goes on.
        executions_per_trial: How often each trial is run, each time with another seed; its score is the mean.
        **kwargs: As for `BaseTuner`: `prune`, which ends trials that cannot win.

    Raises:
        OptionError: An argument is unknown, or `executions_per_trial` is below 1.
    """

    def __init__(
        self,
        oracle: Oracle,
        hypermodel: Any = None,  # narrowed by BaseTuner
        directory: str | os.PathLike[str] | None = None,
        project_name: str | None = None,
        overwrite: bool = False,
        executions_per_trial: int = 1,
        **kwargs: Any,  # narrowed by BaseTuner
    ) -> None:
        if isinstance(executions_per_trial, bool) or executions_per_trial < 1:
            raise OptionError(f"executions_per_trial={executions_per_trial!r} runs nothing. Give 1 or more.")
        self._executions_per_trial = int(executions_per_trial)
        super().__init__(oracle, hypermodel, directory, project_name, overwrite, **kwargs)
        if isinstance(oracle, HyperbandOracle):
            self.hub.attach(StateRemover(oracle, self.get_trial_dir))

    def opening_notes(self, *, is_starting: bool = True) -> list[SearchNoted]:
        """Return what the user should know from the start: Hyperband's plan too, where the search begins or goes on."""
        notes = super().opening_notes(is_starting=is_starting)
        if is_starting and isinstance(self.oracle, HyperbandOracle):
            notes.append(SearchNoted("advice", "hyperband_plan", self.oracle.describe_plan()))
        return notes

    @property
    def executions_per_trial(self) -> int:
        """How often each trial is run."""
        return self._executions_per_trial

    def load_model(self, trial: Trial) -> Any:  # a Keras model
        """Return a trial's model as it was at its best epoch.

        Raises:
            ResultError: The trial trained no Keras model.
            StorageError: The trial's weights are not there.
        """
        if self.hypermodel is None:
            raise OptionError(
                f"{type(self).__name__} has no hypermodel to build a model with. Override load_model(trial)."
            )
        place = Path(self.get_trial_dir(trial.trial_id))
        record = self.hub.record.trials.get(trial.trial_id)
        if record is not None and not record.epochs and not (place / WEIGHTS_NAME).exists():
            raise ResultError(
                f"Trial {trial.trial_id} kept no model: it returned its result without a Keras fit. "
                "get_best_hyperparameters() has its values."
            )
        return load_best(self.hypermodel.build, trial.hyperparameters.copy(), place)
