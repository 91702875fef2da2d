"""Facts about Hyperband: who goes on when, with any number of workers, and after a resume."""

import heapq
import json
import math
import random
from typing import ClassVar

import pytest

from kt_notebook.core.budget import Budget, without_budget
from kt_notebook.core.errors import OptionError
from kt_notebook.core.parameter import Float
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.oracles.brackets import plan_brackets
from kt_notebook.oracles.hyperband import HyperbandOracle
from tests.oracles.contract import OracleContract
from tests.oracles.plays import finish, run
from tests.oracles.spaces import key_set, space_of, twelve


class TestHyperband(OracleContract):
    oracle: ClassVar = HyperbandOracle
    arguments: ClassVar = {"max_epochs": 9}
    ends_when_exhausted: ClassVar = False  # it continues them

    def test_first_rungs_have_no_configuration_twice_while_there_are_untried_ones(self):
        oracle = self.make(twelve, hyperband_iterations=3)
        rows = [row for row in run(oracle) if row["tuner/round"] == 0]
        assert len(rows) == len(key_set(oracle.hyperparameters.search_space, rows)) == 12


def wide(hp):
    hp.Float("x", 0, 1)


def make(max_epochs=9, declare=wide, **more):
    return HyperbandOracle("loss:min", max_epochs, seed=0, hyperparameters=space_of(declare), **more)


def end(oracle, trial, loss=None, status=TrialStatus.COMPLETED):
    if status is TrialStatus.COMPLETED:
        oracle.update_trial(trial.trial_id, {"loss": trial.hyperparameters.get("x") if loss is None else loss})
    trial.status = status
    oracle.end_trial(trial)


def begin(oracle, worker="tuner0"):
    trial = oracle.create_trial(worker)
    return trial, Budget.of(trial.hyperparameters.values)


def play(oracle, outcome=end):
    """Run a search with one worker; return the trials' budgets."""
    budgets = []
    while (trial := oracle.create_trial("tuner0")).status is TrialStatus.RUNNING:
        budgets.append(Budget.of(trial.hyperparameters.values))
        outcome(oracle, trial)
    assert trial.status is TrialStatus.STOPPED
    return budgets


def rungs_of(budgets):
    """Return how often each rung comes, in the order of the first time."""
    counts = {}
    for budget in budgets:
        place = (budget.bracket, budget.round, budget.initial_epoch, budget.epochs)
        counts[place] = counts.get(place, 0) + 1
    return counts


def test_one_worker_runs_hyperband_as_published():
    counts = rungs_of(play(make()))
    assert list(counts.items()) == [
        ((2, 0, 0, 1), 9),
        ((2, 1, 1, 3), 3),
        ((2, 2, 3, 9), 1),
        ((1, 0, 0, 3), 5),
        ((1, 1, 3, 9), 1),
        ((0, 0, 0, 9), 3),
    ]


def test_the_papers_example_runs_all_its_trials():
    counts = rungs_of(play(make(81)))
    planned = [rung.n_trials for bracket in plan_brackets(81, 3) for rung in bracket.rungs]
    assert list(counts.values()) == planned


def test_iterations_follow_one_another():
    once, thrice = play(make()), play(make(hyperband_iterations=3))
    assert [b.bracket for b in thrice] == [b.bracket for b in once] * 3


def test_a_single_epoch_and_several_iterations_are_as_many_trials():
    assert len(play(make(1, hyperband_iterations=4))) == 4


def test_the_best_go_on_best_first_with_their_values():
    oracle = make()
    budgets = play(oracle)
    trials = list(oracle.trials.values())
    first = sorted(trials[:9], key=lambda trial: trial.score)
    assert [budget.trial_id for budget in budgets[9:12]] == [trial.trial_id for trial in first[:3]]
    assert [trials[9 + i].hyperparameters.get("x") for i in range(3)] == [trial.score for trial in first[:3]]


def test_what_is_better_follows_the_objective():
    oracle = HyperbandOracle("accuracy:max", 9, seed=0, hyperparameters=space_of(wide))
    for number in range(9):
        trial = oracle.create_trial("tuner0")
        oracle.update_trial(trial.trial_id, {"accuracy": number})
        trial.status = TrialStatus.COMPLETED
        oracle.end_trial(trial)
    assert begin(oracle)[1].trial_id == "0008"


def test_values_and_ids_are_kerastuners():
    oracle = make()
    trial, _ = begin(oracle)
    values = trial.hyperparameters.values
    assert trial.trial_id == "0000"
    assert without_budget(values) == {"x": values["x"]}
    assert values == {
        "x": values["x"], "tuner/epochs": 1, "tuner/initial_epoch": 0, "tuner/bracket": 2, "tuner/round": 0,
    }  # fmt: skip
    end(oracle, trial)
    for _ in range(8):
        end(oracle, begin(oracle)[0])
    values = begin(oracle)[0].hyperparameters.values
    assert {name: values[name] for name in values if name != "x"} == {
        "tuner/epochs": 3, "tuner/initial_epoch": 1, "tuner/bracket": 2, "tuner/round": 1,
        "tuner/trial_id": values["tuner/trial_id"],
    }  # fmt: skip


def test_a_failed_trial_does_not_go_on():
    oracle = make()

    def fail_most(oracle, trial):
        fails = int(trial.trial_id) < 8
        end(oracle, trial, status=TrialStatus.FAILED if fails else TrialStatus.COMPLETED)

    budgets = play(oracle, fail_most)
    assert [(b.round, b.trial_id) for b in budgets[8:11]] == [(0, None), (1, "0008"), (2, "0009")]


def test_trials_without_a_number_go_on_no_more_than_failed_ones():
    budgets = play(make(), lambda oracle, trial: end(oracle, trial, math.nan if trial.trial_id < "0008" else 1.0))
    assert [(b.round, b.trial_id) for b in budgets[8:11]] == [(0, None), (1, "0008"), (2, "0009")]


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_where_no_trial_has_a_number_only_first_rungs_run(loss):
    budgets = play(make(), lambda oracle, trial: end(oracle, trial, loss))
    assert [budget.round for budget in budgets] == [0] * 17


def test_where_all_fail_the_search_ends():
    budgets = play(make(), lambda oracle, trial: end(oracle, trial, status=TrialStatus.FAILED))
    assert [budget.round for budget in budgets] == [0] * 17


def test_a_trial_that_was_ended_early_does_not_go_on():
    oracle = make()

    def prune_first(oracle, trial):
        if trial.trial_id == "0000":
            trial.pruned = {"epoch": 0, "reason": "test"}
        end(oracle, trial, -1.0 if trial.trial_id == "0000" else None)

    assert all(budget.trial_id != "0000" for budget in play(oracle, prune_first))


def test_a_failed_trial_that_is_run_again_may_go_on():
    oracle = make(max_retries_per_trial=1)
    n_runs = {}

    def fail_once(oracle, trial):
        n_runs[trial.trial_id] = n_runs.get(trial.trial_id, 0) + 1
        end(oracle, trial, status=TrialStatus.INVALID if n_runs[trial.trial_id] == 1 else TrialStatus.COMPLETED)

    play(oracle, fail_once)
    assert len(oracle.trials) == len(play(make()))


# Several workers.


def test_while_a_rung_is_incomplete_the_next_bracket_opens():
    oracle = make()
    running = [begin(oracle, f"tuner{n}")[0] for n in range(9)]
    for trial in running[1:]:
        end(oracle, trial)
    budget = begin(oracle, "tuner1")[1]
    assert (budget.bracket, budget.round) == (1, 0)


def test_a_rung_that_completes_comes_before_new_configurations():
    oracle = make()
    running = [begin(oracle, f"tuner{n}")[0] for n in range(10)]
    for trial in running[:9]:
        end(oracle, trial)
    budget = begin(oracle, "tuner0")[1]
    assert (budget.bracket, budget.round) == (2, 1)


def test_at_the_end_the_best_third_of_what_has_ended_goes_on_ahead():
    oracle = make()
    running = [begin(oracle, f"tuner{n}")[0] for n in range(17)]
    assert oracle.create_trial("tuner17").status is TrialStatus.IDLE
    for trial in running[:5]:
        end(oracle, trial)
    budget = begin(oracle, "tuner0")[1]
    assert (budget.bracket, budget.round) == (2, 1)
    assert budget.trial_id == min(running[:5], key=lambda trial: trial.score).trial_id
    assert oracle.create_trial("tuner1").status is TrialStatus.IDLE  # floor(5 / 3) is one
    end(oracle, running[5])
    assert begin(oracle, "tuner1")[1].round == 1


def simulate(oracle, n_workers, seed):
    """Run a search with trials of random length; return the worker seconds: busy and idle, and when the first idled."""
    rng = random.Random(seed)
    now, busy, first_idle = 0.0, 0.0, None
    running, idle = [], [f"tuner{n}" for n in range(n_workers)]
    while True:
        waiting = []
        for worker in idle:
            trial = oracle.create_trial(worker)
            if trial.status is not TrialStatus.RUNNING:
                waiting.append(worker)
                continue
            budget = Budget.of(trial.hyperparameters.values)
            seconds = (budget.epochs - budget.initial_epoch) * rng.uniform(0.5, 2)
            busy += seconds
            heapq.heappush(running, (now + seconds, worker, trial))
        if waiting and first_idle is None:
            first_idle = now
        if not running:
            return busy, now, first_idle
        now, worker, trial = heapq.heappop(running)
        end(oracle, trial)
        idle = [*waiting, worker]


@pytest.mark.parametrize("seed", range(5))
def test_four_workers_never_wait_but_at_the_very_end(seed):
    oracle = make(27, hyperband_iterations=2)
    busy, end_at, first_idle = simulate(oracle, 4, seed)
    assert len(oracle.trials) == oracle.remaining_trials() + len(oracle.trials)
    assert first_idle > 0.8 * end_at
    assert busy / (4 * end_at) > 0.9


@pytest.mark.parametrize("n_workers", [2, 4, 40])
def test_any_number_of_workers_runs_as_many_trials(n_workers):
    oracle = make(27)
    simulate(oracle, n_workers, 0)
    counts = rungs_of([Budget.of(trial.hyperparameters.values) for trial in oracle.trials.values()])
    planned = {
        (bracket.number, i, bracket.initial_epoch(i), rung.epochs): rung.n_trials
        for bracket in plan_brackets(27, 3)
        for i, rung in enumerate(bracket.rungs)
    }
    assert counts == planned


# Spaces that are small, unknown or growing.


def test_a_space_known_only_while_trials_run_is_searched():
    oracle = HyperbandOracle("loss:min", 9, seed=0)
    first = oracle.create_trial("tuner0")
    assert oracle.create_trial("tuner1").status is TrialStatus.IDLE
    wide(first.hyperparameters)
    oracle.update_space(first.hyperparameters)
    end(oracle, first)
    assert len(play(oracle)) == 21
    assert len({trial.hyperparameters.get("x") for trial in oracle.trials.values()}) == 17


def test_a_space_that_is_used_up_goes_on_with_what_there_is():
    budgets = play(make(declare=lambda hp: hp.Choice("x", [1.0, 2.0, 3.0, 4.0])))
    assert [(b.bracket, b.round) for b in budgets] == [(2, 0)] * 4 + [(2, 1)] * 3 + [(2, 2)]


def test_a_search_without_hyperparameters_trains_its_one_configuration_to_the_end():
    oracle = HyperbandOracle("val_loss", 9, seed=0)
    assert [row["tuner/epochs"] for row in run(oracle)] == [1, 3, 9]


def test_when_the_space_grows_the_bracket_that_was_left_is_filled():
    oracle = make(declare=lambda hp: hp.Choice("x", [1.0, 2.0]))
    for _ in range(2):
        end(oracle, begin(oracle)[0])
    trial, budget = begin(oracle)
    assert budget.round == 1
    trial.hyperparameters.Choice("y", [1, 2])
    oracle.update_space(trial.hyperparameters)
    end(oracle, trial)
    assert (begin(oracle)[1].bracket, begin(oracle)[1].round) == (2, 0)


def test_a_range_that_depends_on_another_value_does_not_move_what_goes_on():
    def dependent(hp):
        hp.Int("b", 0, hp.Int("a", 1, 40))

    oracle = HyperbandOracle("val_loss", 27, seed=3)
    run(oracle, declare=dependent)
    continued = [t for t in oracle.trials.values() if "tuner/trial_id" in t.hyperparameters.values]
    assert len(continued) == 20
    for trial in continued:
        values = trial.hyperparameters.values
        before = oracle.trials[values["tuner/trial_id"]].hyperparameters.values
        assert without_budget(values) == without_budget(before)


def test_values_outside_of_a_range_that_was_narrowed_do_not_go_on():
    oracle = make()
    for _ in range(9):
        end(oracle, begin(oracle)[0])
    oracle.hyperparameters.merge([Float("x", 0.5, 1)])
    assert begin(oracle)[0].hyperparameters.get("x") >= 0.5


# Going on.


def resumed(oracle, **more):
    new = make(**more)
    for trial_id in oracle.start_order:
        new.adopt_trial(Trial.from_state(json.loads(json.dumps(oracle.trials[trial_id].get_state()))))
    return new


@pytest.mark.parametrize("n_before", range(23))
def test_a_search_resumed_at_any_point_goes_on_as_if_never_stopped(n_before):
    whole = make()
    play(whole)
    begun = make()
    for _ in range(n_before):
        trial = begun.create_trial("tuner0")
        if trial.status is TrialStatus.RUNNING:
            end(begun, trial)
    begun.create_trial("tuner0")  # cut
    again = resumed(begun)
    play(again)
    assert [t.hyperparameters.values for t in again.trials.values()] == [
        t.hyperparameters.values for t in whole.trials.values()
    ]


def test_more_iterations_after_a_resume_count():
    oracle = make()
    play(oracle)
    assert len(play(resumed(oracle, hyperband_iterations=2))) == 22


def test_other_brackets_after_a_resume_are_refused():
    oracle = make()
    play(oracle)
    with pytest.raises(OptionError, match="max_epochs=27 and factor=3 do not give"):
        resumed(oracle, max_epochs=27)


def test_a_bracket_that_kerastuner_filled_further_is_one_bracket():
    oracle = make()
    for number in range(11):  # KerasTuner's first rung may hold more than the paper's
        hp = space_of(wide)
        hp.values = {"x": number / 11, **Budget(1, 0, 2, 0).to_values()}
        trial = Trial(hp, f"{number:04d}", TrialStatus.COMPLETED)
        trial.score = number / 11
        oracle.adopt_trial(trial)
    budget = begin(oracle)[1]
    assert (budget.bracket, budget.round, budget.trial_id) == (2, 1, "0000")


def test_trials_of_another_search_take_no_place():
    oracle = make()
    hp = space_of(wide)
    trial = Trial(hp, "0", TrialStatus.COMPLETED)
    trial.score = 0.0
    oracle.adopt_trial(trial)
    assert oracle.remaining_trials() == 22
    assert len(play(oracle)) == 22
    assert oracle.remaining_trials() == 0


# What it says of itself.


def test_remaining_trials_count_down_to_the_end():
    oracle = make()
    assert oracle.remaining_trials() == 22
    play(oracle)
    assert oracle.remaining_trials() == 0


def test_an_explicit_max_trials_counts():
    oracle = make(max_trials=5)
    assert oracle.remaining_trials() == 5
    assert len(play(oracle)) == 5


def test_the_best_trials_are_ranked_by_score_over_all_rungs():
    oracle = make()
    play(oracle)
    scores = [trial.score for trial in oracle.get_best_trials(30)]
    assert scores == sorted(scores)
    assert len(scores) == 22


def test_trials_are_settled_when_the_rung_above_is_full_or_has_taken_them_over():
    oracle = make()
    for _ in range(9):
        end(oracle, begin(oracle)[0])
    assert oracle.settled_trials() == []
    taken = []
    for _ in range(2):
        trial, budget = begin(oracle)
        taken.append(budget.trial_id)
        end(oracle, trial)
        assert oracle.settled_trials() == sorted(taken)
    trial, budget = begin(oracle)
    assert len(oracle.settled_trials()) == 8
    end(oracle, trial, status=TrialStatus.FAILED)
    assert budget.trial_id not in oracle.settled_trials()  # it may be run again
    assert budget.trial_id in oracle.settled_trials(is_over=True)


def test_at_the_end_all_trials_are_settled():
    oracle = make()
    play(oracle)
    assert sorted(oracle.settled_trials()) == oracle.start_order


def test_its_state_holds_what_kerastuner_asks_for():
    oracle = make(hyperband_iterations=2)
    for _ in range(9):
        end(oracle, begin(oracle)[0])
    _, budget = begin(oracle)
    state = json.loads(json.dumps(oracle.get_state()))
    (bracket,) = state["brackets"]
    assert (bracket["bracket_num"], [len(rung) for rung in bracket["rounds"]]) == (2, [9, 1, 0])
    assert bracket["rounds"][1] == [{"past_id": budget.trial_id, "id": "0009"}]
    assert (state["current_bracket"], state["current_iteration"], state["max_epochs"], state["factor"]) == (2, 0, 9, 3)


def test_brackets_that_are_through_are_not_in_its_state():
    oracle = make(hyperband_iterations=2)
    for _ in range(23):
        end(oracle, begin(oracle)[0])
    state = oracle.get_state()
    assert [bracket["bracket_num"] for bracket in state["brackets"]] == [2]
    assert (state["current_bracket"], state["current_iteration"]) == (2, 1)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [({"hyperband_iterations": 0}, "hyperband_iterations=0"), ({"factor": 1}, "factor=1"),
     ({"sampler": "sobol"}, "sampler='sobol'"), ({"max_epochs": 0}, "max_epochs=0")],
)  # fmt: skip
def test_arguments_that_make_no_search_are_refused(arguments, text):
    with pytest.raises(OptionError, match=text):
        HyperbandOracle("loss:min", **arguments)


def test_new_configurations_may_come_from_an_object_of_ones_own():
    class Sweep:
        def propose(self, oracle, trial_id):
            return {"x": int(trial_id) / 100}

    oracle = make(sampler=Sweep())
    play(oracle)
    assert [oracle.trials[f"{n:04d}"].hyperparameters.get("x") for n in range(3)] == [0.0, 0.01, 0.02]


def test_a_thousand_trials_are_proposed_in_a_second():
    oracle = HyperbandOracle("val_loss", 81, 3, 5, seed=0, hyperparameters=HyperParameters())
    oracle.hyperparameters.Float("x", 0, 1)
    for _ in range(1000):
        finish(oracle, oracle.create_trial("tuner0"))
    assert len(oracle.trials) == 1000


# New configurations from a model.


def test_a_model_proposes_better_configurations_than_chance():
    def good_ones(sampler):
        losses = []
        for seed in range(2):
            oracle = HyperbandOracle("loss:min", 9, seed=seed, hyperparameters=space_of(wide), sampler=sampler)
            play(oracle, lambda oracle, trial: end(oracle, trial, (trial.hyperparameters.get("x") - 0.3) ** 2))
            first = [t.score for t in oracle.trials.values() if "tuner/trial_id" not in t.hyperparameters.values]
            losses += sorted(first)[:8]
        return sum(losses)

    assert good_ones("bayesian") < good_ones("random") / 2


@pytest.mark.parametrize("n_before", [4, 11, 15])
def test_a_search_with_a_model_resumes_exactly_too(n_before):
    whole = make(sampler="bayesian")
    play(whole)
    begun = make(sampler="bayesian")
    for _ in range(n_before):
        end(begun, begin(begun)[0])
    again = resumed(begun, sampler="bayesian")
    play(again)
    assert [t.hyperparameters.values for t in again.trials.values()] == [
        t.hyperparameters.values for t in whole.trials.values()
    ]


# What it says of itself.


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"max_epochs": 27}, "Hyperband: up to 27 epochs a trial, 4 brackets, 69 trials"),
        ({"max_epochs": 9, "hyperband_iterations": 2}, "Hyperband: up to 9 epochs a trial, 6 brackets, 44 trials"),
        ({"max_epochs": 27, "max_trials": 10}, "Hyperband: up to 27 epochs a trial, 4 brackets, 10 of 69 trials"),
    ],
)
def test_its_plan_is_one_line(arguments, text):
    assert make(**arguments).describe_plan() == text


def test_its_plan_says_where_the_epochs_come_from():
    oracle = make(27)
    oracle.epochs_from = "the cell's own"
    assert "up to 27 epochs a trial (the cell's own), 4" in oracle.describe_plan()


def test_a_plan_that_is_one_trial_or_less_than_asked_for_is_told():
    assert "1 bracket, 1 trial. That compares nothing early: give max_epochs of 3 or more" in make(2).describe_plan()
    text = make(9, max_trials=100).describe_plan()
    assert "22 trials. max_trials=100 is above that: hyperband_iterations=5, or a higher max_epochs" in text
