import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from kt_notebook.core.parameter import Choice, Float, Int
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.unit_cube import UnitCube
from kt_notebook.oracles.surrogate import NOISE_FLOOR, Surrogate, _NegativeLogPosterior

CUBE = UnitCube(SearchSpace([Float("x", 0, 1), Choice("c", ["p", "q", "r"]), Int("n", 1, 5), Float("y", 0, 1)]))
LINE = UnitCube(SearchSpace([Float("x", 0, 1)]))


def features_of(cube, n_points, seed=0):
    return cube.features(cube.draw(np.random.default_rng(seed).random((n_points, cube.n_columns))))


def standardised(values):
    return (values - values.mean()) / values.std()


@given(st.integers(0, 1000), st.integers(1, 3))
@settings(max_examples=20)
def test_the_gradient_is_that_of_the_likelihood(seed, n_sets):
    rng = np.random.default_rng(seed)
    surrogate, features = Surrogate(CUBE), features_of(CUBE, 12, seed)
    likelihood = _NegativeLogPosterior(
        features, rng.standard_normal((12, n_sets)), surrogate.trend(features), CUBE.groups
    )
    theta = surrogate.prior_mean + rng.standard_normal(len(surrogate.prior_mean))
    numerical = approx_fprime(theta, lambda theta: likelihood(theta)[0], 1e-6)
    assert likelihood(theta)[1] == pytest.approx(numerical, abs=1e-3)


def test_the_posterior_is_that_of_the_text_books_formula():
    surrogate, features, new = Surrogate(CUBE), features_of(CUBE, 15), features_of(CUBE, 7, 1)
    theta, targets = surrogate.prior_mean, np.random.default_rng(0).standard_normal(15)
    mean, deviation = surrogate.posterior(theta, features, targets).predict(new)
    inverse = np.linalg.inv(
        surrogate.covariance(theta, features, features) + (np.exp(theta[-2]) + NOISE_FLOOR) * np.eye(15)
    )
    between = surrogate.covariance(theta, new, features)
    scale = (targets @ inverse @ targets + 2) / (15 + 2)
    own = np.diag(surrogate.covariance(theta, new, new))
    assert mean == pytest.approx(between @ inverse @ targets)
    assert deviation**2 == pytest.approx(scale * (own - np.diag(between @ inverse @ between.T)))


def test_the_variance_at_a_point_is_its_covariance_with_itself():
    surrogate, features = Surrogate(CUBE), features_of(CUBE, 9)
    own = np.diag(surrogate.covariance(surrogate.prior_mean, features, features))
    assert surrogate.variance(surrogate.prior_mean, features) == pytest.approx(own)


def test_without_noise_it_goes_through_the_results_and_is_sure_there():
    surrogate, features = Surrogate(LINE, noise=0.0), np.linspace(0, 1, 8)[:, None]
    targets = standardised(np.sin(5 * features[:, 0]))
    theta = surrogate.fit(features, targets[:, None], [surrogate.prior_mean], 50)
    mean, deviation = surrogate.posterior(theta, features, targets).predict(features)
    assert mean == pytest.approx(targets, abs=0.01)
    assert (deviation < 0.02).all()


def test_a_given_noise_is_kept():
    surrogate, features = Surrogate(LINE, noise=0.3), features_of(LINE, 20)
    theta = surrogate.fit(features, np.random.default_rng(0).standard_normal((20, 1)), [surrogate.prior_mean], 30)
    assert np.exp(theta[-2]) == pytest.approx(0.3)


def test_noise_is_found_in_the_results():
    features = features_of(LINE, 60)
    clean = standardised(np.sin(5 * features[:, 0]))
    noisy = standardised(clean + 0.5 * np.random.default_rng(1).standard_normal(60))
    surrogate = Surrogate(LINE)
    found = [surrogate.fit(features, y[:, None], [surrogate.prior_mean], 50)[-2] for y in (clean, noisy)]
    assert np.exp(found[0]) < 0.01 < 0.05 < np.exp(found[1])


def test_what_does_not_matter_gets_a_longer_scale_than_what_does():
    cube = UnitCube(SearchSpace([Float("matters", 0, 1), Float("idle", 0, 1)]))
    surrogate, features = Surrogate(cube), features_of(cube, 40)
    targets = standardised(np.sin(9 * features[:, 0]))
    matters, idle, *_ = surrogate.fit(features, targets[:, None], [surrogate.prior_mean], 50)
    assert idle > matters + 1


def test_the_better_side_is_expected_beyond_the_trials():
    surrogate, features = Surrogate(LINE), np.linspace(0.5, 0.7, 6)[:, None]
    targets = standardised(features[:, 0])
    theta = surrogate.fit(features, targets[:, None], [surrogate.prior_mean], 30)
    mean, _ = surrogate.posterior(theta, features, targets).predict(np.array([[0.0], [1.0]]))
    assert mean[0] < targets.min() < targets.max() < mean[1]


def test_the_same_point_many_times_is_no_trouble():
    surrogate, features = Surrogate(LINE, noise=0.0), np.full((30, 1), 0.5)
    theta = surrogate.fit(features, np.zeros((30, 1)), [surrogate.prior_mean], 20)
    mean, deviation = surrogate.posterior(theta, features, np.zeros(30)).predict(features)
    assert np.isfinite(mean).all()
    assert np.isfinite(deviation).all()


def test_a_trial_that_came_out_as_expected_changes_no_expectation():
    surrogate, features, new = Surrogate(CUBE), features_of(CUBE, 12), features_of(CUBE, 5, 2)
    theta, targets = surrogate.prior_mean, np.random.default_rng(0).standard_normal(12)
    before = surrogate.posterior(theta, features, targets)
    believed, _ = before.predict(new)
    after = surrogate.posterior(theta, np.concatenate([features, new]), np.concatenate([targets, believed]))
    others = features_of(CUBE, 30, 3)
    assert after.predict(others)[0] == pytest.approx(before.predict(others)[0], abs=1e-8)
    assert (after.predict(new)[1] < before.predict(new)[1]).all()
