import numpy as np
import pytest

from kt_notebook.core.conditions import Parent
from kt_notebook.core.parameter import Boolean, Choice, Float, Int
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.unit_cube import UnitCube
from kt_notebook.oracles.initial_design import initial_design


def first(*entries):
    cube = UnitCube(SearchSpace(entries))
    return cube.decode(initial_design(cube, 0)[0])


def test_the_first_point_has_the_defaults_that_were_given():
    entries = [Int("n", 1, 9, default=7), Float("x", 0, 1, default=0.9), Choice("c", ["p", "q", "r"], default="r")]
    assert first(*entries) == {"n": 7, "x": 0.9, "c": "r"}


def test_without_defaults_the_first_point_is_in_the_middle():
    values = first(Int("n", 1, 9), Float("lr", 1e-4, 1e-2, sampling="log"), Choice("c", ["p", "q", "r"]))
    assert values == {"n": 5, "lr": pytest.approx(1e-3), "c": "q"}


def test_a_default_below_a_condition_counts_where_it_is_active():
    child = Int("m", 1, 9, default=8, conditions=[Parent("b", True)])
    assert first(Boolean("b", default=True), child) == {"b": True, "m": 8}


def test_the_further_points_share_no_part_of_a_range():
    cube = UnitCube(SearchSpace([Float("x", 0, 1), Float("y", 0, 1)]))
    points = initial_design(cube, 3, 17)[1:17]
    for column in points.T:
        assert np.bincount((column * 16).astype(int), minlength=16).tolist() == [1] * 16


def test_there_are_points_left_when_trials_fail():
    cube = UnitCube(SearchSpace([Float("x", 0, 1), Int("n", 1, 5)]))
    for n_points in (1, 4, 200):
        assert len(initial_design(cube, 3, n_points)) >= max(n_points, 65)


def test_another_seed_gives_other_points():
    cube = UnitCube(SearchSpace([Float("x", 0, 1)]))
    assert (initial_design(cube, 0)[1:5] != initial_design(cube, 1)[1:5]).all()
