"""Turns what a trial returned into the metrics it is judged by."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kt_notebook.core.errors import FatalObjectiveError, FatalResultError, ResultError
from kt_notebook.core.objective import MultiObjective, missing_objective_error, number_objective
from kt_notebook.core.protocol import Result
from kt_notebook.training.execution import Execution, settle_by_fit
from kt_notebook.training.kinds import as_number, describe, is_history, is_model

__all__ = ["average", "interpret"]

_ALLOWED = "Return a Keras History (what model.fit returns), a number, or a dict of numbers."


# Any: a trial may return anything at all.
def interpret(
    value: Any,
    execution: Execution,
    *,
    last_fit_counts: bool = False,
    may_be_none: bool = False,
    averages_numbers: bool = False,
) -> Result:
    """Return the metrics that a returned value means.

    Args:
        value: What the trial returned.
        execution: The run that returned it.
        last_fit_counts: Whether a value that is no score falls back on the last fit. None and a model always do.
        may_be_none: Whether None is right also without a fit: the trial has reported its result itself.
        averages_numbers: Whether a list of numbers is one score for each run, as KerasTuner's methods may return it;
            else it is refused, for it may well be what `model.evaluate` gave.

    Raises:
        ResultError: The value is no score.
        FatalError: So it would be in every trial, or the objective is not among the metrics.
    """
    if isinstance(value, Result):
        return value
    if is_history(value):
        return _from_history(value, execution)
    number = as_number(value)
    if number is not None:
        return _from_number(number, execution)
    if isinstance(value, Mapping):
        return _from_mapping(value, execution)
    if isinstance(value, list | tuple) and value and all(_is_score(part) for part in value):
        return _from_list(value, execution, averages_numbers=averages_numbers)
    if value is None or is_model(value) or last_fit_counts:
        return _from_last_fit(value, execution, may_be_none=may_be_none)
    raise _no_score(value)


def average(results: Sequence[Result]) -> Result:
    """Return the metrics averaged over executions, and the mean best epoch, rounded down as KerasTuner does."""
    if len(results) == 1:
        return results[0]
    names = dict.fromkeys(name for result in results for name in result.metrics)
    metrics = {
        name: float(np.mean([result.metrics[name] for result in results if name in result.metrics])) for name in names
    }
    steps = [result.best_step for result in results if result.best_step is not None]
    return Result(metrics, int(np.mean(steps)) if steps else None)


def _is_score(value: Any) -> bool:
    return is_history(value) or isinstance(value, Mapping | Result) or as_number(value) is not None


def _from_history(history: Any, execution: Execution) -> Result:
    stage = execution.stage_of(history)
    if stage is None:
        stage = execution.open_stage(history.model, history)
        for metrics in _epochs_of(history.history):
            execution.end_epoch(stage, metrics, None)
    result = execution.best_of(stage)
    if result is None:
        raise ResultError("The fit whose History was returned has trained no epoch. Give it epochs=1 or more.")
    return result


def _epochs_of(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, float]]:
    """Return a History's values by epoch; validated every k epochs, those of the validation are shorter."""
    n_epochs = max((len(values) for values in columns.values()), default=0)
    epochs: list[dict[str, float]] = [{} for _ in range(n_epochs)]
    for name, values in columns.items():
        every = n_epochs // len(values) if values else 1
        for index, value in enumerate(values):
            number = as_number(value)
            if number is not None:
                epochs[(index + 1) * every - 1][name] = number
    return epochs


def _from_number(number: float, execution: Execution) -> Result:
    objective = execution.reporter.objective
    if isinstance(objective, MultiObjective):
        names = ", ".join(part.name for part in objective.objectives)
        raise FatalResultError(
            f"The trial returned one number, {number:g}, for several objectives ({names}). "
            "Return a dict with a number for each."
        )
    if objective is None:
        objective = number_objective()
        execution.reporter.choose_objective(objective)
        execution.reporter.note(
            "advice",
            "number_minimised",
            "The number that a trial returns is made as small as can be. Where more is better: --objective score:max, "
            "in Python objective='score:max'.",
        )
    return Result({objective.name: number}, None)


def _from_mapping(value: Mapping[Any, Any], execution: Execution) -> Result:
    metrics = {}
    for name, part in value.items():
        number = as_number(part)
        if number is None or not isinstance(name, str):
            raise FatalResultError(
                f"The trial returned a dict with {describe(part)} under {name!r}. Names are text and values numbers: "
                "{'accuracy': 0.9}."
            )
        metrics[name] = number
    if not metrics:
        raise ResultError(f"The trial returned an empty dict. {_ALLOWED}")
    objective = execution.reporter.objective
    if objective is None:
        first = next(iter(metrics))
        raise FatalResultError(
            f"The trial returned a dict with {', '.join(metrics)}; which of them counts was not said. "
            f"Name it: --objective {first}:max or {first}:min, in Python objective=Objective({first!r}, 'max')."
        )
    if not objective.has_value(metrics):
        raise FatalObjectiveError(str(missing_objective_error(objective, metrics)))
    return Result(metrics, None)


def _from_list(values: Sequence[Any], execution: Execution, *, averages_numbers: bool) -> Result:
    numbers = [number for part in values if (number := as_number(part)) is not None]
    if numbers and averages_numbers:
        execution.reporter.note(
            "advice",
            "numbers_averaged",
            "The trial returns a list of numbers: their mean is the score. If they come from model.evaluate, which "
            "gives the loss and then the metrics, return one of them.",
        )
    elif len(numbers) == len(values):
        shown = ", ".join(f"{number:.4g}" for number in numbers[:4])
        raise FatalResultError(
            f"The trial returned {len(values)} numbers ({shown}), and which of them is the score is not known. Return "
            "one of them; model.evaluate gives the loss first, then the metrics: `loss, accuracy = model.evaluate(…)`, "
            "and `accuracy` as the last line, with --objective accuracy:max."
        )
    return average([interpret(part, execution) for part in values])


def _from_last_fit(value: Any, execution: Execution, *, may_be_none: bool) -> Result:
    if execution.n_models > 1:
        raise FatalResultError(
            f"The trial fitted {execution.n_models} models and returned {describe(value)}, so which fit counts is not "
            f"known. {_ALLOWED[:-1]} as its last expression."
        )
    stages = [stage for stage in execution.stages if stage.epochs]
    if not stages:
        if value is None and may_be_none:
            return Result()
        raise _no_score(value)
    settle_by_fit(execution.reporter, {name for s in stages for _, metrics in s.epochs for name in metrics})
    result = execution.best_of(stages[-1])
    if result is None:
        raise _no_score(value)
    return result


def _no_score(value: Any) -> ResultError:
    text = f"The trial returned {describe(value)}, which is no score. {_ALLOWED}"
    if value is None:
        text += " In a cell, put the score on a last line of its own."
        # One branch without a return is a fault of that trial, not of all.
        return ResultError(text)
    return FatalResultError(text)
