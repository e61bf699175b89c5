"""Erased calls are gone with all that hangs on them, stay away, and leave no byte behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_bridge.store.erasure import Erasure
from otel_bridge.store.sqlite import cleaning, codec
from otel_bridge.translate.calls import translate
from tests.contract.store.records import PROJECT, Store, a_call, a_start, an_end, call_id
from tests.contract.store.spans import a_record, a_sent_span, some_logs, translation
from tests.fixtures.otlp_spans import a_span as an_otlp_span

SECRET = "marker-of-what-is-erased"


@pytest.fixture(params=["sqlite", "memory"])
def store(request, tmp_path):
    opened = Store(request.param, tmp_path / "calls.db", translate=translation())
    yield opened
    opened.close()


@pytest.fixture
def on_disk(tmp_path):
    opened = Store("sqlite", tmp_path / "calls.db")
    yield opened
    opened.close()


def erase(store, **asked) -> int:
    """Do every step of an erasure, and the upkeep it asks for; return how many calls went."""
    calls, cursor = 0, None
    for _ in range(10_000):
        store.writer.begin()
        done = store.writer.erase(Erasure(**asked), cursor)
        store.writer.commit()
        store.writer.maintain(now=1)
        calls, cursor = calls + done.calls, done.cursor
        if cursor is None:
            return calls
    raise AssertionError("an erasure without end")


def found(store, text: str = SECRET) -> list[str]:
    """The files that hold a text, as it is or in a frame."""
    needle = text.encode()
    files = [path.name for path in Path(store.path).parent.iterdir() if needle in path.read_bytes()]
    unpack = store.writer._book.codec.unpack
    frames = store.writer._connection.execute("SELECT dump FROM results UNION ALL SELECT logs FROM results")
    return files + ["frame" for (frame,) in frames if frame is not None and needle in unpack(frame)]


@pytest.mark.parametrize(
    "asked",
    [{"user": "ann"}, {"thread": "t"}, {"attributes": {"tenant.id": "7"}}, {"calls": (call_id(1),)}],
)
def test_a_call_goes_by_its_user_thread_attribute_or_id(store, asked):
    one = {"wb_user_id": "ann", "thread_id": "t", "attributes": b'{"tenant":{"id":7}}'}
    two = {"wb_user_id": "bob", "thread_id": "u", "attributes": b'{"tenant":{"id":8}}'}
    store.write(a_start(1, **one), an_end(1), a_start(2, **two), an_end(2))
    assert erase(store, **asked) == 1
    assert store.numbers() == [2]


@pytest.mark.parametrize("name", ["user.id", "enduser.id"])
def test_a_span_names_its_user_by_an_attribute(store, name):
    store.write(translate(an_otlp_span({name: "ann", "input.value": "hi"})))
    assert erase(store, user="bob") == 0
    assert erase(store, user="ann", user_attributes=("other",)) == 0
    assert erase(store, user="ann") == 1


def test_only_the_project_that_is_asked_for(store):
    store.write(a_start(1, wb_user_id="ann"), a_start(1, wb_user_id="ann", project_id="acme/other"))
    assert erase(store, user="ann", project_id="acme/other") == 1
    assert store.numbers() == [1]


def test_what_is_below_goes_too(store):
    store.write(a_start(1, wb_user_id="ann"), a_start(2, trace_id=a_start(1).trace_id, parent_id=call_id(1)))
    assert erase(store, user="ann") == 2
    assert store.numbers() == []


def test_an_erased_id_stays_deleted(store):
    store.write(a_call(1))
    erase(store, calls=(call_id(1),), project_id=PROJECT)
    store.write(a_call(1))
    assert store.numbers() == []


def test_a_dry_run_counts_and_changes_nothing(store):
    store.write(a_start(1, wb_user_id="ann"), a_start(2, wb_user_id="bob"))
    assert erase(store, user="ann", dry_run=True) == 1
    assert store.numbers() == [1, 2]


def test_runs_of_scorers_about_an_erased_call_go_with_it(store):
    store.write(a_call(1))
    ref = f"weave:///{PROJECT}/call/{call_id(1)}"
    attributes = f'{{"otel_bridge":{{"scoring":{{"scored_call":"{ref}"}}}}}}'.encode()
    store.write(a_start(2, attributes=attributes))
    assert erase(store, calls=(call_id(1),)) == 2
    assert store.count() == 0


def test_log_records_that_wait_for_their_span_go_by_their_attributes(store):
    record = a_record(SECRET)
    record.attributes.add(key="user.id").value.string_value = "ann"
    store.write(some_logs(1, record))
    erase(store, user="ann")
    store.write(a_sent_span(1))
    assert store.the_call(1)["inputs"]["logs"] == []


def test_nothing_of_an_erased_call_is_left_in_the_files(on_disk):
    texts = {"inputs": f'{{"text":"{SECRET}"}}'.encode(), "display_name": SECRET, "op_name": SECRET}
    starts, ends = [], []
    for number in range(1, 200):
        mine = number % 3 == 0
        start = a_start(number, **texts, wb_user_id="ann") if mine else a_start(number)
        end = an_end(number, output=b'"%s"' % (SECRET.encode() * 2000 if mine else b"fine"))
        starts.append(start)
        ends.append(end)
    for at in range(0, 199, 20):
        on_disk.write(*starts[at : at + 20])
        on_disk.write(*ends[at : at + 20])
    assert found(on_disk)
    assert erase(on_disk, user="ann") == 66
    assert (found(on_disk), on_disk.count()) == ([], 133)
    assert on_disk.writer._connection.pragma("integrity_check") == "ok"


def test_a_dictionary_made_of_erased_spans_is_made_anew(on_disk, monkeypatch):
    monkeypatch.setattr(codec, "SAMPLE_SPANS", 300)
    monkeypatch.setattr(cleaning, "SAMPLE_SPANS", 300)
    mine = {"user.id": "ann", "input.value": SECRET * 3}
    sent = [mine if number % 2 else {"input.value": f"fine {number}"} for number in range(400)]
    spans = [an_otlp_span(each, span_id=number.to_bytes(8)) for number, each in enumerate(sent, 1)]
    on_disk.write(*map(translate, spans))
    on_disk.writer.maintain(now=1)
    on_disk.writer._training.close()
    on_disk.writer.maintain(now=1)
    assert on_disk.writer._book.has_dictionary
    assert erase(on_disk, user="ann") == 200
    dictionaries = on_disk.writer._connection.execute("SELECT content FROM dictionaries").fetchall()
    assert not any(SECRET.encode() in content for (content,) in dictionaries)
    assert found(on_disk) == []


def test_the_cleaning_goes_on_in_a_store_that_was_stopped(on_disk):
    on_disk.write(a_start(1, wb_user_id="ann", inputs=f'{{"text":"{SECRET}"}}'.encode()))
    on_disk.writer.begin()
    on_disk.writer.erase(Erasure(calls=(call_id(1),)), None)
    on_disk.writer.commit()
    on_disk.close()
    on_disk.open()
    for _ in range(1_000):
        if not on_disk.writer.maintain(now=1):
            break
    assert found(on_disk) == []


def test_what_is_not_committed_is_not_erased(on_disk):
    on_disk.write(a_call(1))
    on_disk.writer.begin()
    on_disk.writer.erase(Erasure(calls=(call_id(1),)), None)
    on_disk.writer.rollback()
    assert on_disk.numbers() == [1]
    assert on_disk.writer.maintain(now=1) is False


@pytest.mark.parametrize(
    ("sent", "asked"), [(7, "7"), (0.5, "0.5"), (True, "true"), (False, "false"), ("7", "7"), ("é", "é")]
)
def test_values_of_every_kind_are_compared_as_text(store, sent, asked):
    store.write(translate(an_otlp_span({"tenant.id": sent})))
    assert erase(store, attributes={"tenant.id": f"{asked}x"}) == 0
    assert erase(store, attributes={"tenant.id": asked}) == 1
