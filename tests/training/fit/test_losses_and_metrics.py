from typing import Any

import pytest

from tests.training.fit.judge_cases import (
    LEFT_OUT_LOSSES,
    LEFT_OUT_METRICS,
    LOSS_OF_KIND,
    LOSSES,
    METRICS,
    NAMES,
    USERS_OWN,
    judged_case,
    loss,
    metric,
    metrics_by_kind,
)
from tests.training.same_as_fit import Case, Values, check, classes_of, fit_data, numbers, slow_but, whole

pytestmark = pytest.mark.keras
_QUICK_LOSSES = ("LogCosh", "Huber", "CosineSimilarity", "SparseCategoricalCrossentropy", "Poisson", "Tversky")
_QUICK_METRICS = ("AUC", "Precision", "F1Score", "MeanIoU", "ConcordanceCorrelation", "CosineSimilarity", "R2Score")


def test_every_loss_of_keras_is_here() -> None:
    import keras

    assert classes_of(keras.losses, keras.losses.Loss) == LOSSES.keys() | LEFT_OUT_LOSSES.keys()


def test_every_metric_of_keras_is_here() -> None:
    import keras

    assert classes_of(keras.metrics, keras.metrics.Metric) == METRICS.keys() | LEFT_OUT_METRICS.keys()


def test_several_losses_at_once_on_outputs_of_their_own() -> None:
    heads = [(*loss(name), []) for name in _QUICK_LOSSES]
    check(judged_case("losses", heads, loss_weights=[1.0 + i / 7 for i in range(len(heads))]))


def test_several_metrics_at_once() -> None:
    found = metrics_by_kind(_QUICK_METRICS)
    heads = [(kind, LOSS_OF_KIND[kind], [metric(name)[1] for name in names]) for kind, names in found.items()]
    check(judged_case("metrics", heads))


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_same(name: str) -> None:
    check(judged_case(name, [(*loss(name), [])]))


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted({kind for kind, _ in METRICS.values()}))
def test_metrics_of_one_kind_are_the_same(kind: str) -> None:
    names = metrics_by_kind(list(METRICS))[kind]
    check(judged_case(kind, [(kind, LOSS_OF_KIND[kind], [metric(name)[1] for name in names])]))


@pytest.mark.parametrize("name", slow_but(("cosine_similarity",), NAMES))
def test_a_loss_by_its_name_is_the_same(name: str) -> None:
    kind = "count" if name == "msle" else "number"
    check(judged_case(name, [(kind, name, [name])]))


@pytest.mark.slow
def test_metrics_that_count_with_sample_weights_are_the_same() -> None:
    head = [("yes", "binary_crossentropy", ["accuracy", metric("AUC")[1]])]
    weights = {"sample_weight": abs(numbers(50)), "class_weight": None}
    check(judged_case("weighted", head, data=weights, weighted_metrics=["accuracy", "mse"]))


@pytest.mark.slow
def test_the_loss_for_sequences_of_labels_is_the_same() -> None:
    def build(v: Values) -> Any:
        import keras

        layers = keras.layers
        made = keras.Sequential(
            [layers.Input((6, 3)), layers.Dropout(v.dropout), layers.Dense(4, activation="softmax")]
        )
        made.compile(keras.optimizers.Adam(v.rate), keras.losses.CTC())
        return made

    check(Case("CTC", build, lambda: fit_data(lambda n: numbers(n, 6, 3), lambda n: 1 + whole(3, n, 2))))


@pytest.mark.parametrize("what", ["function", pytest.param("class", marks=pytest.mark.slow)])
def test_a_loss_and_a_metric_of_the_users_own_are_the_same(what: str) -> None:
    import keras

    def weighed(y: Any, predicted: Any) -> Any:
        return keras.ops.mean(keras.ops.abs(y - predicted) ** 1.5, axis=-1)

    class Weighed(keras.losses.Loss):
        def call(self, y: Any, predicted: Any) -> Any:
            return weighed(y, predicted)

    class Largest(keras.metrics.Metric):
        def __init__(self) -> None:
            super().__init__(name="largest")
            self.value = self.add_weight(shape=(), initializer="zeros", name="value")

        def update_state(self, y: Any, predicted: Any, sample_weight: Any = None) -> None:
            self.value.assign(keras.ops.maximum(self.value, keras.ops.max(keras.ops.abs(y - predicted))))

        def result(self) -> Any:
            return self.value

    head = ("number", lambda: weighed, [lambda: weighed]) if what == "function" else ("number", Weighed, [Largest])
    check(judged_case(what, [head], **USERS_OWN))


@pytest.mark.slow
def test_a_metric_that_gives_several_numbers_is_the_same() -> None:
    import keras

    class Moments(keras.metrics.Metric):
        def __init__(self) -> None:
            super().__init__(name="moments")
            self.sums = self.add_weight(shape=(2,), initializer="zeros", name="sums")

        def update_state(self, y: Any, predicted: Any, sample_weight: Any = None) -> None:
            self.sums.assign_add([keras.ops.sum(predicted), keras.ops.sum(keras.ops.square(predicted))])

        def result(self) -> Any:
            return {"first": self.sums[0], "second": self.sums[1]}

    check(judged_case("dict", [("number", "mse", [Moments])], **USERS_OWN))


@pytest.mark.slow
def test_metrics_without_names_have_the_names_of_fit() -> None:
    import keras

    heads = [("yes", "binary_crossentropy", [keras.metrics.AUC, keras.metrics.AUC, "accuracy"])] * 2
    check(judged_case("unnamed", heads))
