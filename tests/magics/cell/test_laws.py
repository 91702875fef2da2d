"""Laws: running a cell meets just the declarations that reading found active, and compiling changes nothing else."""

import ast

from hypothesis import given, settings
from hypothesis import strategies as st

from kt_notebook.core.space import HyperParameters
from kt_notebook.magics.cell import compile_inline, read_cell


class _Names:
    """Hands out names that no other declaration has."""

    def __init__(self):
        self.n = 0

    def new(self):
        self.n += 1
        return f"v{self.n}"


@st.composite
def _cells(draw):
    """Draw a cell of nested conditions, loops and functions over `hp`."""
    names = _Names()
    return "\n".join([*draw(_blocks(names, 3, ())), "0"])


@st.composite
def _blocks(draw, names, depth, known):
    lines = []
    known = list(known)
    for _ in range(draw(st.integers(1, 3))):
        more = draw(_statements(names, depth, tuple(known)))
        lines += more
        first = more[0].split(" = ")[0]
        if first.startswith("v") and first.isidentifier():
            known.append(first)
    return lines


@st.composite
def _statements(draw, names, depth, known):
    kinds = ["int", "bool", "float", "choice"]
    kinds += ["if", "for", "ternary", "function", "while", "break", "match", "sum"] if depth and known else []
    name = names.new()
    match draw(st.sampled_from(kinds)):
        case "int":
            return [f"{name} = hp.Int('{name}', 0, {draw(st.integers(0, 3))})"]
        case "bool":
            return [f"{name} = hp.Boolean('{name}')"]
        case "float":
            return [f"{name} = hp.Float('{name}', 0, 1)"]
        case "choice":
            return [f"{name} = hp.Choice('{name}', [0, 1, 3])"]
        case "if":
            then = draw(_blocks(names, depth - 1, known))
            orelse = draw(_blocks(names, depth - 1, known))
            return [f"if {draw(_conditions(known))}:", *_in(then), "else:", *_in(orelse)]
        case "for":
            body = [f"w{name} = hp.Int(f'{name}_{{i{name}}}', 0, 2)", f"if {draw(_conditions(known))}:", "    continue"]
            return [
                f"for i{name} in range(int({draw(st.sampled_from(known))})):",
                *_in([*body, f"hp.Boolean(f'b{name}_{{i{name}}}')"]),
            ]
        case "break":
            body = [
                f"w{name} = hp.Boolean(f'{name}_{{i{name}}}')",
                f"if w{name} and {draw(_conditions(known))}:",
                "    break",
            ]
            end = ["else:", f"    hp.Int('e{name}', 0, 2)"]
            return [f"for i{name} in range(2):", *_in(body), *end]
        case "while":
            body = [f"hp.Int(f'{name}_{{i{name}}}', 0, 2)", f"i{name} += 1"]
            return [f"i{name} = 0", f"while i{name} < {draw(st.sampled_from(known))} * 2:", *_in(body)]
        case "ternary":
            return [f"{name} = hp.Int('{name}', 0, 3) if {draw(_conditions(known))} else {draw(st.integers(0, 3))}"]
        case "function":
            inner = draw(_blocks(names, depth - 1, known))
            head = [f"if {draw(_conditions(known))}:", "    return 0", *inner, f"return {draw(st.sampled_from(known))}"]
            return [f"def f{name}():", *_in(head), f"{name} = f{name}()"]
        case "match":
            cases = [
                "case 0:",
                *_in(draw(_blocks(names, depth - 1, known))),
                "case 1 | 2:",
                *_in([f"hp.Int('{name}', 0, 2)"]),
            ]
            return [f"match {draw(st.sampled_from(known))}:", *_in(cases)]
    return [f"any(hp.Boolean(f'{name}_{{i}}') for i in range(2))"]


@st.composite
def _conditions(draw, known):
    left = draw(st.sampled_from(known))
    return draw(st.sampled_from([
        f"{left} > 1", f"{left} == 0", f"not {left}", f"{left} in (0, 1)",
        f"{left} and {draw(st.sampled_from(known))} != 1",
        f"{left} <= .5 or {draw(st.sampled_from(known))}", "True",
    ]))  # fmt: skip


def _in(lines):
    return [f"    {line}" for line in lines]


@settings(max_examples=120, deadline=None)
@given(_cells(), st.randoms(use_true_random=False))
def test_a_run_meets_just_the_declarations_that_reading_found_active(text, random):
    plan = read_cell(text, {})
    trial = compile_inline(plan, "<cell>")
    listed = {place.line for place in plan.unsettled}
    for _ in range(5):
        hp = plan.space.copy()
        hp.values = plan.space.search_space.assign(lambda entry: entry.random_sample(random.randrange(10**6)))
        drawn = dict(hp.values)
        met = _Met(hp)
        trial.run({"hp": met})
        if not listed:
            assert set(met.names) == set(drawn), text
        else:
            assert set(met.names) >= set(drawn), text


class _Met:
    """Notes the names that a run declares."""

    def __init__(self, hp: HyperParameters):
        self._hp = hp
        self.names = []

    def __getattr__(self, method):
        def declare(name, *args, **kwargs):
            self.names.append(name)
            return getattr(self._hp, method)(name, *args, **kwargs)

        return declare


@settings(max_examples=60, deadline=None)
@given(_cells())
def test_the_compiled_cell_has_the_lines_of_the_cell(text):
    trial = compile_inline(read_cell(text, {}), "<cell>")
    plain = compile(ast.Module(ast.parse(text).body[:-1], []), "<cell>", "exec")

    assert list(_lines(trial.body)) == list(_lines(plain))


def _lines(code):
    yield from (line for _, _, line in code.co_lines())
    for constant in code.co_consts:
        if hasattr(constant, "co_lines"):
            yield from _lines(constant)


@settings(max_examples=40, deadline=None)
@given(_cells())
def test_reading_twice_gives_the_same(text):
    one, other = read_cell(text, {}), read_cell(text, {})

    assert one.declarations == other.declarations
    assert [repr(entry.conditions) for entry in one.space.space] == [
        repr(entry.conditions) for entry in other.space.space
    ]
    assert one.identity == other.identity
