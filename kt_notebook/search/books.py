"""The session's books: what the oracle is told of trials, and what of that becomes an event."""

from collections.abc import Callable, Mapping

from kt_notebook.core.errors import ResultError
from kt_notebook.core.events import EpochEnded, Event, ObjectiveChosen, SpaceGrown, TrialCut, TrialEnded
from kt_notebook.core.objective import AnyObjective, create_objective
from kt_notebook.core.oracle import Oracle, TooManyFailuresError
from kt_notebook.core.record import SearchRecord
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.search.by_hand import ByHand
from kt_notebook.search.endings import curve_of, end_trial, outcome_of_reported, outcome_of_stopped
from kt_notebook.search.messages import Outcome, OutcomeKind, SpaceMet

__all__ = ["Books"]


class Books:
    """Enters what workers report into an oracle, and publishes it. Only the session's thread calls.

    Args:
        oracle: The session's own.
        record: What the published events have come to.
        publish: Makes an event known.

    Attributes:
        by_hand: Keeps the books of trials by hand.
    """

    def __init__(self, oracle: Oracle, record: SearchRecord, publish: Callable[[Event], None]) -> None:
        self._oracle = oracle
        self._record = record
        self._publish = publish
        self.by_hand = ByHand(oracle, record, publish)

    def take_epoch(self, message: EpochEnded, *, is_ending: bool) -> bool:
        """Let the oracle see an epoch; return whether the trial is to be pruned now.

        Args:
            message: The epoch.
            is_ending: Whether the trial was asked to end by itself already: then it is left to that.
        """
        self._publish(message)
        trial = self._oracle.get_trial(message.trial_id)
        trial.n_epochs = message.n_epochs
        if trial.pruned is not None:  # What it reports while it is ending is shown and not counted.
            return False
        verdict = self._oracle.take_epoch(message.trial_id, message.execution, message.epoch, message.metrics)
        is_last = message.n_epochs is not None and message.epoch + 1 >= message.n_epochs
        if not verdict.stop or is_last or is_ending:
            return False
        trial.pruned = {"epoch": message.epoch, "reason": verdict.reason}
        return True

    def update_trial(self, trial_id: str, metrics: Mapping[str, float], step: int) -> Trial:
        """Take in metrics that a trial's own code reports through the oracle.

        Raises:
            ResultError: No objective is known, and several metrics are there to choose from.
            ObjectiveError: The metrics lack the objective, or its direction cannot be told.
        """
        if self._oracle.objective is None:
            names = ", ".join(metrics)
            if len(metrics) != 1:
                raise ResultError(
                    f"update_trial was given {names}; which of them counts was not said. Give the tuner its objective, "
                    "such as objective='val_loss'."
                )
            if (objective := create_objective(names)) is not None:
                self.settle(objective)
        trial = self._oracle.update_trial(trial_id, metrics, step)
        self._publish(EpochEnded(trial_id, 0, step, None, 0, dict(metrics)))
        return trial

    def settle(self, objective: AnyObjective) -> None:
        """Enter an objective that was left out; without effect where there is one."""
        if self._oracle.objective is not None:
            return
        self._oracle.objective = objective
        self._publish(ObjectiveChosen(objective.to_json()))
        for trial in self._oracle.trials.values():  # Their epochs came before it was known.
            if trial.status is not TrialStatus.IDLE:
                self._fill_curve(trial)

    def grow(self, met: SpaceMet) -> None:
        """Enter what a trial has declared beyond the space."""
        before = self._oracle.hyperparameters.version
        self._oracle.update_space(met.hyperparameters)
        if self._oracle.hyperparameters.version != before:
            self._publish(SpaceGrown(met.trial_id, self._oracle.hyperparameters.get_config()["space"]))

    def cut(self, trial_id: str) -> None:
        """Enter a trial that was cut: it is run again when the search goes on."""
        self._oracle.rerun_trial(trial_id)
        self._publish(TrialCut(trial_id))

    def cut_all(self) -> None:
        """Cut every trial that the oracle holds to be at work, also one that it could not end."""
        for trial in list(self._oracle.ongoing_trials.values()):
            self.cut(trial.trial_id)

    def close(
        self, trial: Trial, outcome: Outcome, *, is_stopped: bool
    ) -> tuple[Outcome, TrialEnded | None, TooManyFailuresError | None]:
        """Enter a trial that has ended.

        Args:
            trial: The oracle's own.
            outcome: What its worker brought back.
            is_stopped: Whether it was ended early, by hand or by a verdict; what it has reached is its result.

        Returns:
            The outcome as it was entered; the event, not published yet, None where the trial is to be run again; and
            the error, where too many trials failed in a row.
        """
        if is_stopped:
            record = self._record.trials[outcome.trial_id]
            outcome = outcome_of_stopped(outcome, record, self._oracle.objective, trial.pruned)
            trial.status = TrialStatus.COMPLETED if trial.pruned else TrialStatus.STOPPED
        else:
            outcome = outcome_of_reported(outcome, trial)
            if outcome.result is None or outcome.result.metrics:
                trial.pruned = None  # The verdict came when the trial had ended by itself.
        self._fill_curve(trial)
        if outcome.kind is not OutcomeKind.FAILED:
            self.by_hand.tell_outcome(trial)
        ended, too_many = end_trial(self._oracle, trial, outcome)
        return outcome, ended, too_many

    def _fill_curve(self, trial: Trial) -> None:
        """Give a trial the curve that a resumed search gives it."""
        trial.curve = curve_of(self._record.trials[trial.trial_id], self._oracle.objective, trial.pruned)
