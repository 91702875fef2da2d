"""How often advice finds a fault that was planted in a search, and how often it speaks up in a well-ranged one.

How it works: each search has 2 to 6 hyperparameters of all kinds and a smooth response with one interaction and noise;
the project's own random and Bayesian oracles choose its trials. The same searches are judged after 20, 50 and 100 of
them. Thresholds were chosen on the seeds 0 to 99; figures are of the seeds from 3000 on.

    .venv/bin/python benchmarks/advice_rates.py [--seeds 3000 3200] [--json FILE]
"""

import argparse
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kt_notebook.core.events import TrialEnded, TrialStarted
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.parameter import Boolean, Choice, Float, Int
from kt_notebook.core.record import SearchRecord
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import TrialStatus
from kt_notebook.oracles.bayesian import BayesianOptimizationOracle
from kt_notebook.oracles.random_search import RandomSearchOracle
from kt_notebook.results.advice import advice

__all__ = ["FAULTS", "ORACLES", "SIZES", "Problem", "judge", "make_problem", "rates", "search"]

SIZES = (20, 50, 100)
# What is planted, and as which kinds of advice it counts as found.
FAULTS: dict[str, frozenset[str]] = {
    "none": frozenset(),
    "edge": frozenset({"edge"}),
    "log scale": frozenset({"log_scale"}),
    "no effect": frozenset({"no_effect"}),
    "too wide": frozenset({"too_wide"}),
    "worse choice": frozenset({"worse_choices"}),
    "noise": frozenset({"noise"}),
}
ORACLES: dict[str, type[Oracle]] = {"random": RandomSearchOracle, "bayesian": BayesianOptimizationOracle}


@dataclass
class Problem:
    """A search that is to be judged.

    Attributes:
        parameters: What is searched.
        effects: What each adds to the response, from its place on its own scale, or its value.
        planted: The hyperparameter with the fault, None where it is the whole search's, or there is none.
        noise: Standard deviation of the noise, as a share of that of the response.
        pair: Places of two hyperparameters that act on each other; the same where there are none.
        scale: Standard deviation of what the numbers give; the choices' differences are shares of it.
    """

    parameters: list[HyperParameter] = field(default_factory=list)
    effects: list[Callable[[Any], float]] = field(default_factory=list)  # Any: a value
    planted: str | None = None
    noise: float = 0.1
    pair: tuple[int, int] = (0, 0)
    scale: float = 0.0

    def space(self) -> HyperParameters:
        """Return the search space."""
        space = HyperParameters()
        space.merge(self.parameters)
        return space

    def spread(self, rng: np.random.Generator) -> float:
        """Return the standard deviation of the response over the space."""
        space = self.space().search_space
        drawn = [space.assign(lambda entry: entry.prob_to_value(rng.random())) for _ in range(400)]
        return float(np.std([self.response(values) for values in drawn]))

    def response(self, values: dict[str, Any]) -> float:
        """Return the loss without noise."""
        parts = [effect(values[p.name]) for p, effect in zip(self.parameters, self.effects, strict=True)]
        first, second = self.pair
        return sum(parts) + (0.3 * parts[first] * parts[second] if first != second else 0.0)


def make_problem(fault: str, seed: int) -> Problem:
    """Return a problem with a fault of `FAULTS`."""
    rng = np.random.default_rng([seed, 7])
    problem = Problem(noise=float(rng.uniform(0.05, 0.15)))
    n = int(rng.integers(2, 7))
    kinds = ["float", "float_log", "int", "int_step", "int_log", "choice", "boolean"]
    drawn = ["float", *rng.choice(kinds, n - 1)]
    for number, kind in enumerate(drawn):
        _add(problem, f"p{number}", str(kind), rng)
    planted = 1 + int(rng.integers(n - 1))
    if fault == "noise":
        problem.noise = float(rng.uniform(1.2, 2.0))
    elif fault != "none":
        problem.planted = f"p{planted}"
        parameter, effect = _PLANT[fault](problem, rng)
        problem.parameters[planted], problem.effects[planted] = parameter, effect
    numbers = [
        at for at, p in enumerate(problem.parameters) if isinstance(p, Float | Int) and p.name != problem.planted
    ]
    if len(numbers) > 1:
        problem.pair = (numbers[0], numbers[1])
    problem.scale = problem.spread(np.random.default_rng([seed, 13]))
    return problem


def _add(problem: Problem, name: str, kind: str, rng: np.random.Generator) -> None:
    weight = float(rng.uniform(0.6, 1.4))
    parameter: HyperParameter
    if kind in ("choice", "boolean"):
        parameter = (
            Boolean(name) if kind == "boolean" else Choice(name, ["a", "b", "c", "d"][: int(rng.integers(2, 5))])
        )
        values = list(parameter.values)
        # Different, but none so much worse that it had better been left out.
        levels = dict(zip(values, rng.permutation(np.linspace(0, 0.5, len(values))), strict=True))
        problem.effects.append(lambda value: problem.scale * float(levels[value]))
    else:
        low = float(rng.choice([0.0, 0.1, 1.0]))
        number: dict[str, HyperParameter] = {
            "float": Float(name, low, low + float(rng.choice([0.5, 1.0, 5.0]))),
            "float_log": Float(name, 1e-4, 1e-1, sampling="log"),
            "int": Int(name, 2, 12),
            "int_step": Int(name, 16, 16 * int(rng.integers(8, 33)), step=16),
            "int_log": Int(name, 8, 512, sampling="log"),
        }
        parameter = number[kind]
        problem.effects.append(_bowl(parameter, float(rng.uniform(0.25, 0.75)), weight))
    problem.parameters.append(parameter)


def _bowl(parameter: HyperParameter, centre: float, weight: float) -> Callable[[Any], float]:
    """Return a bowl around a place of the parameter's own scale, with a standard deviation of about `weight`."""
    places = np.linspace(0, 1, 101)
    spread = float(np.std((places - centre) ** 2))
    return lambda value: weight * (parameter.value_to_prob(value) - centre) ** 2 / spread


def _number(name: str, rng: np.random.Generator) -> Float | Int:
    """Return a number whose range could go on at both ends."""
    made: list[Float | Int] = [
        Float(name, 1e-4, 1e-2, sampling="log"),
        Int(name, 64, 256, step=16),
        Int(name, 16, 128, sampling="log"),
        Float(name, 2.0, 6.0),
    ]
    return made[int(rng.integers(len(made)))]


def _name(problem: Problem) -> str:
    return problem.planted or ""


def _edge(problem: Problem, rng: np.random.Generator) -> tuple[HyperParameter, Callable[[Any], float]]:
    parameter = _number(_name(problem), rng)
    beyond = float(rng.uniform(0.1, 0.6))
    centre = 1 + beyond if rng.random() < 0.5 else -beyond
    return parameter, _bowl(parameter, centre, float(rng.uniform(0.6, 1.4)))


def _log_scale(problem: Problem, rng: np.random.Generator) -> tuple[HyperParameter, Callable[[Any], float]]:
    low = 10.0 ** float(rng.uniform(-5, -3))
    high = low * 10.0 ** float(rng.uniform(2, 4))
    centre, weight = float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.6, 1.4))
    name = _name(problem)
    return Float(name, low, high), _bowl(Float(name, low, high, sampling="log"), centre, weight)


def _no_effect(problem: Problem, rng: np.random.Generator) -> tuple[HyperParameter, Callable[[Any], float]]:
    name = _name(problem)
    return (_number(name, rng) if rng.random() < 0.6 else Choice(name, ["a", "b", "c"])), lambda _: 0.0


def _too_wide(problem: Problem, rng: np.random.Generator) -> tuple[HyperParameter, Callable[[Any], float]]:
    name = _name(problem)
    parameter = [Float(name, 0.0, 10.0), Int(name, 10, 1000, step=10), Float(name, 1e-8, 1e2, sampling="log")][
        int(rng.integers(3))
    ]
    centre, width = float(rng.uniform(0.15, 0.85)), float(rng.uniform(0.04, 0.07))
    return (
        parameter,
        lambda value: 2.5 * (1 - math.exp(-0.5 * ((parameter.value_to_prob(value) - centre) / width) ** 2)),
    )


def _worse_choice(problem: Problem, rng: np.random.Generator) -> tuple[HyperParameter, Callable[[Any], float]]:
    parameter = Choice(_name(problem), ["a", "b", "c"])
    levels = {"a": 0.0, "b": float(rng.uniform(0, 0.3)), "c": float(rng.uniform(1.2, 1.8))}
    return parameter, lambda value: problem.scale * levels[value]


# What may be planted in a hyperparameter.
_PLANT = {
    "edge": _edge,
    "log scale": _log_scale,
    "no effect": _no_effect,
    "too wide": _too_wide,
    "worse choice": _worse_choice,
}


def search(problem: Problem, oracle_name: str, seed: int, n_trials: int = max(SIZES)) -> Iterator[SearchRecord]:
    """Yield the search's record after each trial; it is the same object, grown."""
    space = problem.space()
    rng = np.random.default_rng([seed, 11])
    sigma = problem.noise * problem.spread(rng)
    oracle = ORACLES[oracle_name](objective="loss", max_trials=n_trials, hyperparameters=space, seed=seed)
    record = SearchRecord()
    record.search.update(
        space=space.get_config()["space"], objective=[{"name": "loss", "direction": "min"}], max_trials=n_trials
    )
    for number in range(n_trials):
        trial = oracle.create_trial("tuner0")
        if trial.status is not TrialStatus.RUNNING:
            return
        loss = 1 + 0.1 * (problem.response(trial.hyperparameters.values) + sigma * float(rng.standard_normal()))
        oracle.update_trial(trial.trial_id, {"loss": loss})
        oracle.end_trial(trial)
        values = dict(trial.hyperparameters.values)
        started = TrialStarted(trial.trial_id, values, trial.seed)
        ended = TrialEnded(trial.trial_id, "COMPLETED", loss, 0, {"loss": loss}, values)
        record.fold(started.to_record(2 * number + 1, float(number)))
        record.fold(ended.to_record(2 * number + 2, number + 0.9))
        yield record


def judge(fault: str, oracle_name: str, seed: int) -> list[tuple[str, str, int, list[tuple[str, bool]]]]:
    """Return for each size fault, oracle, size and the kinds found, each with whether it is about the planted one."""
    problem = make_problem(fault, seed)
    judged = []
    for record in search(problem, oracle_name, seed):
        if len(record.trials) in SIZES:
            kinds = [(str(item.kind), item.parameter == problem.planted) for item in advice(record)]
            judged.append((fault, oracle_name, len(record.trials), kinds))
    return judged


def rates(first: int, end: int, n_processes: int) -> list[dict[str, Any]]:  # Any: JSON
    """Return for each fault, oracle and size how often it was found, and how often anything else was said."""
    tasks = [(fault, oracle, seed) for fault in FAULTS for oracle in ORACLES for seed in range(first, end)]
    with ProcessPoolExecutor(n_processes) as pool:
        judged = [item for items in pool.map(judge, *zip(*tasks, strict=True), chunksize=8) for item in items]
    rows = []
    for key in sorted({item[:3] for item in judged}, key=lambda k: (list(FAULTS).index(k[0]), k[1], k[2])):
        found = [item[3] for item in judged if item[:3] == key]
        enough = [kinds for kinds in found if all(kind != "too_few_trials" for kind, _ in kinds)]
        hits = [any(kind in FAULTS[key[0]] and ours for kind, ours in kinds) for kinds in enough]
        other = Counter(
            kind for kinds in enough for kind in {k for k, ours in kinds if not (k in FAULTS[key[0]] and ours)}
        )
        others = [any(not (k in FAULTS[key[0]] and ours) for k, ours in kinds) for kinds in enough]
        rows.append(
            {
                "fault": key[0],
                "oracle": key[1],
                "n_trials": key[2],
                "n_searches": len(found),
                "too_few": 1 - len(enough) / len(found),
                "found": float(np.mean(hits)) if hits else math.nan,
                "other": float(np.mean(others)) if others else math.nan,
                "other_kinds": dict(other),
            }
        )
    return rows


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", nargs=2, type=int, default=(3000, 3200), help="the first and the one after the last")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = rates(*options.seeds, options.processes)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), "utf-8")
    for row in rows:
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(row["other_kinds"].items()))
        print(
            f"{row['fault']:13} {row['oracle']:9} {row['n_trials']:4}  too few {row['too_few']:6.1%}  "
            f"found {row['found']:6.1%}  other {row['other']:6.1%}  {kinds}"
        )


if __name__ == "__main__":
    main()
