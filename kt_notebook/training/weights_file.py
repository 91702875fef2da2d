"""Writes values that were kept in memory into the very file that Keras' `save_weights` makes of a model.

How it works: Keras' own walk over the model tells a store what belongs where. Ours only takes note of it, and Keras'
own store then gets the kept values in the same order, so the file is Keras' to the byte and the model is not touched.
The walk asks Keras for each layer which attributes to pass over: Keras works that out anew each time (0.4 ms), since
it looks it up under another name than it keeps it (3.8 to 3.15). Both names are set for the time of the walk.

A search writes many files that differ in their numbers only. From the third one of a kind on, the numbers are put
into a copy of the second: 0.2 ms where HDF5 takes 1 to 5.

HDF5 itself never sees the disk, large models aside: where that is full, closing the file ends the process (1.14).
"""

import errno
import io
import os
import shutil
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kt_notebook.training.keras_state import global_state

__all__ = ["Entry", "WeightsFiles"]

_KEPT_UNDER, _SOUGHT_UNDER = "saving_attr_skipset_", "saving_attr_skiplist_"
_MAX_KINDS = 64
_MAX_IN_MEMORY_BYTES = 256 * 2**20
_MAX_IMAGE_BYTES = 32 * 2**20  # of all images of a search together


@dataclass(frozen=True, slots=True)
class Entry:
    """What Keras keeps of one object of a model: how its store is asked for a place, and what is put there.

    Attributes:
        place: Arguments of the store's `make`; the first one is the path.
        named: Its keyword arguments.
        values: What is put there, by name: mostly Keras variables.
    """

    # Any: Keras' own, here and below.
    place: tuple[Any, ...]
    named: Mapping[str, Any]
    values: dict[str, Any]


class WeightsFiles:
    """Writes the weights files of one search. Any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._skipped: dict[str, Any] = {}  # Keras' attributes to pass over, by kind of object
        self._images: OrderedDict[object, _Image | None] = OrderedDict()  # by kind of file; None: seen once

    def entries_of(self, model: Any) -> list[Entry] | None:
        """Return what `save_weights` would write of a model; None where this Keras does not tell us."""
        with self._skip_sets():
            return _noted(model)

    def write(self, entries: Sequence[Entry], path: Path) -> None:
        """Write a file. Its entries' values are arrays.

        Raises:
            OSError: It cannot be written.
        """
        kind = _kind_of(entries)
        with self._lock:
            is_known = kind in self._images
            image = self._images.setdefault(kind, None)
            self._images.move_to_end(kind)
        if image is not None:
            path.write_bytes(image.filled(entries))
            return
        size_bytes = sum(value.nbytes for entry in entries for value in entry.values.values())
        if size_bytes > _MAX_IN_MEMORY_BYTES:
            _refuse_full_disk(path.parent, size_bytes)
            store = _store(path)
            _fill(store, entries)
            store.close()
            return
        data = _in_memory(entries)
        path.write_bytes(data)
        if is_known and size_bytes <= _MAX_IMAGE_BYTES // 4:
            self._keep(kind, _Image.of(entries, data))
        elif len(self._images) > _MAX_KINDS:
            self._keep(kind, None)

    def _keep(self, kind: object, image: "_Image | None") -> None:
        with self._lock:
            self._images[kind] = image
            while len(self._images) > _MAX_KINDS or self._n_bytes() > _MAX_IMAGE_BYTES:
                self._images.popitem(last=False)

    def _n_bytes(self) -> int:
        return sum(len(image.data) for image in self._images.values() if image is not None)

    @contextmanager
    def _skip_sets(self) -> Iterator[None]:
        """Let Keras find what to pass over, for the time of the block and in this thread."""
        module = global_state()
        if module is None:
            yield
            return
        state = module.GLOBAL_STATE_TRACKER.__dict__
        before = {name for name in state if name.startswith((_KEPT_UNDER, _SOUGHT_UNDER))}
        for kind, skipped in self._skipped.items():
            state.setdefault(_SOUGHT_UNDER + kind, skipped)
        try:
            yield
        finally:
            for name in [name for name in state if name.startswith((_KEPT_UNDER, _SOUGHT_UNDER))]:
                if name.startswith(_KEPT_UNDER):
                    self._skipped.setdefault(name.removeprefix(_KEPT_UNDER), state[name])
                if name not in before:
                    del state[name]


def _noted(model: Any) -> list[Entry] | None:
    """Return what `save_weights` would write of a model; None where this Keras does not tell us."""
    try:
        from keras.src.saving import saving_lib

        store = _noting_store(saving_lib.H5IOStore)
        saving_lib._save_state(model, weights_store=store, assets_store=None, inner_path="", visited_saveables=set())
    except Exception:  # noqa: BLE001  # Keras' own parts, and the user's layers: the public way says what is wrong.
        return None
    entries: list[Entry] = store.entries
    return entries


def _store(place: Path | io.BytesIO) -> Any:
    from keras.src.saving import saving_lib

    return saving_lib.H5IOStore(place, mode="w")


def _fill(store: Any, entries: Sequence[Entry]) -> None:
    """Put entries into a store of Keras'."""
    for entry in entries:
        group = store.make(*entry.place, **entry.named)
        for name, value in entry.values.items():
            group[name] = value


def _in_memory(entries: Sequence[Entry]) -> bytes:
    """Return a file, made in HDF5's own memory, where it becomes the same as on disk."""
    import h5py

    buffer = io.BytesIO()
    # A name of its own: HDF5 tells files by their names, those in memory too.
    with h5py.File(uuid.uuid4().hex, "w", driver="core", backing_store=False) as file:
        store = _store(buffer)
        store.close()
        store.h5_file = file
        _fill(store, entries)
        file.flush()
        if len(file):
            return bytes(file.id.get_file_image())
    store = _store(buffer)  # A Keras whose store keeps its file elsewhere.
    _fill(store, entries)
    store.close()
    return buffer.getvalue()


def _refuse_full_disk(directory: Path, size_bytes: int) -> None:
    """Raise what a full disk raises, before HDF5 meets it."""
    if shutil.disk_usage(directory).free < 1.1 * size_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(directory))


def _noting_store(kind: Any) -> Any:
    class NotingStore(kind):  # Keras asks whether a store is one of its own.
        """Takes note of what is put into it."""

        def __init__(self) -> None:
            self.entries: list[Entry] = []

        def __bool__(self) -> bool:
            return True

        def make(self, *place: Any, **named: Any) -> dict[str, Any]:
            self.entries.append(Entry(place, named, {}))
            return self.entries[-1].values

    return NotingStore()


def _kind_of(entries: Sequence[Entry]) -> object:
    """Return what files are alike in that differ in their numbers only."""
    return tuple(
        (repr(entry.place), repr(entry.named), tuple((n, v.shape, str(v.dtype)) for n, v in entry.values.items()))
        for entry in entries
    )


@dataclass(frozen=True, slots=True)
class _Image:
    """A file, and where in it each value stands, in their order."""

    data: bytes
    offsets: list[int]

    @classmethod
    def of(cls, entries: Sequence[Entry], data: bytes) -> "_Image | None":
        """Return the image of a file that was written; None where its values do not lie in it one by one."""
        import h5py

        offsets = []
        with h5py.File(io.BytesIO(data), "r") as file:
            for entry in entries:
                for name, value in entry.values.items():
                    dataset = file.get("/".join([*filter(None, [str(entry.place[0])]), "vars", name]))
                    offset = None if dataset is None else dataset.id.get_offset()
                    if offset is None or data[offset : offset + value.nbytes] != value.tobytes():
                        return None
                    offsets.append(offset)
        return cls(data, offsets)

    def filled(self, entries: Sequence[Entry]) -> bytearray:
        """Return the file with these values."""
        data = bytearray(self.data)
        values: list[np.ndarray[Any, Any]] = [value for entry in entries for value in entry.values.values()]
        for offset, value in zip(self.offsets, values, strict=True):
            data[offset : offset + value.nbytes] = value.tobytes()
        return data
