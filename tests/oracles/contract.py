"""What every oracle must keep. A test module of an oracle subclasses `OracleContract` and says how to make one.

class TestMine(OracleContract):
    oracle = MyOracle
    arguments = {"num_initial_points": 3}   # beside those that all oracles take
"""

import json
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kt_notebook.core.oracle import Oracle
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus
from tests.core.strategies import countable_spaces


def network(hp):
    """Declare a space of every kind, with conditions."""
    hp.Int("units", 8, 64, step=8)
    hp.Float("lr", 1e-4, 1e-1, sampling="log")
    hp.Choice("kernel", [(1, 3), (1, 5), None])
    if hp.Boolean("dropout"):
        pass
    with hp.conditional_scope("dropout", True):
        hp.Float("rate", 0, 0.5, step=0.1)


def twelve(hp):
    """Declare a space of 12 configurations."""
    hp.Choice("model", ["a", "b"])
    hp.Int("n", 1, 3)
    with hp.conditional_scope("model", "a"):
        hp.Choice("deep", [True, 1, None])


def dependent(hp):
    """Declare a range that depends on another value."""
    a = hp.Int("a", 1, 4)
    assert 0 <= hp.Int("b", 0, a) <= a


def space_of(declare):
    hp = HyperParameters()
    declare(hp)
    return hp


def score_of(trial):
    """Return a result that depends on the trial's values only."""
    return sum(len(repr(value)) + index for index, value in enumerate(trial.hyperparameters.values.values())) / 7


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


def key_set(space, rows):
    return {space.key(row) for row in rows}


class OracleContract:
    """Tests that hold for every oracle."""

    oracle: ClassVar[type[Oracle]]
    arguments: ClassVar[dict] = {}
    # Whether the oracle ends by itself when every configuration was tried.
    ends_when_exhausted: ClassVar[bool] = True

    def make(self, declare=None, seed=0, max_trials=100, **more):
        space = None if declare is None else space_of(declare) if callable(declare) else declare
        arguments = {"max_trials": max_trials, "seed": seed, "hyperparameters": space} | self.arguments | more
        return self.oracle("val_loss", **arguments)

    def resumed(self, oracle, **more):
        """Return a new oracle that knows the trials of another one, as a project opened again."""
        new = self.make(seed=oracle.seed, **more)
        new.hyperparameters.merge(oracle.hyperparameters, overwrite=False)
        for trial_id in oracle.start_order:
            new.adopt_trial(Trial.from_state(json.loads(json.dumps(oracle.trials[trial_id].get_state()))))
        return new

    def test_it_says_whether_proposals_look_at_results(self):
        assert isinstance(self.oracle.proposals_depend_on_results, bool)

    @pytest.mark.parametrize("declare", [network, twelve])
    def test_values_are_active_ones_inside_their_ranges(self, declare):
        oracle = self.make(declare)
        for row in run(oracle, 15):
            hp = oracle.get_space()
            hp.values = row
            assert hp.active_values() == row
            for entry in hp.search_space.active_entries(row):
                assert entry.contains(row[entry.name])

    @pytest.mark.parametrize("seed", [0, 7, -1])
    def test_the_same_seed_gives_the_same_trials(self, seed):
        assert run(self.make(network, seed=seed), 12) == run(self.make(network, seed=seed), 12)

    def test_without_a_seed_one_is_drawn_and_kept(self):
        first = self.make(network, seed=None)
        again = self.make(network, seed=None)
        again.set_state(json.loads(json.dumps(first.get_state())))
        assert run(again, 5) == run(first, 5)

    def test_a_space_is_used_up_without_repeats_and_then_the_search_ends(self):
        if not self.ends_when_exhausted:
            pytest.skip("this oracle repeats configurations on purpose")
        oracle = self.make(twelve)
        rows = run(oracle)
        assert len(rows) == len(key_set(oracle.hyperparameters.search_space, rows)) == 12

    @given(countable_spaces(), st.integers(0, 2**31))
    # each subclass is a test of its own
    @settings(max_examples=40, suppress_health_check=[HealthCheck.differing_executors])
    def test_any_countable_space_is_used_up_without_repeats(self, space, seed):
        if not self.ends_when_exhausted:
            return
        oracle = self.make(space, seed=seed, max_trials=1000)
        rows = run(oracle)
        assert len(rows) == len(key_set(space.search_space, rows)) == space.n_combinations()

    def test_running_trials_are_not_proposed_again(self):
        if not self.ends_when_exhausted:
            pytest.skip("this oracle repeats configurations on purpose")
        oracle = self.make(twelve, allow_new_entries=False)
        trials = [oracle.create_trial(f"tuner{number}") for number in range(13)]
        rows = [trial.hyperparameters.values for trial in trials[:12]]
        assert len(key_set(oracle.hyperparameters.search_space, rows)) == 12
        assert trials[12].status is TrialStatus.STOPPED

    def test_no_more_than_max_trials_are_started(self):
        assert len(run(self.make(network, max_trials=4))) == 4

    def test_a_search_without_hyperparameters_runs_once(self):
        if self.ends_when_exhausted:
            assert run(self.make()) == [{}]

    def test_while_a_trial_may_still_declare_more_the_oracle_waits(self):
        if not self.ends_when_exhausted:
            pytest.skip("this oracle repeats configurations on purpose")
        oracle = self.make()
        first = oracle.create_trial("tuner0")
        assert oracle.create_trial("tuner1").status is TrialStatus.IDLE
        finish(oracle, first, twelve)
        assert oracle.create_trial("tuner1").status is TrialStatus.RUNNING

    def test_what_the_first_trial_declares_is_searched(self):
        oracle = self.make()
        rows = run(oracle, declare=twelve)
        if self.ends_when_exhausted:
            ended = [trial.hyperparameters.values for trial in oracle.trials.values()]
            assert len(rows) == len(key_set(oracle.hyperparameters.search_space, ended)) == 12

    def test_what_a_late_trial_declares_is_searched(self):
        def grown(hp):
            twelve(hp)
            if hp.get("n") == 2:
                hp.Int("late", 1, 3)

        oracle = self.make(twelve)
        run(oracle, declare=grown)
        if self.ends_when_exhausted:
            late = {trial.hyperparameters.values.get("late") for trial in oracle.trials.values()}
            assert {1, 2, 3} <= late

    def test_entries_that_are_not_to_be_tuned_stay_at_their_default(self):
        oracle = self.make(twelve, tune_new_entries=False)
        rows = run(oracle, declare=network)
        assert all("units" not in row for row in rows)

    @pytest.mark.parametrize("n_before", range(13))
    def test_a_search_resumed_at_any_point_goes_on_as_if_never_stopped(self, n_before):
        whole = run(self.make(twelve))
        begun = self.make(twelve)
        before = run(begun, n_before)
        assert before + run(self.resumed(begun)) == whole

    @pytest.mark.parametrize("n_before", [1, 3, 8])
    def test_a_search_with_dependent_ranges_resumes_exactly_too(self, n_before):
        whole = run(self.make(max_trials=30), declare=dependent)
        begun = self.make(max_trials=30)
        before = run(begun, n_before, declare=dependent)
        assert before + run(self.resumed(begun, max_trials=30), declare=dependent) == whole

    def test_a_trial_that_was_cut_runs_again_under_its_id_and_values(self):
        begun = self.make(network)
        run(begun, 3)
        cut = begun.create_trial("tuner0")
        again = self.resumed(begun).create_trial("tuner0")
        assert (again.trial_id, again.seed) == (cut.trial_id, cut.seed)
        assert again.hyperparameters.values == cut.hyperparameters.values

    def test_state_and_trials_survive_json(self):
        first = self.make(network)
        run(first, 4)
        second = self.make()
        second.set_state(json.loads(json.dumps(first.get_state())))
        second.trials = dict(first.trials)
        assert run(second, 4) == run(first, 4)

    def test_results_do_not_matter_where_the_oracle_says_so(self):
        if self.oracle.proposals_depend_on_results:
            pytest.skip("this oracle looks at results")
        ended = self.make(network)
        pending = self.make(network)
        ahead = [pending.create_trial(f"tuner{number}").hyperparameters.values for number in range(8)]
        assert run(ended, 8) == ahead

    def test_a_failed_trial_is_not_proposed_again(self):
        if not self.ends_when_exhausted:
            pytest.skip("this oracle repeats configurations on purpose")
        oracle = self.make(twelve)
        rows = []
        while (trial := oracle.create_trial("tuner0")).status is TrialStatus.RUNNING:
            rows.append(dict(trial.hyperparameters.values))
            trial.status = TrialStatus.FAILED
            oracle.end_trial(trial)
        assert len(key_set(oracle.hyperparameters.search_space, rows)) == len(rows) == 12

    def test_a_range_that_depends_on_another_value_is_searched(self):
        oracle = self.make(max_trials=30)
        run(oracle, declare=dependent)
        if self.ends_when_exhausted:
            drawn = [trial.hyperparameters.drawn_values for trial in oracle.trials.values()]
            assert len(key_set(oracle.hyperparameters.search_space, drawn)) == len(drawn)
        pairs = {(t.hyperparameters.values["a"], t.hyperparameters.values["b"]) for t in oracle.trials.values()}
        assert len(pairs) >= 4
