"""The compiled trial: the cell's own meaning, its own lines, and its fits seen."""

import traceback

import pytest

from kt_notebook.magics.cell import (
    FIT_HOOK_NAME,
    SEARCH_HOOK_NAME,
    TUNER_SEARCH_HOOK_NAME,
    compile_definitions,
    compile_inline,
    read_cell,
)

HP = "hp.Int('a', 1, 2)\n"


class Log:
    """Notes what is looked at and called, in order."""

    def __init__(self):
        self.events = []

    def see(self, name, value=None):
        self.events.append(name)
        return value

    def hook(self, owner):
        self.events.append("hook")
        return owner.fit


class Model:
    def __init__(self, log):
        self._log = log

    def fit(self, *args, **kwargs):
        self._log.see("fit")
        return args, kwargs


def run(text, **names):
    plan = read_cell(text, {})
    log = Log()
    given = {"hp": plan.space.copy(), "log": log, "model": Model(log), FIT_HOOK_NAME: log.hook, **names}
    return compile_inline(plan, "<cell>").run(given), given


def test_the_last_expression_is_what_the_cell_returns():
    assert run(HP + "3 + 4")[0] == 7


def test_a_semicolon_does_not_hide_the_result():
    assert run(HP + "3 + 4;")[0] == 7


@pytest.mark.parametrize("last", ["x = 3", "def f(): pass", "if True:\n    3", "for i in [1]: i", "del hp"])
def test_a_cell_that_ends_with_a_statement_returns_none(last):
    text = HP + last

    assert run(text)[0] is None
    assert not compile_inline(read_cell(text, {}), "<cell>").returns_value


def test_names_are_the_cells_own_globals():
    _, names = run(HP + "n = 1\ndef f():\n    global n\n    n += 1\nf()\nfrom math import *\ndel log")

    assert names["n"] == 2
    assert names["pi"] > 3
    assert "log" not in names


def test_two_runs_do_not_share_names():
    trial = compile_inline(read_cell(HP + "n += 1\nn", {}), "<cell>")
    hp = read_cell(HP, {}).space

    assert [trial.run({"hp": hp, "n": 1}) for _ in range(2)] == [2, 2]


def test_a_future_import_holds_for_the_last_expression():
    text = "from __future__ import annotations\n" + HP + "(lambda: 0).__class__ and f.__annotations__"
    text = text.replace(HP, HP + "def f(x: missing): pass\n")

    assert run(text)[0] == {"x": "missing"}


FITS = [
    "model.fit(1, y=2)",
    "(model).fit(1, y=2)",
    "[model][0].fit(*[1], **{'y': 2})",
    "(lambda: model)().fit(1, y=2)",
    "(lambda m: m.fit(1, y=2))(model)",
    "[m.fit(1, y=2) for m in [model]][0]",
    "h = model.fit(1, y=2)\nh",
]


@pytest.mark.parametrize("text", FITS)
def test_a_fit_call_goes_through_the_hook(text):
    value, names = run(HP + text)

    assert value == ((1,), {"y": 2})
    assert names["log"].events == ["hook", "fit"]


def test_a_bare_reference_to_fit_is_left_alone():
    value, names = run(HP + "f = model.fit\nf(1)")

    assert value == ((1,), {})
    assert names["log"].events == ["fit"]


def test_the_model_is_evaluated_before_the_arguments():
    _, names = run(HP + "log.see('model', model).fit(log.see('x'), *log.see('args', ()), y=log.see('y'))")

    assert names["log"].events == ["model", "hook", "x", "args", "y", "fit"]


def test_fit_inside_a_class_with_private_names_goes_through_the_hook():
    text = HP + "class T:\n    def go(self):\n        self.__m = model\n        return self.__m.fit(1)\nT().go()"

    assert run(text)[1]["log"].events == ["hook", "fit"]


def test_super_fit_works():
    text = HP + "class M(type(model)):\n    def fit(self, x):\n        return super().fit(x)\nM(log).fit(1)"

    assert run(text)[0] == ((1,), {})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HP + "\n\n1 / 0", 4),
        (HP + "x = (\n  1 /\n  0)", 3),
        (HP + "model.fit(\n  1 / 0)", 3),
        ("units = hp.Int(1, 2)\nfor i in range(2):\n    u = hp.Int(1, 2)\n    1 / 0", 4),
    ],
)
def test_a_traceback_shows_the_cells_line(text, line):
    with pytest.raises(ZeroDivisionError, match="division") as caught:
        run(text)

    assert traceback.extract_tb(caught.value.__traceback__)[-1].lineno == line
    assert traceback.extract_tb(caught.value.__traceback__)[-1].filename == "<cell>"


def test_definitions_call_the_search_hook_with_the_arguments_of_fit():
    text = "def build(hp):\n    units = hp.Int(1, 2)\n    return units\nsearch(1, epochs=2)\nafter = 3"
    given = []
    names = {SEARCH_HOOK_NAME: lambda *args, **kwargs: given.append((args, kwargs, "after" in names))}
    plan = read_cell(text, {})

    exec(compile_definitions(plan, "<cell>"), names)

    assert given == [((1,), {"epochs": 2}, False)]
    assert names["build"](plan.space.copy()) == 1


def test_a_tuner_cell_hands_its_tuner_to_the_hook():
    text = "tuner = make()\ntuner.search(1, epochs=2)"
    names = {"make": lambda: "it", TUNER_SEARCH_HOOK_NAME: lambda tuner: lambda *a, **k: seen.append((tuner, a, k))}
    seen = []

    exec(compile_definitions(read_cell(text, {}), "<cell>"), names)

    assert seen == [("it", (1,), {"epochs": 2})]


def test_the_source_is_kept_for_linecache():
    trial = compile_inline(read_cell(HP + "1", {}), "<cell>")

    assert (trial.source, trial.filename) == (HP + "1", "<cell>")


def test_a_timed_statement_runs_in_the_trial():
    text = HP + "get_ipython().run_line_magic('time', 'history = model.fit(1)')\nhistory"

    value, names = run(text)

    assert value == ((1,), {})
    assert names["log"].events == ["hook", "fit"]
