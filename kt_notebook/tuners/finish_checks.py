"""What `finish` refuses before anything is trained, and what it warns of as far as data can be seen."""

from typing import TYPE_CHECKING, Any

from kt_notebook.core.errors import DataError, OptionError, ResultError
from kt_notebook.core.format import format_metric, format_trial_id
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.results.held_out import HeldOut
from kt_notebook.training.data import refuse_one_shot
from kt_notebook.training.data_hash import data_hash
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.training.refit import RefitData
from kt_notebook.training.refit_arguments import GivenFit
from kt_notebook.training.row_marks import row_marks, share_known
from kt_notebook.training.rows import count_rows

if TYPE_CHECKING:
    from kt_notebook.tuners.finishing import FinishOptions

__all__ = [
    "alarms_on_test",
    "alarms_on_training",
    "check_data",
    "held_out",
    "notes_on_keeping",
    "notes_on_rows",
    "refuse_without_model",
    "rows_of",
]

_MOST_SHARED = 0.1  # Rows may be alike by nature, as of few categories.
_TESTED_BEFORE = (
    "x_test is what the search validated with, so the winner was chosen by it, and its test score is too good. Give "
    "rows that the search has not seen."
)
_NO_VALIDATION_ROWS = (
    "x_train has as many rows as the search trained with. The rows that it validated with are free now: give both "
    "together, such as np.concatenate([x_train, x_val])."
)


def check_data(data: RefitData) -> None:
    """Refuse data that are not there, or that can be read only once.

    Raises:
        OptionError: Some are missing.
        DataError: Some can be read only once.
    """
    if data.x_test is None:
        raise OptionError("finish(x_train, y_train, x_test, y_test) has no x_test. Give rows kept apart for the end.")
    if data.x_train is None:
        raise OptionError("finish(x_train, y_train, x_test, y_test) has no x_train. Give all rows to train with.")
    if data.x_test is data.x_train:
        raise OptionError("x_test and x_train are the same rows, so the score would say nothing. Give rows kept apart.")
    for name in ("x_train", "y_train", "x_test", "y_test"):
        refuse_one_shot(name, getattr(data, name))


def refuse_without_model(
    record: SearchRecord, trial: TrialRecord, hypermodel: HyperModel, given: GivenFit | None, options: "FinishOptions"
) -> None:
    """Refuse, before anything is trained, a trial that has no model which could be trained on other rows.

    Raises:
        ResultError: It has none, or none that evaluating would give the objective of.
    """
    name = f"Trial {format_trial_id(trial.trial_id)}"
    own_fit = type(hypermodel).fit is not HyperModel.fit
    if not own_fit and _trains_itself(trial, hypermodel, given):
        raise ResultError(
            f"{name} has no model that could be trained on other rows: its code trains and measures itself, and "
            "returns the result. Let the function return the compiled model and give the data to search(x, y, …); or "
            "train once more by hand with the values of tuner.best, and evaluate that once."
        )
    if not own_fit and options.scorer is None and (unseen := _measured_by_itself(record, trial)):
        raise ResultError(
            f"{name} is judged by what its code measures itself ({', '.join(unseen)}), which evaluating a model does "
            "not give. Say how to measure it: finish(…, score=function), called with the model, x_test and y_test."
        )
    n_stages = 1 + max((epoch.stage for epoch in trial.epochs), default=0)
    if n_stages > 1 and not (own_fit and options.epochs != "best"):
        cure = "Give epochs= how many its fit is to be given" if own_fit else "Train it by hand with these values"
        raise ResultError(
            f"{name} trained in {n_stages} fits one after the other, and for how long each is to train on other rows "
            f"is not known. {cure}, and evaluate once."
        )


def _trains_itself(trial: TrialRecord, hypermodel: HyperModel, given: GivenFit | None) -> bool:
    if not trial.epochs and trial.best_step is None:
        return True
    has_no_rows = given is not None and not given.args and given.named.get("x") is None
    return has_no_rows and not hasattr(hypermodel, "reach_fit")


def _measured_by_itself(record: SearchRecord, trial: TrialRecord) -> list[str]:
    """Return the parts of the objective that no epoch of a trial had."""
    seen = {metric for epoch in trial.epochs for metric in epoch.metrics}
    names = [part["name"] for part in record.objective or ()]
    return [format_metric(name) for name in names if trial.best_step is None and name not in seen]


def held_out(data: RefitData) -> HeldOut:
    """Return what is known of the test set."""
    return HeldOut(data_hash((data.x_test, data.y_test)), rows_of(data.x_test), row_marks(data.x_test))


def alarms_on_test(given: GivenFit, test: HeldOut, data: RefitData) -> list[str]:
    """Return what is wrong with the test set, as far as that can be seen."""
    return [*_validated_with(given, test, data), *alarms_on_training(test, data)]


def alarms_on_training(test: HeldOut, data: RefitData) -> list[str]:
    """Return that rows of the test set are trained with, where many are."""
    share = share_known(test.marks, row_marks(data.x_train))
    if share <= _MOST_SHARED:
        return []
    n = test.n_rows or 0
    text = (
        f"{round(share * n):,} of the {n:,} test rows are among the rows to train with, so the test score is too good. "
        "Take them out of x_train."
    )
    return [text]


def _validated_with(given: GivenFit, test: HeldOut, data: RefitData) -> list[str]:
    validation = given.named.get("validation_data")
    seen = validation[0] if isinstance(validation, list | tuple) and validation else validation
    if seen is None or test.hash is None:
        return []
    if seen is data.x_test:
        return [_TESTED_BEFORE]
    is_same = rows_of(seen) == rows_of(data.x_test) and data_hash(seen) == data_hash(data.x_test)
    return [_TESTED_BEFORE] if is_same or share_known(test.marks, row_marks(seen)) > _MOST_SHARED else []


def notes_on_rows(given: GivenFit, data: RefitData) -> list[str]:
    """Return the note that rows which could be trained with are not, where that looks so."""
    named = given.named
    n_searched = None if named.get("x") is None else rows_of(named["x"])
    if named.get("validation_data") is None or n_searched is None or n_searched != rows_of(data.x_train):
        return []
    return [_NO_VALIDATION_ROWS]


def notes_on_keeping(data: RefitData, test: HeldOut) -> list[str]:
    """Return the note that nothing is kept, where the test set cannot be known again."""
    if test.hash is not None:
        return []
    text = (
        f"A {type(data.x_test).__name__} cannot be known again, so nothing is kept of this in the project, and a "
        "second look at the same test set will not be noticed. Give arrays."
    )
    return [text]


def rows_of(data: Any) -> int | None:
    """Return how many rows data have, None where that is not known."""
    try:
        return count_rows("data", data)
    except (DataError, TypeError):  # A dataset, which is read in batches.
        return None
