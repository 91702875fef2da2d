"""What every oracle must keep. A test module of an oracle subclasses `OracleContract` and says how to make one.

class TestMine(OracleContract):
    oracle = MyOracle
    arguments = {"num_initial_points": 3}   # beside those that all oracles take
"""

import copy
import json
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kt_notebook.core.errors import SearchStateError
from kt_notebook.core.objective import Objective
from kt_notebook.core.oracle import Oracle, Verdict
from kt_notebook.core.parameter import Boolean, Float, Int
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus
from tests.core.strategies import countable_spaces
from tests.oracles.plays import ENDINGS, Play, finish, moves, reopened, resumed, run, score_of, told, without_functions
from tests.oracles.spaces import (
    branching,
    check_configuration,
    dependent,
    extreme,
    key_set,
    network,
    own,
    space_of,
    spaces,
    twelve,
)

__all__ = ["OracleContract", "dependent", "finish", "key_set", "network", "run", "score_of", "space_of", "twelve"]

SEEDS = st.integers(-(2**31), 2**31)
TWO = [Objective("val_loss", "min"), Objective("val_accuracy", "max")]


class StopAt:
    """Ends every trial at one epoch."""

    def __init__(self, epoch):
        self._epoch = epoch

    def judge(self, trial, epoch, oracle):
        return Verdict(epoch >= self._epoch, "it cannot win")


class OracleContract:
    """Tests that hold for every oracle."""

    oracle: ClassVar[type[Oracle]]
    arguments: ClassVar[dict] = {}
    # Whether no configuration is proposed twice while others are left, and the search ends when none is.
    ends_when_exhausted: ClassVar[bool] = True
    # Whether it has the argument `max_trials`; Hyperband knows its end itself.
    takes_max_trials: ClassVar[bool] = True
    # The share of Hypothesis' examples that is tried; 0.15 suits an oracle that thinks 20 ms about a trial.
    effort: ClassVar[float] = 1.0

    def make(self, declare=None, seed=0, max_trials=100, **more):
        space = None if declare is None else space_of(declare) if callable(declare) else declare
        arguments = {"objective": "val_loss", "seed": seed, "hyperparameters": space}
        if self.takes_max_trials:
            arguments["max_trials"] = max_trials
        return self.oracle(**(arguments | self.arguments | more))

    def resumed(self, oracle, **more):
        """Return a new oracle that knows the trials of another one, as a project opened again."""
        return resumed(oracle, self.make(seed=oracle.seed, **more))

    def holds(self, n_examples, law, *strategies):
        """Check a law on drawn examples."""
        n = max(2, round(n_examples * self.effort))
        # each subclass is a test of its own
        settings(max_examples=n, suppress_health_check=list(HealthCheck))(given(*strategies)(law))()

    def skip_unless_it_ends(self):
        if not self.ends_when_exhausted:
            pytest.skip("this oracle repeats configurations on purpose")

    def skip_unless_limited(self):
        if not self.takes_max_trials:
            pytest.skip("this oracle knows its end itself")

    # What is proposed.

    def test_it_says_whether_proposals_look_at_results(self):
        assert isinstance(self.oracle.proposals_depend_on_results, bool)

    @pytest.mark.parametrize("declare", [network, twelve, branching, extreme])
    def test_values_are_active_ones_inside_their_ranges_and_on_their_steps(self, declare):
        oracle = self.make(declare)
        for row in run(oracle, 10):
            check_configuration(oracle.hyperparameters.search_space, row)

    def test_values_of_any_space_are_active_ones_inside_their_ranges_and_on_their_steps(self):
        def law(space, seed):
            for row in run(self.make(space, seed=seed), 8):
                check_configuration(space.search_space, row)

        self.holds(40, law, spaces(), SEEDS)

    def test_a_space_is_used_up_without_repeats_and_then_the_search_ends(self):
        self.skip_unless_it_ends()
        oracle = self.make(twelve)
        rows = run(oracle)
        assert len(rows) == len(key_set(oracle.hyperparameters.search_space, rows)) == 12

    def test_any_countable_space_is_used_up_without_repeats(self):
        self.skip_unless_it_ends()

        def law(space, seed):
            rows = run(self.make(space, seed=seed, max_trials=1000))
            assert len(rows) == len(key_set(space.search_space, rows)) == space.n_combinations()

        self.holds(40, law, countable_spaces(), SEEDS)

    def test_nothing_is_proposed_twice_in_any_space_however_trials_end(self):
        self.skip_unless_it_ends()

        def law(space, seed, played):
            oracle = self.make(space, seed=seed)
            rows = [values for _, status, values in Play(oracle).moves(played) if status is TrialStatus.RUNNING]
            assert len(key_set(space.search_space, rows)) == len(rows)

        self.holds(30, law, spaces(), SEEDS, moves())

    def test_running_trials_are_not_proposed_again(self):
        self.skip_unless_it_ends()
        oracle = self.make(twelve, allow_new_entries=False)
        trials = [oracle.create_trial(f"tuner{number}") for number in range(13)]
        rows = [trial.hyperparameters.values for trial in trials[:12]]
        assert len(key_set(oracle.hyperparameters.search_space, rows)) == 12
        assert trials[12].status is TrialStatus.STOPPED

    def test_no_more_than_max_trials_are_started(self):
        self.skip_unless_limited()
        assert len(run(self.make(network, max_trials=4))) == 4

    def test_a_search_without_hyperparameters_runs_once(self):
        self.skip_unless_it_ends()
        assert run(self.make()) == [{}]

    # Seeds.

    @pytest.mark.parametrize("seed", [0, 7, -1])
    def test_the_same_seed_gives_the_same_trials(self, seed):
        assert run(self.make(network, seed=seed), 8) == run(self.make(network, seed=seed), 8)

    def test_without_a_seed_one_is_drawn_and_kept(self):
        first = self.make(network, seed=None)
        again = self.make(network, seed=None)
        again.set_state(json.loads(json.dumps(first.get_state())))
        assert run(again, 5) == run(first, 5)

    # Trials by hand.

    def test_a_trial_by_hand_is_next_and_what_it_leaves_out_is_at_its_default(self):
        oracle = self.make(network)
        run(oracle, 2)
        assert oracle.enqueue({"units": 64, "dropout": True}) == 1
        first, second = run(oracle, 2)
        assert own(first) == {"units": 64, "lr": 1e-4, "kernel": None, "dropout": True, "rate": 0.0}
        assert own(second) != own(first)
        by_hand = [trial.enqueued for trial in oracle.trials.values()]
        assert [enqueued and enqueued.values for enqueued in by_hand] == [
            None,
            None,
            {"units": 64, "dropout": True},
            None,
        ]

    def test_trials_by_hand_wait_in_line_while_others_run(self):
        oracle = self.make(network)
        running = oracle.create_trial("tuner0")
        oracle.enqueue([{"units": 16}, {"units": 24}])
        oracle.enqueue()
        second = oracle.create_trial("tuner1")
        finish(oracle, running)
        rows = [second.hyperparameters.values, *run(oracle, 2)]
        assert [row["units"] for row in rows] == [16, 24, 8]

    def test_trials_by_hand_count_towards_max_trials_and_none_is_enqueued_beyond(self):
        self.skip_unless_limited()
        oracle = self.make(network, max_trials=4)
        run(oracle, 1)
        oracle.enqueue({"units": 16})
        with pytest.raises(SearchStateError, match="room for 2 by hand, not for 3"):
            oracle.enqueue([{"units": 24}, {"units": 32}, {"units": 40}])
        oracle.enqueue([{"units": 24}, {"units": 32}])
        assert [row["units"] for row in run(oracle)] == [16, 24, 32]

    def test_what_was_tried_by_hand_is_not_proposed_again_and_all_the_rest_is(self):
        self.skip_unless_it_ends()
        oracle = self.make(twelve)
        before = run(oracle, 3)
        oracle.enqueue([{"model": "b", "n": 3}, {"model": "a", "n": 2, "deep": 1}])
        rows = before + run(oracle)
        assert len(rows) == len(key_set(oracle.hyperparameters.search_space, rows)) == 12

    def test_a_used_up_space_has_room_for_trials_by_hand(self):
        self.skip_unless_it_ends()
        oracle = self.make(twelve)
        run(oracle)
        assert oracle.enqueue({"n": 2}) == 0
        assert oracle.enqueue({"n": 2}, again=True) == 1
        assert run(oracle) == [{"model": "a", "n": 2, "deep": None}]

    def test_values_by_hand_wait_for_a_space_that_is_not_known_yet(self):
        oracle = self.make()
        oracle.enqueue([{"n": 3, "model": "b"}, {"n": 2}])
        run(oracle, 2, declare=twelve)
        ended = [own(trial.hyperparameters.values) for trial in oracle.trials.values()]
        assert ended == [{"model": "b", "n": 3}, {"model": "a", "n": 2, "deep": None}]

    def test_a_value_by_hand_that_fits_a_range_that_depends_on_another_is_not_moved(self):
        oracle = self.make()
        run(oracle, 6, declare=lambda hp: hp.Int("b", 0, hp.Int("a", 4, 9)))
        oracle.enqueue({"a": 4, "b": 3}, again=True)
        run(oracle, 1, declare=lambda hp: hp.Int("b", 0, hp.Int("a", 4, 9)))
        assert own(list(oracle.trials.values())[-1].hyperparameters.values) == {"a": 4, "b": 3}

    def test_a_search_with_trials_by_hand_goes_on_after_a_resume_as_one_that_never_stopped(self):
        def law(space, seed, before, after):
            begun = Play(self.make(space, seed=seed))
            n_before = len(begun.moves(before))
            again = reopened(begun, self.make(space, seed=seed))
            whole = begun.moves(after)
            assert told(Play(self.make(space, seed=seed)).moves([*before, *after])) == told(whole)
            assert told(again.moves(after)) == told(whole[n_before:])

        self.holds(25, law, spaces(4), SEEDS, moves(20, by_hand=True), moves(10, by_hand=True))

    def test_the_line_of_trials_by_hand_survives_json_and_copying(self):
        first = self.make(network)
        first.enqueue([{"units": 16, "kernel": (1, 5)}, {"units": 24}])
        run(first, 1)
        second = self.make()
        second.set_state(json.loads(json.dumps(first.get_state())))
        states = json.loads(json.dumps([trial.get_state() for trial in first.trials.values()]))
        second.trials = {trial.trial_id: trial for trial in map(Trial.from_state, states)}
        third = copy.deepcopy(first)
        assert second.trials["0" * len(first.start_order[0])].enqueued == first.trials[first.start_order[0]].enqueued
        assert run(second, 3) == run(third, 3) == run(first, 3)

    # Growth of the space.

    def test_while_a_trial_may_still_declare_more_the_oracle_waits(self):
        self.skip_unless_it_ends()
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

    def test_a_range_that_depends_on_another_value_is_searched(self):
        oracle = self.make()
        run(oracle, 16, declare=dependent)
        if self.ends_when_exhausted:
            drawn = [trial.hyperparameters.drawn_values for trial in oracle.trials.values()]
            assert len(key_set(oracle.hyperparameters.search_space, drawn)) == len(drawn)
        pairs = {(t.hyperparameters.values["a"], t.hyperparameters.values["b"]) for t in oracle.trials.values()}
        assert len(pairs) >= 4

    def test_a_space_may_grow_at_any_point(self):
        def law(space, more, seed, before, after):
            first = Play(self.make(space, seed=seed))
            first.moves(before)
            first.oracle.update_space(more)
            again = reopened(first, self.make(space, seed=seed))
            resumed_later = [*again.moves(after)]
            assert told(resumed_later) == told(first.moves(after)[len(first.proposals) - len(again.proposals) :])

        self.holds(20, law, spaces(3), spaces(2, prefix="late"), SEEDS, moves(12), moves(12))

    def test_a_range_may_be_widened_or_narrowed_between_trials(self):
        oracle = self.make(lambda hp: hp.Int("n", 1, 4))
        run(oracle, 2)
        oracle.hyperparameters.merge([Int("n", 3, 9), Float("x", 0, 1), Boolean("flag")])
        for row in run(oracle, 4):
            check_configuration(oracle.hyperparameters.search_space, row)

    # Going on where a search left off.

    def test_a_search_resumed_at_any_point_goes_on_as_if_never_stopped(self):
        whole = run(self.make(twelve), 14)

        def law(n_before):
            begun = self.make(twelve)
            before = run(begun, n_before)
            assert before + run(self.resumed(begun), 14 - n_before) == whole

        self.holds(13, law, st.integers(0, 12))

    def test_a_search_with_dependent_ranges_resumes_exactly_too(self):
        whole = run(self.make(), 16, declare=dependent)

        def law(n_before):
            begun = self.make()
            before = run(begun, n_before, declare=dependent)
            assert before + run(self.resumed(begun), 16 - n_before, declare=dependent) == whole

        self.holds(8, law, st.integers(0, 15))

    def test_the_same_starts_and_ends_give_the_same_proposals_also_when_resumed_in_their_midst(self):
        def law(space, seed, before, after):
            begun = Play(self.make(space, seed=seed))
            n_before = len(begun.moves(before))
            again = reopened(begun, self.make(space, seed=seed))
            whole = begun.moves(after)
            assert told(Play(self.make(space, seed=seed)).moves([*before, *after])) == told(whole)
            assert told(again.moves(after)) == told(whole[n_before:])

        self.holds(25, law, spaces(4), SEEDS, moves(20), moves(10))

    def test_a_small_space_is_used_up_by_several_workers_resumed_in_their_midst(self):
        def law(seed, before):
            begun = Play(self.make(twelve, seed=seed))
            begun.moves(before)
            again = reopened(begun, self.make(twelve, seed=seed))
            to_the_end = [(number, "done") for number in range(4)] * 12
            proposed = [row for row in begun.proposals + again.moves(to_the_end) if row[1] is TrialStatus.RUNNING]
            keys = key_set(begun.oracle.hyperparameters.search_space, [values for *_, values in proposed])
            assert len(keys) == len(proposed) == 12

        self.skip_unless_it_ends()
        self.holds(15, law, SEEDS, moves(16))

    def test_a_search_resumed_from_files_knows_no_predicates_and_goes_on(self):
        begun = self.make(branching)
        run(begun, 5)
        resumed_ = resumed(begun, self.make(without_functions(begun.hyperparameters)))
        for row in run(resumed_, 3, declare=branching):
            check_configuration(resumed_.hyperparameters.search_space, row)

    def test_a_search_resumed_with_more_trials_goes_on_without_repeats(self):
        self.skip_unless_limited()
        begun = self.make(network, max_trials=9)
        before = run(begun)
        after = run(self.resumed(begun, max_trials=100), 9)
        assert len(before) == len(after) == 9
        if self.ends_when_exhausted:
            assert len(key_set(begun.hyperparameters.search_space, before + after)) == 18

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
        states = json.loads(json.dumps([trial.get_state() for trial in first.trials.values()]))
        second.trials = {trial.trial_id: trial for trial in map(Trial.from_state, states)}
        assert run(second, 4) == run(first, 4)

    def test_a_copy_goes_on_as_the_original(self):
        first = self.make(network)
        run(first, 4)
        second = copy.deepcopy(first)
        assert run(second, 4) == run(first, 4)

    # Results.

    def test_results_do_not_matter_where_the_oracle_says_so(self):
        if self.oracle.proposals_depend_on_results:
            pytest.skip("this oracle looks at results")
        ended = self.make(network)
        pending = self.make(network)
        ahead = [pending.create_trial(f"tuner{number}").hyperparameters.values for number in range(8)]
        assert run(ended, 8) == ahead

    def test_a_failed_trial_is_not_proposed_again(self):
        self.skip_unless_it_ends()
        oracle = self.make(twelve)
        rows = []
        while (trial := oracle.create_trial("tuner0")).status is TrialStatus.RUNNING:
            rows.append(dict(trial.hyperparameters.values))
            trial.status = TrialStatus.FAILED
            oracle.end_trial(trial)
        assert len(key_set(oracle.hyperparameters.search_space, rows)) == len(rows) == 12

    @pytest.mark.parametrize("what", ENDINGS)
    def test_a_search_goes_on_when_every_trial_ends_alike(self, what):
        rows = Play(self.make(network)).moves([(0, "epoch"), (0, "epoch"), (0, what)] * 8)
        assert {status for _, status, _ in rows} == {TrialStatus.RUNNING}

    def test_a_search_goes_on_when_all_results_are_the_same(self):
        rows = Play(self.make(network), metrics=lambda loss: {"val_loss": 0.25}).moves([(0, "done")] * 16)
        assert [status for _, status, _ in rows] == [TrialStatus.RUNNING] * 8

    @pytest.mark.parametrize(("what", "filed_as"), [("break", TrialStatus.FAILED), ("nan", TrialStatus.INVALID)])
    def test_a_trial_that_broke_or_gave_no_number_is_run_again_where_retries_are_left(self, what, filed_as):
        """KerasTuner runs both twice too, and then files both as FAILED."""
        oracle = self.make(network, max_retries_per_trial=1)
        play = Play(oracle)
        play.moves([(0, "done"), (0, what), (0, "done"), (0, what), (0, "done"), (0, what)])
        first, _, second = (trial_id for trial_id, *_ in play.proposals)
        assert [trial_id for trial_id, *_ in play.proposals] == [first, first, second]
        assert oracle.get_trial(first).status is filed_as
        assert oracle.end_order == [first]

    def test_a_trial_that_failed_for_good_is_not_run_again(self):
        """KerasTuner files what was ended as FAILED, at a FailedTrialError, whatever max_retries_per_trial says."""
        oracle = self.make(network, max_retries_per_trial=3)
        play = Play(oracle)
        play.moves([(0, "done"), (0, "fail"), (0, "done")])
        assert len({trial_id for trial_id, *_ in play.proposals}) == len(play.proposals) == 2
        assert oracle.get_trial(oracle.end_order[0]).status is TrialStatus.FAILED

    def test_making_a_metric_large_is_making_its_negative_small(self):
        least = Play(self.make(network)).moves([(0, "done"), (1, "done"), (1, "done"), (0, "done")] * 4)
        oracle = self.make(network, objective=Objective("val_loss", "max"))
        most = Play(oracle, metrics=lambda loss: {"val_loss": -loss})
        assert most.moves([(0, "done"), (1, "done"), (1, "done"), (0, "done")] * 4) == least

    def test_several_objectives_are_searched_and_resumed(self):
        def law(seed, before, after):
            def make():
                return self.make(network, seed=seed, objective=TWO)

            begun = Play(make(), metrics=lambda loss: {"val_loss": loss, "val_accuracy": 3 - loss % 5})
            n_before = len(begun.moves(before))
            again = reopened(begun, make())
            assert again.moves(after) == begun.moves(after)[n_before:]

        self.holds(8, law, SEEDS, moves(20), moves(8))

    def test_a_trial_that_update_trial_stopped_ends_as_pruned(self):
        oracle = self.make(network)
        oracle.pruner = StopAt(1)
        for _ in range(6):
            trial = oracle.create_trial("tuner0")
            statuses = [oracle.update_trial(trial.trial_id, {"val_loss": 1 / (e + 1)}, e).status for e in range(2)]
            assert statuses == [TrialStatus.RUNNING, TrialStatus.STOPPED]
            oracle.end_trial(trial)
            assert (trial.status, trial.score) == (TrialStatus.COMPLETED, 0.5)
            assert trial.pruned == {"epoch": 1, "reason": "it cannot win"}
        assert len(oracle.end_order) == 6
        assert oracle.create_trial("tuner0").status is TrialStatus.RUNNING

    def test_the_space_that_was_given_stays_as_it_was(self):
        space = space_of(network)
        before = json.dumps(space.get_config())
        run(self.make(space), 5, declare=branching)
        assert json.dumps(space.get_config()) == before
        assert isinstance(self.make(space).get_space(), HyperParameters)
