"""How soon an epoch is on its way to the page: from `reporter.report` to the message that the channel sends.

The search is a real one with its project on disk; the page is a function that writes the message as JSON, as a comm
does. The hub sends the first event at once and then at most eight batches a second.
"""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import Any

from kt_notebook import RandomSearch
from kt_notebook.core.objective import number_objective
from kt_notebook.core.protocol import Assignment, Reporter, Result
from kt_notebook.panel.channel import Channel
from kt_notebook.search.executors import ThreadExecutor
from kt_notebook.search.hub import Hub
from measures.figures import Figure, percentile

__all__ = ["Page", "epoch_to_page"]

_AIM_P95_MS = 200.0
_EPOCHS_PER_TRIAL = 10


class Page:
    """A view of a search: keeps when each epoch's message was sent."""

    def __init__(self, hub: Hub) -> None:
        self.feed = hub
        self.sent_at: dict[tuple[str, int], float] = {}
        self.size_bytes = 0
        self.channel = Channel(str(hub.record.search["search_id"]), lambda: self, self._send)
        self.channel.open()

    def command(self, message: Mapping[str, Any]) -> str | None:
        return "this page only looks"

    def bundle(self) -> dict[str, Any]:
        return {}

    def _send(self, message: Mapping[str, Any]) -> None:
        self.size_bytes += len(json.dumps(message))
        now = time.perf_counter()
        for record in message.get("records", ()):
            if record["kind"] == "epoch_ended":
                self.sent_at[record["trial_id"], record["epoch"]] = now


def epoch_to_page(seconds: float) -> Iterator[Figure]:
    """Measure for epochs that follow each other quickly, and for slow ones; `seconds` for each."""
    group = "From the end of an epoch to the message for the page"
    for name, every_s in (("an epoch each 20 ms", 0.02), ("an epoch each 0.3 s", 0.3)):
        took_ms = _measure(every_s, max(1, int(seconds / every_s / _EPOCHS_PER_TRIAL)))
        yield Figure(group, f"{name}, p50", percentile(took_ms, 0.5), "ms")
        yield Figure(group, f"{name}, p95", percentile(took_ms, 0.95), "ms", _AIM_P95_MS)


def _measure(every_s: float, n_trials: int) -> list[float]:
    reported_at: dict[tuple[str, int], float] = {}

    def run(assignment: Assignment, reporter: Reporter) -> Result:
        x = assignment.hyperparameters.Float("x", -1, 1)
        reporter.choose_objective(number_objective())
        for epoch in range(_EPOCHS_PER_TRIAL):
            time.sleep(every_s)
            value = x * x + 1 / (epoch + 1)
            reported_at[assignment.trial_id, epoch] = time.perf_counter()
            reporter.report(0, epoch, {"default_objective": value, "loss": value}, n_epochs=_EPOCHS_PER_TRIAL)
        return Result({"default_objective": x * x}, _EPOCHS_PER_TRIAL - 1)

    with tempfile.TemporaryDirectory() as directory:
        tuner = RandomSearch(lambda hp: 0.0, max_trials=n_trials, seed=0, directory=directory)
        session = tuner.open_session((), {}, executor=ThreadExecutor(), wrap=lambda _: run)
        session.start()
        page = Page(tuner.hub)
        session.wait()
        page.channel.close()
    assert session.error is None, session.error
    return [(page.sent_at[key] - at) * 1e3 for key, at in reported_at.items() if key in page.sent_at]
