"""`Tuner.finish`: from a search and its data to models trained anew, and to what is kept of them in the project."""

import hashlib
import json
import uuid
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kt_notebook.core.errors import DataError, OptionError, ResultError
from kt_notebook.core.fit_way import FitWay
from kt_notebook.core.format import format_trial_id
from kt_notebook.core.limits import check_count, check_limit, check_seed
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.space import HyperParameters
from kt_notebook.results.finish import Finish
from kt_notebook.results.refit import Entrant, Refitting, TestSet, best_epochs, entrants, objective_of, seeds
from kt_notebook.storage.finish_file import FinishFile
from kt_notebook.training.checkpoints import load_best, save_weights
from kt_notebook.training.compiling import ModelSettings
from kt_notebook.training.data import refuse_one_shot
from kt_notebook.training.data_hash import data_hash, definition_hash, settings_hash
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.training.refit import Refit, RefitData, Refitted, Scorer
from kt_notebook.training.refit_arguments import GivenFit, fit_settings
from kt_notebook.training.rows import count_rows
from kt_notebook.tuners.arguments import fit_way_of
from kt_notebook.tuners.finish_progress import FinishProgress
from kt_notebook.tuners.project_search import ProjectSearch
from kt_notebook.tuners.way import verbosity

__all__ = ["FinishOptions", "finish_search"]

_CALLER = 3  # Past `finish_search` and the tuner's `finish`.
_UNKNOWN = (
    "What search(…) gave its fits is not known here, for it ran in another session: the models are trained with Keras' "
    "defaults. Call search(…) once more before, as it was, which trains nothing where it has finished; or give "
    "finish(…) what counts, such as batch_size=32."
)
_TESTED_BEFORE = (
    "x_test is what the search validated with, so the winner was chosen by it, and its test score is too good. Give "
    "rows that the search has not seen."
)
_NO_VALIDATION_ROWS = (
    "x_train has as many rows as the search trained with. The rows that it validated with are free now: give both "
    "together, such as np.concatenate([x_train, x_val])."
)


@dataclass(frozen=True, slots=True)
class FinishOptions:
    """How to train anew.

    Attributes:
        epochs: "best", or how many.
        repeats: With how many seeds.
        rivals: How many trials beside the winner.
        seed: What the seeds come from; None: the search's own.
        scorer: Measures instead of the objective.
        fit: As `search` takes it.
        changes: Arguments of the fit that take the place of the search's.

    Raises:
        OptionError: One has no meaning.
    """

    epochs: int | str = "best"
    repeats: int = 5
    rivals: int = 1
    seed: int | None = None
    scorer: Scorer | None = None
    fit: str = "auto"
    # Any: arguments of Keras' fit.
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_count("repeats", self.repeats)
        check_limit("rivals", self.rivals, at_least=0)
        check_seed(self.seed)
        if isinstance(self.epochs, str) and self.epochs != "best":
            raise OptionError(f"epochs={self.epochs!r} has no meaning. Give 'best', or how many to train for.")
        if not isinstance(self.epochs, str):
            check_count("epochs", self.epochs)
        if self.scorer is not None and not callable(self.scorer):
            raise OptionError(f"score={self.scorer!r} is no function. Give one that takes (model, x_test, y_test).")

    @property
    def fit_way(self) -> FitWay:
        """How Keras' fits run."""
        return fit_way_of(self.fit)

    @property
    def verbose(self) -> int:
        """0 shows no progress."""
        return verbosity(self.changes.get("verbose", "auto"))


def finish_search(
    search: ProjectSearch,
    hypermodel: HyperModel,
    settings: ModelSettings,
    given: GivenFit | None,
    data: RefitData,
    options: FinishOptions,
) -> Finish:
    """Train the winner of a search and its rivals anew, evaluate each once, and return what came of it.

    Args:
        search: The search, which has ended.
        hypermodel: What its trials did.
        settings: What is done to each model.
        given: What it gave its fits; None where that is not known.
        data: To train with and to evaluate on.
        options: How.

    Raises:
        ResultError: There is no winner, or no model of it that could be trained anew.
        OptionError: An argument has no meaning.
        DataError: The data can be read only once.
    """
    record, fit_way, progress = search.record, options.fit_way, FinishProgress(verbose=options.verbose)
    _check_data(data)
    trials = entrants(record, options.rivals)
    own_fit = type(hypermodel).fit is not HyperModel.fit
    for trial in trials:
        _refuse_without_model(trial, hypermodel, given, options, own_fit=own_fit)
    hps = {trial.trial_id: search.oracle.trials[trial.trial_id].hyperparameters for trial in trials}
    refit = Refit(
        hypermodel,
        settings,
        given,
        {name: value for name, value in options.changes.items() if name != "verbose"},
        data,
        objective_of(record),
        scorer=options.scorer,
        fit_way=fit_way,
        on_epoch=progress.end_epoch,
    )
    seed = int(options.seed if options.seed is not None else record.search["seed"] or 0)
    first = seeds(seed, 1)[0]
    reached, told = refit.given(hps[trials[0].trial_id], first)
    is_known = given is not None or hasattr(hypermodel, "reach_fit")
    test = TestSet(data_hash((data.x_test, data.y_test)), _count(data.x_test))
    keys = _Keys(record, hypermodel, fit_settings(reached, options.changes), data, test, options)
    chosen = [
        Entrant(trial, epochs, keys.of(trial, epochs))
        for trial in trials
        for epochs in [_epochs_of(record, trial, options.epochs)]
    ]
    alarms = [*told, *([] if is_known else [_UNKNOWN]), *_alarms_on_test(reached, test.hash, data)]
    notes = [*alarms, *_notes_on_rows(reached, data), *([] if test.hash else [_not_kept(data.x_test)])]
    trainer = _KerasTrainer(refit, hps, search.store.project.path / "finish", first)
    run = Refitting(record, chosen, trainer, FinishFile(search.store.project.path), test, notes=notes)
    for alarm in filter(None, [*alarms, run.warning]):
        warnings.warn(alarm, UserWarning, stacklevel=_CALLER)
    return run.run(int(options.repeats), seed, progress)


class _KerasTrainer:
    """A `results.refit.Trainer` over Keras models."""

    def __init__(self, refit: Refit, hps: Mapping[str, HyperParameters], folder: Path, first_seed: int) -> None:
        self._refit = refit
        self._hps = hps
        self._folder = folder
        self._first_seed = first_seed

    def __call__(self, trial_id: str, seed: int, epochs: int) -> Refitted:
        return self._refit(self._hps[trial_id], trial_id, seed, epochs)

    # Any: a Keras model.
    def keep(self, trial_id: str, key: str, model: Any) -> None:
        save_weights(model, self._folder / key)

    def load(self, trial_id: str, key: str) -> Any:
        def build(hp: HyperParameters) -> Any:
            return self._refit.build(hp, self._first_seed)

        return load_best(build, self._hps[trial_id].copy(), self._folder / key)


class _Keys:
    """Makes the hashes of what a trial's test score depends on, its seed aside."""

    def __init__(
        self,
        record: SearchRecord,
        hypermodel: HyperModel,
        settings: Mapping[str, Any],
        data: RefitData,
        test: TestSet,
        options: FinishOptions,
    ) -> None:
        # What cannot be known again is another thing each time.
        trained_on = data_hash((data.x_train, data.y_train)) or uuid.uuid4().hex
        scorer = "" if options.scorer is None else definition_hash(options.scorer)
        fitted = settings_hash({name: value for name, value in settings.items() if name != "verbose"})
        self._common = [trained_on, test.hash, fitted, definition_hash(hypermodel), scorer, record.objective]

    def of(self, trial: TrialRecord, epochs: int) -> str:
        """Return a trial's."""
        text = json.dumps([trial.trial_id, trial.values, epochs, *self._common], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _check_data(data: RefitData) -> None:
    if data.x_test is None:
        raise OptionError("finish(x_train, y_train, x_test, y_test) has no x_test. Give rows kept apart for the end.")
    if data.x_train is None:
        raise OptionError("finish(x_train, y_train, x_test, y_test) has no x_train. Give all rows to train with.")
    for name in ("x_train", "y_train", "x_test", "y_test"):
        refuse_one_shot(name, getattr(data, name))


def _refuse_without_model(
    trial: TrialRecord, hypermodel: HyperModel, given: GivenFit | None, options: FinishOptions, *, own_fit: bool
) -> None:
    """Refuse, before anything is trained, a trial that has no model which could be trained on other rows.

    Raises:
        ResultError: It has none.
    """
    name = f"Trial {format_trial_id(trial.trial_id)}"
    reaches = hasattr(hypermodel, "reach_fit")
    trains_itself = given is not None and not given.args and given.named.get("x") is None
    if not own_fit and ((not reaches and trains_itself) or (not trial.epochs and trial.best_step is None)):
        raise ResultError(
            f"{name} has no model that could be trained on other rows: its code trains and measures itself, and "
            "returns the result. Let the function return the compiled model and give the data to search(x, y, …); or "
            "train once more by hand with the values of tuner.best, and evaluate that once."
        )
    n_stages = 1 + max((epoch.stage for epoch in trial.epochs), default=0)
    if n_stages > 1 and not (own_fit and options.epochs != "best"):
        cure = "Give epochs= how many its fit is to be given" if own_fit else "Train it by hand with these values"
        raise ResultError(
            f"{name} trained in {n_stages} fits one after the other, and for how long each is to train on other rows "
            f"is not known. {cure}, and evaluate once."
        )


def _epochs_of(record: SearchRecord, trial: TrialRecord, asked: int | str) -> int:
    found = best_epochs(record, trial) if isinstance(asked, str) else int(asked)
    if found is None:
        raise OptionError(
            f"For how many epochs trial {format_trial_id(trial.trial_id)} was best is not known: its fit reported no "
            "epoch. Say how many: finish(…, epochs=10); a HyperModel.fit hands **kwargs on to model.fit to report them."
        )
    return found


def _alarms_on_test(given: GivenFit, test: str | None, data: RefitData) -> list[str]:
    """Return what is wrong with the test set, as far as that can be seen."""
    validation = given.named.get("validation_data")
    seen = validation[0] if isinstance(validation, list | tuple) and validation else validation
    if seen is None or test is None:
        return []
    is_same = seen is data.x_test or (_count(seen) == _count(data.x_test) and data_hash(seen) == data_hash(data.x_test))
    return [_TESTED_BEFORE] if is_same else []


def _notes_on_rows(given: GivenFit, data: RefitData) -> list[str]:
    named = given.named
    n_searched = None if named.get("x") is None else _count(named["x"])
    if named.get("validation_data") is None or n_searched is None or n_searched != _count(data.x_train):
        return []
    return [_NO_VALIDATION_ROWS]


def _not_kept(x_test: Any) -> str:
    return (
        f"A {type(x_test).__name__} cannot be known again, so nothing is kept of this in the project, and a second "
        "look at the same test set will not be noticed. Give arrays."
    )


def _count(data: Any) -> int | None:
    try:
        return count_rows("data", data)
    except (DataError, TypeError):  # A dataset, which is read in batches.
        return None
