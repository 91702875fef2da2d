"""The score over two hyperparameters, as a model of the trials sees it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kt_notebook.core.format import format_score, format_value
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.parameter import Boolean, Choice
from kt_notebook.core.record import SearchRecord
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.unit_cube import UnitCube
from kt_notebook.core.values import Value
from kt_notebook.results.analysis.parallel import scored_values
from kt_notebook.results.analysis.parameters import ParameterScale
from kt_notebook.results.analysis.rank import chosen_pair, two_needed
from kt_notebook.results.analysis.surface import MIN_TRIALS, Surface, surface_of, too_few
from kt_notebook.results.analysis.trials import shortened, trials_of

__all__ = ["Contour", "contour_of"]

Array = NDArray[np.float64]

# Places along an axis, and configurations of the other hyperparameters over which the surface is a mean.
_N_PLACES = 33
_N_OTHERS = 16
# A model that foretells less of the scores is not to be read.
_HARDLY = 0.1


@dataclass(frozen=True, slots=True)
class Contour:
    """The model's mean of the score over two hyperparameters, and the trials.

    Attributes:
        data: A row a trial with a finite score in which both are active, in the order of their starts: `state`, the
            score, both hyperparameters with the results table's columns.
        surface: The expected score, averaged over the other hyperparameters: columns are places on the first axis,
            the index those on the second; empty without a model.
        scales: Of both hyperparameters, first the x axis; empty where the space has fewer than two.
        score: The score's column.
        label: The score with what is better.
        sign: What makes a score one of which smaller is better.
        reading: What the picture says, in a sentence.
    """

    data: pd.DataFrame
    surface: pd.DataFrame
    scales: tuple[ParameterScale, ...]
    score: str
    label: str
    sign: float
    reading: str


def contour_of(record: SearchRecord, names: tuple[str, ...] = ()) -> Contour:
    """Return the score over two hyperparameters.

    The surface is the mean of a Gaussian process over the rest of the space (its partial dependence: Friedman 2001,
    Annals of Statistics 29(5), section 8.2), where both hyperparameters are active.

    Args:
        record: The search's.
        names: Two hyperparameters, first the x axis; fewer: the most important ones are taken.

    Raises:
        OptionError: A name is unknown, or there are more than two.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> contour_of(SearchRecord()).reading
        'This needs two hyperparameters with more than one value; the search has none.'
    """
    trials = trials_of(record)
    scales = chosen_pair(record, trials, names)
    data = scored_values(trials, scales)
    for scale in scales:
        data = data[~np.isnan(scale.places(data[scale.column].tolist()))]
    nothing = pd.DataFrame(dtype=float)

    def found(surface: pd.DataFrame, reading: str) -> Contour:
        return Contour(data, surface, scales, trials.score, trials.label, trials.sign, reading)

    if not scales:
        return found(nothing, two_needed(record, trials))
    model = surface_of(record)
    known = {entry.name for entry in model.columns} if model is not None else set()
    if model is None or not known.issuperset(scale.name for scale in scales):
        if trials.n_scored < MIN_TRIALS:
            return found(nothing, too_few("A surface", trials.n_scored))
        shown = " and ".join(shortened(scale.name) for scale in scales)
        return found(nothing, f"A surface needs the ranges of {shown}, and the search's space does not have them.")
    from kt_notebook.search.one_thread import one_thread

    with one_thread():
        surface = _surface(model, scales)
        explained = model.explained
    return found(surface, _reading(surface, scales, trials.score, trials.sign, explained))


def _surface(model: Surface, scales: Sequence[ParameterScale]) -> pd.DataFrame:
    from scipy.stats import qmc  # takes half a second to load

    points = qmc.Sobol(model.cube.n_columns, seed=0).random(_N_OTHERS)
    others = model.cube.draw(points)
    axes = [_places(scale) for scale in scales]
    columns = [[at for at, entry in enumerate(model.columns) if entry.name == scale.name] for scale in scales]
    # For each place on an axis the places in the cube of all columns of that name.
    in_cube = [
        [[_place(model.columns[at], value) for at in held] for value in _values(scale, model.columns[held[0]], places)]
        for scale, held, places in zip(scales, columns, axes, strict=True)
    ]
    blocks = []
    for y in in_cube[1]:
        for x in in_cube[0]:
            block = others.copy()
            block[:, columns[0]], block[:, columns[1]] = x, y
            blocks.append(block)
    rows = np.concatenate(blocks)
    active = model.cube.active(rows)
    both = active[:, columns[0]].any(axis=1) & active[:, columns[1]].any(axis=1)
    mean, _ = model.predict(rows)
    means = mean.reshape(len(blocks), -1)
    counts = both.reshape(len(blocks), -1)
    counts = np.where(counts.any(axis=1, keepdims=True), counts, True)
    grid = (means * counts).sum(axis=1) / counts.sum(axis=1)
    return pd.DataFrame(grid.reshape(len(axes[1]), len(axes[0])), index=axes[1], columns=axes[0])


def _places(scale: ParameterScale) -> Array:
    """Return where on the axis the surface is worked out: at each category, or at even steps of the axis."""
    if scale.categories:
        return np.arange(len(scale.categories), dtype=np.float64)
    places = scale.at_shares(np.linspace(0, 1, _N_PLACES))
    return np.unique(np.rint(places)) if scale.is_whole else places


def _values(scale: ParameterScale, entry: HyperParameter, places: Array) -> list[Value]:
    """Return the values at places of an axis."""
    if not scale.categories:
        return [int(place) if scale.is_whole else float(place) for place in places]
    listed = list(entry.all_values()) if isinstance(entry, Boolean | Choice) else []
    by_place = {float(scale.places([value])[0]): value for value in listed}
    return [by_place.get(float(place), entry.default) for place in places]


def _place(entry: HyperParameter, value: Value) -> float:
    """Return where a value stands in a cube's column, whether or not the column is active."""
    alone = UnitCube(SearchSpace([entry.with_conditions([])]))
    return float(alone.encode({entry.name: value})[0])


def _reading(surface: pd.DataFrame, scales: Sequence[ParameterScale], score: str, sign: float, explained: float) -> str:
    if explained < _HARDLY:
        shown = " and ".join(shortened(scale.name) for scale in scales)
        return f"The trials do not tell yet how {score} depends on {shown}."
    losses = sign * surface.to_numpy()
    y, x = np.unravel_index(int(np.argmin(losses)), losses.shape)
    at = (float(surface.columns.to_numpy()[x]), float(surface.index.to_numpy()[y]))
    parts = [
        f"{shortened(scale.name)} {scale.categories[int(place)] if scale.categories else f'near {format_value(place)}'}"
        for scale, place in zip(scales, at, strict=True)
    ]
    best = format_score(sign * float(losses[y, x]))
    return f"By the model {score} is best, {best} on average over the rest, at {' and '.join(parts)}."
