"""What reading leaves open, and what it never touches."""

import re
import textwrap

import pytest

from kt_notebook.magics.cell import read_cell
from tests.magics.cell.objects_that_bite import Biting, biting


def read(text, **namespace):
    return read_cell(textwrap.dedent(text), namespace)


UNSETTLED = [
    ("a loop over data", 'for batch in data:\n    hp.Int("a", 1, 2)', r"the loop of line 1 runs over `data`"),
    (
        "a condition on data",
        'if data.shape[0] > 3:\n    hp.Int("a", 1, 2)',
        r"`data.shape\[0\] > 3`.*does not look into",
    ),
    ("a bound from data", 'hp.Int("a", 1, data.n)', r"^max_value is known only when it runs"),
    ("a name from data", "hp.Int(data.name, 1, 2)", r"its name is known only when it runs"),
    ("a while on data", 'while data.more():\n    hp.Int("a", 1, 2)', r"how often the `while data.more\(\)` of line 1"),
    ("a library's function", "make(hp)", r"hp is handed to `make`, which this cell does not define"),
    ("a library's method", "data.build(hp)", r"hp is handed to `data.build`"),
    (
        "a callback",
        'def f(x):\n    return hp.Int("a", 1, 2)\nlist(map(f, data))',
        r"it stands in `f`, which other code calls",
    ),
    ("a generator function", 'def f():\n    yield hp.Int("a", 1, 2)\nlist(f())', r"f is a generator"),
    ("a generator expression", 'g = (hp.Int(f"a{i}", 1, 2) for i in range(2))', r"a generator expression"),
    ("recursion", 'def f(n):\n    hp.Int(f"a{n}", 1, 2)\n    f(n + 1)\nf(0)', r"called from itself"),
    ("an except", 'try:\n    data.go()\nexcept E:\n    hp.Int("a", 1, 2)', r"only where the `try` of line 1 fails"),
    ("a return in doubt", 'def f():\n    if data:\n        return 0\n    hp.Int("a", 1, 2)\nf()', r"`data`"),
    ("a decorated function", '@data.wrap\ndef f():\n    hp.Int("a", 1, 2)\nf()', r"it stands in `f`"),
    (
        "a value that a call may change",
        's = [1, 2]\ndata.shuffle(s)\nhp.Choice("a", s)',
        r"data.shuffle`, which may change it",
    ),
    (
        "a method that Keras calls",
        'class L(Layer):\n    def call(self, x):\n        return hp.Int("a", 1, 2)\nL()',
        r"`call`",
    ),
    (
        "two large values",
        'a = hp.Int("a", 1, 900)\nb = hp.Int("b", 1, 900)\nif a > b:\n    hp.Int("c", 1, 2)',
        "too many",
    ),
]


@pytest.mark.parametrize(("text", "reason"), [pytest.param(t, r, id=n) for n, t, r in UNSETTLED])
def test_what_cannot_be_settled_is_listed_with_its_reason(text, reason):
    plan = read(text, data=biting())

    assert [place for place in plan.unsettled if re.search(reason, place.reason)], plan.unsettled


def test_what_is_not_settled_is_not_in_the_space():
    plan = read('for batch in data:\n    hp.Int("a", 1, 2)\nhp.Int("b", 1, 2)')

    assert [entry.name for entry in plan.space.space] == ["b"]
    assert [(held.name, held.settled) for held in plan.declarations] == [("a", False), ("b", True)]


def test_a_name_declared_before_is_settled_also_in_doubt():
    plan = read('hp.Choice("act", [1, 2])\nfor batch in data:\n    hp.Choice("act", [1, 2])')

    assert plan.unsettled == ()


def test_a_declaration_keeps_its_span():
    plan = read('\nu = hp.Int("a",\n  1, 2)')
    span = plan.declarations[0].span

    assert (span.line, span.col, span.end_line, span.end_col) == (2, 4, 3, 7)


BITING_CELLS = [
    "thing",
    "thing.x.y",
    "thing + 1",
    "thing[0]",
    "thing()",
    "Thing()",
    "Thing.x",
    "len(thing)",
    "-thing",
    "f'{thing}'",
    "thing == 1",
    "thing in [1]",
    "1 in thing",
    "thing is None",
    "not thing",
    "thing and 1",
    "[*thing]",
    "a, b = thing",
    "[t for t in thing]",
    "str(thing)",
    "max(thing, 1)",
    "isinstance(thing, Thing)",
    "{thing: 1}",
    "{'a': thing}",
    "{thing}",
    "[thing] == [thing]",
    "x = [thing]\ny = [thing] if hp.Boolean('z') else [1]",
    "for t in thing:\n    pass",
    "while thing:\n    pass",
    "with thing as t:\n    pass",
    "match thing:\n    case 1:\n        pass",
    "thing.fit(thing)",
    "hp.Int('u', 1, thing)",
    "hp.Choice('u', [thing])",
    "hp.Int(thing, 1, 2)",
    "class N(Thing):\n    pass\nN()",
    "held",
    "del thing",
    "thing += 1",
]


@pytest.mark.parametrize("text", BITING_CELLS)
def test_reading_never_runs_the_code_of_the_notebooks_objects(text):
    plan = read(text + '\nhp.Int("a", 1, 2)', thing=biting(), Thing=Biting, held=[biting(), (biting(),)])

    assert plan.declarations[-1].name == "a"


def test_reading_never_runs_a_notebook_function():
    def bite():
        raise AssertionError("reading ran the user's code")

    assert read('bite()\nhp.Int("a", 1, 2)', bite=bite).declarations[0].settled


@pytest.mark.parametrize(
    "text",
    [
        "10 ** 10 ** 10",
        "'a' * 10 ** 12",
        "'%999999999d' % 1",
        "f'{1:999999999}'",
        "1 << 10 ** 9",
        "list(range(10 ** 12))",
        "sum(range(10 ** 12))",
        "'{:999999999}'.format(1)",
    ],
)
def test_a_huge_computation_is_not_tried(text):
    assert read(f'x = {text}\nhp.Int("a", 1, 2)').declarations[0].name == "a"


def test_a_cell_too_long_to_follow_says_so():
    plan = read('for i in range(1000):\n  for j in range(1000):\n    k = hp.get("b")\nhp.Int("b", 1, 2)')

    assert plan.unsettled[0].reason == "the cell takes too many steps to follow to this line"
