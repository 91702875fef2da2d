"""Facts about Optuna's samplers as an oracle."""

import sys
from typing import ClassVar

import pytest

from kt_notebook.core.errors import MissingPackageError, OptionError
from kt_notebook.core.objective import Objective
from kt_notebook.core.parameter import Choice, Float, Int
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import TrialStatus
from kt_notebook.oracles.optuna_sampler import OptunaOracle
from kt_notebook.oracles.optuna_study import ATTRIBUTES, History, make_study
from tests.oracles.contract import OracleContract, finish, network, run, space_of, twelve
from tests.oracles.plays import Play, reopened
from tests.oracles.spaces import own

optuna = pytest.importorskip("optuna", reason="the extra `optuna` is not installed")
TPESampler, NSGAIISampler, QMCSampler = (
    optuna.samplers.TPESampler,
    optuna.samplers.NSGAIISampler,
    optuna.samplers.QMCSampler,
)


class TestOptuna(OracleContract):
    oracle: ClassVar = OptunaOracle
    effort: ClassVar = 0.2


def study_of(oracle):
    return make_study(oracle, TPESampler(seed=0), History())


def oracle_of(sampler=None, space=network, **more):
    arguments = {"objective": "val_loss", "max_trials": 100, "seed": 0, "hyperparameters": space_of(space)} | more
    return OptunaOracle(sampler, **arguments)


def test_optuna_that_is_not_installed_is_named_with_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna.samplers", None)
    with pytest.raises(MissingPackageError, match=r'pip install "kt-notebook\[optuna\]"'):
        OptunaOracle()


def test_what_is_no_sampler_is_refused():
    with pytest.raises(OptionError, match="sampler='tpe' is no sampler"):
        OptunaOracle("tpe")


@pytest.mark.parametrize("sampler", [TPESampler(seed=5), TPESampler, lambda seed: TPESampler(seed=seed)])
def test_a_sampler_a_class_and_a_function_of_a_seed_are_one(sampler):
    assert run(oracle_of(sampler), 14) == run(oracle_of(), 14)


@pytest.mark.parametrize("sampler", [NSGAIISampler(population_size=4), TPESampler(multivariate=False)])
def test_a_sampler_goes_on_after_a_resume_as_if_never_stopped(sampler):
    begun = Play(oracle_of(sampler))
    begun.moves([(0, "done"), (1, "epoch"), (1, "done"), (0, "done")] * 8)
    again = reopened(begun, oracle_of(sampler))
    rest = [(0, "done"), (1, "done"), (1, "done"), (0, "done")] * 4
    n_before = len(begun.proposals)
    assert again.moves(rest) == begun.moves(rest)[n_before:]


def test_what_a_sampler_notes_at_its_trials_is_there_again():
    oracle = oracle_of(NSGAIISampler(population_size=3))
    notes = [row[ATTRIBUTES][0] for row in run(oracle, 9)]
    assert [next(note for name, note in noted.items() if name.endswith(":generation")) for noted in notes] == [
        0,
        0,
        0,
        1,
        1,
        1,
        2,
        2,
        2,
    ]


def test_what_the_default_sampler_notes_is_not_kept():
    assert all(own(row) == row for row in run(oracle_of(), 14))


def test_a_sampler_that_counts_at_the_study_counts_on():
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        oracle = oracle_of(QMCSampler(scramble=False), lambda hp: hp.Float("x", 0, 1))
    assert [row["x"] for row in run(oracle, 5)][1:] == [0.0, 0.5, 0.75, 0.25]


def test_the_sampler_learns():
    def declare(hp):
        hp.Float("x", 1e-3, 1e3, sampling="log")
        hp.Float("y", 1, 100, sampling="reverse_log")

    oracle = oracle_of(None, declare)
    losses = []
    for _ in range(40):
        trial = oracle.create_trial("tuner0")
        x, y = trial.hyperparameters["x"], trial.hyperparameters["y"]
        losses.append(abs(x - 1) / (x + 1) + abs(y - 90) / 100)
        oracle.update_trial(trial.trial_id, {"val_loss": losses[-1]})
        trial.status = TrialStatus.COMPLETED
        oracle.end_trial(trial)
    assert sorted(losses[20:])[10] < sorted(losses[:10])[3]


def test_a_running_trial_is_told_as_running_and_a_failed_one_as_failed():
    play = Play(oracle_of())
    play.moves([(0, "done"), (0, "fail"), (0, "done"), (0, "nan"), (0, "done"), (0, "done"), (1, "done"), (2, "done")])
    assert [trial.state.name for trial in study_of(play.oracle).trials] == [
        "FAIL", "FAIL", "COMPLETE", "RUNNING", "RUNNING",
    ]  # fmt: skip


def test_a_pruned_trial_is_told_with_its_curve():
    play = Play(oracle_of(objective=Objective("val_loss", "max")))
    play.moves([(0, "done"), (0, "epoch"), (0, "epoch"), (0, "prune")])
    (trial,) = study_of(play.oracle).trials
    curve = play.oracle.trials[play.proposals[0][0]].curve
    assert trial.state.name == "PRUNED"
    assert trial.intermediate_values == {epoch: -value for epoch, value in curve.items()}


def test_several_objectives_are_told_as_losses_each():
    oracle = oracle_of(objective=["val_loss", "val_accuracy"])
    Play(oracle, metrics=lambda loss: {"val_loss": loss, "val_accuracy": 0.25}).moves([(0, "done")] * 2)
    study = study_of(oracle)
    assert [direction.name for direction in study.directions] == ["MINIMIZE", "MINIMIZE"]
    assert study.trials[0].values[1] == -0.25


def test_hyperparameters_are_places_on_their_scales():
    def declare(hp):
        hp.Choice("act", ["relu", "tanh"])
        hp.Choice("width", [8, 16, 32])
        hp.Int("n", 1, 9, step=2)
        hp.Int("units", 1, 512, sampling="log")
        hp.Fixed("batch", 32)

    oracle = oracle_of(space=declare)
    finish(oracle, oracle.create_trial("tuner0"))
    (trial,) = study_of(oracle).trials
    distributions = optuna.distributions
    assert trial.distributions == {
        "act": distributions.CategoricalDistribution((0, 1)),
        "width": distributions.IntDistribution(0, 2),
        "n": distributions.IntDistribution(0, 4),
        "units": distributions.FloatDistribution(0.0, 1.0),
    }


def test_entries_of_one_name_are_told_apart():
    def declare(hp):
        hp.Choice("model", ["a", "b"])
        with hp.conditional_scope("model", "a"):
            hp.Int("n", 1, 3)
        with hp.conditional_scope("model", "b"):
            hp.Int("n", 100, 900, step=100)

    oracle = oracle_of(space=declare)
    assert len(run(oracle)) == 12
    assert {name for trial in study_of(oracle).trials for name in trial.params} == {"model", "n", "n #2"}


def test_values_outside_a_narrowed_range_are_left_out():
    oracle = oracle_of(space=lambda hp: hp.Int("n", 1, 9))
    run(oracle, 9)
    oracle.hyperparameters.merge([Int("n", 1, 3), Choice("c", [1, 2])])
    assert sum("n" in trial.params for trial in study_of(oracle).trials) == 3


def test_optunas_own_log_level_stays_as_it_was(capfd):
    before = optuna.logging.get_verbosity()
    run(oracle_of(), 3)
    assert optuna.logging.get_verbosity() == before
    assert "study" not in capfd.readouterr().err


def test_the_twelfth_of_a_dull_sampler_is_still_new():
    class Dull(optuna.samplers.BaseSampler):
        def infer_relative_search_space(self, study, trial):
            return {}

        def sample_relative(self, study, trial, search_space):
            return {}

        def sample_independent(self, study, trial, param_name, param_distribution):
            return param_distribution.to_external_repr(0)

    oracle = oracle_of(Dull(), twelve)
    assert len(run(oracle)) == 12


def test_hyperparameters_that_nobody_declared_yet_are_searched_once_they_are():
    oracle = OptunaOracle(objective="val_loss", max_trials=20, seed=1)
    rows = run(oracle, declare=lambda hp: hp.merge([Float("x", 0, 1)], overwrite=False))
    assert isinstance(oracle.get_space(), HyperParameters)
    assert len({row.get("x") for row in rows}) == 20
