import numpy as np
import pytest

from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import TrialStatus
from kt_notebook.oracles.failures import Failures
from kt_notebook.oracles.history import History
from kt_notebook.oracles.random_search import RandomSearchOracle


def expected(fails, n_trials=60):
    """Run random trials of which some fail; return whether each failed, and whether that was to be expected."""
    hp = HyperParameters()
    hp.Float("lr", 1e-4, 1.0, sampling="log")
    hp.Float("x", 0.0, 1.0)
    oracle = RandomSearchOracle("val_loss", max_trials=None, seed=3, hyperparameters=hp)
    rng = np.random.default_rng(5)
    for _ in range(n_trials):
        trial = oracle.create_trial("tuner0")
        if fails(trial.hyperparameters.values, rng):
            trial.status = TrialStatus.FAILED
        else:
            oracle.update_trial(trial.trial_id, {"val_loss": trial.hyperparameters.values["x"]})
            trial.status = TrialStatus.COMPLETED
        oracle.end_trial(trial)
    history = History(oracle.hyperparameters.search_space, oracle.objective)
    assert history.follows(oracle)
    has_failed = np.isnan(history.losses(n_trials)).all(axis=1)
    return has_failed, Failures(history).expected(has_failed)


def test_failures_in_one_part_of_the_space_are_expected():
    has_failed, is_expected = expected(lambda values, rng: values["lr"] > 0.1)
    assert has_failed.sum() >= 10
    assert is_expected.sum() >= 0.7 * has_failed.sum()
    assert not is_expected[~has_failed].any()


def test_failures_by_chance_are_not():
    has_failed, is_expected = expected(lambda values, rng: rng.random() < 0.2)
    assert has_failed.sum() >= 8
    assert is_expected.sum() <= 0.2 * has_failed.sum()


def test_a_single_failure_is_not():
    first = iter([True])
    has_failed, is_expected = expected(lambda values, rng: next(first, False), 8)
    assert (has_failed.sum(), is_expected.sum()) == (1, 0)


def test_where_all_fail_all_are_expected():
    has_failed, is_expected = expected(lambda values, rng: True, 6)
    assert has_failed.all()
    assert is_expected.all()


@pytest.mark.parametrize("n_trials", [1, 350])
def test_any_number_of_trials_is_taken(n_trials):
    has_failed, is_expected = expected(lambda values, rng: rng.random() < 0.5, n_trials)
    assert has_failed.shape == is_expected.shape == (n_trials,)
