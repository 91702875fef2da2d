"""Facts about what may be concluded from repeats: silent on noise, loud on what is real, the same either way round."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.results.noise import Ruling, paired_difference, share_error

FLIPPED = {Ruling.BETTER: Ruling.WORSE, Ruling.WORSE: Ruling.BETTER}
scores = st.lists(st.tuples(*[st.floats(-1e3, 1e3, width=32)] * 2), min_size=1, max_size=12)


def rates(shift, n, *, n_runs=2000, seed=0):
    """Return how often each ruling comes out for normal scores of deviation 1, the first's mean higher by `shift`."""
    rng = np.random.default_rng(seed)
    first, second = rng.normal(shift, 1, (n_runs, n)), rng.normal(0, 1, (n_runs, n))
    rulings = [paired_difference(a, b, -1.0).ruling for a, b in zip(first, second, strict=True)]
    return {ruling: rulings.count(ruling) / n_runs for ruling in Ruling}


@given(scores)
def test_a_flipped_direction_with_flipped_scores_gives_the_same(pairs):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    larger = paired_difference(first, second, -1.0)
    smaller = paired_difference([-a for a in first], [-b for b in second], 1.0)
    assert larger == smaller or math.isnan(larger.mean)


@given(scores)
def test_swapped_models_give_the_opposite(pairs):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    one, other = paired_difference(first, second, 1.0), paired_difference(second, first, 1.0)
    assert other.ruling == FLIPPED.get(one.ruling, one.ruling)
    assert (other.mean, other.n_won, other.n_lost) == (-one.mean, one.n_lost, one.n_won)
    assert other.half_width == one.half_width


@pytest.mark.parametrize("n", [3, 5, 10])
def test_pure_noise_is_called_better_or_worse_in_five_of_a_hundred_cases_at_most(n):
    found = rates(0.0, n)
    assert found[Ruling.BETTER] + found[Ruling.WORSE] <= 0.06


def test_several_rivals_share_the_level():
    rng = np.random.default_rng(1)
    n_false = 0
    for _ in range(2000):
        winner, *rivals = rng.normal(0, 1, (4, 5))
        made = [paired_difference(winner, rival, 1.0, n_comparisons=3).ruling for rival in rivals]
        n_false += any(ruling in FLIPPED for ruling in made)
    assert n_false / 2000 <= 0.06


def test_five_repeats_find_a_difference_of_three_deviations():
    found = rates(3.0, 5)
    assert found[Ruling.BETTER] >= 0.9
    assert found[Ruling.WORSE] == 0


def test_ten_repeats_find_a_difference_of_two_deviations():
    assert rates(2.0, 10)[Ruling.BETTER] >= 0.9


def test_a_difference_of_fewer_than_four_test_rows_is_left_open():
    first, second = [0.98, 0.98, 0.97, 0.98, 0.98], [0.97, 0.97, 0.96, 0.97, 0.97]
    assert paired_difference(first, second, -1.0, n_rows=100).ruling is Ruling.TOO_FEW_ROWS
    assert paired_difference(first, second, -1.0, n_rows=1000).ruling is Ruling.BETTER


def test_scores_that_are_no_shares_of_rows_are_not_counted_in_rows():
    assert paired_difference([0.31234, 0.3122], [0.5123, 0.51222], 1.0, n_rows=10).ruling is Ruling.BETTER
    assert share_error([0.31234], 10) is None
    assert share_error([1.5], 10) is None


def test_a_loss_on_very_many_rows_is_no_share_of_them():
    assert share_error([0.312345678, 0.31298765432, 0.3155512345], 3_000_000) is None


def test_two_repeats_some_rows_apart_tell_nothing():
    assert paired_difference([0.95, 0.96], [0.90, 0.91], -1.0, n_rows=100).ruling is Ruling.BETTER
    assert paired_difference([0.92, 0.93], [0.90, 0.91], -1.0, n_rows=100).ruling is Ruling.UNCLEAR


def test_one_repeat_tells_nothing():
    difference = paired_difference([0.9], [0.5], -1.0)
    assert difference.ruling is Ruling.TOO_FEW_REPEATS
    assert difference.half_width == math.inf


def test_equal_scores_are_equal():
    assert paired_difference([0.9, 0.8], [0.9, 0.8], -1.0).ruling is Ruling.EQUAL


def test_scores_that_do_not_depend_on_the_seed_are_no_matter_of_seeds():
    difference = paired_difference([0.25, 0.25, 0.25], [0.5, 0.5, 0.5], 1.0)
    assert (difference.ruling, difference.half_width) == (Ruling.FIXED, 0.0)
    assert paired_difference([0.91, 0.91], [0.90, 0.90], -1.0, n_rows=100).ruling is Ruling.TOO_FEW_ROWS


@pytest.mark.parametrize("lost", [math.nan, math.inf])
def test_a_fit_that_diverged_leaves_it_open(lost):
    assert paired_difference([0.9, lost, 0.9], [0.1, 0.1, 0.1], -1.0).ruling is Ruling.NO_NUMBER


def test_a_real_difference_in_too_few_repeats_does_not_matter():
    gains = [1.0, -0.2, 1.1, -0.3, 1.2, -0.1, 0.9, 1.0, -0.2, 1.3, 1.0, -0.1] * 3
    assert paired_difference(gains, [0.0] * len(gains), -1.0).ruling is Ruling.SLIGHT


def test_the_rows_uncertainty_does_not_vanish_at_a_perfect_score():
    assert share_error([1.0], 100) == pytest.approx(0.0185, abs=1e-3)
    assert share_error([0.9], 400) == pytest.approx(1.96 * math.sqrt(0.09 / 400), rel=0.01)
