"""What every test may use: a quiet, private environment, the seed texts, and Chromium where it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# before anything imports TensorFlow or matplotlib; a kernel that a test starts inherits it
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")

# The same examples every time, other ones in `make test-all`; no example's time is judged on a shared machine.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("same", settings.get_profile("explore"), derandomize=True)
settings.load_profile("explore" if os.environ.get("EXPLORE") else "same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in tests/browser, so that `-m "not browser"` needs no memory."""
    for item in items:
        if ROOT / "tests" / "browser" in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session", autouse=True)
def private_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the developer's own IPython and Jupyter settings out, and leave nothing in them, nor in the cache."""
    # matplotlib takes seconds to find its fonts anew
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    os.environ.setdefault("MPLCONFIGDIR", str(cache / "matplotlib"))
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "XDG_CACHE_HOME"):
        os.environ[name] = str(tmp_path_factory.mktemp(name.lower()))


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def seed_text() -> Callable[[str], str]:
    """Return a function from a seed's number ("000") to its text; skips where there are no seeds."""

    def read(number: str) -> str:
        found = sorted((ROOT.parent / "shared" / "seeds").glob(f"{number}*.txt"))
        if not found:
            pytest.skip(f"the seed text {number}* does not lie in ../shared/seeds: it is not part of a checkout")
        return found[0].read_text(encoding="utf-8")

    return read


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of Chromium; skips where there is none, but never in CI, which installs it."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    if os.environ.get("CI"):
        pytest.fail("no chromium on PATH: .ci/run should have installed it")
    pytest.skip("no chromium on PATH (Debian: apt-get install chromium)")
