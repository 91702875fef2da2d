import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.objective import MultiObjective, Objective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.oracles.targets import losses_of, outcome_of, targets_of

MIN = Objective("val_loss", "min")
BOTH = MultiObjective((MIN, Objective("val_accuracy", "max")))
losses = st.lists(st.floats(-1e300, 1e300) | st.just(math.nan), min_size=1, max_size=30).map(np.array)


def trial_of(score=None, curve=(), status=TrialStatus.COMPLETED, is_pruned=False, metrics=()):
    trial = Trial(HyperParameters(), "0", status)
    trial.score, trial.curve = score, dict(enumerate(curve))
    trial.pruned = {"epoch": len(curve) - 1, "reason": "it cannot win"} if is_pruned else None
    for name, value in dict(metrics).items():
        trial.metrics.register(name, "max" if "acc" in name else "min")
        trial.metrics.update(name, value)
    return trial


def losses_by(objective, *trials):
    oracle = Oracle(objective)
    return losses_of([outcome_of(trial, oracle) for trial in trials], objective)


@given(losses)
def test_targets_are_finite_with_mean_0_and_deviation_1_or_all_0(values):
    targets = targets_of(values)
    assert np.isfinite(targets).all()
    assert targets.mean() == pytest.approx(0, abs=1e-6)
    assert targets.std() == pytest.approx(1, abs=1e-6) or not targets.any()


@given(losses)
def test_targets_keep_the_order_and_a_failed_trial_is_as_bad_as_the_worst(values):
    targets = targets_of(values)
    known = np.isfinite(values)
    order = np.argsort(values[known], kind="stable")
    assert (np.diff(targets[known][order]) >= -1e-9).all()
    if known.any():
        assert (targets[~known] == targets[known].max()).all()


def test_differences_among_the_good_count_and_of_the_bad_only_their_order():
    good = np.array([0.1, 0.2, 0.4, 0.5])
    targets = targets_of(np.concatenate([good, [1, 10, 1000]]))
    shares = np.diff(targets[:4]) / np.diff(good)
    assert shares == pytest.approx(shares[0])
    assert targets == pytest.approx(targets_of(np.concatenate([good, [1, 10, 1e9]])))


def test_equal_losses_have_equal_targets():
    targets = targets_of(np.array([3.0, 1.0, 3.0, 3.0, 2.0]))
    assert targets[0] == targets[2] == targets[3]


def test_a_huge_result_does_not_hide_the_others():
    targets = targets_of(np.array([0.1, 0.2, 0.3, 0.4, 1e300]))
    assert (np.diff(targets) > 0.1).all()


@pytest.mark.parametrize("values", [[2.0], [math.nan], [5.0, 5.0, 5.0], [math.nan, math.nan], [7.0, math.nan]])
def test_where_nothing_differs_targets_are_0(values):
    assert not targets_of(np.array(values)).any()


def test_a_metric_to_maximise_is_a_loss_with_a_minus():
    assert losses_by(Objective("val_accuracy", "max"), trial_of(0.9)).tolist() == [[-0.9]]


@pytest.mark.parametrize("status", [TrialStatus.FAILED, TrialStatus.INVALID])
def test_a_failed_trial_has_no_loss_whatever_it_reported(status):
    assert np.isnan(losses_by(MIN, trial_of(0.1, [0.1], status))).all()


@pytest.mark.parametrize("score", [math.inf, -math.inf, math.nan])
def test_a_score_that_is_not_finite_is_a_failure(score):
    assert np.isnan(losses_by(MIN, trial_of(score))).all()


def test_a_pruned_trial_counts_with_the_loss_it_was_on_its_way_to():
    complete = [trial_of(1.0, [5, 3, 1.0]), trial_of(2.0, [6, 5, 2.0]), trial_of(4.0, [9, 5, 4.0])]
    pruned = [trial_of(6.5, [7, 6.5], is_pruned=True), trial_of(8, [8], is_pruned=True)]
    told = losses_by(MIN, *complete, *pruned)[:, 0]
    assert told[:3].tolist() == [1, 2, 4]
    assert told[3:].tolist() == [4.5, 4]


def test_a_pruned_trial_counts_on_the_scale_of_the_scores():
    complete = [trial_of(11.0, [5, 3, 1.0]), trial_of(12.0, [6, 5, 2.0])]  # a score is 10 more than its curve's best
    told = losses_by(MIN, *complete, trial_of(6.5, [7, 6.5], is_pruned=True))[:, 0]
    assert told.tolist() == [11, 12, 14]


def test_what_a_pruned_trial_was_on_its_way_to_is_told_by_the_trials_given_only():
    oracle = Oracle(MIN)
    trials = [trial_of(6.0, [7, 6], is_pruned=True), trial_of(1.0, [5, 3, 1.0]), trial_of(2.0, [6, 5, 2.0])]
    outcomes = [outcome_of(trial, oracle) for trial in trials]
    assert losses_of(outcomes[:2], MIN)[0] == 6
    assert losses_of(outcomes, MIN)[0] == 3.5


def test_a_trial_that_was_stopped_counts_with_what_it_reported_or_not_at_all():
    assert losses_by(MIN, trial_of(curve=[3, 2], status=TrialStatus.STOPPED)).tolist() == [[2]]
    assert outcome_of(trial_of(status=TrialStatus.STOPPED), Oracle(MIN)) is None


def test_several_objectives_are_several_losses():
    trial = trial_of(1.0, metrics={"val_loss": 0.3, "val_accuracy": 0.9})
    lacking = trial_of(1.0, metrics={"val_loss": 0.3})
    assert losses_by(BOTH, trial).tolist() == [[0.3, -0.9]]
    assert np.isnan(losses_by(BOTH, lacking)).all()
    assert losses_of([], BOTH).shape == (0, 2)
