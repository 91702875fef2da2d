"""Facts about searches held against each other."""

import math
import pickle
from types import SimpleNamespace

import pandas as pd
import pytest

from kt_notebook.core.errors import ObjectiveError, OptionError
from kt_notebook.results.compare import compare
from kt_notebook.results.compare_plot import plot_comparison
from tests.results.searches import Tale, empty_search, mixed_search


def search(*scores, objective=(("val_accuracy", "max"),), **settings):
    tale = Tale(None, objective, **settings)
    for number, score in enumerate(scores):
        tale.end(str(number), score, {})
    return tale


def tuner_of(record):
    return SimpleNamespace(hub=SimpleNamespace(record=record))


# What is given.


def test_tuners_records_and_folders_are_searches(tmp_path):
    from kt_notebook.storage.journal import Journal

    tale = search(0.5, 0.7)
    folder = tmp_path / "digits-1a2b"
    folder.mkdir()
    journal = Journal.open(folder / "journal.jsonl")
    journal.append(tale.records, durable=True)
    journal.close()
    found = compare(tuner_of(tale.record), record=tale.record, text=str(folder), path=folder)

    assert found.table.index.tolist() == ["digits", "record", "text", "path"]
    assert found.table.best.tolist() == [0.7] * 4


def test_what_is_no_search_is_said(tmp_path):
    with pytest.raises(OptionError, match="got no search"):
        compare()
    with pytest.raises(OptionError, match="got argument 2=3 of type int, which is no search"):
        compare(search(0.5).record, 3)
    with pytest.raises(OptionError, match="empty list as a"):
        compare(a=[])
    with pytest.raises(OptionError, match="no project is there"):
        compare(tmp_path / "gone")


def test_searches_of_one_name_are_told_apart_by_their_tuners_or_numbers():
    by_tuner = compare(search(0.5, tuner="RandomSearch").record, search(0.5, tuner="Hyperband").record)
    by_number = compare(search(0.5).record, search(0.5).record, digits=search(0.5).record)

    assert by_tuner.table.index.tolist() == ["digits (RandomSearch)", "digits (Hyperband)"]
    assert by_number.table.index.tolist() == ["digits (1)", "digits (2)", "digits"]


def test_the_same_search_twice_is_numbered_too():
    record = search(0.5, 0.6).record

    assert compare(record, record).curves.search.unique().tolist() == ["digits (1)", "digits (2)"]


def test_searches_with_different_objectives_are_refused():
    other = search(0.5, objective=(("val_loss", "min"),)).record
    with pytest.raises(ObjectiveError, match=r"different objectives \(a: val_accuracy ↑, b: val_loss ↓\)"):
        compare(a=search(0.5).record, b=other)
    turned = search(0.5, objective=(("val_accuracy", "min"),)).record
    with pytest.raises(ObjectiveError, match="val_accuracy ↓"):
        compare(a=search(0.5).record, b=[search(0.5).record, turned])


# The numbers.


def test_the_target_is_the_worst_of_the_bests_and_trials_are_counted_until_it():
    found = compare(quick=search(0.6, 0.9, 0.7).record, slow=search(0.1, 0.2, 0.8).record)

    assert found.target == 0.8
    assert found.table.to_target.tolist() == [2, 3]
    assert found.table.best.tolist() == [0.9, 0.8]


def test_smaller_is_better_where_the_objective_is_minimised():
    objective = (("val_loss", "min"),)
    found = compare(a=search(0.6, 0.2, objective=objective).record, b=search(0.4, objective=objective).record)

    assert (found.direction, found.target) == ("min", 0.4)
    assert found.table.best.tolist() == [0.2, 0.4]
    assert found.curves["mean"].tolist() == [0.6, 0.2, 0.4]
    assert found.reading.startswith("a came out best: 0.2000, then b with 0.4000")


def test_repeats_have_mean_spread_and_totals():
    group = [search(0.5, 0.8).record, search(0.7, 0.6, 0.9).record]
    found = compare(group=group, one=search(0.8).record)
    row = found.table.loc["group"]

    assert (row.repeats, row.trials, row.completed, row.best) == (2, 5, 5, 0.9)
    assert row.best_mean == pytest.approx(0.85)
    assert row.best_std == pytest.approx(0.0707, abs=1e-4)
    assert math.isnan(found.table.loc["one"].best_std)
    assert row.to_target == pytest.approx((2 + 3) / 2)


def test_curves_are_the_best_so_far_and_a_search_that_has_ended_keeps_its_best():
    found = compare(group=[search(0.5, 0.8).record, search(0.7, 0.6, 0.9).record])
    curves = found.curves

    assert curves.trial.tolist() == [1, 2, 3]
    assert curves["mean"].tolist() == pytest.approx([0.6, 0.75, 0.85])
    assert curves["min"].tolist() == [0.5, 0.7, 0.8]
    assert curves["max"].tolist() == [0.7, 0.8, 0.9]
    assert curves.repeats.tolist() == [2, 2, 1]


def test_trials_come_in_the_order_of_their_ends():
    tale = Tale(None)
    tale.begin("0", {}).begin("1", {})
    tale.end("1", 0.5).end("0", 0.9)

    assert compare(tale.record).curves["mean"].tolist() == [0.5, 0.9]


def test_failed_pruned_and_broken_scores_count_as_trials_and_not_as_bests():
    tale = Tale(None)
    tale.end("0", None, {}, status="FAILED", error="oh")
    tale.end("1", math.nan, {}, status="INVALID")
    tale.end("2", 0.5, {})
    tale.end("3", 0.99, {}, pruned=1)
    tale.end("4", math.inf, {})
    tale.begin("5", {})
    found = compare(tale.record)
    row = found.table.iloc[0]

    assert (row.trials, row.completed, row.pruned, row.failed) == (6, 2, 1, 2)
    assert (row.best, row.to_target) == (0.5, 3)
    assert found.curves.trial.tolist() == [3, 4, 5]


def test_time_is_the_searchs_own_and_a_trials_mean():
    tale = Tale(None)
    tale.end("0", 0.5, {}, after_s=2.0).end("1", 0.6, {}, after_s=4.0)
    running = compare(tale.record).table.iloc[0]

    assert (running.time, running.time_per_trial) == (6.0, 3.0)
    assert compare(tale.finish().record).table.iloc[0].time == 6.0


def test_an_empty_search_has_a_row_and_no_curve():
    found = compare(search(0.5, 0.7).record, empty=empty_search())

    assert found.table.loc["empty", "trials"] == 0
    assert math.isnan(found.table.loc["empty", "best"])
    assert found.target == 0.7
    assert set(found.curves.search) == {"digits"}
    assert "the other has no score" in found.reading


def test_searches_without_any_score_can_be_compared():
    found = compare(empty_search(), Tale(None, None).record)

    assert math.isnan(found.target)
    assert found.curves.empty
    assert found.reading == "None of these searches has a score yet."
    assert repr(found).endswith(found.reading)
    assert found._repr_html_()
    assert [text.get_text() for text in found.plot().texts] == [found.reading]


def test_one_search_alone_is_fine():
    found = compare(mixed_search(20))

    assert len(found.table) == 1
    assert found.reading.startswith("digits came out best: 0.9")
    assert "chance" not in found.reading


def test_several_objectives_are_compared_by_their_sum():
    objective = (("val_loss", "min"), ("val_accuracy", "max"))
    found = compare(search(-0.4, -0.6, objective=objective).record)

    assert (found.direction, found.table.best.iloc[0]) == ("min", -0.6)


# What is shown.


def test_the_reading_warns_where_there_are_no_repeats():
    alone = compare(a=search(0.5).record, b=search(0.6).record)
    repeated = compare(a=[search(0.5).record, search(0.55).record], b=[search(0.6).record, search(0.65).record])

    assert "chance alone" in alone.reading
    assert repeated.reading == (
        "b came out best: 0.6250 on average, then a with 0.5250; 0.5000, which all reached, took b 1, a 1 trials. "
        "With 2 and 2 repeats this is within chance."
    )


def test_repeats_that_tell_two_searches_apart_are_not_called_chance():
    low, high = ([search(score + 0.01 * n).record for n in range(4)] for score in (0.5, 0.8))

    assert "chance" not in compare(a=low, b=high).reading


def test_the_table_is_shown_escaped_with_the_best_row_tinted():
    found = compare(**{"<b>": search(0.5).record, "other": search(0.6, 0.7).record})
    html = found._repr_html_()

    assert "<b>" not in html
    assert html.count("<tr class=best>") == 1
    assert "<tr class=best><td class=t>other" in html
    assert "1 trial<" in html
    assert "pruned" not in html


def test_the_text_has_a_line_for_each_search():
    lines = repr(compare(a=search(0.5).record, b=[search(0.6).record, search(0.8).record])).splitlines()

    assert lines[1].startswith("a  ")
    assert "0.7000 ± 0.14" in lines[2]


def test_the_figure_has_a_line_for_each_search_and_a_band_for_repeats():
    import matplotlib.pyplot as plt

    found = compare(group=[mixed_search(20, seed=s) for s in range(3)], one=mixed_search(10))
    ax = found.plot()
    figure = ax.figure

    assert found.plot(ax) is ax
    assert [line.get_label() for line in ax.lines[:2]] == ["group (mean of 3, worst to best)", "one"]
    assert ax.lines[0].get_ydata().tolist() == found.curves[found.curves.search == "group"]["mean"].tolist()
    assert ax.lines[0].get_color() != ax.lines[1].get_color()
    assert len(ax.collections) == 2
    assert ax.get_ylabel() == "best val_accuracy ↑ so far"
    figure.canvas.draw()
    plt.close(figure)


def test_the_figure_without_curves_says_so():
    empty = pd.DataFrame(columns=["search", "trial", "mean", "min", "max", "repeats"])

    assert plot_comparison(empty, "", "max", "").texts


def test_a_comparison_is_what_was_known_then():
    tale = search(0.5)
    found = compare(tale.record)
    tale.end("1", 0.9, {})

    assert found.table.best.tolist() == [0.5]
    assert pickle.loads(pickle.dumps(found)).table.equals(found.table)
