"""A trial: its status, its state, its files."""

import json
import math

import pytest

from kt_notebook.core.errors import StorageError
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus


def test_a_status_that_is_set_as_text_is_the_status():
    trial = Trial(HyperParameters())
    trial.status = "COMPLETED"
    assert trial.status is TrialStatus.COMPLETED


def test_a_status_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="'DONE' is not a valid TrialStatus"):
        Trial(HyperParameters()).status = "DONE"


def ended():
    hp = HyperParameters()
    hp.Float("x", 0, 1)
    hp.Choice("shape", [(1, 3), (1, 5)])
    hp.Fixed("name", "NaN")
    trial = Trial(hp, "07", TrialStatus.COMPLETED, "a message")
    trial.metrics.register("score2", "max")
    trial.metrics.update("score2", 0.5, 2)
    trial.metrics.update("loss", math.inf, 2)
    trial.score, trial.best_step, trial.seed, trial.n_epochs = 0.5, 2, 11, 4
    trial.pruned, trial.curve = {"epoch": 2, "reason": "slow"}, {0: 0.25, 2: 0.5}
    return trial


def test_a_trial_is_loaded_as_it_was_saved(tmp_path):
    trial = ended()
    text = trial.save(tmp_path / "trial.json")

    again = Trial.load(str(tmp_path / "trial.json"))
    assert again.get_state() == trial.get_state()
    assert again.hyperparameters.values == {"x": 0.0, "shape": (1, 3), "name": "NaN"}
    assert json.loads(text) == json.loads((tmp_path / "trial.json").read_text())


def test_a_trial_takes_over_a_file(tmp_path):
    ended().save(tmp_path / "trial.json")
    other = Trial(HyperParameters())
    other.reload(tmp_path / "trial.json")
    assert other.get_state() == ended().get_state()


def test_a_trial_of_a_subclass_is_loaded_as_one(tmp_path):
    class Own(Trial):
        pass

    ended().save(tmp_path / "trial.json")
    assert type(Own.load(tmp_path / "trial.json")) is Own


def test_a_trial_file_of_kerastuner_is_loaded(tmp_path):
    # as KerasTuner 1.4.8 writes it, with a bare NaN
    text = """{"trial_id": "2", "hyperparameters": {"space": [{"class_name": "Float", "config": {"name": "x", "default":
        -1.0, "conditions": [], "min_value": -1.0, "max_value": 1.0, "step": null, "sampling": "linear"}}],
        "values": {"x": 0.586680167523326}}, "metrics": {"metrics": {"default_objective": {"direction": "min",
        "observations": [{"value": [NaN], "step": 0}]}}}, "score": NaN, "best_step": null, "status": "FAILED",
        "message": null}"""
    (tmp_path / "trial.json").write_text(text)
    trial = Trial.load(tmp_path / "trial.json")
    assert (trial.trial_id, trial.status, trial.best_step, trial.seed) == ("2", TrialStatus.FAILED, None, 0)
    assert math.isnan(trial.score)
    assert math.isnan(trial.metrics.get_last_value("default_objective"))
    assert trial.hyperparameters.get("x") == 0.586680167523326


def test_a_file_without_a_trial_is_refused_by_name(tmp_path):
    with pytest.raises(StorageError, match=r"trial\.json' is missing"):
        Trial.load(tmp_path / "trial.json")
    (tmp_path / "trial.json").write_text('{"trial_id": "1"}')
    with pytest.raises(StorageError, match=r"trial\.json' holds no trial: 'hyperparameters' is missing"):
        Trial.load(tmp_path / "trial.json")


def test_a_summary_is_kerastuners_text(capsys):
    ended().summary()
    assert capsys.readouterr().out.splitlines() == [
        "Trial 07 summary", "Hyperparameters:", "x: 0.0", "shape: (1, 3)", "name: NaN", "Score: 0.5", "a message",
    ]  # fmt: skip
