"""Facts about `%tune show`."""

import pytest

from kt_notebook.core.errors import OptionError
from kt_notebook.magics.show import show_word
from kt_notebook.results.trial_view import TrialView

CELL = "%%tune {name} --wait --tuner random --max-trials {n} --seed 1\nx = hp.Float('x', 0, 1)\nprint('hello')\nx\n"


def test_before_the_first_search_it_says_what_to_do(notebook):
    with pytest.raises(OptionError, match="no search yet"):
        show_word(notebook.shell, [])


def test_a_bare_number_is_a_trial_of_the_latest_search(notebook):
    notebook.ok(CELL.format(name="first", n=2))
    notebook.ok(CELL.format(name="second", n=12))
    shown = show_word(notebook.shell, ["7"])

    assert isinstance(shown, TrialView)
    assert (shown.search, shown.trial_id, shown.state) == ("second", "07", "complete")
    assert "hello" in repr(shown)
    assert show_word(notebook.shell, ["07"]).trial_id == "07"
    assert show_word(notebook.shell, ["first", "1"]).search == "first"


def test_without_a_number_it_is_the_panel(notebook, monkeypatch):
    notebook.ok(CELL.format(name="first", n=1))
    notebook.ok(CELL.format(name="second", n=1))
    shown = []
    monkeypatch.setattr("kt_notebook.magics.show.show_search", lambda host, search, front: shown.append(search.name))

    assert show_word(notebook.shell, []) is None
    assert show_word(notebook.shell, ["first"]) is None
    assert shown == ["second", "first"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["7"], "q has no trial '7'. It has 0 to 1"),
        (["q", "best"], "q has no trial 'best'"),
        (["Q"], "no search called 'Q'. There are: q"),
        (["p", "1"], "no search called 'p'. There are: q"),
        (["q", "1", "2"], r"takes NAME and N, and 'q 1 2' is more"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(notebook, words, said):
    notebook.ok(CELL.format(name="q", n=2))
    with pytest.raises(OptionError, match=said):
        show_word(notebook.shell, words)


def test_the_line_shows_a_trial(notebook):
    notebook.ok(CELL.format(name="q", n=2))

    assert repr(notebook.ok("%tune show 1").value).startswith("Trial 1 of q: complete · score ↓ ")
    assert list(notebook.ok("q.epochs").value.columns) == ["trial", "execution", "epoch", "stage"]


def test_a_search_on_disk_can_be_compared(notebook):
    notebook.ok(CELL.format(name="q", n=2))
    folder = f".kt_notebook/{notebook.projects()[0]}"
    found = notebook.ok(f"import kt_notebook\nkt_notebook.compare(q, disk={folder!r})").value

    assert found.table.trials.to_dict() == {"q": 2, "disk": 2}
    assert found.table.best["q"] == found.table.best["disk"]
