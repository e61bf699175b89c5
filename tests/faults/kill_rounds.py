"""SIGKILL at random before an upstream that stumbles: every acknowledged call arrives, by its id once.

    python -m tests.faults.kill_rounds --rounds 1000

Each round starts a sidecar on the same data directory and sends spans (OTLP/HTTP, from several threads) and
calls (`/call/upsert_batch`) while the upstream answers, refuses, hangs or keeps calls and says nothing. At a
random moment the service, one of its children or the whole tree is killed. A last sidecar delivers the rest.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from tests.e2e import client
from tests.e2e.kill_rounds import Acknowledged, load_until_killed, play
from tests.e2e.people import run
from tests.faults import behaviours
from tests.faults.sidecar import config, sidecar
from tests.faults.upstream import Upstream, upstream

if TYPE_CHECKING:
    from pathlib import Path

VICTIMS = ("service", "ingest.writer", "exporter.renderer", "tree")
MOODS = {
    "well": [],
    "down": [behaviours.status(503)] * 10,
    "stumbling": [behaviours.commit_then_drop, behaviours.reset_before_reading, behaviours.status(429)] * 3,
    "silent": [behaviours.hang] * 2,
}
DELIVERY_SECONDS = 300.0
MOST_REQUESTS = 10
"""Requests that a round waits for before it kills, at most."""
ENTITY, _, NAME = client.PROJECT.partition("/")


def rounds(count: int, folder: Path, seed: int) -> dict[str, int]:
    """Play `count` rounds; return what happened. Raise AssertionError when an acknowledged id is missing."""
    dice = random.Random(seed)
    acknowledged, tally = Acknowledged(), Counter[str]()
    with upstream() as weave:
        flags = config(folder / "bridge.json", weave.url, timeout="1s", project=client.PROJECT)
        for _ in range(count):
            mood = dice.choice(list(MOODS))
            weave.behave(*MOODS[mood])
            with sidecar(folder / "data", weave.url, flags) as bridge:
                victim = load_until_killed(
                    bridge, dice, acknowledged, VICTIMS, requests=dice.randrange(MOST_REQUESTS)
                )
                tally[victim] += 1
            tally[mood] += 1
        weave.released.set()
        with sidecar(folder / "data", weave.url, flags):
            deliver(weave, acknowledged.ids, folder / "data")
        return {
            "rounds": count,
            **tally,
            "requests": acknowledged.requests,
            "acknowledged": len(acknowledged.ids),
            "arrived": len(weave.calls),
            "arrived_again": sum(times > 1 for times in weave.times.values()),
        }


def deliver(weave: Upstream, ids: set[str], data_dir: Path) -> None:
    """Wait until every id is there, whole; there is no other way for a call to be there than once."""
    try:
        weave.wait(lambda: ids <= weave.whole(), DELIVERY_SECONDS)
    except AssertionError as error:
        state, _ = run("queue", "inspect", "--data-dir", str(data_dir))
        missing = sorted(ids - weave.whole())
        raise AssertionError(f"{len(missing)} of {len(ids)} are missing: {missing[:3]}; {state}") from error
    assert len(weave.calls) == len(set(weave.calls))
    assert all(call["project_id"] == client.PROJECT for call in weave.calls.values())


if __name__ == "__main__":
    play(__doc__, rounds, default=1000)
