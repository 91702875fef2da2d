"""Makers of searches for the tests of results: records folded from events, as a journal would tell them.

`Tale` tells a search trial by trial; `random_search` plays a whole one on a function of the values.
"""

import math
import random

from kt_notebook.core.record import SearchRecord
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.values import value_to_json


def declared(declare):
    """Return the `HyperParameters` that a function of `hp` declares, with its values at the defaults."""
    hp = HyperParameters()
    if declare is not None:
        declare(hp)
    return hp


class Tale:
    """Tells a search trial by trial and folds it as it goes; `records` are the events in JSON form.

    Args:
        declare: A function of `hp` that declares the space, or None for a space without hyperparameters.
        objective: Pairs of name and direction; None or () leaves it undecided.
        settings: Other settings of `search_started`.
    """

    def __init__(self, declare=None, objective=(("val_accuracy", "max"),), **settings):
        self.hp = declared(declare)
        self.record = SearchRecord()
        self.records = []
        self.now = 1_000.0
        self.metric = objective[0][0] if objective else "val_accuracy"
        parts = [{"name": name, "direction": direction} for name, direction in objective or ()] or None
        self.tell(
            "search_started",
            **{
                "search_id": "s1", "name": "digits", "tuner": "RandomSearch", "objective": parts, "max_trials": None,
                "executions_per_trial": 1, "max_epochs": None, "seed": 7, "workers": 1, "where": "thread",
                "timeout_s": None, "space": self.hp.get_config()["space"], "directory": None, "resumed": False,
                "n_combinations": None, **settings,
            },
        )  # fmt: skip

    def tell(self, kind, after_s=0.0, **fields):
        """Add an event that happens so many seconds after the last one."""
        self.now += after_s
        event = {"seq": len(self.records) + 1, "time": self.now, "kind": kind, **fields}
        self.records.append(event)
        self.record.fold(event)
        return self

    def begin(self, trial_id, values=None, seed=11, after_s=0.0):
        shown = {name: value_to_json(value) for name, value in (values or {}).items()}
        return self.tell("trial_started", after_s, trial_id=trial_id, values=shown, seed=seed, enqueued=None)

    def epoch(self, trial_id, epoch, metrics, *, execution=0, n_epochs=None, after_s=0.5):
        """Add an epoch; metrics by name, or the objective's value alone."""
        held = metrics if isinstance(metrics, dict) else {self.metric: metrics}
        return self.tell(
            "epoch_ended", after_s, trial_id=trial_id, execution=execution, epoch=epoch, n_epochs=n_epochs, stage=0,
            metrics={name: _number(value) for name, value in held.items()},
        )  # fmt: skip

    def curve(self, trial_id, values, *, n_epochs=None, execution=0):
        for epoch, value in enumerate(values):
            self.epoch(trial_id, epoch, value, n_epochs=n_epochs or len(values), execution=execution)
        return self

    def end(
        self, trial_id, score, values=None, *, status="COMPLETED", metrics=None, error=None, pruned=None, after_s=1.0
    ):
        """End a trial, beginning it where it has not begun. `pruned` is an epoch, `error` a message."""
        if trial_id not in self.record.trials:
            self.begin(trial_id, values)
        elif values is None:
            values = self.record.trials[trial_id].values
        held = {self.metric: score} if metrics is None and score is not None else metrics or {}
        return self.tell(
            "trial_ended", after_s, trial_id=trial_id, status=status, score=_number(score), best_step=0,
            metrics={name: _number(value) for name, value in held.items()},
            values={name: value_to_json(value) for name, value in (values or {}).items()},
            error=None if error is None else {"type": "ValueError", "message": error, "traceback": "", "line": None},
            pruned=None if pruned is None else {"epoch": pruned, "reason": "worse than others at this epoch"},
        )  # fmt: skip

    def finish(self, reason="finished"):
        return self.tell("search_ended", reason=reason, error=None)


def random_search(
    function,
    declare,
    n_trials=60,
    *,
    seed=0,
    noise=0.0,
    objective=(("val_accuracy", "max"),),
    n_epochs=0,
    failed=0.0,
    pruned=0.0,
    **settings,
):
    """Return the record of a random search.

    Args:
        function: From the active values, a dict, to the score; with several objectives to a dict of them.
        declare: A function of `hp` that declares the space.
        n_trials: How many trials.
        seed: Of the draws and the noise.
        noise: Standard deviation of what is added to each score.
        objective: Pairs of name and direction.
        n_epochs: Give each trial a learning curve of so many epochs.
        failed: The share of trials that fail.
        pruned: The share of trials that are pruned after a third of their epochs.
        settings: Other settings of `search_started`.
    """
    rng = random.Random(seed)
    tale = Tale(declare, objective, max_trials=n_trials, seed=seed, **settings)
    space = tale.hp.search_space
    width = len(str(n_trials - 1))
    for number in range(n_trials):
        trial_id = str(number).zfill(width)
        values = space.assign(lambda entry: entry.prob_to_value(rng.random()))
        tale.begin(trial_id, values, seed=rng.randrange(2**31), after_s=0.01)
        chance = rng.random()
        if chance < failed:
            tale.end(trial_id, None, values, status="FAILED", error="out of memory")
            continue
        result = function(values)
        is_pruned = chance < failed + pruned
        if isinstance(result, dict):
            metrics = {name: value + rng.gauss(0, 1) * noise for name, value in result.items()}
            directions = dict(objective)
            score = sum(value if directions[name] == "min" else -value for name, value in metrics.items())
        else:
            score = result + rng.gauss(0, 1) * noise
            metrics = {tale.metric: score}
        last = max(1, n_epochs // 3) if is_pruned else n_epochs
        for epoch in range(last):
            gap = math.exp(-4 * (epoch + 1) / n_epochs) if epoch + 1 < n_epochs else 0.0
            worse = -gap if objective[0][1] == "max" else gap
            tale.epoch(trial_id, epoch, metrics[tale.metric] + worse, n_epochs=n_epochs, after_s=0.1)
        if is_pruned and n_epochs:
            score = tale.record.trials[trial_id].epochs[-1].metrics[tale.metric]
            metrics = {**metrics, tale.metric: score}
        tale.end(trial_id, score, values, metrics=metrics, pruned=last if is_pruned else None, after_s=rng.random())
    return tale.finish().record


def mixed_space(hp):
    """Declare one hyperparameter of each kind: log, whole numbers, choices, yes or no, and one that is conditional."""
    hp.Float("lr", 1e-4, 1e-1, sampling="log")
    hp.Int("units", 16, 256, step=16)
    hp.Choice("activation", ["relu", "tanh", "gelu"])
    if hp.Boolean("dropout"):
        pass
    with hp.conditional_scope("dropout", True):
        hp.Float("rate", 0.0, 0.5)


def mixed_score(values):
    """Return an accuracy: lr matters most, then units and activation; rate a little where there is dropout."""
    place = math.log10(values["lr"]) + 2.3
    score = 0.95 - 0.08 * place**2 - 0.02 * (values["units"] / 256 - 0.7) ** 2
    score -= {"relu": 0.0, "tanh": 0.02, "gelu": 0.01}[values["activation"]]
    return score - (0.05 * abs(values["rate"] - 0.2) if values["dropout"] else 0.01)


def mixed_search(n_trials=60, **options):
    """Return a search of `mixed_space`, with curves, and with some trials failed and pruned."""
    held = {"noise": 0.005, "n_epochs": 9, "failed": 0.08, "pruned": 0.15, **options}
    return random_search(mixed_score, mixed_space, n_trials, **held)


def empty_search(declare=mixed_space, **options):
    """Return a search that has begun and has no trial."""
    return Tale(declare, **options).record


def _number(value):
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
