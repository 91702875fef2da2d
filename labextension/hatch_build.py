"""Hatchling's hook: puts the front-end bundles into the package before an archive is made of it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundlesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the bundles when they are stale, and asks for a Node only then and only where there is none."""

    def dependencies(self) -> list[str]:
        """Return the Node wheel where bundles must be built on a machine without Node, else nothing."""
        bundles = self._bundles()
        return [bundles.NODE_PACKAGE] if bundles.is_stale() and bundles.find_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundles if they are stale. Side effect: writes into `kt_notebook/`."""
        self._bundles().build()

    def _bundles(self) -> ModuleType:
        # hatchling loads this file by its path: there is no package to import the neighbour from
        spec = importlib.util.spec_from_file_location("kt_bundles", Path(self.root, "labextension", "bundles.py"))
        if spec is None or spec.loader is None:
            raise ImportError(f"labextension/bundles.py cannot be loaded from {self.root}")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
