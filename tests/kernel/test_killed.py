"""A kernel that is killed: run the cell again, and nothing that had ended is lost or done twice."""

import json
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.kernel.kernels import Kernel

# Each trial leaves a line in a file of its own making: what has really been run, whatever the journal says.
CELL = """%%tune q {wait} --max-trials {n} --seed 7
from pathlib import Path
import time
x = hp.Float('x', 0, 1)
k = hp.Int('k', 1, 1000)
with open('began.txt', 'a') as file:
    file.write(f'{{x!r}} {{k}}\\n')
time.sleep(0.004)
print('line of', k)
x + k
"""
N = 120


def records(folder):
    (journal,) = Path(folder, ".kt_notebook").glob("q-*/journal.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def ended(kept):
    """Return the ended trials by id, and assert that none has ended twice."""
    ends = [record for record in kept if record["kind"] == "trial_ended"]
    twice = [trial for trial, n in Counter(record["trial_id"] for record in ends).items() if n > 1]
    assert not twice, f"ended twice: {twice}"
    return {record["trial_id"]: (record["status"], record["score"], record["values"]) for record in ends}


def starts(kept):
    values = {}
    for record in kept:
        if record["kind"] == "trial_started":
            values.setdefault(record["trial_id"], []).append(record["values"])
    return values


def kill_somewhere(folder, chance, n=N):
    """Run the cell in a new kernel, kill it at a random moment, and return how many trials had ended before."""
    before = len(ended(records(folder))) if Path(folder, ".kt_notebook").exists() else 0
    kernel = Kernel(folder)
    try:
        kernel.text("%load_ext kt_notebook")
        kernel.execute(CELL.format(wait="--no-wait", n=n))
        goal = before + chance.randint(1, 15)
        end = time.monotonic() + 60
        while True:
            assert time.monotonic() < end, "the search did not get as far as it was to be killed"
            if list(Path(folder, ".kt_notebook").glob("q-*/journal.jsonl")):
                kept = read_quietly(folder)
                if len([1 for record in kept if record["kind"] == "trial_ended"]) >= goal:
                    break
        # somewhere within the next trials, be it in one, between two or while the journal is written
        until = time.perf_counter() + chance.random() * 0.02
        while time.perf_counter() < until:
            pass
    finally:
        kernel.kill()
    return before


def read_quietly(folder):
    try:
        return records(folder)
    except ValueError:
        return []


def hold_the_law(folder, before, after):
    """What had ended is there still, as it was, once; whatever began has kept its id and values."""
    for trial, end in before.items():
        assert after[trial] == end
    for trial, values in starts(records(folder)).items():
        assert all(each == values[0] for each in values), f"trial {trial} began again with other values"


def finish(folder, n):
    """Run the cell to its end in a new kernel and return what it printed afterwards."""
    kernel = Kernel(folder)
    try:
        kernel.text("%load_ext kt_notebook")
        kernel.text(CELL.format(wait="--wait", n=n))
        return kernel.text("print(q.hub.record.state, len(q.results), set(q.results.status))")
    finally:
        kernel.stop()


def survive(folder, seed, n_kills, n=N):
    chance = random.Random(seed)
    n_cut = 0
    for _ in range(n_kills):
        before = ended(records(folder)) if Path(folder, ".kt_notebook").exists() else {}
        kill_somewhere(folder, chance, n)
        kept = records(folder)
        after = ended(kept)
        hold_the_law(folder, before, after)
        n_cut += len(starts(kept)) - len(after)
        assert len(after) > len(before)
    before = ended(records(folder))
    told = finish(folder, n)
    after = ended(records(folder))
    hold_the_law(folder, before, after)
    assert told.split(maxsplit=2) == ["finished", str(n), "{'COMPLETED'}\n"]
    assert len(after) == n
    # what was really run: each trial once, and once more for each kill that cut one
    began = Counter(Path(folder, "began.txt").read_text().splitlines())
    assert len(began) == n
    assert sum(began.values()) <= n + n_kills
    return n_cut


def test_a_search_survives_three_kills_of_the_kernel(tmp_path):
    survive(tmp_path, seed=3, n_kills=3, n=60)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(4))
def test_a_search_survives_kills_of_the_kernel_at_twenty_moments(tmp_path, seed):
    survive(tmp_path, seed=100 + seed, n_kills=5, n=N)
