"""`%tune bake`: which trial, what its cell says, and that it gives the trial's score."""

import json
import subprocess
import sys

import pytest

from kt_notebook.core.errors import OptionError
from kt_notebook.core.record import SearchRecord
from kt_notebook.magics.bake import bake_word, facts_of
from kt_notebook.magics.cell import read_cell

SCORES = "%%tune {name} --max-trials 4 --seed 1\nx = hp.Float('x', -1, 1)\nx ** 2"
BUILD = """%%tune b --max-trials 2 --seed 1
def objective(hp):
    return hp.Int('n', 1, 9)  # the score
"""


def bake(notebook, *words):
    """Return the text of the new cell."""
    bake_word(notebook.shell, list(words))
    return notebook.shell.rl_next_input


@pytest.fixture
def searched(notebook):
    notebook.ok(SCORES.format(name="q"))
    return notebook


def test_the_best_trial_is_baked_into_the_next_cell(searched):
    best = searched["q"].best

    text = bake(searched)

    assert text.startswith(f"# Trial {best.trial_id} of q, the best of 4: score ")
    assert text.endswith(f"x = {best['x']!r}\nx ** 2\n")


@pytest.mark.parametrize("words", [("q", "1"), ("1", "q"), ("1",), ("01",)])
def test_a_trial_is_named_by_its_number_in_any_order(searched, words):
    value = searched["q"].hub.record.trials["1"].values["x"]

    assert f"x = {value!r}\n" in bake(searched, *words)


def test_a_search_is_named_among_several(searched):
    searched.ok(BUILD)

    assert "of q" in bake(searched, "q")
    assert "score = objective()" in bake(searched)


def test_the_baked_cell_runs_and_gives_the_score(searched):
    searched.ok(BUILD)
    n = searched["b"].best["n"]

    assert searched.ok(bake(searched, "q")).value == searched["q"].best.score
    ran = searched.ok(bake(searched, "b"))

    assert ran.value == n
    assert f"return {n}  # the score" in searched.shell.rl_next_input


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("9",), "q has no trial 9; it has 4 trials, 0 to 3. The best so far is"),
        (("q", "9"), "q has no trial 9"),
        (("p",), "no search called 'p'. There are: q"),
        (("q", "best"), "q has no trial best; it has 4 trials"),
        (("q", "1", "2"), "cannot take 'q 1 2'. Write"),
    ],
)
def test_what_is_no_trial_is_refused(searched, words, says):
    with pytest.raises(OptionError, match=says):
        bake(searched, *words)


def test_without_a_search_there_is_nothing_to_bake(notebook):
    with pytest.raises(OptionError, match="no search yet"):
        bake(notebook)


def test_without_a_completed_trial_there_is_no_best_one(notebook):
    notebook.run("%%tune q --max-trials 1\nhp.Int('n', 1, 9)\n1 / 0")

    with pytest.raises(
        OptionError, match=r"q has no completed trial\. One that failed can be baked too: %tune bake q N"
    ):
        bake(notebook)


def test_a_failed_trial_is_baked_to_be_looked_into(notebook):
    notebook.run("%%tune q --max-trials 1\nn = hp.Int('n', 1, 9)\nn / 0")

    text = bake(notebook, "0")

    assert "# It ended as FAILED: ZeroDivisionError" in text
    assert text.endswith("\nn / 0\n")


def test_a_search_whose_cell_is_not_known_says_what_to_do(searched):
    searched["q"].cell = None

    with pytest.raises(OptionError, match="came from no %%tune cell in this kernel"):
        bake(searched)


def test_a_cell_that_is_run_again_is_known_again(searched):
    before = bake(searched)
    searched.shell.reset(new_session=False)

    searched.ok(SCORES.format(name="q"))

    assert bake(searched) == before


# What the head says.


def record_of(**values):
    """Return a record of a search with one trial of two epochs."""
    record = SearchRecord()
    settings = {"name": "q", "executions_per_trial": 1, "objective": [{"name": "val_loss", "direction": "min"}]}
    epochs = [
        {"kind": "epoch_ended", "trial_id": "3", "execution": execution, "epoch": epoch, "stage": 0, "n_epochs": 2}
        | {"metrics": {"val_loss": 0.5 + epoch + execution}}
        for execution in range(values.pop("executions_per_trial", 1))
        for epoch in range(2)
    ]
    settings["executions_per_trial"] = len(epochs) // 2
    ended = {"status": "COMPLETED", "score": 0.5, "best_step": 0, "metrics": {}, "error": None, "pruned": None}
    ended |= {name: values.pop(name) for name in [*values] if name in ended}
    settings |= {name: values.pop(name) for name in [*values] if name == "max_epochs"}
    events = [
        {"kind": "search_started", **settings},
        {"kind": "trial_started", "trial_id": "3", "values": values, "seed": 11},
        *epochs,
        {"kind": "trial_ended", "trial_id": "3", "values": values, **ended},
    ]
    for number, event in enumerate(events, 1):
        record.fold({"seq": number, "time": float(number), **event})
    return record


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"executions_per_trial": 2}, "is the mean of 2 executions; the seed is that of the first, which gave 0.5"),
        (
            {"tuner/epochs": 2},
            "Hyperband trained it to epoch 2, and this cell trains as long as it says; its score is what",
        ),
        ({"tuner/epochs": 2, "tuner/initial_epoch": 1, "tuner/trial_id": "1"}, "went on from trial 1, which drew"),
        ({"pruned": {"epoch": 1, "reason": "slow"}}, "It was pruned after epoch 2, and this cell trains on"),
        ({"max_epochs": 2}, "--max-epochs ended it after epoch 2"),
        ({"status": "INVALID", "error": {"type": "ValueError", "message": "no"}}, "It ended as INVALID: ValueError"),
    ],
)
def test_the_head_says_why_the_cell_may_come_to_another_score(values, says):
    record = record_of(u=3, **values)

    facts = facts_of(record, record.trials["3"], read_cell("\nhp.Int('u', 1, 9)", {}), {})

    assert says in " ".join(facts.remarks)
    assert facts.seed == 11


def test_the_title_says_which_epoch_was_best():
    record = record_of(u=3)

    facts = facts_of(record, record.trials["3"], read_cell("\nhp.Int('u', 1, 9)", {}), {})

    assert facts.title == "Trial 3 of q: val_loss 0.5000 at epoch 1 of 2"


def test_another_thing_called_keras_is_left_alone():
    record = record_of(u=3)

    facts = facts_of(record, record.trials["3"], read_cell("\nhp.Int('u', 1, 9)", {}), {"keras": 3})

    assert facts.keras == "_keras"


def test_a_metric_without_a_name_that_is_monitored_is_told():
    text = "\nm.compile(metrics=[keras.metrics.AUC()])\nstop = E(monitor='val_auc')\nhp.Int('u', 1, 9)"
    record = record_of(u=3)

    facts = facts_of(record, record.trials["3"], read_cell(text, {}), {})

    assert "clear_session()" in " ".join(facts.remarks)


# The score.

DATA = """
import numpy as np
r = np.random.default_rng(0)
x = r.normal(size=(120, 6)).astype("float32")
y = (x[:, :1] * 2 - x[:, 1:2]).astype("float32")
"""
INLINE = """%%tune q --max-trials 2 --seed 3 --objective val_loss
import keras
model = keras.Sequential([keras.Input((6,))])
for i in range(hp.Int("layers", 1, 2)):
    model.add(keras.layers.Dense(hp.Int(f"units_{i}", 8, 9), activation="relu"))
    model.add(keras.layers.Dropout(hp.Float("rate", 0.2, 0.5)))
model.add(keras.layers.Dense(1))
model.compile(keras.optimizers.Adam(hp.Float("lr", 1e-3, 1e-2, sampling="log")), "mse")
history = model.fit(x, y, epochs=3, batch_size=16, validation_split=0.25, verbose=0)
"""
BUILDER = """%%tune q --max-trials 3 --seed 3 --objective val_loss
import keras
def build(hp):
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dropout(0.4)])
    model.add(keras.layers.Dense(1))
    model.compile(keras.optimizers.Adam(hp.Float("lr", 1e-3, 1e-2, sampling="log")), "mse")
    return model
search(x, y, epochs=3, batch_size=lambda hp: hp.Choice("batch", [16]), validation_split=0.25)
"""
FRESH = "import json\n{data}\n{cell}\nprint('scores', json.dumps(history.history['val_loss']))"


@pytest.mark.keras
@pytest.mark.parametrize(("cell", "paths"), [(INLINE, {"fused"}), (BUILDER, {"fused", "reused"})])
def test_a_baked_cell_gives_the_trials_score_to_the_last_bit(notebook, cell, paths):
    notebook.ok(DATA)
    notebook.ok(cell)
    record = notebook["q"].hub.record

    for trial in record.trials.values():
        text = bake(notebook, "q", trial.trial_id)
        notebook.ok(text)
        losses = [epoch.metrics["val_loss"] for epoch in trial.epochs]
        assert notebook["history"].history["val_loss"] == losses
        assert min(losses) == trial.score

    assert {fit.path for trial in record.trials.values() for fit in trial.fits} >= paths
    if cell is INLINE:
        return  # a fresh process takes seconds to begin
    ran = subprocess.run(
        [sys.executable, "-c", FRESH.format(data=DATA, cell=text)], capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout.partition("scores ")[2]) == losses
