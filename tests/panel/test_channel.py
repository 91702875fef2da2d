"""A view gets a snapshot and then every record once, whatever happens in between."""

import pytest

from kt_notebook.panel.channel import MAX_BACKLOG, MAX_RECORDS_IN_MESSAGE, Channel
from tests.stories import FakeFeed, Story, search_of


class FakeSearch:
    def __init__(self, feed):
        self.feed = feed
        self.commands = []
        self.refusal = None

    def command(self, message):
        self.commands.append(message)
        return self.refusal

    def bundle(self):
        return {"text/plain": "digits"}


class View:
    """The browser's end: keeps what it is sent, and can go away."""

    def __init__(self):
        self.messages = []
        self.is_gone = False

    def __call__(self, message):
        if self.is_gone:
            raise RuntimeError("the view is gone")
        self.messages.append(message)

    def of_type(self, kind):
        return [message for message in self.messages if message["type"] == kind]

    @property
    def seqs(self):
        return [record["seq"] for message in self.of_type("records") for record in message["records"]]


@pytest.fixture
def story():
    return search_of(3)


@pytest.fixture
def search(story):
    return FakeSearch(FakeFeed(story.records[:10]))


@pytest.fixture
def view():
    return View()


@pytest.fixture
def channel(search, view):
    return Channel("s1", lambda: search, view)


def progress(seq, trial_id="00"):
    return {"seq": seq, "time": 0.0, "kind": "trial_progressed", "trial_id": trial_id}


def test_opening_sends_the_snapshot_first(channel, view, search):
    channel.handle({"type": "open"})

    assert view.messages == [{"type": "snapshot", "snapshot": search.feed.snapshot()}]


def test_records_follow_the_snapshot_without_gap(channel, view, search, story):
    channel.handle({"type": "open"})
    search.feed.tell(story.records[10:15])

    assert view.seqs == [11, 12, 13, 14, 15]


def test_records_that_come_while_the_snapshot_is_made_follow_it_once(channel, view, search, story):
    search.feed.before_snapshot.append(lambda: search.feed.tell(story.records[10:13]))

    channel.handle({"type": "open"})
    search.feed.tell(story.records[13:15])

    assert view.messages[0]["snapshot"]["seq"] == 13
    assert view.seqs == [14, 15]


def test_records_folded_but_not_yet_delivered_are_not_sent_twice(channel, view, search, story):
    late = story.records[8:12]
    channel.handle({"type": "open"})

    channel.receive(late)

    assert view.seqs == [11, 12]


def test_opening_again_sends_a_snapshot_and_listens_once(channel, view, search, story):
    channel.handle({"type": "open"})
    channel.handle({"type": "open"})
    search.feed.tell(story.records[10:11])

    assert len(view.of_type("snapshot")) == 2
    assert view.seqs == [11]


def test_progress_is_passed_on_though_it_has_no_number(channel, view, search, story):
    channel.handle({"type": "open"})
    search.feed.tell([progress(10)])
    search.feed.tell([*story.records[10:12], progress(10)])

    assert [r["kind"] for m in view.of_type("records") for r in m["records"]].count("trial_progressed") == 2


def test_progress_older_than_the_snapshot_is_dropped(channel, view, search):
    channel.handle({"type": "open"})
    search.feed.tell([progress(9)])

    assert view.of_type("records") == []


def test_a_long_batch_goes_in_several_messages(channel, view, search, story):
    channel.handle({"type": "open"})
    many = [{**progress(0), "kind": "weather", "seq": 11 + i} for i in range(MAX_RECORDS_IN_MESSAGE + 1)]
    search.feed.tell(many)

    assert [len(message["records"]) for message in view.of_type("records")] == [MAX_RECORDS_IN_MESSAGE, 1]


def test_a_backlog_becomes_a_snapshot(channel, view, search):
    channel.handle({"type": "open"})
    search.feed.tell([{**progress(0), "kind": "weather", "seq": 11 + i} for i in range(MAX_BACKLOG + 1)])

    assert view.of_type("records") == []
    assert view.of_type("snapshot")[-1]["snapshot"]["seq"] == 10 + MAX_BACKLOG + 1


def test_a_trial_is_told_in_full(channel, view, search):
    channel.handle({"type": "detail", "trial_id": "00"})

    assert view.messages == [{"type": "detail", **search.feed.detail("00")}]


def test_a_trial_that_is_not_there_is_passed_over(channel, view):
    channel.handle({"type": "detail", "trial_id": ["no"]})
    channel.handle({"type": "detail", "trial_id": "no"})

    assert view.messages == []


def test_the_bundle_is_sent_when_asked_for(channel, view):
    channel.handle({"type": "bundle"})

    assert view.messages == [{"type": "bundle", "data": {"text/plain": "digits"}}]


def test_a_command_is_passed_on(channel, view, search):
    channel.handle({"type": "command", "command": {"id": "1", "kind": "pause"}})

    assert search.commands == [{"id": "1", "kind": "pause"}]
    assert view.messages == []


def test_a_refused_command_is_answered(channel, view, search):
    search.refusal = "it has ended"

    channel.handle({"type": "command", "command": {"id": "1", "kind": "pause"}})

    assert view.messages == [{"type": "refused", "id": "1", "reason": "it has ended"}]


@pytest.mark.parametrize("message", [None, [], {}, {"type": 7}, {"type": "dance"}, {"type": "command", "command": 3}])
def test_what_makes_no_sense_is_passed_over(channel, message):
    channel.handle(message)


def test_a_search_that_the_kernel_does_not_have_is_unknown(view):
    Channel("s1", lambda: None, view).handle({"type": "open"})

    assert view.messages == [{"type": "unknown", "search_id": "s1"}]


def test_a_view_that_is_gone_loses_its_channel_and_nothing_else(channel, view, search, story):
    channel.handle({"type": "open"})
    view.is_gone = True

    search.feed.tell(story.records[10:12])

    assert channel.is_closed


def test_a_closed_channel_listens_no_more(channel, search):
    channel.handle({"type": "open"})
    channel.close()

    assert search.feed.sinks == []


def test_a_search_that_goes_on_elsewhere_is_followed(channel, view, search):
    channel.handle({"type": "open"})
    former, search.feed = search.feed, FakeFeed(Story(name="again").records)

    channel.open()

    assert former.sinks == []
    assert view.messages[-1]["snapshot"]["search"]["name"] == "again"
