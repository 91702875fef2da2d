"""Four tables of real trainings: a support vector machine, two dense networks, boosted trees."""

from benchmarks.search_quality.problems.problem import Problem, TableProblem
from benchmarks.search_quality.space import Config, boolean, choice, integer, real

__all__ = ["measured"]

_KERNELS = ("linear", "rbf", "poly", "sigmoid")
_SVM = [
    choice("kernel", _KERNELS),
    choice("scaler", ("none", "standard", "minmax")),
    boolean("balanced"),
    real("C", 1e-3, 1e3, is_log=True),
    real("gamma", 1e-5, 10.0, is_log=True, when=[("kernel", _KERNELS[1:])]),
    choice("degree", (2, 3), is_ordered=True, when=[("kernel", ("poly",))]),
    real("coef0", 0.0, 1.0, when=[("kernel", ("poly", "sigmoid"))]),
]
_OPTIMIZER = choice("optimizer", ("sgd", "adam"))
_DIGITS = [
    _OPTIMIZER,
    integer("units", 16, 128, 16),
    choice("batch_size", (16, 32, 64, 128), is_ordered=True),
    choice("activation", ("relu", "tanh")),
    real("lr", 1e-4, 1.0, is_log=True),
    real("momentum", 0.0, 0.97, when=[("optimizer", ("sgd",))]),
    real("dropout", 0.0, 0.5),
]
_PATCHES = [
    integer("num_layers", 1, 3),
    integer("units_0", 16, 128, 16),
    integer("units_1", 16, 128, 16, when=[("num_layers", (2, 3))]),
    integer("units_2", 16, 128, 16, when=[("num_layers", (3,))]),
    boolean("layer_norm"),
    _OPTIMIZER,
    real("lr", 1e-4, 1.0, is_log=True),
    real("momentum", 0.0, 0.9, when=[("optimizer", ("sgd",))]),
    real("dropout", 0.0, 0.4),
]
_TREES = [
    real("learning_rate", 1e-2, 1.0, is_log=True),
    integer("max_depth", 1, 8),
    real("subsample", 0.3, 1.0),
    real("max_features", 0.15, 1.0),
    integer("min_samples_leaf", 1, 60, is_log=True),
]


def _digits_cost(c: Config) -> float:
    return float(0.1 + 900.0 / c["batch_size"] * (0.004 + c["units"] / 2e4))


def _patches_cost(c: Config) -> float:
    return float(0.3 + sum(c[f"units_{i}"] for i in range(c["num_layers"])) / 80.0)


def _trees_cost(c: Config) -> float:
    return float(0.1 + 0.08 * c["max_depth"] * c["subsample"] * c["max_features"])


def measured() -> list[Problem]:
    """Return the four problems."""
    return [
        TableProblem("svm_breast", _SVM),
        TableProblem("mlp_digits", _DIGITS, _digits_cost),
        TableProblem("mlpdeep_patches", _PATCHES, _patches_cost),
        TableProblem("gbm_breast", _TREES, _trees_cost),
    ]
