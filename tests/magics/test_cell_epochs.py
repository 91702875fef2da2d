import ast

import numpy as np
import pytest

from kt_notebook.magics.cell_epochs import epochs_of


@pytest.mark.parametrize(
    ("code", "epochs"),
    [
        ("model.fit(x, y, epochs=12)", 12),
        ("model.fit(x, y, epochs=n)", 7),
        ("model.fit(x, y, epochs=3); model.fit(x, y, epochs=3)", 3),
        ("model.fit(x, y, epochs=3); model.fit(x, y, epochs=4)", None),
        ("model.fit(x, y, epochs=hp.Int('e', 1, 9))", None),
        ("model.fit(x, y, epochs=True)", None),
        ("model.fit(x, y)", None),
        ("scaler.fit(x)", None),
        ("model.fit(x, y, 32, 12)", 12),
        ("model.fit(x, y, 32, n)", 7),
        ("model.fit(*data, 32, 12, 5)", None),
        ("model.fit(x, y, epochs=2 * n - 1)", 13),
        ("model.fit(x, y, epochs=n // 0)", None),
        ("model.fit(x, y, epochs=n * 'a')", None),
        ("k = 9\nmodel.fit(x, y, epochs=k)", 9),
        ("n = 3\nmodel.fit(x, y, epochs=n)", 3),
        ("n = 3\nn = 4\nmodel.fit(x, y, epochs=n)", None),
        ("n = n + 1\nmodel.fit(x, y, epochs=n)", None),
        ("for n in (3, 4):\n    model.fit(x, y, epochs=n)", None),
        ("def train(n):\n    model.fit(x, y, epochs=n)", None),
        ("n = hp.Int('n', 1, 9)\nmodel.fit(x, y, epochs=n)", None),
        ("search(x, y, 32, 12)", 12),
    ],
)
def test_the_epochs_of_a_cell_are_those_that_its_fits_agree_on(code, epochs):
    assert epochs_of(ast.parse(code), {}, {"n": np.int64(7)}) == epochs


def test_what_search_was_given_counts_first():
    assert epochs_of(ast.parse("model.fit(x, epochs=3)"), {"epochs": 5}, {}) == 5
