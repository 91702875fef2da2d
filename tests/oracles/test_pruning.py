import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.errors import OptionError
from kt_notebook.core.objective import MultiObjective, Objective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.oracles.grid_search import GridSearchOracle
from kt_notebook.oracles.pruning import PRUNERS, GainPruner, HalvingPruner, MedianPruner, create_pruner
from kt_notebook.oracles.random_search import RandomSearchOracle
from tests.oracles.test_learning_curves import LOSS, add, oracle_with

NAN = math.nan
# Each falls by 0.1 from the second epoch on.
FOUR = [[0.9, 0.5, 0.4], [0.9, 0.6, 0.5], [0.9, 0.7, 0.6], [0.9, 0.8, 0.7]]


def running(oracle, curve, n_epochs=None):
    """Give an oracle a trial that is at the end of its curve."""
    trial = Trial(HyperParameters(), str(len(oracle.start_order)))
    trial.curve = dict(enumerate(curve)) if isinstance(curve, list) else curve
    trial.n_epochs = n_epochs
    oracle.trials[trial.trial_id] = trial
    oracle.start_order.append(trial.trial_id)
    oracle.ongoing_trials[f"tuner{trial.trial_id}"] = trial
    return trial


def judged(pruner, oracle, curve, n_epochs=None):
    trial = running(oracle, curve, n_epochs)
    return pruner.judge(trial, max(trial.curve), oracle)


@pytest.mark.parametrize("prune", [None, "none", False])
def test_nothing_is_pruned_where_nobody_asks(prune):
    assert create_pruner(prune) is None


def test_every_name_makes_its_rule():
    kinds = [type(create_pruner(name)).__name__ for name in PRUNERS]
    assert kinds == ["GainPruner", "NoneType", "MedianPruner", "HalvingPruner"]


def test_an_object_that_judges_is_taken_as_it_is():
    mine = GainPruner(quantile=1.0)
    assert create_pruner(mine) is mine


@pytest.mark.parametrize("prune", ["hyperband", True, 3, ["auto"]])
def test_anything_else_names_the_value_and_what_there_is(prune):
    with pytest.raises(OptionError, match=r"prune=.* is no way to prune. There are 'auto', 'none', 'median'"):
        create_pruner(prune)


def test_a_class_is_to_be_made_first():
    with pytest.raises(OptionError, match=r"A class has to be made first"):
        create_pruner(GainPruner)


@pytest.mark.parametrize("kind", [RandomSearchOracle, GridSearchOracle])
def test_oracles_take_prune(kind):
    assert isinstance(kind("val_loss", prune="auto").pruner, GainPruner)
    assert kind("val_loss").pruner is None


def test_a_trial_that_would_not_reach_the_best_is_stopped_with_its_figures():
    verdict = judged(GainPruner(), oracle_with(*FOUR), [0.9, 0.75])
    assert verdict.stop
    assert verdict.reason == (
        "val_loss 0.7500 after 2 epochs; 90% of the 4 complete trials fell at most 0.1000 more from there, and the "
        "best is 0.4000"
    )


def test_a_trial_that_may_still_be_the_best_goes_on():
    assert not judged(GainPruner(), oracle_with(*FOUR), [0.9, 0.49]).stop


def test_a_maximised_objective_reads_the_same_way_round_as_its_metric():
    oracle = oracle_with(*[[-value for value in curve] for curve in FOUR], objective=Objective("acc", "max"))
    verdict = judged(GainPruner(), oracle, [-0.9, -0.7])
    assert verdict.reason.startswith("acc -0.7000 after 2 epochs; 90% of the 4 complete trials rose at most 0.1000")


@pytest.mark.parametrize("rule", [GainPruner(), MedianPruner(min_trials=1), HalvingPruner()])
def test_no_rule_judges_several_objectives(rule):
    oracle = oracle_with(*FOUR, objective=MultiObjective((LOSS, Objective("acc", "max"))))
    assert not judged(rule, oracle, [9.0, 9.0]).stop


def penalised(oracle, curve, penalty):
    add(oracle, curve, score=min(curve) + penalty)


@pytest.mark.parametrize("n_large", [3, 4, 8])
@pytest.mark.parametrize("prune", ["auto", "median", "halving"])
def test_a_score_with_a_penalty_does_not_end_the_trials_that_have_none(prune, n_large):
    """{"val_loss": min(h) + units / 100}: the curves of large models are the best, and their scores the worst."""
    oracle = oracle_with()
    for number in range(n_large):
        penalised(oracle, [0.9, 0.30 + number / 100, 0.3 + number / 200], 2.56)
    assert not judged(create_pruner(prune), oracle, [0.9, 0.7]).stop
    for number in range(4):
        penalised(oracle, [0.9, 0.6 + number / 100, 0.5], 0.04)
        assert not judged(create_pruner(prune), oracle, [0.9, 0.58]).stop


def test_a_mean_over_folds_is_on_the_scale_of_its_scores():
    oracle = oracle_with()
    for curve, score in zip(FOUR, [0.52, 0.61, 0.72, 0.83], strict=True):
        add(oracle, curve, score=score)
    assert not judged(GainPruner(), oracle, [0.9, 0.51]).stop  # its curve is worse than the best curve's end
    assert judged(GainPruner(), oracle, [0.9, 0.75]).reason.endswith(
        "90% of the 4 complete trials fell at most 0.000 more from there, and the best is 0.5200"
    )


def test_one_value_at_the_last_epoch_is_no_curve():
    for rule in (GainPruner(), MedianPruner(min_trials=1), HalvingPruner()):
        assert not judged(rule, oracle_with(*[[0.1] * 8] * 5), {7: 9.0}).stop


def test_a_trial_that_reports_its_end_only_is_not_pruned():
    oracle = RandomSearchOracle("val_loss", max_trials=9, seed=1, prune="auto")
    oracle.hyperparameters.Float("x", 0.0, 1.0)
    for number in range(9):
        trial = oracle.create_trial("tuner0")
        assert oracle.update_trial(trial.trial_id, {"val_loss": number}, step=5).status == "RUNNING"
        trial.status = TrialStatus.COMPLETED
        oracle.end_trial(trial)
        assert trial.pruned is None


def test_a_trial_in_the_better_half_goes_on_though_none_has_gained_so_much():
    assert not judged(GainPruner(), oracle_with(*FOUR), [0.9, 0.64]).stop  # the median is 0.65
    assert judged(GainPruner(), oracle_with(*FOUR), [0.9, 0.66]).stop


def test_before_four_complete_trials_nothing_is_pruned():
    assert not judged(GainPruner(), oracle_with(*FOUR[:3]), [9.0, 9.0, 9.0]).stop


def test_after_one_epoch_nothing_is_pruned():
    assert not judged(GainPruner(), oracle_with(*FOUR), [9.0]).stop


def test_beyond_the_longest_complete_trials_there_is_no_evidence():
    assert not judged(GainPruner(), oracle_with(*FOUR), [9.0] * 4).stop


def test_trials_that_planned_fewer_epochs_are_no_evidence():
    oracle = oracle_with(*FOUR)
    for trial in oracle.trials.values():
        trial.n_epochs = 3
    assert not judged(GainPruner(), oracle, [9.0, 9.0, 9.0], n_epochs=20).stop
    assert judged(GainPruner(), oracle, [9.0, 9.0], n_epochs=3).stop


def test_a_curve_of_nan_only_is_not_pruned():
    for rule in (GainPruner(), MedianPruner(min_trials=1), HalvingPruner()):
        assert not judged(rule, oracle_with(*FOUR), [NAN, NAN]).stop


def test_nan_keeps_the_best_so_far():
    assert not judged(GainPruner(), oracle_with(*FOUR), [0.45, NAN]).stop


def test_a_trial_that_took_over_weights_is_judged_with_the_curve_before():
    oracle = oracle_with(*FOUR)
    parent = add(oracle, [0.3], pruned={"epoch": 0, "reason": ""})
    child = running(oracle, {1: 9.0})
    child.hyperparameters.values = {"tuner/epochs": 9, "tuner/trial_id": parent.trial_id}
    assert not GainPruner().judge(child, 1, oracle).stop


def test_the_median_rule_compares_with_running_averages():
    oracle = oracle_with([1.0, 0.0], [2.0, 0.0], [3.0, 0.0])  # averages 0.5, 1, 1.5
    verdict = judged(MedianPruner(min_trials=3), oracle, [2.0, 1.1])
    assert verdict.reason == (
        "val_loss 1.100 after 2 epochs; the median of 3 trials averaged over these epochs is 1.000"
    )
    assert not judged(MedianPruner(min_trials=3), oracle, [2.0, 1.0]).stop


def test_the_median_rule_waits_for_enough_trials_that_reached_the_epoch():
    assert not judged(MedianPruner(min_trials=3), oracle_with([1.0, 0.0], [1.0, 0.0], [1.0]), [9.0, 9.0]).stop


def test_halving_keeps_the_best_third_at_its_rungs():
    oracle = oracle_with([9.0, 1.0], [9.0, 2.0])
    assert not judged(HalvingPruner(), oracle, [9.0, 0.5]).stop
    verdict = judged(HalvingPruner(), oracle, [9.0, 0.7])
    assert verdict.reason == (
        "val_loss 0.7000 after 2 epochs; that is place 2 of the 4 trials that came so far, and only the best goes on"
    )


def test_halving_speaks_at_rungs_only():
    oracle = oracle_with([0.0] * 7, [0.0] * 7)
    stops = [n for n in range(1, 8) if judged(HalvingPruner(), oracle, [9.0] * n).stop]
    assert stops == [2, 6]


def test_halving_judges_at_the_first_value_at_or_after_a_rung():
    """As with validation_freq=5."""
    oracle = oracle_with(*[dict.fromkeys(range(4, 60, 5), 0.0)] * 2)
    ends = range(4, 60, 5)
    stops = [end for end in ends if judged(HalvingPruner(), oracle, dict.fromkeys(range(4, end + 1, 5), 9.0)).stop]
    assert stops == [9, 19, 54]  # at rungs 6, 18 and 54; one value is not judged


def test_a_first_rung_of_one_epoch_judges_one_value():
    oracle = oracle_with([0.0] * 3, [0.0] * 3)
    stops = [n for n in range(1, 5) if judged(HalvingPruner(min_epochs=1), oracle, [9.0] * n).stop]
    assert stops == [1, 3]


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (GainPruner, {"quantile": 1.1}),
        (GainPruner, {"quantile": -0.1}),
        (GainPruner, {"quantile": NAN}),
        (GainPruner, {"quantile": "0.9"}),
        (GainPruner, {"min_complete_trials": 0}),
        (GainPruner, {"min_epochs": 0}),
        (MedianPruner, {"min_trials": 0}),
        (MedianPruner, {"min_epochs": 1.5}),
        (HalvingPruner, {"factor": 1}),
        (HalvingPruner, {"factor": True}),
        (HalvingPruner, {"min_epochs": 0}),
    ],
)
def test_numbers_that_cannot_be_are_refused_by_name(make, options):
    with pytest.raises(OptionError, match=f"{next(iter(options))}=.* Give a .*number"):
        make(**options)


def test_the_first_trials_at_a_rung_go_on():
    assert not judged(HalvingPruner(), oracle_with([0.0, 0.0]), [9.0, 9.0]).stop


finite = st.floats(-3, 3)
curves = st.lists(st.lists(finite | st.just(NAN), min_size=1, max_size=5), max_size=8)


@given(curves, st.lists(finite, min_size=1, max_size=5), st.sampled_from(["auto", "median", "halving"]))
def test_a_trial_that_is_better_than_all_others_is_never_pruned(others, curve, prune):
    oracle = oracle_with(*others)
    assert not judged(create_pruner(prune), oracle, [value - 10 for value in curve]).stop


@given(curves, st.lists(finite, min_size=2, max_size=5), st.sampled_from(["auto", "median", "halving"]))
def test_a_used_pruner_decides_as_a_new_one(others, curve, prune):
    oracle, used = Oracle(LOSS), create_pruner(prune)
    for other in others:
        add(oracle, other)
        used.judge(oracle.trials[oracle.start_order[-1]], 1, oracle)
    trial = running(oracle, curve)
    epoch = len(curve) - 1
    assert used.judge(trial, epoch, oracle) == create_pruner(prune).judge(trial, epoch, oracle)


def run_with_curves(oracle, n_trials, n_epochs=6):
    """Run trials whose curves follow from their values; return what was proposed and what was pruned."""
    proposed, pruned = [], {}
    for _ in range(n_trials):
        trial = oracle.create_trial("tuner0")
        if trial.status is not TrialStatus.RUNNING:
            break
        proposed.append(dict(trial.hyperparameters.values))
        level = trial.hyperparameters.values["x"]
        trial.n_epochs = n_epochs
        for epoch in range(n_epochs):
            if oracle.update_trial(trial.trial_id, {"val_loss": level + 1 / (epoch + 1)}, epoch).status != "RUNNING":
                break
        if trial.pruned:
            pruned[trial.trial_id] = trial.pruned
        trial.status = TrialStatus.COMPLETED
        oracle.end_trial(trial)
    return proposed, pruned


def searching(prune):
    hp = HyperParameters()
    hp.Float("x", 0.0, 2.0)
    return RandomSearchOracle("val_loss", max_trials=20, seed=3, hyperparameters=hp, prune=prune)


@pytest.mark.parametrize("prune", ["auto", "median", "halving"])
def test_pruning_does_not_change_what_random_search_proposes(prune):
    plain, none = run_with_curves(searching(None), 20)
    proposed, pruned = run_with_curves(searching(prune), 20)
    assert proposed == plain
    assert pruned
    assert not none


@pytest.mark.parametrize("n_before", [0, 1, 5, 9, 19])
@pytest.mark.parametrize("prune", ["auto", "median", "halving"])
def test_a_search_opened_again_prunes_as_one_never_stopped(prune, n_before):
    _, whole = run_with_curves(searching(prune), 20)
    begun = searching(prune)
    _, before = run_with_curves(begun, n_before)
    again = searching(prune)
    for trial in begun.trials.values():
        again.adopt_trial(Trial.from_state(trial.get_state()))
    _, after = run_with_curves(again, 20)
    assert before | after == whole


def test_a_pruned_trial_never_ranks_above_a_complete_one():
    oracle = searching("auto")
    run_with_curves(oracle, 20)
    ranks = [trial.pruned is not None for trial in oracle.get_best_trials(20)]
    assert ranks == sorted(ranks)
    assert any(ranks)
