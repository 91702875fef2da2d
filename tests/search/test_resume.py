"""Facts about oracles that are saved and reloaded outside of a search, and about trials that come back from files."""

import copy
import json
import pickle

import pytest

import kt_notebook as kt
from kt_notebook.core.errors import OptionError, ProjectLockedError, SearchStateError, StorageError
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import TrialStatus
from kt_notebook.oracles import BayesianOptimizationOracle, RandomSearchOracle
from kt_notebook.search.resume import OracleFiles, restore_oracle
from kt_notebook.storage.project_store import ProjectStore, load_record
from kt_notebook.storage.projects import Project


def space():
    hp = HyperParameters()
    hp.Float("x", -1, 1)
    return hp


def bound(oracle, project):
    oracle.bind(OracleFiles(ProjectStore(project, print)))
    return oracle


def make(project, **changes):
    settings = {"objective": "score:max", "max_trials": 6, "seed": 3, "hyperparameters": space(), **changes}
    return bound(RandomSearchOracle(**settings), project)


def run_one(oracle, status="COMPLETED"):
    trial = oracle.create_trial("tuner0")
    if status == "COMPLETED":
        oracle.update_trial(trial.trial_id, {"score": trial.hyperparameters.get("x")})
    trial.status = status
    oracle.end_trial(trial)
    return trial


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "p")


def states(oracle):
    return {trial_id: trial.get_state() for trial_id, trial in oracle.trials.items()}


def test_a_loop_by_hand_can_be_saved_and_reloaded(project):
    oracle = make(project)
    for status in ("COMPLETED", "FAILED", "COMPLETED"):
        run_one(oracle, status)
    oracle.save()

    again = make(project, seed=None, objective=None)
    again.reload()
    assert [trial.hyperparameters.values for trial in again.trials.values()] == [
        trial.hyperparameters.values for trial in oracle.trials.values()
    ]
    assert [trial.status for trial in again.trials.values()] == ["COMPLETED", "FAILED", "COMPLETED"]
    assert again.get_best_trials(1)[0].score == oracle.get_best_trials(1)[0].score
    assert (again.seed, again.objective) == (oracle.seed, oracle.objective)
    assert again.create_trial("tuner0").hyperparameters.values == oracle.create_trial("tuner0").hyperparameters.values


def test_a_trial_that_was_running_when_it_was_saved_runs_again(project):
    oracle = make(project)
    run_one(oracle)
    running = oracle.create_trial("tuner0")
    oracle.save()

    again = make(project)
    again.reload()
    trial = again.create_trial("tuner1")
    assert (trial.trial_id, trial.hyperparameters.values) == (running.trial_id, running.hyperparameters.values)


def test_what_came_after_the_last_save_is_gone_after_a_reload(project):
    oracle = make(project)
    run_one(oracle)
    oracle.save()
    run_one(oracle)
    oracle.reload()
    assert list(oracle.trials) == oracle.start_order == oracle.end_order == ["0"]
    assert oracle.ongoing_trials == {}


def test_a_tuner_goes_on_with_what_was_saved_by_hand(project):
    oracle = make(project, objective="default_objective:min")
    for _ in range(2):
        trial = oracle.create_trial("tuner0")
        oracle.update_trial(trial.trial_id, {"default_objective": 5.0})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    oracle.save()

    tuner = kt.RandomSearch(
        lambda hp: hp.Float("x", -1, 1) ** 2, max_trials=3, directory=project.path.parent, project_name="p"
    )
    tuner.search(verbose=0)
    assert sorted(tuner.results.score)[1:] == [5.0, 5.0]
    assert list(load_record(project)[0].trials) == ["0", "1", "2"]


def test_only_changed_trials_are_written_again(project):
    oracle = make(project)
    run_one(oracle)
    oracle.save()
    path = project.trial_dir("0") / "trial.json"
    before = path.stat()
    run_one(oracle)
    oracle.save()
    assert path.stat().st_ino == before.st_ino  # A file that is written is a new one.
    assert (project.trial_dir("1") / "trial.json").exists()


def test_an_oracle_without_a_tuner_says_that_it_has_no_project():
    oracle = RandomSearchOracle("loss")
    for call in (oracle.save, oracle.reload):
        with pytest.raises(SearchStateError, match=r"RandomSearchOracle cannot \w+: it belongs to no tuner"):
            call()


def test_a_copy_of_an_oracle_belongs_to_no_tuner(project):
    oracle = make(project)
    for other in (copy.deepcopy(oracle), pickle.loads(pickle.dumps(oracle))):
        with pytest.raises(SearchStateError, match="it belongs to no tuner"):
            other.save()


def test_an_oracle_is_not_saved_where_somebody_searches(project):
    oracle = make(project)
    with project.lock(), pytest.raises(ProjectLockedError, match="is being searched by"):
        oracle.save()


def test_an_oracle_is_not_reloaded_while_it_searches(project):
    store = ProjectStore(project, print)
    oracle = RandomSearchOracle("loss")
    oracle.bind(OracleFiles(store))
    store.acquire(0)
    with pytest.raises(SearchStateError, match=r"searching in .* Wait for the end of the search"):
        oracle.reload()
    store.release()


def test_an_oracle_with_another_objective_keeps_its_trials(project):
    oracle = make(project)
    run_one(oracle)
    oracle.save()
    other = make(project, objective="loss:min")
    other.create_trial("tuner0")
    with pytest.raises(OptionError, match="their scores cannot be compared"):
        other.reload()
    assert list(other.trials) == ["0"]


def test_a_disk_that_refuses_is_said(project):
    oracle = make(project)
    run_one(oracle)
    project.create()
    project.trial_dir("0").write_text("in the way")
    with pytest.raises(StorageError, match="Could not write KerasTuner's file"):
        oracle.save()


def test_an_oracles_state_goes_through_json(project):
    oracle = make(project)
    run_one(oracle)
    running = oracle.create_trial("tuner7")
    other = make(project)
    other.trials = dict(oracle.trials)
    other.set_state(json.loads(json.dumps(oracle.get_state())))
    assert other.get_state() == oracle.get_state()
    assert other.ongoing_trials == {"tuner7": running}


class Counting(RandomSearchOracle):
    """A user's own oracle that keeps something of its own."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.n_asked = 0

    def populate_space(self, trial_id):
        self.n_asked += 1
        return super().populate_space(trial_id)

    def get_state(self):
        return {**super().get_state(), "n_asked": self.n_asked}

    def set_state(self, state):
        super().set_state(state)
        self.n_asked = state["n_asked"]


def test_a_users_oracle_gets_back_what_it_keeps_itself(project):
    oracle = bound(Counting(objective="score:max", max_trials=6, seed=3, hyperparameters=space()), project)
    run_one(oracle)
    run_one(oracle)
    oracle.save()

    again = bound(Counting(objective="score:max", max_trials=6, hyperparameters=space()), project)
    again.reload()
    assert (again.n_asked, again.seed, again.end_order) == (2, 3, ["0", "1"])


def test_a_users_oracle_is_restored_by_the_record_where_its_own_state_is_older(project):
    oracle = bound(Counting(objective="score:max", max_trials=6, seed=3, hyperparameters=space()), project)
    run_one(oracle)
    oracle.save()
    stale = ProjectStore(project, print).read_oracle()
    run_one(oracle)
    oracle.save()

    again = Counting(objective="score:max", max_trials=6, hyperparameters=space())
    restore_oracle(again, load_record(project)[0], stale)
    assert (again.n_asked, again.end_order, again.start_order) == (1, ["0", "1"], ["0", "1"])


def test_a_users_oracle_that_misses_its_own_state_says_who_wrote_the_file(project):
    oracle = make(project)
    run_one(oracle)
    oracle.save()
    other = bound(Counting(objective="score:max", max_trials=6, hyperparameters=space()), project)
    with pytest.raises(StorageError, match=r"oracle\.json has no 'n_asked', which Counting\.set_state asks for"):
        other.reload()


def test_trials_by_hand_wait_once_after_a_reload(project):
    oracle = make(project)
    oracle.enqueue([{"x": 0.25}, {"x": 0.5}])
    oracle.create_trial("tuner0")
    oracle.save()
    oracle.reload()
    assert [enqueued.values for enqueued in oracle.waiting_line.waiting] == [{"x": 0.5}]
    trials = [oracle.create_trial(f"tuner{n}") for n in range(2)]
    assert [trial.hyperparameters.get("x") for trial in trials] == [0.25, 0.5]


def test_kerastuner_finds_what_a_bayesian_search_was_set_to(project):
    oracle = bound(BayesianOptimizationOracle("score:max", max_trials=6, beta=3.0, hyperparameters=space()), project)
    run_one(oracle)
    oracle.save()
    state = ProjectStore(project, print).read_oracle()
    assert (state["num_initial_points"], state["alpha"], state["beta"]) == (None, 1e-4, 3.0)


def test_a_metric_keeps_the_direction_that_the_objective_gives_it(project):
    oracle = make(project, objective="odd:max")
    trial = oracle.create_trial("tuner0")
    oracle.update_trial(trial.trial_id, {"odd": 1.0})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
    oracle.save()
    again = make(project, objective="odd:max")
    again.reload()
    assert again.trials["0"].metrics.metrics["odd"].direction == "max"


def test_the_next_trial_has_a_number_of_its_own_though_a_file_was_lost(project):
    oracle = make(project)
    for _ in range(3):
        run_one(oracle)
    oracle.save()
    (project.trial_dir("1") / "trial.json").unlink()
    again = make(project)
    again.reload()
    assert list(again.trials) == ["0", "2"]
    assert [again.create_trial(f"tuner{n}").trial_id for n in range(4)] == ["3", "4", "5", "6"]
    assert again.create_trial("tuner9").status is TrialStatus.STOPPED


@pytest.mark.parametrize(("given", "level"), [("auto", 1), (0, 0), (2, 2), (True, 1)])
def test_an_oracle_says_how_much_is_printed(given, level):
    oracle = Oracle()
    assert oracle.verbose == 1
    oracle.verbose = given
    assert oracle.verbose == level


@pytest.mark.parametrize("given", [3, -1, "quiet", None])
def test_a_level_that_there_is_not_is_refused(given):
    with pytest.raises(OptionError, match=r"verbose=.* has no meaning\. Give 0, 1, 2 or 'auto'"):
        Oracle().verbose = given


@pytest.mark.parametrize("result", [lambda x: x, lambda x: {"odd": x, "loss": 1.0}])
def test_a_restored_trial_is_the_one_that_ran(tmp_path, result):
    def function(hp):
        x = hp.Float("x", 0, 1)
        if x > 0.9:
            raise ValueError("too large")
        return result(float("nan") if x > 0.7 else x)

    def tuner():
        objective = kt.Objective("odd", "max") if isinstance(result(0.0), dict) else None
        return kt.RandomSearch(function, objective, max_trials=12, seed=4, directory=tmp_path, project_name="p")

    first = tuner()
    first.search(verbose=0)
    again = tuner()
    assert {trial.status for trial in first.oracle.trials.values()} == {"COMPLETED", "INVALID", "FAILED"}
    assert json.dumps(states(again.oracle), indent=1) == json.dumps(states(first.oracle), indent=1)
