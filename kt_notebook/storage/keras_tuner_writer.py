"""Writes KerasTuner's files of a project on a thread of its own, so that no trial waits for them.

How it works: what is put here waits in a table by file name, so only the newest state of a file is written. The
thread writes the first at once, then at most once a second, trials before the oracle. Each file is written under a
unique name and then renamed: a reader never sees half of one. Nothing is synced: the journal is the truth, these
files are a view of it. oracle.json grows with the number of trials, so it is asked for ever more rarely
(`is_oracle_due`), such that making and writing it takes at most some 2 % of the time.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from kt_notebook.core.errors import StorageError
from kt_notebook.storage.faults import storage_error
from kt_notebook.storage.keras_tuner_files import oracle_state, trial_state, values_hash
from kt_notebook.storage.projects import Project
from kt_notebook.storage.state_files import encode, replace_file

__all__ = ["KerasTunerWriter"]

_ORACLE_SHARE = 50  # seconds between two oracle.json for each second that one takes
_Make = Callable[[], Mapping[str, Any]]  # Any, here and below: the states are JSON.


class KerasTunerWriter:
    """Keeps KerasTuner's files of one project up to date. Any thread may call.

    Example:
        >>> with KerasTunerWriter(Project(Path("out/mnist")), print) as writer:  # doctest: +SKIP
        ...     writer.put_trial(trial.get_state())
        ...     writer.put_oracle(oracle.get_state())

    Args:
        project: Where to.
        on_error: Called once, on the writer's thread, with the first failure. What could not be written is tried
            again later.
        every_s: Seconds from one round of writing to the next.
    """

    def __init__(self, project: Project, on_error: Callable[[StorageError], object], *, every_s: float = 1.0) -> None:
        self._project = project
        self._on_error = on_error
        self._every_s = every_s
        self._changed = threading.Condition()
        self._pending: dict[Path, _Make] = {}
        self._oracle: _Make | None = None
        self._hashes: dict[str, str] = {}
        self._is_closing = False
        self._n_flushes = 0  # asked for
        self._n_flushed = 0
        self._has_failed = False
        self._oracle_due_at = 0.0
        self._thread: threading.Thread | None = None

    def adopt(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Learn of trials whose files are there already; call it before the first `put_trial`.

        Args:
            values: Each trial's values by its id.
        """
        self._hashes.update({trial_id: values_hash(held) for trial_id, held in values.items()})

    def put_trial(self, state: Mapping[str, Any]) -> None:
        """Write a trial's trial.json soon.

        Args:
            state: What `Trial.get_state` gave; nobody changes it any more.
        """
        self._put(self._project.trial_dir(state["trial_id"]) / "trial.json", lambda: self._trial(state))

    def put_build_config(self, trial_id: str, config: Mapping[str, Any]) -> None:
        """Write a trial's build_config.json soon: what Keras needs to build the model's weights again."""
        self._put(self._project.trial_dir(trial_id) / "build_config.json", lambda: config)

    def put_tuner(self, state: Mapping[str, Any], tuner_id: str = "tuner0") -> None:
        """Write the tuner's file soon; KerasTuner's own tuners have an empty state."""
        self._put(self._project.path / f"{tuner_id}.json", lambda: state)

    def is_oracle_due(self) -> bool:
        """Return whether it is time for a new oracle.json: ask before making the state, which costs with n."""
        return time.monotonic() >= self._oracle_due_at

    def put_oracle(self, state: Mapping[str, Any], started_at: Mapping[str, float] | None = None) -> None:
        """Write oracle.json soon, after every trial that was put before.

        Args:
            state: What `Oracle.get_state` gave; nobody changes it any more.
            started_at: When each trial started, unix seconds, in order.
        """
        with self._changed:
            self._oracle = lambda: oracle_state(state, started_at=started_at, id_to_hash=self._hashes)
            self._oracle_due_at = time.monotonic() + self._every_s
            self._wake()

    def flush(self) -> bool:
        """Write everything that was put, and wait for it; return whether nothing failed."""
        with self._changed:
            if self._thread is None:
                return True
            self._n_flushes += 1
            mine = self._n_flushes
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._n_flushed >= mine)
            return not self._pending and self._oracle is None

    def close(self) -> bool:
        """Write everything, end the thread and return whether nothing failed; a second call does nothing more."""
        is_written = self.flush()
        with self._changed:
            thread, self._thread = self._thread, None
            self._is_closing = True
            self._changed.notify_all()
        if thread is not None:
            thread.join()
        return is_written

    def __enter__(self) -> "KerasTunerWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, path: Path, make: _Make) -> None:
        with self._changed:
            self._pending[path] = make
            self._wake()

    def _wake(self) -> None:
        if self._thread is None:
            self._is_closing = False
            self._thread = threading.Thread(target=self._run, name="kt_notebook-files", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_asked() or self._pending or self._oracle is not None)
                if self._is_closing:
                    return
                pending, self._pending = self._pending, {}
                oracle, self._oracle = self._oracle, None
                flushing = self._n_flushes
            self._write_round(pending, oracle)
            with self._changed:
                self._n_flushed = flushing
                self._changed.notify_all()
                self._changed.wait_for(self._is_asked, self._every_s)

    def _is_asked(self) -> bool:
        return self._is_closing or self._n_flushes > self._n_flushed

    def _write_round(self, pending: dict[Path, _Make], oracle: _Make | None) -> None:
        failed = {path: make for path, make in pending.items() if not self._write(path, make)}
        began = time.monotonic()
        # A newer oracle.json than its trials would tell KerasTuner of trials that are not there.
        has_oracle_failed = oracle is not None and (
            bool(failed) or not self._write(self._project.path / "oracle.json", oracle)
        )
        ended = time.monotonic()
        with self._changed:
            for path, make in failed.items():
                self._pending.setdefault(path, make)
            if has_oracle_failed and self._oracle is None:
                self._oracle = oracle
            if oracle is not None:
                self._oracle_due_at = ended + max(self._every_s, _ORACLE_SHARE * (ended - began))

    def _write(self, path: Path, make: _Make) -> bool:
        try:
            replace_file(path, encode(make()))
        except OSError as error:
            self._report(storage_error("write KerasTuner's file", path, error))
        except Exception as error:  # noqa: BLE001 - A state may come from a user's subclass and hold anything.
            self._report(
                StorageError(
                    f"KerasTuner's file {str(path)!r} could not be made: {error}. Return plain JSON (text, "
                    f"numbers, lists, dicts) from get_state; the search itself goes on and is kept."
                )
            )
            return True  # it would fail each time
        else:
            return True
        return False

    def _report(self, error: StorageError) -> None:
        if not self._has_failed:
            self._has_failed = True
            # The disk that refuses this file may refuse the journal too: `flush` must not wait for a dead thread.
            with contextlib.suppress(Exception):
                self._on_error(error)

    def _trial(self, state: Mapping[str, Any]) -> Mapping[str, Any]:
        self._hashes[state["trial_id"]] = values_hash(state["hyperparameters"]["values"])
        return trial_state(state)
