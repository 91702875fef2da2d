"""Facts about advice on how trials train, and where they fail."""

import random

import pytest

from kt_notebook.results.advice import AdviceKind, advice
from tests.results.searches import Tale

LOSS = (("val_loss", "min"),)


def declare(hp):
    hp.Int("units", 16, 512, step=16)
    hp.Choice("act", ["relu", "tanh"])


def drawn(number):
    rng = random.Random(number)
    return {"units": rng.randrange(1, 33) * 16, "act": rng.choice(["relu", "tanh"])}


def about(record, *kinds):
    return [item for item in advice(record) if item.kind in kinds]


def with_curves(curve, n_trials=20):
    told = Tale(declare, LOSS)
    for number in range(n_trials):
        values = drawn(number)
        losses = curve(number)
        told.begin(str(number), values).curve(str(number), losses).end(str(number), min(losses))
    return told


def test_training_that_ends_while_it_still_gets_better_should_last_longer():
    record = with_curves(lambda number: [1 + number / 9 - 0.08 * epoch for epoch in range(10)]).record
    (item,) = about(record, AdviceKind.TRAIN_LONGER, AdviceKind.EARLY_STOPPING)

    assert item.kind is AdviceKind.TRAIN_LONGER
    assert "Train longer, 20 epochs, with an EarlyStopping callback." in item.text
    assert item.evidence["n_last"] == item.evidence["n_good"] == 7


def test_training_far_past_the_best_epoch_should_be_stopped():
    record = with_curves(lambda number: [1 + number / 9 + 0.05 * abs(epoch - 4) for epoch in range(20)]).record
    (item,) = about(record, AdviceKind.TRAIN_LONGER, AdviceKind.EARLY_STOPPING)

    assert item.kind is AdviceKind.EARLY_STOPPING
    assert "were at their best after 5 of 20 epochs" in item.text
    assert "EarlyStopping(patience=3)" in item.text


@pytest.mark.parametrize(
    "curve",
    [
        lambda number: [1 + number / 9 + 0.01 * abs(epoch - 7) for epoch in range(10)],
        lambda number: [2 + number / 9, 1 + number / 9] + [1 + number / 9 - 1e-4 * epoch for epoch in range(8)],
        lambda number: [1 + number / 9],
    ],
    ids=["best before the end", "nothing gained any more", "one epoch"],
)
def test_training_that_lasts_long_enough_is_left_alone(curve):
    assert about(with_curves(curve).record, AdviceKind.TRAIN_LONGER, AdviceKind.EARLY_STOPPING) == []


def test_trials_that_the_users_own_early_stopping_ended_say_nothing_of_too_many_epochs():
    told = Tale(declare, LOSS)
    for number in range(20):
        losses = [1 + number / 9 + 0.05 * abs(epoch - 2) for epoch in range(8)]
        told.begin(str(number), drawn(number)).curve(str(number), losses, n_epochs=50).end(str(number), min(losses))

    assert about(told.record, AdviceKind.EARLY_STOPPING) == []


def pruned_search(curve, n_complete=24, n_pruned=16):
    told = with_curves(curve, n_complete)
    for number in range(n_complete, n_complete + n_pruned):
        told.begin(str(number), drawn(number)).curve(str(number), [5.0, 4.9], n_epochs=10)
        told.end(str(number), 4.9, pruned=1)
    return told.record


def test_pruning_before_curves_tell_who_wins_is_found():
    # Those that are worst at first are best in the end.
    record = pruned_search(lambda number: [2 - number / 24 + (number / 12 - 1) * epoch / 9 for epoch in range(10)])
    (item,) = about(record, AdviceKind.PRUNED_EARLY)

    assert item.evidence["rank_correlation_at_most"] < 0.3
    assert "16 trials were pruned, half of them by epoch 2, before it showed who wins: of the 8 best" in item.text
    assert "Search with --prune none." in item.text


@pytest.mark.parametrize(("n_complete", "n_pruned"), [(24, 1), (24, 4), (7, 16)])
def test_few_trials_do_not_tell_that_pruning_is_early(n_complete, n_pruned):
    curve = lambda number: [2 - number / 24 + (number / 12 - 1) * epoch / 9 for epoch in range(10)]  # noqa: E731

    assert about(pruned_search(curve, n_complete, n_pruned), AdviceKind.PRUNED_EARLY) == []


def test_curves_that_may_well_tell_who_wins_are_no_finding():
    rng = random.Random(3)
    ends = [rng.gauss(0, 1) for _ in range(9)]
    starts = [end + rng.gauss(0, 1.2) + 5 for end in ends]
    record = pruned_search(lambda n: [starts[n], starts[n] - 0.1, *(ends[n] - 5 for _ in range(8))], 9, 8)

    assert about(record, AdviceKind.PRUNED_EARLY) == []


def test_pruning_by_curves_that_keep_their_order_is_left_alone():
    record = pruned_search(lambda number: [2 + number / 24 - 0.1 * epoch for epoch in range(10)])

    assert about(record, AdviceKind.PRUNED_EARLY) == []


def failing(fails, n_trials=40):
    told = Tale(declare, LOSS)
    for number in range(n_trials):
        values = drawn(number)
        if fails(values, number):
            told.end(str(number), None, values, status="FAILED", error="out of memory")
        else:
            told.end(str(number), (values["units"] - 200) ** 2 / 1e5, values)
    return told.record


def test_failures_above_a_number_of_units_cut_the_range_below():
    record = failing(lambda values, _: values["units"] > 400)
    (item,) = about(record, AdviceKind.FAILURES)

    assert item.parameter == "units"
    assert item.change.arguments == {"max_value": item.change.arguments["max_value"]}
    assert 300 < item.change.arguments["max_value"] <= 400
    assert item.change.arguments["max_value"] % 16 == 0
    assert "(ValueError), 0 of the other" in item.text


def test_failures_with_one_choice_drop_it():
    (item,) = about(failing(lambda values, _: values["act"] == "tanh"), AdviceKind.FAILURES)

    assert item.change.kind == "Fixed"
    assert item.change.arguments == {"value": "relu"}


@pytest.mark.parametrize("seed", range(10))
def test_failures_all_over_the_space_are_no_finding(seed):
    rng = random.Random(seed)

    assert about(failing(lambda *_: rng.random() < 0.2), AdviceKind.FAILURES) == []
