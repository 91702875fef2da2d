"""Facts about trials by hand, oracle by oracle; what holds for all of them is in the contract."""

import pytest

from kt_notebook.core.budget import Budget
from kt_notebook.core.errors import SearchStateError, SpaceError
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import TrialStatus
from kt_notebook.core.waiting_line import WaitingLine
from kt_notebook.oracles.bayesian import BayesianOptimizationOracle
from kt_notebook.oracles.grid_search import GridSearchOracle
from kt_notebook.oracles.hyperband import HyperbandOracle
from kt_notebook.oracles.optuna_sampler import OptunaOracle
from kt_notebook.oracles.random_search import RandomSearchOracle
from tests.oracles.plays import finish, resumed, run
from tests.oracles.spaces import key_set, own, space_of, twelve


def wide(hp):
    hp.Float("x", 0, 1)
    hp.Int("n", 1, 9)


def make(oracle=RandomSearchOracle, declare=wide, **more):
    space = None if declare is None else space_of(declare)
    return oracle(objective="val_loss", seed=0, hyperparameters=space, **more)


def last(oracle):
    return oracle.trials[oracle.start_order[-1]]


# What may join the line.


def test_nothing_of_a_list_is_enqueued_where_one_does_not_fit():
    oracle = make()
    with pytest.raises(SpaceError, match="n=10 does not fit"):
        oracle.enqueue([{"n": 3}, {"n": 10}])
    assert len(oracle.waiting_line) == 0


def test_a_trial_by_hand_beyond_max_trials_is_refused_with_how_to_add_trials():
    oracle = make(max_trials=2)
    run(oracle)
    with pytest.raises(SearchStateError, match=r"may start 0 more trials .*Allow more: '\+10 trials' in the panel"):
        oracle.enqueue({"n": 3})
    oracle.max_trials += 1
    oracle.enqueue({"n": 3})
    assert [row["n"] for row in run(oracle)] == [3]


def test_without_a_limit_there_is_always_room():
    oracle = make(GridSearchOracle, twelve)
    run(oracle)
    assert oracle.enqueue({"n": 2}, again=True) == 1


def test_what_a_trial_was_or_what_waits_is_not_enqueued_again():
    oracle = make()
    oracle.enqueue({"n": 3})
    assert oracle.enqueue([{"n": 3}, {"n": 3, "x": 0}, {"n": 4}]) == 1
    run(oracle, 3)
    drawn = dict(last(oracle).hyperparameters.values)
    assert oracle.enqueue([{"n": 3}, {"n": 4, "x": 0.0}, drawn]) == 0


def test_what_was_tried_is_enqueued_once_more_where_that_is_asked_for():
    oracle = make()
    run(oracle, 1)
    again = dict(last(oracle).hyperparameters.values)
    assert oracle.enqueue([again, again], again=True) == 2
    assert run(oracle, 2) == [again, again]


def test_a_script_that_is_run_again_enqueues_nothing_more_also_when_the_search_is_full():
    oracle = make(max_trials=3)
    oracle.enqueue([{"n": 3}, {"n": 4}])
    run(oracle)
    again = resumed(oracle, make(max_trials=3))
    assert again.enqueue([{"n": 3}, {"n": 4}]) == 0


def test_what_the_space_has_gained_since_does_not_make_a_trial_by_hand_another():
    oracle = make()
    oracle.enqueue({"n": 3})
    run(oracle, 1)
    oracle.update_space(space_of(lambda hp: hp.Boolean("late")))
    assert oracle.enqueue({"n": 3}) == 0
    assert oracle.enqueue({"n": 3, "late": False}) == 0
    assert oracle.enqueue({"n": 3, "late": True}) == 1


def test_values_for_an_unknown_space_are_not_enqueued_twice_either():
    oracle = make(declare=None)
    assert oracle.enqueue([{"n": 3}, {"n": 3}]) == 1
    oracle.create_trial("tuner0")
    assert oracle.enqueue([{"n": 3}, {"n": 4}]) == 1


def test_the_best_of_another_search_are_values_to_begin_with():
    other = make()
    other.enqueue([{"n": 9, "x": 0.5}, {"n": 1}])
    run(other)
    best = [trial.hyperparameters for trial in other.get_best_trials(2)]
    oracle = make()
    assert oracle.enqueue(best) == 2
    assert run(oracle, 2) == [hp.values for hp in best]


# Spaces that become known, and trials that run again.


def test_what_does_not_fit_when_its_turn_comes_is_dropped_and_the_next_taken():
    oracle = make(declare=None)
    oracle.enqueue([{"x": 0.5}, {"n": 10}, {"n": 9}])
    rows = run(oracle, 2, declare=wide)
    assert [own(row).get("n") for row in rows] == [None, 9]
    ((enqueued, error),) = oracle.waiting_line.dropped
    assert (enqueued.number, enqueued.values) == (2, {"n": 10})
    assert str(error).startswith("n=10 does not fit")


def test_names_for_an_unknown_space_are_kept_for_trials_that_declare_them_late():
    def declare(hp):
        if hp.Choice("model", ["mlp", "cnn"]) == "cnn":
            hp.Int("filters", 8, 64)

    oracle = make(declare=None)
    oracle.enqueue([{"model": "mlp"}, {"model": "cnn", "filters": 32}])
    run(oracle, 2, declare=declare)
    assert last(oracle).hyperparameters.values == {"model": "cnn", "filters": 32}


def test_names_that_no_trial_declares_are_no_values_of_the_trial_in_the_end():
    oracle = make(declare=None)
    oracle.enqueue({"n": 3, "units": 64})
    run(oracle, 1, declare=wide)
    assert last(oracle).hyperparameters.values == {"n": 3, "x": 0.0}


def test_a_trial_that_failed_before_it_declared_anything_runs_again_with_all_its_values():
    oracle = make(declare=None, max_retries_per_trial=1)
    oracle.enqueue({"n": 3})
    trial = oracle.create_trial("tuner0")
    trial.status = TrialStatus.INVALID
    oracle.end_trial(trial)
    again = oracle.create_trial("tuner0")
    finish(oracle, again, wide)
    assert (again.trial_id, again.hyperparameters.values) == (trial.trial_id, {"n": 3, "x": 0.0})
    assert again.enqueued == trial.enqueued


def test_a_value_that_another_value_leaves_no_room_for_is_moved_and_the_one_asked_for_counts_as_tried():
    def declare(hp):
        hp.Int("b", 0, hp.Int("a", 1, 4))

    oracle = make(declare=None, max_trials=100)
    run(oracle, 12, declare=declare)
    before = resumed(oracle, make(declare=None, max_trials=100))
    for one in (oracle, before):
        one.enqueue({"a": 2, "b": 4}, again=True)
        run(one, 1, declare=declare)
        assert last(one).hyperparameters.values == {"a": 2, "b": 2}
        assert last(one).hyperparameters.drawn_values == {"a": 2, "b": 4}


def test_a_line_goes_on_numbering_behind_what_was_kept():
    line = WaitingLine([{"number": 4, "values": {"kernel": {"__tuple__": [1, 3]}}}])
    (added,) = line.add([{"n": 1}])
    assert [enqueued.number for enqueued in line.waiting] == [4, 5]
    assert line.waiting[0].values == {"kernel": (1, 3)}
    assert line.waiting[1] is added


# What oracles make of it.


def test_a_grid_neither_repeats_nor_skips_a_combination():
    grid = run(make(GridSearchOracle, twelve))
    oracle = make(GridSearchOracle, twelve)
    before = run(oracle, 2)
    oracle.enqueue([grid[7], grid[0], grid[3]])
    assert run(oracle, 2) == [grid[7], grid[3]]
    assert before + run(oracle) == [*grid[:3], *grid[4:7], *grid[8:]]


def test_a_trial_by_hand_between_the_places_of_a_grid_costs_none_of_them():
    oracle = make(GridSearchOracle, lambda hp: hp.Float("x", 0, 1))
    grid = run(make(GridSearchOracle, lambda hp: hp.Float("x", 0, 1)))
    oracle.enqueue({"x": 0.123})
    assert run(oracle) == [{"x": 0.123}, *grid]


def test_random_draws_are_those_of_a_search_without_trials_by_hand():
    plain, oracle = make(), make()
    oracle.enqueue({"n": 3})
    assert run(oracle, 5)[1:] == run(plain, 5)[1:]


def bayesian(**more):
    return BayesianOptimizationOracle(**more)


def tpe(**more):
    optuna = pytest.importorskip("optuna", reason="the extra `optuna` is not installed")
    return OptunaOracle(lambda seed: optuna.samplers.TPESampler(seed=seed, n_startup_trials=4), **more)


@pytest.mark.parametrize("kind", [bayesian, tpe])
@pytest.mark.parametrize("best", [0.2, 0.8])
def test_a_model_learns_from_trials_by_hand(kind, best):
    oracle = kind(objective="val_loss", seed=0, max_trials=40, hyperparameters=space_of(lambda hp: hp.Float("x", 0, 1)))
    oracle.enqueue([{"x": x} for x in (0.05, 0.25, 0.5, 0.75, 0.95)])
    seen = []
    for _ in range(15):
        trial = oracle.create_trial("tuner0")
        seen.append(trial.hyperparameters.get("x"))
        oracle.update_trial(trial.trial_id, {"val_loss": abs(seen[-1] - best)})
        trial.status = TrialStatus.COMPLETED
        oracle.end_trial(trial)
    assert sum(abs(x - best) < 0.2 for x in seen[5:]) >= 7


def test_trials_by_hand_count_among_a_models_first_ones():
    oracle = make(BayesianOptimizationOracle, num_initial_points=4)
    oracle.enqueue([{"n": 3}, {"n": 4}, {"n": 5}])
    rows = run(oracle, 4)
    planned = run(make(BayesianOptimizationOracle, num_initial_points=4), 1)
    assert rows[3] == planned[0]


class Mine(Oracle):
    """As users write them: populate_space alone."""

    def populate_space(self, trial_id):
        return {"status": "RUNNING", "values": {"x": 0.25, "n": int(trial_id) + 1}}


def test_an_oracle_of_a_users_own_knows_nothing_of_it_and_goes_on():
    oracle = make(Mine)
    oracle.enqueue({"n": 7})
    assert [row["n"] for row in run(oracle, 3)] == [7, 2, 3]


# Hyperband.


def band(**more):
    return HyperbandOracle("val_loss", seed=0, hyperparameters=space_of(wide), **{"max_epochs": 9, **more})


def budgets(oracle):
    return [Budget.of(trial.hyperparameters.values) for trial in oracle.trials.values()]


def rungs(oracle):
    counts = {}
    for budget in budgets(oracle):
        counts[budget.bracket, budget.round] = counts.get((budget.bracket, budget.round), 0) + 1
    return counts


def test_in_hyperband_a_trial_by_hand_takes_a_place_of_the_first_rung_that_is_being_filled():
    oracle, plain = band(), band()
    oracle.enqueue([{"n": 3}, {"n": 4}])
    run(oracle, 12)
    oracle.enqueue({"n": 5})
    run(oracle)
    run(plain)
    assert rungs(oracle) == rungs(plain) == {(2, 0): 9, (2, 1): 3, (2, 2): 1, (1, 0): 5, (1, 1): 1, (0, 0): 3}
    by_hand = [Budget.of(t.hyperparameters.values) for t in oracle.trials.values() if t.enqueued is not None]
    assert [(budget.bracket, budget.epochs) for budget in by_hand] == [(2, 1), (2, 1), (1, 3)]
    assert oracle.remaining_trials() == 0


def test_in_hyperband_a_good_trial_by_hand_goes_on():
    oracle = band()
    oracle.enqueue({"x": 0.5, "n": 3})
    while (trial := oracle.create_trial("tuner0")).status is TrialStatus.RUNNING:
        oracle.update_trial(trial.trial_id, {"val_loss": abs(trial.hyperparameters.get("x") - 0.5)})
        trial.status = TrialStatus.COMPLETED
        oracle.end_trial(trial)
    places = [
        (Budget.of(t.hyperparameters.values).round, Budget.of(t.hyperparameters.values).epochs)
        for t in oracle.trials.values()
        if own(t.hyperparameters.values) == {"x": 0.5, "n": 3}
    ]
    assert places == [(0, 1), (1, 3), (2, 9)]


def test_in_hyperband_a_trial_by_hand_trains_in_full_when_all_brackets_are_full():
    oracle = band()
    run(oracle)
    oracle.enqueue({"n": 3})
    run(oracle)
    assert budgets(oracle)[-1] == Budget(epochs=9, initial_epoch=0, bracket=0, round=0)
    assert len(oracle.trials) == oracle.n_planned + 1
    assert last(oracle).trial_id in oracle.settled_trials()
    again = resumed(oracle, band(hyperband_iterations=2))
    run(again)
    assert len(again.trials) == again.n_planned + 1


def test_in_hyperband_the_drawn_configurations_do_not_repeat_one_by_hand():
    oracle = HyperbandOracle("val_loss", 9, seed=0, hyperparameters=space_of(twelve))
    oracle.enqueue([{"model": "b", "n": 2}, {"n": 2}])
    run(oracle)
    first = [t.hyperparameters.values for t in oracle.trials.values() if t.hyperparameters.values["tuner/round"] == 0]
    assert len(first) == len(key_set(oracle.hyperparameters.search_space, first)) == 12


def test_hyperparameters_of_a_hyperband_search_bring_no_epochs_with_them():
    other = band()
    run(other)
    oracle = band()
    oracle.enqueue([trial.hyperparameters for trial in other.get_best_trials(1)])
    run(oracle, 1)
    assert budgets(oracle)[0] == Budget(epochs=1, initial_epoch=0, bracket=2, round=0)


def test_a_space_of_ones_own_is_left_as_it_was():
    hp = HyperParameters()
    hp.Int("n", 1, 9)
    oracle = RandomSearchOracle("val_loss", seed=0, hyperparameters=hp)
    oracle.enqueue(hp)
    run(oracle, 1)
    assert hp.values == {"n": 1}
