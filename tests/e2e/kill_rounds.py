"""SIGKILL at random under load, again and again: nothing acknowledged is lost, nothing is there twice.

    python -m tests.e2e.kill_rounds --rounds 200

Each round starts a bridge on the same data directory, sends spans (OTLP/HTTP, from several threads) and calls
(`/call/upsert_batch`), kills the service, its writer or the whole tree at a random moment, starts it again
and looks for every id that was answered with 200.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.contract.api.bodies import a_batch, end_item, start_item
from tests.e2e import client
from tests.e2e.process import Bridge, running

if TYPE_CHECKING:
    from collections.abc import Callable

SENDERS = 4
SPANS = 40
CALLS = 10
WARM_SECONDS = 20.0


@dataclass
class Acknowledged:
    """Ids that were answered with 200, by whatever thread."""

    ids: set[str] = field(default_factory=set)
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, ids: list[str]) -> None:
        with self.lock:
            self.ids.update(ids)
            self.requests += 1


def send_spans(base: str, acknowledged: Acknowledged, stop: threading.Event) -> None:
    while not stop.is_set():
        request = client.a_request(SPANS, text="kill -9 " * 50)
        with suppress(OSError, HTTPException):
            if client.export(base, request) == 200:
                acknowledged.add(client.span_ids(request))


def send_calls(base: str, acknowledged: Acknowledged, stop: threading.Event) -> None:
    while not stop.is_set():
        if made := write_calls(base, CALLS):
            acknowledged.add(made)


def write_calls(base: str, count: int, op_name: str = "op") -> list[str]:
    """Write calls that have ended; return their ids once they are acknowledged."""
    made, items = [str(uuid.uuid4()) for _ in range(count)], []
    for one in made:
        about = {"project_id": client.PROJECT, "id": one}
        items.append(start_item(**about, trace_id=one, op_name=op_name, inputs={"n": one}))
        items.append(end_item(**about, output=json.dumps({"n": one})))
    return made if accepted(base, "/call/upsert_batch", a_batch(*items)) else []


def accepted(base: str, path: str, body: dict[str, Any]) -> bool:
    """Tell whether a request was answered with 200; a bridge that dies meanwhile does not answer."""
    with suppress(OSError, HTTPException):
        return client.call(f"{base}{path}", json.dumps(body).encode())[0] == 200
    return False


def load_until_killed(
    bridge: Bridge,
    dice: random.Random,
    acknowledged: Acknowledged,
    victims: tuple[str, ...] = ("service", "ingest.writer", "tree"),
    *,
    requests: int = 0,
) -> str:
    """Send until one of `victims` is killed: the service, a child by its module, or all at once.

    So many requests are acknowledged before, unless that takes long.
    """
    before, patience = acknowledged.requests, time.monotonic() + WARM_SECONDS
    stop = threading.Event()
    threads = [
        threading.Thread(target=send_spans, args=(bridge.http, acknowledged, stop)) for _ in range(SENDERS)
    ]
    threads.append(threading.Thread(target=send_calls, args=(bridge.api, acknowledged, stop)))
    for thread in threads:
        thread.start()
    while acknowledged.requests < before + requests and time.monotonic() < patience:
        time.sleep(0.005)
    victim = dice.choice(victims)
    time.sleep(dice.uniform(0.0, 0.5))  # the moment of the kill is the dice's, nothing waits for it
    match victim:
        case "service":
            bridge.kill()
        case "tree":
            bridge.kill_tree()
        case child:
            bridge.child(child).kill()
            time.sleep(dice.uniform(0.0, 0.3))
            bridge.kill_tree()
    stop.set()
    for thread in threads:
        thread.join()
    return victim


def missing(base: str, ids: set[str]) -> set[str]:
    """Those of `ids` that the bridge does not have; complains about any that it has twice."""
    wanted, found = sorted(ids), []
    for at in range(0, len(wanted), 1000):
        query = {
            "project_id": client.PROJECT,
            "columns": ["id"],
            "filter": {"call_ids": wanted[at : at + 1000]},
        }
        found += [line["id"] for line in client.post(base, "/calls/stream_query", query)]
    assert len(found) == len(set(found)), "a call is there twice"
    return ids - set(found)


def rounds(count: int, folder: Path, seed: int) -> dict[str, int]:
    """Play `count` rounds; return what happened. Raise AssertionError when an acknowledged id is gone."""
    dice = random.Random(seed)
    data_dir, everything = folder / "data", set[str]()
    tally = {"rounds": 0, "requests": 0, "service": 0, "ingest.writer": 0, "tree": 0}
    for number in range(count):
        acknowledged = Acknowledged()
        with running(data_dir) as bridge:
            tally[load_until_killed(bridge, dice, acknowledged)] += 1
        everything |= acknowledged.ids
        tally["rounds"] += 1
        tally["requests"] += acknowledged.requests
        with running(data_dir) as bridge:
            gone = missing(bridge.api, acknowledged.ids)
            assert not gone, f"round {number}: {len(gone)} acknowledged calls are gone, {sorted(gone)[:3]}"
    with running(data_dir) as bridge:
        stored = client.ids(bridge.api)
    assert len(stored) == len(set(stored)), "a call is there twice"
    assert everything <= set(stored)
    return {**tally, "acknowledged": len(everything), "stored": len(stored)}


def play(doc: str | None, rounds: Callable[[int, Path, int], dict[str, int]], default: int) -> None:
    """Play rounds in a fresh folder, as many as the command line says, and print what happened."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=default)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        print(json.dumps({"seed": options.seed, **rounds(options.rounds, Path(directory), options.seed)}))


if __name__ == "__main__":
    play(__doc__, rounds, default=200)
