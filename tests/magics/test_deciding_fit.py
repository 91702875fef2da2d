"""Facts about which cells let the first epoch of their fit settle the objective."""

import ast

import pytest

from kt_notebook.magics.deciding_fit import has_one_deciding_fit

FIT = "m.fit(x, y, epochs=2)"


@pytest.mark.parametrize(
    "cell",
    [
        FIT,
        f"h = {FIT}",
        f"h = {FIT}\nh",
        f"{FIT}\nprint('done')",
        f"{FIT}\ndone = True",
        f"s.fit(x)\n{FIT}",
        f"z = Scaler().fit(x).transform(x)\n{FIT}",
        f"if deep:\n    {FIT}",
    ],
)
def test_the_one_fit_that_can_be_the_score_decides(cell):
    assert has_one_deciding_fit(ast.parse(cell))


@pytest.mark.parametrize(
    "cell",
    [
        "x ** 2",
        f"{FIT}\n{FIT}",
        f"other.fit(x, y)\n{FIT}",
        f"{FIT}\nm.evaluate(x, y)[1]",
        f"{FIT}\nmax(h.history['acc'])",
        f"h = {FIT}\nh = 3\nh",
        f"{FIT}\nm",
        f"for fold in folds:\n    {FIT}",
        f"def train():\n    {FIT}\ntrain()",
        f"scores = [{FIT} for fold in folds]",
    ],
)
def test_a_fit_that_another_value_may_follow_does_not_decide(cell):
    assert not has_one_deciding_fit(ast.parse(cell))
