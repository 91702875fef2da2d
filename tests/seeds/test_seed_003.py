"""Seed 003 runs block by block, and shows what its text says; a callback that clears the output does no harm."""

import re

import pytest

from tests.seeds.reader import reading
from tests.seeds.seed_003 import TUTORIAL

pytestmark = pytest.mark.keras
seed = reading(TUTORIAL)


def test_clearing_the_output_at_the_end_of_each_training_touches_nothing_of_the_reader_s(seed):
    shown = seed.blocks[1]

    assert "clear_output" in shown.code
    assert shown.clears == 0
    assert seed.run("IPython.display.clear_output()").clears == 1  # where a reader clears, it is seen
    (search,) = shown.searches
    assert search["search"]["state"] == "finished"
    assert search["n_trials"] == len(search["trials"]["trial_id"]) == 6


def test_the_best_values_are_printed_after_the_search(seed):
    printed = re.search(r"layer is (\d+) and .*\n?is (\S+)\.", seed.blocks[1].stdout)
    units, rate = seed.value("best_hps.get('units'), best_hps.get('learning_rate')")

    assert (int(printed[1]), float(printed[2])) == (units, rate)
    assert units in range(32, 513, 32)
    assert rate in (1e-2, 1e-3, 1e-4)


def test_the_best_values_retrain_a_model(seed):
    assert "Epoch 10/10" in seed.blocks[1].stdout
    assert "History" in seed.blocks[1].displays[-1]["text/plain"]


def test_the_best_model_predicts(seed):
    assert seed.value("tuner.get_best_models()[0].predict(img_test, verbose=0).shape") == (100, 10)


def test_each_trial_logs_to_a_folder_of_its_own(seed):
    logs = seed.files("tb_logs/*/execution0/*/events*")

    assert sorted({path.split("/")[1] for path in logs}) == ["0", "1"]
    assert len(logs) == 4  # training and validation
    (search,) = seed.blocks[4].searches
    assert search["search"]["state"] == "finished"


def test_nothing_is_written_as_a_warning(seed):
    assert [shown.stderr for shown in seed.blocks] == [""] * TUTORIAL.n_blocks
