"""Facts about advice: planted faults are found with their evidence, and nothing is said where nothing is wrong."""

import math
import random

import pytest

from kt_notebook.core.record import SearchRecord
from kt_notebook.results.advice import AdviceKind, advice, changes_of
from tests.results.searches import Tale, empty_search, mixed_search, random_search

LOSS = (("val_loss", "min"),)


def search(function, declare, n_trials=50, noise=0.02, **options):
    return random_search(function, declare, n_trials, noise=noise, objective=LOSS, **options)


def bowl(value, centre, width=1.0):
    return ((value - centre) / width) ** 2


def unit(hp):
    """Declare two numbers that are well-ranged for `bowls`."""
    hp.Float("x", 0, 1)
    hp.Float("z", 2, 4)


def bowls(values):
    return bowl(values["x"], 0.4) + bowl(values["z"], 3.1)


def only(found, kind):
    (item,) = [item for item in found if item.kind is kind]
    return item


@pytest.mark.parametrize("seed", range(5))
def test_a_well_ranged_search_is_left_alone(seed):
    assert advice(search(bowls, unit, seed=seed)) == []


@pytest.mark.parametrize("record", [SearchRecord(), empty_search(), Tale(None).end("0", 0.5, {}).record])
def test_a_search_without_results_or_hyperparameters_is_left_alone(record):
    assert [item.kind for item in advice(record)] in ([], [AdviceKind.TOO_FEW_TRIALS])


@pytest.mark.parametrize(
    ("centre", "end", "arguments"), [(6.5, "upper", {"max_value": 7.0}), (0.5, "lower", {"min_value": 1.0})]
)
def test_a_best_beyond_the_edge_is_found_and_the_range_goes_on(centre, end, arguments):
    def declare(hp):
        hp.Float("x", 0, 1)
        hp.Float("z", 2, 5)

    found = advice(search(lambda v: bowl(v["x"], 0.4) + bowl(v["z"], centre, 2), declare))
    item = only(found, AdviceKind.EDGE)

    assert item.parameter == "z"
    assert f"The best z is at the {end} end of its range" in item.text
    assert item.evidence["probability"] >= 0.75
    assert dict(item.change.arguments) == arguments


def test_natural_ends_are_no_edges():
    def declare(hp):
        hp.Float("dropout", 0, 0.5)
        hp.Int("layers", 1, 8)
        hp.Float("momentum", 0.5, 0.99)

    found = advice(
        search(lambda v: bowl(v["dropout"], -0.2) + bowl(v["layers"], -1, 8) + bowl(v["momentum"], 1.2), declare)
    )

    assert [item for item in found if item.kind is AdviceKind.EDGE] == []


def test_a_hyperparameter_without_effect_is_fixed_at_the_best_trials_value():
    def declare(hp):
        unit(hp)
        hp.Int("n", 8, 64)

    record = search(bowls, declare)
    item = only(advice(record), AdviceKind.NO_EFFECT)

    assert item.parameter == "n"
    assert item.change.kind == "Fixed"
    assert item.change.arguments["value"] == record.ranked()[0].values["n"]
    assert item.evidence["effect_at_most"] < 0.02


def test_with_few_and_noisy_trials_no_effect_is_claimed():
    def declare(hp):
        unit(hp)
        hp.Int("n", 8, 64)

    found = advice(search(bowls, declare, n_trials=16, noise=0.15))

    assert [item for item in found if item.kind is AdviceKind.NO_EFFECT] == []


def test_a_range_of_powers_of_ten_gets_a_log_scale():
    def declare(hp):
        hp.Float("lr", 1e-5, 1e-1)
        hp.Float("x", 0, 1)

    item = only(
        advice(search(lambda v: bowl(math.log10(v["lr"]), -2.5, 2) + bowl(v["x"], 0.4), declare, noise=0.01)),
        AdviceKind.LOG_SCALE,
    )

    assert item.parameter == "lr"
    assert dict(item.change.arguments) == {"sampling": "log"}


def test_a_step_goes_when_the_scale_becomes_a_log_scale():
    def declare(hp):
        hp.Int("n", 16, 4096, step=16)
        hp.Float("x", 0, 1)

    item = only(
        advice(search(lambda v: bowl(math.log2(v["n"]), 7, 3) + bowl(v["x"], 0.4), declare, noise=0.01)),
        AdviceKind.LOG_SCALE,
    )

    assert dict(item.change.arguments) == {"sampling": "log", "step": None}


def test_a_range_that_is_far_too_wide_is_narrowed_around_the_good_part():
    def declare(hp):
        hp.Float("x", 0, 100)
        hp.Float("z", 0, 1)

    record = search(lambda v: 1 - math.exp(-0.5 * bowl(v["x"], 40, 6)) + 0.3 * bowl(v["z"], 0.4), declare, 80)
    item = only(advice(record), AdviceKind.TOO_WIDE)

    assert 10 <= item.change.arguments["min_value"] < 34
    assert 46 < item.change.arguments["max_value"] <= 70


@pytest.mark.parametrize(("n_kept", "kind"), [(2, "Choice"), (1, "Fixed")])
def test_choices_that_are_clearly_worse_are_dropped(n_kept, kind):
    options = ["a", "b", "c"][: n_kept + 1]

    def declare(hp):
        unit(hp)
        hp.Choice("c", options)

    worst = options[-1]
    item = only(
        advice(search(lambda v: bowls(v) + {"a": 0, "b": 0.15, worst: 1.5}[v["c"]], declare)), AdviceKind.WORSE_CHOICES
    )

    assert item.evidence["worse"] == [worst]
    assert item.change.kind == kind
    assert f"c = '{worst}' is clearly worse" in item.text


@pytest.mark.parametrize("seed", range(3))
def test_noise_larger_than_the_differences_is_found(seed):
    item = only(advice(search(bowls, unit, noise=1.0, seed=seed)), AdviceKind.NOISE)

    assert item.parameter is None
    assert item.evidence["noise"] == pytest.approx(1.0, rel=0.5)
    assert f"--executions-per-trial {item.evidence['executions_needed']}" in item.text


def test_noise_is_measured_over_executions_where_there_are_several():
    told, rng = Tale(unit, LOSS, executions_per_trial=3), random.Random(0)
    for number in range(40):
        values = {"x": (number * 0.37) % 1, "z": 2 + (number * 0.73) % 2}
        told.begin(str(number), values)
        results = [bowls(values) * 0.1 + rng.gauss(0, 0.3) for _ in range(3)]
        for execution, result in enumerate(results):
            told.epoch(str(number), 0, result, execution=execution)
        told.end(str(number), sum(results) / 3)
    item = only(advice(told.record), AdviceKind.NOISE)

    assert "measured over executions" in item.text
    assert item.evidence["executions_needed"] > 3


def test_too_few_trials_are_said_with_the_number_needed():
    (item,) = advice(search(bowls, unit, n_trials=7))

    assert item.kind is AdviceKind.TOO_FEW_TRIALS
    assert item.text == "7 trials with a result are too few to tell anything of 2 hyperparameters: run 10 or more."


@pytest.mark.parametrize("direction", ["min", "max"])
def test_a_search_that_maximises_gets_the_same_advice(direction):
    sign = 1 if direction == "min" else -1

    def declare(hp):
        hp.Float("x", 0, 1)
        hp.Float("z", 2, 5)

    found = advice(
        random_search(
            lambda v: sign * (bowl(v["x"], 0.4) + bowl(v["z"], 6.5, 2)),
            declare,
            50,
            objective=(("score", direction),),
        )
    )

    assert [(item.kind, item.parameter) for item in found] == [(AdviceKind.EDGE, "z")]


@pytest.mark.parametrize("options", [{}, {"n_trials": 12}, {"failed": 0.5}, {"pruned": 0.6}, {"noise": 0.5}])
def test_a_search_of_all_kinds_is_read_without_error(options):
    found = advice(mixed_search(**options))

    assert all(item.text.endswith(".") for item in found)
    assert len(changes_of(found)) == len({change.parameter for change in changes_of(found)})


def test_hyperparameters_that_depend_on_others_are_judged_where_they_are_active():
    def declare(hp):
        unit(hp)
        hp.Boolean("dropout")
        with hp.conditional_scope("dropout", [True]):
            hp.Float("rate", 2.0, 5.0)

    record = search(lambda v: bowls(v) + (bowl(v["rate"], 6.5, 2) if v["dropout"] else 0.8), declare, 80)

    assert only(advice(record), AdviceKind.EDGE).parameter == "rate"


def test_hyperbands_trials_of_one_length_are_compared():
    told = Tale(unit, LOSS)
    for number in range(60):
        values = {"x": (number * 0.37) % 1, "z": 2 + (number * 0.73) % 2}
        epochs = 9 if number % 3 == 0 else 3
        loss = bowls(values) + (0 if epochs == 9 else 5)
        told.end(str(number), loss, {**values, "tuner/epochs": epochs, "tuner/bracket": 0, "tuner/round": 0})

    assert advice(told.record) == []


def test_a_result_that_is_no_number_does_not_matter():
    told = Tale(unit, LOSS)
    for number in range(20):
        values = {"x": (number * 0.37) % 1, "z": 2 + (number * 0.73) % 2}
        told.end(str(number), math.inf if number == 3 else bowls(values), values)

    assert advice(told.record) == []
