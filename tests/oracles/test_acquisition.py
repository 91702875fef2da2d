import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from kt_notebook.core.conditions import Parent
from kt_notebook.core.parameter import Boolean, Choice, Float, Int
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.unit_cube import UnitCube
from kt_notebook.oracles.acquisition import (
    log_augmentation,
    log_expected_improvement,
    lower_confidence_bound,
    maximise,
)

MIXED = UnitCube(
    SearchSpace(
        [
            Float("x", 0, 1),
            Int("n", 1, 9),
            Choice("c", ["p", "q", "r", "s"]),
            Boolean("b"),
            Float("y", 0, 1, conditions=[Parent("b", True)]),
        ]
    )
)


def never(rows):
    return np.zeros(len(rows), dtype=bool)


def found(cube, acquisition, is_tried=never, seed=0):
    rng = np.random.default_rng(seed)
    return maximise(acquisition, is_tried, cube, cube.draw(rng.random((5, cube.n_columns))), rng)


@given(st.floats(-4, 4), st.floats(0.1, 3), st.floats(-4, 4))
def test_the_expected_improvement_is_the_integral_of_the_improvement(mean, deviation, best):
    def improvement(value):
        return (best - value) * norm.pdf(value, mean, deviation)

    expected, _ = quad(improvement, mean - 12 * deviation, best, points=[mean] if mean < best else None)
    told = np.exp(log_expected_improvement(np.array([mean]), np.array([deviation]), best))
    assert told[0] == pytest.approx(expected, rel=1e-4, abs=1e-12)


@given(st.floats(-1e8, 1e8), st.floats(1e-6, 1e3))
def test_the_expected_improvement_is_finite_however_small_and_grows_as_the_mean_falls(mean, deviation):
    means = np.array([mean, mean - 0.01 * deviation - 1e-6 * abs(mean)])
    there, better = log_expected_improvement(means, np.full(2, deviation), 0.0)
    assert np.isfinite(there)
    assert better > there


def test_its_pieces_fit_together():
    for joint in (-1.0, -1e4):
        z = np.array([joint - 1e-9 * abs(joint), joint + 1e-9 * abs(joint)])
        left, right = log_expected_improvement(-z, np.ones(2), 0.0)
        assert left == pytest.approx(right, rel=1e-6)


def test_a_result_is_little_news_where_the_model_is_surer_than_a_result():
    news = log_augmentation(np.array([1e-9, 0.1, 1.0, 1e6]), 1.0)
    assert (np.diff(news) > 0).all()
    assert np.exp(news[2]) == pytest.approx(1 - 1 / np.sqrt(2))
    assert np.exp(news[3]) == pytest.approx(1, abs=1e-5)


def test_the_bound_weighs_the_deviation():
    assert lower_confidence_bound(np.array([1.0, 1.0]), np.array([0.5, 1.0]), 2.0).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("seed", range(5))
def test_the_maximum_of_a_mixed_space_is_found(seed):
    best = MIXED.encode({"x": 0.37, "n": 4, "c": "r", "b": True, "y": 0.81})
    goal = MIXED.features(best[None])

    def acquisition(rows):
        return -((MIXED.features(rows) - goal) ** 2).sum(axis=1)

    values = MIXED.decode(found(MIXED, acquisition, seed=seed))
    assert (values["n"], values["c"], values["b"]) == (4, "r", True)
    assert (values["x"], values["y"]) == pytest.approx((0.37, 0.81), abs=0.02)


def test_what_was_tried_is_not_taken():
    cube = UnitCube(SearchSpace([Int("n", 1, 5)]))

    def is_tried(rows):
        return rows[:, 0] > 0.6

    assert cube.decode(found(cube, lambda rows: rows[:, 0], is_tried)) == {"n": 3}


def test_where_all_was_tried_nothing_is_found():
    cube = UnitCube(SearchSpace([Int("n", 1, 5)]))
    assert found(cube, lambda rows: rows[:, 0], lambda rows: np.ones(len(rows), dtype=bool)) is None
