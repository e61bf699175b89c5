"""Whether questions that look into every call hold up those who ask for little, and those who send."""

from __future__ import annotations

import http.client
import statistics
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from tests.bench.loads import bodies, send
from tests.bench.otlp_load import pct
from tests.bench.questions import JSON_COUNT, JSON_SORT, NO_HIT_COMMON, ask, questions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.machines import Machine

HEAVY: Final = (NO_HIT_COMMON, JSON_SORT, JSON_COUNT)
LIGHT: Final = ("last 100", "one trace", "point")
SPANS: Final = 10_000
RUNS: Final = 3
HEAD: Final = ("", "alone", "beside 1", "beside 3", "x alone, 1", "x alone, 3")


def beside_heavy(machine: Machine, rounds: int) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Measure readers and senders alone, beside one who asks heavy questions, and beside three."""
    columns = []
    for askers in (0, 1, 3):
        with asking(machine, HEAVY[:askers]) as answered:
            columns.append(light(machine, rounds) | ingest(machine, first_seed=1 + RUNS * askers))
        columns[-1]["heavy answers, refused ones"] = f"{answered[0]}, {answered[1]}"
    return HEAD, [(name, *_compared(name, [column[name] for column in columns])) for name in columns[0]]


@contextmanager
def asking(machine: Machine, names: tuple[str, ...]) -> Iterator[list[int]]:
    """Ask these, each again and again, while the block runs; yield how many were answered and refused."""
    ended, counts = threading.Event(), [0, 0]
    asked = [questions(machine)[name] for name in names]
    threads = [threading.Thread(target=_ask_on, args=(machine, *one, ended, counts)) for one in asked]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _ask_on(machine: Machine, path: str, body: dict, ended: threading.Event, counts: list[int]) -> None:
    connection = http.client.HTTPConnection(urlsplit(machine.api).netloc, timeout=120)
    encoded = msgspec.json.encode(body)
    while not ended.is_set():
        connection.request("POST", path, encoded)
        answer = connection.getresponse()
        answer.read()
        counts[answer.status != 200] += 1
    connection.close()


def light(machine: Machine, rounds: int) -> dict[str, float]:
    """Return p50 and p95 of small questions, in milliseconds."""
    connection = http.client.HTTPConnection(urlsplit(machine.api).netloc, timeout=120)
    found = {}
    for name in LIGHT:
        path, body = questions(machine)[name]
        took = ask(connection, path, msgspec.json.encode(body), 4 * rounds, machine.pid).took
        found |= {f"{name}, p50 ms": pct(took, 0.5), f"{name}, p95 ms": pct(took, 0.95)}
    return found


def ingest(machine: Machine, first_seed: int) -> dict[str, float]:
    """Return what is accepted of 50 spans a request over 8 connections, the median of some runs."""
    seeds = range(first_seed, first_seed + RUNS)  # a span that comes again costs less
    runs = [send(machine, bodies("protobuf", SPANS, 50, seed=seed), readable=False) for seed in seeds]
    return {
        "accepted spans/s": statistics.median(run.accepted_per_s for run in runs),
        "p99 of an acceptance, ms": statistics.median(run.p99_ms for run in runs),
    }


def _compared(name: str, values: list) -> tuple[object, ...]:
    if isinstance(values[0], str):
        return (*values, "", "")
    return (*values, values[1] / values[0], values[2] / values[0])
