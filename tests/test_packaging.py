"""Facts about the package as a whole: what importing it costs, what is shipped, that the house rules hold."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import kt_notebook

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "kt_notebook"
MODULES = sorted(PACKAGE.rglob("*.py"))
FIRST_COSTLY = (
    "IPython",
    "anywidget",
    "ipywidgets",
    "keras",
    "matplotlib",
    "pandas",
    "sklearn",
    "tensorflow",
)
FILE_OPENERS = {
    "open",
    "read_text",
    "read_bytes",
    "write_text",
    "write_bytes",
    "mkdir",
    "unlink",
    "touch",
    "glob",
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def files_of_the_checkout() -> list[Path]:
    told = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode:
        pytest.skip("not a git checkout: what belongs to it is not known")
    return [path for line in told.stdout.splitlines() if (path := ROOT / line).is_file()]


def text_files() -> list[tuple[Path, str]]:
    binary = {".png", ".npz", ".h5", ".keras", ".ico"}
    return [(p, p.read_text(encoding="utf-8")) for p in files_of_the_checkout() if p.suffix not in binary]


def in_a_fresh_interpreter(code: str) -> object:
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(told.stdout)


# ---- importing ---------------------------------------------------------------------------------------------


def test_importing_loads_nothing_costly() -> None:
    loaded = in_a_fresh_interpreter("import kt_notebook, sys, json; print(json.dumps(sorted(sys.modules)))")
    assert isinstance(loaded, list)
    assert [name for name in FIRST_COSTLY if name in loaded] == []


def test_the_magic_waits_for_scipy_only_when_it_searches_with_a_model() -> None:
    loaded = in_a_fresh_interpreter(
        "import json, sys, kt_notebook.magics.magics; print(json.dumps('scipy' in sys.modules))"
    )
    assert loaded is False


def test_importing_has_no_effect() -> None:
    changed = in_a_fresh_interpreter(
        "import json, os, signal, sys, threading, warnings\n"
        "def state():\n"
        "    handlers = [str(signal.getsignal(s)) for s in sorted(signal.valid_signals())]\n"
        "    hooks = [str(h) for h in (sys.excepthook, sys.stdout, sys.stderr, sys.displayhook)]\n"
        "    return dict(os.environ), handlers, hooks, len(warnings.filters), threading.active_count()\n"
        "before = state()\n"
        "import kt_notebook\n"
        "print(json.dumps([b != a for b, a in zip(before, state())]))"
    )
    assert changed == [False] * 5


def test_every_public_name_exists() -> None:
    missing = [name for name in getattr(kt_notebook, "__all__", ()) if not hasattr(kt_notebook, name)]
    assert missing == []


@pytest.mark.parametrize(("name", "module"), [("OptunaOracle", "oracles"), ("HyperResNet", "applications")])
def test_a_name_of_another_module_is_told_with_it(name: str, module: str) -> None:
    assert not hasattr(kt_notebook, name)
    with pytest.raises(AttributeError, match=rf"no {name}; it is kt_notebook\.{module}\.{name}"):
        getattr(kt_notebook, name)


def test_what_there_never_was_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Xyzzy'"):
        kt_notebook.Xyzzy


# ---- the declaration ---------------------------------------------------------------------------------------


def test_python_and_the_front_end_have_one_version() -> None:
    front_end = json.loads((ROOT / "labextension" / "package.json").read_text())
    assert front_end["version"] == kt_notebook.__version__
    assert front_end["name"] == "kt-notebook"


def test_the_installed_version_is_the_sources() -> None:
    try:
        installed = importlib.metadata.version("kt-notebook")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("kt-notebook is imported from a folder, not installed")
    assert installed == kt_notebook.__version__


def test_every_tracker_is_an_extra_and_never_a_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = {"tensorboard", "wandb", "mlflow", "optuna", "dask", "ray"}
    assert optional <= set(project["optional-dependencies"])
    needs = {re.split(r"[<>=\[]", need)[0] for need in project["dependencies"]}
    assert not needs & {
        "tensorboard",
        "wandb",
        "mlflow-skinny",
        "optuna",
        "distributed",
        "ray",
        "keras-tuner",
    }


def test_no_file_names_a_registry() -> None:
    hosts = [
        "registry." + "npmjs.org",
        "registry." + "yarnpkg.com",
        "pypi." + "org",
        "files.python" + "hosted.org",
    ]
    hosts += ["deb." + "debian.org", "npm." + "jsr.io"]
    assert [(name_of(p), host) for p, text in text_files() for host in hosts if host in text] == []


def test_the_lock_file_records_no_address() -> None:
    packages = json.loads((ROOT / "labextension" / "package-lock.json").read_text())["packages"]
    assert [name for name, entry in packages.items() if "resolved" in entry] == []


def test_no_file_names_a_path_of_a_machine() -> None:
    path = re.compile(r"(?<![\w.$}*])/" + r"(?:work|farm|root|(?:home|Users)/(?!you/)\w+)/")
    assert [(name_of(p), m.group()) for p, text in text_files() if (m := path.search(text))] == []


# ---- the house rules ---------------------------------------------------------------------------------------


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    doc = ast.get_docstring(node, clean=False)
    return (node.end_lineno or node.lineno) - node.lineno + 1 - (doc.count("\n") + 1 if doc else 0)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_its_duty_and_is_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    first = (ast.get_docstring(tree) or "").partition("\n")[0]
    assert first.endswith((".", ":")), "the file's first sentence says what it is for, on one line"
    assert text.count("\n") <= 400, "split by idea: 400 lines at most"
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [f"{f.name}: {code_lines(f)} lines" for f in functions if code_lines(f) > 50] == []


@pytest.mark.parametrize("room", ["core", "oracles"])
def test_a_pure_room_opens_no_file(room: str) -> None:
    calls = [
        f"{name_of(path)}:{node.lineno}"
        for path in sorted((PACKAGE / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) or getattr(node.func, "attr", None)) in FILE_OPENERS
    ]
    assert calls == []


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils.py", "helpers.py", "util.py", "misc.py", "common.py"}
    assert [name_of(path) for path in MODULES if path.name in drawers] == []


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=name_of)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert "widgets" not in notebook["metadata"]
    for cell in notebook["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


# ---- what is shipped ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the sdist, and the wheel from that sdist, where there is no Node on PATH."""
    spec = importlib.util.spec_from_file_location("bundles", ROOT / "labextension" / "bundles.py")
    assert spec is not None
    assert spec.loader is not None
    bundles = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bundles)
    if bundles.is_stale():
        pytest.skip("the front end was edited after it was built (make install builds it)")
    out = tmp_path_factory.mktemp("dist")
    without_node = {**os.environ, "PATH": str(tmp_path_factory.mktemp("empty"))}
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    told = subprocess.run(command, env=without_node, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return next(out.glob("*.tar.gz")), next(out.glob("*.whl"))


def test_the_sdist_carries_sources_and_bundles(archives: tuple[Path, Path]) -> None:
    with tarfile.open(archives[0]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"LICENSE", "Makefile", "labextension/package-lock.json", "labextension/bundles.py"} <= names
    assert {"kt_notebook/labextension/package.json", "notebooks/quickstart.ipynb"} <= names
    assert not any("node_modules" in name for name in names)


def test_the_wheel_built_without_node_carries_the_front_end(archives: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(archives[1]) as wheel:
        names = wheel.namelist()
    shared = [name for name in names if ".data/data/share/jupyter/labextensions/kt-notebook/" in name]
    assert any(name.endswith("/package.json") for name in shared)
    assert any(name.endswith("/install.json") for name in shared)
    assert any(name.startswith("kt_notebook/panel/static/") and name.endswith(".js") for name in names)
    assert "kt_notebook/py.typed" in names
    assert not any(name.startswith(("kt_notebook/labextension/", "labextension/", "tests/")) for name in names)


def test_jupyterlab_finds_the_extension_enabled() -> None:
    try:
        importlib.metadata.version("kt-notebook")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("kt-notebook is imported from a folder, not installed")
    told = subprocess.run(
        [sys.executable, "-m", "jupyterlab.labextensions", "list"], capture_output=True, text=True, check=True
    )
    lines = [line for line in (told.stdout + told.stderr).splitlines() if "kt-notebook" in line]
    assert lines
    assert "enabled" in lines[0]
    assert "OK" in lines[0]
