import random
import threading
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context as tf_context

from kt_notebook.training.hypermodel import FunctionHyperModel
from kt_notebook.training.seeding import can_seed_threads, execution_seed, seeded
from kt_notebook.training.trial_function import make_trial_function
from tests.fakes import FakeReporter, assignment
from tests.training.keras_models import VALIDATION, X, Y, model

pytestmark = pytest.mark.keras


def _in_thread(function: Callable[[], Any]) -> Any:
    out: list[Any] = []
    thread = threading.Thread(target=lambda: out.append(function()))
    thread.start()
    thread.join()
    return out[0]


def _losses(seed: int) -> list[float | None]:
    """Train with every kind of draw that Keras makes: initializers, dropout, the order of the data."""
    reporter = FakeReporter()

    def build(hp: object) -> Any:
        made = model(dropout=0.5)
        made.compile("adam", "binary_crossentropy", metrics=["accuracy"])
        return made

    trial = make_trial_function(
        FunctionHyperModel(build), (X, Y), {"epochs": 2, "batch_size": 16, "validation_data": VALIDATION}
    )
    trial(assignment(seed=seed), reporter)
    return [*reporter.column("loss"), *reporter.column("val_loss")]


class _Busy:
    """Keeps the test's own thread drawing and building while another one trains."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.out: list[Any] = []
        self._thread = threading.Thread(target=lambda: self.out.append(function()))

    def run(self) -> Any:
        import keras
        import tensorflow as tf

        self._thread.start()
        while self._thread.is_alive():
            model()
            random.random()
            np.random.rand(3)
            tf.random.set_seed(random.randrange(99))
            keras.random.normal((2,))
        return self.out[0]


def test_a_seed_gives_the_same_training_in_any_thread_to_the_last_bit() -> None:
    quiet = _in_thread(lambda: _losses(5))
    assert _Busy(lambda: _losses(5)).run() == quiet
    assert _losses(5) == quiet
    assert _losses(6) != quiet


def test_the_users_own_random_states_are_untouched() -> None:
    import tensorflow as tf
    from tensorflow.python.eager import context

    tf.random.set_seed(3)
    before = (random.getstate(), np.random.get_state()[1].tolist(), context.context()._rng.getstate())
    _losses(5)
    _in_thread(lambda: _losses(5))
    assert (random.getstate(), np.random.get_state()[1].tolist(), context.context()._rng.getstate()) == before
    assert context.global_seed() == 3


def test_after_the_last_trial_keras_and_tensorflow_are_as_they_were() -> None:
    from keras.src.random import seed_generator
    from tensorflow.python.eager import context

    with seeded(1):
        assert seed_generator.python_random is not random
        with seeded(2):
            pass
        assert seed_generator.python_random is not random
    assert seed_generator.python_random is random
    assert type(context.context()) is context.Context


def test_another_thread_sees_none_of_a_trials_seed() -> None:
    import keras

    random.seed(11)
    plain = keras.random.SeedGenerator().state.numpy()[0]
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with seeded(1, process_wide=False):
            entered.set()
            leave.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(60)
    random.seed(11)
    beside = keras.random.SeedGenerator().state.numpy()[0]
    leave.set()
    thread.join()
    assert beside == plain


def test_what_the_users_code_seeds_itself_wins() -> None:
    import keras
    from tensorflow.python.eager import context

    def draw() -> float:
        with seeded(1, process_wide=False):
            first = keras.random.SeedGenerator().state.numpy()[0]
            keras.utils.set_random_seed(42)
            again = keras.random.SeedGenerator().state.numpy()[0]
            assert context.global_seed() == 42
            keras.utils.set_random_seed(42)
            assert keras.random.SeedGenerator().state.numpy()[0] == again != first
            return float(again)

    state = random.getstate()
    chosen = _in_thread(draw)
    random.seed(42)
    plain = random.randint(1, int(1e9))
    random.setstate(state)
    assert chosen == plain


def test_a_seeded_fit_shuffles() -> None:
    import keras

    orders: list[list[float]] = []

    class Look(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, data: Any) -> dict[str, float]:
            orders.append(np.ravel(data[0]).tolist())
            return {"loss": 0.0}

    def build(hp: object) -> Any:
        made = Look()
        made.compile("sgd", "mse", run_eagerly=True)
        return made

    data = np.arange(8.0)[:, None]
    trial = make_trial_function(FunctionHyperModel(build), (data, data), {"batch_size": 8})
    for seed in (1, 1, 2):
        trial(assignment(seed=seed), FakeReporter())
    assert sorted(orders[0]) == np.ravel(data).tolist() != orders[0]
    assert orders[0] == orders[1] != orders[2]


def test_in_the_main_thread_numpy_and_random_are_seeded_and_given_back() -> None:
    state = np.random.get_state()[1].tolist()
    draws = []
    for _ in range(2):
        with seeded(4):
            draws.append((np.random.rand(), random.random()))
    assert draws[0] == draws[1]
    assert np.random.get_state()[1].tolist() == state


def test_the_first_execution_has_the_trials_own_seed_and_the_others_one_derived_from_it() -> None:
    assert execution_seed(7, 0) == 7
    assert len({execution_seed(seed, n) for seed in (0, 7) for n in range(5)}) == 10
    assert 0 <= execution_seed(2**31 - 1, 3) < 2**31


def test_this_version_of_keras_is_known() -> None:
    assert can_seed_threads()


def test_a_keras_that_draws_otherwise_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from keras.src.random import seed_generator

    monkeypatch.delattr(seed_generator, "python_random")
    assert not can_seed_threads()
    with seeded(1):
        assert not hasattr(seed_generator, "python_random")
    reporter = FakeReporter()
    make_trial_function(FunctionHyperModel(lambda hp: 1.0))(assignment(), reporter)
    assert reporter.notes[0][1] == "not_seeded"


def test_what_the_users_code_draws_from_tensorflow_after_seeding_it_is_what_it_would_be_without_a_search() -> None:
    def draw() -> list[object]:
        drawn: list[object] = []
        for seed in (3, 3, 4):
            keras.utils.set_random_seed(seed)
            rows = tf.data.Dataset.range(10).shuffle(10).batch(10)
            drawn += [
                tf.random.normal([2]).numpy().tolist(),
                tf.random.normal([2], seed=7).numpy().tolist(),
                tf.random.normal([2], seed=7).numpy().tolist(),
                keras.random.normal([1]).numpy().tolist(),
                next(iter(rows)).numpy().tolist(),
            ]
        return drawn

    states = random.getstate(), np.random.get_state()
    try:
        outside = draw()
        with seeded(1):
            first = draw()
        with seeded(2):
            second = draw()
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        keras.backend.clear_session()

    assert outside == first == second


def test_seeding_in_a_trial_leaves_compiled_functions_as_they_are_until_an_operation_asks_for_a_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cleared: list[int] = []
    context = tf_context.context()
    monkeypatch.setattr(type(context), "clear_kernel_cache", lambda _: cleared.append(1))
    with seeded(1):
        tf.random.set_seed(5)
        tf.function(lambda x: x + 1)(tf.constant(1))  # A graph begins with the seed, and asks for none.
        keras.random.normal([2])
        before = len(cleared)
        tf.random.normal([2])
        tf.random.normal([2])

    assert (before, len(cleared)) == (0, 1)
