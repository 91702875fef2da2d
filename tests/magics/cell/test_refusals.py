"""Cells that cannot be tuned: each error names the line, what was wrong and the cure."""

import textwrap

import pytest

from kt_notebook.core.errors import CellError
from kt_notebook.magics.cell import read_cell

BUILD = "def build(hp):\n    return hp.Int('u', 1, 2)\n"
ERRORS = [
    (
        "syntax",
        "x = 1\nunits = hp.Int(1,, 2)",
        2,
        r"line 2 does not parse: invalid syntax\n    units = hp.Int\(1,, 2\)\n {20,}\^",
    ),
    ("return outside", "return hp.Int('a', 1, 2)", 1, r"'return' outside function"),
    ("no hp", "x = 1", None, r"There is no hp in this cell.*`units = hp.Int\(\"units\""),
    ("a cell magic inside", "get_ipython().run_cell_magic('time', '', 'hp')", 1, r"A cell magic stands under %%tune"),
    ("search and no hp", "search(x, y)", 1, r"no function with a parameter hp and no HyperModel"),
    ("a tuner made elsewhere", "tuner.search(x)", 1, r"tuner is not made here"),
    (
        "hp is bound",
        "hp = 3\nhp.Int('a', 1, 2)",
        1,
        r"line 1: hp = 3\nline 2: .*\nThis cell gives hp a value of its own",
    ),
    ("hp is bound beside a builder", BUILD + "import x as hp\nsearch(1)", 3, r"gives hp a value of its own"),
    ("hp is bound by a loop", "for hp in [1]:\n    pass", 1, r"gives hp a value of its own"),
    (
        "hp is bound by global",
        "def f():\n    global hp\n    hp = 1\nhp.Int('a', 1, 2)",
        3,
        r"gives hp a value of its own",
    ),
    ("both kinds", BUILD + "hp.Int('a', 1, 2)", 3, r"line 1: .*\nline 3: .*\n.*also defines build"),
    ("inline and search", "hp.Int('a', 1, 2)\nsearch(x)", 1, r"line 1: .*\nline 2: .*\n.*also calls search"),
    ("search imported", "from re import search\n" + BUILD + "search(x)", 4, r"`from re import search`.*re\.search"),
    ("search defined", "def search(x): pass\n" + BUILD + "search(x)", 4, r"it is bound in this cell"),
    ("two searches", BUILD + "search(x)\nsearch(y)", 3, r"line 3: .*\nline 4: .*\nsearch\(…\) is called 2 times"),
    ("search in a loop", BUILD + "for i in x:\n    search(i)", 4, r"stands inside a loop"),
    ("search in a function", BUILD + "def f():\n    search(1)\nf()", 4, r"stands inside a function"),
    (
        "two trials",
        BUILD + BUILD.replace("build", "other") + "search(x)",
        1,
        r"2 definitions.*build \(line 1\), other \(line 3\)",
    ),
    ("a trial that needs more", "def build(hp, n):\n    pass\nsearch(x)", 1, r"it also needs n.*default value"),
    (
        "a HyperModel that needs more",
        "class Net(HyperModel):\n  def __init__(self, n): pass\n  def build(self, hp): pass\nsearch(x)",
        1,
        r"also needs n.*`net = Net\(n\)`",
    ),
    ("no trial", "def build(x, hp=None):\n    pass\nsearch(x)", 1, r"No definition here can be the trial"),
    ("input", "hp.Int('a', 1, 2)\nx = input('?')", 2, r"line 2: .*\ninput\(\) would wait"),
    ("await", "hp.Int('a', 1, 2)\nawait x", 2, r"`await` at the top level"),
    ("async comprehension", "hp.Int('a', 1, 2)\n[y async for y in x]", 2, r"`await` at the top level"),
    ("cd", "hp.Int('a', 1, 2)\nget_ipython().run_line_magic('cd', 'data')", 2, r"line 2: %cd data\n"),
    ("pip", "hp.Int('a', 1, 2)\nget_ipython().run_line_magic('pip', 'install x')", 2, r"%pip install x"),
    ("reset", "hp.Int('a', 1, 2)\nget_ipython().run_line_magic('reset', '-f')", 2, r"%reset -f"),
    (
        "load_ext",
        "hp.Int('a', 1, 2)\nget_ipython().run_line_magic('load_ext', 'autoreload')",
        2,
        r"%load_ext autoreload",
    ),
    ("shell", "hp.Int('a', 1, 2)\nget_ipython().system('ls')", 2, r"line 2: !ls\n"),
    ("getoutput", "hp.Int('a', 1, 2)\nx = get_ipython().getoutput('ls')", 2, r"!ls"),
    ("the shell itself", "hp.Int('a', 1, 2)\nip = get_ipython()", 2, r"get_ipython\(\)"),
    (
        "min above max",
        "\nunits = hp.Int('units', 64, 32)",
        2,
        r"line 2: units = .*\nhp.Int\('units'\) got min_value=64 above",
    ),
    ("not whole", "rate = hp.Int('rate', 0.0, 0.8, step=0.2)", 1, r"max_value=0.8, which is not whole.*hp.Float"),
    ("log from 0", "lr = hp.Float('lr', 0, 1, sampling='log')", 1, r"a log scale begins above 0"),
    ("a default outside", "hp.Int('a', 1, 2, default=3)", 1, r"default=3, outside its range"),
    ("a default not listed", "hp.Choice('a', [1, 2], default=3)", 1, r"default=3"),
    ("an empty choice", "hp.Choice('a', [])", 1, r"'a'"),
    ("a wrong range in doubt", "if data:\n    hp.Int('a', 3, 2)", 2, r"min_value=3 above"),
    ("a missing argument", "hp.Int('a', 1)", 1, r"missing a required argument: 'max_value'"),
    ("an unknown argument", "hp.Int('a', 1, 2, stepp=1)", 1, r"stepp"),
    ("an unknown method", "hp.Integer('a', 1, 2)", 1, r"no method 'Integer'.*Did you mean hp.Int\?"),
    (
        "a clash",
        "hp.Int('a', 1, 2)\nx = 0\nhp.Int('a', 1, 3)",
        1,
        r"line 1: .*\nline 3: .*\n.*'a' is declared in two ways",
    ),
    ("a clash of kinds", "hp.Int('a', 1, 2)\nhp.Float('a', 1, 2)", 1, r"declared in two ways"),
    ("a clash in a loop", "for u in [2, 4]:\n    hp.Int('a', 1, u)", 2, r"declared in two ways"),
    (
        "a clash that may happen",
        "if hp.Boolean('b'):\n    hp.Int('a', 1, 2)\nhp.Int('a', 1, 3)",
        2,
        r"declared in two ways",
    ),
    (
        "bounds that cross",
        "a = hp.Int('a', 1, 9)\nb = hp.Int('b', a, 7)",
        2,
        r"min_value is above max_value where a in \[8, 9\]",
    ),
    ("a scope without a parent", "with hp.conditional_scope('m', [1]):\n    pass", 1, r"'m', but no hyperparameter"),
    (
        "no name to take",
        "Dense(hp.Int(32, 64))",
        1,
        r"leaves its name out, and nothing here gives it one.*`units = hp.Int",
    ),
    ("no name in arithmetic", "x = 2 ** hp.Int(3, 8)", 1, r"leaves its name out"),
    (
        "two alike",
        "a = hp.Int(1, 2)\na = hp.Int(1, 2)",
        1,
        r"line 1: .*\nline 2: .*\nThese two .* both would be called 'a'",
    ),
    ("twice the same", "def f():\n    u = hp.Int(1, 2)\n    return u\nf()\nf()", 2, r"is met twice as 'u'"),
]


@pytest.mark.parametrize(("text", "line", "match"), [pytest.param(t, n, m, id=i) for i, t, n, m in ERRORS])
def test_a_cell_that_cannot_be_tuned_is_refused_with_its_line(text, line, match):
    with pytest.raises(CellError, match=rf"(?s){match}") as caught:
        read_cell(textwrap.dedent(text), {})

    assert caught.value.line == line


def test_search_bound_in_the_notebook_is_named():
    with pytest.raises(CellError, match="it is bound in the notebook"):
        read_cell(BUILD + "search(x)", {"search": len})


HARMLESS = [
    "get_ipython().run_line_magic('matplotlib', 'inline')",
    "get_ipython().run_line_magic('who', '')",
    "import asyncio\nasync def f():\n    await g()\nasyncio.run(f())",
    "def input(x): return x\ninput(1)",
    "def build(hp): return hp.Int('b', 1, 2)\nbuild(hp)",
    "class Net:\n    def build(self, hp): return hp.Int('b', 1, 2)\nNet().build(hp)",
    "import re\np = re.compile('a')\np.search('abc')",
    "hp2 = 3",
    "def f(hp=1): pass\nf()",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_line_passes(text):
    assert read_cell(f"x = hp.Int('a', 1, 2)\n{text}", {}).form == "inline"


@pytest.mark.parametrize(
    "text",
    [
        "get_ipython().run_line_magic('pip', 'install x')\n" + BUILD + "search(x)",
        BUILD + "name = input('?')\nsearch(x)",
    ],
)
def test_a_builder_cell_may_change_the_kernel_for_it_runs_once(text):
    assert read_cell(text, {}).form == "builder"


def test_a_clash_is_none_where_one_excludes_the_other():
    text = "if hp.Boolean('b'):\n    hp.Int('a', 1, 2)\nelse:\n    hp.Float('a', 0, 1)"

    plan = read_cell(text, {})

    assert [str(entry.conditions) for entry in plan.space.space if entry.name == "a"] == [
        "[Parent(name: 'b', values: [True])]",
        "[Parent(name: 'b', values: [False])]",
    ]


def test_floats_compared_with_numbers_exclude_each_other():
    text = "x = hp.Float('x', 0, 1)\nif x < .3:\n    hp.Int('a', 1, 2)\nif x > .6:\n    hp.Int('a', 1, 3)"

    assert len(read_cell(text, {}).declarations) == 3


ADVICE = [
    ("never used", "units = hp.Int('units', 1, 2)\nfit(3)", "unused", 1, "units is declared and never used"),
    ("value dropped", "hp.Int('units', 1, 2)\nfit(3)", "unused", 1, "its value is not used"),
    (
        "a baseline in per cent",
        "EarlyStopping(monitor='val_accuracy', baseline=90, patience=hp.Int('p', 1, 2))",
        "baseline",
        1,
        "baseline=0.9",
    ),
    (
        "a baseline from the notebook",
        "x = hp.Int('x', 1, 2)\nx\nk.EarlyStopping('val_auc', baseline=TOP)",
        "baseline",
        3,
        "val_auc",
    ),
]


@pytest.mark.parametrize(("text", "code", "line", "words"), [pytest.param(*a[1:], id=a[0]) for a in ADVICE])
def test_advice_names_the_line(text, code, line, words):
    (note,) = read_cell(text, {"TOP": 95}).notes

    assert (note.code, note.line) == (code, line)
    assert words in note.text


NO_ADVICE = [
    "units = hp.Int('units', 1, 2)\nfit(units)",
    "hp.Int('units', 1, 2)",
    "hp.Int('units', 1, 2)\nfit(hp.get('units'))",
    "units = hp.Int('units', 1, 2)\nf'{units}'",
    "units = hp.Int('units', 1, 2)\ndef f():\n    return units\nf()",
    "units = hp.Int('units', 1, 2)\neval('units')",
    "EarlyStopping(monitor='val_loss', baseline=90, patience=hp.Int('p', 1, 2))",
    "EarlyStopping(monitor='val_accuracy', baseline=.9, patience=hp.Int('p', 1, 2))",
]


@pytest.mark.parametrize("text", NO_ADVICE)
def test_no_advice_without_need(text):
    assert read_cell(text, {}).notes == ()


def test_a_name_given_behind_the_range_is_told_where_it_stands():
    with pytest.raises(CellError, match=r"The name stands first: hp\.Float\(name, …\)"):
        read_cell('lr = hp.Float(1e-4, 3e-2, sampling="log", name="lr")\nlr', {})
