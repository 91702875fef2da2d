"""Facts about commands from a browser."""

import pytest

from kt_notebook.core.commands import Enqueue, parse_command
from kt_notebook.core.errors import OptionError


def test_values_by_hand_come_with_their_types():
    message = {"id": "a", "kind": "enqueue", "values": {"units": 64, "kernel": {"__tuple__": [1, 3]}}, "again": True}
    assert parse_command(message) == Enqueue(id="a", values={"units": 64, "kernel": (1, 3)}, again=True)


def test_without_values_all_are_at_their_defaults():
    assert parse_command({"id": "a", "kind": "enqueue"}) == Enqueue(id="a", values={}, again=False)


@pytest.mark.parametrize("wrong", [{"values": [1]}, {"values": None}, {"again": "yes"}])
def test_values_that_are_no_object_are_refused(wrong):
    with pytest.raises(OptionError, match=r"enqueue needs values, an object of names and values, .*got values="):
        parse_command({"id": "a", "kind": "enqueue", **wrong})


def test_an_unknown_kind_is_refused_with_those_there_are():
    with pytest.raises(OptionError, match=r"Unknown command kind='try'\. Known are: .*enqueue\."):
        parse_command({"id": "a", "kind": "try"})
