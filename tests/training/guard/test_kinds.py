"""Which fits are of one kind: those whose steps are made of the same code."""

import functools
import sys
import types
from typing import Any

import pytest

from kt_notebook.training.guard.kinds import Kind, Kinds
from tests.training.guard.trials import mlp

pytestmark = pytest.mark.keras

LAYER = """
import keras
class Own(keras.layers.Layer):
    def call(self, x):
        return x * {factor}
"""


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    return Kinds()


def kind_of(kinds: Kinds, model: Any, *, validates: bool = True, is_even: bool = False) -> Kind:
    return kinds.of(model, validates=validates, is_even=is_even)


def model_of(*layers: Any, loss: Any = "mse", metrics: Any = (), **compiled: Any) -> Any:
    import keras

    made = keras.Sequential([keras.layers.Input((6,)), *layers, keras.layers.Dense(1)])
    made.compile(loss=loss, metrics=list(metrics), **compiled)
    return made


def cell(factor: int, name: str = "__main__") -> Any:
    """Return the class that a cell of a notebook has made."""
    space: dict[str, Any] = {"__name__": name}
    exec(compile(LAYER.format(factor=factor), "<cell>", "exec"), space)
    return space["Own"]


def test_numbers_do_not_make_a_kind(kinds: Kinds) -> None:
    assert kind_of(kinds, mlp(0.3)) == kind_of(kinds, mlp(0.4))
    assert kind_of(Kinds(), mlp()) == kind_of(kinds, mlp())
    assert kind_of(kinds, mlp()).is_lasting
    assert not kind_of(kinds, mlp()).names


def test_classes_and_settings_make_a_kind(kinds: Kinds) -> None:
    import keras

    def float16(name: str) -> Any:
        return model_of(keras.layers.Dense(3, dtype=name))

    models = [
        mlp(),
        model_of(),
        model_of(keras.layers.ReLU()),
        model_of(keras.layers.Activation("relu")),
        model_of(keras.layers.Activation("tanh")),
        model_of(keras.layers.Dense(3, kernel_regularizer="l2")),
        model_of(loss="mae"),
        model_of(metrics=["mae"]),
        model_of(optimizer="sgd"),
        model_of(optimizer=keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(1.0, 2, 0.5))),
        model_of(jit_compile=True),
        float16("mixed_float16"),
        float16("mixed_bfloat16"),
    ]
    keys = [kind_of(kinds, model).key for model in models]
    assert len(set(keys)) == len(keys)
    assert all(kind_of(kinds, model).is_lasting for model in models)


def test_what_a_fit_runs_makes_a_kind(kinds: Kinds) -> None:
    made = mlp()
    found = {kind_of(kinds, made, validates=v, is_even=e) for v in (True, False) for e in (True, False)}
    assert len(found | {kind.lent() for kind in found}) == 8


def test_the_optimizer_around_another_one_counts(kinds: Kinds) -> None:
    import keras

    inner = {name: keras.optimizers.LossScaleOptimizer(keras.optimizers.get(name)) for name in ("sgd", "adam")}
    assert kind_of(kinds, model_of(optimizer=inner["sgd"])) != kind_of(kinds, model_of(optimizer=inner["adam"]))


def test_a_class_of_a_cell_is_known_in_this_process_only(kinds: Kinds) -> None:
    kind = kind_of(kinds, model_of(cell(2)()))
    assert not kind.is_lasting
    assert kind.names == ("Own",)


def test_a_class_that_is_written_anew_is_another_one(kinds: Kinds) -> None:
    one = cell(2)
    kind = kind_of(kinds, model_of(one()))
    assert kind_of(kinds, model_of(one())) == kind
    assert kind_of(kinds, model_of(cell(3)())) != kind
    assert kind_of(kinds, model_of(cell(2)())) != kind  # What it calls may be another.


def test_a_class_that_each_trial_makes_is_one_class(kinds: Kinds) -> None:
    import keras

    def build(factor: float) -> Any:
        class Own(keras.layers.Layer):
            def call(self, x: Any) -> Any:
                return x * factor

        return model_of(Own(), keras.layers.Lambda(lambda x: x * factor), loss=lambda y, p: y - p)

    assert kind_of(kinds, build(1.0)) == kind_of(kinds, build(2.0))
    assert not kind_of(kinds, build(1.0)).is_lasting


@pytest.mark.parametrize("wrap", [lambda f: f, functools.partial, lambda f: types.MethodType(f, 1)])
def test_a_function_of_the_users_is_found_wherever_it_stands(kinds: Kinds, wrap: Any) -> None:
    import keras

    def own(*args: Any) -> Any:
        return args[-1]

    def other(*args: Any) -> Any:
        return args[-1]

    def models(function: Any) -> list[Any]:
        return [model_of(keras.layers.Activation(function)), model_of(loss=function), model_of(metrics=[function])]

    for one, two in zip(models(wrap(own)), models(wrap(other)), strict=True):
        assert not kind_of(kinds, one).is_lasting
        assert kind_of(kinds, one) != kind_of(kinds, two)


def test_a_base_class_of_the_users_counts(kinds: Kinds) -> None:
    def derived(base: Any) -> Any:
        return type("Derived", (base,), {"__module__": "__main__"})

    assert kind_of(kinds, model_of(derived(cell(2))())) != kind_of(kinds, model_of(derived(cell(3))()))


def test_a_file_of_the_users_may_change_and_does_not_last(kinds: Kinds, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("my_layers")
    module.__file__ = __file__
    module.Own = cell(2, "my_layers")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_layers", module)
    assert not kind_of(kinds, model_of(module.Own())).is_lasting


def test_an_installed_class_lasts_with_its_version(kinds: Kinds, monkeypatch: pytest.MonkeyPatch) -> None:
    import platformdirs

    own = cell(2, "platformdirs")
    monkeypatch.setattr(platformdirs, "Own", own, raising=False)
    assert kind_of(kinds, model_of(own())).is_lasting
    monkeypatch.setattr(platformdirs, "Own", cell(2, "platformdirs"))
    assert not kind_of(Kinds(), model_of(own())).is_lasting  # By its name another one is found.
