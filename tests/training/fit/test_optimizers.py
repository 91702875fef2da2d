from dataclasses import replace
from typing import Any

import pytest

from tests.training.fit.optimizer_cases import (
    LEFT_OUT,
    LEFT_OUT_SCHEDULES,
    OPTIMIZERS,
    OPTIONS,
    SCHEDULES,
    optimizer_case,
    schedule_case,
)
from tests.training.same_as_fit import FUSED, PLAIN, Case, Values, check, classes_of, slow_but, small_model

pytestmark = pytest.mark.keras
_QUICK = ("Adam", "SGD", "ScheduleFreeAdamW")
_QUICK_OPTIONS = ("gradient_accumulation",)


def test_every_optimizer_of_keras_is_here() -> None:
    import keras

    assert classes_of(keras.optimizers, keras.optimizers.Optimizer) == OPTIMIZERS.keys() | LEFT_OUT.keys()


def test_every_schedule_of_keras_is_here() -> None:
    from keras.optimizers import schedules

    assert classes_of(schedules, schedules.LearningRateSchedule) == SCHEDULES.keys() | LEFT_OUT_SCHEDULES.keys()


@pytest.mark.parametrize("name", slow_but(_QUICK, OPTIMIZERS))
def test_an_optimizer_takes_the_same_steps(name: str) -> None:
    paths = {"first": PLAIN, "later": PLAIN, "why": "begins with its first step"} if name == "ScheduleFreeAdamW" else {}
    check(replace(optimizer_case(name, OPTIMIZERS[name]), **paths))


@pytest.mark.parametrize("name", slow_but(_QUICK_OPTIONS, OPTIONS))
def test_an_option_of_optimizers_does_the_same(name: str) -> None:
    check(optimizer_case(name, OPTIONS[name]))


@pytest.mark.parametrize("name", slow_but(("ExponentialDecay",), SCHEDULES))
def test_a_schedule_goes_on_the_same(name: str) -> None:
    check(schedule_case(name))


@pytest.mark.parametrize("name", slow_but(("CosineDecay",), SCHEDULES))
def test_another_schedule_is_another_graph(name: str) -> None:
    check(schedule_case(name, is_same=False))


def test_a_schedule_of_the_users_own_goes_on_the_same() -> None:
    import keras

    class Halving(keras.optimizers.schedules.LearningRateSchedule):
        def __init__(self, rate: float) -> None:
            self.rate = rate

        def __call__(self, step: Any) -> Any:
            return self.rate * 0.5 ** keras.ops.cast(step, "float32")

    def build(v: Values) -> Any:
        return small_model(v, optimizer=keras.optimizers.SGD(Halving(v.rate)))

    check(Case("own schedule", build, later=FUSED, why="it may have anything in it"))


@pytest.mark.slow
def test_an_optimizer_of_the_users_own_takes_the_same_steps() -> None:
    import keras

    class Signs(keras.optimizers.SGD):
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            self.assign_sub(variable, keras.ops.sign(gradient) * learning_rate)

    def build(v: Values) -> Any:
        return small_model(v, optimizer=Signs(v.rate))

    check(Case("own optimizer", build, first=PLAIN, later=PLAIN, why="it may have anything in it"))
