import hashlib
import inspect
import itertools
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kt_notebook
from kt_notebook.core.errors import OptionError
from kt_notebook.core.objective import Objective
from kt_notebook.core.oracle import trial_seed
from kt_notebook.core.parameter import Choice, Float, Int
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.core.unit_cube import UnitCube
from kt_notebook.oracles.bayesian import BayesianOptimizationOracle, BayesianSampler
from kt_notebook.oracles.fits import MIN_RESULTS, last_fit
from kt_notebook.oracles.initial_design import initial_design
from kt_notebook.oracles.model import chosen_observations
from kt_notebook.oracles.random_search import RandomSearchOracle
from tests.oracles.contract import OracleContract, network, space_of
from tests.oracles.plays import resumed


class TestBayesian(OracleContract):
    oracle: ClassVar = BayesianOptimizationOracle
    effort: ClassVar = 0.15


class TestBayesianByBound(OracleContract):
    oracle: ClassVar = BayesianOptimizationOracle
    arguments: ClassVar = {"beta": 2.6, "alpha": 1e-4, "num_initial_points": 2}
    effort: ClassVar = 0.15


def bowl(hp):
    """Declare a space of all kinds whose best values are known."""
    hp.Float("x", 0, 1)
    hp.Float("lr", 1e-5, 1e-1, sampling="log")
    hp.Int("n", 1, 100, sampling="log")
    hp.Choice("c", ["p", "q", "r"])
    hp.Boolean("b")
    with hp.conditional_scope("b", True):
        hp.Float("y", 0, 1)


def height(values):
    """Return how far values are from the best of the bowl."""
    loss = (values["x"] - 0.8) ** 2 + (np.log10(values["lr"] / 1e-2) / 4) ** 2 + (np.log10(values["n"] / 30) / 2) ** 2
    return loss + 0.2 * (values["c"] != "r") + ((values["y"] - 0.2) ** 2 if values["b"] else 0.1)


def end(oracle, trial, value):
    """End a trial with a result, None for a failure."""
    if value is None:
        trial.status = TrialStatus.FAILED
    else:
        oracle.update_trial(trial.trial_id, {"val_loss": value})
        trial.status = TrialStatus.COMPLETED
    oracle.end_trial(trial)


def search(oracle, n_trials, loss, workers=1):
    """Run trials, each worker's in turn, and return their values and results in the order of the starts."""
    running, rows = [], []
    for number in range(n_trials):
        if len(running) == workers:
            end(oracle, *running.pop(0))
        trial = oracle.create_trial(f"tuner{number % workers}")
        if trial.status is not TrialStatus.RUNNING:
            break
        rows.append((dict(trial.hyperparameters.values), loss(trial.hyperparameters.values)))
        running.append((trial, rows[-1][1]))
    for trial, value in running:
        end(oracle, trial, value)
    return rows


def best_of(rows):
    return min(value for _, value in rows if value is not None)


def noise_of(values):
    """Return a number in [0, 1) that has nothing to do with the values' places."""
    digest = hashlib.blake2b(repr(sorted(values.items())).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def make(declare=bowl, seed=0, max_trials=None, objective="val_loss", **more):
    space = space_of(declare) if callable(declare) else declare
    return BayesianOptimizationOracle(objective, max_trials, seed=seed, hyperparameters=space, **more)


# How well it searches.


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_in_30_trials_what_chance_does_not_in_200(seed):
    chance = RandomSearchOracle("val_loss", 200, seed=seed, hyperparameters=space_of(bowl))
    assert best_of(search(make(seed=seed), 30, height)) < best_of(search(chance, 200, height))


@pytest.mark.parametrize("workers", [4, 16])
def test_several_workers_find_it_too(workers):
    assert best_of(search(make(), 48, height, workers)) < 0.02


def test_where_a_fifth_of_the_trials_fails_it_keeps_away_from_there():
    def loss(values):
        return None if values["x"] > 0.9 or values["lr"] > 0.03 else height(values)

    rows = search(make(), 40, loss)
    assert best_of(rows) < 0.02
    assert sum(value is None for _, value in rows[20:]) <= 4


def test_trials_that_fail_by_chance_seldom_hold_it_up():
    bests = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        rows = search(make(seed=seed), 40, lambda values, rng=rng: None if rng.random() < 0.2 else height(values))
        bests.append(best_of(rows))
    assert np.median(bests) < 0.02


def test_it_does_not_go_back_to_a_bound_again_and_again():
    oracle = make(lambda hp: (hp.Float("x", 0, 1), hp.Float("y", 0, 1)))
    rows = search(oracle, 20, lambda values: values["x"] + values["y"])
    assert sum(values["x"] < 0.002 and values["y"] < 0.002 for values, _ in rows) == 1


def test_noise_does_not_hold_it_up():
    rng = np.random.default_rng(0)
    rows = search(make(), 40, lambda values: height(values) + 0.02 * rng.standard_normal())
    assert min(height(values) for values, _ in rows) < 0.05


@pytest.mark.parametrize("scale", [-1e300, -1.0, 1e-12, 1e12, 1e300])
def test_the_unit_of_the_results_does_not_matter(scale):
    objective = Objective("val_loss", "min" if scale > 0 else "max")
    rows = search(make(objective=objective), 25, lambda values: scale * height(values))
    assert min(height(values) for values, _ in rows) < 0.05


def test_on_a_surface_without_any_order_it_is_as_good_as_chance():
    bests = [best_of(search(make(network, seed=seed), 24, noise_of)) for seed in range(16)]
    # the least of n uniform numbers has mean 1 / (n + 1) and about the same deviation
    assert np.mean(bests) == pytest.approx(1 / 25, abs=3 / 25 / 4)


def zdt(values):
    """Two objectives of which one can only fall if the other rises: Zitzler, Deb & Thiele 2000, function 2."""
    first, *rest = values.values()
    slope = 1 + 9 * sum(rest) / len(rest)
    return first, slope * (1 - (first / slope) ** 2)


def hypervolume(points, worst=(1.1, 6.0)):
    volume, height = 0.0, worst[1]
    for first, second in sorted(points):
        if first < worst[0] and second < height:
            volume += (worst[0] - first) * (height - second)
            height = second
    return volume


@pytest.mark.parametrize("seed", range(4))
def test_several_objectives_find_the_front(seed):
    volumes = []
    for kind in (RandomSearchOracle, BayesianOptimizationOracle):
        space = space_of(lambda hp: [hp.Float(f"x{number}", 0, 1) for number in range(5)])
        objectives = [Objective("first", "min"), Objective("second", "max")]
        oracle, points = kind(objectives, 40, seed=seed, hyperparameters=space), []
        while (trial := oracle.create_trial("tuner0")).status is TrialStatus.RUNNING:
            first, second = zdt(trial.hyperparameters.values)
            points.append((first, second))
            oracle.update_trial(trial.trial_id, {"first": first, "second": -second})
            trial.status = TrialStatus.COMPLETED
            oracle.end_trial(trial)
        volumes.append(hypervolume(points))
    chance, model = volumes
    possible = 1.1 * 6 - 2 / 3
    assert possible - model < 0.25 * (possible - chance)


# A function of seed and history.


@given(st.integers(0, 2**20), st.integers(1, 60), st.sampled_from([1, 4]))
@settings(max_examples=8)
def test_a_search_resumed_after_any_number_of_trials_goes_on_as_if_never_stopped(seed, n_before, workers):
    whole = make(seed=seed)
    search(whole, n_before, height, workers)
    again = resumed(whole, make(seed=seed))
    assert search(again, 6, height, workers) == search(whole, 6, height, workers)


def test_trials_that_end_in_another_order_than_they_began_are_resumed_in_that_order():
    oracle = make()
    for number in range(12):
        trials = [oracle.create_trial(f"tuner{worker}") for worker in range(4)]
        for trial in itertools.chain(trials[number % 4 :], trials[: number % 4]):
            end(oracle, trial, height(trial.hyperparameters.values))
    again = resumed(oracle, make())
    assert again.end_order == oracle.end_order != oracle.start_order
    assert search(again, 3, height) == search(oracle, 3, height)


def test_a_sampler_that_saw_another_search_before_says_the_same():
    sampler = BayesianSampler()
    first, second = make(seed=1), make(seed=2)
    for oracle in (first, second):
        search(oracle, 8, height)
    alone = [BayesianSampler().propose(oracle, "8") for oracle in (first, second, first)]
    assert [sampler.propose(oracle, "8") for oracle in (first, second, first)] == alone


def test_asking_twice_gives_the_same():
    oracle = make()
    search(oracle, 10, height)
    sampler = BayesianSampler()
    assert sampler.propose(oracle, "10") == sampler.propose(oracle, "10")


def test_a_trial_that_is_run_again_after_its_end_is_forgotten_until_it_ends_anew():
    oracle = make()
    search(oracle, 12, height)
    oracle.rerun_trial("5")
    oracle.end_order.remove("5")
    trial = oracle.create_trial("tuner0")
    assert trial.trial_id == "5"
    end(oracle, trial, 7.0)
    again = resumed(oracle, make())
    assert search(again, 3, height) == search(oracle, 3, height)


# What changes while it searches.


def test_a_space_that_grows_keeps_what_was_learned():
    oracle = make(lambda hp: hp.Float("x", 0, 1))
    search(oracle, 10, lambda values: (values["x"] - 0.8) ** 2)
    more = space_of(lambda hp: hp.Float("z", 0, 1, default=0.5))
    oracle.update_space(more)
    rows = search(oracle, 10, lambda values: (values["x"] - 0.8) ** 2 + (values["z"] - 0.1) ** 2)
    assert abs(rows[0][0]["x"] - 0.8) < 0.1
    assert best_of(rows) < 0.02


def test_a_space_that_is_narrowed_is_searched_inside_only():
    oracle = make(lambda hp: (hp.Float("x", 0, 1), hp.Choice("c", ["p", "q", "r"])))
    search(oracle, 20, lambda values: (values["x"] - 0.2) ** 2 + 0.1 * (values["c"] == "r"))
    oracle.hyperparameters = HyperParameters()
    oracle.hyperparameters.merge([Float("x", 0.5, 1), Choice("c", ["q", "r"])])
    rows = search(oracle, 15, lambda values: (values["x"] - 0.7) ** 2 + 0.1 * (values["c"] == "q"))
    assert all(0.5 <= values["x"] <= 1 and values["c"] in {"q", "r"} for values, _ in rows)
    assert best_of(rows) < 0.005


def test_when_all_trials_are_outside_the_present_space_it_begins_anew():
    oracle = make(lambda hp: hp.Int("n", 1, 9))
    search(oracle, 6, lambda values: values["n"])
    oracle.hyperparameters = HyperParameters()
    oracle.hyperparameters.merge([Int("n", 100, 900)])
    assert all(100 <= values["n"] <= 900 for values, _ in search(oracle, 8, lambda values: values["n"]))


def test_what_is_running_is_not_proposed_by_a_model_either():
    oracle = make(lambda hp: hp.Int("n", 1, 40))
    search(oracle, 6, lambda values: abs(values["n"] - 20))
    running = [oracle.create_trial(f"tuner{number}").hyperparameters.values["n"] for number in range(30)]
    assert len(set(running)) == 30


# Arguments.


def test_the_arguments_are_those_of_keras_tuner_and_prune():
    expected = {"objective", "max_trials", "num_initial_points", "alpha", "beta", "seed", "hyperparameters", "prune"}
    for kind in (BayesianOptimizationOracle, kt_notebook.BayesianOptimization):
        parameters = inspect.signature(kind).parameters
        assert expected <= set(parameters)
        assert parameters["max_trials"].default == 10
        assert parameters["num_initial_points"].default is None


@pytest.mark.parametrize("n_points", [1, 7])
def test_as_many_initial_points_as_asked_for_come_from_the_plan(n_points):
    oracle = make(num_initial_points=n_points)
    cube = UnitCube(oracle.get_space().search_space)
    planned = [cube.decode(row) for row in initial_design(cube, trial_seed(oracle.seed, "initial design"), n_points)]
    rows = [values for values, _ in search(oracle, 12, height)]
    n_planned = max(n_points, MIN_RESULTS)
    assert rows[:n_planned] == planned[:n_planned]
    assert rows[n_planned] != planned[n_planned]


def test_a_larger_beta_explores_more():
    def spread(beta):
        rows = search(make(lambda hp: hp.Float("x", 0, 1), beta=beta), 20, lambda values: (values["x"] - 0.3) ** 2)
        return np.std([values["x"] for values, _ in rows[8:]])

    assert spread(0.0) < spread(10.0)


@pytest.mark.parametrize(
    "argument",
    [
        {"num_initial_points": 0},
        {"num_initial_points": 2.5},
        {"alpha": "x"},
        {"beta": [1.0]},
        {"alpha": -1.0},
        {"alpha": float("nan")},
        {"beta": -0.1},
    ],
)
def test_an_argument_without_meaning_is_refused(argument):
    with pytest.raises(OptionError, match=next(iter(argument))):
        make(**argument)


# Many trials.


def test_hyperparameters_are_fitted_less_often_the_more_trials_there_are():
    fits = sorted({last_fit(number) for number in range(1, 400)})
    gaps = dict(itertools.pairwise(fits))
    assert [gaps[number] - number for number in (10, 40, 80, 160, 320)] == [1, 2, 4, 8, 32]


def test_of_many_trials_the_best_the_latest_and_some_others_are_learned_from():
    targets = np.random.default_rng(0).permutation(2000).astype(float)
    chosen = chosen_observations(targets)
    assert len(chosen) == len(set(chosen)) == 300
    assert set(np.argsort(targets)[:100]) | set(range(1900, 2000)) <= set(chosen)
    assert chosen_observations(targets[:300]).tolist() == list(range(300))


def test_a_long_search_is_resumed_exactly():
    def long():
        oracle = make()
        chance = RandomSearchOracle("val_loss", 700, seed=5, hyperparameters=space_of(bowl))
        for values, value in search(chance, 700, height):
            trial = Trial(oracle.get_space(), str(len(oracle.start_order)), TrialStatus.COMPLETED)
            trial.hyperparameters.values, trial.score = values, value
            oracle.adopt_trial(trial)
        return oracle

    whole = long()
    rows = search(whole, 20, height)
    begun = long()
    before = search(begun, 11, height)
    assert before + search(resumed(begun, make()), 9, height) == rows
    assert best_of(rows) < 0.01


def test_a_space_of_booleans_is_used_up_in_a_good_order():
    space = space_of(lambda hp: [hp.Boolean(f"b{number}") for number in range(5)])
    rows = search(make(space), 100, lambda values: sum(values.values()))
    assert len(rows) == 32
    assert [value for _, value in rows[:12]].count(0) == 1
