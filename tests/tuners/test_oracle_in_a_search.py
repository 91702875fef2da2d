"""A tuner's oracle while a search runs: whose it is, what others see of it, saving it and moving its limits."""

import copy
import json
import pickle
import threading
from collections.abc import Mapping

import pytest

import kt_notebook as kt
from kt_notebook.core.errors import ProjectLockedError, SearchStateError, StorageError
from kt_notebook.core.trial import Trial
from kt_notebook.search import oracle_client
from kt_notebook.storage.keras_tuner_writer import KerasTunerWriter
from kt_notebook.storage.project_store import ProjectStore
from tests.tuners.plain import SCORE, random_search, score

WAIT_S = 20


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_oracle_that_is_at_work_for_one_tuner_is_refused_to_another_and_free_afterwards():
    oracle = kt.oracles.RandomSearchOracle(objective=SCORE, max_trials=2, seed=1)
    has_begun, go = threading.Event(), threading.Event()
    runs = []

    def held(hp):
        runs.append(1)
        has_begun.set()
        assert go.wait(WAIT_S)
        return score(hp)

    first = kt.Tuner(oracle, held, project_name="first")
    second = kt.Tuner(oracle, held, project_name="second")
    first.search(block=False, verbose=0)
    assert has_begun.wait(WAIT_S)
    with pytest.raises(SearchStateError, match=r"'second' in '.*second' is at work for 'first' in '.*first'\. Wait"):
        second.search(verbose=0)
    assert not second.session.is_running
    go.set()
    first.wait(WAIT_S)

    assert (len(runs), len(oracle.end_order)) == (2, 2)
    oracle.max_trials = 3
    second.search(verbose=0)
    assert len(runs) == 3


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_of_an_oracle_that_is_at_work_is_nobodys(duplicate):
    copies = []

    class Own(kt.RandomSearch):
        def pre_create_trial(self):
            copies.append(duplicate(self.oracle))

    random_search(Own, max_trials=1).search(verbose=0)
    tuner = kt.Tuner(copies[0], score, project_name="copied")
    copies[0].max_trials = 2
    tuner.search(verbose=0)

    assert tuner.session.state == "finished"


def test_an_oracle_is_free_when_its_search_could_not_begin(monkeypatch):
    tuner = random_search()

    def refuse(store, seq):
        raise ProjectLockedError("held")

    with monkeypatch.context() as patch:
        patch.setattr(ProjectStore, "acquire", refuse)
        with pytest.raises(ProjectLockedError, match="held"):
            tuner.search(verbose=0)
    assert (tuner.session.is_running, tuner.hub.record.seq) == (False, 0)
    other = kt.Tuner(tuner.oracle, score, project_name="other")
    other.search(verbose=0)

    assert other.session.state == "finished"


def test_a_project_that_has_gone_on_meanwhile_is_not_held_by_the_search_that_is_refused():
    first, second = random_search(project_name="p"), random_search(project_name="p")
    first.search(verbose=0)
    with pytest.raises(StorageError, match="has gone on since this tuner read it"):
        second.search(verbose=0)

    second.reload()  # It would be refused while a search runs.

    assert len(second.oracle.trials) == 3


def test_saving_while_a_search_runs_is_the_owners_and_puts_no_trial_twice(here, monkeypatch):
    threads, put = set(), []
    put_trial = KerasTunerWriter.put_trial

    def counted(writer, state):
        put.append(state["trial_id"])
        put_trial(writer, state)

    class Noting(kt.oracles.RandomSearchOracle):
        def get_state(self):
            threads.add(threading.current_thread().name)
            return super().get_state()

    class Own(kt.Tuner):
        def on_trial_end(self, trial):
            self.save()

        def get_state(self):
            return {"n_ended": len(self.results)}

    monkeypatch.setattr(KerasTunerWriter, "put_trial", counted)
    tuner = Own(Noting(objective=SCORE, max_trials=5, seed=1), score, project_name="p")
    tuner.search(verbose=0)

    assert threads == {"kt_notebook search p"}
    assert sorted(put) == ["0", "1", "2", "3", "4"]
    assert json.loads((here / "p" / "tuner0.json").read_text()) == {"n_ended": 5}
    assert len(json.loads((here / "p" / "oracle.json").read_text())["end_order"]) == 5


def test_saving_inside_a_trial_writes_what_it_has_reported(here):
    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            self.oracle.update_trial(trial.trial_id, {"score": 0.5})
            self.save()
            self._project.session.call(self._project.store._files.flush)  # it is written soon, not at once
            files.append(json.loads((here / "p" / "trial_0" / "trial.json").read_text()))

    files = []
    random_search(Own, max_trials=1, project_name="p").search(verbose=0)

    assert files[0]["metrics"]["metrics"]["score"]["observations"] == [{"value": [0.5], "step": 0}]
    assert files[0]["status"] == "RUNNING"


def test_a_tuner_saves_by_itself_again_after_the_search(here):
    tuner = random_search(project_name="p")
    tuner.search(verbose=0)
    tuner.oracle.get_trial("0").message = "a note"
    tuner.save()

    assert json.loads((here / "p" / "trial_0" / "trial.json").read_text())["message"] == "a note"


@pytest.mark.parametrize("hook", ["on_trial_end", "pre_create_trial"])
def test_a_limit_that_the_users_own_code_moves_is_told(hook):
    def raise_limit(self, *args):
        if len(self.oracle.trials) == 1 and self.oracle.max_trials == 2:
            self.oracle.max_trials += 2

    tuner = random_search(type("Own", (kt.RandomSearch,), {hook: raise_limit}), max_trials=2)
    tuner.search(verbose=0)

    assert (len(tuner.oracle.trials), tuner.hub.record.search["max_trials"]) == (4, 4)


class Asking(kt.RandomSearch):
    """Calls `ask` with its oracle inside the last trial."""

    ask = None

    def run_trial(self, trial, **kwargs):
        if len(self.oracle.trials) == 3:
            self.answer = type(self).ask(self.oracle)
        return score(trial.hyperparameters)


def asked(ask, oracle=None):
    tuner = random_search(type("Own", (Asking,), {"ask": staticmethod(ask)}))
    tuner.search(verbose=0)
    return tuner.answer


def test_how_many_trials_there_are_is_known_without_copying_one(monkeypatch):
    copied = []
    snapshot = oracle_client.snapshot
    monkeypatch.setattr(oracle_client, "snapshot", lambda value: copied.append(value) or snapshot(value))

    def ask(oracle):
        copied.clear()
        trials = oracle.trials
        known = len(trials), list(trials), "1" in trials, "9" in trials, trials.get("9")
        n_before = len(copied)
        trials["1"]
        return known, n_before, len(copied)

    assert asked(ask) == ((3, ["0", "1", "2"], True, False, None), 0, 1)


def test_the_trials_that_a_trial_sees_are_copies_in_order_and_stay_as_they_were():
    def ask(oracle):
        trials = oracle.trials
        last = trials["2"]
        last.score = "changed"
        assert isinstance(trials, Mapping)
        assert trials["2"] is last
        assert [trial.trial_id for trial in trials.values()] == [name for name, _ in trials.items()] == ["0", "1", "2"]
        assert all(isinstance(trial, Trial) for trial in trials.copy().values())
        with pytest.raises(TypeError, match="item assignment"):
            trials["3"] = last
        return oracle.trials["2"].score, trials, copy.deepcopy(trials)

    fresh, trials, twin = asked(ask)

    assert fresh is None
    assert list(trials) == list(twin) == ["0", "1", "2"]
    assert trials["2"].score == "changed"
    assert type(twin) is dict
    assert "Trial('0'" in repr(trials)
    assert pickle.loads(pickle.dumps(list(trials))) == ["0", "1", "2"]


def test_a_property_of_a_users_oracle_is_worked_out_once_by_its_owner():
    threads = []

    class Own(kt.oracles.RandomSearchOracle):
        @property
        def mine(self):
            threads.append(threading.current_thread().name)
            return [1]

        @classmethod
        def of_the_class(cls, n):
            return cls.__name__, n

        @staticmethod
        def alone(n):
            return n

        @property
        def doubled(self):
            return lambda n: 2 * n

    class Asks(kt.Tuner):
        def run_trial(self, trial, **kwargs):
            oracle = self.oracle
            answers.append((oracle.mine, oracle.of_the_class(2), oracle.alone(3), oracle.doubled(4)))
            with pytest.raises(AttributeError, match="absent"):
                oracle.absent
            return score(trial.hyperparameters)

    answers = []
    Asks(Own(objective=SCORE, max_trials=1, seed=1), project_name="p").search(verbose=0)

    assert answers == [([1], ("Own", 2), 3, 8)]
    assert threads == ["kt_notebook search p"]


def test_reporting_to_an_oracle_kept_past_the_end_is_an_error_that_except_exception_catches():
    kept = []

    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            kept.append(self.oracle)
            return score(trial.hyperparameters)

    random_search(Own, max_trials=1).search(verbose=0)

    with pytest.raises(SearchStateError, match="Trial 0 cannot report any more: its search has ended"):
        kept[0].update_trial("0", {"score": 1.0})


def test_an_exit_in_a_method_of_a_users_oracle_is_its_callers():
    class Own(kt.oracles.RandomSearchOracle):
        def leave(self):
            raise SystemExit(3)

    class Calls(kt.Tuner):
        def run_trial(self, trial, **kwargs):
            with pytest.raises(SystemExit, match="3"):
                self.oracle.leave()
            return score(trial.hyperparameters)

    tuner = Calls(Own(objective=SCORE, max_trials=2, seed=1), project_name="p")
    tuner.search(verbose=0)

    assert tuner.session.state == "finished"
