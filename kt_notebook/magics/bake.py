"""`%tune bake`: a new cell below with one trial's values in the place of `hp`."""

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from kt_notebook.core.budget import Budget
from kt_notebook.core.errors import OptionError
from kt_notebook.core.format import format_metric, format_score, format_trial_id, shorten
from kt_notebook.core.objective import loss_sign
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.trial import trial_number
from kt_notebook.core.values import value_from_json
from kt_notebook.magics.cell import CellForm, CellPlan
from kt_notebook.magics.cell.baked_tuner import bake_tuner_search
from kt_notebook.magics.cell.baking import TrialFacts, bake
from kt_notebook.magics.cell_text import cell_of
from kt_notebook.magics.named_search import search_and_rest, tuner_of, unknown_search
from kt_notebook.magics.next_cell import put_cell
from kt_notebook.panel.host import HostedSearch
from kt_notebook.tuners.base_tuner import BaseTuner

__all__ = ["bake_word", "facts_of"]

_LONGEST_REMARK = 200
_KERAS_NAMES = {"keras", "tensorflow", "tf", "layers"}


# Any: IPython's shell.
def bake_word(shell: Any, words: list[str]) -> None:
    """Put a new cell below: the tuned cell with a trial's values in the place of `hp`.

    Args:
        shell: The notebook.
        words: NAME of the search and N of the trial, in any order; without NAME the latest search, without N the
            best trial.

    Raises:
        OptionError: There is no such search or trial, the trial has not ended, or the cell is not known.
        CellError: The cell's text cannot be changed where that is needed.
    """
    search, wanted = _search_and_trial(shell, words)
    tuner = tuner_of(search)
    cell = cell_of(tuner)
    record = search.feed.record
    trial = _trial(record, search.name, wanted)
    facts = facts_of(record, trial, cell.plan, shell.user_ns)
    if cell.plan.form is CellForm.TUNER_SEARCH:
        _refuse_own_trials(tuner)
        baked = bake_tuner_search(cell.plan, cell.raw, facts, shell.user_ns)
    else:
        baked = bake(cell.plan, cell.raw, facts, shell.user_ns)
    put_cell(shell, baked.text)


# Any: as above.
def _search_and_trial(shell: Any, words: Sequence[str]) -> tuple[HostedSearch, str | None]:
    search, rest = search_and_rest(shell, words)
    if len(rest) > 1:
        search, rest = search_and_rest(shell, rest[::-1])  # N NAME
    if len(rest) > 1:
        raise OptionError(
            f"%tune bake cannot take {' '.join(words)!r}. Write %tune bake [NAME] [N]: a search's name, a trial's "
            "number."
        )
    if rest == list(words) and rest and not rest[0].isdecimal() and rest[0] not in search.feed.record.trials:
        raise unknown_search(shell, rest[0])
    return search, rest[0] if rest else None


def _trial(record: SearchRecord, name: str, wanted: str | None) -> TrialRecord:
    """Return the trial that is wanted, the best without.

    Raises:
        OptionError: There is none, or it has not ended.
    """
    ranked = record.ranked()
    if wanted is None:
        if not ranked and record.is_ended:
            raise OptionError(f"{name} has no completed trial. One that failed can be baked too: %tune bake {name} N")
        if not ranked:
            raise OptionError(f"{name} has no completed trial yet. Wait for one: %tune wait {name}")
        return ranked[0]
    trials = list(record.trials.values())
    found = [trial for trial in trials if trial_number(trial.trial_id) == trial_number(wanted)]
    best = f" The best so far is {format_trial_id(ranked[0].trial_id)}: %tune bake {name}" if ranked else ""
    if not found:
        n = len(trials)
        ids = f"{format_trial_id(trials[0].trial_id)} to {format_trial_id(trials[-1].trial_id)}" if n > 1 else "0"
        have = f"it has {n} trial{'' if n == 1 else 's'}, {ids}" if n else "it has none yet"
        raise OptionError(f"{name} has no trial {wanted}; {have}.{best}")
    if found[0].ended_at is None:
        raise OptionError(f"Trial {wanted} of {name} has not ended, so it has no score yet.{best}")
    return found[0]


def _refuse_own_trials(tuner: BaseTuner) -> None:
    """Refuse a tuner whose own code says what a trial is.

    Raises:
        OptionError: Its class has a `run_trial` of its own.
    """
    if not type(tuner).run_trial.__module__.startswith("kt_notebook."):
        raise OptionError(
            f"{type(tuner).__name__} has a run_trial of its own, and what it trains cannot be put into a cell. Copy "
            "its lines into one, with the values of tuner.best in the place of trial.hyperparameters."
        )


# Any: the notebook's names stand for anything.
def facts_of(record: SearchRecord, trial: TrialRecord, plan: CellPlan, namespace: Mapping[str, Any]) -> TrialFacts:
    """Return what the baked cell says of a trial."""
    values = {name: value_from_json(value) for name, value in trial.values.items()}
    remarks = [*_remarks(record, trial), *_naming_remark(plan)]
    uses_keras = bool(trial.fits or trial.epochs) or _uses_keras(plan)
    if uses_keras:
        remarks.append("With its seed, set below, Keras draws what it drew in the trial.")
    elif (record.search["executions_per_trial"] or 1) == 1:
        remarks.append(f"Its seed was {trial.seed}.")
    seed = trial.seed if uses_keras else None
    return TrialFacts(_title(record, trial), values, seed, tuple(remarks), _keras_name(namespace))


def _title(record: SearchRecord, trial: TrialRecord) -> str:
    title = f"Trial {format_trial_id(trial.trial_id)} of {record.search['name']}"
    ranked = record.ranked()
    if len(ranked) > 1 and ranked[0] is trial:
        title += f", the best of {len(ranked)}"
    names = [format_metric(part["name"]) for part in record.objective or []]
    if len(names) == 1 and trial.score is not None:
        title += f": {names[0]} {format_score(trial.score)}"
    elif names and trial.metrics:
        shown = [f"{name} {format_score(trial.metrics[name])}" for name in names if name in trial.metrics]
        title += f": {', '.join(shown)}" if shown else ""
    n = _n_epochs(trial)
    if trial.best_step is not None and n:
        title += f" at epoch {trial.best_step + 1} of {n}"
    return title


def _n_epochs(trial: TrialRecord) -> int:
    """Return how many epochs a trial's first execution trained, those of the trial that it went on from included."""
    return max((epoch.epoch + 1 for epoch in trial.epochs if epoch.execution == 0), default=0)


def _remarks(record: SearchRecord, trial: TrialRecord) -> list[str]:
    remarks = []
    if trial.status != "COMPLETED":
        reason = f": {trial.error['type']}: {trial.error['message']}" if trial.error else "."
        remarks.append(shorten(f"It ended as {trial.status}{reason}", _LONGEST_REMARK))
    executions = record.search["executions_per_trial"] or 1
    if executions > 1:
        first = _first_score(record, trial)
        told = f", which gave {first}" if first else f", {trial.seed}"
        remarks.append(f"Its score is the mean of {executions} executions; the seed is that of the first{told}.")
    return [*remarks, *_budget_remarks(record, trial)]


def _first_score(record: SearchRecord, trial: TrialRecord) -> str | None:
    parts = record.objective or []
    if len(parts) != 1:
        return None
    name = parts[0]["name"]
    curve = [e.metrics[name] for e in trial.epochs if e.execution == 0 and name in e.metrics]
    return format_score(min(curve, key=lambda value: loss_sign(parts) * value)) if curve else None


def _budget_remarks(record: SearchRecord, trial: TrialRecord) -> list[str]:
    """Return what to know where the trial trained for another number of epochs than the cell says."""
    budget, n = Budget.of(trial.values), _n_epochs(trial)
    place = f"; its score is what epoch {trial.best_step + 1} gives" if trial.best_step is not None else ""
    if budget is not None:
        remark = f"Hyperband trained it to epoch {budget.epochs}, and this cell trains as long as it says{place}."
        if budget.trial_id is None or not budget.initial_epoch:
            return [remark]
        before = format_trial_id(budget.trial_id)
        return [
            f"{remark} It went on from trial {before}, which drew otherwise, so the score comes out near, not equal."
        ]
    if trial.pruned is not None:
        return [f"It was pruned after epoch {n}, and this cell trains on{place}."]
    most = record.search["max_epochs"]
    if most is not None and n == most:
        return [f"--max-epochs ended it after epoch {n}, and this cell trains as long as it says{place}."]
    return []


def _uses_keras(plan: CellPlan) -> bool:
    """Return whether a cell imports or reads Keras or TensorFlow."""
    names = set(plan.reads)
    for node in ast.walk(plan.cell.tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return bool(names & _KERAS_NAMES)


def _naming_remark(plan: CellPlan) -> list[str]:
    """Return advice where a callback may look for a metric that Keras calls otherwise in a kernel that was used."""
    makes_metric = any(
        isinstance(node, ast.Call)
        and "metrics." in ast.unparse(node.func)
        and not any(keyword.arg == "name" for keyword in node.keywords)
        for node in ast.walk(plan.cell.tree)
    )
    if not makes_metric or "monitor" not in plan.cell.text:
        return []
    text = (
        "In a kernel that has trained before, Keras numbers metrics without a name (auc_1), and monitor= does not find "
        "them: call keras.utils.clear_session() first."
    )
    return [text]


def _keras_name(namespace: Mapping[str, Any]) -> str:  # as above
    """Return under which name to import Keras: its own, unless the notebook has something else of that name."""
    held = namespace.get("keras")
    name = str(getattr(held, "__name__", "")) if held is not None else "keras"
    return "keras" if name.rpartition(".")[2] == "keras" else "_keras"
