"""Facts about the table of results and the best values."""

import math
import sys
import threading

import pandas as pd
import pytest

from kt_notebook.core.errors import OptionError
from kt_notebook.core.record import SearchRecord
from kt_notebook.results import table as table_module
from kt_notebook.results.table import best_values, results_table


class Story:
    """Records of a search, told trial by trial."""

    def __init__(self, objective=(("val_accuracy", "max"),)):
        self.record = SearchRecord()
        self._seq = 0
        parts = [{"name": name, "direction": direction} for name, direction in objective] or None
        self.tell(
            "search_started", search_id="s", name="q", tuner="RandomSearch", objective=parts, max_trials=9,
            executions_per_trial=1, max_epochs=None, seed=1, workers=1, where="thread", timeout_s=None, space=[],
            directory=None, resumed=False, n_combinations=None,
        )  # fmt: skip

    def tell(self, kind, **fields):
        self._seq += 1
        self.record.fold({"seq": self._seq, "time": 100.0 + self._seq, "kind": kind, **fields})

    def begin(self, trial, /, **values):
        self.tell("trial_started", trial_id=trial, values=values, seed=7)

    def epoch(self, trial, epoch):
        self.tell("epoch_ended", trial_id=trial, execution=0, epoch=epoch, n_epochs=9, stage=0, metrics={"loss": 1.0})

    def end(self, trial, score, status="COMPLETED", error=None, pruned=None, also=None, metrics=None, **values):
        values = {**values, **(also or {})}
        if trial not in self.record.trials:
            self.begin(trial, **values)
        self.tell(
            "trial_ended", trial_id=trial, status=status, score=score, best_step=0, metrics=metrics or {},
            values=values, error=error, pruned=pruned,
        )  # fmt: skip


@pytest.fixture
def story():
    return Story()


def test_the_best_trial_is_first(story):
    story.end("0", 0.7, units=8)
    story.end("1", 0.9, units=16)
    story.end("2", 0.8, units=32)
    table = results_table(story.record)

    assert list(table.index) == [1, 2, 0]
    assert list(table.val_accuracy) == [0.9, 0.8, 0.7]
    assert (table.attrs["objective"], table.attrs["direction"]) == ("val_accuracy", "max")


def test_the_smallest_is_first_where_it_is_minimised():
    story = Story([("val_loss", "min")])
    story.end("0", 0.7)
    story.end("1", 0.2)

    assert list(results_table(story.record).index) == [1, 0]


def test_completed_trials_come_before_those_that_run_and_those_that_failed(story):
    story.end("0", None, "FAILED", {"type": "ValueError", "message": "oh", "traceback": "", "line": 3})
    story.end("1", "NaN", "INVALID")
    story.begin("2")
    story.tell("trial_cut", trial_id="2")
    story.begin("3")
    story.end("4", 0.1)
    table = results_table(story.record)

    assert list(table.status) == ["COMPLETED", "RUNNING", "IDLE", "INVALID", "FAILED"]
    assert table.error[0] == "ValueError: oh (line 3)"
    assert math.isnan(table.val_accuracy[1])


def test_the_index_is_the_trials_number_however_its_id_was_padded(story):
    story.end("08", 0.5, units=8)
    story.end("10", 0.9, units=16)
    story.end("2", 0.7, units=32)
    table = results_table(story.record)

    assert table.index.name == "trial"
    assert list(table.sort_index().index) == [2, 8, 10]
    assert table.loc[8].units == 8


def test_ids_that_are_no_numbers_stay_as_they_are(story):
    story.end("1", 0.5)
    story.end("a1", 0.9)

    assert list(results_table(story.record).index) == ["a1", "1"]


def test_an_epoch_count_a_time_and_a_seed_belong_to_each_trial(story):
    story.begin("0", units=8)
    story.epoch("0", 0)
    story.epoch("0", 1)
    story.end("0", 0.5, units=8)

    row = results_table(story.record).loc[0]
    assert (row.epochs, row.time, row.seed) == (2, 3.0, 7)


def test_values_that_were_not_active_are_missing(story):
    story.end("0", 0.5, deep=True, units=8)
    story.end("1", 0.4, deep=False)
    table = results_table(story.record)

    assert table.units[0] == 8
    assert pd.isna(table.units[1])
    assert table.deep[0] is True or table.deep[0] == True  # noqa: E712 - pandas' own bool


def test_tuples_are_tuples_again(story):
    story.end("0", 0.5, kernel={"__tuple__": [3, 3]})

    assert results_table(story.record).kernel[0] == (3, 3)


@pytest.mark.parametrize("name", ["status", "epochs", "time", "seed", "error", "val_accuracy", "trial"])
def test_a_hyperparameter_with_a_columns_name_loses_nothing(story, name):
    story.end("0", 0.5, also={name: 11})
    table = results_table(story.record)

    assert 11 in list(table.iloc[0])
    assert table.val_accuracy.iloc[0] == 0.5
    assert table.status.iloc[0] == "COMPLETED"
    assert len(set(table.columns)) == len(table.columns)


def test_an_empty_search_has_the_columns(story):
    table = results_table(story.record)

    assert len(table) == 0
    assert table.index.name == "trial"
    assert list(table.columns) == ["status", "val_accuracy", "epochs", "time", "seed", "pruned", "error"]
    assert table._repr_html_() is not None


def test_the_score_of_numbers_is_called_score():
    story = Story([("default_objective", "min")])
    story.end("0", 0.5)

    assert list(results_table(story.record).score) == [0.5]


def test_before_the_objective_is_known_the_column_is_score():
    story = Story(())
    story.begin("0")

    assert "score" in results_table(story.record).columns


def test_the_table_is_an_ordinary_data_frame(story):
    for trial in range(5):
        story.end(str(trial), trial / 10, units=trial)
    table = results_table(story.record)

    assert isinstance(table, pd.DataFrame)
    assert table[table.units > 2].val_accuracy.tolist() == [0.4, 0.3]
    assert table.describe().loc["mean", "units"] == 2
    assert table.head(2)._repr_html_() is not None
    assert table[["units"]]._repr_html_() is not None
    assert table.val_accuracy.max() == 0.4


def test_the_notebook_view_marks_the_best_and_escapes(story):
    story.end("0", 0.5, act="<script>alert(1)</script>", also={"<script>name": 1})
    error = {"type": "ValueError", "message": "<script>", "traceback": "", "line": None}
    story.end("2", None, "FAILED", error, act="relu")
    story.end("1", 0.9, act="relu")
    html = results_table(story.record)._repr_html_()

    assert "<script" not in html
    assert "&lt;script" in html
    assert "<b>0.9000</b>" in html
    assert "0.9" in html


def test_the_notebook_view_of_a_long_search_is_cut(story):
    for trial in range(60):
        story.end(str(trial), trial / 100, units=trial)
    html = results_table(story.record)._repr_html_()

    assert html.count("<tr") <= 53
    assert "10 more trials" in html


def test_small_numbers_stay_readable(story):
    story.end("0", 0.5, lr=1.234567e-5)

    assert "1.23e-5" in results_table(story.record)._repr_html_()


# Several objectives.


@pytest.fixture
def two():
    story = Story([("val_loss", "min"), ("val_accuracy", "max")])
    for trial, (loss, accuracy) in enumerate([(0.5, 0.9), (0.3, 0.75), (0.4, 0.6), (0.4, 0.78)]):
        story.end(str(trial), loss - accuracy, metrics={"val_loss": loss, "val_accuracy": accuracy}, units=trial)
    return story


def test_several_objectives_have_a_column_each_and_the_sum_ranks(two):
    table = results_table(two.record)

    assert list(table.columns)[:4] == ["status", "score", "val_loss", "val_accuracy"]
    assert list(table.index) == [1, 0, 3, 2]
    assert table.val_accuracy[3] == 0.78
    assert table.attrs["objectives"] == {"val_loss": "min", "val_accuracy": "max"}
    assert table._repr_html_() is not None


def test_the_best_of_several_objectives_says_what_its_score_is_made_of(two, story):
    assert repr(best_values(two.record)).startswith("# trial 1, score -0.45 (val_loss ↓ + val_accuracy ↑)\n")
    story.end("0", 0.5, lr=0.1)
    assert repr(best_values(story.record)).startswith("# trial 0, score 0.5\n")


def test_the_pareto_set_is_what_no_trial_surpasses_best_by_the_first_objective_first(two):
    front = results_table(two.record).pareto()

    assert list(front.index) == [1, 3, 0]
    assert list(front.units) == [1, 3, 0]
    assert front.pareto().equals(front)


def test_the_pareto_set_of_some_trials_is_among_them(two):
    table = results_table(two.record)

    assert list(table[table.val_accuracy < 0.77].pareto().index) == [1]


def test_pruned_failed_and_running_trials_are_not_in_the_pareto_set(two):
    perfect = {"val_loss": 0.0, "val_accuracy": 1.0}
    two.end("4", -1.0, pruned={"epoch": 1, "reason": "behind"}, metrics=perfect)
    two.end("5", None, "FAILED", {"type": "ValueError", "message": "oh", "traceback": "", "line": 3})
    two.begin("6")

    assert list(results_table(two.record).pareto().index) == [1, 3, 0]


def test_hyperparameters_called_as_an_objective_or_pruned_stay_apart(two):
    two.end("4", -1.1, metrics={"val_loss": 0.2, "val_accuracy": 0.95}, also={"val_loss": 7, "pruned": "no"})
    table = results_table(two.record)

    assert (table.val_loss[4], table["hp val_loss"][4], table.pruned[4]) == (0.2, 7, "no")
    assert list(table.pareto().index) == [4]


def test_with_one_objective_the_pareto_set_is_the_best_trial_and_those_as_good(story):
    story.end("0", 0.9)
    story.end("1", 0.7)
    story.end("2", 0.9)

    assert list(results_table(story.record).pareto().index) == [0, 2]


def test_an_empty_table_has_an_empty_pareto_set(story):
    assert len(results_table(story.record).pareto()) == 0
    assert len(results_table(Story(()).record).pareto()) == 0


def test_a_table_without_the_objectives_column_says_so(two):
    with pytest.raises(OptionError, match="no column 'val_accuracy'"):
        results_table(two.record).drop(columns="val_accuracy").pareto()


# Best values.


def test_best_values_say_which_trial(story):
    story.end("0", 0.5, units=8, act="relu")
    story.end("1", 0.9, units=16, act="tanh")
    best = best_values(story.record)

    assert best == {"units": 16, "act": "tanh"}
    assert (best.trial_id, best.score) == ("1", 0.9)
    assert repr(best) == "# trial 1, score 0.9\nunits = 16\nact = 'tanh'"


def test_best_values_name_the_trial_as_the_panel_does_and_keep_its_id(story):
    story.end("004", 0.5, units=8)
    best = best_values(story.record)

    assert best.trial_id == "004"
    assert repr(best).startswith("# trial 4, score 0.5\n")


def test_before_a_trial_has_completed_there_are_no_best_values(story):
    story.begin("0", units=8)
    best = best_values(story.record)

    assert best == {}
    assert best.trial_id is None
    assert repr(best) == "no trial has completed yet"


def test_the_table_says_why_a_trial_was_pruned(story):
    story.end("0", 0.9, units=1)
    story.end("1", 0.5, pruned={"epoch": 1, "reason": "behind"}, units=2)
    table = results_table(story.record)

    assert list(table.pruned.dropna().items()) == [(1, "behind")]


def test_a_pruned_trial_is_best_only_where_none_is_complete(story):
    story.end("0", 0.9, pruned={"epoch": 1, "reason": "behind"}, units=1)
    assert best_values(story.record).trial_id == "0"
    story.end("1", 0.1, units=2)

    assert best_values(story.record).trial_id == "1"
    assert results_table(story.record).index[0] == 1


def test_best_values_can_be_asked_for_while_trials_begin(story):
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    writer = threading.Thread(target=lambda: [story.begin(str(n), x=n) for n in range(5_000)])
    writer.start()
    try:
        while writer.is_alive():
            best_values(story.record)
    finally:
        writer.join()
        sys.setswitchinterval(before)


def test_a_trial_that_ends_with_new_values_while_the_table_is_made_is_as_it_was(story, monkeypatch):
    story.begin("0", x=1)
    names_of = table_module.without_budget

    def names_then_the_end(values):
        found = names_of(values)
        if story.record.trials["0"].status == "RUNNING":
            story.end("0", 0.5, x=1, late=2)
        return found

    monkeypatch.setattr(table_module, "without_budget", names_then_the_end)
    table = results_table(story.record)

    assert table["status"].tolist() == ["RUNNING"]
    assert "late" not in table
