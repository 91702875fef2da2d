"""Trials for the tests of the guard: small models, and all that a trial leaves, to be compared bit for bit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kt_notebook.core.fit_way import FitPath, FitWay
from kt_notebook.training.guard.guard import Guard
from kt_notebook.training.guard.trust import Trust
from kt_notebook.training.hypermodel import as_hypermodel
from kt_notebook.training.keras_state import capture_settings
from kt_notebook.training.trial_function import KerasTrialFunction
from kt_notebook.training.trial_run import TrialPlan
from tests.fakes import FakeReporter, assignment

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 6)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("float32")
ARGUMENTS = {"x": X, "y": Y, "validation_data": (X[:20], Y[:20]), "batch_size": 16, "epochs": 2}


@dataclass
class Left:
    """What a trial leaves. Paths and reasons do not count when two are compared."""

    epochs: list[Any]
    variables: list[bytes]
    notes: list[Any]
    told: list[Any]
    path: FitPath = field(compare=False)
    reason: str | None = field(compare=False)


def mlp(rate: float = 0.3) -> Any:
    import keras

    made = keras.Sequential(
        [
            keras.layers.Input((6,)),
            keras.layers.Dense(5, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-3)),
            keras.layers.Dropout(rate),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    made.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    return made


def guard_at(path: Path | None, **further: Any) -> Guard:
    """Return a guard as a new process would have it."""
    return Guard(Trust(path), **further)


class Search:
    """Runs trials that build their models with one function, and remembers the models."""

    def __init__(self, build: Callable[[], Any], guard: Guard, *, way: FitWay = FitWay.AUTO, **arguments: Any) -> None:
        self.models: dict[int, Any] = {}

        def build_one(hp: Any) -> Any:
            made = build()
            self.models[hp.Int("number", 0, 99)] = made
            return made

        self._arguments = {**ARGUMENTS, **arguments}
        plan = TrialPlan(as_hypermodel(build_one), (), self._arguments, capture_settings(), fit_way=way, guard=guard)
        self._run = KerasTrialFunction(plan, uses_keras=True)
        self._n = 0

    def run(self, told: list[Any] | None = None, number: int | None = None) -> Left:
        """Run the next trial; its number is its seed."""
        if number is None:
            number, self._n = self._n, self._n + 1
        given, reporter = assignment(seed=number + 1), FakeReporter()
        given.hyperparameters.Int("number", 0, 99)
        given.hyperparameters.values["number"] = number
        self._run(given, reporter)
        model = self.models[number]
        everything = [*model.variables, *model.optimizer.variables]
        (_, _, path, reason), *others = reporter.fits
        assert not others
        variables = [np.asarray(variable.value).tobytes() for variable in everything]
        return Left(reporter.epochs, variables, reporter.notes, told or [], path, reason)


def plain(build: Callable[[], Any], n: int = 1, **arguments: Any) -> list[Left]:
    """Run trials by Keras' own fit."""
    search = Search(build, guard_at(None), way=FitWay.PLAIN, **arguments)
    return [search.run() for _ in range(n)]
