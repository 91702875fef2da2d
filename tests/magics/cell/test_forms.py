"""Which form a cell has, what its trial is, and what it reads."""

import textwrap

import pytest

from kt_notebook.magics.cell import CellForm, TargetKind, read_cell


class HyperModel:
    pass


class Library(HyperModel):
    def build(self, hp):
        raise AssertionError("reading ran the library")


FUNCTION = "def build(hp):\n    return hp.Int('u', 1, 2)\n"
CLASS = "class Net(kt.HyperModel):\n    def build(self, hp):\n        return hp.Int('u', 1, 2)\n"
FORMS = [
    ("inline", "hp.Int('u', 1, 2)", CellForm.INLINE, None),
    ("inline in a helper", "def f():\n    return hp.Int('u', 1, 2)\nf()", CellForm.INLINE, None),
    ("builder", FUNCTION + "search(x, y)", CellForm.BUILDER, ("build", TargetKind.FUNCTION)),
    ("builder, keywords only", FUNCTION + "search(x=x)", CellForm.BUILDER, ("build", TargetKind.FUNCTION)),
    (
        "builder, search first",
        "if True:\n    " + "pass\n" + FUNCTION + "search(x)",
        CellForm.BUILDER,
        ("build", TargetKind.FUNCTION),
    ),
    ("objective", FUNCTION, CellForm.OBJECTIVE, ("build", TargetKind.FUNCTION)),
    ("objective with search", FUNCTION + "search()", CellForm.OBJECTIVE, ("build", TargetKind.FUNCTION)),
    ("defaults", "def build(hp, n=2): hp.Int('u', 1, n)", CellForm.OBJECTIVE, ("build", TargetKind.FUNCTION)),
    ("a lambda", "build = lambda hp: hp.Int('u', 1, 2)", CellForm.OBJECTIVE, ("build", TargetKind.FUNCTION)),
    ("decorated", "@wrap\n" + FUNCTION, CellForm.OBJECTIVE, ("build", TargetKind.FUNCTION)),
    (
        "a helper of hp",
        "def block(hp): return hp.Int('u', 1, 2)\ndef build(hp): return block(hp)\n",
        CellForm.OBJECTIVE,
        ("build", TargetKind.FUNCTION),
    ),
    ("a class", CLASS + "search(x)", CellForm.BUILDER, ("Net", TargetKind.CLASS)),
    (
        "an imported base",
        CLASS.replace("kt.HyperModel", "HM").replace("class", "from kt import HyperModel as HM\nclass", 1),
        CellForm.OBJECTIVE,
        ("Net", TargetKind.CLASS),
    ),
    (
        "a base of the notebook",
        CLASS.replace("kt.HyperModel", "Library"),
        CellForm.OBJECTIVE,
        ("Net", TargetKind.CLASS),
    ),
    ("an instance", CLASS + "net = Net()\nsearch(x)", CellForm.BUILDER, ("net", TargetKind.INSTANCE)),
    ("a class on a class", CLASS + "class Big(Net):\n    pass\nsearch(x)", CellForm.BUILDER, ("Big", TargetKind.CLASS)),
    ("build tried by hand", FUNCTION + "build(hps)\nsearch(x)", CellForm.BUILDER, ("build", TargetKind.FUNCTION)),
    ("a tuner", FUNCTION + "tuner = kt.RandomSearch(build)\ntuner.search(x, y)", CellForm.TUNER_SEARCH, None),
    (
        "a tuner and hp",
        "hp = kt.HyperParameters()\ntuner = kt.RandomSearch(build)\ntuner.search(x)",
        CellForm.TUNER_SEARCH,
        None,
    ),
    ("a tuner alone", "tuner = make_tuner()\ntuner.search()", CellForm.TUNER_SEARCH, None),
    (
        "a pattern beside a trial",
        FUNCTION + "p = re.compile('a')\np.search('b')",
        CellForm.OBJECTIVE,
        ("build", TargetKind.FUNCTION),
    ),
]


@pytest.mark.parametrize(("text", "form", "target"), [pytest.param(*f[1:], id=f[0]) for f in FORMS])
def test_a_form_is_told_by_reading(text, form, target):
    plan = read_cell(text, {"Library": Library})

    assert plan.form is form
    assert (None if plan.target is None else (plan.target.name, plan.target.kind)) == target


def test_an_instance_of_a_notebook_class_is_the_trial_and_its_space_is_found_by_building():
    plan = read_cell("net = Library()\nsearch(x)", {"Library": Library})

    assert plan.target.kind is TargetKind.INSTANCE
    assert "outside this cell" in plan.unsettled[0].reason


def test_the_search_call_is_located():
    plan = read_cell(FUNCTION + "\nsearch(x, y)", {})

    assert (plan.search_call.line, plan.search_call.has_arguments, plan.search_call.tuner_name) == (4, True, None)


def test_the_search_call_of_a_tuner_names_it():
    plan = read_cell("t = RandomSearch(build)\nt.search()", {})

    assert (plan.search_call.line, plan.search_call.has_arguments, plan.search_call.tuner_name) == (2, False, "t")


def test_build_and_fit_of_a_hypermodel_are_both_read():
    text = (
        CLASS
        + "    def fit(self, hp, model, x, **k):\n        return model.fit(x, shuffle=hp.Boolean('shuffle'))\nsearch(x)"
    )

    assert [held.name for held in read_cell(text, {}).declarations] == ["u", "shuffle"]


def test_an_instance_brings_its_attributes():
    text = """
    class Net(HyperModel):
        def __init__(self, top):
            self.top = top
        def build(self, hp):
            return hp.Int('u', 1, self.top)
    net = Net(8)
    search(x)
    """

    assert read_cell(textwrap.dedent(text), {}).declarations[0].config == {"min_value": 1, "max_value": 8}


READS = [
    ("x", {"x"}),
    ("x = 1\nx", set()),
    ("x = x + 1", {"x"}),
    ("x += 1", {"x"}),
    ("if y:\n    x = 1\nx", {"x", "y"}),
    ("def f():\n    return x\nf()", {"x"}),
    ("def f():\n    return x\nx = 1\nf()", set()),
    ("def f(x):\n    return x", set()),
    ("lambda x: x + y", {"y"}),
    ("[x for x in y]", {"y"}),
    ("[y for x in range(3)]", {"y"}),
    ("(x := 1)\nx", set()),
    ("for x in range(3):\n    pass\nx", {"x"}),
    ("import x\nx", set()),
    ("import x.z\nx", set()),
    ("class C:\n    x = 1\n    z = x\n    def f(self):\n        return x", {"x"}),
    ("def f():\n    global x\n    x = 1\nf()\nx", {"x"}),
    ("def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    return g", set()),
    ("del x", {"x"}),
    ("try:\n    x = 1\nexcept E as y:\n    y\nx", {"x", "y"}),
    ("def f(a=x):\n    pass", {"x"}),
    ("with y as x:\n    x", {"y"}),
    ("f'{x}'", {"x"}),
    ("def f():\n    y\n    def g():\n        return x\n    x = 1", {"y"}),
]


@pytest.mark.parametrize(("text", "expected"), READS)
def test_the_notebook_names_that_a_cell_reads_are_found(text, expected):
    plan = read_cell(f"hp.Int('a', 1, 2)\n{text}", {"x": 1, "y": 2, "hp": 3, "other": 4})

    assert set(plan.reads) == expected


def test_comments_and_layout_do_not_change_the_identity():
    one = read_cell("x = hp.Int('a', 1, 2)  # units\n\n(x)", {})
    other = read_cell("x=hp.Int(\n  'a',1,2)\nx", {})

    assert one.identity == other.identity


@pytest.mark.parametrize(
    "text",
    [
        "x = hp.Int('a', 1, 3)",
        "x = hp.Int('a', 1, 2.0)",
        "y = hp.Int('a', 1, 2)",
        "'doc'\nx = hp.Int('a', 1, 2)",
        "x = hp.Int('a', True and 1, 2)",
    ],
)
def test_what_a_cell_says_changes_its_identity(text):
    assert read_cell(text, {}).identity != read_cell("x = hp.Int('a', 1, 2)", {}).identity


def test_the_identity_stays_what_it_was():
    # a changed hash would start every search anew
    assert read_cell("x = hp.Int('a', 1, 2)\nx", {}).identity[:16] == "d9887026adbe2fb4"


def test_a_fit_call_is_seen():
    assert read_cell("hp.Int('a', 1, 2)\nmodel.fit(x)", {}).has_fit_call
    assert not read_cell("hp.Int('a', 1, 2)\nmodel.fit", {}).has_fit_call


def test_a_tensorboard_callback_is_seen():
    assert read_cell("hp.Int('a', 1, 2)\nkeras.callbacks.TensorBoard('logs')", {}).tensorboard_line == 2
    assert read_cell("hp.Int('a', 1, 2)", {}).tensorboard_line is None


ONE_SHOTS = [
    ("a generator of the notebook", "hp.Int('a', 1, 2)\nm.fit(data)", ["data"]),
    ("by keyword", "hp.Int('a', 1, 2)\nm.fit(x=data, validation_data=data)", ["data"]),
    ("made in the trial", "hp.Int('a', 1, 2)\nm.fit(i for i in range(3))", []),
    ("handed to search", FUNCTION + "search(i for i in range(3))", ["(i for i in range(3))"]),
    ("a name handed to search", FUNCTION + "g = (i for i in range(3))\nsearch(g)", ["g"]),
    ("a list", "hp.Int('a', 1, 2)\nm.fit(items)", []),
]


@pytest.mark.parametrize(("text", "expected"), [pytest.param(*o[1:], id=o[0]) for o in ONE_SHOTS])
def test_data_that_one_trial_uses_up_is_named(text, expected):
    plan = read_cell(text, {"data": (i for i in range(3)), "items": [1, 2]})

    assert [held.text for held in plan.one_shots] == expected


def test_a_timed_statement_is_read_as_the_statement():
    plan = read_cell("get_ipython().run_line_magic('time', 'units = hp.Int(1, 2)')", {})

    assert [(held.name, held.line) for held in plan.declarations] == [("units", 1)]


def test_another_name_may_stand_for_hp():
    assert read_cell("p.Int('a', 1, 2)", {}, hp_name="p").declarations[0].name == "a"
