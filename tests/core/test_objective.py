"""Objectives: what a user's argument means, and what the errors say."""

import pytest

from kt_notebook.core.errors import ObjectiveError
from kt_notebook.core.objective import (
    MultiObjective,
    Objective,
    create_objective,
    fit_objective,
    missing_objective_error,
)


@pytest.mark.parametrize(
    ("text", "direction"),
    [("val_accuracy", "max"), ("val_loss", "min"), ("auc_1", "max"), ("my_score:min", "min"), ("mse:max", "max")],
)
def test_a_name_with_a_known_or_a_given_direction_is_an_objective(text, direction):
    assert create_objective(text) == Objective(text.partition(":")[0], direction)


def test_none_leaves_the_objective_to_the_first_result():
    assert create_objective(None) is None


def test_a_name_whose_direction_nobody_knows_asks_for_it():
    with pytest.raises(ObjectiveError, match=r"Write 'speed:min' or 'speed:max'"):
        create_objective("speed")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("val_acuracy", "val_accuracy"),
        ("acuracy", "accuracy"),
        ("val_los", "val_loss"),
        ("val_prescision", "val_precision"),
    ],
)
def test_a_misspelt_metric_is_told_what_it_may_have_been(text, meant):
    with pytest.raises(ObjectiveError, match=rf"Did you mean '{meant}'\? If not, write '{text}:min'"):
        create_objective(text)


@pytest.mark.parametrize("text", ["speed", "val_speed", "my_score", "latency_ms", "profit"])
def test_a_name_of_ones_own_is_not_taken_for_a_slip(text):
    with pytest.raises(ObjectiveError, match=rf"its name. Write '{text}:min'"):
        create_objective(text)


def test_a_direction_that_stands_first_is_put_right():
    with pytest.raises(ObjectiveError, match=r"Write 'score:min'"):
        create_objective("min:score")


def test_a_list_of_one_is_that_one():
    assert create_objective(["val_accuracy"]) == Objective("val_accuracy", "max")


def test_several_objectives_are_the_sum_of_those_to_minimise_minus_the_others():
    several = create_objective(["val_loss", "val_accuracy"])
    assert isinstance(several, MultiObjective)
    assert several.get_value({"val_loss": 0.5, "val_accuracy": 0.9}) == pytest.approx(-0.4)
    assert several.better_than(-0.4, -0.3)


@pytest.mark.parametrize(("metrics", "name"), [(["loss", "val_loss"], "val_loss"), (["loss", "mae"], "loss")])
def test_a_fit_is_judged_by_its_validation_loss_where_there_is_one(metrics, name):
    assert fit_objective(metrics) == Objective(name, "min")


def test_a_missing_objective_is_told_with_the_names_there_are_and_the_nearest():
    error = missing_objective_error(Objective("val_acc", "max"), ["loss", "val_loss", "val_accuracy"])
    assert "loss, val_accuracy, val_loss" in str(error)
    assert "Did you mean 'val_accuracy'?" in str(error)


def test_a_missing_validation_is_told_as_such():
    error = missing_objective_error(Objective("val_loss", "min"), ["loss"])
    assert "give the fit validation_data= or validation_split=" in str(error)
