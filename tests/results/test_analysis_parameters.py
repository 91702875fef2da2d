"""Facts about parallel, slices, rank and contour: values and scores are the table's, scales the space's."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kt_notebook.core.errors import OptionError
from kt_notebook.results.analysis import contour_of, parallel_of, ranks_of, slices_of
from kt_notebook.results.analysis.parameters import scales_of
from kt_notebook.results.analysis.trials import trials_of
from kt_notebook.results.table import results_table
from tests.results.searches import Tale, empty_search, mixed_search, random_search


def scales(record):
    return {scale.name: scale for scale in scales_of(record, trials_of(record))}


class TestScales:
    def test_each_kind_has_its_scale(self):
        found = scales(mixed_search(20))
        assert list(found) == ["lr", "units", "activation", "dropout", "rate"]
        assert found["lr"].is_log
        assert (found["units"].low, found["units"].high, found["units"].is_whole) == (16.0, 256.0, True)
        assert found["activation"].categories == ("relu", "tanh", "gelu")
        assert found["dropout"].categories == ("False", "True")

    def test_a_fixed_hyperparameter_has_none(self):
        def declare(hp):
            hp.Fixed("batch", 32)
            hp.Int("one", 4, 4)
            hp.Choice("only", ["a"])
            hp.Float("x", 0.0, 1.0)

        assert list(scales(random_search(lambda values: values["x"], declare, 3))) == ["x"]

    def test_values_of_any_kind_are_categories(self):
        choices = [None, True, 1.5, "a", (1, 2), [3, 4]]

        def declare(hp):
            hp.Choice("what", choices)

        record = random_search(lambda values: 0.5, declare, 40)
        scale = scales(record)["what"]
        table = results_table(record)
        places = scale.places(table[scale.column].tolist())
        assert sorted(set(places[~np.isnan(places)])) == [0, 1, 2, 3, 4, 5]

    def test_a_name_of_two_kinds_has_the_values_that_were_tried(self):
        def declare(hp):
            hp.Boolean("big")
            with hp.conditional_scope("big", True):
                hp.Int("size", 100, 200)
            with hp.conditional_scope("big", False):
                hp.Choice("size", ["small", "tiny"])

        record = random_search(lambda values: 0.5, declare, 8)
        scale = scales(record)["size"]
        assert not np.isnan(scale.places(results_table(record)["size"].tolist())).any()

    def test_a_value_that_the_space_does_not_know_has_a_place(self):
        tale = Tale(None).end("0", 0.5, {"extra": 1.0}).end("1", 0.6, {"extra": 3.0})
        assert scales(tale.record)["extra"].shares(np.array([1.0, 2.0, 3.0])).tolist() == [0, 0.5, 1]

    @given(st.floats(1e-6, 1), st.floats(1.1, 1e6), st.lists(st.floats(0, 1), min_size=1, max_size=5))
    @settings(max_examples=40)
    def test_shares_and_places_are_inverse(self, low, ratio, shares):
        record = empty_search(lambda hp: hp.Float("x", low, low * ratio, sampling="log"))
        scale = scales(record)["x"]
        np.testing.assert_allclose(scale.shares(scale.at_shares(np.array(shares))), shares, atol=1e-7)


class TestParallel:
    def test_values_and_scores_are_the_tables(self):
        record = mixed_search(30)
        found = parallel_of(record)
        table = pd.DataFrame(results_table(record)).loc[found.data.index]
        for column in ["val_accuracy", "lr", "units", "activation", "dropout", "rate"]:
            pd.testing.assert_series_equal(found.data[column], table[column], check_dtype=False)
        assert found.n_left_out == 30 - len(found.data)

    def test_what_the_best_share_is_said(self):
        record = random_search(
            lambda values: -abs(values["x"] - 0.5),
            lambda hp: (hp.Float("x", 0.0, 1.0), hp.Float("y", 0.0, 1.0)),
            100,
        )
        assert "have x from 0.4" in parallel_of(record).reading
        assert "y" not in parallel_of(record).reading.split("have")[1]

    def test_what_chance_would_give_is_not_said(self):
        def declare(hp):
            for number in range(8):
                hp.Float(f"x{number}", 0.0, 1.0)
            hp.Choice("kind", ["a", "b"])

        readings = [
            parallel_of(random_search(lambda values: 0.5, declare, 40, noise=0.1, seed=seed)).reading
            for seed in range(20)
        ]
        said = [reading for reading in readings if "share no values that chance would not give" not in reading]
        assert len(said) <= 4

    def test_one_trial_is_one_trial(self):
        tale = Tale(lambda hp: hp.Float("x", 0.0, 1.0)).end("0", 0.5, {"x": 0.1})
        assert parallel_of(tale.record).reading.startswith("1 complete trial is too few")

    def test_hyperparameters_called_as_our_columns_are_told_apart(self):
        def declare(hp):
            hp.Int("rank", 1, 64)
            hp.Float("state", 0.0, 1.0)

        record = random_search(lambda values: values["rank"], declare, 20)
        table = results_table(record)
        for found in (parallel_of(record), slices_of(record), ranks_of(record), contour_of(record)):
            rows = table.loc[found.data.index]
            assert found.data["hp rank"].tolist() == rows["rank"].tolist()
            assert found.data["hp state"].tolist() == rows["state"].tolist()
            assert set(found.data["state"]) == {"complete"}
        assert ranks_of(record).data["rank"].iloc[0] <= 2

    def test_few_trials_say_nothing(self):
        assert "too few" in parallel_of(mixed_search(6, failed=0, pruned=0)).reading


class TestSlices:
    def test_names_choose(self):
        assert [scale.name for scale in slices_of(mixed_search(10), ("units", "lr")).scales] == ["units", "lr"]

    def test_an_unknown_name_is_said_with_the_nearest(self):
        with pytest.raises(OptionError, match=r"called 'unit'\. Did you mean 'units'"):
            slices_of(mixed_search(10), ("unit",))


class TestRanks:
    def test_pruned_trials_come_after_the_complete_ones(self):
        def declare(hp):
            hp.Float("x", 0.0, 1.0)
            hp.Float("y", 0.0, 1.0)

        tale = Tale(declare)
        for number, (score, pruned) in enumerate([(0.5, None), (0.9, 1), (0.7, None), (0.5, None)]):
            tale.end(str(number), score, {"x": 0.1, "y": 0.2}, pruned=pruned)
        found = ranks_of(tale.record)
        assert found.data["rank"].to_dict() == {2: 1.0, 0: 2.5, 3: 2.5, 1: 4.0}
        assert found.n_ranked == 4

    def test_more_than_two_names_are_refused(self):
        with pytest.raises(OptionError, match="3 hyperparameters, and this picture shows two"):
            ranks_of(mixed_search(10), ("lr", "units", "activation"))

    def test_a_trial_in_which_one_is_inactive_is_left_out(self):
        found = ranks_of(mixed_search(40), ("lr", "rate"))
        assert found.data["rate"].notna().all()
        assert found.n_ranked > len(found.data)


class TestContour:
    def test_the_surface_is_the_functions(self):
        record = random_search(
            lambda values: values["x"] * values["y"],
            lambda hp: (hp.Float("x", 0.0, 1.0), hp.Float("y", 0.0, 1.0), hp.Float("z", 0.0, 1.0)),
            60,
        )
        surface = contour_of(record, ("x", "y")).surface
        expected = np.outer(surface.index, surface.columns)
        np.testing.assert_allclose(surface.to_numpy(), expected, atol=0.03)

    def test_dots_are_the_tables(self):
        record = mixed_search(30)
        found = contour_of(record, ("lr", "units"))
        table = results_table(record).loc[found.data.index]
        for column in ["val_accuracy", "lr", "units"]:
            assert found.data[column].tolist() == table[column].tolist()

    def test_a_conditional_hyperparameter_is_averaged_where_it_is_active(self):
        def declare(hp):
            hp.Boolean("on")
            with hp.conditional_scope("on", True):
                hp.Float("rate", 0.0, 1.0)
            hp.Float("x", 0.0, 1.0)

        record = random_search(lambda values: values["rate"] if values["on"] else -3.0, declare, 80)
        surface = contour_of(record, ("rate", "x")).surface
        np.testing.assert_allclose(surface.mean(axis=0), surface.columns, atol=0.15)

    def test_categories_have_one_column_each(self):
        surface = contour_of(mixed_search(30), ("activation", "units")).surface
        assert surface.columns.tolist() == [0, 1, 2]
        assert all(float(place).is_integer() for place in surface.index)

    def test_an_inverse_choice_of_one_name_takes_the_most_important_beside_it(self):
        assert [scale.name for scale in contour_of(mixed_search(40), ("units",)).scales] == ["units", "lr"]


@pytest.mark.parametrize("analysis", [parallel_of, slices_of, ranks_of, contour_of])
@pytest.mark.parametrize(
    "record",
    [
        empty_search(None),
        empty_search(),
        mixed_search(8, failed=1.0),
        random_search(lambda values: 0.5, lambda hp: hp.Float("x", 0.0, 1.0), 6),
        random_search(lambda values: 0.5, None, 6),
        Tale(lambda hp: hp.Float("x", 0.0, 1.0)).end("0", float("nan"), {"x": 0.5}).record,
        mixed_search(3, failed=0),
    ],
    ids=["no space", "no trial", "all failed", "one hyperparameter", "none", "not a number", "few"],
)
def test_every_search_has_a_reading(analysis, record):
    assert analysis(record).reading.endswith(".")


def test_what_a_surface_lacks_is_said():
    def told(declare, n_trials):
        tale = Tale(declare)
        for number in range(n_trials):
            tale.end(str(number), 0.5 + number / 10, {"x": number / 10, "y": number / 20})
        return contour_of(tale.record).reading

    def declare(hp):
        hp.Float("x", 0.0, 1.0)
        hp.Float("y", 0.0, 1.0)

    assert told(declare, 1) == "A surface needs 4 trials with a score; there is 1."
    assert told(None, 8) == "A surface needs the ranges of x and y, and the search's space does not have them."
