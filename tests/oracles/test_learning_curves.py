import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.objective import MultiObjective, Objective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.oracles.learning_curves import CompleteCurves, full_curve, running_best

NAN = math.nan
LOSS = Objective("val_loss", "min")


def complete_curves(oracle):
    return CompleteCurves().of(oracle)


def add(oracle, curve, status=TrialStatus.COMPLETED, pruned=None, score=None, **values):
    """Give an oracle a trial that has ended; a list counts its epochs from 0. Its score is its best epoch's."""
    hp = HyperParameters()
    hp.values = {name.replace("_", "/", 1): value for name, value in values.items()}
    trial = Trial(hp, str(len(oracle.start_order)), status)
    trial.curve = dict(enumerate(curve)) if isinstance(curve, list) else curve
    trial.pruned = pruned
    reached = [value for value in trial.curve.values() if math.isfinite(value)]
    if reached and score is None and oracle.objective is not None:
        score = min(reached, key=oracle.objective.loss)
    trial.score = score
    oracle.adopt_trial(trial)
    return trial


def oracle_with(*curves, objective=LOSS):
    oracle = Oracle(objective)
    for curve in curves:
        add(oracle, curve)
    return oracle


def test_the_running_best_falls_only():
    assert list(running_best({0: 3.0, 1: 1.0, 2: 2.0}, LOSS)) == [3, 1, 1]


def test_a_maximised_objective_is_turned_round():
    assert list(running_best({0: 0.3, 1: 0.5, 2: 0.4}, Objective("acc", "max"))) == [-0.3, -0.5, -0.5]


def test_several_objectives_are_one_loss():
    objective = MultiObjective((LOSS, Objective("acc", "max")))
    assert list(running_best({0: 2.0, 1: -1.0}, objective)) == [2, -1]


def test_an_epoch_without_a_number_keeps_the_best_so_far():
    best = running_best({0: NAN, 1: 2.0, 2: NAN, 3: -math.inf}, LOSS)
    assert math.isnan(best[0])
    assert list(best[1:]) == [2, 2, 2]


def test_missing_epochs_keep_the_best_so_far():
    best = running_best({2: 2.0, 5: 1.0}, LOSS)
    assert [math.isnan(value) for value in best] == [True, True, False, False, False, False]
    assert list(best[2:]) == [2, 2, 2, 1]


def test_gains_are_what_complete_trials_still_fell():
    curves = complete_curves(oracle_with([4.0, 3.0, 1.0], [5.0, 5.5, 2.0]))
    assert list(curves.gains(0)) == [3, 3]
    assert list(curves.gains(1)) == [2, 3]
    assert curves.best_final == 1


def test_shorter_trials_and_late_beginners_have_no_part_in_a_gain():
    curves = complete_curves(oracle_with([4.0, 3.0], [5.0, 4.0, 2.0], {2: 1.0, 3: 0.5}))
    assert list(curves.gains(2)) == [0, 0.5]
    assert list(curves.gains(9)) == []


@pytest.mark.parametrize("status", [TrialStatus.FAILED, TrialStatus.STOPPED, TrialStatus.INVALID])
def test_trials_that_did_not_complete_do_not_count(status):
    oracle = oracle_with()
    add(oracle, [1.0], status)
    assert complete_curves(oracle).n_trials == 0


def test_pruned_trials_and_those_without_a_number_do_not_count():
    oracle = oracle_with([NAN, NAN], {})
    add(oracle, [1.0], pruned={"epoch": 0, "reason": ""})
    assert complete_curves(oracle).n_trials == 0


def test_trials_on_a_low_rung_do_not_count():
    oracle = oracle_with()
    oracle.max_epochs = 9
    add(oracle, [1.0], tuner_epochs=3)
    add(oracle, [2.0], tuner_epochs=9)
    assert complete_curves(oracle).best_final == 2


def test_a_trial_that_took_over_weights_has_the_curve_before():
    oracle = oracle_with([5.0, 4.0])
    child = add(oracle, {2: 3.0, 3: 1.0}, tuner_epochs=4, tuner_trial_id="0")
    assert full_curve(child, oracle) == {0: 5.0, 1: 4.0, 2: 3.0, 3: 1.0}
    assert list(complete_curves(oracle).gains(0)) == [1, 4]


def test_a_first_trial_names_no_parent():
    oracle = oracle_with()
    assert full_curve(add(oracle, [1.0], tuner_epochs=1, tuner_trial_id=None), oracle) == {0: 1.0}


def test_the_typical_gain_is_the_median():
    assert complete_curves(oracle_with([4.0, 3.0], [4.0, 2.0], [4.0, 1.0])).typical_gain(0) == 2


@pytest.mark.parametrize("n_complete", [0, 1])
def test_of_too_few_complete_trials_no_gain_is_typical(n_complete):
    assert complete_curves(oracle_with(*[[4.0, 1.0]] * n_complete)).typical_gain(0) == 0


def test_beyond_the_longest_trial_no_gain_is_typical():
    assert complete_curves(oracle_with([4.0, 1.0], [4.0, 1.0])).typical_gain(5) == 0


def test_a_complete_trial_counts_by_its_score_and_not_by_its_curve():
    oracle = oracle_with()
    add(oracle, [4.0, 1.0], score=3.0)  # a penalty, a mean over folds, the last epoch, several executions
    add(oracle, [4.0, 0.5], score=6.0)
    curves = complete_curves(oracle)
    assert curves.best_final == 3
    assert list(curves.gains(0)) == [1, -2]
    assert curves.typical_gain(1) == -3.75


@pytest.mark.parametrize("score", [None, NAN, math.inf])
def test_a_complete_trial_without_a_finite_score_does_not_count(score):
    oracle = oracle_with()
    add(oracle, [], score=score)
    oracle.trials["0"].curve = {0: 1.0}
    assert complete_curves(oracle).n_trials == 0


@pytest.mark.parametrize(
    ("scores", "tell"),
    [
        ([], True),
        ([1.0, 2.0], True),
        ([2.0, 3.0], False),  # of so few the order is chance
        ([2.0, 1.9, 4.0, 5.0], True),
        ([5.0, 4.0, 3.0, 2.0], False),
        ([11.0, 12.0, 13.0, 14.0], False),
        ([7.0, 7.0, 7.0, 7.0], False),
    ],
)
def test_curves_tell_scores_that_are_theirs_or_near_and_in_much_the_same_order(scores, tell):
    oracle = oracle_with()
    for end, score in enumerate(scores, start=1):
        add(oracle, [9.0, float(end)], score=score)
    assert complete_curves(oracle).tell_scores is tell


def test_without_an_objective_there_are_no_curves():
    curves = complete_curves(oracle_with([1.0], objective=None))
    assert curves.n_trials == 0
    assert math.isnan(curves.best_final)


values = st.floats(-5, 5) | st.just(NAN) | st.just(math.inf)
tables = st.lists(st.dictionaries(st.integers(0, 6), values), max_size=6)


@given(tables, st.sampled_from(["min", "max"]), st.integers(0, 7))
def test_where_a_score_is_the_best_epoch_gains_are_never_negative(table, direction, epoch):
    curves = complete_curves(oracle_with(*table, objective=Objective("x", direction)))
    assert curves.tell_scores
    assert all(curves.gains(epoch) >= 0)


@given(tables)
def test_following_an_oracle_gives_what_a_fresh_look_gives(table):
    oracle, follower = oracle_with(), CompleteCurves()
    for curve in table:
        add(oracle, curve)
        seen, fresh = follower.of(oracle), complete_curves(oracle)
        assert all(list(seen.gains(epoch)) == list(fresh.gains(epoch)) for epoch in range(8))
        assert seen.n_trials == fresh.n_trials


def test_trials_that_planned_fewer_epochs_can_be_left_out_of_a_gain():
    oracle = oracle_with([4.0, 3.0], [5.0, 2.0])
    oracle.trials["0"].n_epochs, oracle.trials["1"].n_epochs = 2, 9
    curves = complete_curves(oracle)
    assert list(curves.gains(0, 9)) == [3]
    assert list(curves.gains(0, 2)) == [1, 3]
    assert list(curves.gains(0)) == [1, 3]


def test_a_trial_that_ended_before_its_plan_counts_as_it_was_planned():
    oracle = oracle_with([4.0, 3.0])
    oracle.trials["0"].n_epochs = 50
    assert list(complete_curves(oracle).gains(0, 50)) == [1]
