"""Methods by name: how a method is called, whether it can run here, and the adapter that drives it.

- `ref:random`: uniform random search by the benchmark itself, the yardstick
- `kt:MODULE:NAME[:key=value,…]`: a tuner or oracle of any package with KerasTuner's public API
- `optuna:SAMPLER[+PRUNER]`: optuna:TPE, optuna:TPE-mv, optuna:GP, optuna:TPE+Median, …
- `hyperopt:`: hyperopt's TPE
- `py:FILE.py:CLASS`: an `Adapter` of one's own, for prototypes
"""

import importlib.util

from benchmarks.search_quality.adapters.base import Adapter, Answer, Job
from benchmarks.search_quality.adapters.hyperopt import HyperoptTPE
from benchmarks.search_quality.adapters.kt import KerasTunerAPI, find_class
from benchmarks.search_quality.adapters.optuna import OptunaStudy
from benchmarks.search_quality.adapters.reference import UniformRandom
from benchmarks.search_quality.problems.problem import Problem

__all__ = ["Adapter", "Answer", "Job", "make", "why_not_here"]


def make(
    method: str, problem: Problem, seed: int, max_trials: int, n_workers: int = 1, *, has_epochs: bool = False
) -> Adapter:
    """Return the adapter of a method.

    Raises:
        ValueError: There is no method of this name.
    """
    kind, _, rest = method.partition(":")
    match kind:
        case "ref":
            return UniformRandom(problem, seed, max_trials, n_workers, has_epochs=has_epochs)
        case "kt":
            return KerasTunerAPI(rest, problem, seed, max_trials, n_workers, has_epochs=has_epochs)
        case "optuna":
            return OptunaStudy(rest, problem, seed, max_trials, n_workers, has_epochs=has_epochs)
        case "hyperopt":
            return HyperoptTPE(problem, seed, max_trials, n_workers, has_epochs=has_epochs)
        case "py":
            return _own_adapter(rest)(problem, seed, max_trials, n_workers, has_epochs=has_epochs)
    raise ValueError(f"There is no method {method!r}. A method is ref:…, kt:…, optuna:…, hyperopt: or py:….")


def why_not_here(method: str) -> str:
    """Return why a method cannot run here: its package is not installed, or has no such tuner; else nothing."""
    kind, _, rest = method.partition(":")
    module = {"optuna": "optuna", "hyperopt": "hyperopt", "kt": rest.partition(":")[0]}.get(kind)
    if module is None:
        return ""
    if importlib.util.find_spec(module) is None:
        return f"{module} is not installed here"
    if method.startswith("optuna:GP") and importlib.util.find_spec("torch") is None:
        return "torch, which Optuna's GPSampler needs, is not installed here"
    if kind == "kt":
        try:
            find_class(module, f"{rest}:".split(":")[1])
        except LookupError as error:
            return str(error)
    return ""


def _own_adapter(place: str) -> type[Adapter]:
    path, _, name = place.rpartition(":")
    spec = importlib.util.spec_from_file_location("own_adapter", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python file. Name an adapter as py:FILE.py:CLASS.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cls: type[Adapter] = getattr(module, name)
    return cls
