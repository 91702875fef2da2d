"""Seed 000 runs block by block, and shows what its text says: best models, best values, a trial's summary."""

import ast

import pytest

from tests.seeds.reader import reading, trials_listed
from tests.seeds.seed_000 import TUTORIAL

pytestmark = pytest.mark.keras
seed = reading(TUTORIAL)
NAMES = ["n_hidden", "n_neurons", "learning_rate", "optimizer"]


def test_both_searches_run_all_their_trials(seed):
    for number in (2, 9):
        (search,) = seed.blocks[number - 1].searches
        assert search["search"]["state"] == "finished"
        assert search["n_trials"] == 3


def test_a_second_search_of_a_finished_tuner_trains_nothing_and_loses_nothing(seed):
    (before,), (after,) = seed.blocks[1].searches, seed.blocks[2].searches

    assert after["trials"] == before["trials"]


def test_the_best_models_predict_as_well_as_their_trials_did(seed):
    assert seed.value("len(top3_models), best_model.predict(X_valid, verbose=0).shape") == (3, (100, 10))
    accuracy, score = seed.value("best_model.evaluate(X_valid, y_valid, verbose=0)[1], best_trial.score")
    assert accuracy == pytest.approx(score, abs=1e-6)


def test_the_best_values_are_shown_as_a_dictionary_at_a_prompt(seed):
    (shown,) = seed.blocks[4].displays

    assert list(ast.literal_eval(shown["text/plain"])) == NAMES


def test_the_summary_of_a_trial_lists_what_its_author_saw(seed):
    ((theirs, _),) = trials_listed(seed.author)
    ((values, score),) = trials_listed(seed.blocks[5].text)

    assert list(values) == list(theirs) == NAMES
    assert float(score) == float(seed.blocks[6].text)


def test_the_best_values_retrain_a_model(seed):
    seed.run("again = random_search_tuner.hypermodel.build(top3_params[0])")
    seed.run("history = again.fit(X_train, y_train, epochs=1, verbose=0)")

    assert seed.value("sorted(history.history)") == ["accuracy", "loss"]


def test_a_hyperparameter_of_fit_is_among_the_best_values(seed):
    values = seed.value("random_search_tuner.get_best_hyperparameters()[0].values")

    assert list(values) == [*NAMES, "normalize"]
    assert isinstance(values["normalize"], bool)


def test_what_overwrite_took_away_is_kept_beside_it(seed):
    assert "my_fashion_mnist/my_rnd_search.old" in seed.files("my_fashion_mnist/*")


def test_nothing_is_written_as_a_warning(seed):
    assert [shown.stderr for shown in seed.blocks] == [""] * TUTORIAL.n_blocks
