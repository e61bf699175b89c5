"""SIGKILL at random while calls are scored: no job is lost, and no result is there twice.

    python -m tests.faults.scoring_rounds --rounds 200

Each round starts a bridge on the same data directory, writes calls, has some scored by `/calls/score` and
leaves others to a monitor. At a random moment the worker, a runner, the writer, the service or all of them
are killed. A last bridge finishes what is left: then every call that was acknowledged has one feedback of
every scorer that was asked for, and one call that records the run.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from tests.e2e import client
from tests.e2e.kill_rounds import accepted, play, write_calls
from tests.e2e.process import ROOT, Bridge, running
from tests.fixtures.scoring_config import scoring_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VICTIMS = ("scoring.worker", "scoring.runner", "ingest.writer", "service", "tree")
ASKED, WATCHED = ("slow", "is_json"), "short"
"""Scorers of requests, and that of the monitor."""
CALLS = 40
"""Of one request."""
MOST_REQUESTS = 4
SETTLE_SECONDS = 180.0
MOST_KILLS = 3
"""Of one round: a task whose workers die too often is given up, as it should be."""


@dataclass
class Promised:
    """What was answered with 200: calls to be scored, and calls that a monitor watches."""

    asked: set[str] = field(default_factory=set)
    watched: set[str] = field(default_factory=set)

    @property
    def tasks(self) -> set[tuple[str, str]]:
        """Call and scorer of each result that has to be there."""
        return {(one, name) for one in self.asked for name in ASKED} | {
            (one, WATCHED) for one in self.watched
        }


def config(folder: Path, kafka: dict[str, Any] | None = None, *, workers: int = 1) -> str:
    """A configuration file with short leases, as a flag. With `kafka` jobs travel through it."""
    scoring = {
        "workers": workers,
        "lease": "2s",
        "python_path": [str(ROOT)],
        "scorers": {
            "slow": {"type": "python", "callable": "tests.faults.scorers:slow"},
            "is_json": {"type": "valid_json"},
            "short": {"type": "length", "max": 100},
        },
        "monitors": {"watch": {"op_names": ["watched"], "scorers": [WATCHED]}},
    }
    return f"--config={scoring_config(folder / 'scoring.json', scoring, kafka)}"


def ask(api: str, promised: Promised) -> None:
    """Have new calls scored by request, and others by the monitor."""
    promised.watched.update(write_calls(api, CALLS, "watched"))
    if made := write_calls(api, CALLS, "asked"):
        body = {"project_id": client.PROJECT, "call_ids": made, "scorer_refs": ASKED}
        if accepted(api, "/calls/score", body):
            promised.asked.update(made)


def kill(bridge: Bridge, victim: str) -> None:
    """Kill one part; a runner or a worker may just not be there."""
    match victim:
        case "service":
            bridge.kill()
        case "tree":
            bridge.kill_tree()
        case child:
            for process in psutil.Process(bridge.process.pid).children(recursive=True):
                with suppress(psutil.Error):
                    if any(child in part for part in process.cmdline()):
                        process.kill()


def one_round(bridge: Bridge, dice: random.Random, promised: Promised, tally: Counter[str]) -> None:
    """Ask and kill until the bridge is dead."""
    for _ in range(dice.randint(1, MOST_KILLS)):
        for _ in range(dice.randint(1, MOST_REQUESTS)):
            ask(bridge.api, promised)
        time.sleep(dice.uniform(0.0, 0.7))  # the moment of the kill is the dice's, nothing waits for it
        victim = dice.choice(VICTIMS)
        tally[victim] += 1
        kill(bridge, victim)
        if bridge.process.poll() is not None:
            return
    bridge.kill_tree()


def status(api: str) -> dict[str, Any]:
    """How scoring goes."""
    _, answer = client.call(f"{api}/calls/score/status?project_id={client.PROJECT}")
    return json.loads(answer)


def counts(api: str) -> dict[str, int]:
    """How many tasks are in which state."""
    return status(api)["counts"]


def until(condition: Callable[[], bool]) -> bool:
    """Wait until something holds; tell whether it did."""
    end = time.monotonic() + SETTLE_SECONDS
    while not (held := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return held


def feedback(api: str) -> list[dict[str, Any]]:
    """Every piece of feedback."""
    found: list[dict[str, Any]] = []
    while page := client.post(api, "/feedback/query", {"project_id": client.PROJECT, "limit": 1000,
                                                      "offset": len(found)})["result"]:  # fmt: skip
        found += page
    return found


def check(api: str, promised: Promised) -> dict[str, int]:
    """Look at every result. Raise AssertionError when one is missing, or there twice."""
    rows = feedback(api)
    results = Counter((_last(row["weave_ref"]), _scorer(row["feedback_type"])) for row in rows)
    missing = promised.tasks - set(results)
    told = status(api)
    why = f"{told['counts']}, {[error['error'] for error in told['errors'][:3]]}"
    assert not missing, f"{len(missing)} results are missing: {sorted(missing)[:3]}; {why}"
    assert set(results.values()) == {1}, f"twice: {[one for one, times in results.items() if times > 1][:3]}"
    names = [f"{name}.score" for name in (*ASKED, WATCHED)]
    query = {"project_id": client.PROJECT, "filter": {"op_names": names}}
    runs = {line["id"]: line for line in client.post(api, "/calls/stream_query", query)}
    scored_by = {_last(row["call_ref"]): _last(row["weave_ref"]) for row in rows}
    assert set(runs) == set(scored_by), "every result has one run, and every run gave one result"
    assert len(scored_by) == len(rows)
    for run, scored in scored_by.items():
        about = runs[run]["attributes"]["otel_bridge"]["scoring"]
        assert _last(about["scored_call"]) == scored
        assert runs[run]["ended_at"] is not None
    return {"results": len(rows), "promised": len(promised.tasks)}


def _last(ref: str) -> str:
    return ref.rpartition("/")[2]


def _scorer(feedback_type: str) -> str:
    return feedback_type.removeprefix("wandb.runnable.")


def rounds(count: int, folder: Path, seed: int, kafka: dict[str, Any] | None = None) -> dict[str, int]:
    """Play `count` rounds; return what happened. Raise AssertionError when a promise was broken."""
    dice = random.Random(seed)
    promised, tally = Promised(), Counter[str]()
    for number in range(count):
        with running(folder / "data", config(folder, kafka, workers=1 + number % 2)) as bridge:
            one_round(bridge, dice, promised, tally)
    with running(folder / "data", config(folder, kafka)) as bridge:
        tasks = promised.tasks
        until(lambda: counts(bridge.api).get("done", 0) >= len(tasks) and not _open(counts(bridge.api)))
        found = check(bridge.api, promised)
        return {"rounds": count, **tally, **found, **counts(bridge.api)}


def _open(states: dict[str, int]) -> int:
    return states.get("queued", 0) + states.get("leased", 0)


if __name__ == "__main__":
    play(__doc__, rounds, default=200)
