"""KerasTuner's faults where Keras models are trained, each with what happens here; numbers are its issues."""

import importlib.metadata
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import kt_notebook as kt
from kt_notebook.core.commands import StopTrial
from tests.training.keras_models import VALIDATION, X, Y, model


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


def build(hp):
    return model(hp.Int("units", 2, 8))


def tuner_of(objective="val_loss", **options):
    return kt.RandomSearch(build, objective, **{"max_trials": 2, "seed": 1} | options)


def epochs_of(tuner):
    """Return, for each trial, execution, epoch and metrics of each epoch that the project holds."""
    return {
        trial_id: [(epoch.execution, epoch.epoch, epoch.metrics) for epoch in trial.epochs]
        for trial_id, trial in tuner.hub.record.trials.items()
    }


def n_epochs(tuner):
    return [len(epochs) for epochs in epochs_of(tuner).values()]


# What an installation needs.


def test_trackers_are_extras():
    """Fault: `pip install tensorflow keras-tuner` leaves every Keras trial failing: tensorboard is imported."""
    needed = [name for name in importlib.metadata.requires("kt-notebook") if "extra ==" not in name]
    assert any(name.startswith("tensorflow") for name in needed)
    assert not [name for name in needed if name.startswith(("tensorboard", "wandb", "mlflow", "optuna"))]


@pytest.mark.keras
def test_keras_trials_work_without_tensorboard(monkeypatch):
    """Fault: with `pip install tensorflow keras-tuner` every Keras trial fails: tensorboard is imported."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # Importing it is a ModuleNotFoundError.

    tuner = tuner_of()
    tuner.search(X, Y, validation_data=VALIDATION, verbose=0)
    assert list(tuner.results.status) == ["COMPLETED"] * 2
    assert tuner.get_best_models()[0].predict(X, verbose=0).shape == (len(X), 1)


# The objective.


@pytest.mark.keras
@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ("val_acc", r"'val_acc'.*accuracy, loss, val_accuracy, val_loss\. Did you mean 'val_accuracy'"),
        (kt.Objective("val_f1", "max"), r"'val_f1'.*accuracy, loss, val_accuracy, val_loss"),
    ],
    ids=["near", "far"],
)
def test_a_wrong_objective_is_found_at_the_end_of_the_first_epoch(objective, said):
    """Fault: a wrong objective name is found after three whole trainings."""
    import keras

    ended = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ended.append(epoch))
    tuner = tuner_of(objective, max_trials=10)
    with pytest.raises(ValueError, match=said):
        tuner.search(X, Y, validation_data=VALIDATION, epochs=20, callbacks=[callback], verbose=0)

    assert ended == [0]
    assert len(tuner.results) == 1


# What is kept of a trial.


@pytest.mark.keras
def test_every_epoch_of_every_execution_is_kept():
    """Fault: only one epoch's metrics and no execution's own score are kept [236, 271, 702, 1022]."""
    histories = []

    class Watched(kt.HyperModel):
        def build(self, hp):
            return build(hp)

        def fit(self, hp, model, *args, **kwargs):
            history = model.fit(*args, **kwargs)
            histories.append(history.history)
            return history

    def made():
        return kt.RandomSearch(Watched(), "val_loss", max_trials=2, seed=1, executions_per_trial=2)

    made().search(X, Y, validation_data=VALIDATION, epochs=3, verbose=0)

    # As a tuner made later finds it in the project.
    tuner = made()
    kept = epochs_of(tuner)
    assert [(execution, epoch) for execution, epoch, _ in kept["0"]] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    for number, history in enumerate(histories):
        trial_id, execution = str(number // 2), number % 2
        own = [metrics for of, _, metrics in kept[trial_id] if of == execution]
        assert own[0].keys() == history.keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
        for name, values in history.items():
            assert [metrics[name] for metrics in own] == pytest.approx(values)
    # The trial's score is the mean of the executions' own ones.
    for number, trial_id in enumerate("01"):
        best = [min(history["val_loss"]) for history in histories[2 * number : 2 * number + 2]]
        assert best[0] != best[1]
        assert tuner.oracle.get_trial(trial_id).score == pytest.approx(np.mean(best))


# One trial.


@pytest.mark.keras
def test_one_keras_trial_may_be_skipped():
    """Fault: one trial cannot be skipped [279]."""
    import keras

    def skip_the_first(epoch, logs):
        if len(tuner.oracle.trials) == 1 and epoch == 1:
            tuner.session.post(StopTrial(trial_id="0"))

    def n_planned(hp):
        return 300 if len(tuner.oracle.trials) == 1 else 3

    tuner = tuner_of()
    callback = keras.callbacks.LambdaCallback(on_epoch_end=skip_the_first)
    tuner.search(X, Y, validation_data=VALIDATION, epochs=n_planned, callbacks=lambda: callback, verbose=0)

    assert list(tuner.results.sort_index().status) == ["STOPPED", "COMPLETED"]
    first, second = n_epochs(tuner)
    assert 2 <= first < 300
    assert second == 3
    # What it has reached is its result.
    reached = min(metrics["val_loss"] for _, _, metrics in epochs_of(tuner)["0"])
    assert tuner.oracle.get_trial("0").score == pytest.approx(reached)


# Callbacks.


def uncopyable():
    """Return a callback that holds a lock and an open file, and remembers what it sees of a training."""
    import keras

    class Holding(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.lock, self.seen = threading.Lock(), []
            self.file = Path("log.txt").open("a", encoding="utf-8")  # noqa: SIM115 - it is held on purpose

        def on_epoch_end(self, epoch, logs=None):
            with self.lock:
                self.seen.append(epoch)
                self.file.write(f"{len(self.seen)} ")

    return Holding()


@pytest.mark.keras
def test_a_callback_that_cannot_be_copied_is_set_back_and_used_in_every_trial(capsys):
    """Fault: callbacks are deep-copied: one that holds a lock, a file or a progress bar is fatal [392]."""
    callback = uncopyable()
    tuner = tuner_of()
    tuner.search(X, Y, validation_data=VALIDATION, epochs=2, callbacks=[callback])
    callback.file.close()

    assert list(tuner.results.status) == ["COMPLETED"] * 2
    # Counted anew in each trial: nothing of one is carried into the next.
    assert Path("log.txt").read_text() == "1 2 1 2 "
    assert "The callback Holding cannot be copied" in capsys.readouterr().out


@pytest.mark.keras
def test_a_callback_may_be_given_as_a_factory():
    """Fault: callbacks are deep-copied: one that holds a lock, a file or a progress bar is fatal [392]."""
    made = []

    def factory():
        made.append(uncopyable())
        return made[-1]

    tuner = tuner_of()
    tuner.search(X, Y, validation_data=VALIDATION, epochs=2, callbacks=[factory], verbose=0)
    for callback in made:
        callback.file.close()

    assert list(tuner.results.status) == ["COMPLETED"] * 2
    assert [callback.seen for callback in made] == [[0, 1], [0, 1]]


# Arguments of fit.


@pytest.mark.keras
@pytest.mark.parametrize("splitter", ["an integer", "KFold"])
def test_keras_models_are_cross_validated(splitter):
    """Fault: cross-validation only for sklearn [420, 122]."""
    cv = 3 if splitter == "an integer" else pytest.importorskip("sklearn.model_selection").KFold(3)
    tuner = tuner_of(max_trials=1)
    tuner.search(X, Y, cv=cv, epochs=2, verbose=0)

    (epochs,) = epochs_of(tuner).values()
    assert [(fold, epoch) for fold, epoch, _ in epochs] == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
    best = [min(metrics["val_loss"] for fold, _, metrics in epochs if fold == number) for number in range(3)]
    assert len(set(best)) == 3
    assert tuner.best.score == pytest.approx(np.mean(best))


@pytest.mark.keras
def test_arguments_of_fit_are_tuned_without_a_hypermodel():
    """Fault: `batch_size` and `epochs` are not tunable without a HyperModel [122]."""
    import keras

    seen = []
    callback = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: seen.append(callback.params))
    tuner = kt.GridSearch(lambda hp: model(2), "val_loss", seed=1)
    tuner.search(
        X,
        Y,
        validation_data=VALIDATION,
        batch_size=lambda hp: hp.Choice("batch_size", [16, 32]),
        epochs=lambda hp: hp.Int("epochs", 1, 2),
        callbacks=lambda: callback,
        verbose=0,
    )

    combinations = [(16, 1), (16, 2), (32, 1), (32, 2)]
    ran = [trial.hyperparameters.values for trial in tuner.oracle.trials.values()]
    assert [(values["batch_size"], values["epochs"]) for values in ran] == combinations
    assert [(params["steps"], params["epochs"]) for params in seen] == [(64 // size, n) for size, n in combinations]
    assert n_epochs(tuner) == [n for _, n in combinations]
