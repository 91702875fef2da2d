"""Any package with KerasTuner's public API, ours among them, driven as `Tuner.search` drives an oracle.

`kt:MODULE:NAME` is a tuner of the module, or an oracle of it; `kt:MODULE:NAME:key=value,…` gives it arguments. The
oracle's `update_trial` is called after each epoch, and a trial ends when the returned trial says "STOPPED". Values
named "tuner/epochs", "tuner/initial_epoch" and "tuner/trial_id" are obeyed.
"""

import ast
import contextlib
import importlib
import inspect
import io
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.search_quality.adapters.base import Adapter, Answer, Job
from benchmarks.search_quality.problems.problem import Problem
from benchmarks.search_quality.space import Parameter

__all__ = ["KerasTunerAPI", "find_class"]

_MANY = 10**6


# Any, here and below: the classes and trials of whatever package is driven.
def find_class(module: str, name: str) -> Any:
    """Return a module's tuner or oracle of this name.

    Raises:
        LookupError: The module has none.
    """
    package = importlib.import_module(module)
    oracles = getattr(package, "oracles", None)
    for holder, full_name in ((package, name), (oracles, name), (oracles, f"{name}Oracle"), (package, f"{name}Oracle")):
        if holder is not None and hasattr(holder, full_name):
            return getattr(holder, full_name)
    raise LookupError(f"{module} has no tuner or oracle {name!r}")


class KerasTunerAPI(Adapter):
    """A search by a package's tuner, or by its oracle in a bare tuner; `name` is `MODULE:NAME[:key=value,…]`."""

    def __init__(self, name: str, problem: Problem, *args: Any, **kwargs: Any) -> None:
        self._module, self._name, *rest = name.split(":")
        self._arguments = dict(_argument(text) for text in rest[0].split(",")) if rest and rest[0] else {}
        super().__init__(problem, *args, **kwargs)

    def setup(self) -> None:
        """Build the tuner, in a folder that lies in memory where there is one."""
        package, cls = importlib.import_module(self._module), find_class(self._module, self._name)
        self._folder = tempfile.mkdtemp(prefix="ktbench", dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self._oracle = self._make_tuner(package, cls).oracle
        with contextlib.suppress(Exception):  # KerasTuner alone has it
            self._oracle.verbose = 0
        self._free = [f"tuner{i}" for i in range(self.n_workers)]
        self._jobs: dict[str, Job] = {}

    def ask(self) -> Job | Answer:
        """Return the next trial."""
        worker = self._free.pop()
        with contextlib.redirect_stdout(io.StringIO()):
            trial = self._oracle.create_trial(worker)
        status = _word(trial.status)
        if status != "RUNNING":
            self._free.append(worker)
            return Answer.WAIT if status == "IDLE" else Answer.STOP
        values = dict(trial.hyperparameters.values)
        start, end, resumed = 0, None, None
        if "tuner/epochs" in values:
            start, end = int(values.get("tuner/initial_epoch", 0)), int(values["tuner/epochs"])
            resumed = self._jobs.get(values.get("tuner/trial_id", ""))
        if self._module == "keras_tuner":
            self._clamp(values)
        config = {name: value for name, value in values.items() if not name.startswith("tuner/")}
        job = Job(config, (worker, trial), start, end, resumed)
        self._jobs[trial.trial_id] = job
        return job

    def report(self, job: Job, epoch: int, value: float) -> bool:
        """Update the trial; what is returned, or its status, may say that it has stopped."""
        updated = self._oracle.update_trial(job.handle[1].trial_id, {self.metric: value}, step=epoch)
        return _word(getattr(updated, "status", updated)) == "STOPPED"

    def tell(self, job: Job, value: float | None) -> None:
        """End the trial; one that failed shows NaN, as a training does, unless its epochs were reported."""
        worker, trial = job.handle
        with contextlib.redirect_stdout(io.StringIO()):
            if not self.has_epochs:
                try:
                    metrics = {self.metric: float("nan") if value is None else value}
                    self._oracle.update_trial(trial.trial_id, metrics, step=0)
                except (ValueError, TypeError, ArithmeticError):
                    if value is not None:
                        raise
                    trial.status = "INVALID"
            is_invalid = value is None and (self.has_epochs or trial.status == "INVALID")
            trial.status = "INVALID" if is_invalid else "COMPLETED"
            self._oracle.end_trial(trial)
        self._free.append(worker)

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make_tuner(self, package: Any, cls: Any) -> Any:
        is_tuner = hasattr(cls, "run_trial") or hasattr(cls, "search")
        arguments = self._all_arguments(package, cls)
        base = cls if is_tuner else package.Tuner
        quiet = type(f"Bench{self._name}", (base,), {"run_trial": lambda self, trial, *args, **kwargs: None})
        place = {"directory": self._folder, "project_name": "p", "overwrite": True}
        model: Any
        for model in (None, lambda hp: 0.0):  # a package may insist on something to call
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    searched = arguments if is_tuner else {"oracle": cls(**arguments)}
                    return quiet(hypermodel=model, **place, **searched)
            except (TypeError, ValueError, AttributeError):
                if model is not None:
                    raise
        raise AssertionError  # the second model returns or raises

    def _all_arguments(self, package: Any, cls: Any) -> dict[str, Any]:
        """Return the constructor's arguments, of which a class gets those that it knows."""
        optional: dict[str, Any] = {
            "max_trials": self.max_trials,
            "max_consecutive_failed_trials": _MANY,
            "max_retries_per_trial": 0,
            "hyperband_iterations": 1_000,
        }
        if self.max_epochs > 1:
            optional["max_epochs"] = self.max_epochs
        known = inspect.signature(cls.__init__).parameters
        return {
            "objective": package.Objective(self.metric, self.direction),
            "hyperparameters": self._hyperparameters(package),
            "seed": self.seed + 1,
            **{name: value for name, value in optional.items() if name in known},
            **self._arguments,
        }

    def _hyperparameters(self, package: Any) -> Any:
        hp = package.HyperParameters()
        for p in self.space.parameters:
            with contextlib.ExitStack() as scopes:
                for parent, values in p.when:
                    scopes.enter_context(hp.conditional_scope(parent, list(values)))
                _declare(hp, p)
        return hp

    def _clamp(self, values: dict[str, Any]) -> None:
        """Keep numbers in their ranges: KerasTuner's BayesianOptimization proposes max + 1 for a log Int."""
        for p in self.space.parameters:
            if not p.is_choice and p.name in values:
                values[p.name] = type(values[p.name])(min(max(values[p.name], p.low), p.high))


def _declare(hp: Any, p: Parameter) -> None:
    match p.kind:
        case "int" if p.is_log:
            hp.Int(p.name, p.low, p.high, sampling="log")
        case "int":
            hp.Int(p.name, p.low, p.high, step=int(p.step or 1))
        case "float" if p.is_log:
            hp.Float(p.name, p.low, p.high, sampling="log")
        case "float":
            hp.Float(p.name, p.low, p.high, **({"step": p.step} if p.step else {}))
        case "bool":
            hp.Boolean(p.name)
        case _:
            is_numeric = isinstance(p.values[0], int | float)
            hp.Choice(p.name, list(p.values), **({"ordered": p.is_ordered} if is_numeric else {}))


def _word(status: Any) -> str:
    return str(getattr(status, "value", status))


def _argument(text: str) -> tuple[str, Any]:
    key, _, value = text.partition("=")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value  # a word without quotes
