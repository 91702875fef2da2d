"""Every epoch of a search's trials as a pandas DataFrame."""

from typing import Any

import numpy as np
import pandas as pd

from kt_notebook.core.format import format_count, format_metric, format_score
from kt_notebook.core.record import SearchRecord
from kt_notebook.results.cells import LONGEST_VALUE, cell_text, is_missing
from kt_notebook.results.frame import ResultsFrame
from kt_notebook.results.markup import grid, page, text

__all__ = ["EpochsTable", "epochs_table"]

_PLACES = ("trial", "execution", "epoch", "stage")
_ROWS = 20


class EpochsTable(ResultsFrame):
    """The epochs of a search: an ordinary DataFrame, one row an epoch, every metric a column.

    Attributes:
        attrs: `objective` names the column that the first objective is in, None while it is undecided.
    """

    def _repr_html_(self) -> str | None:
        """Return the first and the last ten epochs as HTML; what pandas shows of anything but epochs."""
        is_of_epochs = set(_PLACES) <= set(self.columns) and self.columns.is_unique and not self.empty
        if not pd.get_option("display.notebook_repr_html") or not is_of_epochs:
            # pandas-stubs does not know the method, which every notebook calls.
            plain: str | None = super()._repr_html_()  # type: ignore[misc]
            return plain
        return page(_html(self))


def _html(frame: pd.DataFrame) -> str:
    half = _ROWS // 2
    shown = pd.concat([frame.head(half), frame.tail(half)]) if len(frame) > _ROWS else frame
    columns = [shown.iloc[:, i].tolist() for i in range(shown.shape[1])]
    rows = [[_cell(value) for value in row] for row in zip(*columns, strict=True)]
    if len(frame) > _ROWS:
        rows.insert(half, ["…"] * len(columns))
    heads = [text(str(name), LONGEST_VALUE) for name in frame.columns]
    are_left = [not pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes]
    note = f"<p>{format_count(len(frame))} epochs</p>" if len(frame) > _ROWS else ""
    return grid(heads, rows, are_left) + note


# Any: a frame of the user's making holds anything.
def _cell(value: Any) -> str:
    if isinstance(value, float) and not is_missing(value):
        return format_score(value)
    return text(cell_text(value), LONGEST_VALUE)


def epochs_table(record: SearchRecord) -> EpochsTable:
    """Return one row for each epoch that a trial has reported: trial, execution, epoch, stage, and every metric.

    All count from 1, as the panel does; Keras' `History.epoch` counts from 0. `execution` is the trial's run, with
    `executions_per_trial` above 1; `stage` is the fit within it, over which epochs count on. `trial` is the trial's
    number, or its id where not all ids are numbers. A metric that an epoch did not report is missing (NaN); one with a
    name of the first columns is called `metric <name>`. Trials come in the order of their starts.

    Example:
        >>> from kt_notebook.core.record import EpochRecord, TrialRecord
        >>> record = SearchRecord()
        >>> trial = TrialRecord("0", {"units": 8}, seed=1, started_at=0.0)
        >>> trial.epochs += [EpochRecord(0, 0, 0, {"loss": 0.5}), EpochRecord(0, 1, 0, {"loss": 0.25, "val_loss": 0.3})]
        >>> record.trials["0"] = trial
        >>> print(epochs_table(record).to_string(index=False))
         trial  execution  epoch  stage  loss  val_loss
             0          1      1      1  0.50       NaN
             0          1      2      1  0.25       0.3
    """
    # Copies: another thread may begin a trial, or end an epoch, meanwhile.
    trials = [(trial.trial_id, list(trial.epochs)) for trial in list(record.trials.values())]
    epochs = [(trial_id, epoch) for trial_id, reported in trials for epoch in reported]
    metrics: dict[str, None] = {}
    for _, epoch in epochs:
        metrics.update(dict.fromkeys(epoch.metrics))
    are_numbers = all(trial_id.isdecimal() for trial_id, _ in trials)
    columns: dict[str, Any] = {
        "trial": [int(trial_id) if are_numbers else trial_id for trial_id, _ in epochs],
        "execution": [epoch.execution + 1 for _, epoch in epochs],
        "epoch": [epoch.epoch + 1 for _, epoch in epochs],
        "stage": [epoch.stage + 1 for _, epoch in epochs],
    }
    for name in metrics:
        columns[_column(name)] = np.array([epoch.metrics.get(name, np.nan) for _, epoch in epochs], dtype=float)
    table = EpochsTable(columns)
    if not epochs:
        table = EpochsTable(table.astype("int64"))
    objective = record.objective
    table.attrs["objective"] = _column(objective[0]["name"]) if objective else None
    return table


def _column(metric: str) -> str:
    shown = format_metric(metric)
    return f"metric {shown}" if shown in _PLACES else shown
