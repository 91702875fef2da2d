# ruff: noqa: T201 - printing is what is tested
import asyncio
import contextlib
import contextvars
import io
import logging
import os
import subprocess
import sys
import threading
import time
import warnings

import pytest

from kt_notebook.search.output import OutputCapture
from tests.search.keepers import Keeper


def _print_and_raise(error):
    print("so far", end="")
    raise error("oh")


@pytest.fixture
def capture():
    return OutputCapture()


@pytest.fixture
def keeper():
    return Keeper()


def test_a_trials_prints_are_kept_with_it_and_the_rest_goes_through(capture, keeper, capsys):
    print("before")
    with capture.installed():
        print("beside")
        with capture.trial(keeper):
            print("inside")
            print("oh", file=sys.stderr)
        print("between")
    print("after")

    assert capsys.readouterr() == ("before\nbeside\nbetween\nafter\n", "")
    assert keeper.items == [("stdout", "inside\n"), ("stderr", "oh\n")]


def test_threads_that_print_at_once_do_not_mix(capture, capsys):
    keepers = {word: Keeper() for word in "abc"}
    start = threading.Barrier(4)

    def run(word):
        with capture.trial(keepers[word]):
            start.wait()
            for _ in range(300):
                print(word, word)

    with capture.installed():
        threads = [threading.Thread(target=run, args=(word,)) for word in keepers]
        for thread in threads:
            thread.start()
        start.wait()
        for _ in range(300):
            print("main")
        for thread in threads:
            thread.join()

    assert capsys.readouterr().out == "main\n" * 300
    for word, keeper in keepers.items():
        assert keeper.text() == f"{word} {word}\n" * 300


def test_nothing_stays_replaced_after_the_last_search(capture, keeper):
    before = [sys.stdout, sys.stderr, warnings.showwarning, *sys.meta_path]
    with capture.installed():
        with capture.installed(), capture.trial(keeper):
            print("inside")
        with capture.trial(keeper):
            print("still")
        assert sys.stdout is not before[0]

    assert [sys.stdout, sys.stderr, warnings.showwarning, *sys.meta_path] == before
    assert keeper.text() == "inside\nstill\n"


def test_a_trial_is_captured_without_an_installed_search_too(capture, keeper, capsys):
    before = sys.stdout
    with capture.trial(keeper):
        print("inside")
    assert sys.stdout is before
    assert (keeper.text(), capsys.readouterr().out) == ("inside\n", "")


def test_captures_may_end_in_any_order(keeper, capsys):
    first, second = OutputCapture(), OutputCapture()
    before = [sys.stdout, warnings.showwarning]
    one, two = first.installed(), second.installed()
    one.__enter__()
    two.__enter__()
    with first.trial(keeper):
        print("first")
    one.__exit__(None, None, None)
    print("outside")
    with second.trial(keeper):
        print("second")
    two.__exit__(None, None, None)

    assert [sys.stdout, warnings.showwarning] == before
    assert keeper.text() == "first\nsecond\n"
    assert capsys.readouterr().out == "outside\n"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_restores_everything_and_keeps_what_was_printed(capture, keeper, capsys, error):
    before = sys.stdout
    with pytest.raises(error, match="oh"), capture.installed(), capture.trial(keeper):
        _print_and_raise(error)
    print("after")

    assert keeper.items == [("stdout", "so far")]
    assert sys.stdout is before
    assert capsys.readouterr().out == "after\n"


def test_a_reporter_that_raises_at_the_end_restores_everything(capture):
    class Broken:
        def output(self, *_):
            raise RuntimeError("gone")

    before = sys.stdout
    with pytest.raises(RuntimeError, match="gone"), capture.installed(), capture.trial(Broken()):
        print("x", end="")
    assert sys.stdout is before


@pytest.fixture
def logger():
    logger = logging.getLogger("tests.output")
    logger.propagate = False
    yield logger
    logger.handlers.clear()


def test_a_handler_that_holds_the_stream_is_routed_too(capture, keeper, capsys, logger):
    handler = logging.StreamHandler(sys.stderr)
    logger.addHandler(handler)
    with capture.installed():
        with capture.trial(keeper):
            logger.warning("in the trial")
        logger.warning("outside")

    assert keeper.items == [("stderr", "in the trial\n")]
    assert capsys.readouterr().err == "outside\n"
    assert handler.stream is sys.stderr


def test_a_handler_made_in_a_trial_writes_to_the_notebook_afterwards(capture, keeper, capsys, logger):
    with capture.trial(keeper):
        logger.addHandler(logging.StreamHandler())
        logger.warning("in the trial")
    logger.warning("afterwards")

    assert keeper.text("stderr") == "in the trial\n"
    assert capsys.readouterr().err == "afterwards\n"
    assert logger.handlers[-1].stream is sys.stderr


def test_a_stream_that_outlives_the_search_lets_everything_pass(capture, keeper, capsys):
    with capture.installed():
        kept = sys.stdout
        with capture.trial(keeper):
            kept.writelines(["in", "side\n"])
    print("afterwards", file=kept)

    assert keeper.text() == "inside\n"
    assert capsys.readouterr().out == "afterwards\n"


def test_a_stream_that_was_exchanged_during_the_search_is_routed_too(capture, keeper):
    with capture.installed(), contextlib.redirect_stdout(io.StringIO()) as mine:
        with capture.trial(keeper):
            print("inside")
        print("outside")
    assert mine.getvalue() == "outside\n"
    assert keeper.text() == "inside\n"


def test_a_trial_may_redirect_its_own_prints(capture, keeper):
    with capture.trial(keeper):
        with contextlib.redirect_stdout(io.StringIO()) as mine:
            print("mine")
        print("kept")
    assert mine.getvalue() == "mine\n"
    assert keeper.text() == "kept\n"


def test_in_a_trial_the_streams_are_no_terminal(capture, keeper, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    with capture.installed():
        assert sys.stdout.isatty()
        with capture.trial(keeper):
            assert not sys.stdout.isatty()
        assert sys.stdout.isatty()


def test_a_missing_stream_is_no_error(capture, keeper, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)  # pythonw
    with capture.trial(keeper):
        print("nobody hears")
        print("oh", file=sys.stderr)
    assert keeper.items == [("stderr", "oh\n")]


def test_bytes_are_refused_as_ever(capture, keeper):
    with capture.trial(keeper), pytest.raises(TypeError, match="must be str, not bytes"):
        sys.stdout.write(b"x")


def test_a_warning_in_a_trial_is_kept_with_category_and_line(capture, keeper):
    seen = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda *args, **_: seen.append(str(args[0]))
        with capture.installed():
            with capture.trial(keeper):
                warnings.warn("in the trial", stacklevel=1)
            warnings.warn("outside", stacklevel=1)

    assert seen == ["outside"]
    assert "UserWarning: in the trial" in keeper.text("warning")
    assert 'warnings.warn("in the trial", stacklevel=1)' in keeper.text("warning")


def test_a_thread_started_by_a_trial_writes_to_the_notebook(capture, keeper, capsys):
    with capture.trial(keeper):
        thread = threading.Thread(target=print, args=("child",))
        thread.start()
        thread.join()
    inherits = getattr(sys.flags, "thread_inherit_context", False)
    assert (capsys.readouterr().out, keeper.text()) == (("", "child\n") if inherits else ("child\n", ""))


def test_a_thread_in_the_trials_context_belongs_to_the_trial_until_its_end(capture, keeper, capsys):
    late = []
    with capture.installed():
        with capture.trial(keeper):
            asyncio.run(asyncio.to_thread(print, "child"))
            late.append(contextvars.copy_context())
        thread = threading.Thread(target=late[0].run, args=(print, "late"))
        thread.start()
        thread.join()

    assert keeper.text() == "child\n"
    assert capsys.readouterr().out == "late\n"


def test_what_waits_is_handed_on_without_a_further_print(capture, keeper):
    with capture.trial(keeper):
        print("at once")
        assert keeper.came.wait(10)
        keeper.came.clear()
        print("a moment later")
        assert keeper.came.wait(10)
        assert keeper.text() == "at once\na moment later\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_prints_as_ever():
    code = """if True:
        import os
        from kt_notebook.search.output import OutputCapture
        class Keeper:
            def output(self, *_):
                pass
        with OutputCapture().trial(Keeper()):
            child = os.fork()
            if child == 0:
                print("child", flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            print("kept")
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "child\n"


def test_a_trial_that_prints_nothing_costs_next_to_nothing(capture, keeper):
    n_trials = 2000
    with capture.installed():
        began = time.process_time()
        for _ in range(n_trials):
            with capture.trial(keeper):
                pass
        cost_s = (time.process_time() - began) / n_trials
    assert cost_s < 100e-6  # some 10 µs; a loaded machine is slower
    assert threading.active_count() < 20
