"""The honest ending of a search: its winner and rivals trained anew with several seeds, each evaluated once.

How it works: what is known of the search says who is trained and for how many epochs; a `Trainer` does it. Each score
is kept as it comes, with a hash of all that it depends on, so that the same call goes on where it was interrupted, and
shows what is known when it is made again. Each look at a test set is kept too: of the second the user is warned before
anything is trained.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from kt_notebook.core.budget import without_budget
from kt_notebook.core.errors import ResultError
from kt_notebook.core.format import format_metric, format_score, format_trial_id
from kt_notebook.core.objective import AnyObjective, MultiObjective, Objective, loss_sign
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.values import identity, value_from_json
from kt_notebook.results.finish import Entry, Finish, finish_of
from kt_notebook.results.held_out import HeldOut
from kt_notebook.results.table import objective_text
from kt_notebook.storage.finish_file import FinishFile, KeptScore, Look

__all__ = ["Entrant", "Progress", "Refitting", "Trainer", "best_epochs", "entrants", "objective_of", "seeds"]

_STREAM = 0x66_69_6E  # Keeps these seeds apart from those that the search draws from its own.


class Measured(Protocol):
    """A model that was trained and evaluated."""

    # Any: a Keras model, or an estimator.
    @property
    def model(self) -> Any:
        """The model."""

    @property
    def score(self) -> float:
        """On the test set, in the objective's direction."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """All that was measured there."""

    @property
    def n_parameters(self) -> int | None:
        """How many numbers the model has."""

    @property
    def seconds(self) -> float:
        """How long it took."""

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know."""


class Trainer(Protocol):
    """Trains the model of a trial with a seed, and evaluates it once."""

    def __call__(self, trial_id: str, seed: int, epochs: int | None) -> Measured:
        """Return the trained model with its test score."""

    # Any: as above.
    def keep(self, trial_id: str, key: str, model: Any) -> None:
        """Keep a model on disk.

        Raises:
            OSError: It cannot be written.
        """

    def load(self, trial_id: str, key: str) -> Any:
        """Return a model that was kept.

        Raises:
            StorageError: It cannot be read.
        """


class Progress(Protocol):
    """Told how far it is."""

    def begin_fit(self, number: int, of: int, trial_id: str) -> None:
        """A fit begins, counted from 1."""

    def end(self, text: str) -> None:
        """There is no more to come."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """A trial that is to be trained anew.

    Attributes:
        trial: As the search's record has it.
        epochs: How many to train for; None where there are none.
        key: Hash of all that its scores depend on, the seed aside.
    """

    trial: TrialRecord
    epochs: int | None
    key: str = ""


def objective_of(record: SearchRecord) -> AnyObjective:
    """Return what a search made best.

    Raises:
        ResultError: That is not settled: no trial has given a result.

    Example:
        >>> record = SearchRecord()
        >>> record.search["objective"] = [{"name": "val_loss", "direction": "min"}]
        >>> objective_of(record).name
        'val_loss'
    """
    parts = tuple(Objective(part["name"], part["direction"]) for part in record.objective or ())
    if not parts:
        raise ResultError("This search has no result yet, so there is no winner. Run it first.")
    return parts[0] if len(parts) == 1 else MultiObjective(parts)


def entrants(record: SearchRecord, rivals: int) -> list[TrialRecord]:
    """Return the trial that is ranked first, and as many behind it that have other values; none that was pruned.

    Raises:
        ResultError: No trial has completed.

    Example:
        >>> record = SearchRecord()
        >>> for number, x in enumerate([1, 2, 2]):
        ...     trial = TrialRecord(str(number), {"x": x}, 0, 0.0, status="COMPLETED", score=float(number))
        ...     record.trials[trial.trial_id] = trial
        >>> [trial.trial_id for trial in entrants(record, 2)]
        ['0', '1']
    """
    chosen: list[TrialRecord] = []
    seen = set()
    for trial in record.ranked():
        # Hyperband lets a trial go on in another one, and a trial by hand may repeat one: neither is a rival.
        values = identity({name: value_from_json(value) for name, value in without_budget(trial.values).items()})
        if values in seen or (chosen and trial.pruned is not None):
            continue
        seen.add(values)
        chosen.append(trial)
    if not chosen:
        raise ResultError("No trial of this search has completed, so there is no winner. Run the search first.")
    return chosen[: rivals + 1]


def best_epochs(record: SearchRecord, trial: TrialRecord) -> int | None:
    """Return for how many epochs a trial was trained when it was best; None where that is not known.

    Over several executions or folds it is the median, rounded up. A trial whose score is what its code returned at the
    end was best at its end. The search trained on fewer rows, so an epoch is more steps now; nobody knows a better rule
    than the same number of passes over the data (Goodfellow, Bengio and Courville 2016, section 7.8).

    Example:
        >>> record = SearchRecord()
        >>> record.search["objective"] = [{"name": "val_loss", "direction": "min"}]
        >>> from kt_notebook.core.record import EpochRecord
        >>> trial = TrialRecord("0", {}, 0, 0.0, best_step=1)
        >>> trial.epochs = [EpochRecord(0, epoch, 0, {"val_loss": loss}) for epoch, loss in enumerate([0.9, 0.3, 0.4])]
        >>> best_epochs(record, trial)
        2
    """
    objective = objective_of(record)
    runs = _runs(trial)
    if trial.best_step is None:
        lengths = [max(epoch for epoch, _ in run) + 1 for run in runs]
        return _median(lengths) if lengths else None
    best = [step + 1 for run in runs if (step := _best(run, objective)[0]) is not None]
    return _median(best) if best else trial.best_step + 1


def seeds(seed: int, n: int) -> list[int]:
    """Return `n` seeds, 0 to 2**31 - 1; more of them begin with the same ones.

    Example:
        >>> seeds(1, 5)[:2] == seeds(1, 2)
        True
    """
    return [int(state) % 2**31 for state in np.random.SeedSequence([seed, _STREAM]).generate_state(n)]


class Refitting:
    """Trains winner and rivals anew, repeat by repeat, and says what came of it.

    Args:
        record: The search.
        chosen: The winner first.
        trainer: Trains and evaluates.
        file: Keeps scores and looks.
        test: The test set.
        notes: What the user should know from the start.
        has_own_score: Whether a function of the user's measures, the larger the better, in place of the objective.
        clock: Unix seconds.
    """

    def __init__(
        self,
        record: SearchRecord,
        chosen: Sequence[Entrant],
        trainer: Trainer,
        file: FinishFile,
        test: HeldOut,
        *,
        notes: Sequence[str] = (),
        has_own_score: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._has_own_score = has_own_score
        self._record = record
        self._chosen = chosen
        self._trainer = trainer
        self._file = file
        self._test = test
        self._notes = list(notes)
        self._clock = clock
        self._models: dict[str, Any] = {}
        self._kept = {(score.key, score.seed): score for score in file.scores()} if test.hash else {}
        looks = file.looks(test.was_seen) if test.hash else []
        keys = {entrant.key for entrant in chosen}
        mine = next((number for number, look in enumerate(looks) if keys <= set(look.keys)), None)
        self._is_new = mine is None
        self._before = looks[:mine]

    @property
    def warning(self) -> str | None:
        """What to warn of before anything is trained: that the test set was looked at already."""
        return self._looked_before() if self._is_new and self._before else None

    def run(self, repeats: int, seed: int, progress: Progress) -> Finish:
        """Train what is not known yet, and return all of it.

        Raises:
            KeyboardInterrupt: The user has interrupted; what has ended is kept.
            Exception: What training raises.
        """
        chosen_seeds = seeds(seed, repeats)
        missing = [(s, e) for s in chosen_seeds for e in self._chosen if (e.key, s) not in self._kept]
        begun = self._clock()
        n_known = repeats * len(self._chosen) - len(missing)
        try:
            for number, (one, entrant) in enumerate(missing, 1):
                progress.begin_fit(number, len(missing), entrant.trial.trial_id)
                self._train(entrant, one, is_first=one == chosen_seeds[0])
        except KeyboardInterrupt:
            done = sum((e.key, s) in self._kept for s, e in missing)
            progress.end(
                f"Interrupted: {done + n_known} of {len(missing) + n_known} fits are kept. Call it again to go on."
            )
            raise
        except BaseException:
            progress.end("")
            raise
        progress.end(_tally(len(missing), n_known, self._clock() - begun))
        return self._result(chosen_seeds)

    def _train(self, entrant: Entrant, seed: int, *, is_first: bool) -> None:
        trial_id = entrant.trial.trial_id
        measured = self._trainer(trial_id, seed, entrant.epochs)
        kept = KeptScore(
            entrant.key,
            seed,
            trial_id,
            float(measured.score),
            dict(measured.metrics),
            measured.n_parameters,
            measured.seconds,
            tuple(measured.notes),
        )
        self._kept[entrant.key, seed] = kept
        if is_first:
            self._models[trial_id] = measured.model
        if self._test.hash is None:
            return
        try:
            if is_first:
                self._trainer.keep(trial_id, entrant.key, measured.model)
            self._file.add(kept, self._look(kept) if self._is_new else None)
            self._is_new = False
        except OSError as error:
            self._notes.append(f"Not all of this could be kept on disk: {error}")

    def _look(self, kept: KeptScore) -> Look:
        return Look(
            test=self._test.hash or "",
            keys=sorted(entrant.key for entrant in self._chosen),
            trial_id=self._chosen[0].trial.trial_id,
            search=str(self._record.search["name"]),
            time=self._clock(),
            score=kept.score,
            n_rows=self._test.n_rows,
            marks=self._test.some_marks,
        )

    def _result(self, chosen_seeds: Sequence[int]) -> Finish:
        scores = {e.trial.trial_id: [self._kept[e.key, seed] for seed in chosen_seeds] for e in self._chosen}
        entries = [
            Entry(
                entrant.trial.trial_id,
                float(entrant.trial.score if entrant.trial.score is not None else np.nan),
                _spread(entrant.trial, objective_of(self._record)),
                entrant.epochs,
                [kept.score for kept in scores[entrant.trial.trial_id]],
                scores[entrant.trial.trial_id][0].n_parameters,
            )
            for entrant in self._chosen
        ]
        told = [note for kept in scores.values() for one in kept for note in one.notes]
        looked = [self._looked_before()] if self._before else []
        return finish_of(
            entries,
            chosen_seeds,
            -1.0 if self._has_own_score else loss_sign(self._record.objective),
            is_objective=not self._has_own_score,
            objective=_objective_name(self._record),
            n_rows=self._test.n_rows,
            notes=[*looked, *self._notes, *told],
            model_of=self._model_of,
        )

    def _model_of(self, trial_id: str) -> Any:
        if trial_id not in self._models:
            key = next(entrant.key for entrant in self._chosen if entrant.trial.trial_id == trial_id)
            self._models[trial_id] = self._trainer.load(trial_id, key)
        return self._models[trial_id]

    def _looked_before(self) -> str:
        first = self._before[0]
        day = time.strftime("%d %B %Y", time.localtime(first.time)).lstrip("0")
        score = "" if first.score is None else f", {format_score(first.score)}"
        is_same = any(look.test == self._test.hash for look in self._before)
        which = "this test set is" if is_same else "rows of this test set are"
        return (
            f"This is the {_ordinal(len(self._before) + 1)} time that {which} looked at (first: trial "
            f"{format_trial_id(first.trial_id)} of {first.search}, {day}{score}). A score that is chosen by looking is "
            "too good; only rows that nobody has looked at tell how good a model is."
        )


def _runs(trial: TrialRecord) -> list[list[tuple[int, Mapping[str, float]]]]:
    """Return the epochs of each execution that has any, with their metrics."""
    runs: dict[int, list[tuple[int, Mapping[str, float]]]] = {}
    for epoch in trial.epochs:
        runs.setdefault(epoch.execution, []).append((epoch.epoch, epoch.metrics))
    return list(runs.values())


def _best(run: Sequence[tuple[int, Mapping[str, float]]], objective: AnyObjective) -> tuple[int | None, float]:
    """Return the first best epoch of an execution and its value; None and NaN where no epoch has the objective."""
    rated = [(objective.loss(value), epoch, value) for epoch, value in _values(run, objective) if not np.isnan(value)]
    return min(rated, key=lambda entry: entry[:2])[1:] if rated else (None, float("nan"))


def _values(run: Sequence[tuple[int, Mapping[str, float]]], objective: AnyObjective) -> Iterator[tuple[int, float]]:
    yield from ((epoch, objective.get_value(metrics)) for epoch, metrics in run if objective.has_value(metrics))


def _spread(trial: TrialRecord, objective: AnyObjective) -> float | None:
    """Return the standard deviation of a trial's score over its executions, None for one."""
    best = [value for run in _runs(trial) if not np.isnan(value := _best(run, objective)[1])]
    return float(np.std(best, ddof=1)) if len(best) > 1 else None


def _median(numbers: Sequence[int]) -> int:
    return int(np.ceil(np.median(numbers)))


def _objective_name(record: SearchRecord) -> str:
    parts = record.objective or []
    return format_metric(parts[0]["name"]) if len(parts) == 1 else objective_text(parts)


def _ordinal(number: int) -> str:
    words = {2: "second", 3: "third"}
    return words.get(number, f"{number}th")


def _tally(n_trained: int, n_known: int, seconds: float) -> str:
    known = f"{n_known} known from before" if n_known else ""
    trained = f"{n_trained} fit{'' if n_trained == 1 else 's'} in {seconds:.1f} s" if n_trained else ""
    return ", ".join(filter(None, [trained, known]))
