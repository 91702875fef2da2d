"""Facts about the summaries: KerasTuner's text to the letter, and the tables that a notebook shows."""

import contextlib
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import kt_notebook as kt
from kt_notebook.core.objective import MultiObjective, Objective
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.tuners.summaries import results_summary_text, space_summary_text
from kt_notebook.tuners.summary_display import show_summary
from kt_notebook.tuners.summary_tables import results_summary_html, space_summary_html
from tests.compat.summary_cases import declare, summaries, trials

RECORDED = Path(__file__).parents[1] / "compat" / "keras_tuner_1.4.8_summaries.json"
THEIRS = json.loads(RECORDED.read_text(encoding="utf-8"))
ACCURACY = Objective("val_accuracy", "max")


def space():
    hp = kt.HyperParameters()
    declare(hp)
    return hp


def complete_trials():
    made = list(trials(kt, space()).values())
    return sorted(made[:3], key=lambda trial: -trial.score)


class Cells(HTMLParser):
    """The cells of a table's rows, and the tags that were met."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.tags = [], []
        self._cell = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self._cell = ""

    def handle_endtag(self, tag):
        if tag in {"td", "th"}:
            self.rows[-1].append(self._cell)
            self._cell = None

    def handle_data(self, data):
        if self._cell is not None:
            self._cell += data


# ---- the text ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    with contextlib.chdir(tmp_path_factory.mktemp("summaries")):
        return summaries(kt)


@pytest.mark.parametrize("asked", sorted(THEIRS))
def test_what_is_printed_is_what_keras_tuner_prints(ours, asked):
    assert ours[asked] == THEIRS[asked]


def test_the_texts_are_those_that_are_printed():
    assert space_summary_text(space()) + "\n" == THEIRS["space"]
    assert results_summary_text("d/p", ACCURACY, complete_trials(), 10) + "\n" == THEIRS["results"]


# ---- the space as a table ----------------------------------------------------------------------------------


def test_the_space_is_a_table_of_names_kinds_values_defaults_and_conditions():
    head, *rows = Cells(space_summary_html(space())).rows

    assert head == ["name", "kind", "values", "default", "when"]
    assert rows == [
        ["num_layers", "Int", "1 to 3", "1", "always"],
        ["units_0", "Int", "32 to 512, step 32", "64", "always"],
        ["batch_size", "Int", "2 to 64, times 2, log", "2", "always"],
        ["activation", "Choice", "relu, tanh", "relu", "always"],
        ["size_inner", "Choice", "10, 100, 1000", "10", "always"],
        ["droprate", "Choice", "0, 0.2, 0.5", "0.2", "always"],
        ["dropout", "Boolean", "True, False", "False", "always"],
        ["lr", "Float", "1e-4 to 0.01, log", "1e-4", "always"],
        ["momentum", "Float", "0 to 0.9, step 0.3", "0", "always"],
        ["seed", "Fixed", "7", "7", "always"],
        ["gain", "Float", "0.5 to 2", "0.5", "activation = tanh"],
        ["head/units", "Int", "4 to 8", "4", "always"],
        ["depth", "Int", "4 to 8", "4", "dropout = True"],
    ]


def test_a_predicate_and_several_values_are_told():
    hp = kt.HyperParameters()
    hp.Choice("model", ["cnn", "mlp", "svm"])
    hp.Float("rate", 0, 1)
    with hp.conditional_scope("model", ["cnn", "mlp"]), hp.conditional_scope("rate", lambda r: r > 0.5, label="r > ½"):
        hp.Int("units", 1, 9)

    assert Cells(space_summary_html(hp)).rows[-1][-1] == "model in cnn, mlp and rate: r > ½"


def test_the_number_of_combinations_is_told_where_there_is_one():
    hp = kt.HyperParameters()
    hp.Int("units", 1, 9)
    hp.Boolean("deep")

    assert "2 hyperparameters, 18 combinations" in space_summary_html(hp)
    hp.Float("rate", 0, 1)
    assert "combination" not in space_summary_html(hp)


def test_an_empty_space_has_no_table():
    html = space_summary_html(kt.HyperParameters())

    assert "0 hyperparameters" in html
    assert "table" not in Cells(html).tags


# ---- the results as a table --------------------------------------------------------------------------------


def test_the_results_are_a_table_of_ranks_trials_scores_states_and_values():
    head, *rows = Cells(results_summary_html("d/p", ACCURACY, complete_trials(), 10)).rows

    values = ["num_layers", "units_0", "text", "lr", "activation", "dropout"]
    assert head == ["", "trial", "val_accuracy ↑", "state", *values]
    assert rows == [
        ["1", "1", "0.9700", "complete", "2", "352", "a b", "", "", ""],
        ["2", "0", "0.9613", "complete", "", "", "", "4.62e-4", "tanh", "True"],
        ["3", "2", "0.5000", "complete", "", "", "", "", "", ""],
    ]


def test_the_best_trial_is_marked():
    html = results_summary_html("d/p", ACCURACY, complete_trials(), 10)

    assert re.findall(r'<tr class="best"><td>1</td><td>(\w+)</td>', html) == ["1"]
    assert html.count('class="best"') == 1


def test_several_objectives_have_a_column_each():
    trial = Trial(kt.HyperParameters(), "0", TrialStatus.COMPLETED)
    trial.score = -0.5
    trial.metrics.update("size", 0.25)
    trial.metrics.register("acc", "max")
    trial.metrics.update("acc", 0.75)
    objective = MultiObjective((Objective("size", "min"), Objective("acc", "max")))

    assert Cells(results_summary_html("d", objective, [trial], 1)).rows == [
        ["", "trial", "score", "size ↓", "acc ↑", "state"],
        ["1", "0", "-0.5000", "0.2500", "0.7500", "complete"],
    ]


def test_a_pruned_trial_says_why():
    trial = Trial(kt.HyperParameters(), "0", TrialStatus.COMPLETED)
    trial.score, trial.pruned = 0.5, {"epoch": 2, "reason": "worse than <the others>"}
    html = results_summary_html("d", ACCURACY, [trial], 1)

    assert 'title="pruned after epoch 3: worse than &lt;the others&gt;"' in html
    assert Cells(html).rows[1][3] == "pruned"


def test_what_hyperband_notes_is_no_column():
    hp = kt.HyperParameters()
    hp.values = {"units": 8, "tuner/epochs": 3, "tuner/bracket": 1}
    trial = Trial(hp, "0000", TrialStatus.COMPLETED)

    assert Cells(results_summary_html("d", ACCURACY, [trial], 1)).rows[0][4:] == ["units"]


def test_a_number_that_a_trial_returns_is_its_score():
    trial = Trial(kt.HyperParameters(), "0", TrialStatus.COMPLETED)
    trial.score = 2.0

    assert Cells(results_summary_html("d", None, [trial], 1)).rows[0][2] == "score ↓"


def test_without_a_complete_trial_there_is_no_table():
    html = results_summary_html("d/p", None, [], 10)

    assert "no trial is complete yet, in d/p" in html
    assert "table" not in Cells(html).tags


def test_of_very_many_trials_the_best_are_shown_and_the_rest_is_told():
    many = [Trial(kt.HyperParameters(), str(n), TrialStatus.COMPLETED) for n in range(1_200)]
    html = results_summary_html("d", ACCURACY, many, 1_200)

    assert len(Cells(html).rows) == 101
    assert "the best 1,200 trials, 100 shown; tuner.results has all" in html


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a & b"])
def test_names_and_values_cannot_become_markup(evil):
    hp = kt.HyperParameters()
    hp.Choice(evil, [evil, "b"])
    with hp.conditional_scope(evil, [evil]):
        hp.Boolean("child")
    trial = Trial(hp, evil, TrialStatus.COMPLETED)
    tables = [space_summary_html(hp), results_summary_html(evil, Objective(evil, "min"), [trial], 1)]

    for html in tables:
        assert set(Cells(html).tags) <= {"style", "div", "b", "span", "table", "thead", "tbody", "tr", "th", "td"}
        assert evil in " ".join(cell for row in Cells(html).rows for cell in row)


# ---- where it goes -----------------------------------------------------------------------------------------


def test_outside_of_a_notebook_the_text_is_printed_and_no_table_is_made():
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        show_summary("text", lambda: pytest.fail("a table was made"))

    assert out.getvalue() == "text\n"
