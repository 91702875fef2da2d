"""The end of a search that nobody waits for: `on_search_end` may ask its tuner anything, and no listener stays."""

import threading

import pytest

import kt_notebook as kt
from kt_notebook.core.errors import ProjectLockedError
from kt_notebook.storage.project_store import ProjectStore
from tests.tuners.plain import random_search

WAIT_S = 20


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "ask",
    [
        lambda tuner: len(tuner.oracle.trials),
        lambda tuner: tuner.results_summary(),
        lambda tuner: tuner.oracle.get_best_trials(),
        lambda tuner: tuner.get_best_hyperparameters(),
        lambda tuner: tuner.wait(),
        lambda tuner: tuner.save(),
    ],
)
def test_on_search_end_of_a_search_beside_the_notebook_may_ask_its_tuner_anything(ask, capsys):
    class Own(kt.RandomSearch):
        was_running = None

        def on_search_end(self):
            self.was_running = self.session.is_running
            self.answer = ask(self)

    tuner = random_search(Own)
    tuner.search(block=False, verbose=0)

    assert tuner.wait(WAIT_S)
    assert tuner.was_running is False
    assert hasattr(tuner, "answer"), "wait returned before the hook had come through"


def test_threads_that_on_search_end_waits_for_may_wait_for_the_search():
    class Own(kt.RandomSearch):
        def on_search_end(self):
            thread = threading.Thread(target=self.get_best_hyperparameters, daemon=True)
            thread.start()
            thread.join(WAIT_S)
            self.has_ended = not thread.is_alive()

    tuner = random_search(Own)
    tuner.search(block=False, verbose=0)
    tuner.wait(WAIT_S)

    assert tuner.has_ended


def test_on_search_end_may_start_the_next_search():
    class Own(kt.RandomSearch):
        n_ends = 0

        def on_search_end(self):
            self.n_ends += 1
            if self.n_ends == 1:
                self.oracle.max_trials = 5
                self.search(verbose=0)

    tuner = random_search(Own)
    tuner.search(block=False, verbose=0)
    tuner.wait(WAIT_S)

    assert (tuner.n_ends, len(tuner.oracle.trials)) == (2, 5)


def test_on_search_end_is_called_once_though_an_earlier_start_was_refused(monkeypatch):
    class Own(kt.RandomSearch):
        n_ends = 0

        def on_search_end(self):
            self.n_ends += 1

    tuner = random_search(Own)

    def refuse(store, seq):
        raise ProjectLockedError("held")

    with monkeypatch.context() as patch:
        patch.setattr(ProjectStore, "acquire", refuse)
        with pytest.raises(ProjectLockedError, match="held"):
            tuner.search(block=False, verbose=0)
    tuner.search(block=False, verbose=0)
    tuner.wait(WAIT_S)

    assert tuner.n_ends == 1


def test_searches_beside_the_caller_leave_no_listener_behind(capsys):
    tuner = random_search(max_trials=1)
    for n in (1, 2, 3):
        tuner.oracle.max_trials = n
        tuner.search(block=False)
        assert tuner.session.wait(WAIT_S)

    assert tuner.hub._sinks == []
    assert capsys.readouterr().out.count("finished: ") == 3


def test_a_search_that_could_not_begin_leaves_no_listener_behind(monkeypatch):
    tuner = random_search()

    def refuse(store, seq):
        raise ProjectLockedError("held")

    monkeypatch.setattr(ProjectStore, "acquire", refuse)
    with pytest.raises(ProjectLockedError, match="held"):
        tuner.search(block=False)

    assert tuner.hub._sinks == []
