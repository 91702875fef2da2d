import pytest

from tests.training.fit.model_cases import (
    OF_USERS,
    OTHER_GRAPHS,
    OWN,
    TAKEN_OVER,
    autoencoder,
    own_step_case,
    stateful,
)
from tests.training.same_as_fit import FUSED, Case, check, slow_but

pytestmark = pytest.mark.keras
_QUICK = ("frozen layers", "swapped constants")
_QUICK_STEPS = ("train_step", "other logs")
_QUICK_OTHERS = ("dropout here, none there",)


@pytest.mark.parametrize("name", slow_but(_QUICK, TAKEN_OVER))
def test_a_model_of_keras_classes_is_the_same_with_a_graph_taken_over(name: str) -> None:
    check(Case(name, TAKEN_OVER[name]), 3 if name == "swapped constants" else 2)


@pytest.mark.parametrize("name", slow_but(_QUICK_OTHERS, OTHER_GRAPHS))
def test_models_that_differ_in_more_than_numbers_share_no_graph(name: str) -> None:
    check(Case(name, OTHER_GRAPHS[name], later=FUSED, why="its graph is another one"))


@pytest.mark.parametrize("name", slow_but(_QUICK_STEPS, (*_QUICK_STEPS, "compute_loss", "metrics")))
def test_steps_of_the_users_own_are_the_same(name: str) -> None:
    check(own_step_case(name))


@pytest.mark.parametrize("name", slow_but(("add_loss and draws",), OF_USERS))
def test_a_model_with_parts_of_the_users_own_is_the_same(name: str) -> None:
    check(Case(name, OF_USERS[name], later=FUSED, why=OWN))


def test_a_model_without_labels_is_the_same() -> None:
    check(autoencoder())


@pytest.mark.slow
def test_a_layer_that_remembers_is_the_same() -> None:
    check(stateful())
