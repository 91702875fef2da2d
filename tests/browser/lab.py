"""A real JupyterLab in Debian's Chromium, as the browser tests drive it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 60_000


class LabServer:
    """A JupyterLab server on a free port of the loopback, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = folder / "server.log"
        self._log_file = self.log.open("w")
        home = folder / "home"
        home.mkdir()
        # Kernels choose how figures are shown themselves, where nobody has chosen for the tests.
        given = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
        environment = {
            **given,
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "IPYTHONDIR": str(home / "ipython"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "-1",
        }
        settings = home / "lab" / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={self.port}",
                "--allow-root", "--IdentityProvider.token=", "--ServerApp.password=", f"--notebook-dir={folder}",
                "--LabApp.expose_app_in_browser=True",
                f"--LabApp.user_settings_dir={home}/lab/settings",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            ],
            cwd=folder,
            env=environment,
            stdout=self._log_file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        self._wait_until_up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + WAIT_MS / 1000
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/api/status", timeout=1):
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
        raise AssertionError(f"JupyterLab did not come up:\n{self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self._log_file.close()

    def put_notebook(self, name: str, cells: list[str], outputs: Any = None) -> Path:
        """Write a notebook with these code cells."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={
                "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"},
                "language_info": {"name": "python"},
            },
        )
        path = self.folder / name
        path.write_text(json.dumps(notebook))
        return path

    def read_notebook(self, name: str) -> Any:
        return nbformat.read(self.folder / name, as_version=4)


class LabPage:
    """One page with one notebook."""

    def __init__(self, server: LabServer, page: Page, pictures: Path | None = None) -> None:
        self.server = server
        self.page = page
        self._pictures = pictures
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(error.stack or str(error)))
        page.set_default_timeout(WAIT_MS)

    def open(self, notebook: str) -> None:
        """Open a notebook and wait until its kernel answers."""
        self.page.goto(f"{self.server.url}/lab/tree/{notebook}?reset")
        self.wait_for_kernel()

    def reload(self) -> None:
        """Reload the page and wait until the notebook has its kernel again."""
        self.page.reload()
        self.wait_for_kernel()

    def wait_for_kernel(self) -> None:
        """Wait until the notebook in front is there and its kernel answers."""
        self.page.wait_for_selector(".jp-NotebookPanel:visible .jp-Notebook .jp-CodeCell")
        self.evaluate(
            """async () => {
              const {sessionContext} = window.jupyterapp.shell.currentWidget;
              await sessionContext.ready;
              await sessionContext.session.kernel.info;
            }"""
        )

    def restart_kernel(self) -> None:
        """Restart the kernel of the notebook in front."""
        self.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        self.wait_for_kernel()

    def evaluate(self, script: str, argument: Any = None) -> Any:
        """Run JavaScript in the page."""
        return self.page.evaluate(script, argument)

    def cell(self, index: int) -> Locator:
        """Return a code cell."""
        return self.page.locator(".jp-NotebookPanel:visible .jp-Notebook .jp-CodeCell").nth(index)

    def run(self, index: int) -> None:
        """Run a cell, without waiting for it."""
        self.evaluate(
            """index => {
              const {content} = window.jupyterapp.shell.currentWidget;
              const cells = [...content.widgets.keys()].filter(i => content.widgets[i].model.type === 'code');
              content.activeCellIndex = cells[index];
              content.deselectAll();
              void window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            index,
        )

    def wait_until_done(self, index: int) -> None:
        """Wait until a cell has its number."""
        self.page.wait_for_function(
            """index => {
              const {content} = window.jupyterapp.shell.currentWidget;
              const code = content.widgets.filter(cell => cell.model.type === 'code');
              return code[index].model.executionState === 'idle' && code[index].model.executionCount !== null;
            }""",
            arg=index,
        )

    def run_and_wait(self, *indexes: int) -> None:
        """Run cells one after the other."""
        for index in indexes:
            self.run(index)
            self.wait_until_done(index)

    def output(self, index: int) -> str:
        """Return a cell's output as text."""
        return self.cell(index).locator(".jp-OutputArea").inner_text()

    def panel(self, index: int) -> Locator:
        """Return the panel in a cell's output."""
        return self.cell(index).locator(".kt-Panel")

    def wait_for_state(self, index: int, state: str, timeout_ms: int = WAIT_MS) -> None:
        """Wait until a panel says that its search is running, finished, …"""
        self.panel(index).locator(f'.kt-Pill[role="status"][data-state="{state}"]').wait_for(timeout=timeout_ms)

    def wait_for_static(self, index: int, text: str) -> None:
        """Wait until a cell's output holds this in its static HTML, as it would be saved."""
        self.page.wait_for_function(
            """([index, text]) => {
              const {content} = window.jupyterapp.shell.currentWidget;
              const {outputs} = content.widgets.filter(cell => cell.model.type === 'code')[index].model;
              return String(outputs.get(0).data['text/html']).includes(text);
            }""",
            arg=[index, text],
        )

    def result(self, index: int) -> Any:
        """Run a cell that prints JSON, and return what it printed."""
        self.run_and_wait(index)
        return json.loads(self.cell(index).locator(".jp-OutputArea-output pre").first.inner_text())

    def save(self) -> None:
        """Save the notebook and wait until it is on the disk."""
        self.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")

    def set_theme(self, name: str) -> None:
        """Change JupyterLab's theme and wait until it is there."""
        self.evaluate("name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name)
        light = "false" if "Dark" in name else "true"
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")
        # JupyterLab throws where a theme follows while the splash of the one before still fades.
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def picture(self, name: str, of: Locator | None = None) -> None:
        """Take a picture where the user asked for pictures."""
        if self._pictures is not None:
            self._pictures.mkdir(parents=True, exist_ok=True)
            (of or self.page).screenshot(path=self._pictures / f"{name}.png")
