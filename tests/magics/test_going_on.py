"""Facts about a cell that is run again: what counts as the same, what goes on, what begins anew."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kt_notebook.core.commands import Stop
from kt_notebook.core.errors import ProjectLockedError, StorageError
from kt_notebook.magics import launch
from kt_notebook.panel.host import FrontEnd

SQUARE = "%%tune q --max-trials {n} --seed 1{more}\nx = hp.Float('x', -1, 1)\nran.append(x)\nx ** 2\n"


@pytest.fixture
def square(notebook):
    """Runs the same cell, and returns the values that were tried in this run."""
    notebook.shell.user_ns["ran"] = []

    def run(n=4, more="", cell=SQUARE):
        notebook["ran"].clear()
        notebook.ok(cell.format(n=n, more=more))
        return list(notebook["ran"])

    return run


def test_a_finished_cell_shows_its_results_and_trains_nothing(notebook, square):
    first = square()
    again = notebook.ok(SQUARE.format(n=4, more=""))

    assert len(first) == 4
    assert len(notebook["ran"]) == 4
    assert sorted(notebook["q"].results.x) == sorted(first)
    assert "finished" in again.out
    assert len(notebook.projects()) == 1


def test_comments_and_layout_do_not_count(notebook, square):
    square()

    again = square(
        cell="%%tune q --seed=1 --max-trials={n}   # the same\n\n# a comment\nx = hp.Float(\n    'x', -1,\n    1)\n"
        "ran.append( x )  # note\n\nx**2\n"
    )

    assert again == []
    assert len(notebook.projects()) == 1


def test_more_trials_go_on(notebook, square):
    first = square(3)
    second = square(8)

    assert (len(first), len(second)) == (3, 5)
    assert not set(first) & set(second)
    assert len(notebook["q"].results) == 8
    assert len(notebook.projects()) == 1


def test_fewer_trials_show_what_there_is(notebook, square):
    square(5)

    assert square(2) == []
    assert len(notebook["q"].results) == 5


def test_going_on_tries_what_one_long_search_would_have(notebook, square):
    parts = square(3) + square(8)
    whole = square(8, more=" --overwrite")

    assert parts == whole


def test_a_grid_goes_on_where_it_was(notebook):
    cell = "%%tune g --tuner grid --max-trials {n}\nhp.Int('a', 1, 3) * 10 + hp.Int('b', 1, 3)\n"
    notebook.ok(cell.format(n=4))
    notebook.ok(cell.format(n=9))

    results = notebook["g"].results
    assert sorted(results.score) == [a * 10 + b for a in (1, 2, 3) for b in (1, 2, 3)]
    assert "exhausted" not in set(results.status)


def test_auto_that_comes_to_cover_the_grid_repeats_nothing(notebook):
    cell = "%%tune g --max-trials {n} --seed 2\nhp.Int('a', 1, 4) * 10 + hp.Int('b', 1, 4)\n"
    notebook.ok(cell.format(n=5))
    notebook.ok(cell.format(n=40))

    scores = list(notebook["g"].results.score)
    assert sorted(scores) == [a * 10 + b for a in range(1, 5) for b in range(1, 5)]


def test_auto_goes_on_with_the_tuner_that_it_chose_first(notebook):
    cell = "%%tune g --max-trials {n} --seed 2\nhp.Int('a', 1, 4) * 10 + hp.Int('b', 1, 4)\n"
    said = notebook.ok(cell.format(n=5)).out
    again = notebook.ok(cell.format(n=40)).out

    assert "tuner auto: Bayesian search, as 5 trials are not enough for 16 combinations" in said
    assert "tuner auto" not in again
    assert notebook["g"].hub.record.search["tuner"] == "BayesianOptimization"


def test_auto_goes_on_with_a_search_that_was_random(notebook):
    cell = "%%tune g --directory d --project-name p --max-trials {n}{more}\nhp.Float('a', 1, 4)\n"
    notebook.ok(cell.format(n=2, more=" --tuner random"))
    notebook.ok(cell.format(n=4, more=""))

    assert notebook["g"].hub.record.search["tuner"] == "RandomSearch"
    assert len(notebook["g"].results) == 4


def test_prune_may_change_and_applies(notebook, square):
    square(2)
    assert square(4, more=" --prune none")
    assert notebook["q"].oracle.pruner is None
    assert square(6, more=" --prune median")
    assert type(notebook["q"].oracle.pruner).__name__ == "MedianPruner"
    assert len(notebook.projects()) == 1


def test_an_exhausted_space_trains_nothing_more(notebook):
    notebook.ok("ran = []")
    cell = "%%tune g --max-trials {n}\na = hp.Int('a', 1, 3)\nran.append(a)\na\n"
    notebook.ok(cell.format(n=10))
    notebook.ok(cell.format(n=20))

    assert sorted(notebook["ran"]) == [1, 2, 3]


HYPERBAND = (
    "%%tune q --project-name p{more} --objective loss:min --seed 1\nx = hp.Float('x', 0, 1)\n"
    "for epoch in range(hp.get('tuner/epochs') if 'tuner/epochs' in hp else 1):\n    pass\n{{'loss': x}}\n"
)


def test_a_search_that_hyperband_exhausted_goes_on_with_another_tuner(notebook):
    notebook.ok(HYPERBAND.format(more=" --tuner hyperband --max-epochs 3"))
    n = len(notebook["q"].results)
    same = notebook.ok(HYPERBAND.format(more=f" --max-epochs 3 --max-trials {n + 3}"))
    assert f"Hyperband's brackets are complete with {n} trials; --tuner bayesian would go on from them" in same.out
    assert len(notebook["q"].results) == n
    other = notebook.ok(HYPERBAND.format(more=f" --tuner random --max-trials {n + 3}"))
    assert f"q goes on from {n} trials" in other.out
    assert len(notebook["q"].results) == n + 3


def test_auto_goes_on_with_hyperband_and_what_it_draws_from(notebook):
    for tuner in ("hyperband+bayesian", "hyperband"):
        notebook.ok(HYPERBAND.format(more=f" --tuner {tuner} --overwrite --max-epochs 9 --max-trials 3"))
        sampler = type(notebook["q"].oracle._sampler)
        for n in (5, 6):
            notebook.ok(HYPERBAND.format(more=f" --max-epochs 9 --max-trials {n}"))
            assert len(notebook["q"].results) == n
            assert type(notebook["q"].oracle._sampler) is sampler


def test_a_grid_that_was_complete_goes_on_in_a_larger_space(notebook):
    cell = "%%tune g --project-name p --tuner grid\nhp.Int('a', 1, {most})\n"
    notebook.ok(cell.format(most=3))
    notebook.ok(cell.format(most=5))

    assert sorted(notebook["g"].results.score) == [1, 2, 3, 4, 5]


def test_a_cell_says_from_where_it_goes_on_and_that_it_has_more_trials_than_asked_for(notebook):
    assert "goes on from" not in notebook.ok(SQUARE.format(n=3, more="").replace("ran", "[]")).out
    assert "q goes on from 3 trials" in notebook.ok(SQUARE.format(n=5, more="").replace("ran", "[]")).out
    less = notebook.ok(SQUARE.format(n=2, more="").replace("ran", "[]")).out
    assert "q has 5 trials already, --max-trials 2 runs no more" in less


def test_an_option_that_makes_a_new_search_of_the_same_cell_is_named(notebook, square):
    square()
    (first,) = notebook.projects()
    again = notebook.ok(SQUARE.format(n=4, more=" --max-epochs 3").replace("--seed 1", "--seed 2")).out
    assert f"--seed and --max-epochs changed, so this is a new search; the one before is kept as {first}" in again
    assert "changed, so" not in notebook.ok(SQUARE.format(n=5, more="").replace("hp.Float", "2 * hp.Float")).out
    assert "changed, so" not in notebook.ok(SQUARE.format(n=5, more="")).out


def test_overwrite_begins_anew_and_keeps_the_old(notebook, square):
    first = square()
    second = square(more=" --overwrite")

    name = notebook.projects()[0]
    assert second == first  # the seed is the same
    assert notebook.projects() == [name, f"{name}.old"]
    assert "(on disk" not in notebook.ok("%tune list").out


def test_overwrite_with_a_wrong_tuner_leaves_the_old_alone(notebook, square):
    square()
    before = notebook.projects()

    notebook.fails("%%tune q --overwrite --tuner randm\nx = hp.Float('x', -1, 1)\nran.append(x)\nx ** 2\n")

    assert notebook.projects() == before


def test_a_changed_cell_is_another_search(notebook, square):
    square()
    other = square(cell=SQUARE.replace("x ** 2", "x ** 4"))

    assert len(other) == 4
    assert len(notebook.projects()) == 2


@pytest.mark.parametrize("more", [" --objective default_objective:min", " --executions-per-trial 2", " --max-epochs 3"])
def test_what_a_trial_means_is_part_of_the_search(notebook, square, more):
    square()
    square(more=more)

    assert len(notebook.projects()) == 2


def test_a_time_limit_is_not_part_of_the_search(notebook, square):
    square(2)

    assert len(square(4, more=" --timeout 1h")) == 2
    assert len(notebook.projects()) == 1


def test_a_search_that_was_stopped_goes_on(notebook):
    cell = (
        "%%tune q --max-trials {n} --seed 1\n"
        "x = hp.Float('x', -1, 1)\n"
        "ran.append(x)\n"
        "if len(ran) == 3:\n"
        "    halt()\n"
        "x ** 2\n"
    )
    notebook.ok("ran = []")
    notebook.shell.user_ns["halt"] = lambda: notebook["q"].session.post(Stop())
    first = notebook.ok(cell.format(n=6))

    assert "q stopped: 3 trials" in first.out
    assert len(notebook["ran"]) == 3
    notebook.ok(cell.format(n=6))
    assert len(notebook["ran"]) == 6
    assert len(notebook["q"].results) == 6


def test_a_trial_that_was_cut_runs_again_under_its_id_with_its_values(notebook):
    cell = (
        "%%tune q --max-trials 5 --seed 1\n"
        "x = hp.Float('x', -1, 1)\n"
        "ran.append(x)\n"
        "if len(ran) == 3:\n"
        "    raise KeyboardInterrupt\n"
        "x ** 2\n"
    )
    notebook.ok("ran = []")
    interrupted = notebook.fails(cell)

    assert isinstance(interrupted.error, KeyboardInterrupt)
    assert dict(notebook["q"].results.status) == {0: "COMPLETED", 1: "COMPLETED", 2: "IDLE"}
    notebook.ok(cell)
    ran = notebook["ran"]
    assert len(ran) == 6
    assert ran[3] == ran[2] == notebook["q"].results.x[2]
    assert list(notebook["q"].results.status) == ["COMPLETED"] * 5


def test_a_search_that_failed_goes_on(notebook):
    cell = "%%tune q --max-trials 6\nx = hp.Float('x', -1, 1)\nx * float(Path('factor').read_text())\n"
    notebook.ok("from pathlib import Path")
    failed = notebook.fails(cell)
    Path("factor").write_text("2")
    notebook.ok(cell)

    assert isinstance(failed.error, FileNotFoundError)
    assert list(notebook["q"].results.status) == ["COMPLETED"] * 6  # those that failed ran again


def test_what_trials_write_into_a_list_is_no_change_of_the_data(notebook):
    cell = "%%tune q --max-trials 2\nx = hp.Float('x', 0, 1)\nseen.append(x)\nbest['x'] = x\nx\n"
    notebook.ok("seen, best = [], {}")
    notebook.ok(cell)
    notebook.ok(cell)

    assert len(notebook["seen"]) == 2


# Data that changed since.


def test_changed_data_begin_a_new_search_which_is_found_again(notebook, square):
    cell = "%%tune q --max-trials {n} --seed 1{more}\nx = hp.Float('x', -1, 1)\nran.append(x)\nx * data.sum()\n"
    notebook.ok("import numpy as np\ndata = np.arange(10.0)")
    assert len(square(cell=cell)) == 4

    notebook.ok("data = data + 1")
    notebook["ran"].clear()
    told = notebook.ok(cell.format(n=4, more="")).out
    first, second = notebook.projects()
    assert len(notebook["ran"]) == 4
    assert second == f"{first}-2"
    assert f"data changed since the search in {first} began" in told
    assert second in told

    assert square(cell=cell) == []  # the same data again: the second search, finished
    assert notebook["q"].project_dir.endswith(second)
    notebook.ok("data = np.arange(10.0)")
    assert square(cell=cell) == []  # the first data again: the first search
    assert notebook["q"].project_dir.endswith(first)
    assert notebook.projects() == [first, second]


def test_a_search_that_never_began_does_not_hide_the_next(notebook, square):
    cell = "%%tune q --max-trials {n} --seed 1{more}\nx = hp.Float('x', -1, 1)\nran.append(x)\nx * scale\n"
    notebook.ok("scale = 1")
    square(cell=cell)
    (first,) = notebook.projects()
    Path(f".kt_notebook/{first}-2").mkdir()
    notebook.ok("scale = 2")

    assert len(square(cell=cell)) == 4
    assert square(cell=cell) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("size = 3", "size = 4"),
        ("size = [1, 2]", "size = [1, 3]"),
        ("def size():\n    return 3", "def size():\n    return 4"),
        ("import pandas\nsize = pandas.DataFrame({'a': [1]})", "size = pandas.DataFrame({'a': [2]})"),
        ("import numpy as np\nsize = np.zeros(3)", "size = np.zeros(3, 'float32')"),
        ("import numpy as np\nsize = np.zeros(6)", "size = np.zeros((2, 3))"),
    ],
)
def test_what_the_cell_reads_is_known_again(notebook, before, after):
    cell = "%%tune q --max-trials 2\nhp.Float('x', 0, 1) * len(str(size))\n"
    notebook.ok(before)
    notebook.ok(cell)
    notebook.ok(before)
    notebook.ok(cell)
    assert len(notebook.projects()) == 1

    notebook.ok(after)
    told = notebook.ok(cell).out

    assert len(notebook.projects()) == 2
    assert "size changed" in told


@pytest.mark.parametrize(("answer", "n_projects"), [("go on", 1), ("Go on ", 1), ("new", 2), ("", 2)])
def test_whoever_watches_is_asked(notebook, square, monkeypatch, answer, n_projects):
    cell = "%%tune q --max-trials {n} --seed 1{more}\nx = hp.Float('x', -1, 1)\nran.append(x)\nx * scale\n"
    notebook.ok("scale = 1")
    square(cell=cell)
    asked = []
    monkeypatch.setattr(launch, "front_end", lambda shell: FrontEnd.TERMINAL)
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or answer)
    notebook.ok("scale = 2")
    square(6, cell=cell)

    assert len(asked) == 1
    assert "scale changed" in asked[0]
    assert len(notebook.projects()) == n_projects
    assert len(notebook["q"].results) == 6
    square(6, cell=cell)
    assert len(asked) == 1  # the answer is remembered


# The project on disk.


def test_a_project_says_not_to_be_committed(notebook, square):
    square()

    assert Path(".kt_notebook/.gitignore").read_text() == "*\n"


def test_directory_and_project_name_say_where(notebook, square):
    square(more=" --directory out --project-name squares")

    assert Path("out/squares/journal.jsonl").exists()
    assert Path("out/squares/oracle.json").exists()
    assert notebook.projects() == []
    assert square(more=" --directory out --project-name squares") == []


def test_a_place_that_cannot_be_written_is_said_before_a_trial(notebook):
    Path(".kt_notebook").write_text("in the way")
    ran = notebook.fails("%%tune q\nran = hp.Float('x', 0, 1)\nopen('ran', 'w')\nran\n")

    assert isinstance(ran.error, StorageError)
    assert ".kt_notebook" in ran.out
    assert "Traceback" not in ran.out
    assert not Path("ran").exists()


def test_a_project_that_another_process_searches_in_is_said_and_left_alone(notebook, square):
    square(3)
    (name,) = notebook.projects()
    journal = Path(".kt_notebook", name, "journal.jsonl")
    before = journal.read_bytes()
    hold = (
        "import sys; from pathlib import Path; from kt_notebook.storage.projects import Project\n"
        f"lock = Project(Path('.kt_notebook') / {name!r}).lock()\n"
        "print('held', flush=True); sys.stdin.read(); lock.release()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        ran = notebook.fails(SQUARE.format(n=6, more=""))
        results = notebook["q"].results
        listed = notebook.ok("%tune list")
        overwritten = notebook.fails(SQUARE.format(n=6, more=" --overwrite"))
        holder.stdin.close()
        assert holder.wait(20) == 0

    assert isinstance(ran.error, ProjectLockedError)
    assert str(holder.pid) in ran.out
    assert "None" not in listed.out  # a search that did not start is none of this kernel's
    assert len(results) == 3  # it can be read all the same
    assert isinstance(overwritten.error, ProjectLockedError)
    assert journal.read_bytes() == before
    assert notebook.projects() == [name]
    assert len(square(6)) == 3  # and goes on once the other is done


def test_a_trial_that_a_cut_journal_lost_comes_back_from_its_own_file(notebook, square):
    first = square(4)
    journal = Path(notebook["q"].project_dir, "journal.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    ends = [n for n, line in enumerate(lines) if json.loads(line)["kind"] == "trial_ended"]
    journal.write_bytes(b"".join(lines[: ends[2] + 1]) + b'{"seq": 99, "ki')
    notebook.ok(SQUARE.format(n=4, more=""))

    assert sorted(notebook["q"].results.x) == sorted(first)
    assert len(notebook["ran"]) == 4


def test_a_journal_damaged_within_keeps_what_can_be_read_and_says_so(notebook, square):
    square(4)
    journal = Path(notebook["q"].project_dir, "journal.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    middle = next(n for n, line in enumerate(lines) if b'"trial_ended"' in line and b'"1"' in line)
    journal.write_bytes(b"".join([*lines[:middle], b"\x00\xff rubbish\n", *lines[middle + 1 :]]))
    again = notebook.ok(SQUARE.format(n=4, more=""))

    results = notebook["q"].results
    assert (results.status == "COMPLETED").sum() == 4
    assert len(notebook["ran"]) == 4  # The damaged trial's end stands in its trial.json, too.
    notes = notebook["q"].hub.snapshot()["search"]["notes"]
    assert [note["code"] for note in notes] == ["tuner_chosen", "number_minimised", "trials_taken_in"]
    assert "journal" in again.out


def test_damage_that_costs_no_trial_is_said_too(notebook, square):
    square(3)
    journal = Path(notebook["q"].project_dir, "journal.jsonl")
    with journal.open("ab") as file:
        file.write(b"rubbish\n")
    again = notebook.ok(SQUARE.format(n=3, more=""))

    assert len(notebook["ran"]) == 3
    assert "journal" in again.out
