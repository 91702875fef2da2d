"""Facts about tuners over Keras models: own `run_trial`, hooks of fits, overrides, folds, arguments from hp."""

import threading

import numpy as np
import pytest

import kt_notebook as kt
from kt_notebook.core.errors import FatalRuntimeError, FatalValueError
from kt_notebook.search.executors import ThreadExecutor
from tests.training.keras_models import X, Y

pytestmark = pytest.mark.keras


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


def build(hp):
    import keras

    model = keras.Sequential([keras.layers.Dense(hp.Int("units", 2, 8)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
    return model


def build_only(hp):
    import keras

    return keras.Sequential([keras.layers.Dense(hp.Int("units", 2, 8)), keras.layers.Dense(1)])


VALIDATION = (X[:8], Y[:8])


def test_super_run_trial_takes_arguments_that_the_trial_chooses():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            kwargs["batch_size"] = trial.hyperparameters.Choice("batch_size", [4, 8])
            kwargs["epochs"] = trial.hyperparameters.Int("epochs", 1, 3)
            return super().run_trial(trial, *args, **kwargs)

    tuner = Own(build, "val_loss", max_trials=3, seed=2)
    tuner.search(X, Y, validation_data=VALIDATION, verbose=0)

    for trial in tuner.oracle.trials.values():
        epochs = tuner.hub.record.trials[trial.trial_id].epochs
        assert len(epochs) == trial.hyperparameters.get("epochs")
        assert trial.score == min(epoch.metrics["val_loss"] for epoch in epochs)
    assert tuner.get_best_models()[0].predict(X, verbose=0).shape == (len(X), 1)


def touching_batches():
    import keras

    class Touching(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            """Do nothing; that it is there is what counts."""

    return [Touching()]


def fits_of(tuner):
    return [fit for trial in tuner.hub.record.trials.values() for fit in trial.fits]


def test_each_fit_tells_how_it_ran_and_why_not_faster():
    tuner = kt.RandomSearch(build, "val_loss", max_trials=1, seed=2, executions_per_trial=2)
    tuner.search(X, Y, validation_data=VALIDATION, callbacks=touching_batches(), verbose=0)

    assert [(fit.execution, fit.stage, fit.path) for fit in fits_of(tuner)] == [(0, 0, "plain"), (1, 0, "plain")]
    assert all("Touching" in (fit.reason or "") for fit in fits_of(tuner))


def test_fits_are_keras_own_where_that_is_asked_for():
    tuner = kt.RandomSearch(build, "val_loss", max_trials=2, seed=2)
    tuner.search(X, Y, validation_data=VALIDATION, verbose=0, fit="plain")

    assert [fit.path for fit in fits_of(tuner)] == ["plain", "plain"]


def test_a_fit_that_cannot_be_fused_as_asked_for_says_why_before_it_trains():
    tuner = kt.RandomSearch(build, "val_loss", max_trials=2, seed=2)
    with pytest.raises(FatalValueError, match="cannot be fused: the callback Touching"):
        tuner.search(X, Y, validation_data=VALIDATION, callbacks=touching_batches(), verbose=0, fit="fused")

    assert [trial.epochs for trial in tuner.hub.record.trials.values()] == [[]]


def executions_of(tuner):
    return [(epoch.execution, epoch.epoch) for epoch in tuner.hub.record.trials["0"].epochs]


def loss_of_best_model(tuner):
    return tuner.get_best_models()[0].evaluate(*VALIDATION, verbose=0)[0]


def test_of_two_trainings_the_last_one_counts_and_its_model_is_kept():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            super().run_trial(trial, *args, epochs=3, **kwargs)  # A long warm-up that does not count.
            return super().run_trial(trial, *args, epochs=1, **kwargs)

    tuner = Own(build, "val_loss", max_trials=1, seed=2)
    tuner.search(X, Y, validation_data=VALIDATION, verbose=0)

    first = min(epoch.metrics["val_loss"] for epoch in tuner.hub.record.trials["0"].epochs[:3])
    assert loss_of_best_model(tuner) == pytest.approx(tuner.best.score)
    assert first < tuner.best.score
    assert executions_of(tuner) == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert len(tuner.oracle.trials["0"].curve) == 3


def test_each_training_of_a_trial_has_seeds_and_files_of_its_own(tmp_path):
    import keras

    class Own(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            return [history for _ in range(2) for history in super(Own, self).run_trial(trial, *args, **kwargs)]

    tuner = Own(build, "loss", max_trials=1, executions_per_trial=2)
    tuner.search(X, Y, verbose=0, callbacks=[keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))])

    epochs = tuner.hub.record.trials["0"].epochs
    assert executions_of(tuner) == [(number, 0) for number in range(4)]
    assert len({epoch.metrics["loss"] for epoch in epochs}) == 4
    assert tuner.best.score == pytest.approx(np.mean([epoch.metrics["loss"] for epoch in epochs]))
    assert len(list(tmp_path.glob("log.trial_0.execution_*.csv"))) == 4


def test_what_run_trial_fits_itself_is_an_execution_beside_those_of_super():
    class Own(kt.RandomSearch):
        own_comes_first = True

        def run_trial(self, trial, *args, **kwargs):
            fits = [self.own_fit, super().run_trial]
            return [fit(trial, *args, **kwargs) for fit in (fits if self.own_comes_first else fits[::-1])][-1]

        def own_fit(self, trial, *args, **kwargs):
            hp = trial.hyperparameters
            return self.hypermodel.fit(hp, self.hypermodel.build(hp), *args, **kwargs)

    for own_comes_first in (True, False):
        tuner = Own(build, "val_loss", max_trials=1, seed=2, project_name=str(own_comes_first))
        tuner.own_comes_first = own_comes_first
        tuner.search(X, Y, epochs=2, validation_data=VALIDATION, verbose=0)

        assert executions_of(tuner) == [(0, 0), (0, 1), (1, 0), (1, 1)]
        assert loss_of_best_model(tuner) == pytest.approx(tuner.best.score)


def test_a_training_that_failed_and_was_caught_leaves_the_next_one_its_place():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            try:
                return super().run_trial(trial, *args, callbacks=[lambda: failing], **kwargs)
            except MemoryError:
                return super().run_trial(trial, *args, **kwargs)

    import keras

    failing = keras.callbacks.LambdaCallback(on_epoch_end=fail_for_memory)
    tuner = Own(build, "val_loss", max_trials=1)
    tuner.search(X, Y, validation_data=VALIDATION, verbose=0)

    assert loss_of_best_model(tuner) == pytest.approx(tuner.best.score)


def fail_for_memory(epoch, logs):
    raise MemoryError


def test_of_several_trainings_that_return_nothing_the_last_is_meant():
    class Forgetful(kt.HyperModel):
        def build(self, hp):
            return build(hp)

        def fit(self, hp, model, *args, **kwargs):
            model.fit(*args, **kwargs)

    class Own(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            super().run_trial(trial, *args, **kwargs)
            return super().run_trial(trial, *args, **kwargs)

    tuner = Own(Forgetful(), "loss", max_trials=1, executions_per_trial=2)
    tuner.search(X, Y, verbose=0)

    losses = [epoch.metrics["loss"] for epoch in tuner.hub.record.trials["0"].epochs]
    assert tuner.best.score == pytest.approx(np.mean(losses[2:])) != pytest.approx(np.mean(losses[:2]))


def test_hyperband_goes_on_with_each_training_of_a_trial():
    class Own(kt.Hyperband):
        def run_trial(self, trial, *args, **kwargs):
            super().run_trial(trial, *args, **kwargs)
            return super().run_trial(trial, *args, **kwargs)

    tuner = Own(build, "loss", max_epochs=2, factor=2, seed=1)
    tuner.search(X, Y, verbose=0)

    gone_on = [trial for trial in tuner.oracle.trials.values() if trial.hyperparameters.get("tuner/initial_epoch")]
    assert gone_on
    for trial in gone_on:
        epochs = tuner.hub.record.trials[trial.trial_id].epochs
        assert [(epoch.execution, epoch.epoch) for epoch in epochs] == [(0, 1), (1, 1)]


def test_run_trial_as_keras_tuner_documents_it_reports_its_epochs():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            model = self.hypermodel.build(trial.hyperparameters)
            return self.hypermodel.fit(trial.hyperparameters, model, *args, **kwargs)

    tuner = Own(build, "val_loss", max_trials=2, seed=2)
    tuner.search(X, Y, epochs=2, validation_data=VALIDATION, verbose=0)

    assert [len(trial.epochs) for trial in tuner.hub.record.trials.values()] == [2, 2]
    assert tuner.get_best_models()


def test_a_model_that_run_trial_saves_is_loaded():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, x, y, **kwargs):
            model = self.hypermodel.build(trial.hyperparameters)
            model.fit(x, y, verbose=0)
            self.save_model(trial.trial_id, model)
            self.kept = model.predict(x, verbose=0)
            return {"val_loss": float(model.evaluate(x, y, verbose=0)[0])}

    tuner = Own(build, "val_loss", max_trials=1)
    tuner.search(X, Y, verbose=0)

    np.testing.assert_array_equal(tuner.get_best_models()[0].predict(X, verbose=0), tuner.kept)


def test_hooks_of_epochs_and_batches_see_the_trial_and_its_model():
    told = []

    class Own(kt.RandomSearch):
        def on_trial_begin(self, trial):
            self.trial = trial

        def on_epoch_begin(self, trial, model, epoch, logs=None):
            assert trial is self.trial
            told.append(("epoch begins", epoch))

        def on_epoch_end(self, trial, model, epoch, logs=None):
            told.append(("epoch ends", sorted(logs), model.built))

        def on_batch_begin(self, trial, model, batch, logs):
            told.append(("batch begins", batch))

        def on_batch_end(self, trial, model, batch, logs=None):
            told.append(("batch ends", batch, "loss" in logs))

    Own(build, "loss", max_trials=1).search(X[:8], Y[:8], batch_size=8, epochs=1, verbose=0)

    assert told == [
        ("epoch begins", 0),
        ("batch begins", 0),
        ("batch ends", 0, True),
        ("epoch ends", ["loss", "mae"], True),
    ]


def test_what_models_are_compiled_with_may_come_from_the_tuner():
    tuner = kt.RandomSearch(build_only, "val_mae", max_trials=2, optimizer="adam", loss="mse", metrics=["mae"])
    tuner.search(X, Y, validation_data=VALIDATION, verbose=0)

    model = tuner.get_best_models()[0]
    assert type(model.optimizer).__name__ == "Adam"
    assert "mae" in model.evaluate(X, Y, verbose=0, return_dict=True)


def test_a_model_that_is_too_large_fails_its_trial_only():
    def sized(hp):
        import keras

        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(hp.Choice("units", [2, 4, 500, 8]))])
        model.add(keras.layers.Dense(1))
        model.compile(loss="mse")
        return model

    tuner = kt.GridSearch(sized, "loss", max_model_size=100)
    tuner.search(X[:, :2], Y, verbose=0)

    by_units = {row.units: row.status for row in tuner.results.itertuples()}
    assert by_units == {2: "COMPLETED", 4: "COMPLETED", 8: "COMPLETED", 500: "FAILED"}


def test_a_fold_is_an_execution_and_the_score_their_mean():
    tuner = kt.RandomSearch(build, "val_loss", max_trials=1, seed=1)
    tuner.search(X, Y, cv=3, epochs=2, verbose=0)

    record = tuner.hub.record.trials["0"]
    best = [min(e.metrics["val_loss"] for e in record.epochs if e.execution == fold) for fold in range(3)]
    assert tuner.best.score == pytest.approx(np.mean(best))


def test_folds_hold_for_arguments_that_run_trial_changes():
    seen = []

    class Own(kt.RandomSearch):
        def run_trial(self, trial, x, y, **kwargs):
            return super().run_trial(trial, x * 10, y, batch_size=4, **kwargs)

    class Model(kt.HyperModel):
        def build(self, hp):
            return build(hp)

        def fit(self, hp, model, x, y, **kwargs):
            seen.append((len(x), float(np.abs(x).max()) > 5, kwargs["batch_size"], len(kwargs["validation_data"][0])))
            return model.fit(x / 10, y, **kwargs)

    x, y = np.concatenate([X, X])[:30], np.concatenate([Y, Y])[:30]
    Own(Model(), "loss", max_trials=1).search(x, y, cv=3, verbose=0)

    assert seen == [(20, True, 4, 10)] * 3


def test_folds_without_super_run_trial_are_refused():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            return 1.0

    with pytest.raises(FatalRuntimeError, match="cv="):
        Own(max_trials=1).search(X, Y, cv=2, verbose=0)


def test_arguments_of_fit_may_come_from_hp():
    tuner = kt.RandomSearch(build, "loss", max_trials=4, seed=1)
    tuner.search(X, Y, epochs=lambda hp: hp.Int("epochs", 1, 3), batch_size=8, verbose=0)

    for trial in tuner.oracle.trials.values():
        assert len(tuner.hub.record.trials[trial.trial_id].epochs) == trial.hyperparameters.get("epochs")


def test_a_blocking_search_and_one_in_a_thread_train_alike():
    def scores(**kwargs):
        tuner = kt.RandomSearch(build, "val_loss", max_trials=2, seed=4, project_name=str(kwargs))
        tuner.search(X, Y, epochs=2, validation_data=VALIDATION, verbose=0, **kwargs)
        tuner.wait()
        return list(tuner.results.sort_index().val_loss)

    assert scores() == scores(block=False)


def test_a_baseline_that_no_accuracy_reaches_is_said_before_the_search(capsys):
    import keras

    stopping = keras.callbacks.EarlyStopping("val_accuracy", baseline=90)
    tuner = kt.RandomSearch(build, "val_loss", max_trials=1, metrics=["accuracy"])
    tuner.search(X, Y, validation_data=VALIDATION, callbacks=[stopping])

    out = capsys.readouterr().out
    assert "baseline=90" in out
    assert out.index("baseline=90") < out.index("trial 0")


def test_a_callback_that_trials_side_by_side_would_share_is_refused_before_the_first():
    import keras

    class Locked(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.lock = threading.Lock()

    tuner = kt.RandomSearch(build, "loss", max_trials=2)
    with pytest.raises(FatalValueError, match=r"Locked cannot be copied .*2 trials that run at a time"):
        tuner.open_session((X, Y), {"callbacks": [Locked()]}, executor=ThreadExecutor(2))
    tuner.search(X, Y, callbacks=[Locked()], verbose=0)
    assert len(tuner.results) == 2


def test_trials_that_are_all_too_large_are_all_tried_and_the_reason_is_raised():
    from kt_notebook.core.errors import FailedTrialError

    tuner = kt.RandomSearch(build, "loss", max_trials=5, max_model_size=1)
    with pytest.raises(FailedTrialError, match="max_model_size"):
        tuner.search(X, Y, verbose=0)
    assert len(tuner.results) == 5
