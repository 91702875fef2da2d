"""Facts about other ranges in a cell's text: what changes, what stays, and what cannot be changed."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kt_notebook.magics.cell import read_cell
from kt_notebook.magics.cell.ranges import change_ranges, difference_html, difference_text
from kt_notebook.magics.cell.skeleton import skeleton_of
from kt_notebook.results.advice import Change


def read(raw, namespace=None):
    return read_cell("\n" + raw, namespace or {})


def changed(raw, *changes, namespace=None):
    return change_ranges(read(raw, namespace), raw, changes)


def entry(raw, name, namespace=None):
    (found,) = read(raw, namespace).space.search_space.by_name[name]
    return found


# ---- one call


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ('hp.Int("x", 32, 512, step=32)', {"max_value": 768}, 'hp.Int("x", 32, 768, step=32)'),
        ('hp.Int("x", max_value=512, min_value=32)', {"max_value": 768}, 'hp.Int("x", max_value=768, min_value=32)'),
        ("hp.Float('x', 1e-4, 1e-2)", {"max_value": 0.1}, "hp.Float('x', 1e-4, 0.1)"),
        ("hp.Float('x', 0.001, 0.01)", {"sampling": "log"}, "hp.Float('x', 0.001, 0.01, sampling='log')"),
        ('hp.Float("x", 0.001, 0.01,)', {"sampling": "log"}, 'hp.Float("x", 0.001, 0.01, sampling="log",)'),
        ('hp.Float("x", 0.001, (0.01))', {"sampling": "log"}, 'hp.Float("x", 0.001, (0.01), sampling="log")'),
        ('hp.Float("x", 1, 9, 2, "linear")', {"min_value": 3.0}, 'hp.Float("x", 3, 9, 2, "linear")'),
        ("hp.Int(32, 512)", {"min_value": 64}, "hp.Int(64, 512)"),
        ('hp.Int("x", 8, 64, 8, "linear")', {"sampling": "log", "step": None}, 'hp.Int("x", 8, 64, None, "log")'),
        ('hp.Int("x", 8, 64, step=8)', {"sampling": "log", "step": None}, 'hp.Int("x", 8, 64, sampling="log")'),
        ('hp.Int("x", 8, 64, default=60)', {"max_value": 32}, 'hp.Int("x", 8, 32, default=32)'),
        ('hp.Int("x", 8, 64, default=16)', {"max_value": 32}, 'hp.Int("x", 8, 32, default=16)'),
        ('hp.Int("x", 0, 60, step=9, default=58)', {"max_value": 40}, 'hp.Int("x", 0, 40, step=9, default=36)'),
        ('hp.Int("x", -8, 64)', {"min_value": -16}, 'hp.Int("x", -16, 64)'),
    ],
)
def test_an_argument_changes_where_it_stands(before, change, after):
    kind = re.match(r"hp\.(\w+)", before)[1]

    assert changed(f"x = {before}\nx", Change("x", kind, change)).text == f"x = {after}\nx"


@pytest.mark.parametrize(
    ("before", "kept", "after"),
    [
        ('["a", "b", "c"]', ["a", "b"], '["a", "b"]'),
        ('["a", "b", "c"]', ["b", "c"], '["b", "c"]'),
        ('["a", "b", "c"]', ["b"], '["b"]'),
        ("('a', 'b', 'c',)", ["a", "c"], "('a', 'c',)"),
        ('[\n    "a",  # first\n    "b",\n    "c",\n]', ["a", "c"], '[\n    "a",  # first\n    "c",\n]'),
        ("OPTIONS", ["a", "c"], '["a", "c"]'),
        ("list('abc')", ["a", "c"], "['a', 'c']"),
    ],
)
def test_choices_are_taken_out_of_a_list_and_the_rest_stays(before, kept, after):
    out = changed(
        f"x = hp.Choice({before})\nx", Change("x", "Choice", {"values": kept}), namespace={"OPTIONS": ["a", "b", "c"]}
    )

    assert out.text == f"x = hp.Choice({after})\nx"


def test_a_default_of_another_kind_is_written_as_it_is():
    out = changed("hp.Choice('x', [1, 'a'], default=1)", Change("x", "Choice", {"values": ["a"]}))

    assert out.text == "hp.Choice('x', ['a'], default='a')"


def test_a_default_that_was_dropped_becomes_the_first_choice_left():
    out = changed('hp.Choice("x", ["a", "b"], default="b")', Change("x", "Choice", {"values": ["a"]}))

    assert out.text == 'hp.Choice("x", ["a"], default="a")'


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ('hp.Choice("x", ["relu", "tanh"])', "relu", 'hp.Fixed("x", "relu")'),
        ("hp.Choice('x', values=['relu', 'tanh'])", "relu", "hp.Fixed('x', value='relu')"),
        ('hp.Int("x", 32, 512, step=32, default=64)', 96, 'hp.Fixed("x", 96)'),
        ('hp.Int(name="x", min_value=32, max_value=512)', 96, 'hp.Fixed(name="x", value=96)'),
        ("hp.Float(0.1, 0.5)", 0.25, "hp.Fixed(0.25)"),
        ('hp.Boolean("x")', True, 'hp.Fixed("x", True)'),
        ("hp.Boolean()", False, "hp.Fixed(False)"),
        ('hp.Boolean("x", True)', False, 'hp.Fixed("x", False)'),
        ('hp.Boolean(name="x")', True, 'hp.Fixed(value=True, name="x")'),
        (
            'hp.Int(\n    "x",  # name\n    1,  # low\n    9,  # high\n    step=2,\n)',
            3,
            'hp.Fixed(\n    "x",  # name\n    3,  # low\n    # high\n)',
        ),
    ],
)
def test_one_value_is_written_as_fixed_and_the_name_stays(before, value, after):
    out = changed(f"x = {before}\nx", Change("x", "Fixed", {"value": value}))

    assert out.text == f"x = {after}\nx"
    assert entry(out.text, "x").default == value


def test_a_fixed_value_keeps_its_scope():
    raw = 'm = hp.Choice("m", ["a", "b"])\nx = hp.Int("x", 1, 9, parent_name="m", parent_values=["a"])\n0'
    out = changed(raw, Change("x", "Fixed", {"value": 3}))

    assert out.text.splitlines()[1] == 'x = hp.Fixed("x", 3, parent_name="m", parent_values=["a"])'
    assert entry(out.text, "x").conditions == entry(raw, "x").conditions


def test_a_variable_gives_way_to_the_number_and_that_is_said():
    raw = "high = 256\nx = hp.Int('x', 8, 2 * high)\nx"
    out = changed(raw, Change("x", "Int", {"max_value": 1024}))

    assert out.text == "high = 256\nx = hp.Int('x', 8, 1024)\nx"
    assert out.notes == ("max_value of x was 2 * high and is written out now.",)


# ---- several calls, several names


def test_a_call_in_a_loop_may_grow_for_all_its_names():
    raw = 'for i in range(2):\n    hp.Int(f"n_{i}", 8, 64)\n0'
    out = changed(raw, Change("n_0", "Int", {"max_value": 128}))

    assert out.text == 'for i in range(2):\n    hp.Int(f"n_{i}", 8, 128)\n0'
    assert out.changed == ("n_0", "n_1")


def test_a_call_in_a_loop_shrinks_only_as_far_as_all_its_names_may():
    raw = 'for i in range(2):\n    hp.Int(f"n_{i}", 0, 64)\n0'

    both = changed(raw, Change("n_0", "Int", {"max_value": 32}), Change("n_1", "Int", {"max_value": 48}))
    one = changed(raw, Change("n_0", "Int", {"max_value": 32}))

    assert 'hp.Int(f"n_{i}", 0, 48)' in both.text
    assert one.text == raw
    assert "n_0 is left as it is" in one.notes[0]


@pytest.mark.parametrize("values", [(8, 8), (8, 16)])
def test_a_call_in_a_loop_is_fixed_only_at_one_value_for_all(values):
    raw = 'for i in range(2):\n    hp.Int(f"n_{i}", 8, 64)\n0'
    out = changed(raw, *(Change(f"n_{number}", "Fixed", {"value": value}) for number, value in enumerate(values)))

    assert ("hp.Fixed" in out.text) == (values[0] == values[1])


def test_a_name_that_is_declared_twice_changes_in_both_places():
    raw = 'if hp.Boolean("b"):\n    hp.Int("x", 8, 64)\nelse:\n    hp.Int("x", 8, 64)\n0'
    out = changed(raw, Change("x", "Int", {"max_value": 128}))

    assert out.text == raw.replace("64", "128")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ('if hp.Boolean("b"):\n    hp.Int("x", 8, 64)\nelse:\n    hp.Int("x", 8, 32)\n0', "in each of several lines"),
        ('n = hp.Int("n", 1, 4)\nhp.Int("x", 8, 64 * n)\n0', "known only when the cell runs"),
        ('kw = dict(a)\nhp.Int("x", 8, 64, **kw)\n0', "unpacked in line 3"),
        ("f\"{hp.Int('x', 8, 64)}\"\n0", "not the text that stands there"),
    ],
)
def test_what_cannot_be_changed_is_said_and_left(raw, why):
    out = changed(raw, Change("x", "Int", {"max_value": 128}), namespace={"a": {}})

    assert out.text == raw
    assert out.changed == ()
    assert why in out.notes[0]


def test_a_range_that_cannot_be_is_left_and_its_error_is_said():
    out = changed('hp.Float("x", 0, 1)', Change("x", "Float", {"sampling": "log"}))

    assert out.text == 'hp.Float("x", 0, 1)'
    assert "a log scale begins above 0" in out.notes[0]


def test_lines_that_ipython_changes_stay_as_the_user_wrote_them():
    from IPython.core.inputtransformer2 import TransformerManager

    raw = "\n\n  %matplotlib inline\n  x = hp.Int('x', 8, 64)  # 한글\n  x\n"
    plan = read_cell("\n" + TransformerManager().transform_cell(raw), {})

    out = change_ranges(plan, raw, [Change("x", "Int", {"max_value": 128})])

    assert out.text == raw.replace("64", "128")


# ---- the difference


def test_the_difference_has_the_lines_as_the_notebook_counts_them():
    assert difference_text("a\nb\nc", "a\nB\nc") == "line 3\n- b\n+ B"


def test_the_difference_as_html_marks_what_changed_and_escapes():
    shown = difference_html("x = f('<b>', 1)", "x = f('<b>', 2)")

    assert "<b>'" not in shown
    assert "&lt;" in shown
    assert re.search(r"<b style=[^>]*>1</b>", shown)
    assert re.search(r"<b style=[^>]*>2</b>", shown)


# ---- what a cell says beside its ranges


def test_cells_that_differ_in_ranges_alone_have_one_skeleton():
    one, other = read('x = hp.Int("x", 1, 8)  # a\nx + 1'), read('x = hp.Fixed("x",\n 3)\nx + 1')

    assert skeleton_of(one) == skeleton_of(other)


@pytest.mark.parametrize("raw", ['x = hp.Int("x", 1, 8)\nx + 2', 'x = hp.Int("y", 1, 8)\nx + 1'])
def test_cells_that_say_something_else_have_another_skeleton(raw):
    assert skeleton_of(read(raw)) != skeleton_of(read('x = hp.Int("x", 1, 8)\nx + 1'))


# ---- the law


@st.composite
def calls(draw, name):
    """Draw a declaration in some layout, with changes that its kind allows."""
    kind = draw(st.sampled_from(["Int", "Float", "Choice", "Boolean"]))
    comma = draw(st.sampled_from([", ", ",\n    ", ",  # 한 note\n    "]))
    end = draw(st.sampled_from(["", ",\n", "  # end\n"]))
    quote = draw(st.sampled_from("'\""))
    if kind == "Boolean":
        arguments, changes = [], []
    elif kind == "Choice":
        values = draw(
            st.lists(st.sampled_from(["relu", "tanh", 1, 2.5, None, True]), min_size=2, max_size=4, unique_by=repr)
        )
        written = comma.join(repr(value) for value in values)
        arguments = [f"[{written}]" if draw(st.booleans()) else f"values=({written},)"]
        kept = [value for value in values if draw(st.booleans())] or values[:1]
        changes = [("Choice", {"values": kept}), ("Fixed", {"value": values[0]})]
    else:
        low, width = draw(st.integers(1, 20)), draw(st.integers(2, 40))
        scale = 1 if kind == "Int" else draw(st.sampled_from([1.0, 0.01, 1e-4]))
        low, high = low * scale, (low + width) * scale
        keyed = draw(st.booleans())
        arguments = [f"min_value={low!r}", f"max_value={high!r}"] if keyed else [repr(low), f"({high!r})"]
        if draw(st.booleans()):
            arguments.append(f"step={scale!r}")
        if draw(st.booleans()):
            arguments.append(f"default={high!r}")
        changes = [
            (kind, {"max_value": high + 5 * scale}),
            (kind, {"max_value": high - scale, "min_value": low}),
            (kind, {"sampling": "log", "step": None}),
            ("Fixed", {"value": low}),
        ]
    changes = changes or [("Fixed", {"value": draw(st.booleans())})]
    if draw(st.booleans()) or kind == "Boolean":
        arguments.insert(0, f"{quote}{name}{quote}")
    return f"{name} = hp.{kind}({comma.join(arguments)}{end})", draw(st.none() | st.sampled_from(changes))


@st.composite
def cells(draw):
    pieces = [draw(calls(f"v{number}")) for number in range(draw(st.integers(1, 4)))]
    lines = []
    for text, _ in pieces:
        lines += [
            draw(st.sampled_from(["# 바깥 outside", "", "import math  # kept"])),
            text + draw(st.sampled_from(["", "  # wide"])),
        ]
    changes = [Change(f"v{number}", *change) for number, (_, change) in enumerate(pieces) if change is not None]
    return "\n".join([*lines, "0"]), changes


@settings(max_examples=250, deadline=None)
@given(cells())
def test_the_changed_cell_declares_the_changed_space_and_all_else_is_the_same(drawn):
    raw, changes = drawn
    plan = read(raw)
    out = change_ranges(plan, raw, changes)
    before = {d.name: d for d in plan.declarations}
    after = {d.name: d for d in read(out.text).declarations}

    assert list(after) == list(before)
    wanted = {change.parameter: change for change in changes}
    for name, was in before.items():
        change = wanted.get(name)
        config = {k: v for k, v in was.config.items() if k != "default"}
        now = {k: v for k, v in after[name].config.items() if k != "default"}
        if change is None:
            assert (after[name].kind, after[name].config) == (was.kind, was.config)
            continue
        assert after[name].kind == change.kind
        if change.kind == "Fixed":
            assert now == change.arguments
            continue
        expected = {k: v for k, v in {**config, **change.arguments}.items() if v is not None}
        assert {k: _plain(v) for k, v in now.items() if v is not None} == {k: _plain(v) for k, v in expected.items()}
    assert _outside(out.text, after) == _outside(raw, before)


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


def _outside(raw, declarations):
    """Return the text without the calls."""
    lines = ("\n" + raw).encode().split(b"\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    data = b"\n".join(lines)
    for declaration in reversed(declarations.values()):
        span = declaration.span
        begin, end = starts[span.line - 1] + span.col, starts[span.end_line - 1] + span.end_col
        data = data[:begin] + b"CALL" + data[end:]
    return data
