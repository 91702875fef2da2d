"""Runs the same trials with Keras' own fit and the fast way, and says whatever is left of them that differs by a bit.

How it works: one trial function runs the trials of a case one after another, so that the later ones can take over the
graph of the first. What each leaves is copied when it ends: epochs, history, every variable of model and optimizer,
configs. When all trials have ended, the models are looked at once more, since a later trial may have used what an
earlier one had: they must be as they were, and predict, evaluate and train on by themselves.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest

from kt_notebook.core.fit_way import FitPath, FitWay
from kt_notebook.core.space import HyperParameters
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.training.seeding import seeded
from kt_notebook.training.trial_function import make_trial_function
from tests.fakes import FakeReporter, assignment

PLAIN, FUSED, REUSED = FitPath.PLAIN, FitPath.FUSED, FitPath.REUSED
BATCH = 16
N_ROWS = 50  # Three batches and a smaller one.
N_VALIDATION = 20  # Two batches and a smaller one, of eight.


class Values(NamedTuple):
    """What differs between the trials of a case: constants that a taken-over graph must not keep."""

    rate: float
    dropout: float
    l2: float


VALUES = (Values(1e-2, 0.2, 1e-3), Values(3e-3, 0.5, 1e-2), Values(2e-2, 0.35, 1e-4))


# The data: the same numbers in every process.


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def whole(high: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, high, *shape]).integers(0, high, shape)


def pictures(n: int, size: int = 8) -> np.ndarray:
    return np.random.default_rng(n).uniform(0, 255, (n, size, size, 3)).astype("float32")


Make = Callable[[int], Any]  # An array, or what fit takes in the place of one, with this many rows.


def fit_data(make_x: Make, make_y: Make | None = None, n: int = N_ROWS, **further: Any) -> dict[str, Any]:
    """Return arguments of fit: n rows, batches that they do not divide into, validation in several batches."""
    make_y = make_y or (lambda n: numbers(n, 1, seed=7))
    return {
        "x": make_x(n),
        "y": make_y(n),
        "validation_data": (make_x(N_VALIDATION), make_y(N_VALIDATION)),
        "validation_batch_size": 8,
        "batch_size": BATCH,
        "epochs": 2,
        **further,
    }


def rows(n: int = N_ROWS, **further: Any) -> dict[str, Any]:
    """Return `fit_data` with eight numbers a row."""
    return fit_data(lambda n: numbers(n, 8), n=n, **further)


def small_model(v: Values, *, n_inputs: int = 8, loss: Any = "mse", metrics: Any = ("mae",), **compiled: Any) -> Any:
    """Return a compiled model with all the constants that trials differ in."""
    import keras

    made = keras.Sequential(
        [
            keras.layers.Input((n_inputs,)),
            keras.layers.Dense(6, activation="relu", kernel_regularizer=keras.regularizers.L2(v.l2)),
            keras.layers.Dropout(v.dropout),
            keras.layers.Dense(1),
        ]
    )
    compiled.setdefault("optimizer", keras.optimizers.Adam(v.rate))
    made.compile(loss=loss, metrics=None if metrics is None else list(metrics), **compiled)
    return made


# Cases.


@dataclass(frozen=True)
class Case:
    """Trials that have to come to the same.

    Attributes:
        name: Of the test.
        build: Makes a trial's model.
        data: Makes the arguments of fit, callbacks among them, anew for each way.
        first, later: The path of each fit of the first trial, and of the others'. A path for all fits, or one for each;
            None: any but Keras' own.
        why: Where not (fused, reused): why nothing faster is the same. Begins the table of exceptions.
        fit: Trains in the place of `HyperModel.fit`: called with hypermodel, model, arguments.
        around: Entered around making the trial function and all that follows.
        is_used_on: Whether the models are used after all trials have ended, which costs as much as the trials; None:
            in `make test-all`.
        values: The trials'.
        told: What callbacks and models of the case write down while they run; each trial finds it empty.
    """

    name: str
    build: Callable[[Values], Any]
    data: Callable[[], dict[str, Any]] = rows
    first: FitPath | Sequence[FitPath] | None = FUSED
    later: FitPath | Sequence[FitPath] | None = REUSED
    why: str = ""
    fit: Callable[..., Any] | None = None
    around: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext
    is_used_on: bool | None = None
    values: Sequence[Values] = VALUES
    told: list[Any] = field(default_factory=list)


@dataclass
class Left:
    """What is left of one trial."""

    result: Any
    epochs: list[Any]
    stages: list[int]
    notes: list[Any]
    models: list[dict[str, Any]]
    told: list[Any] = field(default_factory=list)
    afterwards: list[dict[str, Any]] = field(default_factory=list)
    paths: list[FitPath] = field(default_factory=list, compare=False)
    reasons: list[str | None] = field(default_factory=list, compare=False)
    logged: list[str] = field(default_factory=list, compare=False)


class Remembering(HyperModel):
    """Builds a case's models and remembers them."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case
        self.models: list[Any] = []
        self.values = VALUES[0]

    def build(self, hp: HyperParameters) -> Any:
        self.values = Values(*(hp.Float(name, 0.0, 1.0) for name in Values._fields))
        return self.another()

    def another(self) -> Any:
        """Return one more model with the values of the running trial."""
        made = self.case.build(self.values)
        self.models.append(made)
        return made


class OwnFit(Remembering):
    """The same with a fit of the case's own."""

    def fit(self, hp: HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        assert self.case.fit is not None
        return self.case.fit(self, model, *args, **kwargs)


def hyperparameters(values: Values) -> HyperParameters:
    hp = HyperParameters()
    for name, value in values._asdict().items():
        hp.Float(name, 0.0, 1.0)
        hp.values[name] = value
    return hp


def run_trials(case: Case, fit_way: FitWay, n: int = 2, *, first_seed: int = 1) -> list[Left]:
    """Run the first `n` trials of a case by one trial function, and return what each of them left."""
    with case.around():
        hypermodel = (OwnFit if case.fit else Remembering)(case)
        trial = make_trial_function(hypermodel, (), case.data(), fit_way=fit_way)
        left, models = [], []
        for number, values in enumerate(case.values[:n]):
            hypermodel.models.clear()
            case.told.clear()
            reporter = FakeReporter()
            given = assignment(hyperparameters(values), trial_id=str(number), seed=first_seed + number)
            with _listening() as logged:
                result = trial(given, reporter)
            models.append(list(hypermodel.models))
            left.append(_left(result, reporter, models[-1], list(case.told)))
            left[-1].logged = logged
        if bool(os.environ.get("EXPLORE")) if case.is_used_on is None else case.is_used_on:
            for number, (one, made) in enumerate(zip(left, models, strict=True)):
                one.afterwards = [
                    _used_on(model, before, case, number) for model, before in zip(made, one.models, strict=True)
                ]
        return left


@contextlib.contextmanager
def _listening() -> Iterator[list[str]]:
    """Give what TensorFlow logs in the block: a user would see it. How often is traced, it counts for all tests."""
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("tensorflow")
    logger.addHandler(handler)
    try:
        yield told
    finally:
        logger.removeHandler(handler)
        told[:] = [text for text in told if "retracing" not in text]


def _left(result: Any, reporter: FakeReporter, models: list[Any], told_by_case: list[Any]) -> Left:
    fits = {(execution, stage): told for execution, stage, *told in reporter.fits}  # What was told last counts.
    return Left(
        result,
        reporter.epochs,
        reporter.stages,
        reporter.notes,
        [state_of(model) for model in models],
        told_by_case,
        paths=[path for path, _ in fits.values()],
        reasons=[reason for _, reason in fits.values()],
    )


def state_of(model: Any) -> dict[str, Any]:
    """Return a copy of all that a fit changes in a model, and of what it must not change."""
    history = getattr(model, "history", None)  # None before the first fit.
    variables = [*model.variables, *(v for metric in model.metrics for v in metric.variables)]
    return {
        **{f"variable {i} {v.path}": np.array(v) for i, v in enumerate(variables)},
        **{f"optimizer {i}": np.array(v) for i, v in enumerate(model.optimizer.variables)},
        **({f"metric {name}": value for name, value in model.get_metrics_result().items()} if history else {}),
        # Their own names: what stands before is the scope in which they were made, and nothing goes by it.
        "optimizer's names": [v.name for v in model.optimizer.variables],
        "history": history and [dict(history.history), list(history.epoch), dict(history.params)],
        "stop_training": getattr(model, "stop_training", None),
        "trainable": [v.path for v in model.trainable_variables],
        "config": _config(model),
    }


def _config(model: Any) -> str | None:
    try:
        return str(model.to_json())
    except Exception:  # noqa: BLE001  # What cannot be saved is so in both ways.
        return None


def _used_on(model: Any, before: dict[str, Any], case: Case, number: int) -> dict[str, Any]:
    """Use a model after all trials, by Keras alone, and return what comes of it."""
    now = state_of(model)
    changed = [name for name, value in now.items() if not _is_same(value, before[name])]
    given = {**case.data(), "callbacks": None, "epochs": 1, "initial_epoch": 0, "verbose": 0}
    with seeded(77 + number):
        x, y = given["x"], given.get("y")
        found: dict[str, Any] = {"changed by later trials": changed}
        if y is not None:
            found["predicted"] = _arrays(model.predict(x, batch_size=BATCH, verbose=0))
            found["evaluated"] = model.evaluate(x, y, batch_size=BATCH, verbose=0, return_dict=True)
        found["trained on"] = model.fit(**given).history
    return {**found, **state_of(model)}


def _arrays(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _arrays(part) for name, part in value.items()}
    return [_arrays(part) for part in value] if isinstance(value, list | tuple) else np.array(value)


# Which cases there are, and which of them `make test` takes.


def classes_of(module: Any, base: type) -> set[str]:
    """Return the classes of a Keras module, each by one of its names: the one of its class where it has that."""
    found: dict[type, set[str]] = {}
    for name, value in vars(module).items():
        if isinstance(value, type) and issubclass(value, base):
            found.setdefault(value, set()).add(name)
    return {kind.__name__ if kind.__name__ in names else min(names) for kind, names in found.items()}


def slow_but(quick: Sequence[str], names: Iterable[str]) -> list[Any]:
    """Return names to parametrize a test with: those that are not quick are for `make test-all` alone."""
    known = list(names)
    assert not set(quick) - set(known), set(quick) - set(known)
    return [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in known]


# Comparing.


def differences(expected: Any, found: Any, place: str = "") -> Iterator[str]:
    """Tell where two things that trials left differ, by as little as a bit; NaN is as good as NaN."""
    if isinstance(expected, Left) and isinstance(found, Left):
        for name in ("result", "epochs", "stages", "notes", "models", "told", "afterwards"):
            yield from differences(getattr(expected, name), getattr(found, name), f"{place} {name}")
    elif isinstance(expected, dict) and isinstance(found, dict):
        for name in [*expected, *(found.keys() - expected.keys())]:
            if name not in expected or name not in found:
                yield f"{place} {name!r} only {'expected' if name in expected else 'found'}"
            else:
                yield from differences(expected[name], found[name], f"{place} {name}")
    elif isinstance(expected, list | tuple) and isinstance(found, list | tuple):
        if len(expected) != len(found):
            yield f"{place}: expected {len(expected)} of {_shown(expected)}, found {len(found)} of {_shown(found)}"
        for number, (a, b) in enumerate(zip(expected, found, strict=False)):
            yield from differences(a, b, f"{place}[{number}]")
    elif not _is_same(expected, found):
        yield f"{place}: expected {_shown(expected)}, found {_shown(found)}{_distance(expected, found)}"


def _is_same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray | np.generic | float) and isinstance(b, np.ndarray | np.generic | float):
        a, b = np.asarray(a), np.asarray(b)
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        return a.tobytes() == b.tobytes() or (_is_number(a) and _is_same_but_for_nan(a, b))

    if isinstance(a, dict | list | tuple):
        return type(a) is type(b) and not list(differences(a, b))
    if hasattr(a, "numpy") and hasattr(b, "numpy"):
        return _is_same(a.numpy(), b.numpy())
    return bool(a == b)


def _is_number(a: np.ndarray) -> bool:
    return a.dtype.kind == "f" or a.dtype.name == "bfloat16"


def _is_same_but_for_nan(a: np.ndarray, b: np.ndarray) -> bool:
    is_equal = (a == b) & (np.signbit(a) == np.signbit(b))
    return bool(np.all(is_equal | (np.isnan(a) & np.isnan(b))))


def _shown(value: Any) -> str:
    text = repr(value).replace("\n", " ")
    return text if len(text) < 120 else f"{text[:117]}…"


def _distance(a: Any, b: Any) -> str:
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.shape == b.shape and _is_number(a)):
        return ""
    apart = np.abs(a.astype("float64") - b.astype("float64"))
    return f" ({int((apart > 0).sum())} of {a.size} differ, at most by {np.nanmax(apart):.3g})"


def _is_expected(case: Case, number: int, paths: list[FitPath]) -> bool:
    """Return whether a trial's fits took the paths that the case says."""
    expected = case.later if number else case.first
    if expected is None:
        return bool(paths) and PLAIN not in paths
    return paths == [expected] if isinstance(expected, FitPath) else paths == list(expected)


def check(case: Case, n: int = 2) -> None:
    """Run a case both ways; fail where anything differs, or where a fit took another path than the case says."""
    __tracebackhide__ = True
    expected, found = run_trials(case, FitWay.PLAIN, n), run_trials(case, FitWay.AUTO, n)
    told = []
    for number, (a, b) in enumerate(zip(expected, found, strict=True)):
        told += differences(a, b, f"trial {number}")
        if not _is_expected(case, number, b.paths):
            told.append(f"trial {number} took {[*map(str, b.paths)]}: {b.reasons}")
        if any(path is PLAIN and not reason for path, reason in zip(b.paths, b.reasons, strict=True)):
            told.append(f"trial {number} says not why it is plain")
        if b.logged != a.logged:
            told.append(f"trial {number} lets TensorFlow log {b.logged}")
    if told:
        pytest.fail("\n".join([f"{case.name}: {len(told)} differ", *told[:30]]), pytrace=False)
