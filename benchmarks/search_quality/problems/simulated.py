"""Two simulated Keras trainings: layers that depend on each other, learning rates that diverge, twenty parameters."""

import itertools

import numpy as np

from benchmarks.search_quality.problems.functions import huber
from benchmarks.search_quality.problems.problem import CurveProblem, FunctionProblem, Problem, Shape
from benchmarks.search_quality.space import Config, boolean, choice, integer, real

__all__ = ["simulated"]

_MLP_LAYERS = 4
_MLP = [
    integer("num_layers", 1, _MLP_LAYERS),
    integer("units_0", 32, 512, 32),
    *(
        integer(f"units_{i}", 32, 512, 32, when=[("num_layers", tuple(range(i + 1, _MLP_LAYERS + 1)))])
        for i in range(1, _MLP_LAYERS)
    ),
    choice("activation", ("relu", "tanh", "gelu")),
    boolean("use_dropout"),
    real("dropout", 0.05, 0.6, when=[("use_dropout", (True,))]),
    choice("optimizer", ("adam", "sgd", "rmsprop")),
    real("momentum", 0.0, 0.98, when=[("optimizer", ("sgd",))]),
    boolean("nesterov", when=[("optimizer", ("sgd",))]),
    real("lr", 1e-5, 1.0, is_log=True),
    choice("batch_size", (16, 32, 64, 128, 256), is_ordered=True),
    real("weight_decay", 1e-7, 1e-2, is_log=True),
]


def _mlp_shape(c: Config) -> Shape | None:
    """Return the curve of a dense network; its loss is NaN at once where the learning rate is far too high."""
    n_layers, optimizer = c["num_layers"], c["optimizer"]
    units = [c[f"units_{i}"] for i in range(n_layers)]
    lr = c["lr"] / (1 - c["momentum"]) if optimizer == "sgd" else c["lr"]
    best = {"adam": -2.9, "sgd": -1.1, "rmsprop": -3.2}[optimizer]
    best = best + 0.35 * np.log10(c["batch_size"] / 64) - 0.13 * (n_layers - 1)
    best += {"relu": 0, "tanh": 0.2, "gelu": -0.1}[c["activation"]]
    d = np.log10(lr) - best
    if d > 1.6:
        return None
    widths = [np.log10(u) for u in units]
    capacity = sum(widths) / 2.7 + 0.35 * min(0, *(np.diff(widths, prepend=widths[0]) * -1))
    reg = (1.3 * c["dropout"] if c["use_dropout"] else 0) + max(0, (np.log10(c["weight_decay"]) + 5.5) / 6)
    under, over = max(0, 1.9 - capacity + 0.8 * reg), max(0, capacity - 1.35 - 1.4 * reg)
    final = 0.30 + 0.16 * huber(d, 0.8) + 0.10 * under**1.5 + 0.16 * over**1.5
    final = final + {"relu": 0.012, "tanh": 0.02 * n_layers, "gelu": 0.0}[c["activation"]]
    final += (
        {"adam": 0.01, "sgd": 0.0, "rmsprop": 0.025}[optimizer]
        + (0 if c.get("nesterov", True) else 0.008)
        + 0.01 * abs(np.log10(c["batch_size"] / 48))
    )
    fast = max(0.25, 2.5 + 2.2 * d + (1 if optimizer != "sgd" else 0) - 0.6 * np.log10(c["batch_size"] / 64))
    return Shape(
        final=final - 0.03,
        start=2.2,
        tau=6 / fast,
        power=1.9,
        overfit=0.5 * over * max(0.2, 1 + d),
        overfit_at=9 / max(0.5, 1 + 0.5 * d),
        diverge_at=int(14 - 8 * (d - 1.3)) if d > 1.3 else None,
    )


def _mlp_cost(c: Config) -> float:
    widths = [64, *(c[f"units_{i}"] for i in range(c["num_layers"])), 10]
    n_weights = sum(a * b for a, b in itertools.pairwise(widths))
    return float(0.4 + 60.0 / c["batch_size"] + n_weights / 1.5e5)


_CNN = [
    integer("blocks", 1, 5),
    integer("filters", 8, 128, is_log=True),
    choice("kernel", (3, 5, 7), is_ordered=True),
    choice("pool", ("max", "avg", "stride")),
    boolean("batch_norm"),
    boolean("residual"),
    choice("head", ("flatten", "gap", "gmp")),
    integer("dense", 32, 512, 32),
    *(boolean(f"aug_{kind}") for kind in ("flip", "rot", "crop", "color", "cutout")),
    real("mixup", 0.0, 0.6),
    real("dropout", 0.0, 0.7, 0.05),
    real("label_smoothing", 0.0, 0.3),
    real("lr", 1e-5, 0.3, is_log=True),
    real("l2", 1e-8, 1e-2, is_log=True),
    choice("batch_size", (32, 64, 128, 256), is_ordered=True),
    choice("schedule", ("constant", "cosine", "onecycle")),
]


def _cnn_loss(c: Config) -> float:
    """Return the loss of a convolutional network; NaN where it diverges without batch normalisation."""
    d = (
        np.log10(c["lr"])
        + 2.4
        - (0.6 if c["batch_norm"] else 0)
        - 0.4 * np.log10(c["batch_size"] / 64)
        - (0.3 if c["schedule"] == "onecycle" else 0)
    )
    if d > 1.5 and not c["batch_norm"]:
        return float("nan")
    augmentation = 0.5 * c["aug_flip"] + 0.2 * c["aug_rot"] + 0.7 * c["aug_crop"] + 0.1 * c["aug_color"]
    augmentation = augmentation + 0.45 * c["aug_cutout"] + c["mixup"]
    depth = c["blocks"] + (0.5 if c["residual"] else 0)
    capacity = 1.1 * np.log10(c["filters"]) + 0.35 * depth + (0.25 if c["head"] == "flatten" else 0)
    reg = augmentation + 0.8 * c["dropout"] + 0.12 * max(0, np.log10(c["l2"]) + 5)
    y = 0.08 + 0.05 * huber(d, 0.7) + 0.035 * abs(capacity - 3.0 - 0.35 * (reg - 1.6)) + 0.012 * (reg - 1.7) ** 2
    y += (
        0.02 * max(0, depth - 3) * (not c["residual"])
        + 0.02 * (not c["batch_norm"])
        + {"gap": 0, "flatten": 0.012, "gmp": 0.008}[c["head"]]
    )
    y += {"max": 0.002, "avg": 0.006, "stride": 0}[c["pool"]] + {"constant": 0.014, "cosine": 0, "onecycle": 0.002}[
        c["schedule"]
    ]
    y += (
        0.05 * (c["label_smoothing"] - 0.1) ** 2
        + 0.004 * abs(np.log10(c["batch_size"] / 128))
        + 0.003 * abs(c["kernel"] - 3)
        + 0.02 * (c["aug_rot"] and c["aug_cutout"])
    )
    return float(y)


def simulated() -> list[Problem]:
    """Return the two problems."""
    return [
        CurveProblem("keras_mlp_cond", _MLP, _mlp_shape, noise=0.012, jitter=0.012, cost=_mlp_cost),
        FunctionProblem("keras_cnn_aug20", _CNN, _cnn_loss, noise=0.004),
    ]
