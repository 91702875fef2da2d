"""How a trial ends: from what a worker brought back to the oracle's books and the event."""

import math
from collections.abc import Mapping
from typing import Any

from kt_notebook.core.errors import FailedTrialError, FatalError, FatalResultError, FatalRuntimeError, ResultError
from kt_notebook.core.events import ErrorInfo, TrialEnded
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.oracle import Oracle, TooManyFailuresError
from kt_notebook.core.protocol import Result
from kt_notebook.core.record import EpochRecord, SearchRecord, TrialRecord
from kt_notebook.core.trial import Trial, TrialStatus, is_terminal
from kt_notebook.core.values import value_to_json
from kt_notebook.search.error_report import describe_error
from kt_notebook.search.messages import Outcome, OutcomeKind

__all__ = [
    "FailureWatch",
    "as_error",
    "curve_of",
    "end_trial",
    "no_score_error",
    "outcome_of_reported",
    "outcome_of_stopped",
    "reason_of_end",
]

# As many first trials must fail alike before the search gives up.
_N_ALIKE = 3


def end_trial(oracle: Oracle, trial: Trial, outcome: Outcome) -> tuple[TrialEnded | None, TooManyFailuresError | None]:
    """Enter an outcome into the oracle's books.

    Returns:
        The event, or None where the trial is to be run again; and the error, where too many failed in a row.
    """
    error, result = outcome.error, outcome.result
    if outcome.kind is OutcomeKind.FAILED:
        # To an oracle, as to KerasTuner, INVALID is what may be tried again.
        is_final = isinstance(outcome.exception, FailedTrialError | FatalError)
        trial.status = TrialStatus.FAILED if is_final else TrialStatus.INVALID
        trial.message = error.traceback if error is not None else None
    elif trial.status is TrialStatus.RUNNING:
        trial.status = TrialStatus.COMPLETED
    if result is not None and result.metrics:
        oracle.update_trial(trial.trial_id, result.metrics, result.best_step or 0)
    too_many: TooManyFailuresError | None = None
    try:
        oracle.end_trial(trial)
    except TooManyFailuresError as failure:
        too_many = failure
    if not is_terminal(oracle.get_trial(trial.trial_id).status):
        return None, too_many
    return _ended(trial, error, result), too_many


def _ended(trial: Trial, error: ErrorInfo | None, result: Result | None) -> TrialEnded:
    if error is None and trial.status is TrialStatus.INVALID:
        score = trial.score if trial.score is not None else math.nan
        error = ErrorInfo("Invalid", f"The objective came out as {score}.", trial.message or "")
    return TrialEnded(
        trial_id=trial.trial_id,
        status=trial.status.value,
        score=trial.score,
        best_step=result.best_step if result is not None and result.metrics else trial.best_step,
        metrics=dict(result.metrics) if result is not None and result.metrics else _reported(trial),
        values={name: value_to_json(value) for name, value in trial.hyperparameters.values.items()},
        error=error,
        pruned=trial.pruned,
    )


def _reported(trial: Trial) -> dict[str, float]:
    """Return the best value of each metric that a trial has reported through the oracle."""
    best = {name: history.get_best_value() for name, history in trial.metrics.metrics.items()}
    return {name: value for name, value in best.items() if value is not None}


# What a trial reports after its verdict is shown and not counted: how much that is depends on the threads' timing.
# Any: the verdict is JSON.
def _counts(epoch: EpochRecord, pruned: Mapping[str, Any] | None) -> bool:
    return pruned is None or (epoch.execution == 0 and epoch.epoch <= pruned["epoch"])


def curve_of(record: TrialRecord, objective: AnyObjective | None, pruned: Mapping[str, Any] | None) -> dict[int, float]:
    """Return the objective of a trial's first execution by epoch, of a pruned trial up to its verdict."""
    if objective is None:
        return {}
    curve = record.objective_curve(objective)
    return curve if pruned is None else {epoch: value for epoch, value in curve.items() if epoch <= pruned["epoch"]}


def outcome_of_stopped(
    outcome: Outcome, record: TrialRecord, objective: AnyObjective | None, pruned: Mapping[str, Any] | None
) -> Outcome:
    """Return the outcome of a trial that was ended early: what its best epoch gave, if pruned up to the verdict."""
    epochs = [epoch for epoch in record.epochs if _counts(epoch, pruned)]
    reached = [e for e in epochs if objective is not None and objective.has_value(e.metrics)]
    result = Result()
    if objective is not None and reached:
        best = min(reached, key=lambda e: _nan_last(objective.loss(objective.get_value(e.metrics))))
        result = Result(dict(best.metrics), best.epoch)
    return Outcome(outcome.trial_id, outcome.kind, outcome.hyperparameters, result)


def outcome_of_reported(outcome: Outcome, trial: Trial) -> Outcome:
    """Return the outcome of a trial that has reported its result itself, or that returned and reported nothing.

    What was reported through the oracle counts, also where a value was returned besides, as with KerasTuner.
    """
    result = outcome.result
    if outcome.kind is not OutcomeKind.DONE or result is None:
        return outcome
    if trial.metrics.metrics:
        return Outcome(outcome.trial_id, outcome.kind, outcome.hyperparameters, Result())
    if result.metrics:
        return outcome
    error = FatalResultError(
        f"run_trial returned None for trial {trial.trial_id}, and reported nothing through oracle.update_trial. "
        "Return the score, a dict of metrics, or the History of a fit; if it calls super().run_trial(…), return that."
    )
    return Outcome(
        outcome.trial_id, OutcomeKind.FAILED, outcome.hyperparameters, error=describe_error(error), exception=error
    )


def _nan_last(value: float) -> tuple[bool, float]:
    return math.isnan(value), value


def no_score_error(record: SearchRecord) -> ResultError | None:
    """Return the error of a search whose every trial ended without a number, None where there is a score."""
    n_invalid = sum(trial.status == TrialStatus.INVALID for trial in record.trials.values())
    if not n_invalid or n_invalid < len(record.trials):
        return None
    return ResultError(
        f"No trial has a score: all {n_invalid} came out as NaN. Look at the data and the loss, or lower the learning "
        "rate's range."
    )


def reason_of_end(reason: str | None, error: BaseException | None, oracle: Oracle) -> str:
    """Return why a search has ended: the reason that is known, or what its oracle says."""
    if reason is not None or error is not None:
        return reason or "failed"
    is_used_up = oracle.max_trials is not None and len(oracle.start_order) >= oracle.max_trials
    return "finished" if is_used_up else "exhausted"


def as_error(error: BaseException) -> Exception:
    """Return what the search is to end with where a hook or an oracle raised: `sys.exit()` and the like as an error."""
    if isinstance(error, Exception):
        return error
    failure = FatalRuntimeError(
        f"A hook of the tuner, or its oracle, raised {type(error).__name__}({error}), and no search ends that way. "
        "Raise an error there to end the search, such as kt_notebook.errors.FatalError('…')."
    )
    return failure.with_traceback(error.__traceback__)


class FailureWatch:
    """Notices a failure that ends the search: a fatal one, or first trials that all fail alike at the same line.

    Args:
        is_over: Whether an earlier trial of the search has ended otherwise.

    Attributes:
        first_error: Why the first trial failed, while none has completed. It holds on to the trial's frames.
    """

    def __init__(self, *, is_over: bool = False) -> None:
        self.first_error: Exception | None = None
        self._n_alike = 0
        self._signature: tuple[str, str, int | None] | None = None
        self._is_over = is_over

    def look(self, status: TrialStatus, outcome: Outcome, *, has_ended: bool) -> Exception | None:
        """Take in a trial's outcome; return the error that the search is to end with, if so.

        Args:
            status: The trial's.
            outcome: How its worker came back.
            has_ended: Whether the trial is over; else it is run again.
        """
        if outcome.is_fatal:
            return outcome.exception
        if not has_ended:
            return None
        error = outcome.error
        if status is TrialStatus.COMPLETED:
            self.first_error = None
        if self._is_over or outcome.exception is None or error is None:
            self._is_over = self._is_over or status is not TrialStatus.FAILED
            return None
        signature = (error.type, _last_line(error), error.line)
        if self.first_error is None:
            self.first_error, self._signature = outcome.exception, signature
        if signature != self._signature:
            self._is_over = True
            return None
        if isinstance(outcome.exception, FailedTrialError) and not isinstance(outcome.exception, ResultError):
            return None  # Raised on purpose, to skip this trial: a model that is too large, or the user's own check.
        self._n_alike += 1
        return outcome.exception if self._n_alike >= _N_ALIKE else None


def _last_line(error: ErrorInfo) -> str:
    """Return the place of the error: the innermost `File …, line …` of the traceback."""
    places = [line for line in error.traceback.splitlines() if line.lstrip().startswith("File ")]
    return places[-1] if places else ""
