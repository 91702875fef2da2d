"""The oracle: which trial comes next, and what the trials so far came to.

How it works: the search's owner calls `create_trial` when a worker is idle, `report` for each epoch, `update_trial`
once with the result and `end_trial` at the end. A subclass gives `populate_space`. There are no locks: one owner
calls, one after the other.
"""

import hashlib
import math
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kt_notebook.core.answer import read_answer
from kt_notebook.core.errors import KTNotebookError, SearchStateError
from kt_notebook.core.given_space import check_given, refuse_new_entries
from kt_notebook.core.given_values import Given, given_trials, keep_active
from kt_notebook.core.limits import check_limit, check_max_trials, check_seed
from kt_notebook.core.metrics import infer_metric_direction
from kt_notebook.core.objective import AnyObjective, create_objective, missing_objective_error
from kt_notebook.core.pruner import GO_ON, Pruner, Verdict
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.stateful import Stored
from kt_notebook.core.trial import Trial, TrialStatus, is_terminal, trial_number
from kt_notebook.core.values import Value
from kt_notebook.core.waiting_line import WaitingLine

__all__ = ["GO_ON", "Oracle", "Pruner", "TooManyFailuresError", "Verdict", "synchronized", "trial_seed"]

_FAILED = (TrialStatus.FAILED, TrialStatus.INVALID)
_F = TypeVar("_F", bound=Callable[..., Any])  # Any: users decorate methods of any signature.


class TooManyFailuresError(KTNotebookError, RuntimeError):
    """As many trials in a row failed as the user allowed."""


def synchronized(func: _F, *args: Any, **kwargs: Any) -> _F:
    """Return the function unchanged: an oracle here has one owner and needs no lock."""
    return func


def trial_seed(seed: int, trial_id: str) -> int:
    """Return the seed of a trial, 0 to 2**31 - 1: a function of the search's seed and the trial's number alone."""
    digest = hashlib.blake2b(f"{seed}/{trial_number(trial_id)}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") & 0x7FFFFFFF


class Oracle(Stored):
    """Base of all oracles. Not for use from several threads at once.

    Args:
        objective: None (the first result decides; till then `oracle.objective` is None, where KerasTuner's is called
            "default_objective"), a metric's name, an `Objective`, or a list of these.
        max_trials: Most trials to run; None where the oracle itself knows its end.
        hyperparameters: A space that is known beforehand; what it holds wins over what trials declare.
        allow_new_entries: Whether trials may declare more than `hyperparameters` holds; if not, that ends the search.
        tune_new_entries: Whether what trials declare beyond it is searched, not only kept at its default.
        seed: Any integer, 0 included; None draws one.
        max_retries_per_trial: How often a trial with NaN or an exception, `FailedTrialError` aside, is run again.
        max_consecutive_failed_trials: End the search when as many trials in a row failed; None: never for this.
        pruner: Ends trials that cannot win; None lets every trial run to its end.

    Raises:
        OptionError: `max_trials` is below 1, another limit has no meaning, or the seed is no integer.
        ObjectiveError: The objective cannot be understood.
    """

    # Whether a proposal looks at results: if not, trials may be asked for ahead of time.
    proposals_depend_on_results = True

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = None,
        hyperparameters: HyperParameters | None = None,
        allow_new_entries: bool = True,
        tune_new_entries: bool = True,
        seed: int | None = None,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int | None = None,
        pruner: Pruner | None = None,
    ) -> None:
        check_max_trials(max_trials)
        check_seed(seed)
        check_given(hyperparameters, tune_new_entries=tune_new_entries, allow_new_entries=allow_new_entries)
        check_limit("max_retries_per_trial", max_retries_per_trial, at_least=0)
        check_limit("max_consecutive_failed_trials", max_consecutive_failed_trials, at_least=1)
        self.objective: AnyObjective | None = create_objective(objective)
        self.max_trials = max_trials
        self.hyperparameters = hyperparameters.copy() if hyperparameters is not None else HyperParameters()
        if hyperparameters is not None:
            self.hyperparameters.mark_given()
        self.allow_new_entries = allow_new_entries
        self.tune_new_entries = tune_new_entries
        self.has_given_seed = seed is not None
        self.seed = secrets.randbelow(2**31) if seed is None else int(seed)
        self.max_retries_per_trial = max_retries_per_trial
        self.max_consecutive_failed_trials = max_consecutive_failed_trials
        self.pruner = pruner
        self.trials: dict[str, Trial] = {}
        self.start_order: list[str] = []
        self.end_order: list[str] = []
        self.ongoing_trials: dict[str, Trial] = {}
        self._rerun: deque[str] = deque()
        self._n_runs: dict[str, int] = {}
        self._n_failed_in_a_row = 0
        self.waiting_line = WaitingLine()

    # What a subclass gives.

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return `{"status": TrialStatus, "values": dict}` for the next trial.

        RUNNING with values, IDLE while nothing can be proposed before a running trial ends, or STOPPED when the
        search is over. What the values leave out is at its default.
        """
        raise NotImplementedError(f"{type(self).__name__} has no populate_space(trial_id). Write one.")

    def score_trial(self, trial: Trial) -> None:
        """Set the trial's `score` and `best_step` from its metrics."""
        objective = self.objective
        if objective is None:
            raise SearchStateError(f"Trial {trial.trial_id} cannot be scored: no objective is known yet.")
        metrics = trial.metrics.metrics
        if not objective.has_value(dict.fromkeys(metrics, 0.0)):
            raise missing_objective_error(objective, metrics)
        last: dict[str, float] = {}
        for name, history in metrics.items():
            best = history.get_best_value()
            last[name] = math.nan if best is None else best
        trial.score = objective.get_value(last)
        first = objective.to_json()[0]["name"]
        trial.best_step = metrics[first].get_best_step()

    def report(self, trial_id: str, execution: int, epoch: int, metrics: Mapping[str, float]) -> Verdict:
        """Say whether a running trial that has just reported an epoch is to go on."""
        return GO_ON

    def values_by_hand(self, values: dict[str, Value]) -> dict[str, Value]:
        """Return the values of a trial by hand with what this oracle adds of its own."""
        return values

    # What the search's owner calls.

    def enqueue(self, values: Given = None, *, again: bool = False) -> int:
        """Let the next trials to start have these values; return how many that are. They count towards `max_trials`.

        Args:
            values: A dict, a HyperParameters, or a list of these; what is left out is at its default, all without it.
            again: Whether values that a trial has had, or that wait in line already, are to be tried once more.

        Raises:
            SpaceError: The space, where it is known, does not have a name or cannot take a value. Nothing is enqueued.
            SearchStateError: There would be more trials than `max_trials` allows. Nothing is enqueued.
        """
        return len(self.waiting_line.add(self.admitted(values, again=again)))

    def admitted(self, values: Given = None, *, again: bool = False) -> list[Mapping[str, Value]]:
        """Return what `enqueue` would put in line, raising what it would raise; any thread."""
        trials, space = list(self.trials.values()), self.hyperparameters.search_space
        n_left = None if self.max_trials is None else max(0, self.max_trials - len(self.start_order))
        return self.waiting_line.admitted(given_trials(values), space, trials, n_left, again=again)

    def create_trial(self, tuner_id: str) -> Trial:
        """Return the next trial for a worker: RUNNING, or IDLE or STOPPED without values.

        A worker that has a running trial gets that one again.

        Raises:
            FatalValueError: `populate_space` returned something that is no answer.
        """
        if tuner_id in self.ongoing_trials:
            return self.ongoing_trials[tuner_id]
        if self._rerun:
            trial = self.trials[self._rerun.popleft()]
            trial.status = TrialStatus.RUNNING
            self.ongoing_trials[tuner_id] = trial
            return trial
        trial_id = self._next_id()
        if self.max_trials is not None and len(self.start_order) >= self.max_trials:
            return Trial(HyperParameters(), trial_id, TrialStatus.STOPPED)
        enqueued, values = self.waiting_line.take(self.hyperparameters.search_space)
        if enqueued is None:
            answer = read_answer(self.populate_space(trial_id), type(self).__name__)
            if answer.status is not TrialStatus.RUNNING:
                return Trial(HyperParameters(), trial_id, answer.status)
            values = answer.values
        else:
            values = self.values_by_hand(values)
        hyperparameters = self.hyperparameters.copy()
        hyperparameters.values = dict(values)
        hyperparameters.mark_drawn(by_hand=enqueued is not None)
        trial = Trial(hyperparameters, trial_id)
        trial.enqueued = enqueued
        trial.seed = trial_seed(self.seed, trial_id)
        self.trials[trial_id] = trial
        self.start_order.append(trial_id)
        self.ongoing_trials[tuner_id] = trial
        return trial

    def take_epoch(self, trial_id: str, execution: int, epoch: int, metrics: Mapping[str, float]) -> Verdict:
        """Take in one epoch of a running trial and say whether it is to go on.

        A trial is judged by its first execution: the further ones make the score of a good trial surer.
        """
        trial, objective = self.get_trial(trial_id), self.objective
        is_judged = execution == 0 and objective is not None and objective.has_value(metrics)
        if is_judged and objective is not None:
            trial.curve[epoch] = objective.get_value(metrics)
        verdict = self.report(trial_id, execution, epoch, metrics)
        if verdict.stop or self.pruner is None or not is_judged:
            return verdict
        return self.pruner.judge(trial, epoch, self)

    def update_trial(self, trial_id: str, metrics: Mapping[str, float], step: int = 0) -> Trial:
        """Add metrics at a step; the trial that comes back is STOPPED where the oracle says to stop.

        Raises:
            ObjectiveError: The metrics lack the objective.
        """
        trial = self.get_trial(trial_id)
        if trial_id not in {running.trial_id for running in self.ongoing_trials.values()}:
            raise SearchStateError(
                f"Trial {trial_id} ended as {trial.status.value}, it cannot report any more. Start a new trial."
            )
        if self.objective is not None and not self.objective.has_value(metrics):
            raise missing_objective_error(self.objective, metrics)
        for name, value in metrics.items():
            if name not in trial.metrics.metrics:
                trial.metrics.register(name, self._direction(name))
            trial.metrics.update(name, value, step)
        if trial.status is not TrialStatus.RUNNING:  # The result of a trial that is over: nothing is left to stop.
            return trial
        verdict = self.take_epoch(trial_id, 0, step, metrics)
        if verdict.stop:
            trial.status = TrialStatus.STOPPED
            trial.pruned = {"epoch": step, "reason": verdict.reason}
        return trial

    def end_trial(self, trial: Trial | str, status: str = TrialStatus.COMPLETED) -> None:
        """Close a trial: score it, queue it again where retries are left, or file it.

        A trial that ends as INVALID broke and is run again, or filed as FAILED where no retries are left; one that ends
        as FAILED is not run again. One whose objective is NaN is run again too, and filed as INVALID.

        Args:
            trial: The trial with its status; or its id, as KerasTuner's first tuners give it.
            status: How it ended, where `trial` is its id.

        Raises:
            TooManyFailuresError: As many trials in a row failed as allowed. The trial is filed all the same.
        """
        if isinstance(trial, str):
            trial = self.get_trial(trial)
            trial.status = TrialStatus(status)
        known = self.get_trial(trial.trial_id)
        if known is not trial:
            known.hyperparameters, known.metrics = trial.hyperparameters, trial.metrics
            known.message, known.status = trial.message, trial.status
        is_broken = known.status is TrialStatus.INVALID
        if known.pruned is not None and known.status in (TrialStatus.STOPPED, TrialStatus.COMPLETED):
            known.status = TrialStatus.COMPLETED
        if known.enqueued is not None and known.status not in _FAILED:
            keep_active(known.hyperparameters)
        if known.status in (TrialStatus.COMPLETED, TrialStatus.STOPPED) and known.metrics.metrics:
            self.score_trial(known)
        if known.status is TrialStatus.COMPLETED and (known.score is None or math.isnan(known.score)):
            known.status = TrialStatus.INVALID
            known.message = known.message or f"The objective came out as {known.score}."
        self._release(known)
        runs = self._n_runs[known.trial_id] = self._n_runs.get(known.trial_id, 0) + 1
        if known.status is TrialStatus.INVALID and runs <= self.max_retries_per_trial:
            self.rerun_trial(known.trial_id)
            return
        if is_broken:
            known.status = TrialStatus.FAILED
        self.end_order.append(known.trial_id)
        self._n_failed_in_a_row = self._n_failed_in_a_row + 1 if known.status in _FAILED else 0
        limit = self.max_consecutive_failed_trials
        if limit is not None and self._n_failed_in_a_row >= limit:
            raise TooManyFailuresError(
                f"{limit} trials in a row failed (max_consecutive_failed_trials={limit}). The last one: {known.message}"
            )

    def rerun_trial(self, trial_id: str) -> None:
        """Put a trial that was cut or failed back in the queue, under its id, with its values and seed."""
        trial = self.get_trial(trial_id)
        self._release(trial)
        fresh = Trial(trial.hyperparameters, trial_id, TrialStatus.IDLE)
        fresh.seed, fresh.enqueued = trial.seed, trial.enqueued
        self.trials[trial_id] = fresh
        self._rerun.append(trial_id)

    def adopt_trial(self, trial: Trial) -> None:
        """Take in a trial of an earlier session; one that had not ended is run again.

        Call it in the order in which the trials began.
        """
        self.trials[trial.trial_id] = trial
        self.start_order.append(trial.trial_id)
        if is_terminal(trial.status):
            self.end_order.append(trial.trial_id)
        else:
            self.rerun_trial(trial.trial_id)

    def update_space(self, hyperparameters: HyperParameters) -> None:
        """Take in what a trial has declared beyond the space.

        Raises:
            FatalRuntimeError: `allow_new_entries` is False, and there is such a hyperparameter.
        """
        if not self.allow_new_entries:
            refuse_new_entries(self.hyperparameters.search_space, hyperparameters.search_space)
        if self.tune_new_entries:
            self.hyperparameters.merge(hyperparameters, overwrite=False)

    # What anybody may ask.

    def get_space(self) -> HyperParameters:
        """Return a copy of the space."""
        return self.hyperparameters.copy()

    def get_trial(self, trial_id: str) -> Trial:
        """Return a trial.

        Raises:
            KeyError: No trial has this id.
        """
        if trial_id not in self.trials:
            raise KeyError(f"No trial has the id {trial_id!r}. There are {len(self.trials)} trials.")
        return self.trials[trial_id]

    def get_best_trials(self, num_trials: int = 1) -> list[Trial]:
        """Return the best completed trials, best first; pruned ones never rank above complete ones."""
        objective = self.objective
        if objective is None:
            return []
        scored = [
            (trial.pruned is not None, objective.loss(trial.score), trial)
            for trial in list(self.trials.values())
            if trial.status is TrialStatus.COMPLETED and trial.score is not None and not math.isnan(trial.score)
        ]
        return [trial for *_, trial in sorted(scored, key=lambda item: item[:2])[:num_trials]]

    def remaining_trials(self) -> int | None:
        """Return how many trials may still start, None without a limit."""
        return None if self.max_trials is None else max(0, self.max_trials - len(self.start_order))

    # Any: the state is JSON.
    def get_state(self) -> dict[str, Any]:
        """Return the oracle as KerasTuner's oracle.json holds it, trials aside."""
        return {
            "ongoing_trials": {tuner: trial.trial_id for tuner, trial in self.ongoing_trials.items()},
            "start_order": list(self.start_order),
            "end_order": list(self.end_order),
            "run_times": dict(self._n_runs),
            "retry_queue": list(self._rerun),
            "seed": self.seed,
            "hyperparameters": self.hyperparameters.get_config(),
            "enqueued": [enqueued.to_json() for enqueued in self.waiting_line.waiting],
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over a state that `get_state` gave; the trials are adopted apart."""
        self.start_order = list(state["start_order"])
        self.end_order = list(state["end_order"])
        self._n_runs = dict(state["run_times"])
        self._rerun = deque(state["retry_queue"])
        ongoing = state["ongoing_trials"].items()
        self.ongoing_trials = {tuner: self.trials[trial_id] for tuner, trial_id in ongoing if trial_id in self.trials}
        self.seed = state["seed"]
        self.hyperparameters = HyperParameters.from_config(state["hyperparameters"])
        self.waiting_line = WaitingLine(state.get("enqueued", ()))

    def _next_number(self) -> int:
        """Return how many trials there were, those among them that were lost with their files."""
        last = trial_number(self.start_order[-1]) if self.start_order else ""
        return max(len(self.start_order), int(last) + 1 if last.isdecimal() else 0)

    def _next_id(self) -> str:
        number = self._next_number()
        return f"{number:0{len(str(self.max_trials))}d}" if self.max_trials is not None else str(number)

    def _direction(self, metric: str) -> str | None:
        objective = self.objective
        for part in objective.to_json() if objective is not None else ():
            if part["name"] == metric:
                return part["direction"]
        return infer_metric_direction(metric)

    def _release(self, trial: Trial) -> None:
        for tuner_id, ongoing in list(self.ongoing_trials.items()):
            if ongoing.trial_id == trial.trial_id:
                del self.ongoing_trials[tuner_id]
