"""`SklearnTuner.finish`: the winner and its rivals fitted anew on all rows, each scored once on the test set."""

import time
import warnings
from collections.abc import Mapping
from typing import Any

from kt_notebook.core.errors import ResultError
from kt_notebook.core.limits import check_count, check_limit, check_seed
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.space import HyperParameters
from kt_notebook.results.finish import Finish
from kt_notebook.results.refit import Entrant, Refitting, entrants, objective_of, seeds
from kt_notebook.storage.finish_file import FinishFile
from kt_notebook.training.data_hash import settings_hash
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.training.refit import RefitData, Refitted
from kt_notebook.tuners.estimators import Scoring, check_estimator, fit_estimator
from kt_notebook.tuners.finish_checks import alarms_on_training, check_data, held_out, notes_on_keeping
from kt_notebook.tuners.finish_progress import FinishProgress
from kt_notebook.tuners.finishing import FinishKeys
from kt_notebook.tuners.project_search import ProjectSearch
from kt_notebook.tuners.samples import Samples

__all__ = ["finish_estimators"]

_CALLER = 3  # Past `finish_estimators` and the tuner's `finish`.
_NOT_RANDOM = "Nothing in the estimators is random, so each repeat gives the same."


def finish_estimators(
    search: ProjectSearch,
    hypermodel: HyperModel,
    scoring: Scoring,
    data: RefitData,
    sample_weight: Any,  # an array, or None
    *,
    measures: Mapping[str, Any],
    repeats: int,
    rivals: int,
    seed: int | None,
    verbose: int,
) -> Finish:
    """Fit the winner of a search and its rivals anew, score each once, and return what came of it.

    Args:
        search: The search, which has ended.
        hypermodel: Builds estimators.
        scoring: What they are scored by.
        data: To fit with, and to score on.
        sample_weight: A weight for each row to fit with.
        measures: What `scoring` was made of.
        repeats: With how many seeds.
        rivals: How many trials beside the winner.
        seed: What the seeds come from; None: the search's own.
        verbose: 0 shows no progress.

    Raises:
        ResultError: There is no winner.
        OptionError: An argument has no meaning.
        DataError: The data have no rows, or not the same number.
    """
    check_count("repeats", repeats)
    check_limit("rivals", rivals, at_least=0)
    check_seed(seed)
    check_data(data)
    record, progress = search.record, FinishProgress(verbose=verbose)
    started_from = int(seed if seed is not None else record.search["seed"] or 0)
    trials = entrants(record, rivals)
    trainer = _EstimatorTrainer(
        hypermodel,
        {trial.trial_id: search.oracle.trials[trial.trial_id].hyperparameters for trial in trials},
        scoring,
        Samples.of(data.x_train, data.y_train, sample_weight, None),
        Samples.of(data.x_test, data.y_test, None, None),
        objective_of(record),
        seeds(started_from, 1)[0],
    )
    test = held_out(data)
    keys = FinishKeys(record, hypermodel, {"sample_weight": sample_weight}, data, test, settings_hash(measures))
    chosen = [Entrant(trial, None, keys.of(trial, None)) for trial in trials]
    alarms = alarms_on_training(test, data)
    run = Refitting(
        record,
        chosen,
        trainer,
        FinishFile(search.store.project.path),
        test,
        notes=[*alarms, *notes_on_keeping(data, test)],
    )
    for alarm in filter(None, [*alarms, run.warning]):
        warnings.warn(alarm, UserWarning, stacklevel=_CALLER)
    return run.run(int(repeats), started_from, progress)


class _EstimatorTrainer:
    """A `results.refit.Trainer` over estimators of scikit-learn."""

    def __init__(
        self,
        hypermodel: HyperModel,
        hps: Mapping[str, HyperParameters],
        scoring: Scoring,
        train: Samples,
        test: Samples,
        objective: AnyObjective,
        first_seed: int,
    ) -> None:
        self._hypermodel = hypermodel
        self._hps = hps
        self._scoring = scoring
        self._train = train
        self._test = test
        self._objective = objective
        self._first_seed = first_seed

    def __call__(self, trial_id: str, seed: int, epochs: int | None) -> Refitted:
        begun = time.perf_counter()
        notes: list[str] = []

        def tell(code: str, text: str) -> None:
            notes.append(text)

        model, is_random = self._fitted(trial_id, seed, notes)
        measured = self._scoring.measure(model, self._test, tell)
        if not self._objective.has_value(measured):
            raise ResultError(f"The test set gives {', '.join(measured)}, and not the search's objective.")
        if not is_random:
            notes.append(_NOT_RANDOM)
        return Refitted(
            model, self._objective.get_value(measured), measured, None, time.perf_counter() - begun, tuple(notes)
        )

    # Any: an estimator.
    def keep(self, trial_id: str, key: str, model: Any) -> None:
        """Nothing: an estimator is fitted again where it is asked for, so that no pickle is read."""

    def load(self, trial_id: str, key: str) -> Any:
        return self._fitted(trial_id, self._first_seed, [])[0]

    def _fitted(self, trial_id: str, seed: int, notes: list[str]) -> tuple[Any, bool]:
        model = self._hypermodel.build(self._hps[trial_id].copy())
        check_estimator(model, self._scoring.needs)
        parameters = model.get_params(deep=True) if hasattr(model, "get_params") else {}
        random = [name for name in parameters if name.rpartition("__")[2] == "random_state"]
        if random:
            model.set_params(**dict.fromkeys(random, seed))
        fit_estimator(model, self._train, lambda code, text: notes.append(text))
        return model, bool(random)
