import numpy as np
import pytest

from kt_notebook.oracles.scalarisation import random_weights, scalarised


def test_weights_sum_to_one_and_differ():
    rng = np.random.default_rng(0)
    first, second = random_weights(3, rng), random_weights(3, rng)
    assert first.sum() == pytest.approx(1)
    assert (first >= 0).all()
    assert (first != second).any()


def test_the_best_for_any_weights_is_not_dominated():
    rng = np.random.default_rng(0)
    targets = rng.random((60, 2))
    for _ in range(50):
        best = targets[scalarised(targets, random_weights(2, rng)).argmin()]
        assert not ((targets <= best).all(axis=1) & (targets < best).any(axis=1)).any()


def test_every_point_of_a_concave_front_is_the_best_for_some_weights():
    angles = np.linspace(0.05, np.pi / 2 - 0.05, 7)
    front = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rng = np.random.default_rng(0)
    assert {int(scalarised(front, random_weights(2, rng)).argmin()) for _ in range(500)} == set(range(7))
