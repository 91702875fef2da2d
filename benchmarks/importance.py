"""How well importance is told from few trials: the project's Gaussian process beside a random forest, as in fANOVA.

How it works: six functions of known Sobol indices are searched at random, with and without noise of half their spread.
For each search the total indices are estimated by `results.analysis.importance`, and from the trees of scikit-learn's
forest, each tree evaluated as fANOVA does. What is printed are means over functions and searches.

    .venv/bin/python benchmarks/importance.py                   # a minute
    .venv/bin/python benchmarks/importance.py --searches 10     # the table of results/analysis/importance.py
"""

import argparse
import math
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from kt_notebook.core.record import SearchRecord
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.unit_cube import UnitCube
from kt_notebook.core.values import value_to_json
from kt_notebook.results.analysis.importance import importance_of
from kt_notebook.results.analysis.surface import surface_of

Array = NDArray[np.float64]
# Any: values are of all kinds.
Values = dict[str, Any]

SIZES, NOISES, N_TREES = (20, 60, 200), (0.0, 0.5), 64


def floats(n: int) -> Callable[[HyperParameters], None]:
    def declare(hp: HyperParameters) -> None:
        for number in range(n):
            hp.Float(f"x{number}", 0.0, 1.0)

    return declare


def conditional_space(hp: HyperParameters) -> None:
    hp.Boolean("use")
    hp.Float("lr", 1e-4, 1e-1, sampling="log")
    with hp.conditional_scope("use", True):
        hp.Float("rate", 0.0, 1.0)
    hp.Float("nothing", 0.0, 1.0)


def category_space(hp: HyperParameters) -> None:
    hp.Choice("optimizer", ["a", "b", "c", "d"])
    hp.Float("x", 0.0, 1.0)
    hp.Choice("activation", ["p", "q", "r"])
    hp.Float("nothing", 0.0, 1.0)


PROBLEMS: dict[str, tuple[Callable[[HyperParameters], None], Callable[[Values], float]]] = {
    "additive": (floats(5), lambda v: 4 * v["x0"] + 2 * v["x1"] + 4 * (v["x2"] - 0.5) ** 2),
    "interaction": (floats(5), lambda v: 4 * (v["x0"] - 0.5) * (v["x1"] - 0.5) + 0.5 * v["x2"]),
    "bowl": (floats(6), lambda v: 4 * (v["x0"] - 0.3) ** 2 + 2 * (v["x1"] - 0.6) ** 2),
    "wave": (floats(4), lambda v: math.sin(8 * v["x0"]) + 0.7 * v["x1"]),
    "conditional": (conditional_space, lambda v: 0.5 * math.log10(v["lr"]) + (2 * v["rate"] if v["use"] else 0.0)),
    "categories": (
        category_space,
        lambda v: (
            {"a": 0, "b": 1.5, "c": 0.2, "d": 0.3}[v["optimizer"]] + v["x"] * (0.5 + 0.5 * (v["activation"] == "p"))
        ),
    ),
}


def total_indices(
    evaluate: Callable[[Array], Array], cube: UnitCube, names: list[str], power: int
) -> tuple[Array, float]:
    """Return the total index of each name, shape `(n_names,)`, and the variance; `evaluate` takes rows of the cube."""
    columns = [entry.name for entry in cube.space.ordered if entry.n_values != 1]
    points = qmc.Sobol(2 * cube.n_columns, seed=1).random_base2(power)
    one, other = points[:, : cube.n_columns], points[:, cube.n_columns :]
    blocks = [one, *(np.where(np.array(columns) == name, other, one) for name in names)]
    values = evaluate(cube.draw(np.concatenate(blocks))).reshape(len(blocks), -1)
    variance = float(values[0].var())
    totals: Array = ((values[0] - values[1:]) ** 2).mean(axis=1) / (2 * max(variance, 1e-300))
    return totals, variance


def played(problem: str, n_trials: int, noise: float, seed: int) -> SearchRecord:
    """Return the record of a random search."""
    declare, function = PROBLEMS[problem]
    hp = HyperParameters()
    declare(hp)
    rng = np.random.default_rng(seed)
    record = SearchRecord()
    objective = [{"name": "loss", "direction": "min"}]
    record.search.update(space=hp.get_config()["space"], objective=objective)
    for number in range(n_trials):
        values = hp.search_space.assign(lambda entry: entry.prob_to_value(rng.random()))
        shown = {name: value_to_json(value) for name, value in values.items()}
        score = function(values) + noise * float(rng.standard_normal())
        stamp = {"seq": 2 * number + 1, "time": float(number), "trial_id": str(number), "values": shown}
        record.fold({**stamp, "kind": "trial_started", "seed": 0})
        ended = {"status": "COMPLETED", "score": score, "best_step": 0, "metrics": {"loss": score}}
        record.fold({**stamp, **ended, "kind": "trial_ended", "error": None, "pruned": None})
    return record


def by_forest(record: SearchRecord, names: list[str], seed: int) -> tuple[Array, Array, Array]:
    """Return the forest's total indices and the ends of its trees' 90 %."""
    from sklearn.ensemble import RandomForestRegressor

    surface = surface_of(record)
    if surface is None:
        raise ValueError("Too few trials.")
    cube = surface.cube
    forest = RandomForestRegressor(N_TREES, max_features=0.7, random_state=seed)
    forest.fit(cube.features(surface.rows), surface.losses)
    trees = [
        total_indices(lambda rows, tree=tree: tree.predict(cube.features(rows)), cube, names, 8)[0]
        for tree in forest.estimators_
    ]
    low, high = np.quantile(trees, [0.05, 0.95], axis=0)
    return np.mean(trees, axis=0), low, high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--searches", type=int, default=3, help="random searches of each function")
    n_searches = parser.parse_args().searches
    found: dict[tuple[float, int, str], list[tuple[float, float, float]]] = defaultdict(list)
    for problem, (declare, function) in PROBLEMS.items():
        hp = HyperParameters()
        declare(hp)
        cube, names = UnitCube(hp.search_space), list(hp.search_space.by_name)

        def exact(rows: Array, cube: UnitCube = cube, function: Callable[[Values], float] = function) -> Array:
            return np.array([function(cube.decode(row)) for row in rows])

        truth, variance = total_indices(exact, cube, names, 12)
        for noise in NOISES:
            for n_trials in SIZES:
                for seed in range(n_searches):
                    record = played(problem, n_trials, noise * math.sqrt(variance), 1000 + seed)
                    data = importance_of(record).data.loc[names]
                    ours = data["share"].to_numpy(), data["low"].to_numpy(), data["high"].to_numpy()
                    for method, (share, low, high) in (("process", ours), ("forest", by_forest(record, names, seed))):
                        held = ((low - 0.01 <= truth) & (truth <= high + 0.01))[truth > 0.01]
                        idle = share[truth < 0.005]
                        row = (np.abs(share - truth).mean(), held.mean(), idle.mean() if len(idle) else np.nan)
                        found[noise, n_trials, method].append(row)
        print(problem, dict(zip(names, truth.round(2).tolist(), strict=True)), flush=True)
    for (noise, n_trials, method), rows in sorted(found.items()):
        error, held, idle = 100 * np.nanmean(rows, axis=0)
        print(
            f"noise {noise:.1f}  {n_trials:3d} trials  {method:8s} error {error:4.1f} %  "
            f"in the 90 % interval {held:3.0f} %  given to what has no effect {idle:4.1f} %"
        )


if __name__ == "__main__":
    main()
