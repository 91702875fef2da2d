"""Facts about tuned cells that train small Keras models: what counts as the score, and the models that come back."""

import numpy as np
import pytest

from kt_notebook.core.errors import CellError, KTNotebookError, ObjectiveError
from tests.training.keras_models import X, Y

pytestmark = pytest.mark.keras

COMPILE = 'model.compile("adam", "binary_crossentropy", metrics=["accuracy"], run_eagerly=True)\n'
INLINE = (
    "{line}\n"
    'units = hp.Int("units", 2, 8)\n'
    'model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(units, activation="relu"),\n'
    '                          keras.layers.Dense(1, activation="sigmoid")])\n' + COMPILE + "{rest}"
)
BUILD = (
    "def build(hp):\n"
    '    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(hp.Int("units", 2, 8)),\n'
    '                              keras.layers.Dense(1, activation="sigmoid")])\n'
    f"    {COMPILE}"
    "    return model\n"
)
OTHER = (
    "other = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(4)])\n"
    'other.compile("adam", "mse", run_eagerly=True)\n'
    "other.fit(x, x, epochs=1)\n"
)


@pytest.fixture
def data(notebook):
    """A notebook with Keras imported and data for a model of four inputs."""
    import keras

    notebook.shell.user_ns.update(keras=keras, np=np, x=X.copy(), y=Y.copy(), val=(X[:16].copy(), Y[:16].copy()))
    return notebook


def epochs(tuner, trial="0"):
    """Return the epochs of a trial as (epoch, stage)."""
    return [(epoch["epoch"], epoch["stage"]) for epoch in tuner.hub.detail(trial)["epochs"]]


# Inline.


@pytest.mark.parametrize(
    "rest",
    [
        "model.fit(x, y, epochs=2, validation_data=val)\n",
        "history = model.fit(x, y, epochs=2, validation_data=val)\n",
        "history = model.fit(x, y, epochs=2, validation_data=val)\nhistory\n",
        "model.fit(x, y, epochs=2, validation_data=val)\nmodel\n",
        "model.fit(x, y, epochs=2, validation_data=val)\nprint('trained')\n",
    ],
)
def test_the_fit_of_a_cell_is_its_score(data, rest):
    data.ok(INLINE.format(line="%%tune q --objective val_accuracy --max-trials 2", rest=rest))

    tuner = data["q"]
    assert epochs(tuner) == [(0, 0), (1, 0)]
    best = max(epoch["metrics"]["val_accuracy"] for epoch in tuner.hub.detail("0")["epochs"])
    assert tuner.results.val_accuracy[0] == pytest.approx(best)
    assert list(tuner.results.epochs) == [2, 2]


def test_a_fit_settles_an_objective_that_was_left_out(data):
    data.ok(INLINE.format(line="%%tune a --max-trials 1", rest="model.fit(x, y, epochs=1, validation_data=val)\n"))
    ran = data.ok(INLINE.format(line="%%tune b --max-trials 1", rest="model.fit(x, y, epochs=1)\n"))

    assert str(data["a"].objective) == 'Objective(name="val_loss", direction="min")'
    assert str(data["b"].objective) == 'Objective(name="loss", direction="min")'
    assert "overfit" in ran.out


def test_a_number_after_a_fit_is_the_score(data):
    rest = "model.fit(x, y, epochs=1)\nmodel.evaluate(*val, verbose=0)[1]\n"
    data.ok(INLINE.format(line="%%tune q --max-trials 2", rest=rest))

    assert data["q"].results.score.between(0, 1).all()
    assert epochs(data["q"]) == [(0, 0)]


def test_several_fits_of_one_model_count_on_as_stages(data):
    rest = (
        "model.fit(x, y, epochs=2, validation_data=val)\n"
        "model.optimizer.learning_rate = 1e-5\n"
        "model.fit(x, y, epochs=2, validation_data=val)\n"
    )
    data.ok(INLINE.format(line="%%tune q --objective val_loss --max-trials 1", rest=rest))

    tuner = data["q"]
    assert epochs(tuner) == [(0, 0), (1, 0), (2, 1), (3, 1)]
    best = min(epoch["metrics"]["val_loss"] for epoch in tuner.hub.detail("0")["epochs"])
    assert tuner.best.score == pytest.approx(best)


def test_a_stage_that_does_not_report_the_objective_does_not_end_the_search(data):
    rest = "model.fit(x, y, epochs=2)\nmodel.fit(x, y, epochs=1, validation_data=val)\n"
    data.ok(INLINE.format(line="%%tune q --objective val_accuracy --max-trials 1", rest=rest))
    data.ok(INLINE.format(line="%%tune r --max-trials 1", rest=rest))

    assert epochs(data["q"]) == [(0, 0), (1, 0), (2, 1)]
    assert data["r"].objective.name == "val_loss"


@pytest.mark.parametrize("line", ["%%tune q --objective val_accuracy --max-trials 1", "%%tune q --max-trials 1"])
def test_another_model_may_be_trained_before_the_one_that_counts(data, line):
    rest = OTHER + "model.fit(x, y, epochs=1, validation_data=val)\n"
    data.ok(INLINE.format(line=line, rest=rest))

    assert data["q"].objective.name.startswith("val_")
    assert data["q"].best.score > 0


def test_several_models_without_a_score_ask_for_one(data):
    rest = "model.fit(x, y, epochs=1, validation_data=val)\n" + OTHER + "done = True\n"
    ran = data.fails(INLINE.format(line="%%tune q --max-trials 3", rest=rest))

    assert isinstance(ran.error, KTNotebookError)
    assert "fitted 2 models" in ran.out
    assert len(data["q"].results) == 1


@pytest.mark.parametrize("end", ["", "history\n", "print('done')\n"])
def test_an_objective_that_no_metric_gives_ends_after_the_first_epoch(data, end):
    rest = "history = model.fit(x, y, epochs=50, validation_data=val)\n"
    ran = data.fails(INLINE.format(line="%%tune q --objective val_acuracy:max --max-trials 5", rest=rest + end))

    assert isinstance(ran.error, ObjectiveError)
    assert "No metric is called 'val_acuracy'. This model gives: accuracy, loss, val_accuracy, val_loss." in ran.out
    assert "Did you mean 'val_accuracy'?" in ran.out
    assert len(data["q"].results) == 1
    assert len(epochs(data["q"])) <= 1


def test_an_objective_of_a_validation_that_there_is_not_says_what_to_add(data):
    rest = "model.fit(x, y, epochs=50)\n"
    ran = data.fails(INLINE.format(line="%%tune q --objective val_accuracy --max-trials 5", rest=rest))

    assert "validation_data= or validation_split=" in ran.out


def test_max_epochs_caps_the_cells_own(data):
    rest = "model.fit(x, y, epochs=9, validation_data=val)\n"
    data.ok(INLINE.format(line="%%tune q --max-epochs 2 --max-trials 1", rest=rest))

    assert epochs(data["q"]) == [(0, 0), (1, 0)]


def test_scikit_learn_fits_pass_untouched(data):
    from sklearn.preprocessing import StandardScaler

    data.shell.user_ns["StandardScaler"] = StandardScaler
    rest = "scaled = StandardScaler().fit(x).transform(x)\nmodel.fit(scaled, y, epochs=1, validation_data=val)\n"
    data.ok(INLINE.format(line="%%tune q --max-trials 1", rest=rest))

    assert epochs(data["q"]) == [(0, 0)]


def test_data_divided_in_place_before_a_fit_end_the_search_with_the_line(data):
    rest = "x /= 255\nmodel.fit(x, y, epochs=1, validation_data=val)\n"
    ran = data.fails(INLINE.format(line="%%tune q --max-trials 4", rest=rest))

    assert "'x' in place in line 6" in ran.out
    assert "-> 6 | x /= 255" in ran.out


# Models that come back.


def test_the_best_models_of_an_inline_search_score_as_they_did(data):
    rest = "model.fit(x, y, epochs=3, validation_data=val)\n"
    data.ok(INLINE.format(line="%%tune q --objective val_loss --max-trials 3 --seed 1", rest=rest))
    tuner = data["q"]
    models = tuner.get_best_models(2)

    scores = [model.evaluate(*data["val"], verbose=0, return_dict=True)["loss"] for model in models]
    assert scores == pytest.approx(list(tuner.results.val_loss[:2]), rel=1e-4)


def test_an_inline_cell_builds_a_model_of_any_values(data):
    rest = "print('before')\nmodel.fit(x, y, epochs=3, validation_data=val)\nraise SystemError('beyond the fit')\n"
    rest = rest.replace("raise SystemError('beyond the fit')\n", "open('beyond', 'a').close()\n")
    data.ok(INLINE.format(line="%%tune q --max-trials 1", rest=rest))
    tuner = data["q"]
    best = tuner.get_best_hyperparameters()[0]
    best.values["units"] = 7

    import pathlib

    pathlib.Path("beyond").unlink()
    model = tuner.hypermodel.build(best)
    assert model.layers[0].units == 7
    assert model.compiled
    assert not pathlib.Path("beyond").exists()
    assert "model" not in data


def test_a_cell_of_numbers_has_no_models(data):
    data.ok("%%tune q --max-trials 1\nhp.Float('v', 0, 1)\n")
    ran = data.fails("q.hypermodel.build(q.get_best_hyperparameters()[0])")

    assert isinstance(ran.error, CellError)
    assert "ends without a Keras fit" in ran.out


# Builders.


def test_a_builder_function_is_fitted_with_what_search_gets(data):
    data.ok(
        "%%tune q --objective val_accuracy --max-trials 2\n" + BUILD + "search(x, y, epochs=2, validation_data=val)\n"
    )
    tuner = data["q"]

    assert epochs(tuner) == [(0, 0), (1, 0)]
    model = tuner.get_best_models()[0]
    score = model.evaluate(*data["val"], verbose=0, return_dict=True)["accuracy"]
    assert score == pytest.approx(tuner.best.score, rel=1e-4)
    assert callable(data["build"])


HYPERMODEL = (
    "import kt_notebook\n"
    "class Net(kt_notebook.HyperModel):\n"
    "    def build(self, hp):\n"
    '        model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(hp.Int("units", 2, 8)),\n'
    '                                  keras.layers.Dense(1, activation="sigmoid")])\n'
    f"        {COMPILE}"
    "        return model\n"
    "    def fit(self, hp, model, *args, **kwargs):\n"
    '        return model.fit(*args, batch_size=hp.Choice("batch", [16, 32]), **kwargs)\n'
)


def test_a_hypermodel_class_is_made_and_fits_as_it_says(data):
    data.ok(
        "%%tune q --objective val_loss --max-trials 3\n" + HYPERMODEL + "search(x, y, epochs=1, validation_data=val)\n"
    )

    assert set(data["q"].results.columns) >= {"units", "batch"}
    assert set(data["q"].results.status) == {"COMPLETED"}
    assert len(data["q"].get_best_models(1)) == 1


def test_a_hypermodel_instance_is_used(data):
    data.ok("%%tune q --max-trials 2\n" + HYPERMODEL + "net = Net()\nsearch(x, y, epochs=1, validation_data=val)\n")

    assert data["q"].hypermodel is data["net"]
    assert len(data["q"].results) == 2


def test_a_builder_without_a_search_line_is_told_the_line(data):
    ran = data.fails("%%tune q --max-trials 3\n" + BUILD)

    assert isinstance(ran.error, KTNotebookError)
    assert "search(x_train, y_train, epochs=5, validation_data=(x_val, y_val))" in ran.out
    assert len(data["q"].results) == 1


def test_a_builder_that_returns_no_compiled_model_says_so(data):
    cell = "%%tune q --max-trials 5\n" + BUILD.replace(f"    {COMPILE}", "") + "search(x, y, epochs=1)\n"
    ran = data.fails(cell)

    assert isinstance(ran.error, KTNotebookError)
    assert "not compiled" in ran.out


# Callbacks and stopping.


def test_early_stopping_of_the_cell_stops_each_trial_by_itself(data):
    line = "%%tune q --objective val_loss --max-trials 3\n"
    stop = "keras.callbacks.EarlyStopping(monitor='val_loss', mode='max', patience=1)"
    data.ok(f"{line}{BUILD}search(x, y, epochs=20, validation_data=val, callbacks=[{stop}])\n")

    # a loss that is to grow and falls: it stops after the second epoch of every trial, not only of the first
    assert [len(epochs(data["q"], trial)) for trial in ("0", "1", "2")] == [2, 2, 2]


def test_the_first_interrupt_stops_after_this_epoch_and_the_trial_runs_again(data):
    cell = INLINE.format(
        line="%%tune q --objective val_loss --max-trials 3 --seed 1",
        rest="model.fit(x, y, epochs=4, validation_data=val, callbacks=[interrupt])\n",
    )

    import keras

    class Interrupt(keras.callbacks.Callback):
        n = 0

        def on_epoch_begin(self, epoch, logs=None):
            Interrupt.n += 1
            if Interrupt.n == 6:  # the second epoch of the second trial
                import signal

                signal.raise_signal(signal.SIGINT)

    data.shell.user_ns["interrupt"] = Interrupt()
    ran = data.ok(cell)
    assert "Stopping at the end of this epoch" in ran.out
    assert dict(data["q"].results.status) == {0: "COMPLETED", 1: "IDLE"}
    units = data["q"].results.units[1]

    data.ok(cell)
    results = data["q"].results
    assert list(results.status) == ["COMPLETED"] * 3
    assert results.units[1] == units
    assert [len(epochs(data["q"], trial)) for trial in ("0", "1", "2")] == [4, 4, 4]


def test_stop_now_ends_a_fit_within_a_batch(data):
    rest = "begun.set()\nmodel.fit(x, y, epochs=100_000, batch_size=8, validation_data=val, callbacks=[tell])\n"
    import threading

    import keras

    told = threading.Event()

    class Tell(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            told.set()

    data.shell.user_ns.update(begun=threading.Event(), tell=Tell())
    data.ok(INLINE.format(line="%%tune q --no-wait --objective val_loss --max-trials 3", rest=rest))
    assert told.wait(60)
    data.ok("%tune stop q --now")

    assert data["q"].wait(20)
    assert dict(data["q"].results.status) == {0: "IDLE"}


def test_the_same_seed_trains_the_same(data):
    rest = "model.fit(x, y, epochs=1, validation_data=val)\n"
    for name in ("a", "b"):
        line = f"%%tune {name} --objective val_loss --max-trials 2 --seed 9"
        data.ok(INLINE.format(line=line, rest=rest))

    assert list(data["a"].results.val_loss) == pytest.approx(list(data["b"].results.val_loss), rel=1e-5)


def test_executions_per_trial_are_averaged(data):
    line = "%%tune q --objective val_loss --max-trials 1 --executions-per-trial 2"
    data.ok(INLINE.format(line=line, rest="model.fit(x, y, epochs=1, validation_data=val)\n"))

    losses = [epoch["metrics"]["val_loss"] for epoch in data["q"].hub.detail("0")["epochs"]]
    assert len(losses) == 2
    assert losses[0] != losses[1]
    assert data["q"].best.score == pytest.approx(sum(losses) / 2)


def test_the_cells_own_keras_state_is_as_before(data):
    import keras

    before = keras.config.dtype_policy().name
    data.ok(
        INLINE.format(
            line="%%tune q --max-trials 1",
            rest="keras.config.set_dtype_policy('float64')\nmodel.fit(x, y, epochs=1, validation_data=val)\n",
        )
    )

    assert keras.config.dtype_policy().name == before


# Pruning.


PRUNED = (
    "%%tune q --objective val_loss --tuner random --max-trials {n} --seed 3{more}\n"
    'lr = hp.Float("lr", 1e-5, 1.0, sampling="log")\n'
    "model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(8, activation='relu'),\n"
    "                          keras.layers.Dense(1, activation='sigmoid')])\n"
    "model.compile(keras.optimizers.SGD(lr), 'binary_crossentropy', run_eagerly=True)\n"
    "model.fit(x, y, epochs=8, batch_size=32, validation_data=val)\n"
)


def test_trials_that_cannot_win_are_pruned_with_a_reason_and_the_epochs_saved(data):
    ran = data.ok(PRUNED.format(n=12, more=""))  # --prune auto is the default

    tuner = data["q"]
    results = tuner.results
    pruned = results[results.pruned.notna()]
    assert len(pruned) >= 1
    assert (pruned.status == "COMPLETED").all()
    assert pruned.pruned.str.match(r"val_loss \d.* after \d epochs; 90% of the \d+ complete trials fell at most").all()
    assert results.pruned.isna()[: 12 - len(pruned)].all()  # they rank below all others
    saved = int((8 - pruned.epochs).sum())
    assert tuner.hub.record.search["epochs_saved"] == saved
    assert f"({len(pruned)} pruned)" in ran.out
    assert f"{saved} epochs saved" in ran.out
    last = tuner.oracle.get_best_trials(12)[-1]
    assert last.pruned["reason"] in set(pruned.pruned)
    assert tuner.load_model(last).count_params()  # its best weights are there too


def test_without_pruning_every_trial_runs_to_its_end(data):
    data.ok(PRUNED.format(n=6, more=" --prune none"))

    assert list(data["q"].results.epochs) == [8] * 6
    assert data["q"].hub.record.search["epochs_saved"] == 0


def test_hyperband_takes_the_epochs_of_the_cell_and_goes_on_with_the_best(data):
    rest = "model.fit(x, y, epochs=4, batch_size=32, validation_data=val)\n"
    ran = data.ok(INLINE.format(line="%%tune q --tuner hyperband --seed 1", rest=rest))

    tuner = data["q"]
    assert tuner.oracle.max_epochs == 4
    assert "Hyperband: up to 4 epochs a trial (the cell's own), 2 brackets, " in ran.out
    assert tuner.results.continues.notna().any()
    trained = sum(len(tuner.hub.detail(trial)["epochs"]) for trial in tuner.oracle.trials)
    n_configurations = int(tuner.results.continues.isna().sum())
    assert f"{4 * n_configurations - trained} epochs saved" in ran.out
