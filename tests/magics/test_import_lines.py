"""Facts about what is said where KerasTuner is loaded in the kernel, too."""

import sys
import types

import pytest

from kt_notebook.magics.import_lines import changed_imports, import_advice


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import keras_tuner", "import kt_notebook as keras_tuner"),
        ("import keras_tuner as kt", "import kt_notebook as kt"),
        ("import kerastuner as kt", "import kt_notebook as kt"),
        ("from keras_tuner import HyperModel, Objective", "from kt_notebook import HyperModel, Objective"),
        ("from keras_tuner.tuners import RandomSearch as RS", "from kt_notebook.tuners import RandomSearch as RS"),
        ("import keras_tuner.engine.trial as trial", "import kt_notebook.engine.trial as trial"),
        ("import keras_tuner.oracles", "import kt_notebook as keras_tuner, kt_notebook.oracles"),
        ("import os, keras_tuner as kt", "import os, kt_notebook as kt"),
        ("from keras_tuner.src.engine import oracle", "from kt_notebook.engine import oracle"),
        ("from keras_tuner import *", "from kt_notebook import *"),
    ],
)
def test_an_import_binds_the_same_names_as_before(before, after):
    assert changed_imports([before]) == [(before, after)]


@pytest.mark.parametrize("line", ["import keras", "from .keras_tuner import x", "import my_keras_tuner", "keras_tuner"])
def test_other_lines_stay(line):
    assert changed_imports([line]) == []


def test_lines_are_found_wherever_they_stand_and_told_once():
    cells = [
        "def build(hp):\n    import keras_tuner as kt\n    return 1",
        "%matplotlib inline",
        "import keras_tuner as kt",
        "x = '\0'",
    ]

    assert changed_imports(cells) == [("import keras_tuner as kt", "import kt_notebook as kt")]


def test_the_advice_lists_each_line_with_what_it_becomes():
    advice = import_advice(["import keras_tuner", "from keras_tuner.tuners import Hyperband"])

    assert advice.splitlines()[1:] == [
        "    import keras_tuner                        →  import kt_notebook as keras_tuner",
        "    from keras_tuner.tuners import Hyperband  →  from kt_notebook.tuners import Hyperband",
    ]


def test_the_advice_is_a_rule_where_the_notebook_itself_imports_nothing():
    assert "change `import keras_tuner as kt` to `import kt_notebook as kt`" in import_advice(["import autokeras"])


def test_loading_the_extension_names_the_lines_of_this_notebook(notebook, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_tuner", types.ModuleType("keras_tuner"))
    monkeypatch.setitem(notebook.shell.user_ns, "In", ["", "import keras_tuner as tuners_of_old"])
    from kt_notebook.magics.magics import warn_of_keras_tuner

    notebook.shell.user_ns["warn"] = lambda: warn_of_keras_tuner(notebook.shell)

    assert "import keras_tuner as tuners_of_old  →  import kt_notebook as tuners_of_old" in notebook.ok("warn()").out


def test_without_keras_tuner_nothing_is_said(notebook, monkeypatch):
    monkeypatch.delitem(sys.modules, "keras_tuner", raising=False)
    from kt_notebook.magics.magics import warn_of_keras_tuner

    notebook.shell.user_ns["warn"] = lambda: warn_of_keras_tuner(notebook.shell)

    assert notebook.ok("warn()").out == ""
