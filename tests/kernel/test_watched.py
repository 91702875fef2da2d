"""In a real kernel that somebody watches: the cell returns, the kernel stays free, Stop is heard while a cell runs."""

import time

import pytest

from tests.kernel.kernels import MIME, Kernel, bundles, is_idle

# Trials that last until a file is there, or a while.
SLOW = """%%tune q --tuner random --max-trials 200 --seed 1
import time
x = hp.Float('x', 0, 1)
time.sleep(0.05)
x
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    made = Kernel(tmp_path_factory.mktemp("notebook"))
    try:
        made.text("%load_ext kt_notebook")
        yield made
    finally:
        made.stop()


def test_a_search_runs_beside_the_notebook_and_stop_is_heard_while_a_cell_runs(kernel):
    begun = time.monotonic()
    request = kernel.execute(SLOW)
    messages = kernel.until(lambda m: is_idle(m, request))
    # 200 trials of 50 ms; the first panel loads anywidget
    assert time.monotonic() - begun < 8
    (shown,) = bundles(messages)
    search_id = shown[MIME]["search_id"]
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert "<script" not in shown["text/html"]

    # the kernel is free while trials run
    assert kernel.text("print(1 + 1, q.session.is_running)") == "2 True\n"
    assert "trials" in kernel.text("%tune status")

    # Stop over the control channel, as the panel sends it, while the kernel sits in another cell
    sleeping = kernel.execute("import time\nprint('asleep')\ntime.sleep(4)\nprint(q.hub.record.state)")
    kernel.until(lambda m: m["msg_type"] == "stream" and "asleep" in m["content"]["text"])
    sent = time.monotonic()
    kernel.command(search_id, "stop")
    rest = kernel.until(lambda m: is_updated(m) or is_idle(m, sleeping))
    assert is_updated(rest[-1]), "the output was not brought up to date before the cell ended"
    assert time.monotonic() - sent < 3
    assert rest[-1]["content"]["data"][MIME]["snapshot"]["search"]["state"] == "stopped"
    ended = kernel.until(lambda m: is_idle(m, sleeping))
    assert "stopped" in "".join(m["content"]["text"] for m in ended if m["msg_type"] == "stream")

    # what waits has nothing left to wait for; the page's figures are those of the results
    printed = kernel.text("best = q.get_best_hyperparameters()[0]['x']\nprint(len(q.results), best == q.best['x'])")
    n, is_same = printed.split()
    assert is_same == "True"
    trials = rest[-1]["content"]["data"][MIME]["snapshot"]["trials"]
    assert int(n) == len(trials["trial_id"]) > 1


def is_updated(message):
    return message["msg_type"] == "update_display_data" and MIME in message["content"]["data"]


def test_what_needs_the_end_waits_in_the_kernel_and_can_be_interrupted(kernel):
    kernel.text(
        "%%tune w --max-trials 10\nimport time\nhp.Float('x', 0, 1)\ntime.sleep(0.1)\n1.0\n".replace("%%", "%%")
    )
    assert "Waiting for w" in kernel.text("print(len(w.get_best_hyperparameters()))")

    kernel.text("%%tune v --max-trials 1_000\nimport time\nhp.Float('x', 0, 1)\ntime.sleep(0.05)\n1.0\n")
    waiting = kernel.execute("v.wait()")
    kernel.until(lambda m: m["msg_type"] == "stream" and "Waiting for v" in m["content"]["text"])
    kernel.manager.interrupt_kernel()
    messages = kernel.until(lambda m: is_idle(m, waiting))
    assert [m["content"]["ename"] for m in messages if m["msg_type"] == "error"] == ["KeyboardInterrupt"]
    # the waiting was interrupted, not the search
    assert kernel.text("print(v.session.is_running)") == "True\n"
    kernel.text("%tune stop v --now\n%tune wait v")
    assert kernel.text("print(v.hub.record.state)") == "stopped\n"


def test_a_fault_found_by_reading_raises_in_the_cell_as_one_block(kernel):
    messages = kernel.run("%%tune f\nx = hp.Int('x', 5, 1)\nx\n")

    (error,) = [m["content"] for m in messages if m["msg_type"] == "error"]
    assert error["ename"] == "CellError"
    assert len(error["traceback"]) <= 4
    assert not any("site-packages" in line or "kt_notebook/" in line for line in error["traceback"])


def test_what_trials_print_is_in_no_cell(kernel):
    kernel.text("%%tune p --max-trials 5\nx = hp.Float('x', 0, 1)\nprint('from a trial')\nx\n")
    printed = kernel.text("p.wait()\nprint(p.hub.detail('0')['outputs'])")

    assert "'text': 'from a trial\\n'" in printed
    assert not printed.startswith("from a trial")


def test_the_notebook_may_draw_while_trials_do(kernel):
    kernel.text(
        "%%tune d --max-trials 2\nimport matplotlib.pyplot as plt\nx = hp.Float('x', 0, 1)\nplt.plot([x, 2 * x]);\n"
        "plt.show()\nx\n"
    )
    printed = kernel.text(
        "d.wait()\noutputs = d.hub.detail('0')['outputs']\nprint([sorted(o['data']) for o in outputs if o['data']])\n"
        "import matplotlib.pyplot as plt\nprint(plt.get_fignums())"
    )

    assert "image/png" in printed
    assert printed.endswith("[]\n")


def test_completion_and_help_reach_a_front_end(kernel):
    reply = kernel.reply(kernel.client.complete("%%tune --max-t", 14))
    assert reply["content"]["matches"] == ["--max-trials"]

    (page,) = kernel.reply(kernel.execute("%%tune?"))["content"]["payload"]
    assert "%%tune [NAME] [OPTIONS]" in page["data"]["text/plain"]
    told = kernel.reply(kernel.client.inspect("%tune", 5))
    assert "%tune [WORD] [NAME]" in told["content"]["data"]["text/plain"]


def test_whoever_watches_is_asked_where_the_data_changed(kernel):
    cell = "%%tune c --max-trials 2\nhp.Float('x', 0, 1) * scale\n"
    kernel.text(f"scale = 1\nget_ipython().run_cell({cell!r})\nc.wait()")
    for n, answer in enumerate(("go on", "new")):
        request = kernel.execute(
            f"scale = {n + 2}\nget_ipython().run_cell({cell!r})\nc.wait()\nprint(c.project_dir[-2:])"
        )
        asked = kernel.client.get_stdin_msg(timeout=20)
        assert "scale changed since this search began" in asked["content"]["prompt"]
        kernel.client.input(answer)
        messages = kernel.until(lambda m, request=request: is_idle(m, request))
        printed = "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")
        assert printed.endswith("-2\n") is (answer == "new")
