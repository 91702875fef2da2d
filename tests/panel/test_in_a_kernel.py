"""In a real kernel: records flow and commands arrive while a cell runs, and we know whether somebody watches."""

import json
import queue
import time

import pytest
from jupyter_client.manager import start_new_kernel

TIMEOUT_S = 30

SETUP = """
import threading
from IPython import get_ipython
from kt_notebook.core.events import SearchStarted, SearchNoted, SearchEnded
from kt_notebook.panel.host import front_end, host_of
from kt_notebook.search.hub import Hub

class Session:
    search_id = "s1"
    def __init__(self):
        self.hub = Hub()
        self.asked = threading.Event()
        self.commands = []
    @property
    def state(self):
        return self.hub.record.state
    def post(self, command):
        self.commands.append((type(command).__name__, threading.current_thread().name))
        self.asked.set()

session = Session()
session.hub.open()
session.hub.publish(SearchStarted("s1", "digits", "RandomSearch", None, 40, 1, None, 7, 1, "thread", None, [], None,
                                  False, None))
shell = get_ipython()
host = host_of(shell)
host.register_target(shell)
search = host.add(session)
"""

# Publishes until a command comes, all while the cell runs.
BUSY = """
def publish():
    n = 0
    while not session.asked.wait(0.02):
        n += 1
        session.hub.publish(SearchNoted("advice", "n", f"note {n}"))

thread = threading.Thread(target=publish)
thread.start()
assert session.asked.wait(20), "no command came"
thread.join()
session.hub.close()
print(front_end(shell), session.commands)
"""


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=TIMEOUT_S)
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


class Kernel:
    """A front end of a kernel, as far as the tests need one."""

    def __init__(self, client):
        self.client = client

    def iopub_until(self, is_last):
        messages = []
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            messages.append(message)
            if is_last(message):
                return messages
        kinds = [message["msg_type"] for message in messages]
        raise AssertionError(f"what was waited for did not come; the last of {len(kinds)} were {kinds[-20:]}")

    def run(self, code, *, allow_stdin=True):
        return self.output_of(self.client.execute(code, allow_stdin=allow_stdin))

    def output_of(self, request_id):
        messages = self.iopub_until(lambda m: is_idle(m, request_id))
        errors = ["\n".join(m["content"]["traceback"]) for m in messages if m["msg_type"] == "error"]
        assert not errors, errors[0]
        return "".join(
            m["content"]["text"]
            for m in messages
            if m["msg_type"] == "stream" and m["parent_header"]["msg_id"] == request_id
        )

    def send(self, msg_type, content, channel="shell", **header):
        message = self.client.session.msg(msg_type, content)
        message["header"].update(header)
        getattr(self.client, f"{channel}_channel").send(message)
        return message["header"]["msg_id"]

    def control_reply(self, request_id):
        while True:
            message = self.client.get_control_msg(timeout=TIMEOUT_S)
            if message["parent_header"].get("msg_id") == request_id:
                return message


def is_idle(message, request_id):
    is_status = message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
    return is_status and message["parent_header"].get("msg_id") == request_id


def bodies(messages, comm_id):
    return [
        (m["content"]["data"], m["parent_header"]["msg_type"])
        for m in messages
        if m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == comm_id
    ]


def test_records_flow_and_a_command_arrives_while_a_cell_runs(kernel):
    kernel.run(SETUP)
    kernel.send("comm_open", {"comm_id": "view", "target_name": "kt_notebook", "data": {"search_id": "s1"}})
    kernel.send("comm_msg", {"comm_id": "view", "data": {"type": "open"}})
    cell = kernel.client.execute(BUSY, allow_stdin=True)
    flowing = kernel.iopub_until(
        lambda m: m["msg_type"] == "comm_msg" and m["content"]["data"].get("records", [{"seq": 0}])[-1]["seq"] > 20
    )
    command = json.dumps({"id": "c1", "kind": "stop"})
    code = f'__import__("kt_notebook.panel.host", fromlist=["apply"]).apply("s1", {json.dumps(command)})'
    request = {"code": code, "silent": True, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    for _ in range(2):  # sent twice, applied once
        kernel.send("execute_request", request, channel="control")
    rest = kernel.iopub_until(lambda m: is_idle(m, cell))

    messages = bodies(flowing + rest, "view")
    first = messages[0][0]
    seqs = [record["seq"] for body, _ in messages[1:] for record in body["records"]]
    assert first["type"] == "snapshot"
    assert seqs == list(range(first["snapshot"]["seq"] + 1, seqs[-1] + 1))
    # not the latest cell: the answers of the page would wait behind it
    assert {parent for _, parent in messages[1:]} <= {"comm_open", "comm_msg"}
    printed = "".join(m["content"]["text"] for m in rest if m["msg_type"] == "stream")
    assert printed == "notebook [('Stop', 'Control')]\n"


def test_a_view_on_a_subshell_is_answered_while_a_cell_runs(kernel):
    reply = kernel.control_reply(kernel.send("create_subshell_request", {}, channel="control"))
    if reply["msg_type"] != "create_subshell_reply":
        pytest.skip("this ipykernel has no subshells")
    subshell = {"subshell_id": reply["content"]["subshell_id"]}
    kernel.run(SETUP)
    opened = {"comm_id": "sub", "target_name": "kt_notebook", "data": {"search_id": "s1"}}
    kernel.send("comm_open", opened, **subshell)
    kernel.send("comm_msg", {"comm_id": "sub", "data": {"type": "open"}}, **subshell)
    cell = kernel.client.execute(BUSY, allow_stdin=True)
    kernel.iopub_until(lambda m: m["content"].get("data", {}).get("type") == "records")

    kernel.send("comm_msg", {"comm_id": "sub", "data": {"type": "bundle"}}, **subshell)
    messages = kernel.iopub_until(lambda m: m["content"].get("data", {}).get("type") == "bundle" or is_idle(m, cell))
    assert not is_idle(messages[-1], cell)

    command = {"type": "command", "command": {"id": "c2", "kind": "stop"}}
    kernel.send("comm_msg", {"comm_id": "sub", "data": command}, **subshell)
    assert "notebook [('Stop', 'subshell" in kernel.output_of(cell)


def test_a_view_of_a_search_that_is_not_there_is_told_so(kernel):
    kernel.run(SETUP)
    kernel.send("comm_open", {"comm_id": "other", "target_name": "kt_notebook", "data": {"search_id": "s2"}})
    asked = kernel.send("comm_msg", {"comm_id": "other", "data": {"type": "open"}})

    messages = bodies(kernel.iopub_until(lambda m: is_idle(m, asked)), "other")

    assert messages == [({"type": "unknown", "search_id": "s2"}, messages[0][1])]


def test_a_kernel_that_may_not_ask_is_headless(kernel):
    told = kernel.run(
        "from kt_notebook.panel.host import front_end; print(front_end(get_ipython()))", allow_stdin=False
    )

    assert told == "headless\n"


def test_an_output_is_brought_up_to_date_from_the_delivery_thread(kernel):
    code = """
from kt_notebook.panel.bundle import SearchDisplay
session.hub.open()
display = SearchDisplay(session.hub)
display.show()
session.hub.publish(SearchEnded("finished"))
session.hub.close()
"""
    kernel.run(SETUP)
    request = kernel.client.execute(code, allow_stdin=True)

    messages = kernel.iopub_until(lambda m: is_idle(m, request))

    shown = [m for m in messages if m["msg_type"] in {"display_data", "update_display_data"}]
    assert [m["msg_type"] for m in shown] == ["display_data", "update_display_data"]
    assert shown[0]["content"]["transient"] == shown[1]["content"]["transient"]
    assert "digits · finished" in shown[1]["content"]["data"]["text/plain"]
