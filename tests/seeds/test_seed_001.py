"""Seed 001 runs block by block, and shows what its text says: the space, the results, best values and model."""

import pytest

from tests.seeds.reader import reading, space_listed, trials_listed
from tests.seeds.seed_001 import TUTORIAL

pytestmark = pytest.mark.keras
seed = reading(TUTORIAL)


def test_the_search_runs_all_its_trials(seed):
    (search,) = seed.blocks[5].searches

    assert search["search"]["state"] == "finished"
    assert search["n_trials"] == 4


def test_search_space_summary_lists_what_its_author_saw(seed):
    theirs = space_listed(seed.author)
    ours = space_listed(seed.run("tuner.search_space_summary()").text)

    # `neurons` was printed with 'sampling': None in 2022; KerasTuner 1.4 prints 'linear'
    assert theirs["neurons"][1].pop("sampling") is None
    assert ours["neurons"][1].pop("sampling") == "linear"
    assert ours == theirs
    assert list(ours) == ["normalize", "neurons", "learning_rate", "optimizer"]


def test_results_summary_lists_the_trials_best_first(seed):
    text = seed.run("tuner.results_summary()").text
    trials = trials_listed(text)

    assert all(line in text for line in ("Results summary", "untitled_project", "Showing 10 best trials"))
    assert list(trials[0][0]) == list(trials_listed(seed.author)[0][0])
    scores = [float(score) for _, score in trials]
    assert len(scores) >= 2  # a trial whose loss is not a number is not among them
    assert scores == sorted(scores)


def test_the_best_value_is_shown(seed):
    assert 1e-4 <= float(seed.blocks[6].text) <= 2e-1


def test_the_best_model_evaluates_to_its_trial_s_score(seed):
    loss, error = seed.value("best_model.evaluate(val_ds, verbose=0)")

    assert loss == pytest.approx(seed.value("tuner.oracle.get_best_trials()[0].score"), rel=1e-4)
    assert error > 0


def test_the_best_values_retrain_a_model(seed):
    seed.run("again = build_model(best_hp)\nhistory = again.fit(train_ds, validation_data=val_ds, epochs=1, verbose=0)")

    assert seed.value("sorted(history.history)") == ["loss", "mae", "val_loss", "val_mae"]


def test_nothing_is_written_as_a_warning(seed):
    assert [shown.stderr for shown in seed.blocks] == [""] * TUTORIAL.n_blocks
