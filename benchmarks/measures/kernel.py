"""How soon a kernel answers `1+1`: idle, and while a `%%tune` search trains a small Keras model beside it.

A real kernel, spoken to as a front end does, with a view of the search opened by comm.
"""

import queue
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from measures.figures import Figure, median, percentile

__all__ = ["KernelError", "kernel_answers"]

_AIM_ABOVE_IDLE_MS = 10.0
_PAUSE_S = 0.02
_START_TIMEOUT_S = 120

_SETUP = """
import os
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras, numpy as np
%load_ext kt_notebook
rng = np.random.default_rng(0)
y = rng.integers(0, 10, 1800)
x = (rng.normal(size=(10, 64))[y] + rng.normal(scale=2.0, size=(1800, 64))).astype("float32")
"""

_SEARCH = """%%tune latency --objective val_loss --max-trials 10000 --seed 1
model = keras.Sequential([
    keras.Input((64,)),
    keras.layers.Dense(hp.Int("units", 16, 256), "relu"),
    keras.layers.Dense(10, "softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=10, validation_split=0.2)
"""

# The same training in a thread without us: what Python's lock costs anybody.
_THREAD = """
import threading
stop = threading.Event()
def train():
    while not stop.is_set():
        model = keras.Sequential([
            keras.Input((64,)),
            keras.layers.Dense(int(rng.integers(16, 257)), "relu"),
            keras.layers.Dense(10, "softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, epochs=10, validation_split=0.2, verbose=0)
thread = threading.Thread(target=train)
thread.start()
"""


class KernelError(RuntimeError):
    """The kernel cannot be started, or a cell failed."""


class _Kernel:
    def __init__(self, directory: str) -> None:
        from jupyter_client.manager import start_new_kernel

        try:
            self.manager, self.client = start_new_kernel(
                kernel_name="python3", startup_timeout=_START_TIMEOUT_S, cwd=directory
            )
        except Exception as error:
            raise KernelError(f"No kernel could be started: {error}") from error

    def run(self, code: str, timeout_s: float = 120.0) -> float:
        """Run a cell and return after how many milliseconds the reply was there."""
        began = time.perf_counter()
        asked = self.client.execute(code)
        while True:
            try:
                reply = self.client.get_shell_msg(timeout=timeout_s)
            except queue.Empty:
                raise KernelError(f"No answer within {timeout_s:.0f} s to: {code[:60]}") from None
            if reply["parent_header"].get("msg_id") == asked:
                break
        took_ms = (time.perf_counter() - began) * 1e3
        if reply["content"]["status"] != "ok":
            raise KernelError(f"The cell failed: {reply['content'].get('evalue')}")
        return took_ms

    def answers(self, n: int) -> list[float]:
        took_ms = []
        for _ in range(n):
            time.sleep(_PAUSE_S)
            took_ms.append(self.run("1+1"))
            self._news()
        return took_ms

    def open_view(self) -> None:
        """Open a view of the search that the last cell began, as the page does."""
        search_id = None
        for message in self._news():
            data = message["content"].get("data")
            held = data.get("application/vnd.kt-notebook.search+json") if isinstance(data, dict) else None
            search_id = held["search_id"] if held else search_id
        if search_id is None:
            raise KernelError("The %%tune cell displayed no search.")
        opened = {"comm_id": "view", "target_name": "kt_notebook", "data": {"search_id": search_id}}
        self._send("comm_open", opened)
        self._send("comm_msg", {"comm_id": "view", "data": {"type": "open"}})

    def n_records_seen(self) -> int:
        """Return how many records the view got since it was last asked."""
        return self._n_records

    _n_records = 0

    def _send(self, kind: str, content: dict[str, Any]) -> None:
        self.client.shell_channel.send(self.client.session.msg(kind, content))

    def _news(self) -> list[dict[str, Any]]:
        messages = []
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=0)
            except queue.Empty:
                return messages
            messages.append(message)
            if message["msg_type"] == "comm_msg":
                data = message["content"]["data"]
                self._n_records += len(data.get("records", ())) if isinstance(data, dict) else 0

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def kernel_answers(n: int) -> Iterator[Figure]:
    """Measure `n` answers of the kernel each: idle, while searching, while a plain thread trains the same.

    Raises:
        KernelError: There is no kernel, or a cell failed.
    """
    group = "The kernel's answer to 1+1"
    with tempfile.TemporaryDirectory() as directory:
        kernel = _Kernel(directory)
        try:
            kernel.run(_SETUP)
            kernel.answers(20)
            idle = kernel.answers(n)
            kernel.run(_SEARCH)
            kernel.open_view()
            kernel.answers(20)
            searching = kernel.answers(n)
            n_records = kernel.n_records_seen()
            kernel.run("%tune stop latency\n%tune wait latency")
            idle += kernel.answers(n)
            kernel.run(_THREAD)
            kernel.answers(20)
            training = kernel.answers(n)
            kernel.run("stop.set(); thread.join()")
        finally:
            kernel.close()
    answers = {"idle": idle, "while a %%tune search runs": searching, "while a plain thread fits": training}
    for name, took in answers.items():
        yield Figure(group, f"{name}, p50", median(took), "ms")
        yield Figure(group, f"{name}, p95", percentile(took, 0.95), "ms")
    note = f"{n_records} records went to the view meanwhile"
    above = percentile(searching, 0.95) - percentile(idle, 0.95)
    yield Figure(group, "p95 while searching above p95 idle", above, "ms", _AIM_ABOVE_IDLE_MS, note)
