"""The hub: order, batches, late listeners and listeners that fail."""

import threading
from typing import Any

import pytest

from kt_notebook.core.events import EpochEnded, SearchNoted, SearchPaused, SearchResumed, TrialProgressed, TrialStarted
from kt_notebook.search.hub import Hub
from tests.search.searches import Records


def test_records_are_numbered_and_reach_a_sink_in_order() -> None:
    hub, sink = Hub(clock=lambda: 5.0), Records()
    hub.attach(sink)
    hub.open()
    for _ in range(100):
        hub.publish(SearchPaused())
    hub.close()
    assert [record["seq"] for record in sink.records] == list(range(1, 101))
    assert {record["time"] for record in sink.records} == {5.0}


def test_a_late_sink_hears_only_what_comes_after() -> None:
    hub, sink = Hub(), Records()
    hub.publish(SearchPaused())
    hub.attach(sink)
    hub.open()
    hub.publish(SearchResumed())
    hub.close()
    assert [record["seq"] for record in sink.records] == [2]
    assert hub.snapshot()["seq"] == 2


def test_progress_is_delivered_but_never_numbered_nor_journalled() -> None:
    class Journal:
        def __init__(self) -> None:
            self.kinds: list[str] = []

        def append(self, records: Any, durable: bool) -> None:
            self.kinds.extend(record["kind"] for record in records)

    journal, sink = Journal(), Records()
    hub = Hub(journal)
    hub.attach(sink)
    hub.publish(TrialStarted("0", {}, 1))
    hub.publish(TrialProgressed("0", 0, 0, 1, 10, {}))
    hub.publish(TrialProgressed("0", 0, 0, 2, 10, {}))
    hub.open()
    hub.close()
    assert [(r["kind"], r["seq"]) for r in sink.records] == [("trial_started", 1), ("trial_progressed", 1)]
    assert sink.records[-1]["step"] == 2
    assert journal.kinds == ["trial_started"]


def test_progress_that_nobody_hears_is_not_kept_for_a_later_listener() -> None:
    hub, sink = Hub(), Records()
    hub.publish(TrialProgressed("0", 0, 0, 1, 10, {}))
    hub.attach(sink)
    hub.open()
    hub.close()
    assert sink.records == []


def test_the_search_waits_for_the_disk_at_a_trial_but_not_at_an_epoch() -> None:
    class Journal:
        n_syncs = 0

        def append(self, records: Any, durable: bool) -> None:
            self.n_syncs += durable

    journal = Journal()
    hub = Hub(journal)
    hub.publish(TrialStarted("0", {}, 1))
    hub.sync()
    assert journal.n_syncs == 1
    hub.publish(EpochEnded("0", 0, 0, 10, 0, {"loss": 1.0}))
    hub.sync()
    assert journal.n_syncs == 1


def test_a_sink_that_raises_is_detached_with_a_warning_and_the_others_go_on() -> None:
    class Broken:
        has_failed = threading.Event()

        def receive(self, records: Any) -> None:
            self.has_failed.set()
            raise OSError("gone")

    hub, sink, broken = Hub(), Records(), Broken()
    hub.attach(broken)
    hub.attach(sink)

    def deliver() -> None:
        hub.open()
        hub.publish(SearchPaused())
        hub.close()

    with pytest.warns(RuntimeWarning, match="Broken failed and gets no more events: OSError: gone"):
        deliver()
    assert broken.has_failed.is_set()
    assert sink.records[0]["kind"] == "search_paused"
    assert hub.record.search["notes"][0]["code"] == "sink_detached"


def test_a_sink_that_was_detached_hears_no_more() -> None:
    hub, sink = Hub(), Records()
    hub.attach(sink)
    hub.detach(sink)
    hub.detach(sink)
    hub.open()
    hub.publish(SearchPaused())
    hub.close()
    assert sink.records == []


def test_after_draining_every_sink_has_heard_everything():
    hub, heard = Hub(), []

    class Slow:
        def receive(self, records):
            threading.Event().wait(0.02)
            heard.extend(records)

    hub.attach(Slow())
    hub.open()
    for n in range(5):
        hub.publish(SearchNoted("advice", "test", str(n)))
        hub.drain()
        assert len(heard) == n + 1
    hub.close()
    hub.drain()
