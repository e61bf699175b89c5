"""What is erased goes from records and dead letters that hold calls of others, and the sums stay true."""

from __future__ import annotations

from contextlib import closing

import pytest

from otel_bridge.queue.base import DeadCall, Destination, QueueLimits, Record
from otel_bridge.queue.payload import change_records, pack_spans, read_changes, read_spans, span_records
from otel_bridge.queue.sqlite.dead import DeadLetters, Letter
from otel_bridge.queue.sqlite.writer import SqliteQueueWriter
from otel_bridge.store.erasure import EraseCursor, Erasure
from tests.contract.store.records import PROJECT, a_call, a_start, an_end, call_id
from tests.fixtures.otlp_spans import a_span

SECRET = "marker-of-what-is-erased"


@pytest.fixture
def writer(tmp_path):
    destinations = [Destination("a"), Destination("b")]
    limits = QueueLimits(min_free_bytes=0)
    with closing(SqliteQueueWriter(tmp_path / "q.db", tmp_path / "d.db", destinations, limits)) as opened:
        yield opened


def put(writer, records):
    writer.begin()
    writer.put(records)
    writer.commit()


def spans(count: int = 6):
    mine, fine = {"user.id": "ann", "input.value": SECRET}, {"input.value": "fine"}
    return [
        a_span(mine if number % 2 else fine, span_id=number.to_bytes(8), project_id=PROJECT)
        for number in range(1, count + 1)
    ]


def erase(writer, **asked) -> int:
    """Do every step of an erasure, and the upkeep it asks for; return how many calls went."""
    cursor, calls = EraseCursor("queue", 0, 0), 0
    for _ in range(1_000):
        if cursor is None or cursor.phase == "clean":
            break
        writer.begin()
        done = writer.erase(Erasure(**asked), cursor)
        writer.commit()
        cursor, calls = done.cursor, calls + done.calls
    for _ in range(1_000):
        if writer.is_clean():
            return calls
        writer.maintain()
    raise AssertionError("an erasure without end")


def letter(payload: bytes, kind: str, calls: int) -> Letter:
    return Letter(
        destination="a",
        project_id=PROJECT,
        kind=kind,
        reason="too_old",
        calls=calls,
        payload=payload,
        received_ns=1,
        answer=SECRET.encode(),
    )


def left(folder) -> list[str]:
    return [path.name for path in folder.iterdir() if SECRET.encode() in path.read_bytes()]


def test_a_record_is_written_anew_without_what_is_erased(writer, tmp_path):
    put(writer, span_records(spans()))
    assert erase(writer, user="ann") == 3
    assert left(tmp_path) == []
    totals = {each.destination: (each.put, each.lost, each.waiting) for each in writer.sizes().totals}
    assert totals == {"a": (6, 3, 3), "b": (6, 3, 3)}


def test_a_record_of_which_nothing_is_left_goes(writer, tmp_path):
    put(writer, span_records(spans(1)))
    assert erase(writer, user="ann") == 1
    assert (writer.sizes().records, writer.sizes().bytes) == (0, 0)
    (lane,) = writer.changed()
    writer.begin()
    writer.settle("a", lane.id, lane.last_seq)
    writer.settle("b", lane.id, lane.last_seq)
    writer.commit()
    assert [each.waiting for each in writer.sizes().totals] == [0, 0]


def test_the_end_of_an_erased_start_goes_with_it(writer, tmp_path):
    start, end = a_start(1, wb_user_id="ann"), an_end(1, output=f'"{SECRET}"'.encode())
    put(writer, change_records([end], 1))
    put(writer, change_records([start, a_call(2)], 1))
    assert erase(writer, user="ann") == 2
    assert left(tmp_path) == []


def test_what_is_below_an_erased_call_goes_with_it_whichever_comes_first(writer):
    below = a_start(2, parent_id=call_id(1))
    put(writer, change_records([below], 1))
    put(writer, change_records([a_start(1, thread_id="t")], 1))
    assert erase(writer, thread="t") == 2


def test_what_was_erased_while_an_upstream_had_it_is_no_dead_letter_and_the_others_are(writer, tmp_path):
    put(writer, span_records(spans(2)))
    (lane,) = writer.changed()
    dead = [
        DeadCall(
            seq=lane.last_seq,
            index=index,
            kind="spans",
            payload=pack_spans([span]),
            reason="refused",
            received_ns=1,
            answer=b"",
        )
        for index, span in enumerate(spans(2))
    ]
    erase(writer, user="ann")
    writer.begin()
    writer.settle("a", lane.id, lane.last_seq, dead=dead)
    writer.commit()
    assert writer.sizes().dead_calls == 1
    assert left(tmp_path) == []
    totals = {
        each.destination: (each.put, each.dead, each.lost, each.waiting) for each in writer.sizes().totals
    }
    assert totals["a"] == (2, 1, 1, 0)


def test_a_dry_run_changes_nothing(writer):
    put(writer, span_records(spans()))
    assert erase(writer, user="ann", dry_run=True) == 3
    assert [each.waiting for each in writer.sizes().totals] == [6, 6]


def test_dead_letters_lose_what_is_erased_and_the_answer_with_it(writer, tmp_path):
    (records,) = [span_records(spans())]
    calls = change_records([a_call(1, wb_user_id="ann"), a_call(2)], 1)
    with closing(DeadLetters(tmp_path / "d.db")) as dead:
        dead.add("q", [letter(each.payload, each.kind, each.calls) for each in [*records]])
        dead.add("r", [letter(each.payload, each.kind, each.calls) for each in calls])
    erase(writer, user="ann")
    with closing(DeadLetters(tmp_path / "d.db")) as dead:
        kept = list(dead.letters())
    assert sum(each.calls for each in kept) == 4
    for each in kept:
        record = Record(seq=1, kind=each.kind, calls=each.calls, payload=each.payload, received_ns=1)
        found = read_spans(record, PROJECT) if each.kind == "spans" else read_changes(each.payload)
        assert len(found) == each.calls
    assert left(tmp_path) == []


def test_cleaning_goes_on_in_a_queue_that_was_stopped(tmp_path):
    def opened():
        return closing(
            SqliteQueueWriter(
                tmp_path / "q.db", tmp_path / "d.db", [Destination("a")], QueueLimits(min_free_bytes=0)
            )
        )

    with opened() as first:
        put(first, span_records(spans()))
        first.begin()
        first.erase(Erasure(user="ann"), EraseCursor("queue", 0, 0))
        first.commit()
    with opened() as second:
        assert not second.is_clean()
        for _ in range(100):
            second.maintain()
        assert second.is_clean()
    assert left(tmp_path) == []
