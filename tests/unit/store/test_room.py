"""An answer that is made at once has a bound."""

from __future__ import annotations

import pytest

from otel_bridge.errors import InvalidRequest
from otel_bridge.model import annex
from otel_bridge.model import questions as q
from otel_bridge.model.query import SortBy
from otel_bridge.store.annex import room
from tests.contract.store.annex_records import a_remark, a_table, an_object, ask, remarks
from tests.contract.store.records import PROJECT, Store

BY_X = (SortBy("x", "desc"),)


@pytest.fixture
def store(monkeypatch, tmp_path):
    monkeypatch.setattr(room, "MAX_ANSWER_BYTES", 1000)
    opened = Store("sqlite", tmp_path / "calls.db")
    rows = (b'{"x":%d,"text":"%b"}' % (number, b"t" * 300) for number in range(5))
    opened.write(a_table(*rows))
    opened.write(remarks(*(a_remark(str(number), payload={"text": "t" * 300}) for number in range(5))))
    for number in range(5):
        opened.write(an_object(b'"%b"' % (b"%d" % number * 300), digest=f"d{number}"))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "question",
    [
        q.AskTable(project_id=PROJECT, digest="t"),
        q.AskTable(project_id=PROJECT, digest="t", sort_by=BY_X),
        q.AskFeedback(project_id=PROJECT),
        q.AskFeedback(project_id=PROJECT, sort_by=(SortBy("id", "desc"),)),
        q.AskObjects(project_id=PROJECT),
        q.AskRefs(refs=tuple(f"weave:///{PROJECT}/object/thing:d{number}" for number in range(5))),
        q.AskRefs(refs=(f"weave:///{PROJECT}/table/t",)),
    ],
    ids=lambda question: type(question).__name__,
)
def test_an_answer_that_would_be_too_large_is_refused(store, question):
    with pytest.raises(InvalidRequest, match="ask with a limit"):
        store.reader.answer(question)


@pytest.mark.parametrize(
    "question",
    [
        q.AskTable(project_id=PROJECT, digest="t", limit=2, offset=2),
        q.AskTable(project_id=PROJECT, digest="t", sort_by=BY_X, limit=2),
        q.AskFeedback(project_id=PROJECT, limit=2),
        q.AskFeedback(project_id=PROJECT, sort_by=(SortBy("id", "desc"),), limit=2),
        q.AskObjects(project_id=PROJECT, limit=2),
        q.AskObjects(project_id=PROJECT, metadata_only=True),
    ],
    ids=lambda question: type(question).__name__,
)
def test_a_part_of_it_is_not(store, question):
    assert ask(store, question)


def test_what_is_deleted_takes_no_room(store):
    store.write(annex.DeleteObject(project_id=PROJECT, object_id="thing", digests=("d0", "d1", "d2", "d3")))
    assert len(ask(store, q.AskObjects(project_id=PROJECT))["objs"]) == 1
