"""Facts about epochs saved: never more than trials of the search are long, and never fewer than none."""

import pytest

from kt_notebook.core.budget import Budget
from kt_notebook.core.savings import NO_SAVINGS, counted, epochs_saved


def add(savings, *lengths, values=None, n_epochs=100, is_pruned=False, max_epochs=None):
    return counted(savings, values or {}, lengths, n_epochs=n_epochs, is_pruned=is_pruned, max_epochs=max_epochs)


def rung(epochs, initial=0, before=None):
    return Budget(epochs, initial, 1, 0 if before is None else 1, before).to_values()


def test_a_pruned_trial_saves_what_it_had_planned():
    assert epochs_saved(add(NO_SAVINGS, 30, is_pruned=True)) == 70


def test_executions_that_a_pruned_trial_is_spared_are_saved():
    assert epochs_saved(add(NO_SAVINGS, 30, 0, is_pruned=True)) == 170


def test_where_complete_trials_stop_themselves_early_the_pruned_ones_would_have_too():
    savings = add(add(NO_SAVINGS, 8), 12)
    assert epochs_saved(add(savings, 4, is_pruned=True)) == 6
    assert epochs_saved(add(savings, 30, is_pruned=True)) == 0


def test_complete_trials_count_whenever_they_end():
    before = add(NO_SAVINGS, 4, is_pruned=True)
    assert epochs_saved(before) == 96
    assert epochs_saved(add(before, 10)) == 6


def test_trials_with_more_epochs_to_run_are_no_measure_for_others_but_in_their_shares():
    savings = add(NO_SAVINGS, 10, n_epochs=10)
    assert epochs_saved(add(savings, 20, n_epochs=80, is_pruned=True)) == 60


@pytest.mark.parametrize("reported", [0, 3, 15])
def test_what_hyperband_gave_is_what_was_trained_however_much_was_reported(reported):
    first = add(NO_SAVINGS, reported, values=rung(3), max_epochs=9)
    assert epochs_saved(first) == 6
    assert epochs_saved(add(first, reported, values=rung(9, 3, "0"), max_epochs=9)) == 0


def test_a_trial_that_goes_on_without_the_one_before_saves_nothing():
    assert epochs_saved(add(NO_SAVINGS, 9, values=rung(9, 3, "0"), max_epochs=9)) == 0


def test_the_counts_before_stay_as_they_are():
    add(NO_SAVINGS, 4, is_pruned=True)
    assert NO_SAVINGS == {"done": 0, "planned": 0, "cut": []}
