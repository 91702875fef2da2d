import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.conditions import Parent, Predicate
from kt_notebook.core.errors import SpaceError
from kt_notebook.core.parameter import Fixed, Float, Int
from kt_notebook.core.space import HyperParameters, UnknownParameterError
from tests.core.strategies import countable_spaces, values


def cnn_or_mlp():
    hp = HyperParameters()
    hp.Choice("model", ["cnn", "mlp"])
    with hp.conditional_scope("model", "cnn"):
        hp.Int("filters", 8, 64)
    with hp.conditional_scope("model", ["mlp"]):
        hp.Int("units", 16, 128)
    return hp


# The surface that KerasTuner's users know.


def test_a_declaration_returns_the_default():
    hp = HyperParameters()
    assert hp.Int("units", 32, 512, step=32) == 32
    assert hp.Float("lr", 1e-4, 1e-1, sampling="log", default=1e-2) == 1e-2
    assert hp.Choice("activation", ["relu", "tanh"]) == "relu"
    assert hp.Boolean("augment") is False
    assert hp.Fixed("seed", 3) == 3
    assert [entry.name for entry in hp.space] == list(hp.values) == ["units", "lr", "activation", "augment", "seed"]


def test_a_declaration_returns_the_value_set():
    hp = HyperParameters()
    hp.values["units"] = 64
    assert hp.Int("units", 32, 512) == 64
    assert hp.get("units") == hp["units"] == 64


def test_name_scopes_put_prefixes_before_names():
    hp = HyperParameters()
    with hp.name_scope("block"), hp.name_scope("first"):
        hp.Int("units", 1, 8)
        assert hp.get("units") == 1
    assert "block/first/units" in hp
    assert "units" not in hp


def test_a_scope_finds_its_parent_in_its_own_name_scope_first_then_outside():
    hp = HyperParameters()
    hp.Choice("model", ["a", "b"])
    with hp.name_scope("block"):
        with hp.conditional_scope("model", "a"):
            hp.Int("outer", 1, 8)
        hp.Choice("model", ["a", "b"])
        with hp.conditional_scope("model", "a"):
            hp.Int("inner", 1, 8)
    assert [entry.conditions[0].name for entry in hp.space if entry.conditions] == ["model", "block/model"]


def test_in_a_scope_that_does_not_hold_a_declaration_is_kept_and_returns_none():
    hp = HyperParameters()
    hp.Choice("model", ["cnn", "mlp"])
    with hp.conditional_scope("model", ["mlp"]):
        assert hp.Int("units", 16, 128) is None
    assert hp.Int("depth", 1, 3, parent_name="model", parent_values=["mlp"]) is None
    assert [entry.name for entry in hp.space] == ["model", "units", "depth"]
    assert hp.space[1].conditions == hp.space[2].conditions == [Parent("model", ["mlp"])]
    assert hp.values == {"model": "cnn"}


def test_scopes_are_listed_by_whether_they_held():
    hp = cnn_or_mlp()
    assert hp.active_scopes == [[Parent("model", ["cnn"])]]
    assert hp.inactive_scopes == [[Parent("model", ["mlp"])]]


def test_is_active_takes_a_name_or_a_hyperparameter():
    hp = cnn_or_mlp()
    assert [hp.is_active(entry) for entry in hp.space] == [True, True, False]
    assert hp.is_active("filters")
    assert not hp.is_active("units")


def test_an_inactive_hyperparameter_cannot_be_asked_for():
    hp = cnn_or_mlp()
    with pytest.raises(
        SpaceError, match=r"'units' is inactive: it needs \[Parent\(name: 'model', values: \['mlp'\]\)\]"
    ):
        hp.get("units")
    assert "units" not in hp


def test_an_unknown_name_is_a_key_error_with_the_nearest_name():
    hp = cnn_or_mlp()
    with pytest.raises(UnknownParameterError, match=r"^No hyperparameter is called 'unit'.*Did you mean 'units'\?"):
        hp["unit"]
    with pytest.raises(KeyError, match="'depth'"):
        hp.get("depth")


def test_a_scope_on_an_unknown_parent_is_refused():
    hp = cnn_or_mlp()
    with pytest.raises(SpaceError, match=r"'modle'.*Did you mean 'model'"), hp.conditional_scope("modle", "cnn"):
        pass


@pytest.mark.parametrize("value", ["a", "b"])
def test_a_child_cannot_have_its_parents_name(value):
    hp = HyperParameters()
    hp.Choice("model", ["a", "b"])
    with (
        hp.conditional_scope("model", value),
        pytest.raises(SpaceError, match="'model' is declared in a scope that depends on 'model' itself"),
    ):
        hp.Int("model", 1, 2)


def test_active_values_leave_out_what_is_inactive():
    hp = cnn_or_mlp()
    hp.values |= {"model": "mlp", "filters": 9, "units": 20, "tuner/epochs": 3}
    assert hp.active_values() == {"model": "mlp", "units": 20}


def test_a_child_of_an_inactive_parent_is_inactive():
    hp = cnn_or_mlp()
    hp.merge([Int("dilation", 1, 2, conditions=[Parent("filters", [8])])])
    hp.values |= {"model": "mlp", "filters": 8}
    assert not hp.is_active("dilation")


def test_active_values_are_ensured():
    hp = cnn_or_mlp()
    hp.values = {"model": "mlp"}
    hp.ensure_active_values()
    assert hp.values == {"model": "mlp", "units": 16}


def test_a_condition_may_be_a_predicate_on_a_float():
    hp = HyperParameters()
    hp.values["dropout"] = 0.3
    hp.Float("dropout", 0, 0.5)
    with hp.conditional_scope("dropout", lambda rate: rate > 0.2, label="rate > 0.2"):
        assert hp.Int("seed", 1, 9) == 1
    hp.values["dropout"] = 0.1
    assert not hp.is_active("seed")
    assert HyperParameters.from_config(hp.get_config()).is_active("seed")


def test_a_predicate_read_from_a_file_is_made_known_by_the_code_that_declares_it():
    hp = HyperParameters()
    hp.Float("dropout", 0, 0.5)
    with hp.conditional_scope("dropout", lambda rate: rate > 0.2, label="rate > 0.2"):
        hp.Int("seed", 1, 9)
    read = HyperParameters.from_config(hp.get_config())
    read.merge(hp, overwrite=False)
    assert not read.is_active("seed")


def test_a_tuple_that_is_one_of_the_parents_values_is_one_value():
    hp = HyperParameters()
    hp.Choice("kernel", [(1, 3), (1, 5)])
    with hp.conditional_scope("kernel", (1, 5)):
        assert hp.Int("stride", 1, 2) is None
    with hp.conditional_scope("kernel", ((1, 3), (1, 5))):
        assert hp.Int("pad", 1, 2) == 1


def test_one_and_zero_stand_for_a_boolean_parents_values():
    hp = HyperParameters()
    hp.Boolean("deep", default=True)
    with hp.conditional_scope("deep", [1]):
        assert hp.Int("layers", 1, 2) == 1


# Merging, copying, files.


def test_merging_replaces_and_resets_unless_told_not_to():
    hp = HyperParameters()
    hp.Int("a", 1, 9)
    hp.values["a"] = 5
    hp.merge([Int("a", 2, 8), Int("b", 1, 2)], overwrite=False)
    assert hp.values == {"a": 5, "b": 1}
    hp.merge([Int("a", 2, 8)])
    assert hp.values == {"a": 2, "b": 1}
    assert hp.space == [Int("a", 2, 8), Int("b", 1, 2)]


def test_a_copy_is_apart():
    hp = cnn_or_mlp()
    other = hp.copy()
    other.values["model"] = "mlp"
    other.Int("more", 1, 2)
    assert hp.values["model"] == "cnn"
    assert "more" not in hp


@given(countable_spaces())
def test_space_and_values_come_back_from_json_as_they_went(hp):
    text = json.dumps(hp.get_config(), allow_nan=False)
    read = HyperParameters.from_config(json.loads(text))
    assert read.space == hp.space
    assert read.values.keys() == hp.values.keys()
    assert read.get_config() == hp.get_config()


@given(values)
def test_any_value_goes_through_a_trial_file(value):
    hp = HyperParameters()
    hp.Fixed("v", value)
    assert HyperParameters.from_config(json.loads(json.dumps(hp.get_config()))).space == hp.space


def test_a_config_holds_kerastuners_keys_only_where_nothing_is_marked():
    assert cnn_or_mlp().get_config().keys() == {"space", "values"}


def test_it_travels_to_another_process():
    hp = cnn_or_mlp()
    assert pickle.loads(pickle.dumps(hp)).get_config() == copy.deepcopy(hp).get_config() == hp.get_config()


# The keys of configurations.


@given(countable_spaces(), st.integers(0, 3))
def test_a_key_ignores_what_is_inactive(hp, number):
    active = hp.search_space.assign(lambda entry: entry.all_values()[number % entry.n_values])
    hp.values = active
    names = {entry.name for entry in hp.space if not hp.is_active(entry.name)}
    assert hp.key(active | dict.fromkeys(names, 1)) == hp.key()


def test_a_key_tells_types_apart():
    hp = HyperParameters()
    hp.Choice("c", [True, 1, "1"])
    assert len({hp.key({"c": value}) for value in (True, 1, "1")}) == 3


def test_version_changes_exactly_when_the_space_does():
    hp = HyperParameters()
    hp.Int("a", 1, 2)
    version = hp.version
    hp.Int("a", 1, 2)
    hp.merge([Int("a", 1, 2)], overwrite=False)
    assert hp.version == version
    hp.merge([Float("b", 1, 2), Fixed("c", 1)], overwrite=False)
    assert hp.version != version


def test_parents_come_first_also_when_they_were_added_last():
    hp = HyperParameters()
    hp.merge([Int("child", 1, 2, conditions=[Parent("late", 1)]), Int("other", 1, 2), Int("late", 1, 2)])
    assert [entry.name for entry in hp.search_space.ordered] == ["other", "late", "child"]


def test_hyperparameters_that_depend_on_each_other_are_never_active():
    hp = HyperParameters()
    hp.merge([Int("a", 1, 2, conditions=[Parent("b", 1)]), Int("b", 1, 2, conditions=[Parent("a", 1)])])
    hp.values = {"a": 1, "b": 1}
    assert not hp.is_active("a")


def test_a_predicate_whose_function_is_lost_counts_as_met():
    hp = HyperParameters()
    hp.merge([Float("x", 0, 1), Int("n", 1, 2, conditions=[Predicate("x", None, label="?")])])
    assert hp.is_active("n")
