import json
import threading

import pytest

from kt_notebook.storage.keras_tuner_writer import KerasTunerWriter
from kt_notebook.storage.projects import Project

_LONG_S = 600.0  # longer than any test: whatever is written is written because it was asked for


def _trial(trial_id="0", score=0.5, **changes):
    return {
        "trial_id": trial_id,
        "hyperparameters": {"space": [], "values": {"x": int(trial_id)}},
        "metrics": {"metrics": {}},
        "score": score,
        "best_step": 0,
        "status": "COMPLETED",
        "message": None,
        **changes,
    }


def _read(project, name):
    return json.loads((project.path / name).read_text())


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "a [project]")


def test_everything_is_there_when_the_writer_is_closed(project):
    with KerasTunerWriter(project, print, every_s=_LONG_S) as writer:
        writer.put_tuner({})
        writer.put_trial(_trial())
        writer.put_build_config("0", {"input_shape": [None, 4]})
        writer.put_oracle({"start_order": ["0"]}, {"0": 0.0})

    names = sorted(str(path.relative_to(project.path)) for path in project.path.rglob("*.*"))
    assert names == ["oracle.json", "trial_0/build_config.json", "trial_0/trial.json", "tuner0.json"]
    assert list(_read(project, "oracle.json")["id_to_hash"]) == ["0"]
    assert _read(project, "trial_0/build_config.json") == {"input_shape": [None, 4]}


def test_only_the_newest_state_counts(project):
    with KerasTunerWriter(project, print, every_s=_LONG_S) as writer:
        for score in (3.0, 2.0, 1.0):
            writer.put_trial(_trial(score=score))
            writer.put_oracle({"seed": int(score)})
        assert writer.flush()

        assert _read(project, "trial_0/trial.json")["score"] == 1.0
        assert _read(project, "oracle.json")["seed"] == 1


def test_the_first_state_is_written_without_being_asked_for(project):
    is_made = threading.Event()

    class Noticed(dict):
        def items(self):
            is_made.set()
            return super().items()

    writer = KerasTunerWriter(project, print, every_s=_LONG_S)
    writer.put_trial(_trial(metrics={"metrics": Noticed()}))

    assert is_made.wait(10)
    writer.close()


def test_the_oracle_is_not_due_again_at_once(project):
    with KerasTunerWriter(project, print, every_s=_LONG_S) as writer:
        assert writer.is_oracle_due()
        writer.put_oracle({})
        assert not writer.is_oracle_due()
        assert writer.flush()
        assert not writer.is_oracle_due()


def test_trials_of_an_earlier_run_stay_in_the_oracles_hashes(project):
    with KerasTunerWriter(project, print, every_s=_LONG_S) as writer:
        writer.adopt({"0": {"x": 1}})
        writer.put_trial(_trial("1"))
        writer.put_oracle({})

    assert set(_read(project, "oracle.json")["id_to_hash"]) == {"0", "1"}


def test_a_disk_that_refuses_is_said_once_and_tried_again(project):
    said = []
    project.path.parent.joinpath(project.path.name).write_text("in the way")
    writer = KerasTunerWriter(project, said.append, every_s=_LONG_S)
    writer.put_trial(_trial())
    writer.put_oracle({})
    assert not writer.flush()
    assert not writer.flush()
    assert len(said) == 1
    assert "Could not write KerasTuner's file" in str(said[0])

    project.path.unlink()
    assert writer.close()
    assert _read(project, "oracle.json")["seed"] == 0
    assert _read(project, "trial_0/trial.json")["trial_id"] == "0"


def test_no_oracle_is_written_before_its_trials(project):
    project.create()
    project.trial_dir("0").write_text("in the way")
    with KerasTunerWriter(project, lambda _: None, every_s=_LONG_S) as writer:
        writer.put_trial(_trial())
        writer.put_oracle({})
        writer.flush()

    assert not (project.path / "oracle.json").exists()


def test_a_state_that_json_cannot_hold_costs_only_its_own_file(project):
    said = []
    with KerasTunerWriter(project, said.append, every_s=_LONG_S) as writer:
        writer.put_trial(_trial("0", message=object()))
        writer.put_trial(_trial("1"))

    assert not (project.path / "trial_0" / "trial.json").exists()
    assert _read(project, "trial_1/trial.json")["trial_id"] == "1"
    assert "from get_state" in str(said[0])


def test_a_closed_writer_can_be_used_again(project):
    writer = KerasTunerWriter(project, print, every_s=_LONG_S)
    assert writer.close()
    for score in (1.0, 2.0):
        writer.put_trial(_trial(score=score))
        assert writer.close()
        assert _read(project, "trial_0/trial.json")["score"] == score
