"""Facts about the notebook view of the table of trials."""

import math
import pickle
import re

import pandas as pd
import pytest

from kt_notebook.core.palette import BAD, GOOD, PRUNED, RUN
from kt_notebook.results.table import results_table
from tests.results.searches import Tale, mixed_search, mixed_space


def scales(hp):
    hp.Float("lr", 1e-4, 1e-2, sampling="log")
    hp.Int("units", 0, 100)
    hp.Choice("batch", [32, 64, 256])
    hp.Choice("act", ["relu", "tanh"])


def told(*scores, objective=(("val_accuracy", "max"),)):
    tale = Tale(scales, objective)
    for number, score in enumerate(scores):
        tale.end(str(number), score, {"lr": 1e-3, "units": 25, "batch": 64, "act": "relu"})
    return tale


def rows_of(html):
    """Return the cells of each row as (tag, text)."""
    body = html.partition("<tbody>")[2]
    return [re.findall(r"<t[dh]([^>]*)>(.*?)</t[dh]>", row) for row in body.split("</tr>")[:-1]]


def bar(cell):
    found = re.search(r"background-size:([\d.e-]+)% 2px", cell[0])
    return None if found is None else float(found.group(1))


def test_each_number_has_a_bar_on_its_declared_scale():
    row = rows_of(results_table(told(0.5, 0.7).record)._repr_html_())[0]

    assert [bar(cell) for cell in row[3:7]] == [50, 25, 50, None]


def test_the_best_score_has_a_full_bar_and_the_worst_an_empty_one():
    for objective, scores in ((("acc", "max"), (0.9, 0.8, 0.7)), (("val_loss", "min"), (0.1, 0.2, 0.3))):
        rows = rows_of(results_table(told(*scores, objective=(objective,)).record)._repr_html_())
        assert [bar(row[2]) for row in rows] == [100, 50, 0]


def test_scores_that_exploded_leave_the_others_their_bars():
    table = results_table(told(0.1, 0.2, 0.3, 0.4, 0.5, 1e6, 1e7, objective=(("val_loss", "min"),)).record)

    assert [bar(row[2]) for row in rows_of(table._repr_html_())][-3:] == [
        pytest.approx(100 * (1 - 0.4 / 1.2), 1e-2),
        0,
        0,
    ]


def test_scores_that_are_no_numbers_have_no_bar():
    tale = told(0.5, 0.7, math.inf)
    tale.end("n", math.nan, {"units": 1})

    assert [bar(row[2]) for row in rows_of(results_table(tale.record)._repr_html_())] == [None, 100, 0, None]


def test_a_slice_keeps_the_scales_of_the_whole():
    table = results_table(told(0.5, 0.6, 0.7).record)
    middle = table[table.val_accuracy == 0.6]

    assert bar(rows_of(middle._repr_html_())[0][2]) == 50
    assert table.attrs["bars"]["units"] == {"low": 0, "high": 100, "sampling": "linear"}


def test_states_are_told_by_the_panels_words_and_colours():
    tale = told(0.5)
    tale.end("p", 0.4, {}, pruned=2)
    tale.end("f", None, {}, status="FAILED", error="out of memory")
    tale.begin("r")
    rows = rows_of(results_table(tale.record)._repr_html_())
    states = [re.search(r"background:(#\w+)\"></i>(\w+)", row[1][1]).groups() for row in rows]

    assert states == [(GOOD, "complete"), (PRUNED, "pruned"), (RUN, "running"), (BAD, "failed")]


def test_reasons_stand_in_one_column():
    tale = told(0.5)
    tale.end("p", 0.4, {}, pruned=2)
    tale.end("f", None, {}, status="FAILED", error="out of memory")
    html = results_table(tale.record)._repr_html_()

    assert "pruned / error" in html
    assert [row[-1][1] for row in rows_of(html)] == ["", "worse than others at this epoch", "ValueError: out of memory"]
    assert "pruned" not in results_table(told(0.5).record)._repr_html_()


def test_the_best_row_is_tinted_wherever_it_stands():
    table = results_table(told(0.5, 0.9, 0.7).record).sort_index()
    tinted = re.findall(r"<tr( class=best)?><th[^>]*>(\d)", table._repr_html_())

    assert tinted == [("", "0"), (" class=best", "1"), ("", "2")]


def test_a_pruned_trial_is_not_tinted_where_one_is_complete():
    tale = told(0.5)
    tale.end("1", 0.9, {}, pruned=2)

    assert re.search(r"<tr class=best><th[^>]*>0", results_table(tale.record)._repr_html_())


def test_what_is_left_out_is_counted_by_state():
    tale = told(*[n / 100 for n in range(52)])
    tale.end("x", None, {}, status="FAILED", error="oh")

    assert "<p>3 more trials: 2 complete, 1 failed</p>" in results_table(tale.record)._repr_html_()


def test_long_texts_are_cut_and_shown_by_the_pointer():
    tale = Tale(scales)
    tale.end("0", 0.5, {"act": "a<b" * 40})
    html = results_table(tale.record)._repr_html_()

    assert f'title="{"a&lt;b" * 40}"' in html
    assert "a<b" not in html


def test_seeds_are_written_in_full_and_floats_short():
    tale = Tale(scales)
    tale.begin("0", {"lr": 0.0012345678901234567}, seed=1234567890)
    html = results_table(tale.end("0", 0.5).record)._repr_html_()

    assert ">1234567890<" in html
    assert ">1.23e-3<" in html


def test_what_is_no_table_of_trials_any_more_is_shown_by_pandas():
    table = results_table(mixed_search(20))

    for other in (table.groupby("activation").mean(numeric_only=True), table.T, table.reset_index(), table.isna()):
        assert "kt-r" not in (other._repr_html_() or "")
    assert "kt-r" in table.assign(double=table.units * 2)._repr_html_()
    with pd.option_context("display.notebook_repr_html", False):
        assert table._repr_html_() is None


def test_tables_put_together_are_shown():
    table = results_table(mixed_search(5))

    assert pd.concat([table, table])._repr_html_().count("<tr") == 11


def test_a_table_is_the_same_after_pickling_and_copying():
    table = results_table(mixed_search(20))

    for other in (pickle.loads(pickle.dumps(table)), table.copy(), table[:]):
        assert type(other) is type(table)
        assert other._repr_html_() == table._repr_html_()
        pd.testing.assert_frame_equal(other, table)


def test_ten_thousand_trials_are_shown_as_fifty():
    html = results_table(mixed_search(10_000, n_epochs=1))._repr_html_()

    assert len(html) < 64 * 1024
    assert html.count("<tr") == 51
    assert "<p>9,950 more trials" in html


def test_a_hyperparameter_called_status_or_time_is_shown_as_it_is():
    tale = Tale(None)
    tale.end("0", 0.5, {"time": 3, "epochs": 4, "status": "x", "pruned": "no"})
    html = results_table(tale.record)._repr_html_()

    for head in ("hp status", "trial time", "trial epochs"):
        assert f"<span>{head}</span>" in html
    assert "<td>3</td>" in html
    assert "1.0 s" in html


def test_a_name_declared_twice_has_the_range_of_both():
    def twice(hp):
        hp.Choice("model", ["a", "b"])
        with hp.conditional_scope("model", "a"):
            hp.Int("units", 1, 10)
        with hp.conditional_scope("model", "b"):
            hp.Int("units", 5, 100)

    tale = Tale(twice)
    tale.end("0", 0.5, {"model": "a", "units": 3})

    assert results_table(tale.record).attrs["bars"] == {"units": {"low": 1, "high": 100, "sampling": "linear"}}


def test_none_is_a_value_and_an_inactive_one_is_missing():
    tale = Tale(mixed_space)
    tale.end("0", 0.9, {"rate": None})
    tale.end("1", 0.8, {"rate": 1})
    tale.end("2", 0.7, {})
    table = results_table(tale.record)

    assert table.rate.tolist()[:2] == [None, 1]
    assert math.isnan(table.rate[2])
    assert [row[3][1] for row in rows_of(table._repr_html_())] == ["None", "1", ""]
