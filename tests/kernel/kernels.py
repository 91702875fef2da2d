"""A real kernel as a front end drives it: cells, messages, the control channel."""

import contextlib
import json
import os
import queue
import time

from jupyter_client.manager import KernelManager

TIMEOUT_S = 60
MIME = "application/vnd.kt-notebook.search+json"


class Kernel:
    """One kernel with its client, in a folder of its own."""

    timeout_s = TIMEOUT_S  # The longest that a cell may take.

    def __init__(self, folder):
        self.folder = folder
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT_S)

    def stop(self):
        """End the kernel, whatever it does."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def kill(self):
        """Take the kernel away as a crash would."""
        os.kill(self.pid, 9)
        self.client.stop_channels()
        with contextlib.suppress(Exception):  # it is dead already
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    @property
    def pid(self):
        return self.manager.provisioner.pid

    def execute(self, code, *, allow_stdin=True):
        """Send a cell, as a person's notebook does, and return the request's id."""
        return self.client.execute(code, allow_stdin=allow_stdin, silent=False, store_history=True)

    def run(self, code, *, allow_stdin=True):
        """Run a cell and return its messages."""
        request = self.execute(code, allow_stdin=allow_stdin)
        return self.until(lambda m: is_idle(m, request))

    def text(self, code, **kwargs):
        """Run a cell that must not raise and return what it printed."""
        request = self.execute(code, **kwargs)
        messages = self.until(lambda m: is_idle(m, request))
        errors = ["\n".join(m["content"]["traceback"]) for m in messages if m["msg_type"] == "error"]
        assert not errors, errors[0]
        return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream" and of(m, request))

    def until(self, is_last):
        """Return the messages up to the first for which this holds."""
        messages = []
        end = time.monotonic() + self.timeout_s
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=0.5)
            except queue.Empty:
                continue
            messages.append(message)
            if is_last(message):
                return messages
        kinds = [m["msg_type"] for m in messages]
        raise AssertionError(f"what was waited for did not come; the last of {len(kinds)} were {kinds[-20:]}")

    def reply(self, request):
        """Return the reply of the shell channel to a request."""
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            with contextlib.suppress(queue.Empty):
                message = self.client.get_shell_msg(timeout=0.5)
                if of(message, request):
                    return message
        raise AssertionError("no reply came")

    def command(self, search_id, kind, **fields):
        """Send a command of the panel over the control channel, and return the request's id."""
        command = json.dumps({"id": f"c-{kind}-{time.monotonic_ns()}", "kind": kind, **fields})
        code = f'__import__("kt_notebook.panel.host", fromlist=["apply"]).apply("{search_id}", {json.dumps(command)})'
        content = {
            "code": code,
            "silent": True,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        message = self.client.session.msg("execute_request", content)
        self.client.control_channel.send(message)
        return message["header"]["msg_id"]


def of(message, request):
    return message["parent_header"].get("msg_id") == request


def is_idle(message, request):
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle" and of(message, request)


def bundles(messages):
    """Return the bundles of our own type among messages, in order."""
    shown = [m for m in messages if m["msg_type"] in ("display_data", "update_display_data")]
    return [m["content"]["data"] for m in shown if MIME in m["content"]["data"]]
