"""`Tuner.finish`: from a search and its data to models trained anew, and to what is kept of them in the project."""

import hashlib
import json
import uuid
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.core.fit_way import FitWay
from kt_notebook.core.format import format_trial_id
from kt_notebook.core.limits import check_count, check_limit, check_seed
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.space import HyperParameters
from kt_notebook.results.finish import Finish
from kt_notebook.results.held_out import HeldOut
from kt_notebook.results.refit import Entrant, Refitting, best_epochs, entrants, objective_of, seeds
from kt_notebook.storage.finish_file import FinishFile
from kt_notebook.training.checkpoints import load_best, save_weights
from kt_notebook.training.compiling import ModelSettings
from kt_notebook.training.data_hash import data_hash, definition_hash, settings_hash
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.training.refit import Refit, RefitData, Refitted, Scorer
from kt_notebook.training.refit_arguments import GivenFit, fit_settings
from kt_notebook.tuners.arguments import fit_way_of
from kt_notebook.tuners.finish_checks import (
    alarms_on_test,
    check_data,
    held_out,
    notes_on_keeping,
    notes_on_rows,
    refuse_without_model,
)
from kt_notebook.tuners.finish_progress import FinishProgress
from kt_notebook.tuners.project_search import ProjectSearch
from kt_notebook.tuners.way import verbosity

__all__ = ["FinishKeys", "FinishOptions", "finish_search"]

_CALLER = 3  # Past `finish_search` and the tuner's `finish`.
_UNKNOWN = (
    "What search(…) gave its fits is not known here, for it ran in another session: the models are trained with Keras' "
    "defaults. Call search(…) once more before, as it was, which trains nothing where it has finished; or give "
    "finish(…) what counts, such as batch_size=32."
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

    # Any: as above.
    @property
    def fit_changes(self) -> dict[str, Any]:
        """What new fits are given that the search's were not."""
        return {name: value for name, value in self.changes.items() if name != "verbose"}

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
    record, progress = search.record, FinishProgress(verbose=options.verbose)
    check_data(data)
    trials = entrants(record, options.rivals)
    for trial in trials:
        refuse_without_model(record, trial, hypermodel, given, options)
    hps = {trial.trial_id: search.oracle.trials[trial.trial_id].hyperparameters for trial in trials}
    refit = Refit(
        hypermodel,
        settings,
        given,
        options.fit_changes,
        data,
        objective_of(record),
        scorer=options.scorer,
        fit_way=options.fit_way,
        on_epoch=progress.end_epoch,
    )
    seed = int(options.seed if options.seed is not None else record.search["seed"] or 0)
    first = seeds(seed, 1)[0]
    reached, told = refit.given(hps[trials[0].trial_id], first)
    is_known = given is not None or hasattr(hypermodel, "reach_fit")
    test = held_out(data)
    compiled = {"optimizer": settings.optimizer, "loss": settings.loss, "metrics": settings.metrics}
    fitted = {**fit_settings(reached, options.fit_changes), "compiled with": compiled}
    keys = FinishKeys(record, hypermodel, fitted, data, test, options.scorer)
    epochs = [_epochs_of(record, trial, options.epochs) for trial in trials]
    chosen = [Entrant(trial, n, keys.of(trial, n)) for trial, n in zip(trials, epochs, strict=True)]
    alarms = [*told, *([] if is_known else [_UNKNOWN]), *alarms_on_test(reached, test, data)]
    notes = [*alarms, *notes_on_rows(reached, data), *notes_on_keeping(data, test)]
    trainer = _KerasTrainer(refit, hps, search.store.project.path / "finish", first)
    file, has_own_score = FinishFile(search.store.project.path), options.scorer is not None
    run = Refitting(record, chosen, trainer, file, test, notes=notes, has_own_score=has_own_score)
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

    def __call__(self, trial_id: str, seed: int, epochs: int | None) -> Refitted:
        return self._refit(self._hps[trial_id], trial_id, seed, epochs or 1)

    # Any: a Keras model.
    def keep(self, trial_id: str, key: str, model: Any) -> None:
        save_weights(model, self._folder / key)

    def load(self, trial_id: str, key: str) -> Any:
        def build(hp: HyperParameters) -> Any:
            return self._refit.build(hp, self._first_seed)

        return load_best(build, self._hps[trial_id].copy(), self._folder / key)


class FinishKeys:
    """Makes the hashes of what a trial's test score depends on, its seed aside.

    Args:
        record: The search.
        hypermodel: What its trials did.
        settings: Arguments of the new fits.
        data: To train with.
        test: The test set.
        scorer: What measures, beside the objective.
    """

    def __init__(
        self,
        record: SearchRecord,
        hypermodel: HyperModel,
        settings: Mapping[str, Any],
        data: RefitData,
        test: HeldOut,
        scorer: Any,  # a function, or None
    ) -> None:
        # What cannot be known again is another thing each time.
        trained_on = data_hash((data.x_train, data.y_train)) or uuid.uuid4().hex
        scored = "" if scorer is None else scorer if isinstance(scorer, str) else definition_hash(scorer)
        self._common = [
            trained_on,
            test.hash,
            settings_hash(settings),
            definition_hash(hypermodel),
            scored,
            record.objective,
        ]

    def of(self, trial: TrialRecord, epochs: int | None) -> str:
        """Return a trial's."""
        text = json.dumps([trial.trial_id, trial.values, epochs, *self._common], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _epochs_of(record: SearchRecord, trial: TrialRecord, asked: int | str) -> int:
    found = best_epochs(record, trial) if isinstance(asked, str) else int(asked)
    if found is None:
        raise OptionError(
            f"For how many epochs trial {format_trial_id(trial.trial_id)} was best is not known: its fit reported no "
            "epoch. Say how many: finish(…, epochs=10); a HyperModel.fit hands **kwargs on to model.fit to report them."
        )
    return found
