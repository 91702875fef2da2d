"""Seed 004 runs block by block, and shows what its text says: spaces, results, own fits, own trials, HyperResNet."""

import pytest

from tests.seeds.reader import reading, space_listed, trials_listed
from tests.seeds.seed_004 import TUTORIAL

pytestmark = pytest.mark.keras
seed = reading(TUTORIAL)

# Each block that searches: how many trials it runs, the metric that decides, and whether more is better.
SEARCHES = {
    10: (3, "val_accuracy", True),
    17: (3, "val_accuracy", True),
    19: (3, "val_mean_absolute_error", False),
    21: (3, "val_custom_metric", False),
    22: (3, "default_objective", False),
    23: (3, "metric_a", True),
    24: (20, "default_objective", False),
    25: (3, "default_objective", False),
}


@pytest.mark.parametrize("number", SEARCHES)
def test_a_search_runs_all_its_trials(seed, number):
    (search,) = seed.blocks[number - 1].searches
    n_trials, metric, is_max = SEARCHES[number]

    assert search["search"]["state"] == "finished"
    assert search["n_trials"] == n_trials
    (objective,) = search["search"]["objective"]
    assert (objective["name"], objective["direction"]) == (metric, "max" if is_max else "min")


def test_search_space_summary_lists_what_its_author_saw(seed):
    theirs = space_listed(seed.author)
    ours = space_listed(seed.blocks[7].text)

    assert "Default search space size: 5" in seed.blocks[7].text
    for name in ("num_layers", "units_0"):  # KerasTuner printed 'sampling': None in 2022, 1.4 prints 'linear'
        assert theirs[name][1].pop("sampling") is None
        assert ours[name][1].pop("sampling") == "linear"
    assert ours == theirs
    assert list(ours) == list(theirs)


@pytest.mark.parametrize("number", [12, 19, 21, 22, 23])
def test_results_summary_lists_the_trials_best_first(seed, number):
    text = seed.blocks[number - 1].text
    trials = trials_listed(text)
    scores = [float(score) for _, score in trials]
    _, metric, is_max = SEARCHES[10 if number == 12 else number]

    assert "Results summary" in text
    assert "Showing 10 best trials" in text
    assert metric in text
    assert len(trials) == 3
    assert scores == sorted(scores, reverse=is_max)


def test_the_trials_listed_have_the_hyperparameters_that_their_author_saw(seed):
    theirs = trials_listed(seed.author)
    blocks = [12, 19, 21, 22, 23]
    assert len(theirs) == 3 * len(blocks)

    always = {"num_layers", "units_0", "activation", "dropout", "lr"}
    for values, _ in [*theirs[:3], *trials_listed(seed.blocks[11].text)]:
        layers = {f"units_{number}" for number in range(int(values["num_layers"]))}
        assert always | layers <= set(values)
    for number in blocks[1:]:
        assert [list(values) for values, _ in trials_listed(seed.blocks[number - 1].text)] == [["units"]] * 3


def test_the_best_models_are_two_and_predict(seed):
    assert seed.value("len(models), best_model.predict(x_val, verbose=0).shape") == (2, (100, 10))
    assert "Total params" in seed.blocks[10].text


def test_a_model_of_the_best_values_is_retrained_on_all_data(seed):
    assert seed.value("len(best_hps), x_all.shape") == (3, (300, 28, 28, 1))
    assert all("History" in seed.blocks[number - 1].displays[-1]["text/plain"] for number in (13, 15, 16, 18))


def test_hyperparameters_of_build_and_fit_are_among_the_best_values(seed):
    assert seed.value("sorted(best_hp.values)") != []
    (search,) = seed.blocks[16].searches
    assert set(search["trials"]["values"]) == {"image_size", "units", "normalize", "shuffle"}


def test_any_function_can_be_tuned(seed):
    x = float(seed.blocks[23].stdout)
    (search,) = seed.blocks[23].searches

    assert -1 <= x <= 1
    assert min(search["trials"]["score"]) == pytest.approx(x * x + 1)


def test_a_run_trial_saves_what_it_likes_under_its_trial_s_id(seed):
    assert {"0.keras", "1.keras", "2.keras", "best_model.keras"} <= set(seed.files("*.keras"))
    assert seed.value("sorted(best_hp.values)") == ["optimizer", "units"]


@pytest.mark.parametrize("number", [11, 25])
def test_what_is_changed_for_keras_3_is_still_needed(seed, number):
    changes = [change for change in TUTORIAL.changes if change.block == number]

    assert all(seed.still_fails(change) for change in changes)


def test_nothing_is_written_as_a_warning(seed):
    assert [shown.stderr for shown in seed.blocks if shown] == [""] * (TUTORIAL.n_blocks - 1)


@pytest.mark.slow
def test_hyper_resnet_is_tuned(seed):
    shown = seed.run_block(26)

    (search,) = shown.searches
    assert search["search"]["state"] == "finished"
    assert search["n_trials"] == 2
    assert seed.value("tuner.get_best_models()[0].predict(x_val[:2], verbose=0).shape") == (2, 10)
