"""Tables of cells and the space that reading them gives."""

import math
import textwrap

import numpy as np
import pytest

from kt_notebook.magics.cell import read_cell


def read(text, **namespace):
    return read_cell(textwrap.dedent(text), namespace)


def conditions(text, **namespace):
    return {held.name: held.conditions for held in read(text, **namespace).declarations if held.settled}


ALWAYS = ""

CELLS = [
    ("named", 'hp.Int("a", 1, 9)', {"a": ALWAYS}),
    ("boolean", 'if hp.Boolean("a"):\n    hp.Int("b", 1, 2)', {"a": ALWAYS, "b": "a is True"}),
    ("else", 'if hp.Boolean("a"):\n    pass\nelse:\n    hp.Int("b", 1, 2)', {"a": ALWAYS, "b": "a is False"}),
    ("not", 'if not hp.Boolean("a"):\n    hp.Int("b", 1, 2)', {"a": ALWAYS, "b": "a is False"}),
    (
        "elif",
        """
        x = hp.Choice("x", ["a", "b", "c"])
        if x == "a":
            hp.Int("p", 1, 2)
        elif x == "b":
            hp.Int("q", 1, 2)
        else:
            hp.Int("r", 1, 2)
        """,
        {"x": ALWAYS, "p": "x = 'a'", "q": "x = 'b'", "r": "x = 'c'"},
    ),
    (
        "not equal",
        'x = hp.Choice("x", [1, 2, 3])\nif x != 2:\n    hp.Int("p", 1, 2)',
        {"x": ALWAYS, "p": "x in [1, 3]"},
    ),
    ("in", 'x = hp.Choice("x", [1, 2, 3])\nif x in (1, 2):\n    hp.Int("p", 1, 2)', {"x": ALWAYS, "p": "x in [1, 2]"}),
    (
        "not in",
        'x = hp.Choice("x", [1, 2, 3])\nif x not in [1]:\n    hp.Int("p", 1, 2)',
        {"x": ALWAYS, "p": "x in [2, 3]"},
    ),
    ("above", 'x = hp.Int("x", 1, 4)\nif x > 2:\n    hp.Int("p", 1, 2)', {"x": ALWAYS, "p": "x in [3, 4]"}),
    ("chained", 'x = hp.Int("x", 1, 6)\nif 2 <= x < 4:\n    hp.Int("p", 1, 2)', {"x": ALWAYS, "p": "x in [2, 3]"}),
    ("computed", 'x = hp.Int("x", 1, 4)\nif x * 2 == 4:\n    hp.Int("p", 1, 2)', {"x": ALWAYS, "p": "x = 2"}),
    ("a float", 'x = hp.Float("x", 0, 1)\nif x > .5:\n    hp.Int("p", 1, 2)', {"x": ALWAYS, "p": "x > 0.5"}),
    (
        "a float, else",
        'x = hp.Float("x", 0, 1)\nif .5 < x:\n    pass\nelse:\n    hp.Int("p", 1, 2)',
        {"x": ALWAYS, "p": "not (0.5 < x)"},
    ),
    ("a float beyond its bounds", 'x = hp.Float("x", 0, 1)\nif x > 2:\n    hp.Int("p", 1, 2)', {"x": ALWAYS}),
    ("many ints", 'x = hp.Int("x", 1, 5000)\nif x > 64:\n    hp.Int("p", 1, 2)', {"x": ALWAYS, "p": "x > 64"}),
    (
        "and",
        'a, b = hp.Boolean("a"), hp.Boolean("b")\nif a and b:\n    hp.Int("p", 1, 2)',
        {"a": ALWAYS, "b": ALWAYS, "p": "a is True and b is True"},
    ),
    (
        "or",
        'a, b = hp.Boolean("a"), hp.Boolean("b")\nif a or b:\n    hp.Int("p", 1, 2)',
        {"a": ALWAYS, "b": ALWAYS, "p": "a is True or a is False and b is True"},
    ),
    ("short circuit", 'hp.Boolean("a") and hp.Int("b", 1, 2)', {"a": ALWAYS, "b": "a is True"}),
    ("short circuit, or", 'hp.Boolean("a") or hp.Int("b", 1, 2)', {"a": ALWAYS, "b": "a is False"}),
    ("ternary", 'x = hp.Int("x", 1, 2) if hp.Boolean("a") else 0', {"a": ALWAYS, "x": "a is True"}),
    (
        "a condition kept in a name",
        'deep = hp.Boolean("a") and hp.Float("x", 0, 1) > .5\nif deep:\n    hp.Int("p", 1, 2)',
        {"a": ALWAYS, "x": "a is True", "p": "a is True and x > 0.5"},
    ),
    (
        "a value that meets again",
        """
        n = 0
        if hp.Boolean("a"):
            n = hp.Int("n", 1, 3)
        if n > 1:
            hp.Int("p", 1, 2)
        """,
        {"a": ALWAYS, "n": "a is True", "p": "a is True and n in [2, 3]"},
    ),
    (
        "range",
        'for i in range(hp.Int("n", 1, 3)):\n    hp.Int(f"u_{i}", 1, 2)',
        {"n": ALWAYS, "u_0": ALWAYS, "u_1": "n in [2, 3]", "u_2": "n = 3"},
    ),
    (
        "range from nought",
        'for i in range(hp.Int("n", 0, 2)):\n    hp.Int(f"u_{i}", 1, 2)',
        {"n": ALWAYS, "u_0": "n in [1, 2]", "u_1": "n = 2"},
    ),
    (
        "the same name in a loop",
        'for i in range(hp.Int("n", 1, 3)):\n    hp.Choice("act", [1, 2])',
        {"n": ALWAYS, "act": ALWAYS},
    ),
    ("a list", 'for u in [32, 64]:\n    hp.Int(f"a{u}", 0, u)', {"a32": ALWAYS, "a64": ALWAYS}),
    ("enumerate", 'for i, u in enumerate((32, 64)):\n    hp.Int(f"a{i}", 0, u)', {"a0": ALWAYS, "a1": ALWAYS}),
    ("zip", 'for i, u in zip("ab", (32, 64)):\n    hp.Int(i, 0, u)', {"a": ALWAYS, "b": ALWAYS}),
    ("a dict", 'for k, v in {"a": 2, "b": 3}.items():\n    hp.Int(k, 0, v)', {"a": ALWAYS, "b": ALWAYS}),
    (
        "continue",
        """
        for i in range(3):
            if i == 1:
                continue
            hp.Int(f"a{i}", 0, 1)
        """,
        {"a0": ALWAYS, "a2": ALWAYS},
    ),
    (
        "break on a value",
        """
        for i in range(3):
            hp.Int(f"a{i}", 0, 1)
            if hp.Boolean(f"stop{i}"):
                break
        hp.Int("after", 0, 1)
        """,
        {
            "a0": ALWAYS,
            "stop0": ALWAYS,
            "a1": "stop0 is False",
            "stop1": "stop0 is False",
            "a2": "stop0 is False and stop1 is False",
            "stop2": "stop0 is False and stop1 is False",
            "after": ALWAYS,
        },
    ),
    (
        "continue on a value",
        """
        for i in range(2):
            if hp.Boolean(f"skip{i}"):
                continue
            hp.Int(f"a{i}", 0, 1)
        """,
        {"skip0": ALWAYS, "a0": "skip0 is False", "skip1": ALWAYS, "a1": "skip1 is False"},
    ),
    (
        "for and else",
        """
        for i in range(1):
            if hp.Boolean("stop"):
                break
        else:
            hp.Int("rest", 0, 1)
        """,
        {"stop": ALWAYS, "rest": "stop is False"},
    ),
    (
        "while that counts",
        """
        i, n = 0, hp.Int("n", 1, 3)
        while i < n:
            hp.Int(f"u{i}", 1, 2)
            i += 1
        """,
        {"n": ALWAYS, "u0": ALWAYS, "u1": "n in [2, 3]", "u2": "n = 3"},
    ),
    (
        "comprehension",
        '[hp.Int(f"u{i}", 1, 2) for i in range(hp.Int("n", 1, 2))]',
        {"n": ALWAYS, "u0": ALWAYS, "u1": "n = 2"},
    ),
    ("nested comprehension", '[hp.Int(f"u{i}{j}", 1, 2) for i in range(2) for j in range(i)]', {"u10": ALWAYS}),
    ("filtered comprehension", '[hp.Int(f"u{i}", 1, 2) for i in range(4) if i % 2]', {"u1": ALWAYS, "u3": ALWAYS}),
    ("dict comprehension", '{k: hp.Int(k, 1, 2) for k in ["a", "b"]}', {"a": ALWAYS, "b": ALWAYS}),
    ("generator in sum", 'sum(hp.Int(f"u{i}", 1, 2) for i in range(2))', {"u0": ALWAYS, "u1": ALWAYS}),
    ("any stops early", 'any(hp.Boolean(f"b{i}") for i in range(2))', {"b0": ALWAYS, "b1": "b0 is False"}),
    ("all stops early", 'all(hp.Boolean(f"b{i}") for i in range(2))', {"b0": ALWAYS, "b1": "b0 is True"}),
    (
        "own function",
        """
        def block(hp, i, top=8):
            return hp.Int(f"units_{i}", 1, top)
        block(hp, 0)
        block(hp, 1, top=16)
        """,
        {"units_0": ALWAYS, "units_1": ALWAYS},
    ),
    (
        "own function that captures hp",
        'def block(i):\n    return hp.Int(f"u{i}", 1, 2)\nfor i in range(2):\n    block(i)',
        {"u0": ALWAYS, "u1": ALWAYS},
    ),
    (
        "early return",
        """
        def block():
            if hp.Boolean("skip"):
                return 0
            return hp.Int("units", 1, 2)
        block()
        hp.Int("after", 1, 2)
        """,
        {"skip": ALWAYS, "units": "skip is False", "after": ALWAYS},
    ),
    (
        "a returned value",
        """
        def kind():
            if hp.Boolean("big"):
                return "big"
            return "small"
        if kind() == "big":
            hp.Int("units", 1, 2)
        """,
        {"big": ALWAYS, "units": "big is True"},
    ),
    (
        "raise",
        """
        a = hp.Int("a", 1, 3)
        if a == 3:
            raise ValueError(a)
        hp.Int("b", 1, 2)
        """,
        {"a": ALWAYS, "b": "a in [1, 2]"},
    ),
    ("assert", 'a = hp.Int("a", 1, 3)\nassert a < 3\nhp.Int("b", 1, 2)', {"a": ALWAYS, "b": "a in [1, 2]"}),
    ("lambda", 'f = lambda i: hp.Int(f"u{i}", 1, 2)\nf(3)', {"u3": ALWAYS}),
    ("an alias", 'h = hp\nh.Int("a", 1, 2)', {"a": ALWAYS}),
    ("an alias of the method", 'I = hp.Int\nI("a", 1, 2)', {"a": ALWAYS}),
    ("walrus", 'if (n := hp.Int("n", 1, 2)) > 1:\n    hp.Int("a", 1, 2)', {"n": ALWAYS, "a": "n = 2"}),
    (
        "match",
        """
        match hp.Choice("x", ["a", "b", "c", "d"]):
            case "a":
                hp.Int("p", 1, 2)
            case "b" | "c":
                hp.Int("q", 1, 2)
            case other:
                hp.Int("r", 1, 2)
        """,
        {"x": ALWAYS, "p": "x = 'a'", "q": "x in ['b', 'c']", "r": "x = 'd'"},
    ),
    (
        "a name scope",
        'with hp.name_scope("cnn"):\n    if hp.Boolean("a"):\n        hp.Int("b", 1, 2)',
        {"cnn/a": ALWAYS, "cnn/b": "cnn/a is True"},
    ),
    (
        "a conditional scope",
        """
        hp.Choice("kind", ["cnn", "mlp"])
        with hp.conditional_scope("kind", ["cnn"]):
            hp.Int("filters", 1, 2)
        hp.Int("after", 1, 2)
        """,
        {"kind": ALWAYS, "filters": "kind = 'cnn'", "after": ALWAYS},
    ),
    (
        "a conditional scope with a predicate",
        'hp.Float("rate", 0, 1)\nwith hp.conditional_scope("rate", lambda rate: rate > .5):\n    hp.Int("a", 1, 2)',
        {"rate": ALWAYS, "a": "rate > 0.5"},
    ),
    (
        "parent_name",
        'hp.Boolean("a")\nhp.Int("b", 1, 2, parent_name="a", parent_values=[True])',
        {"a": ALWAYS, "b": "a is True"},
    ),
    ("hp.get", 'hp.Int("a", 1, 3)\nif hp.get("a") == 2:\n    hp.Int("b", 1, 2)', {"a": ALWAYS, "b": "a = 2"}),
    ("hp[...]", 'hp.Int("a", 1, 3)\nif hp["a"] == 2:\n    hp.Int("b", 1, 2)', {"a": ALWAYS, "b": "a = 2"}),
    ("dead code", 'if False:\n    hp.Int("a", 1, 2)\nhp.Int("b", 1, 2)', {"b": ALWAYS}),
    (
        "a constant condition",
        'DEEP = True\nif DEEP:\n    hp.Int("a", 1, 2)\nelse:\n    hp.Int("b", 1, 2)',
        {"a": ALWAYS},
    ),
    ("a name from a value", 'hp.Int(f"u_{hp.Choice("k", [1, 2])}", 1, 2)', None),
    (
        "one name under conditions that exclude each other",
        'if hp.Boolean("a"):\n    n = hp.Int("n", 1, 3)\nelse:\n    n = hp.Int("n", 5, 9)',
        {"a": ALWAYS, "n": "a is False"},
    ),
    ("the same twice ties them", 'hp.Int("a", 1, 2)\nhp.Int("a", 1, 2)', {"a": ALWAYS}),
    ("try", 'try:\n    hp.Int("a", 1, 2)\nexcept ValueError:\n    pass\nhp.Int("b", 1, 2)', {"a": ALWAYS, "b": ALWAYS}),
    (
        "a class of the cell",
        "class N:\n    def __init__(self, hp):\n        self.u = hp.Int('u', 1, 2)\nN(hp)",
        {"u": ALWAYS},
    ),
    (
        "attributes",
        "class N:\n  def __init__(s, n):\n    s.n = n\nx = N(hp.Int('n', 1, 2))\nif x.n == 2:\n  hp.Int('u', 1, 2)",
        {"n": ALWAYS, "u": "n = 2"},
    ),
    ("a list that grows", 'a = []\nfor i in range(2):\n    a.append(i)\nhp.Choice("c", a)', {"c": ALWAYS}),
    ("global", 'n = 1\ndef f():\n    global n\n    n = 2\nf()\nif n == 2:\n    hp.Int("a", 1, 2)', {"a": ALWAYS}),
    ("an unknown call before", 'model = make(1)\nmodel.add(2)\nhp.Int("a", 1, 2)', {"a": ALWAYS}),
    ("a raise in doubt", 'if data:\n    raise ValueError\nhp.Int("a", 1, 2)', {"a": ALWAYS}),
    (
        "an if in doubt that goes on",
        'if data:\n    n = 1\nelse:\n    n = 2\nhp.Int("a", 1, 2)',
        {"a": ALWAYS},
    ),
    ("f-string spec", 'for i in range(2):\n    hp.Int(f"u{i:02d}", 1, 2)', {"u00": ALWAYS, "u01": ALWAYS}),
    ("format", 'hp.Int("u{}".format(1), 1, 2)', {"u1": ALWAYS}),
    ("percent", 'hp.Int("u%d" % 1, 1, 2)', {"u1": ALWAYS}),
    ("starred", 'bounds = (1, 2)\nhp.Int("a", *bounds)', {"a": ALWAYS}),
    (
        "keywords from a dict",
        'r = dict(min_value=1, max_value=2)\nr = {"min_value": 1, "max_value": 2}\nhp.Int("a", **r)',
        {"a": ALWAYS},
    ),
    (
        "a long training loop",
        'for e in range(100):\n    for b in range(1000):\n        e += b\nhp.Int("a", 1, 2)',
        {"a": ALWAYS},
    ),
]


@pytest.mark.parametrize(("text", "expected"), [pytest.param(t, e, id=n) for n, t, e in CELLS if e is not None])
def test_reading_finds_names_and_conditions(text, expected):
    assert conditions(text) == expected


@pytest.mark.parametrize("text", [pytest.param(t, id=n) for n, t, e in CELLS if e is not None])
def test_nothing_is_left_unsettled_where_all_can_be_read(text):
    assert read(text).unsettled == ()


RANGES = [
    ("a notebook number", 'hp.Int("a", 1, TOP)', {"min_value": 1, "max_value": 8}),
    ("arithmetic", 'hp.Int("a", TOP // 4, 2 ** 5 - 1, step=1)', {"min_value": 2, "max_value": 31, "step": 1}),
    ("a numpy number", 'hp.Float("a", LOW, 1.0)', {"min_value": 0.5, "max_value": 1.0}),
    ("a notebook list", 'hp.Choice("a", SIZES)', {"values": [16, 32]}),
    ("part of a list", 'hp.Choice("a", SIZES[1:])', {"values": [32]}),
    ("len", 'hp.Int("a", 1, len(SIZES))', {"min_value": 1, "max_value": 2}),
    ("range", 'hp.Choice("a", list(range(2, 8, 2)))', {"values": [2, 4, 6]}),
    ("a module's constant", 'hp.Float("a", 0, math.pi)', {"min_value": 0, "max_value": math.pi}),
    ("an import of the cell", 'import math as m\nhp.Float("a", 0, m.sqrt(4))', {"min_value": 0, "max_value": 2.0}),
    ("a shape", 'hp.Int("a", 1, x.shape[1])', {"min_value": 1, "max_value": 3}),
    ("max of a list", 'hp.Int("a", 1, max(SIZES))', {"min_value": 1, "max_value": 32}),
    ("a dict", 'hp.Int("a", 1, CONFIG["top"])', {"min_value": 1, "max_value": 4}),
    ("own function", 'def width(i):\n    return 2 ** i\nhp.Int("a", 1, width(4))', {"min_value": 1, "max_value": 16}),
    ("comprehension", 'hp.Choice("a", [2 ** i for i in range(3)])', {"values": [1, 2, 4]}),
    ("sorted", 'hp.Choice("a", sorted(SIZES, reverse=True))', {"values": [32, 16]}),
    ("numpy's function", 'hp.Float("a", 0, np.sqrt(16.0))', {"min_value": 0, "max_value": 4.0}),
]


@pytest.mark.parametrize(("text", "expected"), [pytest.param(t, e, id=n) for n, t, e in RANGES])
def test_a_range_may_come_from_the_notebook(text, expected):
    names = {"TOP": 8, "LOW": np.float32(0.5), "SIZES": [16, 32], "math": math, "np": np}
    plan = read(text, x=np.zeros((2, 3)), CONFIG={"top": 4}, **names)

    assert plan.declarations[-1].config == expected
    assert plan.unsettled == ()


def test_a_bound_that_depends_on_another_value_gets_the_widest_range():
    plan = read('a = hp.Int("a", 2, 10)\nb = hp.Int("b", 0, a)')

    assert plan.declarations[1].config == {"min_value": 0, "max_value": 10}
    assert plan.declarations[1].is_dependent


def test_a_bound_that_depends_on_a_float_gets_the_widest_range():
    plan = read('a = hp.Float("a", 0.5, 2.0)\nb = hp.Float("b", 0, 2 * a)')

    assert plan.declarations[1].config == {"min_value": 0, "max_value": 4.0}


def test_a_name_that_depends_on_a_value_is_declared_for_each_value():
    assert conditions('k = hp.Choice("k", ["x", "y"])\nhp.Int(f"u_{k}", 1, 2)') == {
        "k": ALWAYS,
        "u_x": "k = 'x'",
        "u_y": "k = 'y'",
    }
