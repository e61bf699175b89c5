"""What lies beside calls counts against the size cap, and leaves calls their room."""

from __future__ import annotations

import os
import sys

import pytest

from otel_bridge.errors import Refused
from otel_bridge.model import annex
from otel_bridge.model import questions as q
from otel_bridge.store.limits import StoreLimits
from tests.contract.store.annex_records import a_file, a_remark, an_object, ask, feedback_ids, remarks
from tests.contract.store.records import PROJECT, T0, Store, an_ended_span

CAP = 16 << 20
PIECE = 256 << 10


@pytest.fixture
def store(tmp_path):
    opened = Store("sqlite", tmp_path / "calls.db", StoreLimits(retention_seconds=None, max_bytes=CAP))
    yield opened
    opened.close()


def upkeep(store: Store) -> None:
    while store.writer.maintain(now=T0):
        pass


def fill(store: Store, changes) -> int:
    """Write one change after the other until the store refuses; return how many it took."""
    for number, change in enumerate(changes):
        try:
            store.write(change)
        except Refused as error:
            assert "more than half" in str(error)  # noqa: PT017 - the refusal is what is waited for
            store.writer.rollback()
            return number
    return sys.maxsize


def disk_bytes(store: Store) -> int:
    return sum(file.stat().st_size for file in store.path.parent.glob("calls.db*"))


def test_files_may_take_half_of_the_cap_and_no_more(store):
    assert fill(store, (a_file(os.urandom(PIECE), f"f{number}") for number in range(64))) < 64

    kept = ask(store, q.AskSizes(project_id=PROJECT))["files_storage_size_bytes"]
    assert CAP // 4 < kept <= CAP // 2
    assert store.write(remarks(a_remark("a"))).created == 1


def test_a_deletion_makes_room_again(store):
    values = [b'"%b"' % os.urandom(PIECE).hex().encode() for _ in range(40)]
    assert fill(store, (an_object(value, digest=f"d{at}") for at, value in enumerate(values))) < 40
    store.write(annex.DeleteObject(project_id=PROJECT, object_id="thing"))

    assert store.write(an_object(values[0], digest="again")).created == 1


def test_files_push_the_oldest_calls_out_and_the_file_stays_below_the_cap(store):
    for number in range(300):
        text = os.urandom(16 << 10).hex().encode()
        store.write(an_ended_span(number, inputs=b'{"text":"%b"}' % text))
    for number in range(24):
        store.write(a_file(os.urandom(PIECE), f"f{number}"))
        upkeep(store)
        assert disk_bytes(store) <= CAP

    left = store.numbers()
    assert left == list(range(left[0], 300))
    assert left[0] > 0


def test_feedback_makes_room_with_its_calls_and_then_by_itself(store):
    payload = {"text": os.urandom(32 << 10).hex()}
    for number in range(600):
        store.write(remarks(a_remark(str(number), 5, payload=payload)), received_at=T0 + number)
        if number % 50 == 0:
            upkeep(store)
        assert disk_bytes(store) <= CAP

    left = feedback_ids(store)
    assert left == [str(number) for number in range(int(left[0]), 600)]
    assert int(left[0]) > 0
