"""Facts about what a trial may touch: its own names, its own output, never the notebook or another trial."""

import math
import sys
from pathlib import Path

import pytest

from kt_notebook.core.errors import FatalDataError


def test_a_trials_names_do_not_reach_the_notebook(notebook):
    notebook.ok("x = 'mine'")
    notebook.ok("%%tune q --max-trials 3\nimport math as m\nx = hp.Float('x', 0, 1)\nother = m.floor(x)\nx\n")

    assert notebook["x"] == "mine"
    assert "other" not in notebook
    assert "m" not in notebook
    assert "hp" not in notebook


def test_hp_may_be_a_name_of_the_notebook(notebook):
    notebook.ok("hp = 'horse power'")
    notebook.ok("%%tune q --max-trials 2\nhp.Float('x', 0, 1)\n")

    assert notebook["hp"] == "horse power"


def test_trials_do_not_see_each_others_names(notebook):
    notebook.ok(
        "%%tune q --max-trials 4\nhp.Float('x', 0, 1)\nbefore = 'left' in globals()\nleft = True\nfloat(before)\n"
    )

    assert list(notebook["q"].results.score) == [0.0] * 4


def test_rebinding_a_name_in_the_cell_begins_from_the_notebooks_value(notebook):
    notebook.ok("n = 10")
    notebook.ok("%%tune q --max-trials 4\nhp.Float('x', 0, 1)\nn += 1\nn\n")

    assert set(notebook["q"].results.score) == {11.0}
    assert notebook["n"] == 10


def test_del_of_a_notebooks_name_is_the_trials_own(notebook):
    notebook.ok("n = 10")
    notebook.ok("%%tune q --max-trials 3\nx = hp.Float('x', 0, 1)\ndel n\nfloat('n' in globals())\n")

    assert set(notebook["q"].results.score) == {0.0}
    assert notebook["n"] == 10


def test_a_star_import_works_in_a_cell(notebook):
    notebook.ok("%%tune q --max-trials 3\nfrom math import *\nx = hp.Float('x', 0, 1)\nfloor(x) + pi\n")

    assert set(notebook["q"].results.score) == {math.pi}
    assert "pi" not in notebook


def test_a_cell_may_have_functions_that_use_its_names(notebook):
    notebook.ok(
        "%%tune q --max-trials 3\nscale = hp.Choice('scale', [2])\n"
        "def f(v):\n    return [v * scale for _ in range(2)]\nsum(f(3))\n"
    )

    assert set(notebook["q"].results.score) == {12.0}


def test_rebinding_a_notebooks_name_while_the_search_runs_does_not_matter(notebook):
    notebook.ok("n = 1\ncount = []")
    notebook.shell.user_ns["change"] = lambda: notebook.shell.user_ns.update(n=100)
    notebook.ok("%%tune q --max-trials 4\nx = hp.Float('x', 0, 1)\nchange()\nn\n")

    assert set(notebook["q"].results.score) == {1.0}


def test_one_name_is_written_into_the_notebook(notebook):
    before = set(notebook.shell.user_ns)
    notebook.ok("%%tune q --max-trials 2\nx = hp.Float('x', 0, 1)\nx\n")

    # what an ordinary cell writes too: _i1, _ih, …
    assert {name for name in set(notebook.shell.user_ns) - before if not name.startswith("_")} == {"q"}


def test_definitions_land_in_the_notebook_and_our_hooks_stay_out_of_sight(notebook):
    notebook.ok("%%tune q --max-trials 2\nscale = 3\ndef loss(hp):\n    return hp.Float('x', 0, 1) * scale\n")

    assert notebook["scale"] == 3
    assert notebook.ok("%who").out.split() == ["loss", "q", "scale"]


# Output.


def test_what_a_trial_prints_is_kept_with_it(notebook):
    ran = notebook.ok(
        "%%tune q --max-trials 2 --seed 1\n"
        "import sys, warnings\n"
        "warnings.simplefilter('always')\n"
        "x = hp.Choice('x', [1, 2])\n"
        "print('value', x)\n"
        "print('to stderr', file=sys.stderr)\n"
        "warnings.warn('careful')\n"
        "x\n"
    )

    assert "value" not in ran.out
    assert "careful" not in ran.out
    outputs = notebook["q"].hub.detail("0")["outputs"]
    said = {output["stream"]: output["text"] for output in outputs}
    assert said["stdout"] == f"value {notebook['q'].results.x[0]}\n"
    assert said["stderr"] == "to stderr\n"
    assert "careful" in said["warning"]


def test_what_the_notebook_prints_afterwards_is_shown(notebook):
    notebook.ok("%%tune q --max-trials 2\nx = hp.Float('x', 0, 1)\nprint('hidden')\nx\n")
    out, err = sys.stdout, sys.stderr

    assert notebook.ok("print('shown')").out == "shown\n"
    assert (sys.stdout, sys.stderr) == (out, err)


def test_a_trial_that_changes_the_folder_is_the_users_own_business_but_the_project_stays(notebook, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    notebook.ok("import os\n")
    notebook.ok(
        "%%tune q --max-trials 3\nos.chdir(home + '/elsewhere')\nhp.Float('x', 0, 1)\n".replace(
            "home", repr(str(tmp_path))
        )
    )

    assert Path.cwd() == tmp_path / "elsewhere"
    assert (tmp_path / ".kt_notebook").is_dir()
    assert len(notebook["q"].results) == 3
    assert not (tmp_path / "elsewhere/.kt_notebook").exists()


# Data changed in place.


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("data /= 255", 3),
        ("data[0] = x", 3),
        ("data.sort()", 3),
        ("np.multiply(data, 2, out=data)", 3),
        ("spoil(data)", None),
    ],
)
def test_data_that_a_trial_changes_in_place_end_the_search_with_name_and_line(notebook, change, line):
    notebook.ok("import numpy as np\ndata = np.arange(9.0, 0, -1)\ndef spoil(a):\n    a += 1")
    ran = notebook.fails(f"%%tune q --max-trials 5\nx = hp.Float('x', 0, 1)\n{change}\nx\n")

    assert isinstance(ran.error, FatalDataError)
    assert ran.error.line == line
    assert "'data' in place" in ran.out
    if line is not None:
        assert f"-> {line} | {change}" in ran.out
    assert len(notebook["q"].results) == 1


def test_a_copy_may_be_changed(notebook):
    notebook.ok("import numpy as np\ndata = np.arange(5.0)")
    notebook.ok("%%tune q --max-trials 3\nhp.Float('x', 0, 1)\ndata = data / 255\ndata += 1\nfloat(data[0])\n")

    assert set(notebook["q"].results.score) == {1.0}


def test_data_changed_in_place_by_a_builder_are_noticed(notebook):
    notebook.ok("import numpy as np\ndata = np.arange(5.0)")
    ran = notebook.fails(
        "%%tune q --max-trials 5\n"
        "def loss(hp):\n    data[:] = data / 255\n    return hp.Float('x', 0, 1) + data.sum()\n"
    )

    assert isinstance(ran.error, FatalDataError)
    assert ran.error.line == 3
