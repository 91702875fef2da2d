"""Chooses how one fit of a trial runs: by Keras alone, with fused steps, or by graphs others have had traced."""

from collections.abc import Mapping, Sequence
from typing import Any

from kt_notebook.core.fit_way import FitPath, FitWay
from kt_notebook.training.execution import Execution
from kt_notebook.training.fit.arguments import bound_arguments
from kt_notebook.training.fit.building import builds_by_tracing
from kt_notebook.training.fit.fused import FusedFit
from kt_notebook.training.fit.hooks import has_early_hooks
from kt_notebook.training.fit.internals import internals
from kt_notebook.training.fit.reasons import reason_against_fusing
from kt_notebook.training.fit.steps import StepFunction

__all__ = ["run_fit"]


# Any: Keras' models and arguments of their `fit`, here and below.
def run_fit(execution: Execution, model: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Do what `model.fit(*args, **kwargs)` does, as fast as gives the same, and return what it returns.

    Raises:
        FatalValueError: The fit cannot be fused, and the user wants it to be.
        Exception: What `fit` raises.
    """
    fused, reason = _fused(execution.fit_way, model, args, kwargs)
    path = FitPath.PLAIN
    if fused is not None:
        path, reason = _guarded(execution, fused, kwargs)
    try:
        execution.choose_path(path, reason)
        with execution.guard.timing():
            return model.fit(*args, **kwargs) if fused is None or path is FitPath.PLAIN else fused.run()
    finally:
        execution.loans.give_back(model)


def _guarded(execution: Execution, fused: FusedFit, kwargs: Mapping[str, Any]) -> tuple[FitPath, str | None]:
    """Let a fit borrow a graph where that is safe, and return its path; plain where the guard speaks against it."""
    guard, loans, model = execution.guard, execution.loans, fused.model
    kind = guard.kind_of(fused)
    against = guard.reason_against(kind)
    if against is not None:
        return FitPath.PLAIN, against
    own, tell = model.train_function, execution.change_path if has_early_hooks(kwargs.get("callbacks")) else None
    path, reason = loans.borrow(fused, tell)
    if path is FitPath.REUSED or model.train_function is not own:
        kind = kind.lent()
    against = guard.reason_found(kind, fused, path, kwargs.get("callbacks"), execution.reporter)
    if against is None:
        return path, reason
    loans.give_back(model)
    return FitPath.PLAIN, against


def _fused(
    way: FitWay, model: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[FusedFit | None, str | None]:
    """Return the fit, ready to run with fused steps, or None and why not."""
    known, arguments = internals(), bound_arguments(model, args, kwargs)
    if way is FitWay.PLAIN:
        return None, None
    if arguments is None:
        return None, "its arguments are none of Keras' fit"
    reason = reason_against_fusing(model, arguments)
    if reason is not None or known is None:
        return None, reason
    if model.train_function is not None and not isinstance(model.train_function, StepFunction):
        return None, "the model has been trained before by other means, such as train_on_batch"
    if builds_by_tracing(model) and has_early_hooks(arguments["callbacks"]):
        return (
            None,
            "a callback acts before the model's own train_step is traced, which makes the optimizer's variables",
        )
    try:
        fused = FusedFit(known, model, arguments)
    except Exception as error:  # noqa: BLE001  # Of arrays of all kinds: Keras' fit may take them, or say why not.
        return None, f"its arrays are not of the plain kind ({type(error).__name__}: {_first_line(error)})"
    try:
        fused.build()
    except Exception as error:  # noqa: BLE001  # Of the model's own layers: Keras' fit may build them, or say why not.
        return None, f"the model cannot be built before its first batch ({type(error).__name__}: {_first_line(error)})"
    return fused, None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
