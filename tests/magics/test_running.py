"""Facts about searches that run beside the notebook: waiting, stopping, joining, two at a time."""

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from kt_notebook.core.errors import OptionError, SearchStateError

DEADLINE_S = 20


class Gate:
    """Lets a test hold trials: each trial says that it has begun, then waits to be let go."""

    def __init__(self):
        self.begun = threading.Semaphore(0)
        self._go = threading.Semaphore(0)
        self._is_open = threading.Event()
        self.n_begun = 0

    def __call__(self):
        self.n_begun += 1
        self.begun.release()
        while not self._is_open.is_set() and not self._go.acquire(timeout=0.02):
            pass

    def wait(self, n=1):
        for _ in range(n):
            assert self.begun.acquire(timeout=DEADLINE_S), "no trial has begun"

    def let(self, n=1):
        self._go.release(n)

    def open(self):
        self._is_open.set()


@pytest.fixture
def gate(notebook):
    """A gate that the notebook's cells know as `gate`; it opens at the end."""
    made = Gate()
    notebook.shell.user_ns["gate"] = made
    yield made
    made.open()


HELD = "%%tune q --no-wait --max-trials {n} --seed 1{more}\nx = hp.Float('x', 0, 1)\ngate()\nx\n"


def test_the_cell_returns_while_trials_run(notebook, gate):
    notebook.ok(HELD.format(n=3, more=""))
    gate.wait()

    assert notebook["q"].session.is_running
    assert list(notebook["q"].results.status) == ["RUNNING"]
    assert repr(notebook["q"].best) == "no trial has completed yet"
    assert notebook.ok("1 + 1").value == 2
    gate.open()
    assert notebook["q"].wait(DEADLINE_S)
    assert list(notebook["q"].results.status) == ["COMPLETED"] * 3


@pytest.mark.parametrize(
    "call", ["q.get_best_hyperparameters()[0]['x']", "q.results_summary()", "q.wait()", "%tune wait", "%tune wait q"]
)
def test_what_needs_the_end_waits_for_it_and_says_so(notebook, gate, call):
    notebook.ok(HELD.format(n=3, more=""))
    gate.wait()
    threading.Timer(0.05, gate.open).start()

    ran = notebook.ok(call)

    assert "Waiting for q. Interrupting ends the waiting, not the search." in ran.out
    assert notebook["q"].hub.record.state == "finished"


def test_a_fault_of_the_trials_is_raised_by_who_waits(notebook, gate):
    notebook.ok("%%tune q --no-wait --max-trials 9\nx = hp.Float('x', 0, 1)\ngate()\nx / 0\n")
    gate.open()
    ran = notebook.fails("q.get_best_hyperparameters()")

    assert isinstance(ran.error, ZeroDivisionError)
    assert "x / 0" in ran.out
    assert "kt_notebook/" not in ran.out
    assert notebook["q"].hub.record.state == "failed"


def test_our_own_faults_are_a_block_to_who_waits(notebook, gate):
    notebook.ok("%%tune q --no-wait --max-trials 9\nx = hp.Float('x', 0, 1)\ngate()\n{'f1': x}\n")
    gate.open()
    ran = notebook.fails("q.get_best_hyperparameters()")

    assert "Traceback" not in ran.out
    assert "--objective f1:max" in ran.out
    assert len(ran.out.splitlines()) <= 6


def test_the_same_cell_shows_the_running_search(notebook, gate):
    notebook.ok(HELD.format(n=3, more=""))
    gate.wait()
    tuner = notebook["q"]
    again = notebook.ok(HELD.format(n=3, more=""))

    assert notebook["q"] is tuner
    assert "running" in again.out
    assert len(notebook.projects()) == 1
    assert gate.n_begun == 1


def test_the_same_cell_with_more_trials_lets_the_running_search_go_on(notebook, gate):
    notebook.ok(HELD.format(n=2, more=""))
    gate.wait()
    notebook.ok(HELD.format(n=5, more=""))
    gate.open()
    notebook["q"].wait(DEADLINE_S)

    assert len(notebook["q"].results) == 5


def test_the_same_cell_waits_where_it_is_told_to(notebook, gate):
    notebook.ok(HELD.format(n=2, more=""))
    gate.wait()
    threading.Timer(0.05, gate.open).start()
    ran = notebook.ok(HELD.format(n=2, more="").replace("--no-wait", "--wait"))

    assert "finished" in ran.out
    assert not notebook["q"].session.is_running


def test_a_running_search_is_not_overwritten(notebook, gate):
    notebook.ok(HELD.format(n=2, more=""))
    gate.wait()
    ran = notebook.fails(HELD.format(n=2, more=" --overwrite"))

    assert isinstance(ran.error, SearchStateError)
    assert "%tune stop q --now" in ran.out
    assert notebook["q"].session.is_running


def test_a_running_search_on_changed_data_is_joined_too(notebook, gate):
    cell = HELD.format(n=2, more="").replace("\nx\n", "\nx * scale\n")
    notebook.ok("scale = 1")
    notebook.ok(cell)
    gate.let(2)
    notebook["q"].wait(DEADLINE_S)
    notebook.ok("scale = 2")
    notebook.ok(cell)
    gate.wait(3)
    tuner = notebook["q"]
    ran = notebook.ok(cell)

    assert notebook["q"] is tuner
    assert "running" in ran.out
    assert len(notebook.projects()) == 2


def test_two_searches_at_a_time_do_not_mix(notebook, gate):
    notebook.ok(
        "%%tune a --no-wait --max-trials 5\nx = hp.Float('x', 0, 1)\nme = 'a'\ngate()\nprint(me)\nfloat(me == 'a')\n"
    )
    notebook.ok(
        "%%tune b --no-wait --max-trials 6\ny = hp.Float('y', 0, 1)\nme = 'b'\ngate()\nprint(me)\nfloat(me == 'b')\n"
    )
    gate.wait(2)
    gate.open()
    for name, n, space in (("a", 5, "x"), ("b", 6, "y")):
        tuner = notebook[name]
        assert tuner.wait(DEADLINE_S)
        assert list(tuner.results.score) == [1.0] * n
        assert [entry.name for entry in tuner.oracle.get_space().space] == [space]
        texts = [tuner.hub.detail(str(trial))["outputs"] for trial in tuner.results.index]
        assert [[output["text"] for output in outputs] for outputs in texts] == [[f"{name}\n"]] * n
    assert len(notebook.projects()) == 2


def test_several_workers_run_trials_at_a_time_also_where_the_cell_waits(notebook, gate):
    def open_when_three_have_begun():
        gate.wait(3)
        gate.open()

    helper = threading.Thread(target=open_when_three_have_begun)
    helper.start()
    notebook.ok("%%tune q --wait --workers 3 --max-trials 5\nx = hp.Float('x', 0, 1)\ngate()\nx\n")
    helper.join(DEADLINE_S)

    assert list(notebook["q"].results.status) == ["COMPLETED"] * 5
    assert notebook["q"].hub.record.search["workers"] == 3


def test_a_time_limit_ends_the_search(notebook):
    ran = notebook.ok(
        "%%tune q --timeout 0.2s --max-trials 1_000_000\nimport time\nx = hp.Float('x', 0, 1)\ntime.sleep(0.01)\nx\n"
    )

    assert notebook["q"].hub.record.state == "timed_out"
    assert "out of time" in ran.out
    assert len(notebook["q"].results) > 1


# %tune


def test_stop_ends_after_the_running_trial(notebook, gate):
    notebook.ok(HELD.format(n=9, more=""))
    gate.wait()
    notebook.ok("%tune stop")
    gate.let()
    assert notebook["q"].wait(DEADLINE_S)

    assert notebook["q"].hub.record.state == "stopped"
    assert list(notebook["q"].results.status) == ["COMPLETED"]
    gate.open()
    notebook.ok(HELD.format(n=3, more="").replace("--no-wait", "--wait"))
    assert list(notebook["q"].results.status) == ["COMPLETED"] * 3


def test_stop_now_cuts_a_trial_that_has_no_fit_once_its_code_returns(notebook, gate):
    notebook.ok(HELD.format(n=9, more=""))
    gate.wait()
    notebook.ok("%tune stop q --now")
    gate.let()
    assert notebook["q"].wait(DEADLINE_S)

    assert notebook["q"].hub.record.state == "stopped"
    assert gate.n_begun == 1


def test_pause_holds_the_next_trial_and_resume_lets_it_go(notebook, gate):
    notebook.ok(HELD.format(n=3, more=""))
    gate.wait()
    notebook.ok("%tune pause q")
    gate.let()
    until(lambda: len(notebook["q"].results) == 1 and notebook["q"].results.status.iloc[0] == "COMPLETED")
    assert "q: paused  1 of 3 trials" in notebook.ok("%tune status").out
    assert not gate.begun.acquire(timeout=0.05)
    notebook.ok("%tune resume q")
    gate.open()
    assert notebook["q"].wait(DEADLINE_S)

    assert len(notebook["q"].results) == 3


def test_words_answer_for_the_latest_search_or_the_one_named(notebook):
    notebook.ok("%%tune a --max-trials 2\nhp.Float('x', 0, 1)\n")
    notebook.ok("%%tune b --max-trials 3\nhp.Float('y', 0, 1)\n")

    assert notebook.ok("%tune status").out.startswith("b: finished  3 of 3 trials  best ")
    assert notebook.ok("%tune status a").out.startswith("a: finished  2 of 2 trials  best ")
    assert len(notebook.ok("%tune results a").value) == 2
    assert notebook.ok("%tune best").value == notebook["b"].best
    assert "a · finished" in notebook.ok("%tune show a").out
    assert notebook.ok("%tune wait").out == ""
    assert [line.split(":")[0] for line in notebook.ok("%tune list").out.splitlines()] == ["b", "a"]
    assert notebook.ok("%tune").out == notebook.ok("%tune list").out


def test_searches_of_one_name_are_told_apart_by_their_folders(notebook):
    notebook.ok("%%tune a --max-trials 2\nhp.Float('x', 0, 1)\n")
    notebook.ok("%%tune a --max-trials 2\nhp.Float('y', 0, 1)\n")
    lines = notebook.ok("%tune list").out.splitlines()

    assert len(lines) == 2
    assert {line.rpartition("  ")[2] for line in lines} == {f"({name})" for name in notebook.projects()}


def test_status_counts_the_time_of_a_search_that_runs(notebook, gate, monkeypatch):
    notebook.ok(HELD.format(n=3, more=""))
    gate.wait()
    began = notebook["q"].hub.record.search["active_since"]
    monkeypatch.setattr("kt_notebook.magics.line.time", SimpleNamespace(time=lambda: began + 102))
    told = notebook.ok("%tune status").out, notebook.ok("%tune list").out

    assert told[0] == "q: running  0 of 3 trials  1:42\n"
    assert "  1:42  (q-" in told[1]


def test_the_time_of_a_killed_search_on_disk_ends_with_its_last_record(notebook, monkeypatch):
    notebook.ok("%%tune a --max-trials 2\nhp.Float('x', 0, 1)\n")
    journal = Path(notebook["a"].project_dir, "journal.jsonl")
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"search_ended"' not in line))
    vars(notebook.shell).pop("_kt_notebook_host")
    later = time.time() + 86_400
    monkeypatch.setattr("kt_notebook.magics.line.time", SimpleNamespace(time=lambda: later))
    listed = notebook.ok("%tune list").out

    assert listed.startswith("a: running  2 of 2 trials  best ")
    assert "24:0" not in listed


def test_searches_on_disk_are_listed_and_opened(notebook):
    notebook.ok("%%tune a --max-trials 2\nhp.Float('x', 0, 1)\n")
    (name,) = notebook.projects()
    vars(notebook.shell).pop("_kt_notebook_host")  # as after a restart of the kernel

    assert "a: finished  2 of 2 trials" in (listed := notebook.ok("%tune list").out)
    assert f"(on disk: %tune open {name})" in listed
    for place in (name, f".kt_notebook/{name}", f"'.kt_notebook/{name}'"):
        assert "a · finished" in notebook.ok(f"%tune open {place}").out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("statis", "%tune has no word 'statis'. Did you mean status?"),
        ("xyzzy", "There are: list, show, status, wait, stop, pause, resume, enqueue, results, best, plot, bake"),
        ("status q2", "no search called 'q2'. Did you mean q"),
        ("stop", "q has ended (finished). Run its cell again to go on."),
        ("open", "%tune open takes one folder"),
        ("open nowhere", "nowhere is no project of ours. Beside this notebook there are: q-"),
        ("status 'q", "Close the quotes"),
    ],
)
def test_a_word_that_means_nothing_says_what_does(notebook, line, said):
    notebook.ok("%%tune q --max-trials 1\nhp.Float('x', 0, 1)\n")
    ran = notebook.fails(f"%tune {line}")

    assert isinstance(ran.error, OptionError)
    assert said in ran.out
    assert "Traceback" not in ran.out


@pytest.mark.parametrize("word", ["status", "show", "wait", "stop", "results", "best"])
def test_words_without_a_search_say_how_to_get_one(notebook, word):
    assert "Put %%tune over a cell" in notebook.fails(f"%tune {word}").out


def test_list_without_a_search_says_how_to_get_one(notebook):
    assert notebook.ok("%tune list").out == "No search yet. Put %%tune over a cell.\n"


def until(is_so):
    """Poll until something is so."""
    over = threading.Event()
    for _ in range(int(DEADLINE_S / 0.02)):
        if is_so():
            return
        over.wait(0.02)
    raise AssertionError("what was waited for did not come")
