"""Searches played move by move: workers begin trials, report epochs and end them, in any order.

A move is `(worker, what)`. An idle worker begins a trial, whatever the move says; a busy one does what it says. With
"hand" the user puts a trial in line.
"""

import json
import math

from hypothesis import strategies as st

from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.core.values import identity
from kt_notebook.core.waiting_line import WaitingLine
from kt_notebook.oracles.random_draws import draw_configuration
from tests.oracles.spaces import check_configuration, own

ENDINGS = ("done", "fail", "break", "nan", "inf", "-inf", "huge", "prune")
# What failed for good, and what an exception ended.
_FAILURES = {"fail": TrialStatus.FAILED, "break": TrialStatus.INVALID}
_RESULTS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "huge": 1e300}


def moves(max_size=24, workers=4, *, by_hand=False):
    """Draw a list of moves; most trials end well."""
    what = st.sampled_from(["done"] * 4 + ["epoch"] * 3) | st.sampled_from(ENDINGS)
    if by_hand:
        what = what | st.just("hand")
    return st.lists(st.tuples(st.integers(0, workers - 1), what), min_size=4, max_size=max_size)


def score_of(trial):
    """Return a result that depends on the trial's values only."""
    values = own(trial.hyperparameters.values)
    return sum(len(repr(value)) + index for index, value in enumerate(values.values())) / 7


def finish(oracle, trial, declare=None):
    """Run a trial: declare, report, end; what was declared goes into the space, as a search does."""
    if declare is not None:
        declare(trial.hyperparameters)
        oracle.update_space(trial.hyperparameters)
    oracle.update_trial(trial.trial_id, {"val_loss": score_of(trial)})
    trial.status = TrialStatus.COMPLETED
    oracle.end_trial(trial)


def run(oracle, n_trials=10**9, declare=None):
    """Run trials one after the other until the oracle ends or there are `n_trials`, and return their values."""
    seen = []
    while len(seen) < n_trials:
        trial = oracle.create_trial("tuner0")
        if trial.status is not TrialStatus.RUNNING:
            assert trial.status is TrialStatus.STOPPED
            break
        seen.append(dict(trial.hyperparameters.values))
        finish(oracle, trial, declare)
    return seen


class Play:
    """A search under way.

    Args:
        oracle: Chooses the trials.
        metrics: From a loss to the metrics that a trial reports.
        begun: How many epochs the running trials of an earlier play had reported, by worker; they are run again.

    Attributes:
        proposals: `(trial_id, status, values)` of each trial that a worker asked for.
    """

    def __init__(self, oracle, metrics=lambda loss: {"val_loss": loss}, begun=None):
        self.oracle = oracle
        self.metrics = metrics
        self.proposals = []
        self.running = {}
        self.n_epochs = {}
        for worker, n_epochs in (begun or {}).items():
            trial = self.running[worker] = oracle.create_trial(worker)
            assert trial.status is TrialStatus.RUNNING
            self.n_epochs[worker] = 0
            for _ in range(n_epochs):
                self._report(worker, trial)

    def move(self, number, what):
        worker = f"tuner{number}"
        if what == "hand":
            self._enqueue()
        elif worker not in self.running:
            self._begin(worker)
        elif what == "epoch" or (what == "prune" and not self.n_epochs[worker]):
            self._report(worker, self.running[worker])
        else:
            self._end(worker, what)

    def moves(self, listed):
        for number, what in listed:
            self.move(number, what)
        return self.proposals

    def _enqueue(self):
        oracle = self.oracle
        place = len(oracle.start_order) + len(oracle.waiting_line)  # The same after a resume.
        oracle.enqueue(draw_configuration(oracle.hyperparameters.search_space, 99, str(place)))

    def _begin(self, worker):
        trial = self.oracle.create_trial(worker)
        self.proposals.append((trial.trial_id, trial.status, dict(trial.hyperparameters.values)))
        if trial.status is TrialStatus.RUNNING:
            check_configuration(self.oracle.hyperparameters.search_space, trial.hyperparameters.values)
            self.running[worker], self.n_epochs[worker] = trial, 0
        else:
            assert trial.status is TrialStatus.STOPPED or self.running, "it waits though nothing is running"

    def _report(self, worker, trial):
        epoch = self.n_epochs[worker]
        self.oracle.take_epoch(trial.trial_id, 0, epoch, self._measured(trial, epoch))
        self.n_epochs[worker] += 1

    def _end(self, worker, what):
        trial = self.running.pop(worker)
        n_epochs = self.n_epochs.pop(worker)
        trial.status = _FAILURES.get(what, TrialStatus.COMPLETED)
        if what == "prune":
            trial.pruned = {"epoch": n_epochs - 1, "reason": "it cannot win"}
        if what not in _FAILURES:
            result = self.metrics(_RESULTS[what]) if what in _RESULTS else self._measured(trial, n_epochs)
            self.oracle.update_trial(trial.trial_id, result, n_epochs)
        self.oracle.end_trial(trial)

    def _measured(self, trial, epoch):
        return self.metrics(score_of(trial) * (1 + 1 / (epoch + 2)))


def resumed(oracle, new):
    """Bring a new oracle to where another one is, as a project opened again does (`search.resume`)."""
    new.hyperparameters.merge(oracle.hyperparameters, overwrite=False)
    for trial_id in oracle.start_order:
        state = json.loads(json.dumps(oracle.trials[trial_id].get_state()))
        new.adopt_trial(Trial.from_state(state))
    place = {trial_id: number for number, trial_id in enumerate(oracle.end_order)}
    new.end_order.sort(key=place.__getitem__)
    waiting = [enqueued.to_json() for enqueued in oracle.waiting_line.waiting]
    new.waiting_line = WaitingLine(json.loads(json.dumps(waiting)))
    return new


def reopened(play, new):
    """Go on with a play in a new oracle: what was running is run again by the same workers."""
    resumed(play.oracle, new)
    order = play.oracle.start_order
    workers = sorted(play.running, key=lambda worker: order.index(play.running[worker].trial_id))
    again = Play(new, play.metrics, {worker: play.n_epochs[worker] for worker in workers})
    assert {worker: trial.trial_id for worker, trial in again.running.items()} == {
        worker: trial.trial_id for worker, trial in play.running.items()
    }
    return again


def told(proposals):
    """Return proposals so that equal ones compare equal: a NaN that comes from a file is another object."""
    return [(*rest, {name: identity(value) for name, value in values.items()}) for *rest, values in proposals]


def without_functions(space):
    """Return the space as a file holds it: of a predicate it knows the label only."""
    return HyperParameters.from_config(json.loads(json.dumps({**space.get_config(), "values": {}})))
