"""Oracles as users write them, KerasTuner's way: a subclass of Oracle with populate_space alone."""

from typing import ClassVar

from kt_notebook.core.oracle import Oracle
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import TrialStatus
from tests.oracles.contract import OracleContract
from tests.oracles.plays import Play, reopened, told


def drawn(oracle, trial_id, base):
    """Return a configuration: the base's values where it has them, the others drawn."""
    hps = HyperParameters()
    for number, hp in enumerate(oracle.get_space().space):
        hps.merge([hp])
        if hps.is_active(hp):
            kept = hp.name in base and hp.contains(base[hp.name])
            value = base[hp.name] if kept else hp.random_sample(oracle.seed + 1000 * int(trial_id) + number)
            hps.values[hp.name] = value
    return {"status": TrialStatus.RUNNING, "values": hps.active_values()}


class Guessing(Oracle):
    """Draws every trial anew."""

    def populate_space(self, trial_id):
        return drawn(self, trial_id, {})


class Climbing(Oracle):
    """Changes one value of the best trial."""

    def populate_space(self, trial_id):
        best = self.get_best_trials(1)
        base = dict(best[0].hyperparameters.values) if best else {}
        if base:
            base.pop(sorted(base)[int(trial_id) % len(base)])
        return drawn(self, trial_id, base)


class TestOwnOracle(OracleContract):
    oracle: ClassVar = Guessing
    ends_when_exhausted: ClassVar = False

    def test_it_is_taken_to_look_at_results(self):
        assert self.oracle.proposals_depend_on_results


class TestOwnOracleThatLooksAtResults(OracleContract):
    oracle: ClassVar = Climbing
    ends_when_exhausted: ClassVar = False

    def test_a_value_that_is_no_number_goes_on_as_itself(self):
        hp = HyperParameters()
        hp.Choice("c", [float("nan"), 1.0])
        hp.Int("n", 1, 9)
        for seed in range(5):
            first = Play(self.make(hp, seed=seed))
            first.moves([(0, "done")] * 6)
            again = reopened(first, self.make(hp, seed=seed))
            later = again.moves([(0, "done")] * 8)
            assert told(later) == told(first.moves([(0, "done")] * 8)[-len(later) :])
