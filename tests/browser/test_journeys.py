"""What a user does in JupyterLab, from the cell to the panel and back."""

import json
import time
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.lab import LabPage, LabServer

LOAD = "%load_ext kt_notebook"
DATA = """
import keras
from sklearn.datasets import load_digits
x, y = load_digits(return_X_y=True)
x = x.astype("float32") / 16
x_train, y_train, x_val, y_val = x[:1200], y[:1200], x[1200:1500], y[1200:1500]
"""
KERAS_CELL = """%%tune digits --objective val_accuracy --max-trials 4 --seed 1
units = hp.Int(16, 64, step=16)
model = keras.Sequential([
    keras.Input((64,)),
    keras.layers.Dense(units, activation=hp.Choice("act", ["relu", "tanh"])),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(keras.optimizers.Adam(hp.Float("lr", 1e-3, 1e-2, sampling="log")),
              "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=3, validation_data=(x_val, y_val))
"""
# A trial that lasts until it is told to go on, or is stopped: it asks at each step, as a Keras batch does.
SLOW_CELL = """%%tune slow --objective val_loss --max-trials 50 --seed 1
import numpy as np
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 1, 9))])
model.compile("sgd", "mse")
z = np.zeros((64, 4), "float32")
model.fit(z, z[:, :1], epochs=5000, batch_size=32, validation_data=(z, z[:, :1]))
"""
RESULTS = """
import json
table = digits.results
print(json.dumps({
    "score": [None if v != v else round(float(v), 4) for v in table["val_accuracy"]],
    "units": [int(v) for v in table["units"]],
    "trial": [str(trial) for trial in table.index],
    "best": digits.best,
    "best_trial": digits.best.trial_id,
}))
"""


def columns(lab: LabPage, index: int) -> dict[str, list[str]]:
    """Return the panel's table as it is shown, by the headers' first word."""
    table = lab.panel(index).locator('[role="grid"]')
    heads = [
        text.split()[0] if text.split() else "" for text in table.locator('[role="columnheader"]').all_inner_texts()
    ]
    rows = [row.locator('[role="gridcell"]').all_inner_texts() for row in table.locator('[role="row"]').all()]
    return {head: [row[i] for row in rows if row] for i, head in enumerate(heads)}


def test_a_cell_becomes_a_search_and_the_notebook_stays_free(lab: LabPage, server: LabServer) -> None:
    server.put_notebook("search.ipynb", [LOAD, DATA, KERAS_CELL, "1 + 1", RESULTS, "digits.get_best_models()[0].name"])
    lab.open("search.ipynb")
    lab.run_and_wait(0, 1)

    begun = time.monotonic()
    lab.run_and_wait(2)
    returned_s = time.monotonic() - begun
    lab.wait_for_state(2, "running")
    lab.run_and_wait(3)
    assert lab.output(3).split()[-1] == "2"
    lab.wait_for_state(2, "running", timeout_ms=1000)  # the answer came while trials ran
    # The aim is 1 s on a quiet machine; the time on this one is printed, not judged.
    print(f"the cell returned after {returned_s:.2f} s")  # noqa: T201

    lab.wait_for_state(2, "finished")
    told: dict[str, Any] = lab.result(4)
    shown = columns(lab, 2)
    ids = shown["#"]
    assert sorted(ids) == ["0", "1", "2", "3"]
    by_id = dict(zip(ids, range(len(ids)), strict=True))
    for trial, score, units in zip(told["trial"], told["score"], told["units"], strict=True):
        row = by_id[trial]
        assert float(shown["val_accuracy"][row]) == pytest.approx(score, abs=1e-4)
        assert int(shown["units"][row]) == units
    best = lab.panel(2).locator(".kt-Stat").first.inner_text()
    assert f"{max(told['score']):.4f}" in best
    lab.panel(2).scroll_into_view_if_needed()
    lab.picture("panel-light", lab.panel(2))
    lab.set_theme("JupyterLab Dark")
    lab.picture("panel-dark", lab.panel(2))
    lab.set_theme("JupyterLab Light")
    lab.run_and_wait(5)
    assert "sequential" in lab.output(5)


def test_a_panel_survives_a_reload_and_a_restart(lab: LabPage, server: LabServer) -> None:
    server.put_notebook("reload.ipynb", [LOAD, DATA, SLOW_CELL, "slow.best"])
    lab.open("reload.ipynb")
    lab.run_and_wait(0, 1, 2)
    lab.wait_for_state(2, "running")
    epochs = lab.panel(2).locator('[role="row"][aria-rowindex="2"]')
    expect(epochs).to_be_visible()
    lab.save()

    lab.reload()
    begun = time.monotonic()
    lab.wait_for_state(2, "running", timeout_ms=10_000)
    stop = lab.panel(2).get_by_role("button", name="Stop now")
    expect(stop).to_be_enabled(timeout=10_000)
    print(  # noqa: T201
        f"live again {time.monotonic() - begun:.1f} s after the reload"
    )
    stop.click()
    lab.wait_for_state(2, "stopped")
    lab.wait_for_static(2, "stopped")
    lab.save()

    lab.restart_kernel()
    lab.reload()
    expect(lab.panel(2)).to_contain_text("slow")
    expect(lab.panel(2).locator('[role="row"][aria-rowindex="2"]')).to_be_visible()
    lab.panel(2).scroll_into_view_if_needed()
    lab.picture("panel-saved", lab.panel(2))
    saved = server.read_notebook("reload.ipynb")
    data = saved.cells[2].outputs[0]["data"]
    assert "application/vnd.kt-notebook.search+json" in data
    assert "<script" not in data["text/html"]
    assert "stopped" in data["text/html"]


def test_stop_is_heard_while_the_kernel_sleeps_and_the_cell_goes_on_where_it_stopped(
    lab: LabPage, server: LabServer
) -> None:
    cells = [LOAD, DATA, SLOW_CELL, "import time; time.sleep(30)", "slow.results.shape"]
    server.put_notebook("sleep.ipynb", cells)
    lab.open("sleep.ipynb")
    lab.run_and_wait(0, 1, 2)
    lab.wait_for_state(2, "running")
    lab.run(3)
    begun = time.monotonic()
    lab.panel(2).get_by_role("button", name="Pause").click()
    lab.wait_for_state(2, "paused", timeout_ms=10_000)
    lab.panel(2).get_by_role("button", name="Resume").click()
    lab.wait_for_state(2, "running", timeout_ms=10_000)
    lab.panel(2).get_by_role("button", name="Stop now").click()
    lab.wait_for_state(2, "stopped", timeout_ms=10_000)
    assert time.monotonic() - begun < 28  # the kernel was still asleep
    lab.wait_until_done(3)
    lab.run_and_wait(2)
    lab.wait_for_state(2, "running")
    expect(lab.panel(2).get_by_role("button", name="Stop now")).to_be_enabled()
    lab.panel(2).focus()
    lab.page.keyboard.press("Shift+S")
    lab.wait_for_state(2, "stopped", timeout_ms=10_000)


def test_restart_and_run_all_does_what_it_looks_like(lab: LabPage, server: LabServer) -> None:
    cells = [LOAD, DATA, KERAS_CELL, "import json; print(json.dumps(digits.get_best_hyperparameters()[0].values))"]
    server.put_notebook("all.ipynb", cells)
    lab.open("all.ipynb")
    lab.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    lab.wait_until_done(3)
    printed = lab.cell(3).locator(".jp-OutputArea-output pre").all_inner_texts()
    values = json.loads("".join(printed).strip().splitlines()[-1])
    assert set(values) == {"units", "act", "lr"}
    lab.wait_for_state(2, "finished")


def test_an_error_in_the_cell_is_one_readable_block(lab: LabPage, server: LabServer) -> None:
    server.put_notebook("error.ipynb", [LOAD, '%%tune\nunits = hp.Int("units", 64, 8)\nunits'])
    lab.open("error.ipynb")
    lab.run_and_wait(0, 1)
    text = lab.output(1)
    assert "min_value=64" in text
    assert "max_value=8" in text
    assert "kt_notebook/" not in text
    lab.picture("error-block", lab.cell(1))


WIDE = """
act = hp.Choice("act", ["relu", "tanh"])
model = keras.Sequential([
    keras.Input((64,)),
    keras.layers.Dense(hp.Int("units", 8, 64, step=8), activation=act),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(keras.optimizers.SGD(hp.Float("lr", 1e-4, 1.0, sampling="log")),
              "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=8, validation_data=(x_val, y_val))
"""


def test_trials_that_cannot_win_are_pruned_and_hyperband_trains_the_best_on(lab: LabPage, server: LabServer) -> None:
    pruned = "%%tune pruned --objective val_accuracy --max-trials 12 --seed 1 --tuner random" + WIDE
    hyperband = "%%tune bands --objective val_accuracy --max-epochs 8 --seed 1 --tuner hyperband" + WIDE
    told = 'import json\nprint(json.dumps(list(pruned.results["pruned"].dropna())))'
    grown = 'import json\nprint(json.dumps([bands.best.trial_id, int(bands.results["continues"].notna().sum())]))'
    server.put_notebook("economy.ipynb", [LOAD, DATA, pruned, told, hyperband, grown])
    lab.open("economy.ipynb")
    lab.run_and_wait(0, 1, 2)
    lab.wait_for_state(2, "finished")
    lab.run_and_wait(3)
    reasons = lab.result(3)
    assert reasons
    assert all("complete trials rose at most" in reason for reason in reasons)
    shown = lab.panel(2)
    expect(shown).to_contain_text("epochs saved")
    expect(shown.locator(f'[title*="{reasons[0][:40]}"]').first).to_be_attached()
    shown.scroll_into_view_if_needed()
    lab.picture("panel-pruned", shown)

    lab.run_and_wait(4)
    lab.wait_for_state(4, "finished")
    expect(lab.panel(4)).to_contain_text("epochs saved")
    lab.panel(4).scroll_into_view_if_needed()
    lab.picture("panel-hyperband", lab.panel(4))
    lab.run_and_wait(5)
    assert lab.result(5)[1] > 0


# A KerasTuner notebook, with its import lines changed and nothing else.
TUTORIAL = """
import kt_notebook as kt
from IPython.display import clear_output

class ClearTrainingOutput(keras.callbacks.Callback):
    def on_train_end(*args, **kwargs):
        clear_output(wait=True)

def build_model(hp):
    model = keras.Sequential()
    for i in range(hp.Int("layers", 1, 2)):
        model.add(keras.layers.Dense(hp.Int(f"units_{i}", 8, 32, step=8), activation="relu"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

tuner = kt.RandomSearch(build_model, objective="val_accuracy", max_trials=4, directory="tutorial", seed=1)
tuner.search_space_summary()
"""
SEARCH = "tuner.search(x_train, y_train, epochs={epochs}, validation_data=(x_val, y_val), callbacks=[{callbacks}])"


def test_a_keras_tuner_notebook_gets_the_panel_and_interrupting_loses_nothing(lab: LabPage, server: LabServer) -> None:
    search = SEARCH.format(epochs=2, callbacks="ClearTrainingOutput()")
    make = 'tuner = kt.RandomSearch(build_model, "val_accuracy", max_trials=4, directory="tutorial", project_name="b")'
    slow = f"{make}\n{SEARCH.format(epochs=2000, callbacks='')}"
    told = "import json\nprint(json.dumps([len(tuner.get_best_models()), tuner.remaining_trials]))"
    state = "print(repr(tuner))"
    server.put_notebook("tutorial.ipynb", [DATA, TUTORIAL, search, "tuner.results_summary(2)", told, slow, state])
    lab.open("tutorial.ipynb")
    lab.run_and_wait(0, 1)
    assert "Default search space size: 2" in lab.output(1) or "units_0" in lab.output(1)
    lab.run_and_wait(2)  # it blocks, as it did with KerasTuner
    lab.wait_for_state(2, "finished")
    lab.run_and_wait(3)
    assert "units_0" in lab.output(3)
    assert lab.result(4) == [1, 0]
    lab.picture("tutorial", lab.page.locator(".jp-NotebookPanel:visible"))

    lab.run(5)
    lab.wait_for_state(5, "running")
    expect(lab.panel(5).get_by_role("button", name="Stop now")).to_be_enabled()
    lab.evaluate("() => window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
    lab.wait_until_done(5)
    lab.wait_for_state(5, "stopped")
    assert "KeyboardInterrupt" not in lab.output(5)
    lab.picture("tutorial-interrupted", lab.cell(5))
    lab.run_and_wait(6)
    assert "stopped" in lab.output(6)


def test_results_are_looked_at_and_the_best_cell_comes_back(lab: LabPage, server: LabServer) -> None:
    finish = "digits.finish(x_train, y_train, x_val, y_val, repeats=2)"
    looks = ["digits.results", "%tune show 0", "%tune plot history", "%tune plot slice", "%tune refine", finish]
    again = 'import json\nprint(json.dumps([max(model.history.history["val_accuracy"]), digits.best.score]))'
    server.put_notebook("results.ipynb", [LOAD, DATA, KERAS_CELL, *looks, "%tune bake", again])
    lab.open("results.ipynb")
    lab.run_and_wait(0, 1, 2)
    lab.wait_for_state(2, "finished")
    for number, look in enumerate(looks, start=3):
        lab.run_and_wait(number)
        area = lab.cell(number).locator(".jp-OutputArea")
        expect(area.locator(".jp-OutputArea-output").first).to_be_visible()
        assert "Error" not in area.inner_text(), look
        area.scroll_into_view_if_needed()
        lab.picture(f"results-{number}", area)
    assert lab.cell(5).locator("img").count() == 1
    assert lab.cell(6).locator("img").count() == 1

    bake = 3 + len(looks)
    lab.run_and_wait(bake)
    source = "n => window.jupyterapp.shell.currentWidget.content.widgets[n].model.sharedModel.getSource()"
    text = lab.evaluate(source, bake + 1)
    assert "hp." not in text
    assert "model.fit(x_train, y_train, epochs=3, validation_data=(x_val, y_val))" in text
    lab.picture("results-baked")
    lab.run_and_wait(bake + 1)
    came_to, score = lab.result(bake + 2)
    assert came_to == score
