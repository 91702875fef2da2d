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
