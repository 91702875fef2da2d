"""Hyperband: many configurations for few epochs, the best of them for more; with workers that never wait.

How it works: when a worker is idle, the first of these that is possible is done: continue the best trial of a complete
rung (`rungs`), draw a new configuration for the first rung of the open bracket (`brackets`), open the next bracket, and
in the end continue trials ahead of time. With one worker this is Hyperband as published (Li et al. 2018, JMLR 18(185),
algorithm 1). All of it is read anew from the trials each time, so a search goes on exactly where it stood.

To continue a trial is another trial with the same values: `tuner/trial_id` says whose weights it takes over,
`tuner/initial_epoch` and `tuner/epochs` from where to where it trains.
"""

from typing import Any, Protocol

from kt_notebook.core.budget import Budget
from kt_notebook.core.errors import OptionError
from kt_notebook.core.format import format_count
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.limits import check_count
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.oracle import Oracle, Pruner
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.core.values import Value
from kt_notebook.oracles.brackets import Bracket, plan_brackets
from kt_notebook.oracles.pruning import create_pruner
from kt_notebook.oracles.random_draws import RandomSampler
from kt_notebook.oracles.rungs import Promotion, Rungs
from kt_notebook.oracles.tried import proposal

__all__ = ["SAMPLERS", "HyperbandOracle", "Sampler"]

SAMPLERS = ("random", "bayesian")


class Sampler(Protocol):
    """Proposes the configurations that begin in a bracket's first rung."""

    def propose(self, oracle: Oracle, trial_id: str) -> dict[str, Value] | None:
        """Return an untried configuration, None where none is left; a function of what the oracle knows."""


class HyperbandOracle(Oracle):
    """Trains many configurations for few epochs and the best of them for more.

    `get_best_trials` ranks by score over all rungs, as KerasTuner does: a score is the best epoch's, and the weights
    kept are those of that epoch, so a trial of a low rung that is best is best in earnest.

    A trial by hand (`enqueue`) is a configuration like the drawn ones: it takes a place of the first rung that is being
    filled, and goes on where it is among the best. When all first rungs are full it trains for `max_epochs`.

    Args:
        objective: None (the first result decides), a metric's name, an `Objective`, or a list of these.
        max_epochs: Epochs that the best configurations train for.
        factor: One in so many goes on to the next rung, for so many times the epochs.
        hyperband_iterations: How often to go through all brackets.
        seed: Any integer, 0 included; None draws one.
        hyperparameters: A space that is known beforehand; what it holds wins over what trials declare.
        allow_new_entries: Whether trials may declare more than `hyperparameters` holds; if not, that ends the search.
        tune_new_entries: Whether what they declare beyond it is searched, not only kept at its default.
        max_retries_per_trial: How often a trial with NaN or an exception, `FailedTrialError` aside, is run again.
        max_consecutive_failed_trials: End the search when as many trials in a row failed; None: never for this reason.
        prune: "auto", "median" or "halving" ends trials that cannot win; None and "none" let each run to its end.
        sampler: Where new configurations come from: "random"; "bayesian", a model of the trials on all rungs (the
            idea of BOHB: Falkner et al. 2018, arXiv:1807.01774); or an object with `propose(oracle, trial_id)`.
        max_trials: Most trials to run; None for all that the brackets hold.

    Raises:
        OptionError: A number is too small, the seed is no integer, or `prune` or `sampler` is unknown.
        ObjectiveError: The objective cannot be understood.

    Example:
        >>> hp = HyperParameters()
        >>> _ = hp.Int("units", 8, 64)
        >>> oracle = HyperbandOracle("val_loss", max_epochs=9, seed=0, hyperparameters=hp)
        >>> trial = oracle.create_trial("tuner0")
        >>> trial.trial_id, trial.hyperparameters.get("tuner/epochs"), oracle.remaining_trials()
        ('0000', 1, 21)
    """

    def __init__(
        self,
        objective: str | AnyObjective | list[Any] | None = None,  # Any: names and objectives mixed
        max_epochs: int = 100,
        factor: int = 3,
        hyperband_iterations: int = 1,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        allow_new_entries: bool = True,
        tune_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int | None = None,
        prune: str | Pruner | None = None,
        sampler: str | Sampler = "random",
        max_trials: int | None = None,
    ) -> None:
        super().__init__(
            objective=objective,
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            allow_new_entries=allow_new_entries,
            tune_new_entries=tune_new_entries,
            seed=seed,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
            pruner=create_pruner(prune),
        )
        check_count("hyperband_iterations", hyperband_iterations)
        self._brackets = plan_brackets(max_epochs, factor)
        self.max_epochs = max_epochs
        self.factor = factor
        self.hyperband_iterations = hyperband_iterations
        self.epochs_from = ""  # In words, where the user did not give `max_epochs` here.
        self._sampler = _create_sampler(sampler)

    # Any: KerasTuner's form of an answer
    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return `{"status", "values"}` for the next trial.

        IDLE where everything else depends on a trial that runs, STOPPED when nothing is left to do.
        """
        rungs = self._rungs()
        promotion = rungs.next_complete()
        if promotion is not None:
            return proposal(self._continued(promotion))
        bracket = rungs.open_bracket
        if bracket is not None:
            values = self._sampler.propose(self, trial_id)
            if values is not None:
                return proposal({**values, **_first_budget(bracket).to_values()})
            promotion = rungs.next_complete(is_used_up=True)
        promotion = promotion or rungs.next_ahead()
        if promotion is not None:
            return proposal(self._continued(promotion))
        return {"status": TrialStatus.IDLE if self.ongoing_trials else TrialStatus.STOPPED, "values": None}

    def values_by_hand(self, values: dict[str, Value]) -> dict[str, Value]:
        """Return the values of a trial by hand with the epochs of the first rung that is being filled."""
        # The last bracket trains for `max_epochs` at once and has nothing above: one more there changes nothing.
        bracket = self._rungs().open_bracket or self._brackets[-1]
        return {**values, **_first_budget(bracket).to_values()}

    def create_trial(self, tuner_id: str) -> Trial:
        """Return the next trial for a worker: RUNNING, or IDLE or STOPPED without values."""
        trial = super().create_trial(tuner_id)
        budget = Budget.of(trial.hyperparameters.values)
        if budget is not None and budget.trial_id is not None:
            _keep_as_they_are(trial.hyperparameters)
        return trial

    def adopt_trial(self, trial: Trial) -> None:
        """Take in a trial of an earlier session; one that had not ended is run again.

        Raises:
            OptionError: It was trained by other brackets than these, so that its score means something else.
        """
        budget = Budget.of(trial.hyperparameters.values)
        if budget is not None and not self._fits(budget):
            raise OptionError(
                f"Trial {trial.trial_id} trained up to epoch {budget.epochs} in round {budget.round} of bracket "
                f"{budget.bracket}, which max_epochs={self.max_epochs} and factor={self.factor} do not give. Search on "
                "with the former values, choose another project_name, or begin anew with overwrite=True."
            )
        super().adopt_trial(trial)

    def get_space(self) -> HyperParameters:
        """Return a copy of the space, for building once: with the epochs that the first trial is given."""
        space = super().get_space()
        space.values = {**space.values, **_first_budget(self._brackets[0]).to_values()}
        return space

    def remaining_trials(self) -> int | None:
        """Return how many trials may still start: fewer where the space is used up or too many fail."""
        left = self.n_planned - self._rungs().n_trials
        if self.max_trials is not None:
            left = min(left, self.max_trials - len(self.start_order))
        return max(0, left)

    @property
    def n_planned(self) -> int:
        """How many trials the brackets hold, over all iterations."""
        return self.hyperband_iterations * sum(rung.n_trials for bracket in self._brackets for rung in bracket.rungs)

    def describe_plan(self) -> str:
        """Return what the search is going to do, in one line, with a hint where that may not be what is meant."""
        planned = self.n_planned
        n_brackets = self.hyperband_iterations * len(self._brackets)
        source = f" ({self.epochs_from})" if self.epochs_from else ""
        is_cut = self.max_trials is not None and self.max_trials < planned
        trials = f"{format_count(self.max_trials or 0)} of {format_count(planned)}" if is_cut else format_count(planned)
        parts = (
            f"up to {_counted(self.max_epochs, 'epoch')} a trial{source}",
            _counted(n_brackets, "bracket"),
            f"{trials} trial{'' if planned == 1 else 's'}",
        )
        text = f"Hyperband: {', '.join(parts)}"
        if len(self._brackets) == 1:
            return f"{text}. That compares nothing early: give max_epochs of {self.factor} or more, better 27."
        if self.max_trials is not None and self.max_trials > planned:
            more = f"hyperband_iterations={-(-self.max_trials // planned)}, or a higher max_epochs, makes more"
            return f"{text}. max_trials={self.max_trials} is above that: {more}."
        return text

    # Any: JSON
    def get_state(self) -> dict[str, Any]:
        """Return the oracle as KerasTuner's oracle.json holds it; what is known of brackets is for KerasTuner alone."""
        rungs, n_brackets = self._rungs(), len(self._brackets)
        latest = max(0, rungs.n_opened - 1)
        return {
            **super().get_state(),
            "hyperband_iterations": self.hyperband_iterations,
            "max_epochs": self.max_epochs,
            "min_epochs": 1,
            "factor": self.factor,
            "brackets": rungs.to_keras_tuner(),
            "current_bracket": self._brackets[latest % n_brackets].number,
            "current_iteration": latest // n_brackets,
        }

    def settled_trials(self, *, is_over: bool = False) -> list[str]:
        """Return the ids of ended trials from which none will go on any more.

        Args:
            is_over: Whether the search has come to its end, so that no trial that failed is run again.
        """
        return list(self._rungs().settled(is_over=is_over))

    def _rungs(self) -> Rungs:
        return Rungs(self._brackets * self.hyperband_iterations, self.factor, self)

    def _next_id(self) -> str:
        return f"{self._next_number():04d}"

    def _continued(self, promotion: Promotion) -> dict[str, Value]:
        """Return the values of a trial that goes on; what the space has gained since is at its default."""
        trial, bracket, round_ = promotion.trial, promotion.bracket, promotion.round
        before = trial.hyperparameters.values

        def keep(entry: HyperParameter) -> Value:
            if entry.name in before:
                return before[entry.name]
            return entry.prob_to_value(entry.value_to_prob(entry.default))  # A default may lie between the steps.

        budget = Budget(
            epochs=bracket.rungs[round_].epochs,
            initial_epoch=bracket.initial_epoch(round_),
            bracket=bracket.number,
            round=round_,
            trial_id=trial.trial_id,
        )
        return {**self.hyperparameters.search_space.assign(keep), **budget.to_values()}

    def _fits(self, budget: Budget) -> bool:
        for bracket in self._brackets:
            if bracket.number == budget.bracket and budget.round < len(bracket.rungs):
                return bracket.rungs[budget.round].epochs == budget.epochs
        return False


def _create_sampler(sampler: str | Sampler) -> Sampler:
    if sampler == "random":
        return RandomSampler()
    if sampler == "bayesian":
        from kt_notebook.oracles.bayesian import BayesianSampler  # with scipy, which only those wait for who ask for it

        return BayesianSampler()
    if isinstance(sampler, str) or not callable(getattr(sampler, "propose", None)):
        raise OptionError(
            f"sampler={sampler!r} draws nothing. There are {', '.join(map(repr, SAMPLERS))}, and objects with "
            "propose(oracle, trial_id)."
        )
    return sampler


def _counted(n: int, what: str) -> str:
    return f"{format_count(n)} {what}{'' if n == 1 else 's'}"


def _first_budget(bracket: Bracket) -> Budget:
    return Budget(epochs=bracket.rungs[0].epochs, initial_epoch=0, bracket=bracket.number, round=0)


def _keep_as_they_are(hyperparameters: HyperParameters) -> None:
    """Let no range that depends on other values move these: it has done so in the trial that is continued."""
    values = hyperparameters.values
    hyperparameters.values = {}
    hyperparameters.mark_drawn()
    hyperparameters.values = values
