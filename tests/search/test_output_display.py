import base64
import subprocess
import sys
import threading

import pytest

from kt_notebook.search.output import OutputCapture
from kt_notebook.search.output.figures import PlotState
from tests.search.keepers import Keeper

IPython = pytest.importorskip("IPython")
pytest.importorskip("matplotlib_inline")


@pytest.fixture
def shell(monkeypatch, tmp_path):
    """A real shell whose publisher keeps what the user would see."""
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))

    class FakePublisher(DisplayPublisher):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.seen = []

        def publish(self, data, metadata=None, **kwargs):
            self.seen.append(data)

        def clear_output(self, wait=False):
            self.seen.append("cleared")

    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config, display_pub_class=FakePublisher)
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture
def keeper():
    return Keeper()


def _in_thread(function, *args):
    failed = []

    def run():
        try:
            function(*args)
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def _draw_and_raise(plt):
    plt.figure(figsize=(2, 1))
    raise ValueError("oh")


def _pngs(keeper):
    return [data["image/png"] for stream, data in keeper.items if stream == "display" and "image/png" in data]


def test_a_trials_display_is_kept_and_the_users_shown(shell, keeper):
    from IPython.display import HTML, display

    capture = OutputCapture(shell)

    def trial():
        with capture.trial(keeper):
            display(HTML("<b>trial</b>"))

    with capture.installed():
        _in_thread(trial)
        display(HTML("<b>mine</b>"))

    assert [data["text/html"] for _, data in keeper.items] == ["<b>trial</b>"]
    assert [data["text/html"] for data in shell.display_pub.seen] == ["<b>mine</b>"]
    assert not {"publish", "clear_output"} & set(vars(shell.display_pub))


def test_a_trials_clear_output_touches_nothing_of_the_users(shell, keeper):
    from IPython.display import clear_output, display

    capture = OutputCapture(shell)
    with capture.installed():
        with capture.trial(keeper):
            for number in range(3):
                clear_output(wait=True)
                display({"text/plain": str(number)}, raw=True)
        assert shell.display_pub.seen == []
        clear_output()

    assert shell.display_pub.seen == ["cleared"]
    assert keeper.items == [("display", {"text/plain": "2"})]


def test_a_display_handle_updates_in_the_trial(shell, keeper):
    from IPython.display import display

    with OutputCapture(shell).trial(keeper):
        handle = display({"text/plain": "0"}, raw=True, display_id=True)
        handle.update({"text/plain": "1"}, raw=True)

    assert keeper.items == [("display", {"text/plain": "1"})]
    assert shell.display_pub.seen == []


_FIRST_CELL = """
import threading
may_print, may_end = threading.Event(), threading.Event()
def search():
    with capture.installed(), capture.trial(keeper):
        print("trial 1")
        is_running.set()
        may_print.wait()
        print("trial 2")
        has_printed.set()
        may_end.wait()
has_printed, is_running = threading.Event(), threading.Event()
thread = threading.Thread(target=search)
thread.start()
_ = is_running.wait()
print("mine 1")
"""


def test_a_search_that_outlives_its_cell_stays_routed(shell, keeper, capsys):
    # IPython replaces the streams' write for the time of a cell, to keep a copy of the cell's output
    shell.push({"capture": OutputCapture(shell), "keeper": keeper})
    before = sys.stdout
    shell.history_manager.outputs.clear()  # the shell is one for all tests
    shell.run_cell(_FIRST_CELL).raise_error()
    shell.run_cell("may_print.set(); _ = has_printed.wait(); print('mine 2')").raise_error()
    shell.run_cell("may_end.set(); thread.join(); print('mine 3')").raise_error()
    shell.run_cell("print('mine 4')").raise_error()

    assert keeper.text() == "trial 1\ntrial 2\n"
    assert capsys.readouterr().out == "mine 1\nmine 2\nmine 3\nmine 4\n"
    assert sys.stdout is before
    copies = [output.bundle for outputs in shell.history_manager.outputs.values() for output in outputs]
    assert "trial" not in str(copies)
    assert "mine 2" in str(copies)


@pytest.fixture
def plt(monkeypatch):
    import matplotlib as mpl

    before = mpl.get_backend()
    mpl.use("agg", force=True)
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")
    plt.switch_backend(before)


def test_figures_left_open_are_kept_and_closed(plt, keeper):
    from matplotlib._pylab_helpers import Gcf

    capture = OutputCapture()
    figs, show = Gcf.figs, plt.show

    def trial():
        with capture.trial(keeper):
            for _ in range(2):
                plt.figure(figsize=(2, 1))
                plt.plot([1, 2])
            assert plt.get_fignums() == [1, 2]

    mine = plt.figure()
    with capture.installed():
        _in_thread(trial)
        assert plt.gcf() is mine
        assert plt.get_fignums() == [1]

    assert [base64.b64decode(png)[:4] for png in _pngs(keeper)] == [b"\x89PNG"] * 2
    assert Gcf.figs is figs
    assert plt.show is show


def test_a_trial_does_not_draw_into_the_users_figure(plt, keeper):
    mine = plt.figure()
    with OutputCapture().trial(keeper):
        assert plt.gcf() is not mine
        plt.plot([1, 2])
        plt.close("all")
    assert mine.axes == []
    assert plt.get_fignums() == [mine.number]
    assert _pngs(keeper) == []


def test_show_in_a_trial_keeps_and_closes(plt, keeper):
    with OutputCapture().trial(keeper):
        plt.figure(figsize=(2, 1))
        plt.show()
        assert plt.get_fignums() == []
        assert len(_pngs(keeper)) == 1


def test_figures_of_a_failing_trial_are_kept(plt, keeper):
    with pytest.raises(ValueError, match="oh"), OutputCapture().trial(keeper):
        _draw_and_raise(plt)
    assert len(_pngs(keeper)) == 1
    assert plt.get_fignums() == []


def test_a_figure_that_cannot_be_drawn_costs_a_line(plt, keeper):
    with OutputCapture().trial(keeper):
        plt.figure(figsize=(2, 1)).suptitle(r"$\nosuchcommand$")
    assert "could not be drawn" in keeper.text("stderr")
    assert plt.get_fignums() == []


def test_twenty_figures_are_kept(plt, keeper):
    with OutputCapture().trial(keeper):
        for _ in range(23):
            plt.figure(figsize=(0.2, 0.2))
            plt.show()
    assert len(_pngs(keeper)) == 20
    assert "3 more displays were left out" in keeper.items[-1][1]


def test_a_live_plot_keeps_its_last_figure(plt, shell, keeper):
    from IPython.display import clear_output

    with OutputCapture(shell).trial(keeper):
        for _ in range(25):
            clear_output(wait=True)
            plt.figure(figsize=(0.2, 0.2))
            plt.show()
    assert len(_pngs(keeper)) == 1


@pytest.fixture
def inline(shell, plt, monkeypatch):
    monkeypatch.setitem(plt.rcParams, "interactive", True)
    plt.switch_backend("module://matplotlib_inline.backend_inline")
    from matplotlib_inline import backend_inline

    backend_inline.configure_inline_support(shell, "inline")
    backend_inline.show._to_draw = []
    backend_inline.show._draw_called = False
    return backend_inline


def test_the_inline_backend_shows_no_figure_of_a_trial_under_the_users_cell(inline, plt, shell, keeper):
    capture = OutputCapture(shell)
    show = inline.show
    is_drawn, may_end = threading.Event(), threading.Event()

    def trial():
        with capture.trial(keeper):
            plt.figure(figsize=(2, 1))
            is_drawn.set()
            may_end.wait()

    with capture.installed():
        thread = threading.Thread(target=trial)
        thread.start()
        is_drawn.wait()
        inline.flush_figures()  # the user's cell ends while the trial's figure is half drawn
        may_end.set()
        thread.join()

    assert shell.display_pub.seen == []
    assert len(_pngs(keeper)) == 1
    assert inline.show is show
    assert not inline.show._draw_called


def test_the_users_half_built_figure_is_neither_shown_early_nor_lost(inline, plt, shell, keeper):
    capture = OutputCapture(shell)

    def trial():
        with capture.trial(keeper):
            plt.figure(figsize=(2, 1))
            plt.show()
            inline.flush_figures()

    with capture.installed():
        mine = plt.figure(figsize=(2, 1))
        _in_thread(trial)
        assert shell.display_pub.seen == []
        assert plt.gcf() is mine
        inline.flush_figures()

    assert len(shell.display_pub.seen) == 1
    assert len(_pngs(keeper)) == 1


def test_a_trial_that_imports_pyplot_first_is_routed():
    code = """if True:
        import sys, threading
        from kt_notebook.search.output import OutputCapture
        kept = []
        class Keeper:
            def output(self, stream, text, data=None):
                kept.append(sorted(data))
        capture = OutputCapture()
        before = list(sys.meta_path)
        def trial():
            with capture.trial(Keeper()):
                import matplotlib
                matplotlib.use("agg")
                import matplotlib.pyplot as plt
                plt.figure(figsize=(1, 1))
                is_drawn.set()
                may_end.wait()
        is_drawn, may_end = threading.Event(), threading.Event()
        with capture.installed():
            thread = threading.Thread(target=trial)
            thread.start()
            is_drawn.wait()
            import matplotlib.pyplot as plt
            print(plt.get_fignums())
            mine = plt.figure()
            may_end.set()
            thread.join()
            print(plt.gcf() is mine)
        print(kept)
        print(sys.meta_path == before, type(plt._pylab_helpers.Gcf.figs).__name__)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "[]",
        "True",
        "[['image/png', 'text/plain']]",
        "True OrderedDict",
    ]


def test_a_capture_imports_neither_matplotlib_nor_ipython():
    code = (
        "import sys; from kt_notebook.search.output import OutputCapture\n"
        "class Keeper:\n    def output(self, *_): pass\n"
        "with OutputCapture().trial(Keeper()): print('x')\n"
        "print([name for name in ('matplotlib', 'IPython', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "matplotlib" not in done.stdout
    assert "IPython" not in done.stdout


def test_a_trial_starts_without_figures():
    assert not PlotState(None).figures
