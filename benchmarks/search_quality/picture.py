"""Draws the score over the trials, ours beside the peers, as an SVG that can be read on light and dark pages."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from benchmarks.search_quality.scores import score_curve
from benchmarks.search_quality.standings import Standings

__all__ = ["draw"]

_N_TRIALS = 100
_OURS = "#0b5fff"
# the peers that are drawn, with label and colour (Okabe and Ito's, which the colour-blind tell apart)
_PEERS = {
    "ref:random": ("random search", "#8a8a8a"),
    "kt:keras_tuner:BayesianOptimization": ("KerasTuner BayesianOptimization", "#d55e00"),
    "hyperopt:": ("hyperopt TPE", "#e69f00"),
    "optuna:TPE": ("Optuna TPE", "#56b4e9"),
    "optuna:TPE-mv": ("Optuna TPE, multivariate", "#009e73"),
    "optuna:GP": ("Optuna GP", "#cc79a7"),
}


def draw(standings: Standings, ours: Collection[str], file: Path) -> None:
    """Write the picture of a mode of whole trials; a side effect is the file alone.

    Args:
        standings: The standings.
        ours: The methods that are drawn in strong lines, with a band of one standard error.
        file: An SVG or PNG; its folder exists.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    there = standings.methods("50")
    peers = {method: look for method, look in _PEERS.items() if method in there and method not in ours}
    look_of = {**{method: (method.rpartition(":")[2], _OURS) for method in there if method in ours}, **peers}
    with mpl.rc_context({"svg.hashsalt": "kt_notebook", "font.size": 10}):
        figure = Figure(figsize=(8.4, 3.8), facecolor="white", layout="constrained")
        axes = figure.subplots()
        for method, (label, colour) in look_of.items():
            is_ours = method in ours
            mean, error = score_curve(standings.curves, standings.yardstick, method, standings.problems)
            mean, error = mean[:_N_TRIALS].round(4), error[:_N_TRIALS].round(4)
            n = np.arange(1, len(mean) + 1)
            n_seeds = standings.n_seeds(method)
            name = f"kt_notebook {label}" if is_ours else label
            text = name if n_seeds == len(standings.seeds) else f"{name} ({n_seeds} seed{'s' * (n_seeds > 1)})"
            axes.plot(n, mean, color=colour, label=text, linewidth=2.6 if is_ours else 1.4, zorder=3 if is_ours else 2)
            if is_ours and not np.isnan(error).any():
                axes.fill_between(n, mean - error, mean + error, color=colour, alpha=0.18, linewidth=0)
        axes.set(xlim=(1, _N_TRIALS), ylim=(0, None), xlabel="trials")
        axes.set_ylabel("regret, random search = 1")
        axes.set_title(f"{len(standings.problems)} problems, {len(standings.seeds)} seeds; lower is better")
        axes.grid(color="#e4e4e4", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9)
        metadata = {"Date": None} if file.suffix == ".svg" else None
        figure.savefig(file, metadata=metadata, dpi=110)
