"""A shell for each file and a fresh notebook in a folder of its own for each test."""

import sys

import pytest

from tests.magics.notebooks import Notebook


@pytest.fixture(scope="module")
def shell():
    """A real shell with the magics loaded; it is put away at the end of the file."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    main = sys.modules["__main__"]
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(config=config)
    made.run_line_magic("load_ext", "kt_notebook")
    yield made
    InteractiveShell.clear_instance()
    sys.modules["__main__"] = main


@pytest.fixture
def notebook(shell, tmp_path, monkeypatch):
    """A notebook without names, searches or projects."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    shell.reset(new_session=False)
    vars(shell).pop("_kt_notebook_host", None)
    made = Notebook(shell)
    yield made
    stop_all(shell)
    made.close()


def stop_all(shell):
    """End what a test has left running."""
    from kt_notebook.core.commands import StopNow
    from kt_notebook.panel.host import host_of

    for search in host_of(shell).searches():
        session = search.session
        if session is not None and session.is_running:
            session.post(StopNow())
            assert session.wait(20), f"{search.name} did not stop"
