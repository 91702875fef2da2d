from collections.abc import Callable
from typing import Any

import pytest

from kt_notebook.core.space import HyperParameters
from kt_notebook.training.discovery import explore
from kt_notebook.training.hypermodel import HyperModel

pytestmark = pytest.mark.keras


class _Counting(HyperModel):
    """Builds with a function, counts the builds, and returns an empty model."""

    def __init__(self, function: Callable[[HyperParameters], Any]) -> None:
        super().__init__()
        self.function = function
        self.n_builds = 0

    def build(self, hp: HyperParameters) -> Any:
        import keras

        self.n_builds += 1
        value = self.function(hp)
        return keras.Sequential() if value is None else value


def _explored(function: Callable[[HyperParameters], Any], hp: HyperParameters | None = None) -> HyperParameters:
    hp = hp or HyperParameters()
    explore(_Counting(function), hp)
    return hp


def _names(hp: HyperParameters) -> list[str]:
    return [entry.name for entry in hp.space]


def _kinds(hp: HyperParameters) -> None:
    kind = hp.Choice("kind", ["mlp", "cnn", "rnn"])
    with hp.conditional_scope("kind", ["mlp"]):
        if kind == "mlp":
            hp.Int("units", 1, 9)
    with hp.conditional_scope("kind", ["cnn", "rnn"]):
        if kind in ("cnn", "rnn"):
            hp.Int("filters", 1, 9)
            depth = hp.Int("depth", 1, 3)
            with hp.conditional_scope("depth", [3]):
                if depth == 3:
                    hp.Boolean("pool")


def test_without_scopes_one_model_is_built_with_the_default_values() -> None:
    hypermodel = _Counting(lambda hp: hp.Int("units", 2, 9) and None)
    hp = HyperParameters()
    assert explore(hypermodel, hp) == hypermodel.n_builds == 1
    assert hp.values == {"units": 2}


def test_the_inside_of_every_scope_is_seen_nested_ones_too() -> None:
    hypermodel, hp = _Counting(_kinds), HyperParameters()
    assert explore(hypermodel, hp) == hypermodel.n_builds == 3
    assert _names(hp) == ["kind", "units", "filters", "depth", "pool"]


def test_the_values_stay_as_the_first_build_left_them() -> None:
    assert _explored(_kinds).values == {"kind": "mlp", "units": 1}


def test_what_is_declared_beforehand_is_known() -> None:
    class Declaring(_Counting):
        def declare_hyperparameters(self, hp: HyperParameters) -> None:
            hp.Fixed("units", 7)

    hp = HyperParameters()
    explore(Declaring(lambda hp: hp.get("units") and None), hp)
    assert hp.values == {"units": 7}


def test_parents_given_by_name_need_no_further_model() -> None:
    hypermodel, hp = _Counting(_by_name), HyperParameters()
    assert explore(hypermodel, hp) == 1
    assert _names(hp) == ["kind", "filters"]


def _by_name(hp: HyperParameters) -> None:
    hp.Choice("kind", ["mlp", "cnn"])
    hp.Int("filters", 1, 9, parent_name="kind", parent_values=["cnn"])


def test_a_scope_under_a_parent_that_is_conditional_itself_is_seen() -> None:
    def build(hp: HyperParameters) -> None:
        hp.Choice("kind", ["mlp", "cnn"])
        hp.Choice("pool", ["max", "mean"], parent_name="kind", parent_values=["cnn"])
        with hp.conditional_scope("pool", ["mean"]):
            if "pool" in hp and hp.get("pool") == "mean":
                hp.Int("size", 2, 4)

    assert _names(_explored(build)) == ["kind", "pool", "size"]


def test_a_scope_with_a_predicate_is_seen() -> None:
    def build(hp: HyperParameters) -> None:
        rate = hp.Float("rate", 0.0, 1.0, step=0.25)
        with hp.conditional_scope("rate", lambda value: value > 0.8):
            if rate > 0.8:
                hp.Int("size", 2, 4)

    assert _names(_explored(build)) == ["rate", "size"]


def test_ranges_that_depend_on_other_values_are_widened() -> None:
    def build(hp: HyperParameters) -> None:
        kind = hp.Choice("kind", ["mlp", "cnn"])
        hp.Int("units", 1, 9 if kind == "mlp" else 99)
        with hp.conditional_scope("kind", ["cnn"]):
            hp.Int("filters", 1, 9)

    units = _explored(build).space[1]
    assert units.contains(99)


@pytest.mark.parametrize("values", [["rnn"], [], [None]])
def test_a_scope_that_no_value_opens_is_left_out(values: list[Any]) -> None:
    hypermodel = _Counting(lambda hp: _behind(hp, values))
    assert explore(hypermodel, HyperParameters()) == 1


def _behind(hp: HyperParameters, values: list[Any]) -> None:
    hp.Choice("kind", ["mlp", "cnn"])
    with hp.conditional_scope("kind", values):
        hp.Int("units", 1, 9)


def test_scopes_that_contradict_each_other_are_left_out() -> None:
    def build(hp: HyperParameters) -> None:
        hp.Choice("kind", ["mlp", "cnn"])
        with hp.conditional_scope("kind", ["mlp"]), hp.conditional_scope("kind", ["cnn"]):
            hp.Int("units", 1, 9)

    hypermodel = _Counting(build)
    assert explore(hypermodel, HyperParameters()) == 1


def test_a_value_that_the_user_has_fixed_is_not_changed() -> None:
    hp = HyperParameters()
    hp.Fixed("kind", "mlp")
    hp.mark_given()
    hypermodel = _Counting(_kinds)
    assert explore(hypermodel, hp) == 1
    assert _names(hp) == ["kind", "units"]


def test_no_more_models_are_built_than_allowed() -> None:
    def build(hp: HyperParameters) -> None:
        kind = hp.Int("kind", 0, 50)
        for n in range(50):
            with hp.conditional_scope("kind", [n]):
                if kind == n:
                    hp.Int(f"units_{n}", 1, 9)

    hp = HyperParameters()
    assert explore(_Counting(build), hp, max_builds=7) == 7
    assert len(hp.space) == 8


def test_what_returns_no_model_is_run_once_only() -> None:
    hypermodel = _Counting(lambda hp: _kinds(hp) or 0.5)
    assert explore(hypermodel, HyperParameters()) == 1


def test_an_untunable_hypermodel_adds_nothing() -> None:
    class Fixed(HyperModel):
        def build(self, hp: HyperParameters) -> Any:
            import keras

            _kinds(hp)
            return keras.Sequential()

    hp = HyperParameters()
    assert explore(Fixed(tunable=False), hp) == 1
    assert not hp.space


def test_an_error_of_the_users_function_is_raised_as_it_is() -> None:
    def build(hp: HyperParameters) -> None:
        hp.Choice("kind", ["mlp", "cnn"])
        with hp.conditional_scope("kind", ["cnn"]):
            if hp.get("kind") == "cnn":
                raise ZeroDivisionError("their own")

    with pytest.raises(ZeroDivisionError, match="their own"):
        _explored(build)


def test_building_leaves_names_and_seeds_of_this_thread_alone() -> None:
    import keras

    before = keras.layers.Dense(1).name
    keras.utils.set_random_seed(1)
    first = keras.random.uniform((2,))
    keras.utils.set_random_seed(1)
    _explored(lambda hp: keras.Sequential([keras.layers.Dense(1)]))
    assert (keras.random.uniform((2,)) == first).numpy().all()
    number = int(before.rpartition("_")[2]) if "_" in before else 0
    assert keras.layers.Dense(1).name == f"dense_{number + 1}"
