"""Tuner: a search over Keras models."""

import inspect
import os
from pathlib import Path
from typing import Any

from kt_notebook.core.errors import OptionError, ResultError, SearchStateError
from kt_notebook.core.events import SearchNoted
from kt_notebook.core.limits import check_count
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.trial import Trial
from kt_notebook.oracles.hyperband import HyperbandOracle
from kt_notebook.results.finish import Finish
from kt_notebook.search.session import Session
from kt_notebook.training.checkpoints import WEIGHTS_NAME, load_best, save_weights
from kt_notebook.training.compiling import ModelSettings
from kt_notebook.training.refit import RefitData
from kt_notebook.training.refit_arguments import GivenFit
from kt_notebook.tuners.base_tuner import BaseTuner
from kt_notebook.tuners.finishing import FinishOptions, finish_search
from kt_notebook.tuners.state_remover import StateRemover

__all__ = ["Tuner"]


class _Setting:
    """KerasTuner's name on the tuner for what its `model_settings` hold."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    # Any: Keras' own objects, here and below.
    def __get__(self, tuner: "Tuner | None", owner: type | None = None) -> Any:
        return self if tuner is None else getattr(tuner.model_settings, self._name)

    def __set__(self, tuner: "Tuner", value: Any) -> None:
        setattr(tuner.model_settings, self._name, value)


class Tuner(BaseTuner):
    """A search over Keras models.

    Args:
        oracle: Chooses the trials.
        hypermodel: A function of `hp` that returns a compiled model, a `History`, a number or a dict of numbers; or a
            `HyperModel`. None where `run_trial` is overridden and needs none.
        max_model_size: Most parameters that a model may have; a trial with more fails, and the search goes on.
        optimizer: Takes the place of the optimizer that models are compiled with. Each trial gets a copy.
        loss: Takes the place of the loss.
        metrics: Take the place of the metrics.
        distribution_strategy: A `tf.distribute.Strategy` in whose scope models are built.
        directory: Where projects are kept; the working directory by default.
        project_name: The project's folder there; "untitled_project" by default.
        logger: Has no effect, as in KerasTuner 1.4.
        tuner_id: A name for this worker, for subclasses to use.
        overwrite: Start anew; an old project is kept as `<project_name>.old`. Else it goes on.
        executions_per_trial: How often each trial is run, each time with another seed; its score is the mean.
        **kwargs: As for `BaseTuner`: `prune`, which ends trials that cannot win.

    Raises:
        OptionError: An argument is unknown or has no meaning.

    Attributes:
        executions_per_trial: How often each trial is run.
        model_settings: What is done to each model that was built: `max_model_size`, `optimizer`, `loss`, `metrics` and
            `distribution_strategy`, which are attributes of the tuner too.
    """

    max_model_size, optimizer, loss, metrics = _Setting(), _Setting(), _Setting(), _Setting()
    distribution_strategy = _Setting()

    def __init__(
        self,
        oracle: Oracle,
        hypermodel: Any = None,  # narrowed by BaseTuner
        max_model_size: int | None = None,
        optimizer: Any = None,  # Keras' own, as texts or objects; narrowed by ModelSettings
        loss: Any = None,
        metrics: Any = None,
        distribution_strategy: Any = None,
        directory: str | os.PathLike[str] | None = None,
        project_name: str | None = None,
        logger: object = None,
        tuner_id: str | None = None,
        overwrite: bool = False,
        executions_per_trial: int = 1,
        **kwargs: Any,  # narrowed by BaseTuner
    ) -> None:
        check_count("executions_per_trial", executions_per_trial)
        self.executions_per_trial = int(executions_per_trial)
        model_settings = ModelSettings(
            optimizer=optimizer,
            loss=loss,
            metrics=metrics,
            max_model_size=max_model_size,
            distribution_strategy=distribution_strategy,
        )
        self._given: GivenFit | None = None
        super().__init__(
            oracle, hypermodel, directory, project_name, overwrite, logger=logger, tuner_id=tuner_id, **kwargs
        )
        self.model_settings = model_settings
        if isinstance(oracle, HyperbandOracle):
            self._project.hub.attach(
                StateRemover(oracle, lambda trial_id: str(self._project.store.trial_dir(trial_id)))
            )

    def opening_notes(self, *, is_starting: bool = True) -> list[SearchNoted]:
        """Return what the user should know from the start: Hyperband's plan too, where the search begins or goes on."""
        notes = super().opening_notes(is_starting=is_starting)
        if is_starting and isinstance(self.oracle, HyperbandOracle):
            notes.append(SearchNoted("advice", "hyperband_plan", self.oracle.describe_plan()))
        return notes

    # Any: arguments of Keras' fit, models and what trials return, here and below.
    def open_session(self, fit_args: tuple[Any, ...], fit_kwargs: dict[str, Any], **options: Any) -> Session:
        """Return a session that has not begun, as `BaseTuner.open_session`; `finish` will know what fits are given."""
        self._given = GivenFit(fit_args, fit_kwargs)
        return super().open_session(fit_args, fit_kwargs, **options)

    def run_trial(self, trial: Trial, *fit_args: Any, **fit_kwargs: Any) -> Any:
        """Build and fit the model of a trial, once for each execution, and return what the fits returned.

        Override it to run trials in another way, or to change what they are given:
        `super().run_trial(trial, x, y, batch_size=trial.hyperparameters.Int("batch_size", 16, 64))`.

        Args:
            trial: The trial.
            *fit_args: Handed to each `fit`.
            **fit_kwargs: Handed to each `fit`; each execution gets copies of the callbacks.

        Raises:
            SearchStateError: The trial does not run in a search of this tuner.
        """
        run = self._own.run_of(trial)
        if run is None:
            raise SearchStateError(
                f"Trial {trial.trial_id} does not run: run_trial is called by search(…). To train a model once, call "
                "tuner.hypermodel.build(hp) and fit it."
            )
        return run.run_executions(fit_args, fit_kwargs)

    def on_epoch_begin(self, trial: Trial, model: Any, epoch: int, logs: Any = None) -> None:
        """Override it to do something before an epoch of a trial's fit."""

    def on_epoch_end(self, trial: Trial, model: Any, epoch: int, logs: Any = None) -> None:
        """Override it to do something after an epoch of a trial's fit."""

    def on_batch_begin(self, trial: Trial, model: Any, batch: int, logs: Any) -> None:
        """Override it to do something before a training batch of a trial's fit."""

    def on_batch_end(self, trial: Trial, model: Any, batch: int, logs: Any = None) -> None:
        """Override it to do something after a training batch of a trial's fit."""

    def save_model(self, trial_id: str, model: Any, step: int = 0) -> None:
        """Keep a model's present weights as a trial's, for a `run_trial` of your own; `load_model` gives them back.

        Raises:
            OSError: They cannot be written.
        """
        save_weights(model, Path(self.get_trial_dir(trial_id)))

    def load_model(self, trial: Trial) -> Any:
        """Return a trial's model as it was at its best epoch.

        Raises:
            ResultError: The trial trained no Keras model.
            StorageError: The trial's weights are not there.
        """
        if self.hypermodel is None:
            raise OptionError(
                f"{type(self).__name__} has no hypermodel to build a model with. Override load_model(trial)."
            )
        place = self._project.store.trial_dir(trial.trial_id)
        record = self._project.record.trials.get(trial.trial_id)
        if record is not None and not record.epochs and not (place / WEIGHTS_NAME).exists():
            raise ResultError(
                f"Trial {trial.trial_id} kept no model: it returned its result without a Keras fit. "
                "get_best_hyperparameters() has its values."
            )
        settings, build = self.model_settings, self.hypermodel.build
        return load_best(lambda hp: settings.build(build, hp), trial.hyperparameters.copy(), place)

    def finish(
        self,
        x_train: Any,
        y_train: Any = None,
        x_test: Any = None,
        y_test: Any = None,
        *,
        epochs: int | str = "best",
        repeats: int = 5,
        rivals: int = 1,
        seed: int | None = None,
        score: Any = None,
        fit: str = "auto",
        **fit_kwargs: Any,
    ) -> Finish:
        """Train the winner anew on all rows and say how good it really is, after the end of the search.

        The winner and its rivals are built and fitted with each of the same seeds, with what `search` gave its fits
        (batch size, class weights, callbacks that need no validation), and evaluated once on the test set. What has
        ended is kept in the project: an interrupted call goes on, the same call again trains nothing.

        Args:
            x_train: All rows to train with. The rows that the search validated with belong to them now.
            y_train: Their targets; None where x_train is a dataset that has them.
            x_test: Rows that neither the search nor you have looked at.
            y_test: Their targets.
            epochs: "best" trains each for as many epochs as it was trained for when it was best in the search; or how
                many.
            repeats: With how many seeds. Fewer than 3 cannot tell a difference from chance.
            rivals: How many trials behind the winner are trained and compared with it.
            seed: What the seeds come from; None: the search's own seed.
            score: A function `(model, x_test, y_test)` that returns a number, the larger the better, instead of the
                objective.
            fit: As for `search`.
            **fit_kwargs: Arguments of the fit that take the place of the search's. `verbose=0` shows no progress.

        Returns:
            What came of it: shown, a table and a verdict. `.model` is the winner's model of the first seed.

        Raises:
            ResultError: There is no winner, or its trial has no model that could be trained on other rows.
            OptionError: An argument has no meaning, or this tuner has a `run_trial` of its own.
            DataError: The data can be read only once.
            KeyboardInterrupt: The user has interrupted; call it again to go on.
            Exception: What training raises.

        Warns:
            UserWarning: The test set was looked at before, is what the search validated with, or is trained with.
        """
        options = FinishOptions(epochs, repeats, rivals, seed, score, fit, fit_kwargs)
        if self.hypermodel is None:
            raise OptionError(f"{self.name} was opened without its hypermodel. Make the tuner with it, then finish.")
        if inspect.getattr_static(self, "run_trial") is not vars(Tuner)["run_trial"]:
            raise OptionError(
                f"{type(self).__name__} trains in a run_trial of its own, so what it would fit with other rows is not "
                "known. Move what it decides to search(…), such as batch_size=lambda hp: hp.Choice('batch_size', [32, "
                "64]), or into a HyperModel.fit; or train once more by hand with the values of get_best_hyperparameters"
                "()."
            )
        self.wait()
        data = RefitData(x_train, y_train, x_test, y_test)
        return finish_search(self._project, self.hypermodel, self.model_settings, self._given, data, options)
