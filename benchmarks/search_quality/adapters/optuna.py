"""Optuna's samplers and pruners, through `study.ask` and `study.tell`."""

from typing import Any

from benchmarks.search_quality.adapters.base import Adapter, Job
from benchmarks.search_quality.problems.problem import Problem
from benchmarks.search_quality.space import Config

__all__ = ["OptunaStudy"]

# Any: Optuna's classes, which are imported when they are needed.
_SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "Random": ("RandomSampler", {}),
    "TPE": ("TPESampler", {}),
    "TPE-mv": ("TPESampler", {"multivariate": True, "group": True}),
    "TPE-cl": ("TPESampler", {"constant_liar": True}),
    "TPE-mv-cl": ("TPESampler", {"multivariate": True, "group": True, "constant_liar": True}),
    "GP": ("GPSampler", {}),
    "CMAES": ("CmaEsSampler", {}),
    "NSGA2": ("NSGAIISampler", {}),
    "QMC": ("QMCSampler", {"scramble": True}),
}


class OptunaStudy(Adapter):
    """A study; `name` is a sampler, or a sampler and a pruner: "TPE", "TPE-mv+Median"."""

    def __init__(self, name: str, problem: Problem, *args: Any, **kwargs: Any) -> None:
        self._sampler, _, self._pruner = name.partition("+")
        if self._sampler not in _SAMPLERS:
            raise ValueError(f"There is no sampler {self._sampler!r}; there are {', '.join(_SAMPLERS)}.")
        super().__init__(problem, *args, **kwargs)

    def setup(self) -> None:
        """Create the study, in memory."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler, options = _SAMPLERS[self._sampler]
        self._states = optuna.trial.TrialState
        self._pruned: set[int] = set()
        self._study = optuna.create_study(
            study_name=f"seed {self.seed}",  # HyperbandPruner draws brackets from it; by default it is random
            direction="maximize" if self.direction == "max" else "minimize",
            sampler=getattr(optuna.samplers, sampler)(seed=self.seed, **options),
            pruner=self._make_pruner(optuna.pruners),
        )

    def ask(self) -> Job:
        """Return the next trial, its parameters declared one after the other as conditions hold."""
        trial = self._study.ask()
        config: Config = {}
        for p in self.space.parameters:
            if not self.space.is_active(p, config):
                continue
            if p.is_choice:
                config[p.name] = trial.suggest_categorical(p.name, list(p.choices))
            elif p.kind == "int" and p.is_log:
                config[p.name] = trial.suggest_int(p.name, int(p.low), int(p.high), log=True)
            elif p.kind == "int":
                config[p.name] = trial.suggest_int(p.name, int(p.low), int(p.high), step=int(p.step or 1))
            else:
                config[p.name] = trial.suggest_float(p.name, p.low, p.high, log=p.is_log, step=p.step)
        return Job(config, trial)

    def report(self, job: Job, epoch: int, value: float) -> bool:
        """Report the epoch and ask the pruner."""
        job.handle.report(value, epoch)
        if job.handle.should_prune():
            self._pruned.add(job.handle.number)
            return True
        return False

    def tell(self, job: Job, value: float | None) -> None:
        """Tell the value, or that the trial failed or was pruned."""
        if value is None:
            self._study.tell(job.handle, state=self._states.FAIL)
        elif job.handle.number in self._pruned:
            self._study.tell(job.handle, state=self._states.PRUNED)
        else:
            self._study.tell(job.handle, value)

    # Any: Optuna's module of pruners, and a pruner.
    def _make_pruner(self, pruners: Any) -> Any:
        match self._pruner:
            case "":
                return pruners.NopPruner()
            case "Median":
                return pruners.MedianPruner()
            case "Hyperband":
                return pruners.HyperbandPruner(min_resource=1, max_resource=self.max_epochs, reduction_factor=3)
            case "SHA":
                return pruners.SuccessiveHalvingPruner()
            case "Patient":
                return pruners.PatientPruner(pruners.MedianPruner(), patience=3)
            case "Wilcoxon":
                return pruners.WilcoxonPruner()
        raise ValueError(f"There is no pruner {self._pruner!r}; Median, Hyperband, SHA, Patient, Wilcoxon are known.")
