"""The kernel's searches are found by id, by views and by commands, for as long as they should be."""

import gc
import json
import sys
import weakref
from types import SimpleNamespace

import pytest

from kt_notebook.core.commands import AddTrials, Pause
from kt_notebook.core.errors import SearchStateError
from kt_notebook.panel import host as host_module
from kt_notebook.panel.host import FrontEnd, Host, apply, front_end, host_of
from tests.stories import FakeFeed, Story


class FakeSession:
    def __init__(self, search_id="s1", *, is_ended=False, hub=None):
        story = Story(search_id=search_id)
        self.search_id = search_id
        self.hub = hub or FakeFeed((story.finish() if is_ended else story).records)
        self.posted = []
        self.refusal = None

    @property
    def state(self):
        return self.hub.record.state

    def post(self, command):
        if self.refusal is not None:
            raise SearchStateError(self.refusal)
        self.posted.append(command)


class Tuner:
    """What the user holds."""


class Shell:
    """What is looked at of an IPython shell."""

    def __init__(self, kernel=None):
        if kernel is not None:
            self.kernel = kernel


class Kernel:
    def __init__(self, asked=None, attribute=None):
        self._content = {} if asked is None else {"allow_stdin": asked}
        if attribute is not None:
            self._allow_stdin = attribute

    def get_parent(self, channel):
        assert channel == "shell"
        return {"content": self._content}


@pytest.fixture
def host():
    return Host()


@pytest.fixture
def shell(monkeypatch):
    shell = Shell()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    return shell


class TestFrontEnd:
    def test_a_script_is_plain(self):
        assert front_end(None) is FrontEnd.PLAIN

    def test_a_kernel_that_may_ask_is_a_notebook(self):
        assert front_end(Shell(Kernel(asked=True))) is FrontEnd.NOTEBOOK

    def test_a_kernel_that_may_not_ask_is_headless(self):
        assert front_end(Shell(Kernel(asked=False))) is FrontEnd.HEADLESS

    def test_the_cells_own_request_counts_more_than_the_latest_one(self):
        assert front_end(Shell(Kernel(asked=True, attribute=False))) is FrontEnd.NOTEBOOK

    def test_without_a_request_the_attribute_counts(self):
        assert front_end(Shell(Kernel(attribute=False))) is FrontEnd.HEADLESS

    def test_a_kernel_of_another_make_is_a_notebook(self):
        assert front_end(Shell(SimpleNamespace())) is FrontEnd.NOTEBOOK

    @pytest.mark.parametrize(("is_terminal", "place"), [(True, FrontEnd.TERMINAL), (False, FrontEnd.PLAIN)])
    def test_ipython_without_a_kernel_is_a_terminal_if_its_output_is(self, monkeypatch, is_terminal, place):
        monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: is_terminal))

        assert front_end(Shell()) is place


def test_a_shell_has_one_host(shell):
    assert host_of(shell) is host_of(shell)


def test_a_search_is_found_by_its_id(host):
    session = FakeSession()
    host.add(session)

    assert host.get("s1").session is session
    assert host.get("s2") is None


def test_an_ended_search_is_found_after_its_session_and_tuner_are_gone(host):
    tuner = Tuner()
    host.add(FakeSession(is_ended=True), tuner)
    del tuner
    gc.collect()

    search = host.get("s1")
    assert search.session is None
    assert search.tuner is None
    assert search.name == "digits"


def test_the_tuner_is_found_while_somebody_holds_it(host):
    tuner, session = Tuner(), FakeSession()
    host.add(session, tuner)

    assert host.get("s1").tuner is tuner


def test_of_many_ended_searches_the_latest_are_kept(host):
    sessions = [FakeSession(f"s{i}", is_ended=i > 0) for i in range(30)]
    for session in sessions:
        host.add(session)

    names = [search.search_id for search in host.searches()]
    assert names[0] == "s0"  # it runs
    assert names[1:] == [f"s{i}" for i in range(9, 30)]


def test_the_views_of_a_forgotten_search_hold_on_to_nothing(host):
    first = FakeSession("s0", is_ended=True)
    host.add(first)
    channel = host.connect("s0", lambda message: None)
    channel.handle({"type": "open"})
    hub = weakref.ref(first.hub)
    for i in range(1, 30):
        host.add(FakeSession(f"s{i}", is_ended=True))
    del first
    gc.collect()

    assert hub() is None


def test_a_command_is_applied_once_whichever_way_it_comes(host):
    session = FakeSession()
    search = host.add(session)
    channel = host.connect("s1", lambda message: None)

    search.command({"id": "1", "kind": "pause"})
    channel.handle({"type": "command", "command": {"id": "1", "kind": "pause"}})

    assert session.posted == [Pause(id="1")]


def test_a_command_that_makes_no_sense_is_refused_with_the_reason(host):
    search = host.add(session := FakeSession())

    assert "kind='dance'" in search.command({"id": "1", "kind": "dance"})
    assert session.posted == []


def test_a_command_to_an_ended_search_is_refused(host):
    session = FakeSession(is_ended=True)
    session.refusal = "has ended"
    search = host.add(session)

    assert search.command({"id": "1", "kind": "pause"}) == "has ended"
    del session
    gc.collect()
    assert "has ended" in search.command({"id": "2", "kind": "pause"})


def test_a_search_that_goes_on_under_its_id_is_shown_in_its_views(host):
    messages = []
    former = FakeSession(is_ended=True)
    host.add(former)
    host.connect("s1", messages.append).open()

    later = FakeSession()
    host.add(later)

    assert messages[-1]["snapshot"]["search"]["state"] == "running"
    assert former.hub.sinks == []


def test_a_view_opened_before_its_search_gets_it_when_it_starts(host):
    messages = []
    host.connect("s1", messages.append).handle({"type": "open"})

    session = FakeSession()
    host.add(session)

    assert [message["type"] for message in messages] == ["unknown", "snapshot"]


def test_of_many_views_the_latest_are_served(host):
    session = FakeSession()
    host.add(session)
    channels = [host.connect("s1", lambda message: None) for _ in range(20)]

    assert [channel.is_closed for channel in channels] == [True] * 4 + [False] * 16


def test_a_view_that_said_goodbye_is_forgotten(host):
    session = FakeSession()
    search = host.add(session)
    channel = host.connect("s1", lambda message: None)
    channel.open()

    host.disconnect(channel)

    assert search.channels == []
    assert session.hub.sinks == []


def test_the_bundle_for_saving_names_no_widget(host):
    session = FakeSession()

    assert "application/vnd.jupyter.widget-view+json" not in host.add(session).bundle()


class TestApply:
    def test_a_command_reaches_its_search(self, shell):
        session = FakeSession()
        host_of(shell).add(session)

        apply("s1", json.dumps({"id": "1", "kind": "add_trials", "n": 10}))

        assert session.posted == [AddTrials(id="1", n=10)]

    @pytest.mark.parametrize("command", ["no json", "[]", '{"id": "1"}', '{"kind": "pause"}'])
    def test_a_command_that_makes_no_sense_is_answered_on_the_channel(self, shell, command):
        session, messages = FakeSession(), []
        host_of(shell).add(session)
        host_of(shell).connect("s1", messages.append)

        apply("s1", command)

        assert [message["type"] for message in messages] == ["refused"]

    def test_a_search_that_is_not_there_is_no_error(self, shell):
        apply("s1", '{"id": "1", "kind": "pause"}')

    def test_without_a_shell_nothing_happens(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))

        apply("s1", '{"id": "1", "kind": "pause"}')

    def test_a_fault_of_ours_does_not_reach_the_notebook(self, shell, monkeypatch, caplog):
        def fail(shell):
            raise RuntimeError("boom")

        monkeypatch.setattr(host_module, "host_of", fail)

        apply("s1", "{}")

        assert "boom" in caplog.text
