import copy
import json
import linecache
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.conditions import Parent, Predicate, deserialize, serialize
from kt_notebook.core.errors import SpaceError
from tests.core.strategies import values


@given(st.lists(values, min_size=1, max_size=4))
def test_a_parent_condition_comes_back_from_json_as_it_went(listed):
    condition = Parent("model", listed)
    assert deserialize(json.loads(json.dumps(serialize(condition)))) == condition


def test_one_value_is_a_list_of_one():
    assert Parent("model", "cnn") == Parent("model", ["cnn"])


@pytest.mark.parametrize(("value", "holds"), [(1, True), (1.0, True), (True, False), (2, False), ("1", False)])
def test_a_parent_condition_tells_true_from_one(value, holds):
    assert Parent("n", [1]).holds(value) is holds


def test_without_a_value_of_the_parent_nothing_is_active():
    assert not Parent("model", "cnn").is_active({})
    assert not Predicate("model", lambda value: True).is_active({})


def test_a_predicate_asks_a_function_of_a_float():
    condition = Predicate("dropout", lambda rate: rate > 0.1, label="rate > 0.1")
    assert condition.is_active({"dropout": 0.2})
    assert not condition.is_active({"dropout": 0.05})


def test_a_predicate_is_known_by_its_label():
    assert Predicate("x", lambda v: v > 1, label="big") == Predicate("x", None, label="big")
    assert Predicate("x", None, label="big") != Predicate("y", None, label="big")


def test_a_predicate_read_back_is_possibly_active():
    read = deserialize(json.loads(json.dumps(serialize(Predicate("x", lambda v: v > 1, label="big")))))
    assert not read.is_known
    assert read.holds(0)
    assert read.label == "big"


def test_a_function_is_labelled_by_its_name():
    def is_big(value):
        return value > 1

    assert Predicate("x", is_big).label == "is_big"


def test_a_lambda_in_a_notebook_cell_is_labelled_by_its_source():
    cell = "f = lambda v: v > 1\n"
    linecache.cache["<cell>"] = (len(cell), None, [cell], "<cell>")
    names: dict = {}
    exec(compile(cell, "<cell>", "exec"), names)
    assert Predicate("x", names["f"]).label == "lambda v: v > 1"


def test_a_lambda_without_source_has_a_label_that_follows_its_code():
    first, again, other = (eval(f"lambda v: v > {bound}") for bound in (1, 1, 2))
    assert Predicate("x", first).label == Predicate("x", again).label != Predicate("x", other).label


def test_a_predicate_travels_to_another_process_by_its_label():
    condition = Predicate("x", lambda v: v > 1, label="big")
    assert pickle.loads(pickle.dumps(condition)) == condition
    assert copy.deepcopy(condition).is_known


def test_a_condition_of_another_class_is_refused():
    with pytest.raises(SpaceError, match="'Not'; Parent and Predicate are known"):
        deserialize({"class_name": "Not", "config": {}})


def test_a_condition_on_an_object_is_refused():
    with pytest.raises(SpaceError, match=r"condition on 'model' lists <object"):
        Parent("model", [object()])
