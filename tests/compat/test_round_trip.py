"""A project goes from the real KerasTuner to ours and back, and nothing of it is lost on the way."""

import json
import math
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import kt_notebook as kt
from kt_notebook.storage.project_store import load_record
from kt_notebook.storage.projects import Project
from tests.compat import searched
from tests.compat.peers import ask, needs_peers, run

pytestmark = [pytest.mark.slow, needs_peers]

NAME = "a project"  # In a folder with [ ] in its name KerasTuner finds none of its own trials.
HYPERBAND = {"max_epochs": 4, "factor": 2}


def ours(directory, tuner, of, **options):
    """Make our tuner on a project that `ask` searches with the same words."""
    objective = "val_loss" if of == "model" else "default_objective:min"
    kind = getattr(kt, tuner)
    return kind(getattr(searched, of), objective, directory=str(directory), project_name=NAME, **options)


def search(tuner, of, **options):
    if of == "model":
        x, y = searched.data()
        tuner.search(x, y, validation_data=(x, y), verbose=0, **options)
    else:
        tuner.search(verbose=0)


def plain(number):
    """Return a number such that NaN equals itself."""
    return "NaN" if number is not None and math.isnan(number) else number


def told(tuner):
    """Return what `peer_search` tells of KerasTuner's trials, of ours."""
    return {
        trial_id: {
            "values": trial.hyperparameters.values,
            "score": plain(trial.score),
            "best_step": trial.best_step,
            "status": trial.status.value,
            "metrics": {name: plain(history.get_best_value()) for name, history in trial.metrics.metrics.items()},
        }
        for trial_id, trial in tuner.oracle.trials.items()
    }


def outputs(tuner):
    x, _ = searched.data()
    return [model.predict(x, verbose=0).tolist() for model in tuner.get_best_models(2)]


def best(tuner):
    return [trial.score for trial in tuner.oracle.get_best_trials(3)]


@pytest.mark.parametrize("tuner", ["RandomSearch", "BayesianOptimization"])
def test_numbers_go_there_and_back_three_times(tmp_path, tuner):
    project = {"directory": str(tmp_path), "project_name": NAME}
    known = {}
    for n in (2, 6, 10):
        answer = ask(tmp_path, tuner=tuner, of="number", options={**project, "max_trials": n, "seed": 5})
        assert answer["before"]["trials"] == known
        assert len(answer["after"]["trials"]) == n

        mine = ours(tmp_path, tuner, "number", max_trials=n + 2)
        assert told(mine) == answer["after"]["trials"]
        assert best(mine) == answer["after"]["best"]
        assert mine.oracle.seed == 5
        search(mine, "number")
        known = told(mine)
        assert len(known) == n + 2
    values = [json.dumps(trial["values"], sort_keys=True) for trial in known.values()]
    assert len(set(values)) == len(values) == 12
    again = ours(tmp_path, tuner, "number", max_trials=12)
    assert told(again) == known


@pytest.mark.keras
def test_models_and_their_weights_go_there_and_back_three_times(tmp_path):
    project = {"directory": str(tmp_path), "project_name": NAME}
    known, shown = {}, []
    for n in (2, 4, 6):
        options = {**project, "max_trials": n, "seed": 5}
        if known:
            answer = ask(tmp_path, tuner="RandomSearch", of="model", options=options, search=False)
            np.testing.assert_allclose(answer["outputs"], shown, atol=1e-5)
        answer = ask(tmp_path, tuner="RandomSearch", of="model", options=options)
        assert answer["before"]["trials"] == known

        mine = ours(tmp_path, "RandomSearch", "model", max_trials=n + 1)
        assert told(mine) == answer["after"]["trials"]
        np.testing.assert_allclose(outputs(mine), answer["outputs"], atol=1e-5)
        search(mine, "model", epochs=2)
        known, shown = told(mine), outputs(mine)
        assert len(known) == n + 1


@pytest.mark.keras
def test_hyperband_goes_on_there_and_here_in_the_same_brackets(tmp_path):
    project = {"directory": str(tmp_path), "project_name": NAME}
    mine = ours(tmp_path, "Hyperband", "model", **HYPERBAND, seed=5, max_trials=5)
    search(mine, "model")
    known = told(mine)
    assert [trial["values"]["tuner/round"] for trial in known.values()] == [0, 0, 0, 0, 1]

    answer = ask(tmp_path, tuner="Hyperband", of="model", options={**project, **HYPERBAND, "seed": 5})
    assert answer["before"]["trials"] == known
    theirs = answer["after"]["trials"]
    continued = {trial["values"].get("tuner/trial_id") for trial in theirs.values()}
    assert {"0000", "0001", "0002", "0003"} & continued  # KerasTuner trained ours on.

    mine = ours(tmp_path, "Hyperband", "model", **HYPERBAND, hyperband_iterations=2)
    assert told(mine) == theirs
    np.testing.assert_allclose(outputs(mine), answer["outputs"], atol=1e-5)
    search(mine, "model")
    assert mine.remaining_trials == 0
    rounds = [trial["values"]["tuner/round"] for trial in told(mine).values()]
    assert rounds[len(theirs) :] == [0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 0, 0, 0]


def test_a_hyperband_in_which_kerastuner_died_is_gone_through_to_its_end(tmp_path):
    options = {"directory": str(tmp_path), "project_name": NAME, **HYPERBAND, "seed": 5}
    with pytest.raises(AssertionError, match="returncode=9"):
        ask(tmp_path, tuner="Hyperband", of="epochs", options=options, faults={"0005": "die"})
    mine = ours(tmp_path, "Hyperband", "epochs", **HYPERBAND)
    theirs = told(mine)
    assert [trial["values"]["tuner/round"] for trial in theirs.values()] == [0, 0, 0, 0, 1, 1]
    search(mine, "epochs")
    trials = told(mine)
    assert {trial["status"] for trial in trials.values()} == {"COMPLETED"}
    assert trials["0005"]["values"] == theirs["0005"]["values"]
    first = sorted(list(theirs)[:4], key=lambda trial_id: trials[trial_id]["score"])
    assert {trials["0004"]["values"]["tuner/trial_id"], trials["0005"]["values"]["tuner/trial_id"]} == set(first[:2])
    rounds = [trial["values"]["tuner/round"] for trial in trials.values()]
    assert rounds == [0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 0, 0, 0]
    assert mine.remaining_trials == 0


def test_a_grid_that_kerastuner_left_half_way_is_gone_through_to_its_end(tmp_path):
    project = {"directory": str(tmp_path), "project_name": NAME}
    answer = ask(tmp_path, tuner="GridSearch", of="grid", options={**project, "max_trials": 5})
    mine = ours(tmp_path, "GridSearch", "grid")
    assert told(mine) == answer["after"]["trials"]
    search(mine, "grid")
    values = [json.dumps(trial["values"], sort_keys=True) for trial in told(mine).values()]
    assert len(set(values)) == len(values) == mine.oracle.hyperparameters.n_combinations(on_grid=True)

    # KerasTuner shows it; it goes on with no grid, not with its own either (its issue 1055).
    answer = ask(tmp_path, tuner="GridSearch", of="grid", options={**project, "max_trials": 99})
    assert answer["before"]["trials"] == answer["after"]["trials"] == told(mine)
    assert answer["after"]["best"] == best(mine)


def test_trials_that_failed_there_have_failed_here(tmp_path):
    project = {"directory": str(tmp_path), "project_name": NAME}
    faults = {"1": "nan", "2": "raise"}
    options = {**project, "max_trials": 4, "seed": 5}
    answer = ask(tmp_path, tuner="RandomSearch", of="number", options=options, faults=faults)
    mine = ours(tmp_path, "RandomSearch", "number", max_trials=6)
    theirs = answer["after"]["trials"]
    assert [trial["status"] for trial in theirs.values()] == ["COMPLETED", "FAILED", "FAILED", "COMPLETED"]
    assert {k: (t["values"], t["status"]) for k, t in told(mine).items()} == {
        k: (t["values"], t["status"]) for k, t in theirs.items()
    }
    assert "ValueError: asked to fail" in set(mine.results.error)
    search(mine, "number")
    assert mine.best.score == min(trial["score"] for trial in told(mine).values() if trial["status"] == "COMPLETED")


def test_a_trial_in_which_kerastuner_died_runs_again(tmp_path):
    project = {"directory": str(tmp_path), "project_name": NAME}
    options = {**project, "max_trials": 4, "seed": 5}
    with pytest.raises(AssertionError, match="returncode=9"):
        ask(tmp_path, tuner="RandomSearch", of="number", options=options, faults={"2": "die"})
    mine = ours(tmp_path, "RandomSearch", "number", max_trials=4)
    running = mine.oracle.trials["2"]
    assert (running.status, list(mine.oracle.trials)) == ("IDLE", ["0", "1", "2"])
    values = dict(running.hyperparameters.values)
    search(mine, "number")
    assert told(mine)["2"]["values"] == values
    assert [trial["status"] for trial in told(mine).values()] == ["COMPLETED"] * 4


def test_no_trial_is_lost_where_kerastuner_was_killed(tmp_path):
    n = 20
    run("peer_killed.py", tmp_path, n, random.randrange(10**6))
    n_broken = 0
    for path in sorted(tmp_path.iterdir()):
        lines = (path / "told.txt").read_text().splitlines() if (path / "told.txt").exists() else []
        ended = dict(line.split() for line in lines)
        n_trials = len(ended) + 3
        mine = kt.RandomSearch(searched.number, max_trials=n_trials, directory=str(tmp_path), project_name=path.name)
        scores = {int(trial_id): trial.score for trial_id, trial in mine.oracle.trials.items()}
        assert {int(trial_id): scores.get(int(trial_id)) for trial_id in ended} == {
            int(trial_id): float(score) for trial_id, score in ended.items()
        }
        broken = [
            name
            for name in ("oracle.json", *(f"trial_{i:02d}/trial.json" for i in range(60)))
            if (path / name).exists() and (path / name).stat().st_size == 0
        ]
        recovery = load_record(Project(path))[1]
        assert all(name in recovery.describe() for name in broken)
        n_broken += bool(broken)
        mine.search(verbose=0)
        assert [trial.status for trial in mine.oracle.trials.values()] == ["COMPLETED"] * n_trials
    assert n_broken > 0  # Else this has shown nothing; it is half of them.


def test_kerastuner_opens_what_a_killed_search_of_ours_left(tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import kt_notebook as kt, time\n"
        "from tests.compat import searched\n"
        "def slow(hp):\n    time.sleep(0.01)\n    return searched.number(hp)\n"
        "kt.RandomSearch(slow, max_trials=900, seed=5, directory=sys.argv[2], project_name='p').search(verbose=0)\n"
    )
    chance = random.Random()
    root = Path(__file__).parent.parent.parent
    for number in range(4):
        directory = tmp_path / str(number)
        process = subprocess.Popen([sys.executable, "-c", script, str(root), str(directory)])
        try:
            until = time.monotonic() + 60
            while not (directory / "p" / "oracle.json").exists() and time.monotonic() < until:
                assert process.poll() is None
            kill_at = time.monotonic() + chance.random() * 2
            while time.monotonic() < kill_at:
                assert process.poll() is None
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        options = {"directory": str(directory), "project_name": "p", "max_trials": 1, "seed": 5}
        answer = ask(tmp_path, tuner="RandomSearch", of="number", options=options, search=False)
        record, _ = load_record(Project(directory / "p"))
        theirs = answer["before"]["trials"]
        assert len(theirs) > 0
        # KerasTuner's files may lack the last second; what they have is right.
        assert {trial_id: record.trials[trial_id].score for trial_id in theirs} == {
            trial_id: trial["score"] for trial_id, trial in theirs.items()
        }


@pytest.mark.parametrize("choice", ["tuple", "mixed", "predicate"])
def test_a_space_that_kerastuner_cannot_hold_is_said_in_its_files_and_goes_on_here(tmp_path, choice):
    def value_of(hp):
        x = hp.Float("x", -1, 1)
        if choice == "tuple":
            hp.Choice("shape", [(1, 3), (1, 5)])
        elif choice == "mixed":
            hp.Choice("rate", [None, 0.5])
        else:
            with hp.conditional_scope("x", lambda x: x > 0):
                hp.Int("k", 1, 3)
        return x

    options = {"directory": str(tmp_path), "project_name": "p"}
    kt.RandomSearch(value_of, max_trials=2, seed=5, **options).search(verbose=0)
    state = json.loads((tmp_path / "p" / "oracle.json").read_text())
    assert len(state["kt_notebook"]["not_for_keras_tuner"]) == 1
    if choice != "predicate":
        assert "not_for_keras_tuner" in (tmp_path / "p" / "trial_0" / "trial.json").read_text()
    with pytest.raises(AssertionError, match=r"TypeError: |ValueError: Unknown object: .Predicate"):
        ask(tmp_path, tuner="RandomSearch", of="number", options={**options, "max_trials": 4}, search=False)
    # Without our journal there is still all that the files hold.
    shutil.copytree(tmp_path / "p", tmp_path / "q")
    (tmp_path / "q" / "journal.jsonl").unlink()
    options["project_name"] = "q"
    mine = kt.RandomSearch(value_of, max_trials=4, **options)
    assert len(mine.results) == 2
    mine.search(verbose=0)
    assert len(mine.results) == 4
