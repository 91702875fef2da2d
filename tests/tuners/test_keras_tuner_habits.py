"""Facts that programs for KerasTuner rely on: folders that are there, attributes of their own, values to read."""

from pathlib import Path

import pytest

import kt_notebook as kt


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


def test_a_trials_folder_and_the_projects_are_there_to_be_written_to():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            Path(self.get_trial_dir(trial.trial_id), "mine.txt").write_text("kept")
            return trial.hyperparameters.Float("x", 0, 1)

    tuner = Own(max_trials=2, project_name="p")
    Path(tuner.project_dir, "notes.txt").write_text("kept")
    tuner.search(verbose=0)

    assert sorted(path.name for path in Path("p").rglob("*.txt")) == ["mine.txt", "mine.txt", "notes.txt"]


@pytest.mark.parametrize("name", ["results", "best", "objective", "session", "hub", "pareto"])
def test_a_subclass_may_have_attributes_of_its_own_under_any_name_that_keras_tuner_leaves_free(name):
    class Own(kt.RandomSearch):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            setattr(self, name, [])

        def run_trial(self, trial, **kwargs):
            getattr(self, name).append(trial.trial_id)
            return trial.hyperparameters.Float("x", 0, 1)

    tuner = Own(max_trials=2)
    tuner.search(verbose=0)

    assert getattr(tuner, name) == ["0", "1"]
    assert len(tuner.get_best_hyperparameters(5)) == 2
    tuner.results_summary()


@pytest.mark.keras
def test_run_trial_reads_what_the_hypermodel_declares():
    class Model(kt.HyperModel):
        def build(self, hp):
            import keras

            model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(hp.Int("units", 2, 4))])
            model.compile(loss="mse")
            return model

    seen = []

    class Own(kt.RandomSearch):
        def on_trial_begin(self, trial):
            seen.append(trial.hyperparameters.get("units"))

        def run_trial(self, trial, **kwargs):
            return float(trial.hyperparameters["units"])

    tuner = Own(Model(), max_trials=3, seed=1)
    tuner.search(verbose=0)

    assert len(seen) == 3
    assert list(tuner.results.sort_index().units) == seen


def test_models_of_two_tuners_have_settings_of_their_own():
    class Own(kt.engine.base_tuner.BaseTuner):
        pass

    one, other = Own(kt.oracles.RandomSearchOracle()), Own(kt.oracles.RandomSearchOracle())
    one.model_settings.max_model_size = 5

    assert other.model_settings.max_model_size is None


@pytest.mark.keras
def test_a_loop_of_ones_own_that_calls_back_after_each_epoch_keeps_the_best_model():
    import keras
    import numpy as np

    x = np.linspace(-1, 1, 32, dtype="float32").reshape(-1, 1)
    kept = {}

    class Model(kt.HyperModel):
        def build(self, hp):
            model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
            model.compile(keras.optimizers.SGD(hp.Float("lr", 0.01, 0.1)), "mse")
            return model

        def fit(self, hp, model, x, y, callbacks=None, **kwargs):
            for callback in callbacks:
                callback.set_model(model)
            for epoch, told in enumerate([3.0, 1.0, 2.0]):
                model.train_on_batch(x, y)
                for callback in callbacks:
                    callback.on_epoch_end(epoch, logs={"my_metric": told})
                if told == 1.0:
                    kept[hp.get("lr")] = model.predict(x, verbose=0)
            return 1.0

    tuner = kt.RandomSearch(Model(), kt.Objective("my_metric", "min"), max_trials=2, seed=1)
    tuner.search(x, 2 * x, verbose=0)

    assert [len(trial.epochs) for trial in tuner.hub.record.trials.values()] == [3, 3]
    model = tuner.get_best_models()[0]
    np.testing.assert_array_equal(model.predict(x, verbose=0), kept[tuner.best["lr"]])


@pytest.mark.keras
def test_a_generator_without_end_is_read_on_by_all_trials(capsys):
    import keras
    import numpy as np

    def endless():
        while True:
            yield np.zeros((4, 1), "float32"), np.zeros((4, 1), "float32")

    def build(hp):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(hp.Int("units", 1, 4))])
        model.compile(loss="mse")
        return model

    tuner = kt.RandomSearch(build, "val_loss", max_trials=2)
    tuner.search(endless(), steps_per_epoch=2, validation_data=endless(), validation_steps=1, epochs=2, shuffle=False)

    assert len(tuner.results) == 2
    assert "All trials read on in one generator" in capsys.readouterr().out


@pytest.mark.keras
def test_each_epoch_is_printed_once(capsys):
    import keras
    import numpy as np

    def build(hp):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(hp.Int("units", 1, 4))])
        model.compile(loss="mse")
        return model

    zeros = np.zeros((4, 1), "float32")
    kt.RandomSearch(build, "loss", max_trials=1).search(zeros, zeros, epochs=2, verbose=2)

    out = capsys.readouterr().out
    assert [line.split()[2:4] for line in out.splitlines() if "epoch" in line.lower()] == [
        ["epoch", "1/2"],
        ["epoch", "2/2"],
    ]


def test_a_function_that_may_be_the_training_is_not_run_only_to_look():
    runs = []

    class Own(kt.RandomSearch):
        def on_trial_begin(self, trial):
            """Make the trials go through this class."""

    Own(lambda hp: runs.append(1) or hp.Float("x", 0, 1), max_trials=2).search(verbose=0)

    assert len(runs) == 2
