"""Facts about importance: known shares are found, with an interval; what says nothing is said to."""

import numpy as np
import pytest

from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis import importance_of
from kt_notebook.results.analysis.importance import most_important
from kt_notebook.results.analysis.surface import surface_of
from tests.results.searches import Tale, empty_search, mixed_search, random_search


def floats(*names):
    def declare(hp):
        for name in names:
            hp.Float(name, 0.0, 1.0)

    return declare


def shares(function, declare, n_trials=60, **options):
    return importance_of(random_search(function, declare, n_trials, **options)).data


def test_an_additive_functions_shares_are_those_of_its_variances():
    # variances 16/12 and 4/12
    data = shares(lambda values: 4 * values["a"] + 2 * values["b"], floats("a", "b", "c"))
    np.testing.assert_allclose(data.loc[["a", "b", "c"], "share"], [0.8, 0.2, 0.0], atol=0.03)
    np.testing.assert_allclose(data["alone"], data["share"], atol=0.03)


def test_an_interaction_counts_for_both_and_for_none_alone():
    data = shares(lambda values: (values["a"] - 0.5) * (values["b"] - 0.5), floats("a", "b", "c"))
    np.testing.assert_allclose(data.loc[["a", "b", "c"], "share"], [1.0, 1.0, 0.0], atol=0.03)
    assert (data["alone"] < 0.05).all()


def test_a_choices_share_is_found():
    def declare(hp):
        hp.Choice("kind", ["p", "q", "r"])
        hp.Float("x", 0.0, 1.0)

    data = shares(lambda values: {"p": 0.0, "q": 1.0, "r": 0.2}[values["kind"]] + 0.5 * values["x"], declare)
    variance = np.var([0.0, 1.0, 0.2])
    assert data.loc["kind", "share"] == pytest.approx(variance / (variance + 0.25 / 12), abs=0.04)


def test_a_conditional_hyperparameter_counts_where_it_is_active():
    def declare(hp):
        hp.Boolean("on")
        with hp.conditional_scope("on", True):
            hp.Float("rate", 0.0, 1.0)

    # y = rate where on, else 0.5: var = 1/24, all of it rate's; switching on changes no mean.
    data = shares(lambda values: values.get("rate", 0.5), declare, 100)
    assert data.loc["rate", "share"] == pytest.approx(1.0, abs=0.08)
    assert data.loc["on", "alone"] < 0.08
    assert data.loc["on", "share"] == pytest.approx(0.5, abs=0.12)


def test_a_name_under_two_conditions_is_one_row():
    def declare(hp):
        hp.Boolean("big")
        with hp.conditional_scope("big", True):
            hp.Float("rate", 0.0, 1.0)
        with hp.conditional_scope("big", False):
            hp.Float("rate", 0.0, 2.0)

    data = shares(lambda values: values["rate"], declare, 80)
    assert sorted(data.index) == ["big", "rate"]


def test_noise_widens_the_interval_and_it_holds_the_truth():
    def function(values):
        return 4 * values["a"] + 2 * values["b"]

    clear = shares(function, floats("a", "b", "c"))
    noisy = shares(function, floats("a", "b", "c"), noise=0.8)
    assert (noisy["high"] - noisy["low"]).mean() > 3 * (clear["high"] - clear["low"]).mean()
    assert noisy.loc["a", "low"] <= 0.8 <= noisy.loc["a", "high"]
    assert noisy.loc["c", "low"] < 0.05


def test_pure_noise_says_that_nothing_is_known():
    record = random_search(lambda values: 0.0, floats("a", "b"), 40, noise=1.0)
    assert "do not tell yet what val_accuracy depends on" in importance_of(record).reading


def test_the_best_direction_does_not_matter():
    up = shares(lambda values: values["a"], floats("a", "b"))
    down = shares(lambda values: -values["a"], floats("a", "b"), objective=(("loss", "min"),))
    np.testing.assert_allclose(up["share"], down["share"], atol=1e-6)


def test_one_diverged_trial_does_not_hide_the_rest():
    tale = Tale(floats("a", "b"), objective=(("loss", "min"),))
    rng = np.random.default_rng(0)
    for number in range(40):
        a, b = rng.random(2)
        tale.end(str(number), 1e9 if number == 7 else a, {"a": float(a), "b": float(b)})
    data = importance_of(tale.record).data
    assert data.index[0] == "a"
    assert data["share"].iloc[0] > 0.6


def test_the_same_search_has_the_same_importance():
    first, second = (importance_of(mixed_search(30)).data for _ in range(2))
    assert first.equals(second)


def test_a_pruned_trial_counts_with_what_it_was_on_its_way_to():
    record = mixed_search(40, noise=0.0, failed=0.0)
    surface = surface_of(record)
    late = {trial.trial_id for trial in record.trials.values() if trial.pruned is not None}
    scores = {trial.trial_id: trial.score for trial in record.trials.values()}
    for trial_id, loss in zip(surface.trial_ids, surface.losses, strict=True):
        if trial_id in late:
            assert -loss > scores[trial_id] + 0.1


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (SearchRecord(), "Importance needs 4 trials with a score; there are 0."),
        (empty_search(), "Importance needs 4 trials with a score; there are 0."),
        (random_search(lambda values: 0.5, floats("a"), 1), "Importance needs 4 trials with a score; there is 1."),
        (random_search(lambda values: 0.5, floats("a"), 9), "All 9 trials have the same score: nothing matters yet."),
        (random_search(lambda values: 0.5, None, 9), "This search has no hyperparameter with more than one value."),
        (mixed_search(12, failed=1.0), "Importance needs 4 trials with a score; there are 0."),
    ],
)
def test_what_says_nothing_is_said(record, said):
    found = importance_of(record)
    assert found.reading == said
    assert found.data.empty


def test_the_most_important_come_first_and_without_scores_the_first_declared():
    assert most_important(mixed_search(60), 2)[0] == "lr"
    assert most_important(empty_search(), 2) == ["lr", "units"]


def test_several_objectives_count_by_their_sum():
    data = shares(
        lambda values: {"u": values["a"], "v": 3 * values["b"]},
        floats("a", "b"),
        objective=(("u", "min"), ("v", "min")),
    )
    assert data.index.tolist() == ["b", "a"]


def test_the_reading_tells_the_intervals_ends():
    tale = Tale(lambda hp: (hp.Float("x", 0.0, 1.0), hp.Float("y", 0.0, 1.0)))
    for number in range(5):
        tale.end(str(number), number / 10, {"x": number / 10, "y": number / 10})
    found = importance_of(tale.record)
    row = found.data.iloc[0]
    assert f"{100 * row['share']:.0f} % ({100 * row['low']:.0f} to {100 * row['high']:.0f}) of the" in found.reading
