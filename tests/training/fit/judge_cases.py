"""Every loss and every metric that Keras ships, with outputs and labels that each of them is made for."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.training.same_as_fit import FUSED, REUSED, Case, Values, fit_data, numbers, whole

N_CLASSES = 3

# What a model gives and is judged by, by kind: activation of the last layer, its units, and labels for n rows.
_KINDS: dict[str, tuple[str, int, Callable[[int], Any]]] = {
    "number": ("linear", 1, lambda n: numbers(n, 1, seed=3)),
    "numbers": ("linear", N_CLASSES, lambda n: numbers(n, N_CLASSES, seed=3)),
    "count": ("softplus", 1, lambda n: whole(5, n, 1, seed=3).astype("float32")),
    "yes": ("sigmoid", 1, lambda n: whole(2, n, 1, seed=3)),
    "sign": ("tanh", 1, lambda n: 2.0 * whole(2, n, 1, seed=3) - 1.0),
    "class": ("softmax", N_CLASSES, lambda n: whole(N_CLASSES, n, seed=3)),
    "one hot": ("softmax", N_CLASSES, lambda n: np.eye(N_CLASSES, dtype="float32")[whole(N_CLASSES, n, seed=3)]),
    "many": ("sigmoid", N_CLASSES, lambda n: whole(2, n, N_CLASSES, seed=3).astype("float32")),
}
# By class: the kind of output, and arguments.
LOSSES: dict[str, tuple[str, dict[str, Any]]] = {
    "BinaryCrossentropy": ("yes", {"label_smoothing": 0.1}),
    "BinaryFocalCrossentropy": ("yes", {}),
    "CategoricalCrossentropy": ("one hot", {"label_smoothing": 0.1}),
    "CategoricalFocalCrossentropy": ("one hot", {}),
    "CategoricalGeneralizedCrossEntropy": ("class", {}),
    "CategoricalHinge": ("one hot", {}),
    "Circle": ("class", {}),
    "CosineSimilarity": ("numbers", {}),
    "Dice": ("one hot", {}),
    "Hinge": ("sign", {}),
    "Huber": ("number", {"delta": 0.5}),
    "KLDivergence": ("one hot", {}),
    "LogCosh": ("number", {}),
    "MeanAbsoluteError": ("number", {"reduction": "sum"}),
    "MeanAbsolutePercentageError": ("number", {}),
    "MeanSquaredError": ("number", {"reduction": "mean_with_sample_weight"}),
    "MeanSquaredLogarithmicError": ("count", {}),
    "Poisson": ("count", {}),
    "SparseCategoricalCrossentropy": ("class", {"ignore_class": 0}),
    "SquaredHinge": ("sign", {}),
    "Tversky": ("one hot", {"alpha": 0.3}),
}
LEFT_OUT_LOSSES = {
    "CTC": "needs sequences of labels: a test of its own",
    "Loss": "the base class: a loss of the user's own is in test_losses_and_metrics.py",
}
METRICS: dict[str, tuple[str, dict[str, Any]]] = {
    "AUC": ("yes", {"num_thresholds": 20}),
    "Accuracy": ("count", {}),
    "BinaryAccuracy": ("yes", {"threshold": 0.4}),
    "BinaryCrossentropy": ("yes", {}),
    "BinaryIoU": ("yes", {}),
    "CategoricalAccuracy": ("one hot", {}),
    "CategoricalCrossentropy": ("one hot", {}),
    "CategoricalHinge": ("one hot", {}),
    "ConcordanceCorrelation": ("numbers", {}),
    "CosineSimilarity": ("numbers", {}),
    "F1Score": ("many", {"average": "macro", "threshold": 0.5}),
    "FBetaScore": ("one hot", {"beta": 2.0}),
    "FalseNegatives": ("yes", {}),
    "FalsePositives": ("yes", {"thresholds": [0.3, 0.6]}),
    "Hinge": ("sign", {}),
    "IoU": ("class", {"num_classes": N_CLASSES, "target_class_ids": [1], "sparse_y_pred": False}),
    "KLDivergence": ("one hot", {}),
    "LogCoshError": ("number", {}),
    "MeanAbsoluteError": ("number", {}),
    "MeanAbsolutePercentageError": ("number", {}),
    "MeanIoU": ("class", {"num_classes": N_CLASSES, "sparse_y_pred": False}),
    "MeanSquaredError": ("number", {}),
    "MeanSquaredLogarithmicError": ("count", {}),
    "OneHotIoU": ("one hot", {"num_classes": N_CLASSES, "target_class_ids": [0, 1]}),
    "OneHotMeanIoU": ("one hot", {"num_classes": N_CLASSES}),
    "PearsonCorrelation": ("numbers", {}),
    "Poisson": ("count", {}),
    "Precision": ("yes", {"thresholds": 0.4}),
    "PrecisionAtRecall": ("yes", {"recall": 0.5, "num_thresholds": 20}),
    "R2Score": ("number", {}),
    "Recall": ("many", {"class_id": 1}),
    "RecallAtPrecision": ("yes", {"precision": 0.5, "num_thresholds": 20}),
    "RootMeanSquaredError": ("number", {}),
    "SensitivityAtSpecificity": ("yes", {"specificity": 0.5, "num_thresholds": 20}),
    "SparseCategoricalAccuracy": ("class", {}),
    "SparseCategoricalCrossentropy": ("class", {}),
    "SparseTopKCategoricalAccuracy": ("class", {"k": 2}),
    "SpecificityAtSensitivity": ("yes", {"sensitivity": 0.5, "num_thresholds": 20}),
    "SquaredHinge": ("sign", {}),
    "TopKCategoricalAccuracy": ("one hot", {"k": 2}),
    "TrueNegatives": ("yes", {}),
    "TruePositives": ("yes", {}),
}
LEFT_OUT_METRICS = {
    "Mean": "takes values, not labels: models use it by add_metric of their own, as in test_models.py",
    "MeanMetricWrapper": "wraps functions: every metric by its name is one",
    "Metric": "the base class: a metric of the user's own is in test_losses_and_metrics.py",
    "Sum": "as Mean",
}
# What goes by several short names; all others by their own.
NAMES = ("mse", "mae", "mape", "msle", "cosine_similarity", "hinge")


def judged_case(
    name: str,
    heads: Sequence[tuple[str, Any, Sequence[Any]]],
    *,
    later: Any = REUSED,
    why: str = "",
    data: dict[str, Any] | None = None,
    **compiled: Any,
) -> Case:
    """Return a case whose model has an output for each head.

    Args:
        name: Of the case.
        heads: For each output its kind, a function that makes its loss and functions that make its metrics; each is
            called for each model. A name stands for itself.
        later, why: As in `Case`.
        data: Further arguments of fit.
        **compiled: Further arguments of compile.
    """
    one = len(heads) == 1

    def build(v: Values) -> Any:
        import keras

        begin = keras.layers.Input((8,))
        x = keras.layers.Dense(6, activation="tanh", kernel_regularizer=keras.regularizers.L1(v.l2))(begin)
        x = keras.layers.Dropout(v.dropout)(x)
        ends = [keras.layers.Dense(_KINDS[kind][1], activation=_KINDS[kind][0])(x) for kind, _, _ in heads]
        made = keras.Model(begin, ends[0] if one else ends)
        losses = [_made(loss) for _, loss, _ in heads]
        metrics = [[_made(metric) for metric in those] for _, _, those in heads]
        made.compile(
            keras.optimizers.SGD(v.rate),
            losses[0] if one else losses,
            metrics=metrics[0] if one else metrics,
            **compiled,
        )
        return made

    def labels(n: int) -> Any:
        made = [_KINDS[kind][2](n) for kind, _, _ in heads]
        return made[0] if one else made

    def arguments() -> dict[str, Any]:
        return fit_data(lambda n: numbers(n, 8), labels, **(data or {}))

    return Case(name, build, arguments, later=later, why=why)


def _made(value: Any) -> Any:
    return value if isinstance(value, str) else value()


def loss(name: str) -> tuple[str, Callable[[], Any]]:
    """Return a loss' kind of output and what makes it."""
    import keras

    kind, arguments = LOSSES[name]
    return kind, lambda: getattr(keras.losses, name)(**arguments)


def metric(name: str) -> tuple[str, Callable[[], Any]]:
    """Return a metric's kind of output and what makes it."""
    import keras

    kind, arguments = METRICS[name]
    return kind, lambda: getattr(keras.metrics, name)(**arguments)


def metrics_by_kind(names: Sequence[str]) -> dict[str, list[str]]:
    """Return these metrics, apart by the output that they judge."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(METRICS[name][0], []).append(name)
    return found


# A loss with which a model can be trained for any metric of the kind.
LOSS_OF_KIND = {
    "number": "mse",
    "numbers": "mse",
    "count": "poisson",
    "yes": "binary_crossentropy",
    "sign": "hinge",
    "class": "sparse_categorical_crossentropy",
    "one hot": "categorical_crossentropy",
    "many": "binary_crossentropy",
}
USERS_OWN = {"later": FUSED, "why": "a function of the user's may have anything in it"}
