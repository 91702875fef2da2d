"""Facts about the benchmark of what a trial costs: whose time counts, its ratios, its aims and its tables."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks.measures.trial_costs import Case, Run, Trial, aims, as_json, as_markdown, as_table, read_json
from benchmarks.measures.trial_times import as_search, search_of_journal


def run_of(*seconds: float, extra: float = 0.0, paths: str = "", losses: tuple[float, ...] = ()) -> Run:
    """Return a run of these trials; `paths` has r for reused, f for fused, p for plain."""
    names = {"r": "reused", "f": "fused", "p": "plain"}
    trials = []
    for number, took in enumerate(seconds):
        path = names[paths[number]] if paths else None
        trials.append(Trial(took, losses[number] if losses else 0.5, path, "no" if path == "plain" else None))
    return Run(sum(seconds) + extra, tuple(trials))


def case_of(**runs: Run | None) -> Case:
    ours = run_of(1.0, 0.5, 0.5, extra=1.0, paths="frr")
    plain, keras_tuner = run_of(2.0, 3.0, 4.0), run_of(4.0, 6.0, 9.0, extra=2.0)
    return Case(**{"workload": "mlp", "epochs": 5, "ours": ours, "plain": plain, "keras_tuner": keras_tuner, **runs})


# ---- times -------------------------------------------------------------------------------------------------


def test_a_trial_lasts_until_the_next_one_begins() -> None:
    search = as_search(10.0, [11.0, 13.0, 17.0], 18.5, [{"values": {}}] * 3)
    assert search["seconds"] == 8.5
    assert [trial["seconds"] for trial in search["trials"]] == [2.0, 4.0, 1.5]


def journal(status: str = "COMPLETED") -> list[dict[str, object]]:
    said = {"trial_id": "0", "execution": 0, "stage": 0}
    return [
        {"kind": "search_started", "time": 1.0},
        {"kind": "trial_started", "time": 2.0, "trial_id": "0", "values": {}, "seed": 9},
        {"kind": "fit_chosen", "time": 2.5, **said, "path": "fused", "reason": None},
        {"kind": "epoch_ended", "time": 3.0, **said, "metrics": {"val_loss": 0.75}},
        {"kind": "epoch_ended", "time": 4.0, **said, "metrics": {"val_loss": "NaN"}},
        {"kind": "trial_ended", "time": 4.5, "trial_id": "0", "status": status, "values": {"units": 8}, "error": None},
    ]


def test_a_journal_tells_values_seed_path_and_the_last_loss() -> None:
    search = search_of_journal(1.5, journal(), 5.0)
    (trial,) = search["trials"]
    assert search["seconds"] == 3.5
    assert math.isnan(trial.pop("val_loss"))
    assert trial == {"seed": 9, "path": "fused", "reason": None, "values": {"units": 8}, "seconds": 3.0}


def test_a_trial_that_failed_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="Trial 0 ended as FAILED"):
        search_of_journal(1.5, journal("FAILED"), 5.0)


def test_what_a_contender_printed_is_read() -> None:
    printed = json.loads(json.dumps(as_search(0.0, [1.0], 2.0, [{"values": {"units": 8}, "path": "plain"}])))
    assert Run.from_json(printed) == Run(2.0, (Trial(1.0, path="plain"),))


# ---- ratios ------------------------------------------------------------------------------------------------


def test_a_trial_is_compared_with_the_same_trial_elsewhere() -> None:
    case = case_of()
    assert (case.hits, case.misses) == ([1, 2], [0])
    assert (case.ratio_of(case.hits).keras_tuner, case.ratio_of(case.hits).plain) == (15.0, 7.0)
    assert (case.ratio_of(case.misses).keras_tuner, case.ratio_of(case.misses).plain) == (4.0, 2.0)


def test_a_whole_search_has_what_lies_before_its_trials_too() -> None:
    assert (case_of().whole.keras_tuner, case_of().whole.plain) == (7.0, 3.0)


def test_without_keras_tuner_the_plain_loop_is_left() -> None:
    case = case_of(keras_tuner=None)
    assert (case.whole.keras_tuner, case.whole.plain) == (None, 3.0)
    assert case.ratio_of(case.hits).keras_tuner is None


def test_trials_that_there_are_not_have_no_ratio() -> None:
    case = case_of(ours=run_of(1.0, 1.0, 1.0, paths="fpp"))
    assert case.ratio_of(case.hits).plain is None
    assert aims([case])[0].is_met is None


def test_losses_are_equal_to_the_last_bit_or_not() -> None:
    ours = run_of(1.0, 1.0, 1.0, losses=(0.1 + 0.2, 0.25, math.nan))
    case = case_of(ours=ours, plain=run_of(1.0, 1.0, 1.0, losses=(0.3, 0.25, math.nan)))
    assert case.n_equal == 2


def test_aims_are_medians_over_the_cases_and_the_worst_that_takes_nothing_over() -> None:
    slower = case_of(ours=run_of(2.5, 1.0, 1.0, paths="frr"))
    values = [aim.value for aim in aims([case_of(), slower, slower])]
    assert values == pytest.approx([7.5, 3.5, 0.8, 21 / 4.5, 2.0])
    assert [aim.is_met for aim in aims([case_of()])] == [True, True, True, False, False]


# ---- tables ------------------------------------------------------------------------------------------------


def test_the_table_says_whether_aims_are_met_and_why_a_slow_path_was_taken() -> None:
    text = as_table([case_of(), case_of(ours=run_of(1.0, 1.0, 1.0, paths="ppp"))])
    first = " ".join(text.splitlines()[1].split())
    assert first == "mlp 5 2 of 3 0.50 s 15.0 7.0 1 1.00 s 4.0 2.0 3.00 s 7.0 3.0 3 of 3"
    assert "a trial that takes over a graph × KerasTuner, median    15.0  aim ≥ 10     yes" in text
    assert "    3 × plain: no" in text
    assert "6 of 6 trials" in text


def test_the_readmes_table_has_a_row_for_each_case_and_one_of_medians() -> None:
    lines = as_markdown([case_of(), case_of()]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert {len(row) for row in cells} == {len(cells[0])}
    assert cells[2] == ["mlp", "5", "2 of 3", "15.0", "7.0", "1", "4.0", "2.0", "3.00 s", "7.0", "3.0", "3 of 3"]
    bold = [cell.strip("*") for cell in cells[-1]]
    assert bold == ["median", "", "", "15.0", "7.0", "", "4.0", "2.0", "", "7.0", "3.0", "6 of 6"]


@pytest.mark.parametrize("case", [case_of(), case_of(keras_tuner=None)], ids=["all", "without KerasTuner"])
def test_what_was_measured_is_read_as_it_was(case: Case) -> None:
    assert read_json(as_json("a machine", [case])) == ("a machine", [case])
