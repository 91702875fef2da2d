"""A search that blocks: wherever an interrupt lands, and whatever a hook raises, nobody is left waiting."""

import signal
import sys
import threading

import pytest

import kt_notebook as kt
from kt_notebook.core.protocol import Assignment
from kt_notebook.core.space import HyperParameters
from kt_notebook.oracles.random_search import RandomSearchOracle
from kt_notebook.search import worker
from kt_notebook.search.executors import CallingExecutor, ThreadExecutor
from kt_notebook.search.hub import Hub
from kt_notebook.search.messages import HooksTold, Outcome
from kt_notebook.search.reporter import TrialReporter
from kt_notebook.search.session import Session
from kt_notebook.search.settings import SessionSettings
from kt_notebook.search.worker import Job, Worker
from kt_notebook.tuners import blocking
from kt_notebook.tuners.blocking import run_blocking
from tests.search.searches import WAIT_S, score_of

# What runs on the caller's thread from a job's coming to the last that the session hears of it.
WORKERS_PATH = {CallingExecutor.serve.__code__, Worker.run.__code__, worker.run_job.__code__, worker.tell_end.__code__}
# What runs there when an interrupt has come through.
LETTING_GO = {blocking._let_go.__code__, CallingExecutor.abandon.__code__, CallingExecutor._call_off.__code__}


class InterruptAt:
    """Raises KeyboardInterrupt on the nth line of some functions, then on one of others.

    Args:
        places: Pairs of n, counted from 0, and the functions' codes.
    """

    def __init__(self, *places):
        self.places = list(places)

    @property
    def has_come(self):
        return not self.places

    def __call__(self, frame, event, argument):
        if all(frame.f_code not in codes for _, codes in self.places):
            return None
        if event == "line" and frame.f_code in self.places[0][1]:
            n, codes = self.places[0]
            if n == 0:
                self.places.pop(0)
                raise KeyboardInterrupt
            self.places[0] = (n - 1, codes)
        return self


class Hooks:
    """Hooks that count."""

    def __init__(self):
        self.ended = []

    def before_trial(self):
        pass

    def end_trial(self, trial):
        self.ended.append(trial.trial_id)


def ends(interrupt, function=score_of, max_trials=2):
    """Search under an interrupt on a thread of its own; return the session and how the blocking call came back."""
    oracle = RandomSearchOracle("score:min", max_trials=max_trials, seed=1)
    executor = CallingExecutor()
    session = Session(SessionSettings("id", "test", "random"), oracle, function, executor, Hub(), hooks=Hooks())
    came = []

    def search():
        sys.settrace(interrupt)
        try:
            run_blocking(session, executor, session.start)
        except KeyboardInterrupt:
            came.append("interrupted")
        else:
            came.append("ended")
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=search, daemon=True)
    thread.start()
    thread.join(WAIT_S)
    return session, came


def test_an_interrupt_on_any_line_of_the_workers_path_leaves_no_session_waiting():
    n, seen = 0, set()
    while True:
        interrupt = InterruptAt((n, WORKERS_PATH))
        session, came = ends(interrupt)
        assert (session.wait(0), len(came)) == (True, 1), f"interrupted on line {n}"
        assert (session.error, session.is_inside) == (None, False), f"interrupted on line {n}"
        seen.update(session.hub.record.trials)
        if not interrupt.has_come:
            break
        n += 1
    assert n > 50
    assert seen == {"0", "1"}


@pytest.mark.parametrize("first", [*range(12), 40])
def test_another_interrupt_on_any_line_of_the_way_out_leaves_no_session_waiting(first, monkeypatch):
    let_go, n = blocking._let_go, 0

    def traced(*args):
        sys.settrace(interrupt if interrupt.places else None)  # Python ends the tracing when the first one is raised
        let_go(*args)

    monkeypatch.setattr(blocking, "_let_go", traced)
    while True:
        interrupt = InterruptAt((first, WORKERS_PATH), (n, LETTING_GO))
        session, came = ends(interrupt)
        assert came == ["interrupted"], f"interrupted again on line {n}"
        assert session.wait(WAIT_S), f"interrupted again on line {n}"
        assert session.error is None, f"interrupted again on line {n}"
        if not interrupt.has_come:
            break
        n += 1
    assert n > 5


def test_an_interrupt_that_a_hook_raises_in_a_thread_stops_the_search(monkeypatch):
    class Interrupts(Hooks):
        def end_trial(self, trial):
            raise KeyboardInterrupt

    oracle = RandomSearchOracle("score:min", max_trials=5, seed=1)
    session = Session(
        SessionSettings("id", "test", "random"), oracle, score_of, ThreadExecutor(), Hub(), hooks=Interrupts()
    )
    raised = []
    is_raised = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda args: (raised.append(args.exc_type), is_raised.set()))
    session.start()

    assert session.wait(WAIT_S)
    assert is_raised.wait(WAIT_S)
    assert (raised, session.state, len(oracle.trials)) == ([KeyboardInterrupt], "stopped", 1)


def test_what_an_interrupt_left_undone_of_a_job_is_sent_when_it_is_brought_again():
    n = 0
    while True:
        sent = []
        done = Worker(score_of, None, Hooks(), sent.append, lambda trial_id: kt.Trial(HyperParameters(), trial_id))
        gate = threading.Event()
        gate.set()
        hp = HyperParameters()
        job = Job(Assignment("0", hp, 1, None), TrialReporter("0", hp, None, sent.append, gate))
        interrupt = InterruptAt((n, WORKERS_PATH))
        before = sys.gettrace()
        sys.settrace(interrupt)
        try:
            done.run(job)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        if not job.is_over:
            done.run(job)
        kinds = [type(message) for message in sent if isinstance(message, (Outcome, HooksTold))]
        # Once each, save where the interrupt came between sending and taking note of it.
        assert (kinds[0], kinds[-1], job.is_over) == (Outcome, HooksTold, True), f"interrupted on line {n}"
        assert not done.is_here
        if not interrupt.has_come:
            break
        n += 1
    assert n > 20


def test_a_job_that_comes_when_nobody_serves_any_more_is_called_off():
    executor, ran = CallingExecutor(), []
    executor.start(ran.append)
    before, after = (Job(Assignment(name, HyperParameters(), 1, None), None) for name in "01")
    executor.submit(before)

    executor.abandon()
    executor.submit(after)

    assert ran == [before, after]
    assert (before.has_begun, after.has_begun) == (True, True)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def wait_until(is_so):
    pause = threading.Event()
    for _ in range(int(1000 * WAIT_S)):
        if is_so() or pause.wait(0.001):
            return


@pytest.mark.parametrize("place", ["oracle", "hook"])
def test_a_third_interrupt_does_not_wait_for_an_oracle_or_a_hook_and_the_search_ends_by_itself(here, capsys, place):
    before = signal.getsignal(signal.SIGINT)
    is_back = threading.Event()
    runs = []

    def interrupt_three_times():
        main = threading.main_thread().ident
        wait_until(lambda: signal.getsignal(signal.SIGINT) is not before)
        signal.pthread_kill(main, signal.SIGINT)
        wait_until(lambda: signal.getsignal(signal.SIGINT) is before)
        signal.pthread_kill(main, signal.SIGINT)
        wait_until(lambda: tuner.session._running.is_stopping and tuner.session._executor._is_abandoned)
        signal.pthread_kill(main, signal.SIGINT)
        assert is_back.wait(WAIT_S)

    class Slow(kt.oracles.RandomSearchOracle):
        def populate_space(self, trial_id):
            if place == "oracle" and not is_back.is_set():
                interrupt_three_times()
            return super().populate_space(trial_id)

    class Own(kt.Tuner):
        def pre_create_trial(self):
            if place == "hook" and not is_back.is_set():
                interrupt_three_times()

        def run_trial(self, trial, **kwargs):
            runs.append(trial.trial_id)
            return trial.hyperparameters.Float("x", 0, 1)

    tuner = Own(Slow(max_trials=2, seed=1), project_name="slow")
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        tuner.search(verbose=0)
    is_back.set()

    assert tuner.session.wait(WAIT_S)
    assert (tuner.session.state, tuner.session.error, runs) == ("stopped", None, [])
    assert len(tuner.oracle.trials) == (place == "oracle")  # after the hook none is made for nothing
    tuner.search(verbose=0)
    assert runs == ["0", "1"]


@pytest.mark.parametrize("block", [True, False])
@pytest.mark.parametrize("hook", ["pre_create_trial", "on_trial_end"])
def test_a_hook_that_exits_ends_the_search_with_an_error(here, hook, block):
    def leave(self, *args):
        raise SystemExit(3)

    tuner = type("Own", (kt.RandomSearch,), {hook: leave})(lambda hp: hp.Float("x", 0, 1), max_trials=3, seed=1)

    def search():
        tuner.search(block=block, verbose=0)
        tuner.wait(WAIT_S)

    with pytest.raises(kt.errors.FatalRuntimeError, match=r"hook of the tuner.*SystemExit\(3\)"):
        search()

    assert (tuner.session.is_running, tuner.session.state) == (False, "failed")
    kt.RandomSearch(lambda hp: hp.Float("x", 0, 1), max_trials=3, seed=1).search(verbose=0)  # the project is free


def test_an_error_between_the_start_and_the_first_trial_leaves_nothing_running(here):
    tuner = kt.RandomSearch(lambda hp: hp.Float("x", 0, 1), max_trials=50, seed=1)
    executor = CallingExecutor()
    session = tuner.open_session((), {}, executor=executor)

    def begin():
        session.start()
        raise ValueError("the panel is broken")

    with pytest.raises(ValueError, match="the panel is broken"):
        run_blocking(session, executor, begin)

    assert not session.is_running
