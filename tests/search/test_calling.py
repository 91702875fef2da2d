"""The calling executor: an interrupt may land on any line of its loop and loses no job."""

import sys
import threading

import pytest

from kt_notebook.core.protocol import Assignment
from kt_notebook.core.space import HyperParameters
from kt_notebook.search.executors import CallingExecutor
from kt_notebook.search.reporter import TrialReporter
from kt_notebook.search.worker import Job, run_job


class InterruptAt:
    """Raises KeyboardInterrupt on the nth line of the executor's loop and of the worker before the trial begins."""

    def __init__(self, n: int) -> None:
        self.left = n
        self.codes = {CallingExecutor.serve.__code__, run_job.__code__}

    def __call__(self, frame, event, argument):
        if frame.f_code not in self.codes:
            return None
        if event == "line" and self.left >= 0:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        return self


def serve_until(executor, n):
    """Serve with an interrupt on the nth line; return whether it came."""
    interrupt = InterruptAt(n)
    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        executor.serve()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return interrupt.left < 0


def test_an_interrupt_on_any_line_before_the_trial_leaves_the_job_one_outcome():
    n = 0
    while True:
        executor = CallingExecutor()
        sent = []
        gate = threading.Event()
        gate.set()

        def trial_function(assignment, reporter):
            sys.settrace(None)  # what follows is the trial's own matter

        executor.start(lambda job, sent=sent, run=trial_function: run_job(job, run, None, sent.append))
        hp = HyperParameters()
        executor.submit(Job(Assignment("0", hp, 1, None), TrialReporter("0", hp, None, sent.append, gate)))
        executor.close()
        was_interrupted = serve_until(executor, n)
        executor.serve()
        assert len(sent) == 1, f"interrupted on line {n}"
        if not was_interrupted:
            break
        n += 1
    assert n > 5


def test_an_interrupt_while_waiting_leaves_a_job_that_has_just_come(monkeypatch):
    executor = CallingExecutor()
    ran = []

    def run(job):
        job.has_begun = True
        ran.append(job)
        executor.close()

    executor.start(run)
    job = Job(Assignment("0", HyperParameters(), 1, None), None)

    def wait(timeout=None):
        executor.submit(job)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(executor._changed, "wait", wait)
        with pytest.raises(KeyboardInterrupt, match=r"^$"):
            executor.serve()
    executor.serve()
    assert ran == [job]
