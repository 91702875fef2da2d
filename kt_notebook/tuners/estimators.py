"""Fits scikit-learn estimators and scores them, with sample weights wherever these are taken."""

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kt_notebook.core.errors import FatalResultError, OptionError
from kt_notebook.training.kinds import as_number, describe, is_model
from kt_notebook.tuners.samples import Samples

__all__ = ["SCORE", "Scoring", "Tell", "average", "check_estimator", "fit_estimator"]

# KerasTuner's name for what an estimator is judged by.
SCORE = "score"
_STD = f"{SCORE}_std"
_WEIGHT = "sample_weight"

# Leaves a note: a code, and a text that the user should read once.
Tell = Callable[[str, str], None]


class Scoring:
    """What fitted estimators are scored by.

    Args:
        scoring: A scorer's name, a function `(estimator, X, y)`, or None: the estimator's own `score`.
        metrics: Functions `(y_true, y_pred)` that are measured besides.

    Raises:
        OptionError: One of them is something else.

    Attributes:
        names: What the result of a trial holds.
        is_better_larger: Whether the score is known to be better the larger it is.
    """

    # Any: estimators are whatever has their methods; here and below.
    def __init__(self, scoring: Any, metrics: Sequence[Any]) -> None:
        self._scorer = _scorer_of(scoring)
        self._metrics = _named(metrics)
        self.is_better_larger = self._scorer is None or isinstance(scoring, str) or _is_scorer(scoring)
        self.names = (SCORE, _STD, *self._metrics)

    @property
    def needs(self) -> dict[str, str]:
        """The methods that an estimator must have for it, each with what to do where it is missing."""
        needs = {}
        if self._scorer is None:
            needs["score"] = "Give the tuner scoring=, a scorer's name or a function (estimator, X, y)"
        if self._metrics:
            needs["predict"] = "Leave out metrics=, and give what can be measured without predictions as scoring="
        return needs

    def measure(self, model: Any, held_out: Samples, tell: Tell) -> dict[str, float]:
        """Return the score of a fitted estimator, and its metrics.

        Raises:
            FatalResultError: What was measured is no number, or there is no y to compare predictions with.
        """
        target = () if held_out.y is None else (held_out.y,)
        if self._scorer is None:
            takes = _score_takes_weights(model)
            what = f"{type(model).__name__}.score"
            value = model.score(held_out.X, *target, **_weights(held_out, takes=takes, what=what, tell=tell))
        else:
            takes = _takes(self._scorer, _WEIGHT) and _takes(_measured_by(self._scorer), _WEIGHT)
            weights = _weights(held_out, takes=takes, what=_name(self._scorer), tell=tell)
            value = self._scorer(model, held_out.X, *target, **weights)
        values = {SCORE: _number(SCORE, value)}
        if self._metrics:
            if held_out.y is None:
                raise FatalResultError(
                    f"metrics= compares predictions with y, which is None: {', '.join(self._metrics)}. Leave them out, "
                    "or search(X, y)."
                )
            predicted = model.predict(held_out.X)
            for name, metric in self._metrics.items():
                weights = _weights(held_out, takes=_takes(metric, _WEIGHT), what=name, tell=tell)
                values[name] = _number(name, metric(held_out.y, predicted, **weights))
        return values


def average(folds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each measurement over the folds, and the score's standard deviation."""
    means = {name: float(np.mean([fold[name] for fold in folds])) for name in folds[0]}
    return {**means, _STD: float(np.std([fold[SCORE] for fold in folds]))}


def check_estimator(value: Any, needs: dict[str, str]) -> None:
    """Do nothing, or end the search: what was built cannot be fitted, or not be scored.

    Raises:
        FatalResultError: It is no estimator, or it lacks a method that is needed.
    """
    kind = type(value).__name__
    if isinstance(value, type):
        raise FatalResultError(
            f"build(hp) returned the class {value.__name__}. Return an instance: {value.__name__}(…)."
        )
    if is_model(value):
        raise FatalResultError(
            f"build(hp) returned the Keras model {kind}, and SklearnTuner fits estimators of scikit-learn. Search with "
            "kt_notebook.RandomSearch, BayesianOptimization or Hyperband, which take cv= too."
        )
    if not callable(getattr(value, "fit", None)):
        raise FatalResultError(
            f"build(hp) returned {describe(value)}, which has no fit(X, y). Return an estimator of scikit-learn."
        )
    for method, cure in needs.items():
        if not callable(getattr(value, method, None)):
            raise FatalResultError(f"build(hp) returned {kind}, which has no {method}(…). {cure}.")


def fit_estimator(model: Any, samples: Samples, tell: Tell) -> None:
    """Fit an estimator, with the weights where it takes them."""
    target = () if samples.y is None else (samples.y,)
    if samples.sample_weight is None:
        model.fit(samples.X, *target)
        return
    name = _weight_argument(model)
    if name is None:
        kind = type(model).__name__
        tell("fits_unweighted", f"{kind}.fit takes no sample_weight: it is fitted without the weights.")
        model.fit(samples.X, *target)
        return
    model.fit(samples.X, *target, **{name: samples.sample_weight})


# Weights.


def _weights(samples: Samples, *, takes: bool, what: str, tell: Tell) -> dict[str, Any]:
    if samples.sample_weight is None:
        return {}
    if not takes:
        tell("scores_unweighted", f"{what} takes no sample_weight: each held-out row counts the same in it.")
        return {}
    return {_WEIGHT: samples.sample_weight}


def _weight_argument(model: Any) -> str | None:
    """Return what `fit` calls the weights, None where it takes none.

    A pipeline hands them to its last step, as scikit-learn's own do; a wrapper such as GridSearchCV to what it wraps.
    """
    from sklearn import get_config
    from sklearn.pipeline import Pipeline

    if _takes(model.fit, _WEIGHT):
        return _WEIGHT
    prefix = ""
    if isinstance(model, Pipeline):
        step, inner = model.steps[-1]
        prefix = f"{step}__"
    else:
        parts = model.get_params(deep=False).values() if hasattr(model, "get_params") else ()
        wrapped = [part for part in parts if hasattr(part, "fit") and not isinstance(part, type)]
        inner = wrapped[0] if len(wrapped) == 1 and _takes_any(model.fit) else None
    name = _weight_argument(inner) if hasattr(inner, "fit") else None
    if name is None or get_config()["enable_metadata_routing"]:
        return name  # Routed, they have one name wherever they go.
    return prefix + name


def _score_takes_weights(model: Any) -> bool:
    from sklearn.pipeline import Pipeline

    last = model.steps[-1][1] if isinstance(model, Pipeline) else model
    return _takes(model.score, _WEIGHT) and (last is model or _score_takes_weights(last))


def _takes(function: Any, name: str) -> bool:
    return name in _parameters(function)


def _takes_any(function: Any) -> bool:
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in _parameters(function).values())


def _parameters(function: Any) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # Something built in that does not tell.
        return {}


# Scorers and metrics.


def _scorer_of(scoring: Any) -> Any:
    if scoring is None:
        return None
    if isinstance(scoring, str):
        return _scorer_called(scoring)
    if isinstance(scoring, type) or not callable(scoring):
        raise OptionError(
            f"scoring is {describe(scoring)}. Give one scorer: its name, such as 'balanced_accuracy', or a function "
            "(estimator, X, y); what else is to be measured goes to metrics=."
        )
    if _is_metric(scoring):
        name = _name(scoring)
        raise OptionError(
            f"scoring is the metric {name}, and a scorer takes (estimator, X, y). "
            f"Give sklearn.metrics.make_scorer({name}), with greater_is_better=False where less of it is better."
        )
    return scoring


def _scorer_called(name: str) -> Any:
    from sklearn.metrics import get_scorer, get_scorer_names

    known = get_scorer_names()
    if name in known:
        return get_scorer(name)
    near = difflib.get_close_matches(name, known, n=1)
    opposite = f"neg_{name}"
    hint = opposite if opposite in known else near[0] if near else None
    raise OptionError(
        f"scoring={name!r} is no scorer of scikit-learn. "
        + (f"Did you mean {hint!r}?" if hint else "sklearn.metrics.get_scorer_names() lists them.")
    )


def _named(metrics: Sequence[Any]) -> dict[str, Any]:
    """Return the metrics by name; of two that are called alike the second is `<name>_1`, as in Keras."""
    named: dict[str, Any] = {}
    for metric in metrics:
        if isinstance(metric, type) or not callable(metric) or _is_scorer(metric):
            raise OptionError(
                f"metrics has {describe(metric)}. Give functions of (y_true, y_pred), such as sklearn.metrics.f1_score."
            )
        name = stem = _name(metric)
        number = 0
        while name in named or name in (SCORE, _STD):
            number += 1
            name = f"{stem}_{number}"
        named[name] = metric
    return named


def _name(function: Any) -> str:
    if isinstance(function, functools.partial):
        return _name(function.func)
    if _is_scorer(function):
        return _name(_measured_by(function))
    return str(getattr(function, "__name__", type(function).__name__))


def _is_scorer(function: Any) -> bool:
    """Return whether scikit-learn's `make_scorer` or `get_scorer` gave it."""
    return hasattr(function, "_score_func")


def _measured_by(scorer: Any) -> Any:
    """Return the metric in a scorer, which itself takes weights whether or not its metric does."""
    return getattr(scorer, "_score_func", scorer)


def _is_metric(function: Any) -> bool:
    return not _is_scorer(function) and next(iter(_parameters(function)), "") == "y_true"


def _number(name: str, value: Any) -> float:
    number = as_number(value)
    if number is None:
        raise FatalResultError(f"{name} came out as {describe(value)}. Give a function that returns one number.")
    return number
