"""Facts about Hyperband inside a trial: how far fits train, where they go on, and what they leave behind."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kt_notebook.core.budget import Budget
from kt_notebook.core.errors import FatalRuntimeError
from kt_notebook.core.space import HyperParameters
from kt_notebook.training.continuation import remove_states
from kt_notebook.training.fit_hook import fit_hook
from kt_notebook.training.hypermodel import FunctionHyperModel, HyperModel
from kt_notebook.training.trial_function import make_trial_function
from tests.fakes import FakeReporter, assignment
from tests.training.keras_models import VALIDATION, X, Y, model

pytestmark = pytest.mark.keras


def compiled(optimizer: str = "adam", **layers: Any) -> Any:
    made = model(compiled=False, **layers)
    made.compile(optimizer, "binary_crossentropy", run_eagerly=True)
    return made


class Rungs:
    """Runs one configuration through the rungs of a bracket, each in a trial of its own, as a search would."""

    def __init__(self, tmp_path: Path, build: Any, *data: Any, **fit: Any) -> None:
        self.path = tmp_path
        self.models: list[Any] = []
        self.build = build
        self.data = data or (X, Y)
        self.fit = {"shuffle": False, **fit}
        self.reporter = FakeReporter("loss:min")

    def keep(self, hp: HyperParameters) -> Any:
        made = self.build(hp)
        if hasattr(made, "fit"):
            self.models.append(made)
        return made

    def directory(self, trial_id: str) -> Path:
        return self.path / f"trial_{trial_id}"

    def run(self, trial_id: str, budget: Budget, *, hypermodel: Any = None, executions: int = 1) -> Any:
        """Run a trial with a trial function of its own, as after a resume."""
        hp = HyperParameters()
        hp.values = budget.to_values()
        self.reporter = FakeReporter("loss:min")
        run = make_trial_function(hypermodel or FunctionHyperModel(self.keep), self.data, self.fit)
        place = self.directory(trial_id)
        seed = int(trial_id) + 1
        return run(assignment(hp, trial_id=trial_id, seed=seed, directory=place, executions=executions), self.reporter)

    def climb(self, *epochs: int, **options: Any) -> None:
        """Run the rungs that end at these epochs."""
        for round_, end in enumerate(epochs):
            start, before = (epochs[round_ - 1], f"{round_ - 1:04d}") if round_ else (0, None)
            self.run(f"{round_:04d}", Budget(end, start, len(epochs) - 1, round_, before), **options)

    @property
    def epochs(self) -> list[int]:
        return [epoch for _, epoch, _ in self.reporter.epochs]

    @property
    def codes(self) -> list[str]:
        return [code for _, code, _ in self.reporter.notes]

    def states(self, trial_id: str) -> list[str]:
        return sorted(path.name for path in self.directory(trial_id).glob("last_epoch*"))


def arrays(made: Any) -> list[Any]:
    import keras

    return [keras.ops.convert_to_numpy(v) for v in [*made.weights, *made.optimizer.variables]]


def assert_same(a: Any, b: Any) -> None:
    for one, other in zip(arrays(a), arrays(b), strict=True):
        np.testing.assert_array_equal(one, other)


def whole(build: Any, epochs: int, **fit: Any) -> Any:
    """Return the model of a training that was never interrupted, begun as the first rung begins."""
    made: list[Any] = []

    def keep(hp: HyperParameters) -> Any:
        made.append(build(hp))
        return made[0]

    run = make_trial_function(FunctionHyperModel(keep), (X, Y), {"epochs": epochs, "shuffle": False, **fit})
    run(assignment(seed=1), FakeReporter("loss:min"))
    return made[0]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_two_epochs_and_two_more_are_four_epochs_optimizer_included(tmp_path: Path, optimizer: str) -> None:
    import keras

    def build(hp: HyperParameters) -> Any:
        return compiled("adam" if optimizer == "adam" else keras.optimizers.SGD(0.1, momentum=0.9))

    rungs = Rungs(tmp_path, build)
    rungs.climb(2, 4)
    assert rungs.epochs == [2, 3]
    assert rungs.reporter.n_epochs == [4, 4]
    assert_same(rungs.models[1], whole(build, 4))


def test_three_rungs_are_one_training(tmp_path: Path) -> None:
    rungs = Rungs(tmp_path, lambda hp: compiled())
    rungs.climb(1, 2, 4)
    assert_same(rungs.models[2], whole(lambda hp: compiled(), 4))


def test_a_schedule_of_the_learning_rate_goes_on_too(tmp_path: Path) -> None:
    import keras

    def build(hp: HyperParameters) -> Any:
        rate = keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
        made = model(compiled=False)
        made.compile(keras.optimizers.SGD(rate, momentum=0.5), "binary_crossentropy", run_eagerly=True)
        return made

    rungs = Rungs(tmp_path, build)
    rungs.climb(1, 3)
    assert_same(rungs.models[1], whole(build, 3))


def test_callbacks_that_count_epochs_count_on(tmp_path: Path) -> None:
    import keras

    seen: list[int] = []

    def rate_of(epoch: int, rate: float) -> float:
        seen.append(epoch)
        return 0.1 / (1 + epoch)

    rungs = Rungs(
        tmp_path, lambda hp: compiled("sgd"), callbacks=[lambda: keras.callbacks.LearningRateScheduler(rate_of)]
    )
    rungs.climb(2, 3)
    assert seen == [0, 1, 2]


def test_training_goes_on_from_the_last_epoch_not_from_the_best_one_put_back(tmp_path: Path) -> None:
    import keras

    stop = keras.callbacks.EarlyStopping("loss", patience=9, mode="max", restore_best_weights=True)
    rungs = Rungs(tmp_path, lambda hp: compiled(), callbacks=[stop])
    rungs.climb(2, 3)
    rungs.fit.pop("callbacks")
    plain = Rungs(tmp_path / "plain", lambda hp: compiled())
    plain.climb(2, 3)
    losses = [metrics["loss"] for _, _, metrics in rungs.reporter.epochs]
    assert losses == [metrics["loss"] for _, _, metrics in plain.reporter.epochs]


def test_a_fit_that_stops_itself_early_can_be_continued(tmp_path: Path) -> None:
    import keras

    stop = keras.callbacks.EarlyStopping("loss", patience=0, mode="max")
    rungs = Rungs(tmp_path, lambda hp: compiled(), callbacks=[stop])
    rungs.run("0000", Budget(9, 0, 1, 0))
    assert rungs.epochs == [0, 1]
    rungs.run("0001", Budget(27, 9, 1, 1, "0000"))
    assert rungs.epochs[0] == 9
    assert not rungs.codes


def test_the_epochs_of_the_fit_are_replaced(tmp_path: Path) -> None:
    rungs = Rungs(tmp_path, lambda hp: compiled(), epochs=50, initial_epoch=3)
    rungs.run("0000", Budget(2, 0, 0, 0))
    assert rungs.epochs == [0, 1]


def test_a_model_that_knows_its_shapes_only_from_data_goes_on(tmp_path: Path) -> None:
    import keras

    def build(hp: HyperParameters) -> Any:
        made = keras.Sequential([keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)])
        made.compile("adam", "mse", run_eagerly=True)
        return made

    rungs = Rungs(tmp_path, build)
    rungs.climb(2, 4)
    assert not rungs.codes
    assert_same(rungs.models[1], whole(build, 4))


def test_a_model_of_ones_own_class_goes_on(tmp_path: Path) -> None:
    import keras

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)

        def call(self, inputs: Any, training: bool = False) -> Any:
            return self.last(self.first(inputs))

    def build(hp: HyperParameters) -> Any:
        made = Own()
        made.compile("adam", "mse", run_eagerly=True)
        return made

    rungs = Rungs(tmp_path, build)
    rungs.climb(2, 4)
    assert not rungs.codes
    assert rungs.epochs == [2, 3]
    assert_same(rungs.models[1], whole(build, 4))


def test_a_model_of_ones_own_class_that_cannot_be_built_without_data_is_trained_anew(tmp_path: Path) -> None:
    import keras

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.layer = keras.layers.Dense(1)

        def build_from_config(self, config: Any) -> None:
            raise ValueError("this model needs its data")

        def call(self, inputs: Any) -> Any:
            return self.layer(inputs)

    def build(hp: HyperParameters) -> Any:
        made = Own()
        made.compile("adam", "mse", run_eagerly=True)
        return made

    rungs = Rungs(tmp_path, build)
    rungs.climb(1, 2)
    assert (rungs.epochs, rungs.codes) == ([0, 1], ["trained_anew"])


def test_every_execution_goes_on_with_its_own_training(tmp_path: Path) -> None:
    rungs = Rungs(tmp_path, lambda hp: compiled())
    rungs.climb(2, 4, executions=2)
    assert rungs.states("0000") == ["last_epoch.0.0.npz", "last_epoch.1.0.npz"]
    assert [(execution, epoch) for execution, epoch, _ in rungs.reporter.epochs] == [(0, 2), (0, 3), (1, 2), (1, 3)]
    first, second = (arrays(made)[0] for made in rungs.models[2:])
    assert not np.array_equal(first, second)
    assert_same(rungs.models[2], whole(lambda hp: compiled(), 4))


def test_a_fit_in_the_cell_is_told_its_epochs_and_goes_on(tmp_path: Path) -> None:
    models: list[Any] = []

    def cell(hp: HyperParameters) -> Any:
        models.append(compiled())
        return fit_hook(models[-1])(X, Y, epochs=20, shuffle=False, validation_data=VALIDATION)

    rungs = Rungs(tmp_path, cell)
    rungs.data, rungs.fit = (), {}
    rungs.climb(2, 4)
    assert rungs.epochs == [2, 3]
    assert_same(models[1], whole(lambda hp: compiled(), 4))


def test_folds_go_on_each_with_its_own_training(tmp_path: Path) -> None:
    def cell(hp: HyperParameters) -> float:
        losses = []
        for half in (slice(0, 32), slice(32, 64)):
            made = compiled()
            losses.append(fit_hook(made)(X[half], Y[half], shuffle=False).history["loss"][-1])
            rungs.models.append(made)
        return sum(losses)

    rungs = Rungs(tmp_path, cell)
    rungs.data, rungs.fit = (), {}
    rungs.climb(1, 2)
    assert rungs.states("0000") == ["last_epoch.0.0.npz", "last_epoch.0.1.npz"]
    assert not rungs.codes
    iterations = [int(made.optimizer.iterations) for made in rungs.models]
    assert iterations == [1, 1, 2, 2]


def test_a_model_that_is_trained_and_then_tuned_finely_is_the_same_as_without_interruption(tmp_path: Path) -> None:
    models: list[Any] = []

    def cell(hp: HyperParameters) -> Any:
        import keras

        models.append(compiled())
        fit_hook(models[-1])(X, Y, epochs=9, shuffle=False)
        models[-1].compile(keras.optimizers.Adam(1e-4), "binary_crossentropy", run_eagerly=True)
        return fit_hook(models[-1])(X, Y, epochs=9, shuffle=False)

    rungs = Rungs(tmp_path, cell)
    rungs.data, rungs.fit = (), {}
    rungs.climb(1, 3)
    assert not rungs.codes
    assert rungs.states("0000") == ["last_epoch.0.0.npz"]
    assert len(rungs.epochs) == 2 + 3
    rungs.run("0000", Budget(3, 0, 0, 0))  # the same from its beginning
    assert_same(models[1], models[2])


def test_each_fit_of_a_loop_begins_with_what_the_one_before_has_trained(tmp_path: Path) -> None:
    iterations: list[int] = []

    def cell(hp: HyperParameters) -> Any:
        made = compiled()
        for _ in range(3):
            history = fit_hook(made)(X, Y, epochs=1, batch_size=64, shuffle=False)
            iterations.append(int(made.optimizer.iterations))
        return history

    rungs = Rungs(tmp_path, cell)
    rungs.data, rungs.fit = (), {}
    rungs.climb(1, 2)
    assert iterations == [1, 2, 3, 2, 4, 6]


@pytest.mark.parametrize("frequency", [2, [2, 4]])
def test_the_last_epoch_of_a_rung_is_validated(tmp_path: Path, frequency: Any) -> None:
    rungs = Rungs(tmp_path, lambda hp: compiled(), validation_data=VALIDATION, validation_freq=frequency)
    rungs.climb(1, 4)
    validated = [epoch for _, epoch, metrics in rungs.reporter.epochs if "val_loss" in metrics]
    assert validated == [1, 3]
    rungs.reporter = FakeReporter("val_loss:min")
    rungs.run("0000", Budget(1, 0, 1, 0))
    assert "val_loss" in rungs.reporter.epochs[0][2]


class OwnFit(HyperModel):
    """A HyperModel that trains in its own way."""

    def __init__(self, rungs: Rungs, train: Any) -> None:
        super().__init__()
        self.rungs = rungs
        self.train = train

    def build(self, hp: HyperParameters) -> Any:
        return self.rungs.keep(hp)

    def fit(self, hp: HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        return self.train(model, *args, **kwargs)


def test_a_fit_of_its_own_is_handed_the_epochs(tmp_path: Path) -> None:
    rungs = Rungs(tmp_path, lambda hp: compiled())
    rungs.climb(2, 4, hypermodel=OwnFit(rungs, lambda made, *args, **kwargs: made.fit(*args, verbose=0, **kwargs)))
    assert rungs.epochs == [2, 3]
    assert_same(rungs.models[1], whole(lambda hp: compiled(), 4))


def test_a_fit_of_its_own_without_our_callback_goes_on_too(tmp_path: Path) -> None:
    def train(made: Any, x: Any, y: Any, *, epochs: int, initial_epoch: int, callbacks: Any, shuffle: bool) -> Any:
        return made.fit(x, y, epochs=epochs, initial_epoch=initial_epoch, shuffle=shuffle, verbose=0)

    rungs = Rungs(tmp_path, lambda hp: compiled())
    rungs.climb(2, 4, hypermodel=OwnFit(rungs, train))
    assert_same(rungs.models[1], whole(lambda hp: compiled(), 4))


def test_a_fit_of_its_own_with_epochs_of_its_own_is_told(tmp_path: Path) -> None:
    def train(made: Any, x: Any, y: Any, *, callbacks: Any, **others: Any) -> Any:
        return made.fit(x, y, epochs=3, callbacks=callbacks, verbose=0)

    rungs = Rungs(tmp_path, lambda hp: compiled())
    rungs.run("0000", Budget(2, 0, 1, 0), hypermodel=OwnFit(rungs, train))
    assert rungs.codes == ["epochs_ignored"]


# Where it cannot go on.


def test_without_the_file_it_trains_from_the_first_epoch_and_says_so(tmp_path: Path) -> None:
    rungs = Rungs(tmp_path, lambda hp: compiled())
    rungs.run("0000", Budget(2, 0, 1, 0))
    (rungs.directory("0000") / "last_epoch.0.0.npz").unlink()
    rungs.run("0001", Budget(4, 2, 1, 1, "0000"))
    assert rungs.epochs == [0, 1, 2, 3]
    assert rungs.codes == ["trained_anew"]
    assert "Trial 0001 was to go on with trial 0000 from epoch 2 on" in rungs.reporter.notes[0][2]


def test_a_torn_file_is_no_state(tmp_path: Path) -> None:
    rungs = Rungs(tmp_path, lambda hp: compiled())
    rungs.run("0000", Budget(2, 0, 1, 0))
    path = rungs.directory("0000") / "last_epoch.0.0.npz"
    path.write_bytes(path.read_bytes()[:200])
    rungs.run("0001", Budget(3, 2, 1, 1, "0000"))
    assert (rungs.epochs, rungs.codes) == ([0, 1, 2], ["trained_anew"])


def test_another_model_than_before_is_trained_from_its_first_epoch(tmp_path: Path) -> None:
    sizes = iter([4, 5])
    rungs = Rungs(tmp_path, lambda hp: compiled(units=next(sizes)))
    rungs.climb(1, 2)
    assert (rungs.epochs, rungs.codes) == ([0, 1], ["trained_anew"])


def test_another_optimizer_than_before_is_trained_from_its_first_epoch(tmp_path: Path) -> None:
    names = iter(["adam", "sgd"])
    rungs = Rungs(tmp_path, lambda hp: compiled(next(names)))
    rungs.climb(1, 2)
    assert rungs.codes == ["trained_anew"]


def test_a_state_that_cannot_be_written_costs_the_file_not_the_trial(tmp_path: Path) -> None:
    rungs = Rungs(tmp_path, lambda hp: compiled())
    rungs.directory("0000").parent.mkdir(exist_ok=True)
    (rungs.directory("0000") / "last_epoch.0.0.npz").mkdir(parents=True)
    rungs.run("0000", Budget(1, 0, 1, 0))
    assert rungs.codes == ["state_not_written"]


@pytest.mark.parametrize("build", [lambda hp: 1.0, lambda hp: compiled().fit(X, Y, verbose=0)])
def test_a_trial_without_a_fit_that_can_be_told_ends_the_search(tmp_path: Path, build: Any) -> None:
    rungs = Rungs(tmp_path, build)
    rungs.data, rungs.fit = (), {}
    with pytest.raises(FatalRuntimeError, match="without a Keras fit that it could tell"):
        rungs.run("0000", Budget(1, 0, 1, 0))


@pytest.mark.parametrize(
    "ask", [lambda hp: hp.get("tuner/epochs"), lambda hp: hp["tuner/epochs"], lambda hp: hp.values["tuner/epochs"]]
)
def test_a_loop_of_its_own_may_ask_for_its_epochs(tmp_path: Path, ask: Any) -> None:
    rungs = Rungs(tmp_path, lambda hp: float(ask(hp)))
    rungs.data, rungs.fit = (), {}
    assert rungs.run("0000", Budget(5, 0, 1, 0)).metrics == {"loss": 5.0}


# What is left behind.


def test_the_last_rung_leaves_no_state(tmp_path: Path) -> None:
    rungs = Rungs(tmp_path, lambda hp: compiled())
    rungs.climb(1, 2)
    assert rungs.states("0001") == []


def test_removing_a_trials_state_leaves_its_best_weights(tmp_path: Path) -> None:
    rungs = Rungs(tmp_path, lambda hp: compiled())
    rungs.run("0000", Budget(1, 0, 1, 0))
    assert rungs.states("0000")
    (rungs.directory("0000") / "123.last_epoch.0.0.npz").touch()  # of a process that was killed
    remove_states(rungs.directory("0000"))
    assert not list(rungs.directory("0000").glob("*last_epoch*"))
    assert (rungs.directory("0000") / "checkpoint.weights.h5").exists()


def test_without_hyperband_no_state_is_kept(tmp_path: Path) -> None:
    run = make_trial_function(FunctionHyperModel(lambda hp: compiled()), (X, Y), {"epochs": 1})
    run(assignment(directory=tmp_path / "trial_0"), FakeReporter("loss:min"))
    assert not list(tmp_path.rglob("last_epoch*"))
