"""Facts about history, curves, timeline and pareto: what they show is what the results table holds."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis import curves_of, history_of, pareto_of, timeline_of
from kt_notebook.results.analysis.trials import shortened, trials_of
from kt_notebook.results.table import results_table
from tests.results.searches import Tale, empty_search, mixed_search, random_search


def objectives_space(hp):
    hp.Float("x", 0.0, 1.0)


def two_objectives(n_trials=30, **options):
    return random_search(
        lambda values: {"val_loss": values["x"], "size": (1 - values["x"]) ** 2},
        objectives_space,
        n_trials,
        objective=(("val_loss", "min"), ("size", "min")),
        **options,
    )


class TestTrials:
    def test_rows_are_those_of_the_table_in_the_order_of_their_starts(self):
        record = mixed_search(30)
        trials = trials_of(record)
        table = results_table(record)

        assert list(trials.table.index) == list(range(30))
        pd.testing.assert_frame_equal(trials.table, pd.DataFrame(table.sort_index()), check_flags=False)
        assert [trial.trial_id for trial in trials.records] == [str(n).zfill(2) for n in range(30)]

    def test_ids_that_are_no_numbers_are_kept(self):
        tale = Tale(objectives_space).end("a", 0.5, {"x": 0.1}).end("b", 0.7, {"x": 0.2})
        assert list(trials_of(tale.record).table.index) == ["a", "b"]

    def test_a_trial_of_another_width_is_found(self):
        tale = Tale(objectives_space).end("08", 0.5, {"x": 0.1}).end("9", 0.7, {"x": 0.2})
        assert trials_of(tale.record).scores.tolist() == [0.5, 0.7]

    def test_states_tell_pruned_from_complete(self):
        tale = Tale(objectives_space).end("0", 0.5).end("1", 0.2, pruned=1).end("2", None, status="FAILED").begin("3")
        assert trials_of(tale.record).states.tolist() == ["complete", "pruned", "failed", "running"]

    @pytest.mark.parametrize(
        ("objective", "label"),
        [
            ((("val_accuracy", "max"),), "val_accuracy, higher is better"),
            ((("val_loss", "min"),), "val_loss, lower is better"),
            ((("default_objective", "min"),), "score, lower is better"),
            ((("val_loss", "min"), ("size", "max")), "score (val_loss ↓ + size ↑), lower is better"),
            ((), "score, lower is better"),
        ],
    )
    def test_the_label_says_what_is_better(self, objective, label):
        assert trials_of(empty_search(objective=objective)).label == label

    def test_a_hyperparameter_called_like_a_column_is_found_under_the_tables_name(self):
        tale = Tale(lambda hp: hp.Float("status", 0.0, 1.0)).end("0", 0.5, {"status": 0.25})
        trials = trials_of(tale.record)
        assert trials.table[trials.columns["status"]].tolist() == [0.25]

    def test_long_names_keep_both_ends(self):
        assert shortened("units") == "units"
        assert len(shortened("a" * 50 + "b" * 50)) == 24


class TestHistory:
    def test_the_best_so_far_is_of_complete_trials(self):
        tale = Tale(objectives_space).end("0", 0.5).end("1", 0.9, pruned=1).end("2", 0.6).end("3", 0.4)
        found = history_of(tale.record)
        assert found.data["best so far"].tolist() == [0.5, 0.5, 0.6, 0.6]
        assert found.data["val_accuracy"].tolist() == [0.5, 0.9, 0.6, 0.4]
        assert found.reading == "Best val_accuracy 0.6000 after 3 of 4 trials."

    def test_what_the_last_third_brought_is_said(self):
        tale = Tale(objectives_space, objective=(("val_loss", "min"),))
        for number, score in enumerate([0.9, 0.5, 0.5, 0.45, 0.6, 0.4]):
            tale.end(str(number), score)
        assert history_of(tale.record).reading == (
            "Best val_loss 0.4000 after 6 of 6 trials; the last 2 brought 0.05000."
        )

    @given(st.lists(st.floats() | st.none(), max_size=12), st.sampled_from(["min", "max"]))
    @settings(max_examples=60)
    def test_scores_of_any_kind_have_a_history(self, scores, direction):
        tale = Tale(objectives_space, objective=(("m", direction),))
        for number, score in enumerate(scores):
            tale.end(str(number), score, status="COMPLETED" if score is not None else "FAILED")
        found = history_of(tale.record)
        finite = [score for score in scores if score is not None and math.isfinite(score)]
        pick = min if direction == "min" else max
        last = found.data["best so far"].iloc[-1] if len(scores) else math.nan
        assert last == pick(finite) if finite else math.isnan(last)
        shown = [None if math.isnan(score) else score for score in found.data["m"]]
        assert shown == [None if score is None or math.isnan(score) else score for score in scores]


class TestCurves:
    def test_the_best_comes_last_and_running_ones_before_it(self):
        tale = Tale(objectives_space).begin("0").curve("0", [0.1, 0.9]).end("0", 0.9)
        tale.begin("1").curve("1", [0.1]).begin("2").curve("2", [0.2, 0.3]).end("2", 0.3)
        found = curves_of(tale.record)
        assert found.data["trial"].tolist() == [2, 2, 1, 0, 0]
        assert found.data["val_accuracy"].tolist() == [0.2, 0.3, 0.1, 0.1, 0.9]
        assert found.data["epoch"].tolist() == [1, 2, 1, 1, 2]
        assert found.best == 0

    def test_several_executions_are_one_mean_curve(self):
        tale = Tale(objectives_space, executions_per_trial=2).begin("0")
        tale.curve("0", [0.2, 0.4]).curve("0", [0.4], execution=1).end("0", 0.4)
        assert curves_of(tale.record).data["val_accuracy"].round(6).tolist() == [0.3, 0.4]

    def test_another_metric_has_its_own_direction(self):
        tale = Tale(objectives_space).begin("0")
        for epoch, loss in enumerate([0.9, 0.4, 0.6, 0.7, 0.8]):
            tale.epoch("0", epoch, {"val_accuracy": 0.5, "val_loss": loss})
        tale.end("0", 0.5)
        assert curves_of(tale.record, "val_loss").reading == (
            "The best trial, 0, reached val_loss 0.4000 in epoch 2 of 5; more epochs did not make it better."
        )

    def test_a_metric_that_nobody_reported_is_said_with_those_that_are(self):
        tale = Tale(objectives_space).begin("0").curve("0", [0.5]).end("0", 0.5)
        found = curves_of(tale.record, "val_los")
        assert found.data.empty
        assert found.reading == "No epoch has the metric 'val_los'. There are: val_accuracy."

    def test_a_curve_that_still_rises_is_called_so(self):
        tale = Tale(objectives_space).begin("0").curve("0", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]).end("0", 0.6)
        assert curves_of(tale.record).reading.endswith("in epoch 6 of 6 and was still getting better.")


class TestTimeline:
    def test_trials_side_by_side_have_lanes_of_their_own(self):
        tale = Tale(objectives_space).begin("0", after_s=1).begin("1", after_s=1).end("0", 0.5, after_s=1)
        tale.begin("2", after_s=1).end("1", 0.5, after_s=1).end("2", 0.5, after_s=1)
        found = timeline_of(tale.record)
        assert found.data["lane"].tolist() == [0, 1, 0]
        assert found.data["start"].tolist() == [1, 2, 4]
        assert found.data["end"].tolist() == [3, 5, 6]
        assert found.n_lanes == 2

    def test_lengths_are_the_tables_times(self):
        record = mixed_search(20)
        data, table = timeline_of(record).data, results_table(record).sort_index()
        np.testing.assert_allclose(data["end"] - data["start"], table["time"], atol=1e-9)

    def test_a_running_trial_lasts_until_now(self):
        tale = Tale(objectives_space).begin("0", after_s=1).epoch("0", 0, 0.5, after_s=4)
        assert timeline_of(tale.record).data["end"].tolist() == [5]

    @given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 5)), max_size=20))
    @settings(max_examples=40)
    def test_bars_in_one_lane_never_overlap(self, spans):
        record = SearchRecord()
        record.search["started_at"] = 0.0
        tale = Tale(objectives_space)
        events = sorted(
            [(start, 0, n) for n, (start, _) in enumerate(spans)]
            + [(start + length, 1, n) for n, (start, length) in enumerate(spans)]
        )
        for at, kind, n in events:
            tale.now = 1_000 + at
            tale.begin(str(n)) if kind == 0 else tale.end(str(n), 0.5, after_s=0)
        data = timeline_of(tale.record).data
        for _, lane in data.groupby("lane"):
            ordered = lane.sort_values(["start", "end"])
            assert (ordered["start"].to_numpy()[1:] >= ordered["end"].to_numpy()[:-1]).all()


def test_the_median_is_of_trials_that_have_ended():
    tale = Tale().begin("0").begin("1").begin("2")
    tale.end("3", 0.5, after_s=2.0).end("4", 0.5, after_s=2.0)
    assert timeline_of(tale.record).reading == "5 trials in 4.0 s, up to 4 at once; the median trial took 2.0 s."


class TestPareto:
    def test_the_front_is_the_tables(self):
        record = two_objectives(noise=0.1, failed=0.1)
        found = pareto_of(record)
        table = results_table(record)
        assert set(found.data.index[found.data["front"]]) == set(table.pareto().index)
        np.testing.assert_array_equal(
            found.data[["val_loss", "size"]], table.loc[found.data.index, ["val_loss", "size"]]
        )

    def test_the_best_of_one_goes_with_the_worst_of_the_other(self):
        tale = Tale(None, (("val_loss", "min"), ("val_accuracy", "max")))
        tale.end("0", -0.4, metrics={"val_loss": 0.3, "val_accuracy": 0.7})
        tale.end("1", -0.3, metrics={"val_loss": 0.6, "val_accuracy": 0.9})
        assert pareto_of(tale.record).reading == (
            "2 trials of 2 cannot be surpassed: val_loss from 0.3000 to 0.6000 "
            "against val_accuracy from 0.7000 to 0.9000."
        )

    def test_one_objective_has_no_front(self):
        assert "this search has one, val_accuracy" in pareto_of(mixed_search(5)).reading


@pytest.mark.parametrize("analysis", [history_of, curves_of, timeline_of, pareto_of])
@pytest.mark.parametrize(
    "record",
    [
        SearchRecord(),
        empty_search(),
        mixed_search(10, failed=1.0),
        Tale(objectives_space, objective=()).begin("0").record,
        two_objectives(3),
    ],
    ids=["nothing", "no trial", "all failed", "undecided", "two objectives"],
)
def test_every_search_has_a_reading(analysis, record):
    found = analysis(record)
    assert found.reading.endswith(".") or found.reading.endswith("].")
