"""Names of declarations that leave theirs out, read and filled in alike."""

import pytest

from kt_notebook.core.space import HyperParameters
from kt_notebook.magics.cell import compile_inline, read_cell

NAMES = [
    ("units = hp.Int(32, 64)", ["units"]),
    ("units: int = hp.Int(32, 64, step=32)", ["units"]),
    ("units = hp.Int(32, 64, 32)", ["units"]),
    ("units = hp.Int(min_value=1, max_value=2)", ["units"]),
    ("a = b = hp.Int(1, 2)", ["a"]),
    ("rate = hp.Float(0.0, .5)", ["rate"]),
    ("act = hp.Choice(['relu', 'tanh'])", ["act"]),
    ("act = hp.Choice(values=['relu', 'tanh'])", ["act"]),
    ("acts = ['relu']\nact = hp.Choice(acts)", ["act"]),
    ("deep = hp.Boolean()", ["deep"]),
    ("deep = hp.Boolean(default=True)", ["deep"]),
    ("deep = hp.Boolean(True)", ["deep"]),
    ("opt = hp.Fixed('adam')", ["opt"]),
    ("LOW, TOP = 1, 9\nunits = hp.Int(LOW, TOP)", ["units"]),
    ("LOW, TOP = 1, 9\nunits = hp.Int(LOW, TOP, 2)", ["units"]),
    ("dict(units=hp.Int(32, 64))", ["units"]),
    ("(units := hp.Int(1, 2))", ["units"]),
    ("class C: pass\nself = C()\nself.units = hp.Int(1, 2)", ["units"]),
    ("c = {}\nc['units'] = hp.Int(1, 2)", ["units"]),
    ("{'units': hp.Int(1, 2), 'rate': hp.Float(0, 1)}", ["units", "rate"]),
    ("a, b = hp.Int(1, 2), hp.Int(3, 4)", ["a", "b"]),
    ("units = [hp.Int(1, 2), hp.Int(3, 4)]", ["units_0", "units_1"]),
    ("units = hp.Int(1, 2) if True else 0", ["units"]),
    ("for i in range(2):\n    units = hp.Int(1, 2)", ["units_0", "units_1"]),
    (
        "for i in range(2):\n    for j in 'ab':\n        units = hp.Int(1, 2)",
        ["units_0_a", "units_0_b", "units_1_a", "units_1_b"],
    ),
    ("for i, u in enumerate([4, 8]):\n    units = hp.Int(1, u)", ["units_0", "units_1"]),
    ("units = [hp.Int(1, 2) for i in range(2)]", ["units_0", "units_1"]),
    ("units = [[hp.Int(1, 2) for i in range(2)] for j in range(1)]", ["units_0_0", "units_0_1"]),
    ("[dict(units=hp.Int(1, 2)) for i in range(2)]", ["units_0", "units_1"]),
    ("for i in range(2):\n    def f(units=hp.Int(1, 2)): pass", ["units_0", "units_1"]),
    ("def f(i):\n    units = hp.Int(1, 2)\nf(1)", ["units"]),
    ("with hp.name_scope('a'):\n    units = hp.Int(1, 2)", ["a/units"]),
    ("units = hp.Int(1, 2)\nhp.Int('units', 1, 2)", ["units"]),
    ("units = hp.Int('n', 1, 2)", ["n"]),
    ("name = 'n'\nunits = hp.Int(name, 1, 2)", ["n"]),
    ("units = hp.Choice('c', ['a'])", ["c"]),
    ("units = hp.Int(name='n', min_value=1, max_value=2)", ["n"]),
    ("units = hp.Int(*('n', 1, 2))", ["n"]),
    ("units = hp.Int(*(1, 2))", ["units"]),
]


@pytest.mark.parametrize(("text", "expected"), NAMES)
def test_a_declaration_takes_its_name_from_its_place(text, expected):
    plan = read_cell(text, {})

    assert list(dict.fromkeys(held.name for held in plan.declarations)) == expected


@pytest.mark.parametrize(("text", "expected"), NAMES)
def test_a_trial_declares_the_names_that_reading_found(text, expected):
    hp = HyperParameters()

    compile_inline(read_cell(text, {}), "cell").run({"hp": hp, "__name__": "__main__"})

    assert list(hp.values) == expected


def test_a_declaration_that_is_never_followed_is_named_too():
    text = "def f(x):\n    units = hp.Int(1, 2)\n    return units\nlist(map(f, [1]))"
    hp = HyperParameters()

    compile_inline(read_cell(text, {}), "cell").run({"hp": hp})

    assert list(hp.values) == ["units"]
