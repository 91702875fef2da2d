"""Facts about `%tune finish`: names of the notebook in, the winner's honest score out."""

import pytest

from kt_notebook.core.errors import CellError, OptionError, ResultError
from kt_notebook.core.space import HyperParameters
from kt_notebook.magics.finish import finish_word
from kt_notebook.results.finish import Finish
from tests.magics.test_keras import BUILD, INLINE, data  # noqa: F401 - a fixture
from tests.training.keras_models import X, Y

FIT = "model.fit(x, y, batch_size=16, epochs=2, validation_data=val)\n"
LINE = "%%tune q --wait --objective val_accuracy --max-trials 2 --seed 1"


@pytest.fixture
def split(data):  # noqa: F811 - the fixture above
    """A notebook with rows for the search, all rows to train with and rows to test with."""
    data.shell.user_ns.update(x=X[:32], y=Y[:32], val=(X[32:48], Y[32:48]))
    data.shell.user_ns.update(x_train=X[:48], y_train=Y[:48], x_test=X[48:], y_test=Y[48:])
    return data


def finish(notebook, line):
    return finish_word(notebook.shell, line.split())


@pytest.mark.keras
def test_a_cell_is_finished_with_what_its_own_fit_was_given(split, monkeypatch):
    from kt_notebook.training import refit

    given = []
    fit_hook = refit.fit_hook

    def spy(model):
        return lambda **kwargs: (given.append(kwargs), fit_hook(model)(**kwargs))[1]

    monkeypatch.setattr(refit, "fit_hook", spy)
    split.ok(INLINE.format(line=LINE, rest=FIT))
    found = finish(split, "q x_train y_train x_test y_test --repeats 2 --epochs=1")
    assert isinstance(found, Finish)
    assert found.scores.shape == (2, 2)
    assert [(g["batch_size"], g["epochs"], len(g["x"])) for g in given] == [(16, 1, 48)] * 4
    assert found.notes == ()
    assert finish(split, "x_train y_train x_test y_test --repeats 2 --epochs 1 --rivals 0").scores.shape == (2, 1)


@pytest.mark.keras
def test_rows_that_a_cell_makes_itself_are_told(split):
    split.ok(INLINE.format(line=LINE, rest=FIT.replace("x, y", "x * 2, y")))
    with pytest.warns(UserWarning, match="makes the rows that it fits with itself"):
        finish(split, "q x_train y_train x_test y_test --repeats 1")


@pytest.mark.keras
def test_a_builder_cell_is_finished_with_what_search_was_given(split):
    split.ok(f"{LINE}\n{BUILD}search(x, y, epochs=2, validation_data=val)\n")
    assert len(finish(split, "q x_train y_train x_test y_test --repeats 1").scores) == 1


@pytest.mark.keras
def test_a_cell_that_measures_itself_asks_for_the_measure(split):
    rest = FIT + "float(model.evaluate(*val, verbose=0)[0])\n"
    split.ok(INLINE.format(line="%%tune q --wait --max-trials 2 --seed 1", rest=rest))
    with pytest.raises(ResultError, match=r"judged by what its code measures itself \(score\).*score=function"):
        finish(split, "q x_train y_train x_test y_test")
    rows = [split[name] for name in ("x_train", "y_train", "x_test", "y_test")]
    found = split["q"].finish(*rows, repeats=1, score=lambda model, x, y: model.evaluate(x, y, verbose=0)[0])
    assert found.table.epochs.tolist() == [2, 2]


@pytest.mark.keras
def test_datasets_come_in_two_names(split):
    import tensorflow as tf

    split.ok(f"{LINE}\n{BUILD}search(x, y, epochs=2, validation_data=val, shuffle=False)\n")
    rows = {"train": (X[:48], Y[:48]), "test": (X[48:], Y[48:])}
    split.shell.user_ns.update(
        {name: tf.data.Dataset.from_tensor_slices(part).batch(16) for name, part in rows.items()}
    )
    assert len(finish(split, "q train test --repeats 1").scores) == 1


def test_a_cell_that_returns_numbers_has_no_model(notebook):
    notebook.shell.user_ns.update(a=X[:9], b=Y[:9], c=X[9:], d=Y[9:])
    notebook.ok("%%tune q --wait --max-trials 2\nx = hp.Float(0, 1)\nx ** 2\n")
    with pytest.raises(ResultError, match="has no model that could be trained"):
        finish(notebook, "q a b c d")


def test_the_fit_of_a_cell_without_one_cannot_be_reached(notebook):
    notebook.ok("%%tune q --wait --max-trials 1\nx = hp.Float(0, 1)\nx ** 2\n")
    with pytest.raises(CellError, match="ends without a Keras fit"):
        notebook["q"].hypermodel.reach_fit(HyperParameters())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("q a b a b c", "was given 6 names"),
        ("a", "was given 1 names"),
        ("q a b a nothing", "no nothing"),
        ("q a b a b[0]", r"'b\[0\]' is no name"),
        ("other a b a b", "no search called 'other'"),
        ("q a b a b --repeat 3", "no option '--repeat'"),
        ("q a b a b --repeats", "--repeats … is no whole number"),
        ("q a b a b --epochs many", "--epochs many is no whole number"),
    ],
)
def test_a_line_that_cannot_be_read_says_what_is_wrong(notebook, line, said):
    notebook.shell.user_ns.update(a=X, b=Y)
    notebook.ok("%%tune q --wait --max-trials 1\nx = hp.Float(0, 1)\nx ** 2\n")
    with pytest.raises(OptionError, match=said):
        finish(notebook, line)


def test_without_a_search_the_line_says_so(notebook):
    notebook.shell.user_ns.update(a=X, b=Y)
    with pytest.raises(OptionError, match="no search yet"):
        finish(notebook, "a b a b")
