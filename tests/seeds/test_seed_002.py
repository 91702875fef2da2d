"""Seed 002 runs block by block, and shows what its text says; its hp.Int of shares is refused in our words."""

import ast

import pytest

from tests.seeds.reader import reading, space_listed, trials_listed
from tests.seeds.seed_002 import TUTORIAL

pytestmark = pytest.mark.keras
seed = reading(TUTORIAL)
NAMES = ["size_inner", "droprate", "learning_rate"]


def test_whole_numbers_between_shares_are_refused_with_the_cure(seed):
    (fault,) = TUTORIAL.faults
    name, message = seed.blocks[fault.block - 1].error

    assert name == fault.error
    assert all(part in message for part in fault.says)


def test_search_space_summary_lists_what_its_author_saw(seed):
    text = seed.blocks[8].text

    assert "Default search space size: 3" in text
    assert space_listed(text) == space_listed(seed.author)
    assert list(space_listed(text)) == NAMES


def test_the_search_runs_all_its_trials(seed):
    (search,) = seed.blocks[9].searches

    assert search["search"]["state"] == "finished"
    assert search["n_trials"] == 2


def test_each_trial_logs_to_a_folder_of_its_own(seed):
    logs = seed.files("**/logs/fit/*/execution0/*/events*")

    assert sorted({path.split("/")[-4] for path in logs}) == ["0", "1"]
    assert len(logs) == 4  # training and validation


def test_results_summary_lists_the_trials_best_first(seed):
    trials = trials_listed(seed.blocks[10].text)

    assert [list(values) for values, _ in trials] == [NAMES, NAMES]
    assert float(trials[0][1]) >= float(trials[1][1])


def test_the_best_values_are_printed_as_a_dictionary(seed):
    assert list(ast.literal_eval(seed.blocks[11].stdout)) == NAMES


def test_the_best_values_retrain_a_model_with_the_search_s_callbacks(seed):
    assert seed.value("len(history.history['val_accuracy'])") == 2
    assert seed.files("**/logs/fit/train/events*")  # this callback is the author's own, and writes where he said


def test_the_best_model_predicts(seed):
    assert seed.value("tuner.get_best_models()[0].predict(val_ds, verbose=0).shape") == (8, 10)


def test_nothing_is_written_as_a_warning(seed):
    assert [shown.stderr for shown in seed.blocks] == [""] * TUTORIAL.n_blocks


# `early_stop` is the author's, with its baseline of 90; the model is one that is trained in a second.
WITH_BASELINE = """
def make_small_model(hp):
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
    model.compile(keras.optimizers.Adam(hp.Float("rate", 1e-4, 1e-2)), "mse", metrics=["accuracy"])
    return model


waiting = RandomSearch(make_small_model, "val_accuracy", max_trials=1, directory="my_dir2")
waiting.search(train_ds, epochs=1, validation_data=val_ds, callbacks=[early_stop])
"""


def test_a_search_given_the_author_s_early_stopping_says_before_its_first_trial_that_it_waits_in_vain(seed):
    shown = seed.run(WITH_BASELINE)

    (search,) = shown.searches
    (note,) = [note["text"] for note in search["search"]["notes"] if "baseline=90" in note["text"]]
    assert "EarlyStopping" in note
    assert "Write baseline=0.9" in note
    journal = (seed.folder / "my_dir2/untitled_project/journal.jsonl").read_text(encoding="utf-8")
    assert journal.index("baseline=90") < journal.index("trial_started")
