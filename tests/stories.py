"""Searches told as records, and a feed that tells them, for the tests of what is shown."""

import json
import math

from kt_notebook.core.record import SearchRecord

SPACE = []


class Story:
    """Writes records one after the other, as a search's journal would hold them."""

    def __init__(self, **settings):
        self.records = []
        self.now = 1_000.0
        self.add(
            "search_started",
            **{
                "search_id": "s1",
                "name": "digits",
                "tuner": "RandomSearch",
                "objective": [{"name": "val_accuracy", "direction": "max"}],
                "max_trials": 40,
                "executions_per_trial": 1,
                "max_epochs": None,
                "seed": 7,
                "workers": 1,
                "where": "thread",
                "timeout_s": None,
                "space": SPACE,
                "directory": None,
                "resumed": False,
                "n_combinations": None,
                **settings,
            },
        )

    def add(self, kind, after_s=0.0, **fields):
        self.now += after_s
        self.records.append({"seq": len(self.records) + 1, "time": self.now, "kind": kind, **fields})
        return self

    def start(self, trial_id, values=None, *, number=None):
        by_hand = None if number is None else {"number": number, "values": values or {}}
        return self.add("trial_started", trial_id=trial_id, values=values or {}, seed=11, enqueued=by_hand)

    def enqueue(self, number, values=None):
        return self.add("trial_enqueued", number=number, values=values or {})

    def epochs(self, trial_id, curve, metric="val_accuracy", n_epochs=None):
        for epoch, value in enumerate(curve):
            self.add(
                "epoch_ended",
                0.4,
                trial_id=trial_id,
                execution=0,
                epoch=epoch,
                n_epochs=n_epochs or len(curve),
                stage=0,
                metrics={metric: value},
            )
        return self

    def fit(self, trial_id, path, reason=None, execution=0):
        return self.add("fit_chosen", trial_id=trial_id, execution=execution, stage=0, path=path, reason=reason)

    def end(self, trial_id, score, values=None, *, status="COMPLETED", error=None, pruned=None):
        return self.add(
            "trial_ended",
            0.1,
            trial_id=trial_id,
            status=status,
            score=score,
            best_step=0,
            metrics={},
            values=values or {},
            error=error,
            pruned=pruned,
        )

    def note(self, level, text, line=None):
        return self.add("search_noted", level=level, code="x", text=text, line=line)

    def finish(self, reason="finished", error=None):
        return self.add("search_ended", reason=reason, error=error)

    def record(self):
        record = SearchRecord()
        for item in json.loads(json.dumps(self.records, allow_nan=False)):
            record.fold(item)
        return record

    def snapshot(self, limit=None):
        return self.record().snapshot(limit)


def error(message="units must be even", kind="ValueError", line=6):
    return {"type": kind, "message": message, "traceback": f"Traceback …\n{kind}: {message}", "line": line}


def search_of(n_trials, *, n_epochs=12, n_running=1, **settings):
    """Return a search of so many trials, every ninth failed and every sixth pruned."""
    story = Story(**{"max_trials": max(40, n_trials), **settings})
    width = len(str(max(40, n_trials) - 1))
    for i in range(n_trials):
        trial_id = str(i).zfill(width)
        draw = (math.sin(i * 12.9898) * 43758.5453) % 1.0
        values = {
            "lr": round(10 ** (-4 + 3 * draw), 7),
            "units": 8 * (1 + i % 12),
            "act": ["relu", "tanh"][i % 2],
            "dropout": (i % 6) / 10,
        }
        story.start(trial_id, values)
        top = 0.89 + 0.09 * draw
        curve = [round(top - (top - 0.35) * math.exp(-(0.3 + draw / 2) * (e + 1)), 5) for e in range(n_epochs)]
        if i >= n_trials - n_running:
            story.epochs(trial_id, curve[: n_epochs // 2], n_epochs=n_epochs)
        elif i % 9 == 5:
            story.end(trial_id, None, values, status="FAILED", error=error())
        elif i % 6 == 3:
            story.epochs(trial_id, curve[:4], n_epochs=n_epochs)
            story.end(trial_id, max(curve[:4]), values, pruned={"epoch": 3, "reason": "below the median"})
        else:
            story.epochs(trial_id, curve).end(trial_id, max(curve), values)
    return story


class FakeFeed:
    """A hub without a thread: `tell` folds records and delivers them in the caller's thread."""

    def __init__(self, records=()):
        self.record = SearchRecord()
        self.sinks = []
        self.before_snapshot = []
        for item in records:
            self.record.fold(item)

    def tell(self, records):
        records = list(records)
        for item in records:
            if item["kind"] != "trial_progressed":
                self.record.fold(item)
        for sink in list(self.sinks):
            sink.receive(records)

    def attach(self, sink):
        self.sinks.append(sink)

    def detach(self, sink):
        if sink in self.sinks:
            self.sinks.remove(sink)

    def snapshot(self, limit=None):
        while self.before_snapshot:
            self.before_snapshot.pop(0)()
        return self.record.snapshot(limit)

    def detail(self, trial_id):
        return self.record.detail(trial_id)
