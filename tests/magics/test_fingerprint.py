"""Facts about fingerprints: what of a notebook's functions makes them other ones."""

import linecache
import types

from kt_notebook.magics.fingerprint import fingerprints


def notebook(*cells):
    """Return the names that cells leave, each a cell of its own as IPython keeps them."""
    names = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        file = f"<cell {id(names)} {number}>"
        linecache.cache[file] = (len(cell), None, cell.splitlines(keepends=True), file)
        exec(compile(cell, file, "exec"), names)
    return types.MappingProxyType(names)


def of_f(*cells):
    return fingerprints(["f"], notebook(*cells))["f"]


F = "def f(x):\n    return g(x) * FACTOR\n"
G = "def g(x):\n    return x\n"


def test_the_same_source_is_the_same_function():
    assert of_f("FACTOR = 1", G, F) == of_f("FACTOR = 1", G, F)


def test_a_function_that_is_called_belongs_to_the_function():
    assert of_f("FACTOR = 1", G, F) != of_f("FACTOR = 1", G.replace("x\n", "2 * x\n"), F)


def test_a_number_that_is_read_belongs_to_the_function():
    assert of_f("FACTOR = 1", G, F) != of_f("FACTOR = 2", G, F)


def test_what_methods_read_belongs_to_the_class():
    cell = "class f:\n    def m(self):\n        return [FACTOR for _ in range(3)]\n"

    assert of_f("FACTOR = 1", cell) != of_f("FACTOR = 2", cell)


def test_a_class_is_known_by_its_methods_values_and_bases():
    base = "class Base:\n    def m(self):\n        return 1\n"
    cell = "class f(Base):\n    n = 1\n    @property\n    def p(self):\n        return 2\n"

    assert of_f(base, cell) == of_f(base, cell)
    assert of_f(base, cell) != of_f(base.replace("return 1", "return 3"), cell)
    assert of_f(base, cell) != of_f(base, cell.replace("n = 1", "n = 3"))
    assert of_f(base, cell) != of_f(base, cell.replace("return 2", "return 3"))


def test_what_a_factory_was_given_belongs_to_the_function():
    made = "def make(n):\n    def f(x):\n        return n * x\n    return f\n"

    assert of_f(made, "f = make(1)\n") != of_f(made, "f = make(2)\n")


def test_functions_that_call_one_another_are_told():
    even = "def f(n):\n    return n == 0 or odd(n - 1)\n"

    assert of_f(even, "def odd(n):\n    return f(n - 1)\n") != of_f(even, "def odd(n):\n    return n and f(n - 1)\n")


def test_what_a_function_counts_or_collects_is_no_part_of_it():
    cell = "def f(x):\n    global n\n    n += 1\n    seen.append(x)\n    return x\n"

    assert of_f("n = 0; seen = []", cell) == of_f("n = 5; seen = [1, 2]", cell)
