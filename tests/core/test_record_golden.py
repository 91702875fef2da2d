"""The record folds the same journals to the same snapshots as the browser's store does."""

import json
from pathlib import Path

import pytest

from kt_notebook.core.record import SearchRecord

GOLDEN = Path(__file__).parent.parent / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.jsonl"))


def records_of(name):
    return [json.loads(line) for line in (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def folded(records):
    record = SearchRecord()
    for item in records:
        record.fold(item)
    return record


def test_there_are_golden_journals():
    assert NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_journal_gives_its_snapshot(name):
    expected = json.loads((GOLDEN / f"{name}.snapshot.json").read_text(encoding="utf-8"))

    snapshot = folded(records_of(name)).snapshot()

    # through JSON, as the browser gets it: no value may be one that JSON cannot hold
    assert json.loads(json.dumps(snapshot, allow_nan=False)) == expected


def test_a_golden_journal_gives_the_details_of_its_trials():
    expected = json.loads((GOLDEN / "fits.details.json").read_text(encoding="utf-8"))
    record = folded(records_of("fits"))

    assert {trial_id: record.detail(trial_id) for trial_id in record.trials} == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_journal_may_hold_kinds_that_are_not_known(name):
    records = records_of(name)
    unknown = {**records[-1], "kind": "not_known_here", "seq": records[-1]["seq"]}

    assert folded([*records, unknown]).snapshot() == folded(records).snapshot()
