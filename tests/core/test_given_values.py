"""Facts about values that a user gives for a trial."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.errors import SpaceError
from kt_notebook.core.given_values import check_fit, complete, given_trials, keep_active, what_differs
from kt_notebook.core.scopes import UnknownParameterError
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.values import identity
from tests.core.strategies import parameters, probs


def space_of(declare):
    hp = HyperParameters()
    declare(hp)
    return hp.search_space


def layers(hp):
    hp.Int("units", 8, 64, step=8, default=20)
    hp.Float("lr", 1e-4, 1e-1, sampling="log")
    hp.Float("rate", 0, 0.5, step=0.1)
    hp.Choice("act", ["relu", "tanh"])
    hp.Choice("decay", [0.0001, 0.001])
    hp.Boolean("norm")
    hp.Fixed("batch", 32)
    with hp.conditional_scope("norm", True):
        hp.Float("momentum", 0.9, 0.99)


def test_a_dict_a_set_of_hyperparameters_and_a_list_of_both_are_trials():
    hp = HyperParameters()
    hp.Int("units", 8, 64)
    hp.values["tuner/epochs"] = 3
    assert given_trials(None) == [{}]
    assert given_trials({"units": np.int64(16)}) == [{"units": 16}]
    assert given_trials([hp, {"units": 9}]) == [{"units": 8}, {"units": 9}]


def test_trials_share_nothing_with_what_was_given():
    mine = {"kernel": [1, 3]}
    taken = given_trials(mine)
    mine["kernel"].append(5)
    assert taken == [{"kernel": [1, 3]}]


@pytest.mark.parametrize("anything", ["units=64", 64, [64], {1: 2}, [["units", 64]]])
def test_what_is_no_trial_is_refused(anything):
    with pytest.raises(SpaceError, match=r"is no trial\. Give a dict"):
        given_trials(anything)


def test_an_empty_list_is_refused():
    with pytest.raises(SpaceError, match=r"nothing to enqueue in \[\]"):
        given_trials([])


def test_a_value_that_json_cannot_hold_is_refused():
    with pytest.raises(SpaceError, match=r"units is given as .*of type object"):
        given_trials({"units": object()})


def test_what_is_left_out_is_at_its_default():
    space = space_of(layers)
    assert complete({"lr": 0.01, "act": "tanh"}, space) == {
        "units": 20, "lr": 0.01, "rate": 0.0, "act": "tanh", "decay": 0.0001, "norm": False, "batch": 32,
    }  # fmt: skip


def test_what_a_value_makes_active_is_there():
    assert complete({"norm": True}, space_of(layers))["momentum"] == 0.9


def test_values_of_what_is_not_active_do_not_matter():
    space = space_of(layers)
    check_fit({"norm": False, "momentum": 7}, space)
    assert "momentum" not in complete({"norm": False, "momentum": 7}, space)


def test_the_active_one_of_two_of_a_name_decides():
    def declare(hp):
        hp.Choice("model", ["cnn", "mlp"])
        with hp.conditional_scope("model", "cnn"):
            hp.Int("width", 8, 16)
        with hp.conditional_scope("model", "mlp"):
            hp.Int("width", 100, 900, step=100)

    space = space_of(declare)
    check_fit({"model": "mlp", "width": 200}, space)
    with pytest.raises(SpaceError, match=r"width=200 does not fit hp\.Int\('width'\).*from 8 to 16\."):
        check_fit({"model": "cnn", "width": 200}, space)


def test_a_name_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(UnknownParameterError, match=r"called 'unit'; there are 'units', .*Did you mean 'units'\?"):
        check_fit({"unit": 16}, space_of(layers))


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        ({"units": 72}, r"whole numbers from 8 to 64 in steps of 8\. .*the default, 20"),
        ({"units": 50}, r"whole numbers from 8 to 64 in steps of 8, 48 being the nearest\."),
        ({"units": 16.5}, "whole numbers from 8 to 64 in steps of 8, 16 being the nearest"),
        ({"units": "16"}, "whole numbers from 8 to 64"),
        ({"units": True}, "whole numbers from 8 to 64"),
        ({"units": math.nan}, "whole numbers from 8 to 64"),
        ({"lr": 0.2}, r"numbers from 0\.0001 to 0\.1\."),
        ({"lr": 0}, r"numbers from 0\.0001 to 0\.1\."),
        ({"lr": 10**400}, r"numbers from 0\.0001 to 0\.1\."),
        ({"lr": math.inf}, r"numbers from 0\.0001 to 0\.1\."),
        ({"rate": 0.25}, r"numbers from 0\.0 to 0\.5 in steps of 0\.1, 0\.\d being the nearest"),
        ({"act": "gelu"}, r"one of 'relu', 'tanh'\. .*the default, 'relu'"),
        ({"act": ["relu"]}, "one of 'relu', 'tanh'"),
        ({"norm": 1}, r"True or False\."),
        ({"batch": 64}, r"32 only\."),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_is_allowed(values, allowed):
    ((name, value),) = values.items()
    with pytest.raises(
        SpaceError, match=rf"^{name}={value!r} does not fit hp\..*takes {allowed}".replace("[", r"\[", 1)
    ):
        check_fit(values, space_of(layers))


def test_a_long_list_of_choices_is_cut():
    with pytest.raises(SpaceError, match=r"one of 0, 1, .*, 11 or one of 88 more\."):
        check_fit({"n": 100}, space_of(lambda hp: hp.Choice("n", list(range(100)))))


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        ({"rate": 0.1 + 0.2}, 0.3),
        ({"rate": 0.1 * 3 - 0.3}, 0.0),
        ({"rate": float(np.float32(0.3))}, 0.3),
        ({"rate": 0.5000000000000001}, 0.5),
        ({"lr": float(np.float32(0.1))}, 0.1),
        ({"lr": 0.0123}, 0.0123),
        ({"lr": 0.1 * (1 + 1e-15)}, 0.1),
        ({"lr": 1e-4 * (1 - 1e-15)}, 1e-4),
        ({"units": 16.0}, 16),
        ({"units": 16 * (1 + 1e-15)}, 16),
        ({"units": 20}, 20),  # The default, which lies between the steps.
        ({"decay": float(np.float32(0.001))}, 0.001),
        ({"batch": 32.0}, 32),
    ],
)
def test_a_value_is_taken_up_to_a_floats_last_digits_as_the_space_has_it(values, taken):
    ((name, _),) = values.items()
    assert identity(complete(values, space_of(layers))[name]) == identity(taken)


def test_whole_numbers_are_told_apart_however_large():
    space = space_of(lambda hp: hp.Int("n", 0, 10**15, step=10**6))
    assert complete({"n": 10**12}, space) == {"n": 10**12}
    with pytest.raises(SpaceError, match="n=1000000000001 does not fit"):
        check_fit({"n": 10**12 + 1}, space)


@given(parameters, probs)
def test_whatever_a_hyperparameter_gives_fits_it(entry, prob):
    hp = HyperParameters()
    hp.merge([entry])
    value = entry.prob_to_value(prob)
    assert identity(complete({entry.name: value}, hp.search_space)[entry.name]) == identity(value)


@given(parameters, st.floats() | st.integers() | st.text(max_size=3) | st.none())
def test_what_is_taken_is_in_the_range(entry, value):
    hp = HyperParameters()
    hp.merge([entry])
    try:
        taken = complete({entry.name: value}, hp.search_space)[entry.name]
    except SpaceError:
        return
    assert entry.contains(taken)


def run_with(values, declare):
    """Return what a trial's own hyperparameters are after code has run with values that nobody could check."""
    hp = HyperParameters()
    hp.values = dict(values)
    declare(hp)
    return hp


def test_it_is_said_when_a_trial_took_another_value_than_was_asked_for():
    asked = {"units": 640, "act": "tanh"}
    hp = run_with(asked, layers)
    assert what_differs(asked, hp, hp.search_space) == [
        "units=640 was asked for and 20 was taken: in this trial it takes whole numbers from 8 to 64 in steps of 8."
    ]


def test_names_that_no_trial_has_declared_are_said_with_the_nearest():
    asked = {"unit": 16}
    hp = run_with(asked, layers)
    (text,) = what_differs(asked, hp, hp.search_space)
    assert text.startswith("unit=16 had no effect. No hyperparameter is called 'unit'")
    assert text.endswith("Did you mean 'units'?")


def test_nothing_is_said_of_what_was_taken_or_not_active_or_known_from_another_trial():
    other = HyperParameters()
    other.Int("width", 1, 9)
    hp = run_with({}, layers)
    other.merge(hp)
    asked = {"units": 16.0, "rate": 0.1 * 3 - 0.3, "momentum": 5, "width": 3}
    assert what_differs(asked, run_with(asked, layers), other.search_space) == []


def test_only_what_is_active_and_a_tuners_notes_are_kept():
    hp = run_with({"unit": 1, "momentum": 0.95, "tuner/epochs": 3, "units": 16}, layers)
    keep_active(hp)
    assert hp.values.keys() == {"tuner/epochs", "units", "lr", "rate", "act", "decay", "norm", "batch"}
