"""Facts about the figures: what the artists carry is what the analysis says, for odd searches too."""

import threading
import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection

from kt_notebook.core.errors import OptionError
from kt_notebook.core.palette import GOOD
from kt_notebook.core.record import SearchRecord
from kt_notebook.results import analysis
from kt_notebook.results.figures import (
    Plots,
    plot_contour,
    plot_curves,
    plot_history,
    plot_importance,
    plot_parallel,
    plot_pareto,
    plot_rank,
    plot_slice,
    plot_timeline,
)
from kt_notebook.results.figures.paper import range_of
from kt_notebook.results.figures.parallel import INACTIVE
from kt_notebook.results.figures.plots import KINDS
from tests.results.searches import Tale, empty_search, mixed_search, random_search


@pytest.fixture(autouse=True)
def no_figure_stays():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def search():
    return mixed_search(60)


def dots(ax, label):
    found = [part for part in ax.collections if isinstance(part, PathCollection) and part.get_label() == label]
    return np.ma.getdata(found[0].get_offsets())


def all_dots(ax):
    return np.concatenate(
        [np.ma.getdata(part.get_offsets()) for part in ax.collections if isinstance(part, PathCollection)]
    )


def two_objectives():
    return random_search(
        lambda values: {"val_loss": values["x"], "size": (1 - values["x"]) ** 2 + 0.1 * values["y"]},
        lambda hp: (hp.Float("x", 0.0, 1.0), hp.Float("y", 0.0, 1.0)),
        40,
        objective=(("val_loss", "min"), ("size", "min")),
    )


class TestHistory:
    def test_dots_are_the_complete_trials(self, search):
        data = analysis.history_of(search).data
        complete = data[data["state"] == "complete"]
        np.testing.assert_array_equal(
            dots(plot_history(search), "complete"), complete[["number", "val_accuracy"]].to_numpy(dtype=float)
        )

    def test_the_line_is_the_best_so_far(self, search):
        (line,) = plot_history(search).lines
        np.testing.assert_array_equal(line.get_ydata(), analysis.history_of(search).data["best so far"])
        assert line.get_color() == GOOD

    def test_trials_without_a_score_are_crosses_at_the_bottom(self, search):
        data = analysis.history_of(search).data
        np.testing.assert_array_equal(
            dots(plot_history(search), "no score")[:, 0], data["number"][data["val_accuracy"].isna()]
        )

    def test_a_score_far_off_stands_at_the_border(self):
        tale = Tale(None, objective=(("loss", "min"),))
        for number in range(20):
            tale.end(str(number), 1e12 if number == 3 else 0.5 + number / 100)
        ax = plot_history(tale.record)
        assert ax.get_ylim()[1] < 2
        assert dots(ax, "far worse")[:, 0].tolist() == [4]


class TestCurves:
    def test_lines_are_the_epochs(self, search):
        data = analysis.curves_of(search).data
        lines = [
            line
            for part in plot_curves(search).collections
            if isinstance(part, LineCollection)
            for line in part.get_segments()
        ]
        drawn = {tuple(map(tuple, line)) for line in lines}
        told = {
            tuple(map(tuple, part[["epoch", "val_accuracy"]].to_numpy(dtype=float)))
            for _, part in data.groupby("trial")
        }
        assert drawn == told

    def test_the_best_is_in_front(self, search):
        front = max(plot_curves(search).collections, key=lambda part: part.get_zorder())
        assert front.get_label() == f"trial {analysis.curves_of(search).best}, the best"

    def test_one_epoch_is_a_dot(self):
        tale = Tale(None).begin("0").curve("0", [0.5]).end("0", 0.5)
        assert all_dots(plot_curves(tale.record)).tolist() == [[1, 0.5]]


class TestParallel:
    def test_lines_stand_at_the_values(self, search):
        found = analysis.parallel_of(search)
        ax = plot_parallel(search)
        complete = next(part for part in ax.collections if part.get_linestyle()[0][1] is None)
        data = found.data[found.data["state"] == "complete"].sort_values("val_accuracy")
        np.testing.assert_array_equal(complete.get_array(), data["val_accuracy"])
        heights = np.array([line[:, 1] for line in complete.get_segments()])
        for at, scale in enumerate(found.scales):
            shares = scale.shares(scale.places(data[scale.column].tolist()))
            np.testing.assert_allclose(heights[:, at], np.where(np.isnan(shares), INACTIVE, shares))

    def test_what_is_inactive_is_said(self, search):
        assert [label.get_text() for label in plot_parallel(search).get_yticklabels()] == ["inactive"]


def test_bars_of_importance_are_the_shares(search):
    data = analysis.importance_of(search).data
    ax = plot_importance(search)
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths[:5], 100 * data["alone"])
    np.testing.assert_allclose(np.array(widths[:5]) + widths[5:], 100 * data["share"])
    assert [label.get_text() for label in ax.get_yticklabels()] == list(data.index)


def test_few_bars_of_importance_say_how_many_are_left_out(search):
    assert "(3 more have less)" in plot_importance(search, n=2).get_xlabel()


class TestSlice:
    def test_each_hyperparameter_has_axes(self, search):
        axes = plot_slice(search)
        assert [ax.get_xlabel() for ax in axes] == ["lr", "units", "activation", "dropout", "rate"]
        assert [ax.get_xscale() for ax in axes] == ["log", "linear", "linear", "linear", "linear"]

    def test_dots_are_the_tables_values(self, search):
        data = analysis.slices_of(search).data
        complete = data[data["state"] == "complete"]
        np.testing.assert_array_equal(
            dots(plot_slice(search)[0], "complete"), complete[["lr", "val_accuracy"]].to_numpy(dtype=float)
        )

    def test_dots_of_a_choice_stand_beside_it(self, search):
        found = analysis.slices_of(search)
        complete = found.data[found.data["state"] == "complete"]
        drawn = dots(plot_slice(search, names=["activation"])[0], "complete")[:, 0]
        np.testing.assert_array_equal(np.rint(drawn), found.scales[2].places(complete["activation"]))

    def test_axes_given_are_used(self, search):
        _, grid = plt.subplots(1, 2)
        assert list(plot_slice(search, grid, names=["lr", "units"])) == list(grid)
        assert len(plt.get_fignums()) == 1

    def test_too_few_axes_are_refused(self, search):
        with pytest.raises(OptionError, match="got 1 Axes for 5 hyperparameters"):
            plot_slice(search, plt.subplots()[1])


class TestContour:
    def test_dots_are_the_tables_and_coloured_by_score(self, search):
        found = analysis.contour_of(search, ("lr", "units"))
        complete = found.data[found.data["state"] == "complete"].sort_values("val_accuracy", kind="stable")
        part = plot_contour(search, names=["lr", "units"]).collections[-1]
        np.testing.assert_array_equal(np.ma.getdata(part.get_offsets()), complete[["lr", "units"]].to_numpy(float))
        np.testing.assert_array_equal(part.get_array(), complete["val_accuracy"])

    def test_the_surface_of_a_choice_is_fields(self, search):
        found = analysis.contour_of(search, ("activation", "units"))
        ax = plot_contour(search, names=["activation", "units"])
        mesh = next(part for part in ax.collections if type(part).__name__ == "QuadMesh")
        np.testing.assert_allclose(mesh.get_array().reshape(found.surface.shape), found.surface)


def test_bars_of_the_timeline_are_the_trials_times(search):
    data = analysis.timeline_of(search).data
    corners = np.concatenate(
        [
            [path.vertices[:4] for path in part.get_paths()]
            for part in plot_timeline(search).collections
            if isinstance(part, PolyCollection)
        ]
    )
    drawn = sorted(zip(corners[:, 0, 0], corners[:, 1, 0], strict=True))
    np.testing.assert_allclose(drawn, sorted(zip(data["start"], data["end"], strict=True)))


def test_the_front_is_the_tables():
    record = two_objectives()
    data = analysis.pareto_of(record).data
    front = data[data["front"]].sort_values("val_loss")
    np.testing.assert_array_equal(dots(plot_pareto(record), "front"), front[["val_loss", "size"]])


def test_a_pareto_figure_takes_two_objectives_only():
    with pytest.raises(OptionError, match=r"not two of this search's\. There are: val_loss, size"):
        plot_pareto(two_objectives(), objectives=["val_loss"])


def test_dots_of_ranks_are_coloured_by_rank(search):
    data = analysis.ranks_of(search, ("lr", "units")).data.iloc[::-1]
    part = plot_rank(search, names=["lr", "units"]).collections[0]
    np.testing.assert_array_equal(np.ma.getdata(part.get_offsets()), data[["lr", "units"]].to_numpy(dtype=float))
    np.testing.assert_array_equal(part.get_array(), data["rank"])


class TestAllKinds:
    @pytest.mark.parametrize("kind", KINDS)
    def test_the_reading_stands_over_it_unless_it_is_not_wanted(self, kind, search):
        plots = Plots(two_objectives if kind == "pareto" else lambda: search)
        shown, plain = plots(kind), plots(kind, reading=False)
        if kind == "slice":
            assert "".join(shown[0].figure.get_suptitle().split()) == "".join(plots.reading(kind).split())
            assert not plain[0].figure.get_suptitle()
        else:
            assert "".join(shown.get_title("left").split()) == "".join(plots.reading(kind).split())
            assert not plain.get_title("left")

    @pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "slice"])
    def test_axes_given_are_drawn_on_and_no_figure_is_made(self, kind, search):
        _, (left, right) = plt.subplots(1, 2)
        drawn = Plots(two_objectives if kind == "pareto" else lambda: search)(kind, right)
        assert drawn is right
        assert not left.has_data()
        assert len(plt.get_fignums()) == 1

    @pytest.mark.parametrize("kind", KINDS)
    def test_no_setting_is_changed(self, kind, search):
        before = dict(mpl.rcParams)
        Plots(lambda: search)(kind)
        assert dict(mpl.rcParams) == before

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("style", ["default", "dark_background"])
    def test_the_figure_is_drawn_without_a_warning(self, kind, style, search, tmp_path):
        with plt.style.context(style), warnings.catch_warnings():
            warnings.simplefilter("error")
            drawn = Plots(two_objectives if kind == "pareto" else lambda: search)(kind)
            (drawn[0] if kind == "slice" else drawn).figure.savefig(tmp_path / "figure.png", dpi=40)

    @pytest.mark.parametrize("kind", KINDS)
    def test_it_works_in_a_trials_thread(self, kind, search):
        drawn = []
        thread = threading.Thread(target=lambda: drawn.append(Plots(lambda: search)(kind)))
        thread.start()
        thread.join()
        assert len(drawn) == 1

    def test_an_empty_search_is_a_picture_with_words(self):
        for kind in KINDS:
            drawn = Plots(empty_search)(kind)
            ax = drawn[0] if kind == "slice" else drawn
            assert isinstance(ax, Axes)
            assert not ax.axison
            assert ax.texts[0].get_text().strip()


ODD_SCORES = st.one_of(st.none(), st.floats(), st.floats(0, 1), st.floats(0, 1))


@st.composite
def odd_searches(draw):
    """Draw a search of a few trials with hyperparameters and scores of all kinds."""

    def declare(hp):
        hp.Float("lr", 1e-5, 1.0, sampling="log")
        hp.Int("units", 1, 3)
        hp.Choice("kind", ["a", "b$_", None, (1, 2)])
        with hp.conditional_scope("kind", "a"):
            hp.Float("a very long name of a hyperparameter/with a path", -1.0, 1.0)

    objective = draw(st.sampled_from([(("m", "max"),), (("m", "min"),), (("m", "min"), ("k", "max")), ()]))
    tale = Tale(draw(st.sampled_from([declare, None, lambda hp: hp.Boolean("x")])), objective=objective)
    for number in range(draw(st.integers(0, 7))):
        values = tale.hp.search_space.assign(lambda entry: entry.prob_to_value(draw(st.floats(0, 0.999))))
        trial_id = str(number)
        tale.begin(trial_id, values, after_s=draw(st.floats(0, 2)))
        for epoch in range(draw(st.integers(0, 3))):
            tale.epoch(trial_id, epoch, {"m": draw(st.floats()), "k": 1.0})
        status = draw(st.sampled_from(["COMPLETED", "COMPLETED", "COMPLETED", "FAILED", "INVALID", "STOPPED", None]))
        if status is not None:
            score = draw(ODD_SCORES)
            pruned = draw(st.sampled_from([None, None, 1]))
            tale.end(trial_id, score, values, status=status, metrics={"m": 0.5, "k": score or 0.0}, pruned=pruned)
    return tale.record


@pytest.mark.parametrize("kind", KINDS)
@given(record=odd_searches())
@settings(max_examples=12)
def test_any_search_can_be_drawn(kind, record):
    drawn = Plots(lambda: record)(kind)
    (drawn[0] if kind == "slice" else drawn).figure.canvas.draw()
    assert Plots(lambda: record).reading(kind)
    plt.close("all")


def test_a_search_whose_trials_were_all_pruned_has_a_contour():
    tale = Tale(lambda hp: (hp.Int("x", 1, 9), hp.Float("y", 0.0, 1.0)))
    for number in range(3):
        tale.end(str(number), 0.5, {"x": number + 1, "y": 0.1 * number}, pruned=1)
    ax = Plots(lambda: tale.record)("contour")
    assert len(dots(ax, "pruned")) == 3
    plt.close("all")


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30), st.sampled_from([-1.0, 1.0]))
def test_the_best_score_is_always_in_the_range_shown(scores, sign):
    low, high = range_of(np.array(scores), sign)
    best = max(scores) if sign < 0 else min(scores)
    assert low < high
    assert low <= best <= high


@pytest.mark.parametrize("name", ["histroy", "contuor", "paralel"])
def test_a_misspelt_kind_is_said_with_the_nearest(name):
    with pytest.raises(OptionError, match=f"no figure '{name}'. Did you mean"):
        Plots(SearchRecord)(name)


def test_an_unknown_kind_is_said_with_all():
    with pytest.raises(OptionError, match="There are: history, curves, parallel"):
        Plots(SearchRecord)("xyz")


def test_the_list_names_every_kind():
    assert all(f".{kind}()" in repr(Plots(SearchRecord)) for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_dollar_signs_in_names_are_no_formulas(kind):
    def declare(hp):
        hp.Choice("c", ["$\\bad{$", "$x_1$"])
        hp.Float("$\\worse{$", 0.0, 1.0)

    several = (("$m_{$", "min"), ("$n^{$", "min")) if kind == "pareto" else (("$m_{$", "min"),)
    result = dict.fromkeys(["$m_{$", "$n^{$"], 0.5) if kind == "pareto" else 0.5
    record = random_search(lambda values: result, declare, 12, noise=0.1, n_epochs=2, objective=several)
    axes = np.ravel(Plots(lambda: record)(kind))
    axes[0].figure.draw_without_rendering()


def test_a_label_beside_low_axes_is_broken(search):
    _, axes = plt.subplots(2, 2)
    assert plot_history(search, axes[0, 0]).get_ylabel() == "val_accuracy,\nhigher is better"
    assert plot_history(search).get_ylabel() == "val_accuracy, higher is better"


def test_a_curve_that_is_off_all_scales_is_left_out():
    tale = Tale().begin("0").curve("0", [1e308, -1e308, 0.5]).end("0", 0.5)
    ax = plot_curves(tale.record)
    ax.figure.draw_without_rendering()
    assert np.abs(ax.get_ylim()).max() < 10


def test_many_hyperparameters_are_cut_to_the_most_important_axes():
    def declare(hp):
        for number in range(20):
            hp.Float(f"x{number}", 0.0, 1.0)

    record = random_search(lambda values: values["x13"], declare, 30)
    ax = plot_parallel(record, n=3)
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert len(names) == 4
    assert "x13" in names
    assert "17 hyperparameters of less importance left out" in " ".join(ax.get_xlabel().split())
