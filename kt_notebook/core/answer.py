"""What an oracle's `populate_space` has answered, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass

from kt_notebook.core.errors import FatalValueError
from kt_notebook.core.trial import TrialStatus
from kt_notebook.core.values import Value, plain

__all__ = ["Answer", "read_answer"]

_MAX_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a trial is to start, and with which values.

    Attributes:
        status: RUNNING, IDLE or STOPPED.
        values: Of the trial that is to start, a dict of its own; what it leaves out is at its default.
    """

    status: TrialStatus
    values: dict[str, Value]


def read_answer(answer: object, oracle: str) -> Answer:
    """Return what an answer means; values that are left out, or None, are none.

    Args:
        answer: Anything: users write oracles.
        oracle: The name of the oracle's class.

    Raises:
        FatalValueError: It is no answer.
    """
    if not isinstance(answer, Mapping):
        raise _refused(answer, oracle, f"which is {type(answer).__name__}")
    try:
        status = TrialStatus(answer["status"])
    except (KeyError, ValueError):
        raise _refused(answer, oracle, "which says no status that there is") from None
    if status not in (TrialStatus.RUNNING, TrialStatus.IDLE, TrialStatus.STOPPED):
        raise _refused(answer, oracle, f"but no trial begins as {status.value}")
    if status is not TrialStatus.RUNNING:
        return Answer(status, {})
    values = {} if answer.get("values") is None else answer["values"]
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise _refused(answer, oracle, "whose values are no dict of names")
    try:
        return Answer(status, {name: plain(value) for name, value in values.items()})
    except TypeError as error:
        raise _refused(answer, oracle, f"where {error} is no value of a hyperparameter") from error


def _refused(answer: object, oracle: str, what: str) -> FatalValueError:
    shown = repr(answer)
    shown = shown if len(shown) <= _MAX_SHOWN else f"{shown[:_MAX_SHOWN]}…"
    return FatalValueError(
        f"{oracle}.populate_space returned {shown}, {what}. Return {{'status': 'RUNNING', 'values': {{…}}}} to start a "
        "trial, {'status': 'IDLE'} to be asked again when one has ended, or {'status': 'STOPPED'}."
    )
