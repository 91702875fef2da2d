"""Facts about `%tune plot`."""

import contextlib
import io

import matplotlib.pyplot as plt
import pytest

from kt_notebook.core.errors import OptionError
from kt_notebook.magics.plot import plot_word

CELL = (
    "%%tune {name} --wait --tuner random --max-trials 6 --seed 1\nx = hp.Float('x', 0, 1)\ny = hp.Int('y', 1, 9)\nx\n"
)


@pytest.fixture
def shown(monkeypatch):
    figures = []
    monkeypatch.setattr("IPython.display.display", figures.append)
    return figures


def test_without_a_kind_it_lists_them(notebook, capsys):
    assert plot_word(notebook.shell, []) is None
    assert "importance  which hyperparameters the score depends on" in capsys.readouterr().out


def test_before_the_first_search_it_says_what_to_do(notebook):
    with pytest.raises(OptionError, match="no search yet"):
        plot_word(notebook.shell, ["history"])


def test_the_figure_is_shown_once_and_its_reading_printed_under_it(notebook, shown):
    notebook.ok(CELL.format(name="q"))
    before = plt.get_fignums()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        plot_word(notebook.shell, ["history"])
    assert len(shown) == 1
    assert plt.get_fignums() == before
    assert not shown[0].axes[0].get_title("left")
    assert printed.getvalue().startswith("Best score ")


def test_a_name_is_a_search_and_what_follows_hyperparameters(notebook, shown):
    notebook.ok(CELL.format(name="first"))
    notebook.ok(CELL.format(name="second"))
    plot_word(notebook.shell, ["slice", "first", "y"])
    plot_word(notebook.shell, ["rank", "y", "x"])
    assert [ax.get_xlabel() for ax in shown[0].axes] == ["y"]
    assert (shown[1].axes[0].get_xlabel(), shown[1].axes[0].get_ylabel()) == ("y", "x")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["histroy"], "no figure 'histroy'. Did you mean 'history'"),
        (["history", "quuux"], "no search called 'quuux'. Did you mean quux"),
        (["contour", "z"], "called 'z'. There are: x, y"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(notebook, words, said):
    notebook.ok(CELL.format(name="quux"))
    with pytest.raises(OptionError, match=said):
        plot_word(notebook.shell, words)
