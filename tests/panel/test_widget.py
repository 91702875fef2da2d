"""The widget carries the bundle once, and everything else goes through its channel."""

import subprocess
import sys

import pytest

from kt_notebook.core.errors import StorageError
from kt_notebook.panel import widget as widget_module
from kt_notebook.panel.host import Host
from kt_notebook.panel.widget import SearchWidget, widget_of
from tests.panel.test_host import FakeSession


@pytest.fixture
def bundle(monkeypatch, tmp_path):
    path = tmp_path / "panel.js"
    path.write_text("export default {}", encoding="utf-8")
    monkeypatch.setattr(widget_module, "_BUNDLE", path)
    return path


@pytest.fixture
def session():
    return FakeSession()


@pytest.fixture
def host():
    return Host()


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(SearchWidget, "send", lambda self, content, buffers=None: messages.append(content))
    return messages


def test_a_widget_carries_the_bundle_and_the_first_picture(bundle, session, host):
    widget = widget_of(host.add(session), host)

    state = widget.get_state()
    assert state["_esm"] == "export default {}"
    assert state["search_id"] == "s1"
    assert state["snapshot"]["search"]["name"] == "digits"


def test_a_search_has_one_widget(bundle, session, host):
    search = host.add(session)

    assert widget_of(search, host) is widget_of(search, host)


def test_a_message_is_answered_through_the_channel(bundle, session, host, sent):
    widget = widget_of(host.add(session), host)

    widget._handle_custom_msg({"type": "open"}, None)

    assert [message["type"] for message in sent] == ["snapshot"]


def test_a_missing_bundle_is_named_with_the_cure(bundle, session, host):
    bundle.unlink()

    with pytest.raises(StorageError, match=r"panel\.js.*bundles\.py build"):
        widget_of(host.add(session), host)


def test_the_other_parts_of_the_panel_load_no_widget_library():
    code = (
        "import sys; import kt_notebook.panel.host, kt_notebook.panel.bundle, kt_notebook.sinks.console; "
        "print([name for name in ('anywidget', 'ipywidgets', 'IPython', 'comm', 'numpy') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert told.stdout.strip() == "[]"
