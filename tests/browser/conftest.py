"""One JupyterLab server and one Chromium for the tests of a file; a page for each.

No longer than that: Playwright keeps an event loop in the main thread, which other tests have no use for.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.lab import CHROMIUM_FLAGS, LabPage, LabServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Return a JupyterLab server in a folder of its own."""
    lab = LabServer(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def browser(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def lab(server: LabServer, browser: Browser, request: pytest.FixtureRequest) -> Iterator[LabPage]:
    """Return a page. KT_SCREENSHOTS names a folder for pictures of it, taken at the end and where a test asks."""
    page = browser.new_page(viewport={"width": 1280, "height": 1100})
    folder = os.environ.get("KT_SCREENSHOTS")
    lab = LabPage(server, page, Path(folder) if folder else None)
    yield lab
    lab.picture(request.node.name)
    page.close()
    assert lab.errors == []
