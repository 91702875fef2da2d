"""Facts about the table of epochs."""

import math
import pickle

import pytest

from kt_notebook.core.record import SearchRecord
from kt_notebook.results.epochs import EpochsTable, epochs_table
from tests.results.searches import Tale, empty_search, mixed_search


@pytest.fixture
def tale():
    told = Tale(objective=(("val_loss", "min"),))
    told.begin("00")
    told.epoch("00", 0, {"loss": 0.5, "val_loss": 0.6}, execution=0)
    told.epoch("00", 0, {"loss": 0.4}, execution=1)
    told.begin("01")
    told.epoch("01", 0, {"loss": math.nan, "epoch": 7})
    told.epoch("01", 1, {"loss": math.inf})
    return told


def test_each_epoch_of_each_execution_is_a_row_that_counts_from_one(tale):
    table = epochs_table(tale.record)

    assert table[["trial", "execution", "epoch", "stage"]].values.tolist() == [
        [0, 1, 1, 1], [0, 2, 1, 1], [1, 1, 1, 1], [1, 1, 2, 1],
    ]  # fmt: skip
    assert table.loss.tolist()[:2] == [0.5, 0.4]
    assert math.isnan(table.val_loss[1])
    assert table.loss[3] == math.inf


def test_a_metric_with_a_columns_name_is_called_metric(tale):
    table = epochs_table(tale.record)

    assert table["metric epoch"][2] == 7
    assert table.epoch.tolist() == [1, 1, 1, 2]


def test_an_empty_search_has_the_columns():
    for record in (empty_search(), SearchRecord()):
        table = epochs_table(record)
        assert list(table.columns) == ["trial", "execution", "epoch", "stage"]
        assert len(table) == 0
        assert table._repr_html_() is not None


def test_ids_that_are_no_numbers_stay_as_they_are():
    told = Tale().begin("a1").epoch("a1", 0, 0.5)

    assert epochs_table(told.record).trial.tolist() == ["a1"]


def test_the_objectives_column_is_known(tale):
    assert epochs_table(tale.record).attrs == {"objective": "val_loss"}
    assert epochs_table(Tale(objective=None).record).attrs == {"objective": None}
    told = Tale(objective=(("default_objective", "min"),)).begin("0").epoch("0", 0, 0.5)
    table = epochs_table(told.record)
    assert table[table.attrs["objective"]].tolist() == [0.5]


def test_it_is_an_ordinary_data_frame():
    record = mixed_search(20)
    table = epochs_table(record)

    assert len(table) == sum(len(trial.epochs) for trial in record.trials.values())
    assert table.groupby("trial").val_accuracy.max().notna().all()
    assert isinstance(table[table.epoch > 2], EpochsTable)
    assert pickle.loads(pickle.dumps(table)).equals(table)


def test_the_view_shows_both_ends_and_how_many_there_are():
    table = epochs_table(mixed_search(20))
    html = table._repr_html_()

    assert html.count("<tr") == 22
    assert f"<p>{len(table)} epochs</p>" in html
    assert "kt-r" not in table.describe()._repr_html_()


def test_names_of_metrics_are_escaped():
    told = Tale().begin("0").epoch("0", 0, {"<b>": 1.0})

    assert "<b>" not in epochs_table(told.record)._repr_html_()
