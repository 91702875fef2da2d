"""Facts about the Pareto set."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.objective import Objective, create_objective
from kt_notebook.core.pareto import nondominated, pareto_trials
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus

numbers = st.sampled_from([0.0, 1.0, 2.0, -math.inf, math.inf, math.nan]) | st.floats(-3, 3)
tables = st.integers(1, 4).flatmap(lambda k: st.lists(st.lists(numbers, min_size=k, max_size=k), min_size=1))
TWO = create_objective([Objective("val_loss", "min"), Objective("val_accuracy", "max")])


def dominates(one, other):
    pairs = list(zip(one, other, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


@given(tables)
def test_the_set_is_what_the_definition_says(rows):
    sound = [row for row in rows if not any(math.isnan(value) for value in row)]
    expected = [row in sound and not any(dominates(other, row) for other in sound) for row in rows]
    assert nondominated(rows).tolist() == expected


@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, random):
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)
    assert nondominated([rows[i] for i in shuffled]).tolist() == nondominated(rows)[shuffled].tolist()


def test_many_rows_take_no_time_to_speak_of():
    rows = np.random.default_rng(0).normal(size=(5000, 3))
    is_in = nondominated(rows)
    assert 0 < is_in.sum() < 500


def test_no_rows_have_an_empty_set():
    assert nondominated(np.empty((0, 2))).tolist() == []


# Trials.


def trial(number, loss=None, accuracy=None, status=TrialStatus.COMPLETED, pruned=None):
    made = Trial(HyperParameters(), str(number), status)
    made.pruned = pruned
    for name, value, direction in (("val_loss", loss, "min"), ("val_accuracy", accuracy, "max")):
        if value is not None:
            made.metrics.register(name, direction)
            made.metrics.update(name, value)
    return made


def ids(trials):
    return [each.trial_id for each in trials]


def test_trials_come_in_the_order_of_the_first_objective():
    trials = [trial(0, 0.5, 0.9), trial(1, 0.3, 0.7), trial(2, 0.4, 0.6), trial(3, 0.4, 0.8)]
    assert ids(pareto_trials(trials, TWO)) == ["1", "3", "0"]


def test_equal_trials_are_all_there_in_the_order_of_their_starts():
    assert ids(pareto_trials([trial(0, 0.5, 0.9), trial(1, 0.5, 0.9)], TWO)) == ["0", "1"]


@pytest.mark.parametrize(
    "other",
    [
        trial(1, 0.1, 0.99, pruned={"epoch": 1, "reason": "behind"}),
        trial(1, 0.1, 0.99, TrialStatus.FAILED),
        trial(1, 0.1, 0.99, TrialStatus.RUNNING),
        trial(1, 0.1),
        trial(1, 0.1, math.nan),
    ],
)
def test_what_is_not_complete_is_not_compared(other):
    assert ids(pareto_trials([trial(0, 0.5, 0.9), other], TWO)) == ["0"]


def test_with_one_objective_it_is_the_best_trial_and_those_as_good():
    trials = [trial(0, 0.5, 0.9), trial(1, 0.3, 0.9), trial(2, 0.1, 0.7)]
    assert ids(pareto_trials(trials, Objective("val_accuracy", "max"))) == ["0", "1"]
    assert ids(pareto_trials(trials, Objective("val_loss", "min"))) == ["2"]


def test_before_anything_is_known_it_is_empty():
    assert pareto_trials([], TWO) == []
    assert pareto_trials([trial(0, 0.5, 0.9)], None) == []
