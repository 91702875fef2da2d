"""Baked cells: they do what the trial's function does with its values, and every other character is as it was."""

import ast
import builtins
import re
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

import kt_notebook
from kt_notebook.core.errors import CellError
from kt_notebook.magics.cell import (
    FIT_HOOK_NAME,
    SEARCH_HOOK_NAME,
    CellForm,
    TargetKind,
    compile_definitions,
    compile_inline,
    read_cell,
)
from kt_notebook.magics.cell.baked_tuner import bake_tuner_search
from kt_notebook.magics.cell.baking import TrialFacts, bake
from kt_notebook.magics.cell.names import read_names
from kt_notebook.training.callback_copies import flat_callbacks
from kt_notebook.training.fit_arguments import takes_hp
from tests.magics.cell.baking_cells import BUILDER, INLINE, OBJECTIVE, Noted
from tests.magics.cell.test_laws import _cells
from tests.seeds import seed_000, seed_001, seed_002, seed_003, seed_004
from tests.seeds.tutorial import changed_blocks

SEEDS = {tutorial.TUTORIAL.number: tutorial.TUTORIAL for tutorial in (seed_000, seed_001, seed_002, seed_003, seed_004)}
TRANSFORM = TransformerManager().transform_cell


def plan_of(text, names=None):
    return read_cell("\n" + TRANSFORM(text), names or {})


def baked(text, names=None, seed=None, **values):
    """Return the baked cell without its comment."""
    whole = bake(plan_of(text, names), text, TrialFacts("Trial 7 of q", values, seed), names or {}).text
    return re.sub(r"\A(# .*\r?\n)+", "", whole)


def notes(text, names=None, **values):
    return bake(plan_of(text, names), text, TrialFacts("Trial 7 of q", values), names or {}).notes


def world(plan, names):
    """Return names for a run, and the log of what is done with those that nobody defines."""
    log = []
    read = {reading.name for reading in read_names(plan.cell.tree).global_readings()}
    bound = {"hp", "search", "HyperModel", *dir(builtins), *read_names(plan.cell.tree).module.bound, *(names or {})}
    own = {name: Noted(name, log) for name in sorted(read - bound)}
    return {**own, "HyperModel": kt_notebook.HyperModel, **(names or {})}, log


def hp_of(plan, random):
    """Return hyperparameters drawn as an oracle draws them."""
    hp = plan.space.copy()
    hp.values = plan.space.search_space.assign(lambda entry: entry.random_sample(random.randrange(10**6)))
    hp.mark_drawn()
    return hp


def run_inline(plan, hp, names):
    own, log = world(plan, names)
    value = compile_inline(plan, "<cell>").run({**own, "hp": hp, FIT_HOOK_NAME: lambda owner: owner.fit})
    return repr(value), log


def run_definitions(plan, hp, names):
    """Do what a search does for one trial, with models that are no Keras models."""
    own, log = world(plan, names)
    given_ = []
    own |= {SEARCH_HOOK_NAME: lambda *a, **k: given_.append((a, k)), FIT_HOOK_NAME: lambda owner: owner.fit}
    exec(compile_definitions(plan, "<cell>"), own)
    target = own[plan.target.name]
    hypermodel = target() if plan.target.kind is TargetKind.CLASS else target
    value = target(hp) if plan.target.kind is TargetKind.FUNCTION else hypermodel.build(hp)
    if not given_ or not any(given_[0]):
        return value, log
    made = partial(_made, hp)
    args = [value() if callable(value) and not isinstance(value, Noted) else value for value in given_[0][0]]
    kwargs = {name: made(name, value) for name, value in given_[0][1].items()}
    if plan.target.kind is TargetKind.FUNCTION or type(hypermodel).fit is kt_notebook.HyperModel.fit:
        return value.fit(*args, **kwargs), log
    return hypermodel.fit(hp, value, *args, **kwargs), log


def _made(hp, name, value):
    if name != "callbacks":
        return value(hp) if takes_hp(value) else value
    return [one if isinstance(one, Noted) else one(hp) if takes_hp(one) else one() for one in flat_callbacks(value)]


def run_baked(text, plan, names):
    """Run a baked cell in a notebook of its own; return its last expression's value, its names and the log."""
    own, log = world(plan, names)
    tree = ast.parse(text)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    flags = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            flags = __import__("__future__").annotations.compiler_flag
    exec(compile(tree, "<baked>", "exec"), own)
    value = None
    if last is not None:
        value = eval(compile(ast.Expression(last.value), "<baked>", "eval", flags=flags), own)
    return value, own, log


def has_hp(text):
    nodes = ast.walk(ast.parse(text))
    return any(
        (isinstance(node, ast.Name) and node.id == "hp") or (isinstance(node, ast.arg) and node.arg == "hp")
        for node in nodes
    )


# The law: a baked cell does what the trial did.


@pytest.mark.parametrize("case", INLINE, ids=lambda case: case.name)
@settings(max_examples=25, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_a_baked_inline_cell_comes_to_what_the_trial_came_to(case, random):
    plan = plan_of(case.text, case.names)
    hp = hp_of(plan, random)
    expected = run_inline(plan, hp, case.names)

    result = bake(plan, case.text, TrialFacts("Trial 7 of q", hp.values), case.names)

    value, _, log = run_baked(result.text, plan, case.names)
    assert (repr(value), log) == expected, result.text
    assert ("is still needed" in result.text) is case.needs_hp


@pytest.mark.parametrize("case", [*BUILDER, *OBJECTIVE], ids=lambda case: case.name)
@settings(max_examples=15, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_baked_definitions_train_the_model_that_the_trial_trained(case, random):
    plan = plan_of(case.text, case.names)
    hp = hp_of(plan, random)
    value, expected = run_definitions(plan, hp, case.names)

    result = bake(plan, case.text, TrialFacts("Trial 7 of q", hp.values), case.names)

    last, own, log = run_baked(result.text, plan, case.names)
    assert [line for line in log if "print_" not in line] == [line for line in expected if "print_" not in line], (
        result.text
    )
    if plan.form is CellForm.OBJECTIVE:
        assert repr(last) == repr(own["score"]) == repr(value)
    assert ("is still needed" in result.text) is case.needs_hp


@settings(max_examples=120, deadline=None)
@given(_cells(), st.randoms(use_true_random=False))
def test_a_drawn_cell_leaves_the_names_that_the_trial_left(text, random):
    plan = plan_of(text)
    hp, left = hp_of(plan, random), {}
    left["hp"] = hp
    compile_inline(plan, "<cell>").run(left)

    result = bake(plan, text, TrialFacts("Trial 7 of q", hp.values))

    _, own, _ = run_baked(result.text, plan, {})
    assert {n: v for n, v in own.items() if n[0] in "viw"} == {n: v for n, v in left.items() if n[0] in "viw"}, (
        result.text
    )


# The text: nothing else changes.


@pytest.mark.parametrize("case", [*INLINE, *BUILDER, *OBJECTIVE], ids=lambda case: case.name)
@settings(max_examples=5, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_every_character_outside_of_the_uses_of_hp_stays(case, random):
    plan = plan_of(case.text, case.names)
    hp = hp_of(plan, random)
    (run_inline if plan.form is CellForm.INLINE else run_definitions)(plan, hp, case.names)

    text = bake(plan, case.text, TrialFacts("Trial 7 of q", hp.values), case.names).text

    assert re.search(frame_of(case.text), text), text
    assert ("\r\n" in text) is ("\r\n" in case.text)


def frame_of(text):
    """Return a pattern of a cell: what stands outside of the uses of hp and of `search`, as it is."""
    held = text.replace("\r\n", "\n")
    starts = [0]
    for line in held.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    lines = held.split("\n")

    def offset(line, col):
        return starts[line - 1] + len(lines[line - 1].encode()[:col].decode())

    spans = []
    for node in ast.walk(ast.parse(held)):
        if isinstance(node, ast.JoinedStr) and "hp." in ast.unparse(node):
            spans.append((offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)))
        is_hp = isinstance(node, ast.Call | ast.Subscript | ast.Compare) and re.match(
            r"(hp|h)\b|('\w+' (not )?in hp)", ast.unparse(node)
        )
        if is_hp and not _is_in_string(held, node):
            spans.append((offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)))
    masked = list(held)
    for start, end in spans:
        masked[start:end] = "\0" * (end - start)
    frame = "".join(masked)
    frame = re.sub(
        r"(,\s*)?(\bhp\s*=\s*)?\bhp\b(,\s*)?|\bwith\b|(t = )?search\(?|lambda\s*:\s*|(?<=\()make_x|pick", "\0", frame
    )
    frame = re.sub(r"(?<=annotations)\n", "\0\n", frame)
    frame = re.sub(r"lambda\s*\0\s*:\s*", "\0", frame)
    parts = [re.escape(part) for part in re.split("\0+", frame.rstrip())]
    return re.compile("(?s:.*)".join(part.replace("\\\n", "\r?\n") for part in parts))


def _is_in_string(text, node):
    return any(
        isinstance(outer, ast.JoinedStr) and node in ast.walk(outer)
        for tree in [ast.parse(text)]
        for outer in ast.walk(tree)
    ) or any("hp." in ast.unparse(s) and s.lineno <= node.lineno <= s.end_lineno for s in _strings(text))


def _strings(text):
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.JoinedStr)]


@pytest.mark.parametrize(
    "case", [case for case in [*INLINE, *BUILDER, *OBJECTIVE] if not case.needs_hp], ids=lambda case: case.name
)
def test_a_baked_cell_has_no_hp_left(case):
    import random

    plan = plan_of(case.text, case.names)
    hp = hp_of(plan, random.Random(0))
    (run_inline if plan.form is CellForm.INLINE else run_definitions)(plan, hp, case.names)

    assert not has_hp(bake(plan, case.text, TrialFacts("Trial 7 of q", hp.values), case.names).text)


READS_WELL = [
    ('x = hp.Int("units", 32, 512)  # wide', {"units": 64}, "x = 64  # wide"),
    ("x = hp.Float(0, 1)", {"x": 0.1}, "x = 0.1"),
    ('x = hp.Choice("act", ["relu"])', {"act": "relu"}, 'x = "relu"'),
    ("x = hp.Choice('act', ['relu'])", {"act": "relu"}, "x = 'relu'"),
    ("x = hp.Int('a', 1, 9) if hp.Boolean('b')else 0", {"a": 2, "b": True}, "x = 2 if True else 0"),
    ("[hp.Int(f'u_{i}', 1, 99) for i in range(2)]", {"u_0": 1, "u_1": 2}, "[[1, 2][i] for i in range(2)]"),
    ("[hp.Int(f'u_{i}', 1, 99) for i in range(1, 3)]", {"u_1": 1, "u_2": 2}, "[{1: 1, 2: 2}[i] for i in range(1, 3)]"),
    ("[hp.Int(f'{s}_u', 1, 9) for s in ['a', 'b']]", {"a_u": 1, "b_u": 2}, "[{'a': 1, 'b': 2}[s] for s in ['a', 'b']]"),
    ("for s in t: hp.Int(f'c_{s}', 1, 9)", {"c_a": 1, "c_b": 2}, "for s in t: {'c_a': 1, 'c_b': 2}[f'c_{s}']"),
    ("for s in t: u = hp.Int(1, 9)", {"u_a": 1, "u_b": 2}, 'for s in t: u = {"u_a": 1, "u_b": 2}[f"u_{s}"]'),
    ("[hp.Int(f'u_{i}', 1, 99) for i in range(hp.Int('n', 1, 3))]", {"u_0": 5, "n": 1}, "[5 for i in range(1)]"),
    ("hp.Float('x', -1, 1) ** 2", {"x": -0.5}, "(-0.5) ** 2"),
    ("1 - hp.Int('x', -9, 1) - -hp.Int('y', -9, 1)", {"x": -2, "y": -3}, "1 - (-2) - -(-3)"),
    ("hp.Int('n', 1, 9).real", {"n": 3}, "(3).real"),
    ("hp.Fixed('x', float('inf'))", {"x": float("inf")}, "float('inf')"),
    ("%time x = hp.Int('a', 1, 9); y = hp.Int('b', 1, 9)\nx", {"a": 2, "b": 3}, "%time x = 2; y = 3\nx"),
    ("\n    >>> x = hp.Int('a', 1, 9)\n    >>> x", {"a": 2}, "\n    >>> x = 2\n    >>> x"),
]


@pytest.mark.parametrize(("text", "values", "expected"), READS_WELL)
def test_a_value_reads_as_a_person_would_write_it(text, values, expected):
    assert baked(text, {"t": object()} if " in t" in text else None, **values) == expected


def test_search_becomes_a_model_and_its_fit():
    text = "def build(hp):\n    return make(hp.Int('u', 1, 9))\n\n"
    text += "search(\n    x, y,  # the data\n    epochs=3, timeout=60,\n)\n"

    assert baked(text, seed=5, u=3) == (
        "import keras\n\ndef build():\n    return make(3)\n\nkeras.utils.set_random_seed(5)\nmodel = build()\n"
        "history = model.fit(\n    x, y,  # the data\n    epochs=3,\n)\n"
    )


def test_an_objectives_score_is_the_last_line():
    assert baked("def objective(hp):\n    return hp.Float('x', 0, 1)", x=0.5) == (
        "def objective():\n    return 0.5\n\nscore = objective()\nscore\n"
    )


def test_the_seed_is_set_where_the_trial_begins():
    assert baked("import numpy\nhp.Int('u', 1, 9)", seed=7, u=2) == (
        "import keras\nkeras.utils.set_random_seed(7)\n\nimport numpy\n2"
    )


def test_the_head_says_what_is_not_as_it_was():
    text = "x = hp.Int(\n  'u',  # wide\n  1, 9)\nif hp.Boolean('b'):\n    hp.Int('v', 1, 9)\nx"

    assert notes(text, u=2, b=False, w=5) == (
        "Not used by this trial, so its default stands there: v.",
        "Comments inside of the calls in line 2 of the tuned cell went with them.",
        "The trial also has values that this cell does not declare: w.",
    )


def test_the_head_counts_what_the_trial_does_not_use():
    text = "if hp.Boolean('b'):\n    hp.Int('v', 1, 9)\n    hp.Int('w', 1, 9)\n1"

    assert notes(text, b=False) == ("Not used by this trial, so their defaults stand there: v, w.",)


def test_the_head_counts_lines_as_the_tuned_cell_does():
    assert notes("x = hp.Int('u', 1, 9)\nprint(hp.values)\nhp", u=2) == (
        "hp is still needed in lines 3, 4 of the tuned cell: it is made here, with the trial's values.",
    )


def test_a_comment_above_search_stays_with_its_lines():
    build = "def build(hp):\n    return hp.Int('u', 1, 9)\n"

    assert "\n\n# train\nmodel = build()\nhistory" in baked(f"{build}\n# train\nsearch(x)", u=2)
    assert "    return 2\n\nmodel = build()\nhistory" in baked(f"{build}search(x)", u=2)


def test_the_head_says_what_a_search_alone_can_take():
    assert notes("def f(hp):\n    return hp.Int('u', 1, 9)\nsearch(x, cv=3)", u=2) == (
        "cv= belongs to a search and is left out.",
    )


def test_a_value_of_what_reading_could_not_settle_is_found_by_its_name():
    text = "layers = load()\nfor i, n in enumerate(layers):\n    hp.Int(f'u_{i}', 1, n)"

    assert "[4, 5][i]" in baked(text, {"load": lambda: [1, 2]}, u_0=4, u_1=5)


def test_a_call_whose_name_is_data_keeps_an_hp_with_the_trials_values():
    text = "for name in load():\n    hp.Int(name, 1, 9)"

    whole = baked(text, {"load": lambda: ["a", "b"]}, a=4, b=5)

    assert 'hp.values = {"a": 4, "b": 5}' in whole
    assert whole.endswith(text)


def test_a_function_that_makes_the_data_of_a_fit_is_called():
    text = "model = make(hp.Int('u', 1, 9))\nmodel.fit(batches, epochs=2)"
    given_ = {"make": Noted("make", []), "batches": lambda: iter([])}

    assert baked(text, given_, u=2) == "model = make(2)\nmodel.fit(batches(), epochs=2)"


def test_text_that_would_be_no_python_is_not_handed_out(monkeypatch):
    plan = plan_of("hp.Int('u', 1, 9)")
    monkeypatch.setattr("kt_notebook.magics.cell.baked_uses.literal", lambda value, quote: "1 2")

    with pytest.raises(CellError, match="plainer way"):
        bake(plan, "hp.Int('u', 1, 9)", TrialFacts("Trial 7 of q", {"u": 2}))


TUNER = (
    "tuner = RandomSearch(\n    build_model, objective='val_loss')\n"
    "tuner.search(x, y,\n    epochs=2, timeout=9)\ntuner.results_summary()\n"
)


def test_a_tuners_own_search_becomes_a_build_and_a_fit():
    plan = plan_of(TUNER)

    text = bake_tuner_search(
        plan, TUNER, TrialFacts("Trial 1 of tuner", {"u": 3}, 4), {"build_model": lambda hp: 0}
    ).text

    assert text.partition("import keras\n")[2] == (
        'import kt_notebook\n\nhp = kt_notebook.HyperParameters()\nhp.values = {"u": 3}\n'
        "keras.utils.set_random_seed(4)\nmodel = build_model(hp)\nhistory = model.fit(x, y,\n    epochs=2)\n"
    )


def test_a_tuners_hypermodel_fits_by_itself():
    text = TUNER.replace("build_model", "hypermodel=Mine(2)")

    made = bake_tuner_search(plan_of(text), text, TrialFacts("Trial 1 of tuner", {"u": 3}), {}).text

    assert "hypermodel = Mine(2)\nmodel = hypermodel.build(hp)\n" in made
    assert "history = hypermodel.fit(hp, model, x, y,\n    epochs=2)" in made


# The seeds' own cells.


def definitions(code):
    """Return each function of hp and each HyperModel of a block as a cell of its own."""
    tree = ast.parse(code)
    lines = code.splitlines(keepends=True)
    for node in tree.body:
        is_function = isinstance(node, ast.FunctionDef) and any(arg.arg == "hp" for arg in node.args.args)
        is_class = isinstance(node, ast.ClassDef) and any("HyperModel" in ast.unparse(base) for base in node.bases)
        if is_function or is_class:
            yield (
                "".join(lines[node.lineno - 1 : node.end_lineno]).rstrip()
                + "\n\n\nsearch(x, y, epochs=2, validation_data=(x, y))\n"
            )


@pytest.mark.parametrize("number", sorted(SEEDS))
def test_the_seeds_own_cells_bake(number, seed_text):
    import random

    blocks = changed_blocks(seed_text(number), SEEDS[number])
    cells = [cell for block in blocks if "hp" in block and _parses(block) for cell in definitions(block)]
    assert cells or number == "002"
    for text in cells:
        for seed in range(5):
            try:
                plan = plan_of(text)
            except CellError:
                break  # shown in the seed as a mistake
            names = {name: lambda hp: Noted("model", []) for name in ("build_model",) if f"def {name}" not in text}
            hp = hp_of(plan, random.Random(seed))
            _, expected = run_definitions(plan, hp, names)

            result = bake(plan, text, TrialFacts("Trial 7 of q", hp.values), names)

            assert run_baked(result.text, plan, names)[2] == expected, result.text
            assert re.search(frame_of(text), result.text), result.text
            assert has_hp(result.text) is (plan.target.kind is TargetKind.CLASS)


def _parses(code):
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True
