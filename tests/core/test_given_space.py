"""Facts about a space that is given beforehand and that trials are to keep to."""

import re

import pytest

from kt_notebook.core.errors import FatalRuntimeError, OptionError
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.space import HyperParameters


@pytest.mark.parametrize(
    ("closed", "said"),
    [
        (["allow_new_entries"], "allow_new_entries=False needs hyperparameters=.* leave it at True"),
        (["tune_new_entries"], "tune_new_entries=False needs hyperparameters=.* leave it at True"),
        (
            ["tune_new_entries", "allow_new_entries"],
            "tune_new_entries=False and allow_new_entries=False need hyperparameters=.* leave both at True",
        ),
    ],
)
def test_a_closed_search_needs_its_space_and_names_what_closed_it(closed, said):
    """KerasTuner names one of them at a time."""
    with pytest.raises(OptionError, match=f"^{said}") as caught:
        Oracle(**dict.fromkeys(closed, False))
    assert str(caught.value).count("=False") == len(closed)
    Oracle(**dict.fromkeys(closed, False), hyperparameters=HyperParameters())


def given():
    hp = HyperParameters()
    if hp.Boolean("deep", default=True):
        with hp.conditional_scope("deep", [True]):
            hp.Int("units", 8, 64)
    return hp


def closed(**options):
    return Oracle(hyperparameters=given(), allow_new_entries=False, **options)


@pytest.mark.parametrize("tune_new_entries", [True, False])
@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda hp: hp.Float("rate", 0, 1), "declared hp.Float('rate'), and allow_new_entries=False allows only"),
        (
            lambda hp: (hp.Float("rate", 0, 1), hp.Choice("act", ["relu"])),
            "declared hp.Float('rate'), hp.Choice('act'), and",
        ),
        (lambda hp: hp.Int("rate", 0, 9, parent_name="deep", parent_values=[False]), "declared hp.Int('rate'), and"),
    ],
    ids=["one", "two", "inactive"],
)
def test_what_a_trial_declares_beyond_it_is_refused_with_what_there_is(declare, said, tune_new_entries):
    """KerasTuner raises a RuntimeError from update_space, which names the entries and the option."""
    oracle = closed(tune_new_entries=tune_new_entries)
    met = oracle.get_space()
    declare(met)
    with pytest.raises(FatalRuntimeError, match=re.escape(said)) as caught:
        oracle.update_space(met)
    assert isinstance(caught.value, RuntimeError)
    assert "declares: 'deep', 'units'. Declare it there too, or leave allow_new_entries at True." in str(caught.value)
    assert [entry.name for entry in oracle.get_space().space] == ["deep", "units"]


def test_a_known_name_under_other_conditions_is_told_with_these():
    """KerasTuner raises here too."""
    oracle = closed()
    met = oracle.get_space()
    met.values["deep"] = False
    with met.conditional_scope("deep", [False]):
        met.Int("units", 1, 4)
    said = "declared hp.Int('units') under [Parent(name: 'deep', values: [False])], and"
    with pytest.raises(FatalRuntimeError, match=re.escape(said)):
        oracle.update_space(met)


def test_the_space_itself_and_another_range_of_it_are_let_in():
    """KerasTuner lets both in, and what it was given wins, as here."""
    oracle = closed()
    met = oracle.get_space()
    met.Boolean("deep")
    met.Int("units", 1, 9)
    oracle.update_space(met)
    assert oracle.get_space().get_config() == closed().get_space().get_config()
