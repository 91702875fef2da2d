import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.errors import OptionError
from kt_notebook.oracles.brackets import plan_brackets


def rows(max_epochs, factor):
    return {
        bracket.number: [(rung.n_trials, rung.epochs) for rung in bracket.rungs]
        for bracket in plan_brackets(max_epochs, factor)
    }


def test_the_brackets_of_the_papers_example_are_those_of_its_algorithm():
    # Li et al. 2018, JMLR 18(185), R = 81 and eta = 3 put into algorithm 1
    assert rows(81, 3) == {
        4: [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        3: [(34, 3), (11, 9), (3, 27), (1, 81)],
        2: [(15, 9), (5, 27), (1, 81)],
        1: [(8, 27), (2, 81)],
        0: [(5, 81)],
    }


def test_epochs_that_are_no_power_of_the_factor_are_rounded_up():
    assert [epochs for _, epochs in rows(100, 3)[4]] == [2, 4, 12, 34, 100]


def test_a_single_epoch_has_one_bracket_of_one_trial():
    assert rows(1, 3) == {0: [(1, 1)]}


@pytest.mark.parametrize(("exponent", "factor"), [(3, 5), (5, 3), (9, 2), (3, 10)])
def test_a_power_of_the_factor_gets_all_its_rungs(exponent, factor):
    # where floor(log(125) / log(5)) in floats is 2
    assert len(plan_brackets(factor**exponent, factor)) == exponent + 1


@given(st.integers(1, 3000), st.integers(2, 12))
def test_every_bracket_ends_at_max_epochs_with_fewer_trials_and_more_epochs_on_each_rung(max_epochs, factor):
    brackets = plan_brackets(max_epochs, factor)
    assert [bracket.number for bracket in brackets] == list(range(len(brackets) - 1, -1, -1))
    for bracket in brackets:
        rungs = bracket.rungs
        assert len(rungs) == bracket.number + 1
        assert rungs[-1].epochs == max_epochs
        assert rungs[-1].n_trials >= 1
        for below, above in itertools.pairwise(rungs):
            assert above.n_trials == below.n_trials // factor
            assert below.epochs < above.epochs
        assert [bracket.initial_epoch(i) for i in range(len(rungs))] == [0, *[rung.epochs for rung in rungs[:-1]]]


@pytest.mark.parametrize(("max_epochs", "factor"), [(0, 3), (9, 1), (9, 2.5), (True, 3)])
def test_numbers_that_make_no_bracket_are_refused(max_epochs, factor):
    with pytest.raises(OptionError, match="Give a whole number"):
        plan_brackets(max_epochs, factor)
