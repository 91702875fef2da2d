"""Where trials run: each executor takes jobs and calls the worker on a thread or process of its own."""

from kt_notebook.search.executors.base import Executor
from kt_notebook.search.executors.calling import CallingExecutor
from kt_notebook.search.executors.thread import ThreadExecutor

__all__ = ["CallingExecutor", "Executor", "ThreadExecutor"]
