"""Facts about `%tune enqueue`."""

import pytest

from kt_notebook.core.errors import OptionError, SearchStateError, SpaceError
from kt_notebook.magics.given_line import GivenLine, as_written, read_given_line
from tests.magics.test_running import DEADLINE_S, gate  # noqa: F401 - a fixture
from tests.magics.test_ways_in import complete

HELD = (
    "%%tune q --no-wait --tuner random --max-trials {n} --seed 1\n"
    "x = hp.Float('x', 0, 1)\nact = hp.Choice('act', ['relu', 'tanh'])\nk = hp.Choice('k', [(1, 3), (1, 5)])\ngate()\n"
    "x + len(act) + len(k)\n"
)


# How the line is read.


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("", GivenLine()),
        ("digits", GivenLine("digits")),
        ("units=64 lr=1e-3", GivenLine(None, {"units": 64, "lr": 1e-3})),
        ("digits units=64  act=relu", GivenLine("digits", {"units": 64, "act": "relu"})),
        ("digits --again units=64", GivenLine("digits", {"units": 64}, again=True)),
        ('digits {"units": 64, "act": "a b"}', GivenLine("digits", {"units": 64, "act": "a b"})),
        ('{"units":64}', GivenLine(None, {"units": 64})),
        ("kernel=(1, 3) sizes=[1, 2]", GivenLine(None, {"kernel": (1, 3), "sizes": [1, 2]})),
        ("norm=true bias=False act=null", GivenLine(None, {"norm": True, "bias": False, "act": None})),
        ("act='3' note='it\\'s = so'", GivenLine(None, {"act": "3", "note": "it's = so"})),
        ("'my search' 'my units'=3 block/units=4", GivenLine("my search", {"my units": 3, "block/units": 4})),
        ("shift=-1.5", GivenLine(None, {"shift": -1.5})),
    ],
)
def test_names_values_and_a_dict_are_read(line, read):
    assert read_given_line(line) == read


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("units =64", "cannot take '=64'. Write .*without blanks around ="),
        ("units= 64", "cannot take 'units='"),
        ("a b", "cannot take 'b'"),
        ("units=64 q", "cannot take 'q'"),
        ("--agian", "cannot take '--agian'"),
        ("kernel=(1, 3", r"In 'kernel=\(1, 3' a \) is missing"),
        ("act='relu", "a ' is missing"),
        ("{units: 64}", r"\{units: 64\} is no dict of names and plain values.*NAME\.enqueue"),
        ("{'units', 64}", "is no dict"),
        ("{64: 'units'}", "is no dict"),
    ],
)
def test_what_cannot_be_read_says_what_can(line, said):
    with pytest.raises(OptionError, match=said):
        read_given_line(line)


@pytest.mark.parametrize("value", ["relu", "a b", "True", "null", "3", 3, 0.5, None, True, (1, 3), [1, "x"], "it's"])
def test_values_are_written_as_they_are_read(value):
    assert read_given_line(f"x={as_written(value)}").values == {"x": value}


# What it does.


def test_values_on_the_line_are_tried_next(notebook, gate):  # noqa: F811
    notebook.ok(HELD.format(n=4))
    gate.wait()

    assert notebook.ok("%tune enqueue x=0.5 act=tanh").out == "q: enqueued x=0.5 act=tanh\n"
    assert notebook.ok('%tune enqueue q {"k":(1,5)}').out == "q: enqueued k=(1, 5)\n"
    assert notebook.ok("%tune enqueue").out == "q: enqueued the defaults\n"
    gate.open()
    assert notebook["q"].wait(DEADLINE_S)

    trials = list(notebook["q"].oracle.trials.values())[1:]
    assert [trial.hyperparameters.values for trial in trials] == [
        {"x": 0.5, "act": "tanh", "k": (1, 3)},
        {"x": 0.0, "act": "relu", "k": (1, 5)},
        {"x": 0.0, "act": "relu", "k": (1, 3)},
    ]


def test_what_cannot_be_tried_is_one_readable_block(notebook, gate):  # noqa: F811
    notebook.ok(HELD.format(n=2))
    gate.wait()

    for line, kind, said in [
        ("x=7", SpaceError, "x=7 does not fit hp.Float('x'), which takes numbers from 0.0 to 1.0."),
        ("acct=relu", SpaceError, "Did you mean 'act'?"),
        ("nobody x=0.5", OptionError, "no search called 'nobody'. There are: q."),
        ("x =0.5", OptionError, "without blanks around ="),
    ]:
        ran = notebook.fails(f"%tune enqueue {line}")
        assert isinstance(ran.error, kind)
        assert said in ran.out
        assert "Traceback" not in ran.out
    notebook.ok("%tune enqueue x=0.5")
    notebook["q"].session.call(lambda: None)
    assert "waits in line with it" in notebook.fails("%tune enqueue x=0.5").out
    ran = notebook.fails("%tune enqueue x=0.5 --again")
    assert isinstance(ran.error, SearchStateError)
    assert "'+10 trials' in the panel" in ran.out


def test_a_search_that_has_ended_takes_none(notebook):
    notebook.ok("%%tune q --max-trials 1\nhp.Float('x', 0, 1)\n")
    assert "q has ended (finished). Run its cell again to go on." in notebook.fails("%tune enqueue x=0.5").out


def test_without_a_search_it_says_how_to_get_one(notebook):
    assert "Put %%tune over a cell" in notebook.fails("%tune enqueue x=0.5").out


def test_other_words_may_still_use_variables(notebook):
    notebook.ok("%%tune a --max-trials 1\nhp.Float('x', 0, 1)\n")
    notebook.ok("name = 'a'")
    assert notebook.ok("%tune status {name}").out.startswith("a: finished")
    assert notebook.ok("%tune status $name").out.startswith("a: finished")
    inside = "def look():\n    mine = 'a'\n    get_ipython().run_line_magic('tune', 'status {mine}')\nlook()"
    assert notebook.ok(inside).out.startswith("a: finished")


# Completion.


def test_names_and_listed_values_complete(notebook, gate):  # noqa: F811
    notebook.ok(HELD.format(n=2))
    gate.wait()

    assert complete(notebook, "%tune enq") == ["%tune enqueue"]
    assert set(complete(notebook, "%tune enqueue ")) == {
        f"%tune enqueue {text}" for text in ("x=", "act=", "k=", "--again", "q")
    }
    assert complete(notebook, "%tune enqueue q a") == ["%tune enqueue q act="]
    assert set(complete(notebook, "%tune enqueue act=")) == {"%tune enqueue act=relu", "%tune enqueue act=tanh"}
    assert complete(notebook, "%tune enqueue act=re") == ["%tune enqueue act=relu"]
    assert "%tune enqueue k=(1, 5)" in complete(notebook, "%tune enqueue k=")
    assert "%tune enqueue act=relu act=" not in complete(notebook, "%tune enqueue act=relu ")


def test_values_for_a_search_that_was_stopped_are_tried_when_its_cell_runs_again(notebook):
    cell = "%%tune q --max-trials 3 --seed 1\nhalt()\nhp.Float('x', 0, 1)\n"
    notebook.ok("asked = [True]\ndef halt():\n    if asked:\n        asked.clear()\n        raise KeyboardInterrupt")
    assert isinstance(notebook.run(cell).error, KeyboardInterrupt)
    notebook.ok("q.enqueue({'x': 0.25})")
    notebook.ok(cell)

    assert 0.25 in list(notebook["q"].results.x)
