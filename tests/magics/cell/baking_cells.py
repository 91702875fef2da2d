"""Cells to be baked, and stand-ins for what they call: everything that is done with these is noted."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any


class Noted:
    """Stands for Keras, data, anything: what is looked up on it, called and compared is noted in a common log.

    Args:
        path: What it is called.
        log: Where calls are noted.
    """

    def __init__(self, path: str, log: list) -> None:
        vars(self).update(_path=path, _log=log)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Noted(f"{self._path}.{name}", self._log)

    def __setattr__(self, name: str, value: Any) -> None:
        self._log.append(f"{self._path}.{name} = {value!r}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        shown = [_shown(arg) for arg in args] + [f"{name}={_shown(value)}" for name, value in kwargs.items()]
        self._log.append(f"{self._path}({', '.join(shown)})")
        return Noted(f"{self._path}({', '.join(shown)})", self._log)

    def __getitem__(self, key: Any) -> Any:
        return Noted(f"{self._path}[{key!r}]", self._log)

    def __iter__(self) -> Any:
        return iter([Noted(f"{self._path}.{number}", self._log) for number in range(2)])

    def __mro_entries__(self, bases: Any) -> Any:
        return (object,)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> None:
        self._log.append(f"leave {self._path}")

    def _operator(name):
        def apply(self, *others):
            return Noted(f"{name}({', '.join(map(repr, [self, *others]))})", self._log)

        return apply

    __add__, __radd__, __sub__, __mul__, __truediv__, __rtruediv__, __pow__, __neg__ = map(
        _operator, ["add", "radd", "sub", "mul", "div", "rdiv", "pow", "neg"]
    )
    del _operator

    def __repr__(self) -> str:
        return self._path

    def __format__(self, spec: str) -> str:
        return f"{self._path}:{spec}"

    def __deepcopy__(self, memo: Any) -> "Noted":
        return self


def _shown(value: Any) -> str:
    return "a function" if isinstance(value, FunctionType) else repr(value)


@dataclass(frozen=True)
class Case:
    """One cell.

    Attributes:
        name: What is special about it.
        text: The cell.
        needs_hp: Whether the baked cell still makes an `hp`.
        names: The notebook's own values.
    """

    name: str
    text: str
    needs_hp: bool = False
    names: Mapping[str, Any] | None = None


def _make_block(hp):
    return hp.Int("block", 1, 9) * 100


# What the notebook has, where that counts.
NAMES: dict[str, dict[str, Any]] = {
    "hp handed to the notebook": {"make": _make_block},
    "hp handed on in a scope": {"make": _make_block, "nothing": lambda make, hp: hp.Int("block", 1, 9)},
    "a future import": {"bonus": lambda hp: 1},
    "a function of the notebook as argument": {"pick": lambda hp: hp.Int("b", 1, 9)},
    "functions that make data and callbacks": {"make_x": lambda: "data"},
    "hp handed to a library": {"make": _make_block},
}


def _cases(text: str) -> list[Case]:
    """Return the cells of a text; a line `### name` is above each, with `(hp stays)` where the baked cell needs it."""
    cases = []
    for block in text.split("### ")[1:]:
        name, _, cell = block.partition("\n")
        title = name.removesuffix(" (hp stays)")
        cases.append(Case(title, cell.rstrip("\n") + "\n", title != name, NAMES.get(title)))
    return cases


INLINE = _cases(
    r"""
### one call
hp.Int("units", 32, 512)

### a name left out
units = hp.Int(32, 512)
units

### names in a loop
out = []
for i in range(hp.Int("n", 1, 3)):
    out.append(hp.Int(f"u_{i}", 1, 99))
out

### names in a loop that does not begin at 0
[hp.Int(f'u_{i}', 1, 99) for i in range(2, 5)]

### a loop over texts
out = []
for part in ["a", "b"]:
    out.append(hp.Float(f"conv_{part}_u", 0, 1))
out

### a loop over a variable
parts = ('a', 'b')
[hp.Int(f'conv_{x}_u', 1, 50) for x in parts]

### a loop variable that changes
out = []
for i in range(3):
    i *= 2
    out.append(hp.Int(f'u_{i}', 1, 99))
out

### names left out in loops
out = []
for i in range(2):
    for j in 'ab':
        u = hp.Int(1, 99)
        out.append(u)
out

### names left out in a comprehension
units = [hp.Int(1, 99) for i in range(3)]
units

### enumerate
out = []
for i, x in enumerate('ab'):
    out.append((x, hp.Int(f'u_{i}', 1, 99)))
out

### names by addition
def f(k):
    return hp.Int("w_" + k, 1, 50)
[f("p"), f("q")]

### one name in many places
a = hp.Choice("act", ["relu", "tanh"])
b = hp.Choice("act", ["relu", "tanh"])
(a, b)

### a branch that is not taken
m = None
if hp.Boolean("deep"):
    m = hp.Float("mom", 0.1, 1)
else:
    m = [hp.Int(f"k_{i}", 1, 5) for i in range(2)]
m

### choices of all kinds
hp.Choice('c', [1, 2.5, 3]), hp.Choice('s', ['it\'s', 'a "b"', 'c'])

### bools and fixed values
[hp.Boolean('b'), hp.Fixed('f', -3), hp.Fixed('g', None), hp.Fixed('h', (1, 2))]

### negative numbers
[hp.Float('x', -1, 1) ** 2, -hp.Int('n', -5, 5), 2 - hp.Int('n', -5, 5), hp.Int('n', -5, 5).real]

### a number before a dot
(hp.Int('n', 1, 9).bit_length(), hp.Float('x', 0, 1).is_integer(), hp.Choice('c', ['a']).upper())

### several lines and comments
units = hp.Int(
    'units',  # how wide
    min_value=1,

    max_value=9,
)  # behind

# apart
units  ;  units

### calls in calls
hp.Int('b', 0, hp.Int('a', 1, 9))

### f-strings
f"{hp.Int('u', 1, 50)} and {hp.Choice('c', ['x', 'y'])!r} {hp.Float('z', 0, 1):.3f} {'k'}"

### two alike in one f-string
f"{hp.Int('u', 1, 50)}{hp.Int('u', 1, 50)}"

### an f-string of several parts
('ünï' f"{hp.Int('u', 1, 50)}"
   f'{hp.Int("v", 1, 50)}')

### an f-string that shows its text (hp stays)
f"{hp.Int('u', 1, 50)=}"

### walrus, ternary, semicolon
x = (y := hp.Int('e', 1, 99)) + \
  (hp.Int('f', 1, 99)if hp.Boolean('g')else 3); (x, y)

### lambda and default
f = lambda n, u=hp.Int(1, 99): n * u + hp.Int('k', 1, 9)
f(2)

### not ASCII
größe = 'ü' * hp.Int('größe', 1, 9)  # 한국어
['中', größe, hp.Choice('言', ['한', '中'])]

### get, item and in
u = hp.Int('u', 1, 99)
if hp.Boolean('b'):
    hp.Int('v', 1, 9)
(hp.get('u'), hp['u'], 'v' in hp, 'v' not in hp)

### scopes that are not needed
m = hp.Choice('m', ['a', 'b'])
with hp.conditional_scope('m', ['a']):
    v = hp.Int('v', 1, 50)
with hp.name_scope('s'):
    w = hp.Int('w', 1, 50)
(m, v, w)

### a scope beside another
with hp.name_scope('s'), part as p:
    w = hp.Int('w', 1, 50)
w

### parents by argument
hp.Choice('m', ['a', 'b'])
[hp.Int(f'v_{i}', 1, 50, parent_name='m', parent_values=['a']) for i in range(2)]

### hp handed on in the cell
def block(hp, n):
    return n * hp.Int('u', 1, 50)
[block(hp, 3), block(n=2, hp=hp)]

### hp handed on in a chain
def a(hp): return hp.Int('u', 1, 50)
def b(x, hp): return x + a(hp)
b(1, hp)

### hp handed to the notebook (hp stays)
hp.Int('u', 1, 50) + make(hp)

### hp handed on in a scope (hp stays)
m = hp.Choice('m', ['a', 'b'])
with hp.conditional_scope('m', ['a']):
    b = (hp.Int('u', 1, 50), nothing(make, hp))
(m, b)

### hp in a variable (hp stays)
h = hp
h.Int('u', 1, 50) + h.get('u') + hp.Int('v', 1, 50)

### hp's values (hp stays)
hp.Int('u', 1, 50)
sorted(hp.values)

### names that are data
names = list('ab')
[hp.Int(n, 1, 50) for n in names]

### a future import (hp stays)
from __future__ import annotations
n: missing = hp.Int('n', 1, 50)
n + bonus(hp)

### a class of the cell
class A:
    k = hp.Int('k', 1, 50)
    def f(self):
        return hp.Int('f', 1, 50)
(A.k, A().f())

### match
match hp.Choice('c', ['a', 'b']):
    case 'a':
        x = hp.Int('u', 1, 50)
    case _:
        x = 0
x

### early return
def f():
    if hp.Boolean('stop'):
        return -1
    return [hp.Int(f'u_{i}', 1, 50) for i in range(hp.Int('n', 1, 3))]
f()
"""
)
TABS = "if hp.Boolean('b'):\r\n\tx = hp.Int('n', 1, 9)  \r\nelse:\r\n\tx = 0\r\n\r\nx\r\n"
INLINE.append(Case("CRLF and tabs", TABS))

BUILDER = _cases(
    r'''
### a function
def build(hp):
    """Doc."""
    model = keras.Sequential()
    model.add(hp.Int("u", 1, 99))  # wide
    return model


search(x, y, epochs=3, validation_data=(x, y))

### hp among parameters
def part(n, hp, k=2):
    return n * hp.Int('u', 1, 50) * k
def build(hp, extra=1):
    return keras.Model(part(2, hp), part(3, hp=hp, k=1), extra)
search(x)

### functions of hp as arguments
def build(hp):
    return keras.Model(hp.Int('u', 1, 99))
search(x, y, batch_size=lambda hp: hp.Choice('b', [16, 32]), shuffle=lambda  hp : hp.Boolean('s'),
       epochs=2)

### a function of the notebook as argument (hp stays)
def build(hp):
    return keras.Model(hp.Int('u', 1, 99))
search(x, y, batch_size=pick)

### functions that make data and callbacks
def build(hp):
    return keras.Model(hp.Int('u', 1, 99))
search(make_x, callbacks=[stop, lambda: board('a'), lambda hp: late(hp.Int('p', 1, 9))])

### hp handed to a library (hp stays)
def build(hp):
    return keras.Model(hp.Int('u', 1, 99), make(hp))
search(x)

### a decorated function (hp stays)
def twice(f):
    return f
@twice
def build(hp):
    return keras.Model(hp.Int('u', 1, 99))
search(x)

### a lambda (hp stays)
build = lambda hp: keras.Model(hp.Int('u', 1, 99))
search(x)

### a result that is kept
def build(hp):
    return keras.Model(hp.Int('u', 1, 99))
if True:
    t = search(x, y)  # go
print_(t)

### in one line
def build(hp): return keras.Model(hp.Int('u', 1, 99))
n = 3; search(x, y); m = 4

### taken names
model, history = 1, 2
def build(hp): return keras.Model(hp.Int('u', 1, 99), model)
search(x, y)

### a HyperModel (hp stays)
class My(HyperModel):
    def build(self, hp):
        return keras.Model(hp.Int('u', 1, 99))
search(x, epochs=2)

### a HyperModel with its own fit (hp stays)
class My(HyperModel):
    def build(self, hp):
        return keras.Model(hp.Int('u', 1, 99))
    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, shuffle=hp.Boolean('s'), size=hp.get('u'), **kwargs)
search(
    x,
    epochs=2,
)

### an instance (hp stays)
class My(HyperModel):
    def __init__(self, k):
        self.k = k
    def build(self, hp):
        return keras.Model(hp.Int('u', 1, 99) * self.k)
mine = My(3)
search(x)

### conditional values in a function
def build(hp):
    kind = hp.Choice('kind', ['a', 'b'])
    if kind == 'a':
        with hp.conditional_scope('kind', ['a']):
            return keras.A(hp.Int('u', 1, 99))
    return keras.B([hp.Float(f'v_{i}', 0, 1) for i in range(hp.Int('n', 1, 3))])
search(x)
'''
)

OBJECTIVE = _cases(
    r"""
### a score
def objective(hp):
    x = hp.Float('x', -1, 1)
    return (x - .3) ** 2 + hp.Int('n', 0, 3)
search()

### without search
def objective(hp):
    return hp.Float('x', -1, 1)

### a dict
def objective(hp, scale=2):
    return {'a': hp.Float('x', -1, 1) * scale, 'b': help_(hp)}
def help_(hp):
    return hp.Int('n', 1, 5)
"""
)
