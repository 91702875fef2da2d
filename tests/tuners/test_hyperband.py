"""Facts about whole Hyperband searches: with plain numbers, with Keras, cut and gone on with."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import kt_notebook as kt
from kt_notebook.core.errors import FatalRuntimeError, OptionError


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trained(hp):
    """A training in a loop of its own: better values and more epochs are better."""
    return hp.Float("x", 0, 1) + 1 / hp.get("tuner/epochs")


def hyperband(project="p", hypermodel=trained, **more):
    return kt.Hyperband(
        hypermodel, **{"objective": "loss:min", "max_epochs": 9, "seed": 1, "project_name": project} | more
    )


def test_the_arguments_are_kerastuners_and_ours_come_after():
    import inspect

    names = list(inspect.signature(kt.Hyperband).parameters)
    assert names[:11] == [
        "hypermodel", "objective", "max_epochs", "factor", "hyperband_iterations", "seed", "hyperparameters",
        "tune_new_entries", "allow_new_entries", "max_retries_per_trial", "max_consecutive_failed_trials",
    ]  # fmt: skip


def test_a_search_with_a_space_that_only_trials_declare_runs_all_brackets(here):
    tuner = hyperband()
    tuner.search(verbose=0)
    assert len(tuner.results) == 22
    assert tuner.remaining_trials == 0
    assert tuner.session.state == "finished"


def test_what_hyperband_notes_is_no_hyperparameter_in_tables(here):
    tuner = hyperband()
    tuner.search(verbose=0)
    assert [name for name in tuner.results.columns if "/" in name] == []
    assert set(tuner.best) == {"x"}
    assert "tuner/" not in tuner.results.to_html()
    assert "tuner/epochs" in tuner.get_best_hyperparameters()[0].values  # as in KerasTuner


def test_the_table_says_which_trial_another_one_continues(here):
    tuner = hyperband()
    tuner.search(verbose=0)
    continued = tuner.results["continues"].dropna()
    assert len(continued) == 5
    for number, before in continued.items():
        assert tuner.results.x[number] == tuner.results.x[before]


def test_a_search_that_is_made_again_goes_on_between_rungs(here):
    hyperband("whole").search(verbose=0)
    whole = hyperband("whole")
    for n_trials in (5, 10, 13, 22):
        hyperband(max_trials=n_trials).search(verbose=0)
    again = hyperband()
    assert again.results[["x", "loss"]].equals(whole.results[["x", "loss"]])


def test_other_epochs_for_the_same_project_are_refused(here):
    hyperband(max_trials=3).search(verbose=0)
    with pytest.raises(OptionError, match="max_epochs=27 and factor=3 do not give"):
        hyperband(max_epochs=27)


def test_a_trial_that_cannot_be_told_its_epochs_ends_the_search(here):
    tuner = hyperband(hypermodel=lambda hp: hp.Float("x", 0, 1))
    with pytest.raises(FatalRuntimeError, match="Return the compiled model"):
        tuner.search(verbose=0)
    assert len(tuner.results) == 1


def build(hp):
    import keras

    units = hp.Int("units", 2, 8)
    rate = hp.Float("rate", 1e-3, 1e-1, sampling="log")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(rate), "mse", run_eagerly=True)
    return model


@pytest.mark.keras
def test_a_keras_search_continues_its_best_and_loads_the_best_model(here):
    from tests.training.keras_models import X, Y

    tuner = hyperband(hypermodel=build, objective="val_loss", max_epochs=4, factor=2)
    tuner.search(X, Y, validation_data=(X[:16], Y[:16]), verbose=0)
    assert len(tuner.results) == 4 + 2 + 1 + 3 + 1 + 3
    assert [note["code"] for note in tuner.hub.record.search["notes"]] == ["hyperband_plan"]
    for trial in tuner.oracle.trials.values():
        values = trial.hyperparameters.values
        assert list(trial.curve) == list(range(values["tuner/initial_epoch"], values["tuner/epochs"]))
    assert not list(here.rglob("last_epoch*"))
    best = tuner.oracle.get_best_trials()[0]
    loss = tuner.get_best_models()[0].evaluate(X[:16], Y[:16], verbose=0)
    assert loss == pytest.approx(best.score, rel=1e-5)


@pytest.mark.keras
def test_a_search_that_was_killed_between_rungs_goes_on_with_the_weights_on_disk(here):
    """The process is killed in the first epoch of the first trial of the second rung."""
    script = textwrap.dedent("""
        import os, signal, sys
        import keras
        sys.path.insert(0, sys.argv[1])
        from tests.tuners.test_hyperband import build, hyperband
        from tests.training.keras_models import X, Y

        class Killer(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                if epoch == 1:
                    os.kill(os.getpid(), signal.SIGKILL)

        tuner = hyperband(hypermodel=build, objective="loss", max_epochs=4, factor=2)
        tuner.search(X, Y, shuffle=False, verbose=0, callbacks=[Killer])
    """)
    root = str(Path(__file__).parents[2])
    ended = subprocess.run(
        [sys.executable, "-c", script, root], cwd=here, env={**os.environ}, capture_output=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()

    from tests.training.keras_models import X, Y

    def search(project):
        tuner = hyperband(project, hypermodel=build, objective="loss", max_epochs=4, factor=2)
        tuner.search(X, Y, shuffle=False, verbose=0)
        return tuner

    killed, whole = search("p"), search("whole")
    assert [note["code"] for note in killed.hub.record.search["notes"] if note["code"] == "trained_anew"] == []
    assert [t.score for t in killed.oracle.trials.values()] == pytest.approx(
        [t.score for t in whole.oracle.trials.values()], rel=1e-6
    )


def test_a_search_tells_its_plan_when_it_begins(here, capsys):
    hyperband().search()
    assert "Hyperband: up to 9 epochs a trial, 3 brackets, 22 trials\n" in capsys.readouterr().out


def test_the_space_of_a_loop_of_its_own_is_summarised_before_the_search(here, capsys):
    tuner = hyperband()
    tuner.search_space_summary()
    assert "x (Float)" in capsys.readouterr().out
    assert [entry.name for entry in tuner.oracle.get_space().space] == ["x"]


@pytest.mark.keras
def test_states_of_trials_whose_continuation_failed_go_when_the_search_ends(here):
    from tests.training.keras_models import X, Y

    def fails_on_the_second_rung(hp):
        if hp.get("tuner/round") == 1:
            raise RuntimeError("no")
        return build(hp)

    tuner = hyperband(hypermodel=fails_on_the_second_rung, objective="loss", max_epochs=4, factor=2)
    tuner.search(X, Y, verbose=0)
    assert "FAILED" in set(tuner.results.status)
    assert not list(here.rglob("*last_epoch*"))
