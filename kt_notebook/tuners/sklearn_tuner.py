"""SklearnTuner: a search over scikit-learn estimators, each scored by cross-validation."""

import inspect
import pickle
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from kt_notebook.core.errors import (
    DataError,
    FatalRuntimeError,
    MissingPackageError,
    OptionError,
    StorageError,
    TrialStoppedError,
)
from kt_notebook.core.events import SearchNoted
from kt_notebook.core.objective import MultiObjective, Objective, missing_objective_error
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.trial import Trial
from kt_notebook.results.finish import Finish
from kt_notebook.search.session import Session
from kt_notebook.storage.faults import storage_error
from kt_notebook.training.execution import current_execution
from kt_notebook.training.refit import RefitData
from kt_notebook.training.splitting import Fold, as_cv, is_number_of_folds
from kt_notebook.tuners.base_tuner import BaseTuner
from kt_notebook.tuners.estimator_finish import finish_estimators
from kt_notebook.tuners.estimators import SCORE, Scoring, average, check_estimator, fit_estimator
from kt_notebook.tuners.samples import N_FOLDS, Samples, plain_splitter, split
from kt_notebook.tuners.way import verbosity

__all__ = ["SklearnTuner"]

_MODEL_NAME = "model.pickle"  # KerasTuner's, so that either side reads the other's files.


class SklearnTuner(BaseTuner):
    """A search over scikit-learn estimators: pipelines, and whatever has `fit` and `score`.

    Each trial is fitted and scored once for each fold; all trials have the same folds. Its result is the mean over
    them: `score`, `score_std` (their standard deviation) and the metrics. Each fold's own are in the trial's record as
    an execution of one epoch. `get_best_models` gives, as KerasTuner, each trial's estimator as it was fitted for the
    last fold; the example shows how to fit one with all rows.

    Args:
        oracle: Chooses the trials. Where its objective is left out, that is the largest `score`.
        hypermodel: A function of `hp` that returns an estimator, or a `HyperModel` whose `build` does.
        scoring: A scorer of `sklearn.metrics.make_scorer`, its name ("balanced_accuracy"), or a function
            `(estimator, X, y)`; the larger, the better. None: the estimator's own `score`, which may measure something
            else for another kind of estimator.
        metrics: A function `(y_true, y_pred)`, such as those in `sklearn.metrics`, or a list of them, measured besides.
        cv: A splitter of scikit-learn, or pairs of (train, test) row numbers. A number n means
            `KFold(n, shuffle=True, random_state=1)`, and None 5; with `groups` it means `GroupKFold(n)`, as with Keras.
        **kwargs: As for `BaseTuner`: `directory`, `project_name`, `overwrite`, …

    Raises:
        MissingPackageError: scikit-learn is not installed.
        OptionError: An argument is unknown or has no meaning.

    Attributes:
        scoring: As given.
        metrics: A list.
        cv: A splitter, or a list of pairs.
        executions_per_trial: How many folds the latest search has.

    Example:
        >>> def build(hp):
        ...     return RandomForestClassifier(max_depth=hp.Int("max_depth", 2, 8), random_state=0)
        >>> oracle = BayesianOptimizationOracle(max_trials=10)
        >>> tuner = SklearnTuner(oracle, build, scoring="balanced_accuracy", cv=StratifiedKFold(5))
        >>> tuner.search(X, y)
        >>> best_hp = tuner.get_best_hyperparameters()[0]
        >>> model = build(best_hp).fit(X, y)
    """

    # Any: estimators, splitters, functions and data are scikit-learn's and the user's, here and below.
    def __init__(
        self,
        oracle: Oracle,
        hypermodel: Any,
        scoring: Any = None,
        metrics: Any = None,
        cv: Any = None,
        **kwargs: Any,  # narrowed by BaseTuner
    ) -> None:
        try:
            import sklearn  # noqa: F401  # To say at once what is missing.
        except ImportError as error:
            raise MissingPackageError(
                "SklearnTuner needs scikit-learn, which is not installed. Install it: pip install scikit-learn."
            ) from error
        self.scoring = scoring
        several = isinstance(metrics, list | tuple)
        self.metrics: list[Any] = [] if metrics is None else list(metrics) if several else [metrics]
        Scoring(self.scoring, self.metrics)
        self._use_cv(cv)
        self._folds: tuple[int, list[Fold]] | None = None
        self._told: set[str] = set()
        self._config: dict[str, Any] | None = None  # of scikit-learn
        super().__init__(oracle, hypermodel, **kwargs)
        if oracle.objective is None:
            oracle.objective = Objective(SCORE, "max")

    # KerasTuner's signature: what estimators are fitted with, not what Keras' fit takes.
    def search(  # type: ignore[override]
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        groups: Any = None,
        *,
        block: bool = True,
        cv: Any = None,
        timeout: float | str | None = None,
        verbose: int | str = "auto",
    ) -> None:
        """Run trials until the oracle has no more.

        Args:
            X: The features: an array, a pandas table, a sparse matrix, a list.
            y: The targets, also several for each row; None where the estimators learn without.
            sample_weight: A weight for each row. It goes to `fit`, to the last step's where the estimator is a
                pipeline, to the score and to the metrics, wherever these take it; a note says where they do not.
            groups: A label for each row: rows that have the same are never split between fitting and scoring.
            block: Whether to run the trials on this thread and return at the end; else a thread of its own runs them,
                and this returns at once.
            cv: Takes the place of the tuner's `cv` in this search and those to come.
            timeout: Stop after so many seconds, or a text such as "30m". None: no limit.
            verbose: 0 shows nothing, 1 and "auto" a panel in a notebook and a line for each trial elsewhere, 2 also one
                for each fold.

        Raises:
            DataError: The data have no rows, or not the same number.
            OptionError: `cv` cannot split them, or another argument has no meaning.
            ObjectiveError: No metric has the objective's name.
            KeyboardInterrupt: The user interrupted twice; what has ended is kept.
            Exception: What ended the search, such as three first trials that failed alike.
        """
        given = {"sample_weight": sample_weight, "groups": groups, "verbose": verbose}
        super().search(X, y, block=block, cv=cv, timeout=timeout, **given)

    def open_session(
        self, fit_args: tuple[Any, ...], fit_kwargs: dict[str, Any], *, cv: Any = None, **options: Any
    ) -> Session:
        """Return a session that has not begun, as `BaseTuner.open_session`; the data are split here, once for all."""
        from sklearn import get_config

        self._project.refuse_running(self.name)
        if cv is not None:
            self._use_cv(cv)
        given = {name: value for name, value in fit_kwargs.items() if name != "verbose"}
        self._folds = None
        # A run_trial of the user's own may make the rows itself, from whatever it is given.
        with suppress(*((DataError, OptionError) if self._is_run_by_user else ())):
            samples = _samples_of(*fit_args, **given)
            self._folds = (samples.n_rows, self._split(samples))
        self._told = set()
        self._config = get_config()
        self.executions_per_trial = 1 if self._folds is None else len(self._folds[1])
        self._check_objective()
        return super().open_session(fit_args, given, **{**options, "uses_keras": False})

    def opening_notes(self, *, is_starting: bool = True) -> list[SearchNoted]:
        """Return what the user should know from the start: also that the worst score is searched for."""
        notes = super().opening_notes(is_starting=is_starting)
        objective = self.oracle.objective
        parts = objective.objectives if isinstance(objective, MultiObjective) else (objective,)
        if is_starting and Objective(SCORE, "min") in parts and Scoring(self.scoring, self.metrics).is_better_larger:
            text = (
                "The objective asks for the smallest score, and scikit-learn's are the better the larger they are. "
                'Give the oracle objective=Objective("score", "max").'
            )
            notes.append(SearchNoted("warning", "score_minimised", text))
        return notes

    def run_trial(
        self, trial: Trial, X: Any, y: Any = None, sample_weight: Any = None, groups: Any = None
    ) -> dict[str, float]:
        """Fit and score the trial's estimator on each fold, keep the last one fitted, and return the means.

        Override it to change what a trial is given: `return super().run_trial(trial, X[columns], y)`.

        Args:
            trial: The trial.
            X: The features.
            y: The targets.
            sample_weight: A weight for each row.
            groups: A label for each row.

        Raises:
            TrialStoppedError: The trial was asked to end.
            FatalError: What the hypermodel builds cannot be fitted or scored.
            Exception: What the estimator raises: the trial has failed.
        """
        from sklearn import config_context, get_config

        samples = Samples.of(X, y, sample_weight, groups)
        known = self._folds
        folds = known[1] if known is not None and known[0] == samples.n_rows else self._split(samples)
        # scikit-learn keeps its settings for each thread: those where the search began hold in its trials.
        with config_context(**(self._config or get_config())):
            model, results = self._fit_folds(trial, samples, folds)
        self._keep(trial, model)
        return average(results)

    def save_model(self, trial_id: str, model: Any, step: int = 0) -> None:
        """Keep a fitted estimator as a trial's: a pickle in the trial's folder; `load_model` gives it back.

        Raises:
            StorageError: It cannot be pickled, or the file cannot be written.
        """
        path = Path(self.get_trial_dir(trial_id)) / _MODEL_NAME
        temporary = path.with_name(f"{uuid.uuid4().hex}.{_MODEL_NAME}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                pickle.dump(model, file)
            temporary.replace(path)
        except OSError as error:
            raise storage_error("write the model", path, error) from error
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise StorageError(
                f"The {type(model).__name__} was not kept, as it cannot be pickled: {error}. Use functions and classes "
                "with a name of their own, no lambda; or fit it anew from the trial's values."
            ) from error
        finally:
            temporary.unlink(missing_ok=True)

    def load_model(self, trial: Trial) -> Any:
        """Return a trial's estimator as it was fitted for the last fold, that is without the rows of that fold.

        For one that was fitted with all rows: `tuner.hypermodel.build(trial.hyperparameters).fit(X, y)`. Reading a
        pickle runs what is in it: open projects of people you trust.

        Raises:
            StorageError: There is none, or it cannot be read here.
        """
        path = Path(self.get_trial_dir(trial.trial_id)) / _MODEL_NAME
        try:
            with path.open("rb") as file:
                return pickle.load(file)
        except FileNotFoundError as error:
            raise StorageError(
                f"There is no model at {str(path)!r}: the trial did not come to its end, or its model could not be "
                "kept. Fit one: tuner.hypermodel.build(trial.hyperparameters).fit(X, y)."
            ) from error
        except OSError as error:
            raise storage_error("read the model", path, error) from error
        except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError) as error:
            raise StorageError(
                f"The model at {str(path)!r} cannot be read here: {type(error).__name__}: {error}. It needs the "
                "packages and the functions of your own that it was made with; or fit it anew from the trial's values."
            ) from error

    def finish(
        self,
        x_train: Any,
        y_train: Any = None,
        x_test: Any = None,
        y_test: Any = None,
        *,
        repeats: int = 5,
        rivals: int = 1,
        seed: int | None = None,
        sample_weight: Any = None,
        verbose: int | str = "auto",
    ) -> Finish:
        """Fit the winner anew on all rows and say how good it really is, after the end of the search.

        The winner and its rivals are built and fitted with each of the same seeds, which become every `random_state`
        in them, and scored once on the test set. Scores are kept in the project: the same call again fits nothing.

        Args:
            x_train: All rows to fit with.
            y_train: Their targets; None where the estimators learn without.
            x_test: Rows that neither the search nor you have looked at.
            y_test: Their targets.
            repeats: With how many seeds.
            rivals: How many trials behind the winner are compared with it.
            seed: What the seeds come from; None: the search's own seed.
            sample_weight: A weight for each row to fit with.
            verbose: 0 shows no progress.

        Raises:
            ResultError: There is no winner.
            OptionError: An argument has no meaning, or this tuner has a `run_trial` of its own.
            DataError: The data have no rows, or not the same number.

        Warns:
            UserWarning: The test set was looked at before.
        """
        if self.hypermodel is None or self._is_run_by_user:
            raise OptionError(
                f"{type(self).__name__} fits in a run_trial of its own, so what it would do with other rows is not "
                "known. Fit tuner.hypermodel.build(hp) with all rows by hand, and score that once."
            )
        self.wait()
        return finish_estimators(
            self._project,
            self.hypermodel,
            Scoring(self.scoring, self.metrics),
            RefitData(x_train, y_train, x_test, y_test),
            sample_weight,
            measures={"scoring": self.scoring, "metrics": self.metrics},
            repeats=repeats,
            rivals=rivals,
            seed=seed,
            verbose=verbosity(verbose),
        )

    @property
    def _is_run_by_user(self) -> bool:
        return inspect.getattr_static(self, "run_trial") is not vars(SklearnTuner)["run_trial"]

    def _use_cv(self, cv: Any) -> None:
        given = as_cv(N_FOLDS if cv is None else cv)
        self.cv = plain_splitter(given) if is_number_of_folds(given) else given
        self._given_cv = (given, self.cv)

    def _split(self, samples: Samples) -> list[Fold]:
        given, shown = self._given_cv
        # A number stays one until the rows are there, as it means another splitter for groups. `cv` may be set too.
        return split(given if self.cv is shown else as_cv(self.cv), samples)

    def _fit_folds(self, trial: Trial, samples: Samples, folds: list[Fold]) -> tuple[Any, list[dict[str, float]]]:
        """Return the last estimator that was fitted, and what each fold gave."""
        scoring = Scoring(self.scoring, self.metrics)
        execution = current_execution()
        model, results = None, []
        for number, (train, test) in enumerate(folds):
            if execution is not None:
                execution.reporter.hold()
                if number and execution.reporter.is_stopping:
                    raise TrialStoppedError(f"Trial {trial.trial_id} was stopped between two folds.")
            model = self._build(trial, scoring)
            fit_estimator(model, samples.take(train), self._tell)
            results.append(scoring.measure(model, samples.take(test), self._tell))
            if execution is not None:
                execution.reporter.report(number, 0, results[-1], n_epochs=1)
        return model, results

    def _build(self, trial: Trial, scoring: Scoring) -> Any:
        if self.hypermodel is None:
            raise FatalRuntimeError(
                f"{type(self).__name__} has no hypermodel, so there is nothing to fit. Give a function of hp that "
                "returns an estimator."
            )
        model = self.hypermodel.build(trial.hyperparameters)
        check_estimator(model, scoring.needs)
        return model

    def _keep(self, trial: Trial, model: Any) -> None:
        """Keep a model; what cannot be pickled or written costs the file, not the trial."""
        try:
            self.save_model(trial.trial_id, model)
        except StorageError as error:
            self._tell("model_not_kept", str(error))

    def _tell(self, code: str, text: str) -> None:
        """Leave a warning with the search, once."""
        execution = current_execution()
        if execution is not None and text not in self._told:
            self._told.add(text)
            execution.reporter.note("warning", code, text)

    def _check_objective(self) -> None:
        """Refuse an objective that no trial will give, before one is fitted."""
        objective = self.oracle.objective
        names = Scoring(self.scoring, self.metrics).names
        # One of the user's own may measure more.
        if objective is not None and not self._is_run_by_user and not objective.has_value(dict.fromkeys(names, 0.0)):
            raise missing_objective_error(objective, names)


def _samples_of(X: Any = None, y: Any = None, sample_weight: Any = None, groups: Any = None) -> Samples:
    """Return what `search` was given, under whatever names."""
    return Samples.of(X, y, sample_weight, groups)
