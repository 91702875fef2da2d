"""Facts about the search-quality benchmark: its problems, its arithmetic, its stored results."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from benchmarks.search_quality.adapters import why_not_here
from benchmarks.search_quality.harness import run_cell
from benchmarks.search_quality.problems import EXTRA, TWELVE, WITH_CURVES, Known, known_values, load
from benchmarks.search_quality.runs import MODES, Mode, Run, as_line, pack, read, unpack
from benchmarks.search_quality.scores import (
    MEASURES,
    RANDOM,
    difference,
    make_yardstick,
    mean_ranks,
    regrets,
    score_cells,
    score_curve,
    summary,
    target_ratio,
)
from benchmarks.search_quality.standings import gather, stored_file

# the noise-free value of the first random configuration as it was when the peers' results were stored
FIRST_VALUES = {
    "branin": 15.33164530627974,
    "hartmann6_log": -0.00569296881826,
    "ackley_mixed8": 11.28851841709013,
    "rosen_bool6": 10.8070316042939,
    "levy_mixed5": 12.86447397735978,
    "keras_mlp_cond": 0.78860086140388,
    "keras_cnn_aug20": 0.21788135182249,
    "cat_heavy": -1.75,
    "svm_breast": 0.49499815702438,
    "mlp_digits": 0.74220475554466,
    "mlpdeep_patches": 0.55763038992882,
    "gbm_breast": 0.42881207168102,
    "pure_chance": 0.32406914557436,
    "hartmann6_fails": -0.00569296881826,
    "floats20": 0.45158509630092,
}
SEED_OF = {"keras_mlp_cond": 2}  # the first whose training does not fail
EVEN = Known(best=0.0, median=1.0, q90=2.0)


def run_of(losses: list[float | None], *, method: str = "m", problem: str = "p", seed: int = 0) -> Run:
    return Run(method, problem, seed, len(losses), 0.5, incumbent=tuple(losses))


# ---- problems ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*TWELVE, *EXTRA])
def test_a_problems_values_are_what_they_were(name: str) -> None:
    problem = load([name])[name]
    config = problem.space.sample(np.random.default_rng(SEED_OF.get(name, 0)))
    assert problem.true(problem.space.clean(config)) == pytest.approx(FIRST_VALUES[name], rel=1e-9)


@pytest.mark.parametrize("mode", MODES)
def test_random_search_is_what_was_stored(mode: Mode) -> None:
    stored = {run.key: run for run in read([stored_file(mode)])}
    for name in ("rosen_bool6", "mlp_digits") if mode != "mf" else ("keras_mlp_cond", "mlp_digits"):
        again = run_cell(RANDOM, load([name])[name], 0, mode, 100)
        kept = stored[RANDOM, name, 0]
        assert again.incumbent == pytest.approx(kept.incumbent, rel=1e-6)
        assert [p[0] for p in again.points] == [p[0] for p in kept.points]
        assert [p[2] for p in again.points] == pytest.approx([p[2] for p in kept.points], abs=2e-6)


def test_a_fifth_of_the_trials_fails_where_it_is_said() -> None:
    problem = load(["hartmann6_fails"])["hartmann6_fails"]
    config = problem.space.sample(np.random.default_rng(0))
    failed = [not np.isfinite(problem.observed_curve(config, problem.rng(0, k))[0]) for k in range(500)]
    assert 0.15 < np.mean(failed) < 0.25


def test_nothing_is_learned_from_a_neighbour_of_pure_chance() -> None:
    problem = load(["pure_chance"])["pure_chance"]
    config = problem.space.sample(np.random.default_rng(0))
    values = [problem.true(config | {"x0": 0.5 + k * 1e-9}) for k in range(2_000)]
    assert np.std(values) == pytest.approx(1 / math.sqrt(12), abs=0.02)
    assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 0.1


def test_each_problem_says_what_is_known_of_it() -> None:
    known = known_values()
    assert set(known) == {*TWELVE, *EXTRA}
    assert all(k.best < k.median < k.q90 for k in known.values())


def test_a_problem_that_there_is_not_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no problem 'branim'; there are branin"):
        load(["branim"])


# ---- what is stored ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "run",
    [
        Run("m", "p", 3, 5, 0.25, incumbent=(None, None, 2.0, 2.0, 1.5), cost_ms={10: 1.5, 50: 2.5}),
        Run("m", "p", 3, 100, 0.25, points=((1, 0.5, 0.75), (4, 2.0, None), (9, 4.5, 0.5)), n_asked=7, sim_time=9.5),
    ],
    ids=["trials", "epochs"],
)
def test_a_run_is_unpacked_as_it_was(run: Run) -> None:
    assert unpack(json.loads(json.dumps(pack(run)))) == run


@pytest.mark.parametrize("mode", MODES)
def test_each_stored_line_is_packed_as_it_would_be_now(mode: Mode) -> None:
    lines = stored_file(mode).read_text(encoding="utf-8").splitlines(keepends=True)
    assert [line for line in lines if as_line(unpack(json.loads(line))) != line] == []


@pytest.mark.parametrize("mode", MODES)
def test_the_yardstick_has_every_problem(mode: Mode) -> None:
    names = WITH_CURVES if mode == "mf" else (*TWELVE, *EXTRA)
    assert set(gather(mode, names, range(1)).yardstick) == set(names)


# ---- scores ------------------------------------------------------------------------------------------------


def test_a_regret_is_what_lacks_to_the_best_and_q90_before_there_is_a_value() -> None:
    assert regrets(run_of([None, 1.5, -0.5]), EVEN).tolist() == [2.0, 1.5, 0.0]


def test_epochs_are_counted_in_whole_trainings() -> None:
    run = Run("m", "p", 0, 100, 0.5, points=((9, 1.0, 1.5), (20, 2.0, 0.5)))
    curve = regrets(run, EVEN, n_epochs=10)
    assert len(curve) == 40
    assert curve[:3].tolist() == [1.5, 0.5, 0.5]


def test_the_yardstick_is_random_searchs_median_and_never_nothing() -> None:
    yardstick = make_yardstick({"p": [np.array([3.0, 0.0]), np.array([1.0, 0.0]), np.array([2.0, 0.0])]}, {"p": EVEN})
    assert yardstick["p"].tolist() == [2.0, 1e-3]


def test_a_score_is_regret_over_the_yardstick_at_most_two() -> None:
    yardstick = {"p": np.full(20, 0.5)}
    curves = {("a", "p", 0): np.full(20, 0.25), ("b", "p", 0): np.full(20, 9.0), ("short", "p", 0): np.full(19, 1.0)}
    assert score_cells(curves, yardstick, MEASURES["full"]["20"]) == {("a", "p"): {0: 0.5}, ("b", "p"): {0: 2.0}}


def test_the_error_of_a_score_holds_the_problems_fixed() -> None:
    cells = {("a", "p"): {0: 1.0, 1: 3.0}, ("a", "q"): {0: 0.0, 1: 2.0}}
    mean, error = summary(cells, "a", ["p", "q"])
    assert mean == 1.5
    assert error == pytest.approx(math.sqrt(2 / 2 + 2 / 2) / 2)


def test_one_seed_has_no_error() -> None:
    mean, error = summary({("a", "p"): {0: 1.0}}, "a", ["p"])
    assert mean == 1.0
    assert math.isnan(error)


def test_a_difference_is_of_the_seeds_that_both_have() -> None:
    cells = {("a", "p"): {0: 1.0, 1: 2.0, 2: 9.0}, ("b", "p"): {1: 1.5, 0: 0.0, 3: 9.0}}
    mean, error, n_seeds = difference(cells, "a", "b", ["p"])
    assert mean == 0.75
    assert error == pytest.approx(0.25)
    assert n_seeds == 2


def test_ranks_are_shared_by_ties() -> None:
    cells = {(m, p): {0: v} for p in "pq" for m, v in (("a", 1.0), ("b", 1.0), ("c", 0.5))}
    assert mean_ranks(cells, ["a", "b", "c"], ["p", "q"]) == {"a": 2.5, "b": 2.5, "c": 1.0}


def test_a_score_curve_is_the_mean_over_problems() -> None:
    curves = {("a", "p", 0): np.array([1.0, 0.5]), ("a", "p", 1): np.array([1.0, 0.0]), ("a", "q", 0): np.ones(3)}
    mean, _ = score_curve(curves, {"p": np.ones(3), "q": np.full(3, 2.0)}, "a", ["p", "q"])
    assert mean.tolist() == [0.75, 0.375]


@pytest.mark.parametrize(
    ("ours", "ratio"),
    [([1.0, 0.5, 0.5, 0.1], 0.5), ([1.0, 0.75, 0.25, 0.1], 0.625), ([0.5], 0.25), ([1.0, 0.9], None)],
)
def test_the_target_is_reached_between_trials(ours: list[float], ratio: float | None) -> None:
    reference = np.array([1.0, 0.9, 0.8, 0.5])
    assert target_ratio(np.array(ours), reference, 4) == ratio


# ---- methods -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("ref:random", ""),
        ("kt:kt_notebook:RandomSearch", ""),
        ("kt:kt_notebook:NoSuchSearch", "kt_notebook has no tuner or oracle 'NoSuchSearch'"),
        ("kt:no_such_package:RandomSearch", "no_such_package is not installed here"),
    ],
)
def test_why_a_method_cannot_run_is_told(method: str, reason: str) -> None:
    assert why_not_here(method) == reason


@pytest.mark.parametrize("mode", MODES)
def test_our_search_runs_on_conditions_failures_and_epochs(mode: Mode) -> None:
    problem = load(["keras_mlp_cond"])["keras_mlp_cond"]
    run = run_cell("kt:kt_notebook:RandomSearch", problem, 0, mode, 12)
    assert run.points if mode == "mf" else len(run.incumbent) == 12
