"""Facts about trials by hand in a running search."""

import pytest

from kt_notebook.core.commands import Enqueue, Pause, Resume, StopNow
from kt_notebook.core.errors import SearchStateError, SpaceError
from kt_notebook.core.objective import create_objective
from kt_notebook.core.protocol import Result
from kt_notebook.core.record import SearchRecord
from kt_notebook.oracles.random_search import RandomSearchOracle
from kt_notebook.panel.host import Host
from kt_notebook.search.hub import Hub
from kt_notebook.search.resume import restore_oracle
from tests.search.searches import WAIT_S, Held, make_session, run


class Journal:
    """Keeps records in a list."""

    def __init__(self):
        self.records = []

    def append(self, records, durable):
        self.records += records


def oracle_without_space(**more):
    return RandomSearchOracle(create_objective("score:min"), seed=1, **{"max_trials": 4, **more})


def xs(session):
    return [trial.values["x"] for trial in session.hub.record.trials.values()]


def notes(session):
    return {note["code"]: note["text"] for note in session.hub.record.search["notes"]}


def test_what_was_enqueued_before_the_search_is_told_and_tried_first():
    session = make_session(max_trials=3)
    session.oracle.enqueue([{"x": 0.5}, {"x": 0.25}])
    run(session)
    assert xs(session)[:2] == [0.5, 0.25]
    trials = list(session.hub.record.trials.values())
    assert [trial.enqueued for trial in trials] == [
        {"number": 1, "values": {"x": 0.5}},
        {"number": 2, "values": {"x": 0.25}},
        None,
    ]
    assert session.hub.record.enqueued == []


def test_a_command_puts_a_trial_in_line_while_one_runs():
    held = Held()
    session = make_session(held, max_trials=3)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    session.post(Enqueue(values={"x": 0.5}))
    session.post(Enqueue(values={}))
    session.call(lambda: None)
    assert [waiting["values"] for waiting in session.hub.record.enqueued] == [{"x": 0.5}, {}]
    held.go.set()
    assert session.wait(WAIT_S)
    assert xs(session)[1:] == [0.5, -1.0]


def test_a_command_is_obeyed_once():
    command, held = Enqueue(values={"x": 0.5}, again=True), Held()
    session = make_session(held, max_trials=9)
    session.start()
    session.post(command)
    session.post(command)
    held.go.set()
    assert session.wait(WAIT_S)
    assert xs(session).count(0.5) == 1


def test_a_command_that_cannot_be_obeyed_is_refused_to_who_posts_it():
    held = Held()
    session = make_session(held, max_trials=2)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    with pytest.raises(SpaceError, match=r"x=7 does not fit"):
        session.post(Enqueue(values={"x": 7}))
    session.post(Enqueue(values={"x": 0.5}))
    session.call(lambda: None)
    with pytest.raises(SearchStateError, match=r"A trial has had x=0\.5 already, or waits in line"):
        session.post(Enqueue(values={"x": 0.5}))
    with pytest.raises(SearchStateError, match="room for 0 by hand, not for 1"):
        session.post(Enqueue(values={"x": 0.25}))
    held.go.set()
    assert session.wait(WAIT_S)
    assert len(xs(session)) == 2


def test_a_browser_puts_a_trial_in_line_and_hears_why_one_is_refused():
    held = Held()
    session = make_session(held, max_trials=3)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    search = Host().add(session)
    assert search.command({"id": "1", "kind": "enqueue", "values": {"x": 0.5}}) is None
    session.call(lambda: None)
    assert search.command({"id": "2", "kind": "enqueue", "values": {"x": 7}}).startswith("x=7 does not fit")
    assert "already" in search.command({"id": "3", "kind": "enqueue", "values": {"x": 0.5}})
    assert search.command({"id": "4", "kind": "enqueue", "values": {"x": 0.5}, "again": True}) is None
    held.go.set()
    assert session.wait(WAIT_S)
    assert xs(session)[1:] == [0.5, 0.5]


def test_commands_that_come_at_once_for_the_last_place_are_told_apart_by_a_note():
    held = Held()
    session = make_session(held, max_trials=2)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    session.call(lambda: [session.post(Enqueue(values={"x": x})) for x in (0.5, 0.25)])  # Neither is obeyed yet.
    held.go.set()
    assert session.wait(WAIT_S)
    assert xs(session)[1:] == [0.5]
    assert "room for 0 by hand" in notes(session)["not_enqueued"]


def test_a_paused_search_takes_trials_into_its_line():
    held = Held()
    session = make_session(held, max_trials=3)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    session.post(Pause())
    session.post(Enqueue(values={"x": 0.5}))
    session.call(lambda: None)
    assert len(session.hub.record.enqueued) == 1
    session.post(Resume())
    held.go.set()
    assert session.wait(WAIT_S)
    assert xs(session)[1] == 0.5


def test_what_an_oracle_is_given_by_another_thread_is_told_too():
    held = Held()
    session = make_session(held, max_trials=3)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    assert session.call(lambda: session.oracle.enqueue([{"x": 0.5}, {"x": 0.25}])) == 2
    session.call(lambda: None)
    assert [waiting["number"] for waiting in session.hub.record.enqueued] == [1, 2]
    held.go.set()
    assert session.wait(WAIT_S)


def test_what_waits_in_line_is_in_the_journal_when_the_search_is_stopped():
    held, journal = Held(), Journal()
    session = make_session(held, max_trials=9, hub=Hub(journal))
    session.start()
    assert held.has_begun.wait(WAIT_S)
    session.post(Enqueue(values={"x": 0.5}))
    session.post(StopNow())
    assert session.wait(WAIT_S)
    record = SearchRecord()
    for item in journal.records:
        record.fold(item)
    assert record.enqueued == [{"number": 1, "values": {"x": 0.5}}]


def test_a_search_resumed_with_trials_in_line_goes_on_as_one_that_never_stopped():
    by_hand = [{"x": 0.5}, {"x": 0.25}, {"x": -0.5}]
    whole = make_session(max_trials=7)
    whole.oracle.enqueue(by_hand)
    run(whole)

    held, hub = Held(), Hub()
    begun = make_session(held, max_trials=7, hub=hub)
    begun.oracle.enqueue(by_hand)
    begun.start()
    assert held.has_begun.wait(WAIT_S)
    begun.post(StopNow())  # The first is cut, two wait.
    assert begun.wait(WAIT_S)

    again = make_session(max_trials=7, hub=hub)
    restore_oracle(again.oracle, hub.record)
    run(again)
    told = [(trial.values, trial.seed, trial.enqueued) for trial in whole.hub.record.trials.values()]
    assert [(trial.values, trial.seed, trial.enqueued) for trial in hub.record.trials.values()] == told
    assert hub.record.enqueued == []


def test_what_an_oracle_was_given_before_its_project_was_opened_waits_behind_what_the_project_holds():
    held, hub = Held(), Hub()
    begun = make_session(held, max_trials=7, hub=hub)
    begun.oracle.enqueue([{"x": 0.5}, {"x": 0.25}])
    begun.start()
    assert held.has_begun.wait(WAIT_S)
    begun.post(StopNow())
    assert begun.wait(WAIT_S)

    again = make_session(max_trials=7, hub=hub)
    again.oracle.enqueue([{"x": 0.25}, {"x": 0.5}, {"x": 0.125}])  # Two of them are there: a script is run again.
    restore_oracle(again.oracle, hub.record)
    assert [enqueued.values for enqueued in again.oracle.waiting_line.waiting] == [{"x": 0.25}, {"x": 0.125}]
    run(again)
    assert xs(again)[:3] == [0.5, 0.25, 0.125]


def test_a_value_by_hand_is_not_moved_within_a_dependent_range_after_a_resume_either():
    def dependent(assignment, reporter):
        b = assignment.hyperparameters.Int("b", 0, assignment.hyperparameters.Int("a", 1, 4))
        reporter.report(0, 0, {"score": b}, n_epochs=1)
        return Result({"score": b}, 0)

    hub = Hub()
    first = make_session(dependent, oracle=oracle_without_space(max_trials=3), hub=hub)
    first.oracle.enqueue([{"a": 4}, {"a": 1}])
    run(first)
    held = Held()

    def cut(assignment, reporter):
        held(assignment, reporter)
        return dependent(assignment, reporter)

    second = make_session(cut, oracle=oracle_without_space(max_trials=9), hub=hub)
    restore_oracle(second.oracle, hub.record)
    second.oracle.enqueue({"a": 2, "b": 1}, again=True)
    second.start()
    assert held.has_begun.wait(WAIT_S)
    second.post(StopNow())
    assert second.wait(WAIT_S)
    third = make_session(dependent, oracle=oracle_without_space(max_trials=4), hub=hub)
    restore_oracle(third.oracle, hub.record)
    run(third)
    by_hand = list(hub.record.trials.values())[-1]
    values = {name: by_hand.values[name] for name in ("a", "b")}
    assert (by_hand.trial_id, by_hand.status, values) == ("3", "COMPLETED", {"a": 2, "b": 1})


def test_what_a_trial_by_hand_could_not_take_is_said():
    session = make_session(oracle=oracle_without_space(max_trials=1))
    session.oracle.enqueue({"x": 7, "units": 64})
    run(session)
    (trial,) = session.hub.record.trials.values()
    assert trial.values == {"x": -1.0}
    texts = [note["text"] for note in session.hub.record.search["notes"]]
    assert texts == [
        "Trial 0, by hand: x=7 was asked for and -1.0 was taken: in this trial it takes numbers from -1.0 to 1.0.",
        "Trial 0, by hand: units=64 had no effect. No hyperparameter is called 'units'; there are 'x'.",
    ]


def test_what_does_not_fit_the_space_that_has_become_known_is_left_out_and_said():
    session = make_session(oracle=oracle_without_space(max_trials=3))
    session.oracle.enqueue([{"x": 0.5}, {"x": 7}, {"x": 0.25}])
    run(session)
    assert xs(session)[:2] == [0.5, 0.25]
    assert notes(session)["trial_dropped"].startswith("The trial by hand with x=7 was left out: x=7 does not fit")
    assert session.hub.record.enqueued == []


def test_nothing_is_said_of_a_trial_by_hand_that_failed():
    def fails(assignment, reporter):
        raise ValueError("no")

    session = make_session(fails, oracle=oracle_without_space(max_trials=1))
    session.oracle.enqueue({"x": 0.5})
    session.start()
    assert session.wait(WAIT_S)
    assert notes(session) == {}
    (trial,) = session.hub.record.trials.values()
    assert trial.values == {"x": 0.5}


def test_a_trial_by_hand_runs_with_its_values():
    seen = []

    def keep(assignment, reporter):
        x = assignment.hyperparameters.Float("x", -1.0, 1.0)
        seen.append((x, assignment.hyperparameters.Int("units", 8, 64)))
        return Result({"score": x}, 0)

    session = make_session(keep, oracle=oracle_without_space(max_trials=1))
    session.oracle.enqueue({"x": 0.5, "units": 16})
    run(session)
    assert seen == [(0.5, 16)]
