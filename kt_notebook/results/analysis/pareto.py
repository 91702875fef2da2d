"""The trials of several objectives, and those that none surpasses."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kt_notebook.core.format import format_score
from kt_notebook.core.pareto import nondominated
from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis.trials import counted, trials_of

__all__ = ["Pareto", "pareto_of"]


@dataclass(frozen=True, slots=True)
class Pareto:
    """The trials by their objectives.

    Attributes:
        data: A row a trial that has all objectives, in the order of their starts: `state`, a column an objective and
            `front`: whether none surpasses it.
        objectives: Column and direction of each objective; empty where there are fewer than two.
        reading: What the picture says, in a sentence.
    """

    data: pd.DataFrame
    objectives: dict[str, str]
    reading: str


def pareto_of(record: SearchRecord) -> Pareto:
    """Return the trials by their objectives and which of them none surpasses.

    A trial surpasses another that is nowhere better and somewhere worse. Pruned trials are not compared.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> pareto_of(SearchRecord()).reading
        'A Pareto front needs two objectives, and this search has none: objective=["val_loss", "val_accuracy"].'
    """
    trials = trials_of(record)
    objectives = trials.objectives
    if len(objectives) < 2:
        has = f"one, {next(iter(objectives))}" if objectives else "none"
        nothing = pd.DataFrame({"state": [], "front": []}, index=trials.table.index[:0])
        text = (
            f'A Pareto front needs two objectives, and this search has {has}: objective=["val_loss", "val_accuracy"].'
        )
        return Pareto(nothing, {}, text)
    values = trials.table[list(objectives)].astype(float)
    signs = np.array([-1.0 if direction == "max" else 1.0 for direction in objectives.values()])
    is_drawn = np.isfinite(values.to_numpy()).all(axis=1)
    losses = np.where(((trials.states == "complete").to_numpy() & is_drawn)[:, None], values * signs, np.nan)
    data = pd.concat([trials.states, values], axis=1)
    data["front"] = nondominated(losses)
    data = data[is_drawn]
    return Pareto(data, dict(objectives), _reading(data, objectives))


def _reading(data: pd.DataFrame, objectives: dict[str, str]) -> str:
    front = data[data["front"]]
    if front.empty:
        return "No trial has all objectives yet."
    if len(front) == 1:
        return f"One trial of {len(data):,} is at least as good as any other in all of {', '.join(objectives)}."
    parts = []
    for at, (name, direction) in enumerate(objectives.items()):
        low, high = float(front[name].min()), float(front[name].max())
        # Of two, the best of one goes with the worst of the other.
        is_down = (direction == "max") != (len(objectives) == 2 and at == 1)
        first, last = (high, low) if is_down else (low, high)
        parts.append(f"{name} from {format_score(first)} to {format_score(last)}")
    between = " against " if len(parts) == 2 else ", "
    return f"{counted(len(front), 'trial')} of {len(data):,} cannot be surpassed: {between.join(parts)}."
