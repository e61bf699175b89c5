"""Messages: what Weave's server writes is understood, and what we write is what it expects."""

from __future__ import annotations

import json
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from otel_bridge.jobs import message as m
from otel_bridge.jobs.base import ScoreCalls
from otel_bridge.jobs.names import Names
from otel_bridge.model.scoring import MAX_MESSAGE_CALLS, EndedCall, Task

NAMES = Names({"UHJvamVjdDo3": "acme/prod"})
REF = "weave:///acme/prod/object/short:abc"
INTERNAL_REF = "weave-trace-internal:///UHJvamVjdDo3/object/short:abc"


class CallsScoreReq(BaseModel):
    """The model that a strict consumer reads messages with (`contract/weave-api.md` §4.1)."""

    model_config = ConfigDict(extra="forbid")
    project_id: str
    call_ids: list[str]
    scorer_refs: list[str]
    wb_user_id: str | None = None


def a_message(**changes) -> ScoreCalls:
    members = {"project_id": "acme/prod", "call_ids": ("c1", "c2"), "scorer_refs": (REF,)}
    return ScoreCalls(**(members | changes))


def from_weave(**changes) -> bytes:
    members = {
        "project_id": "UHJvamVjdDo3",
        "call_ids": ["c1", "c2"],
        "scorer_refs": [INTERNAL_REF],
        "wb_user_id": None,
    }
    return json.dumps(members | changes).encode()


def test_what_a_weave_server_writes_is_understood():
    assert m.score_of(from_weave(), {}, NAMES) == a_message()


def test_members_that_are_unknown_and_members_that_are_missing_change_nothing():
    value = json.dumps({"project_id": "e/p", "call_ids": [], "scorer_refs": [], "priority": 3}).encode()
    assert m.score_of(value, {"traceparent": b"00-"}, NAMES) == ScoreCalls(
        project_id="e/p", call_ids=(), scorer_refs=()
    )


def test_what_we_write_fits_a_strict_model_with_internal_names_where_they_are_known():
    found = CallsScoreReq.model_validate_json(
        m.score_value(a_message(job_id="j", trigger_ref=REF, generation=1, wb_user_id="u"), NAMES)
    )
    assert found == CallsScoreReq(
        project_id="UHJvamVjdDo3", call_ids=["c1", "c2"], scorer_refs=[INTERNAL_REF], wb_user_id="u"
    )
    plain = CallsScoreReq.model_validate_json(m.score_value(a_message(), Names({})))
    assert (plain.project_id, plain.scorer_refs) == ("acme/prod", [REF])


@pytest.mark.parametrize("names", [NAMES, Names({})], ids=["known", "plain"])
def test_what_we_write_we_read(names):
    message = a_message(job_id="j", trigger_ref=REF, generation=7, wb_user_id="u")
    assert m.score_of(m.score_value(message, names), dict(m.score_headers(message)), names) == message


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "no value"),
        (b"", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b'{"x":' + b"[" * 100_000, "depth|truncated"),
        (b'{"project_id":"e/p"}', "call_ids"),
        (b'{"project_id":"e/p","call_ids":[1],"scorer_refs":[]}', r"call_ids\[0\]"),
        (b'{"project_id":"e/p","call_ids":[""],"scorer_refs":[]}', "call_ids is empty"),
        (b'{"project_id":"e/p","call_ids":["a"],"scorer_refs":["a\\u0000"]}', "scorer_refs.*NUL"),
        (b'{"project_id":"nobody","call_ids":[],"scorer_refs":[]}', "projects"),
        (b'{"project_id":"a/b/c","call_ids":[],"scorer_refs":[]}', "projects"),
        (from_weave(call_ids=["c"] * 1000, scorer_refs=["r"] * 1000), "more than 100000"),
    ],
)
def test_what_cannot_be_understood_says_why(value, why):
    with pytest.raises(m.Unreadable, match=why):
        m.score_of(value, {}, NAMES)


@pytest.mark.parametrize("generation", [b"-1", b"1.5", b"\xb2", b"9" * 20, b""])
def test_a_generation_that_is_no_count_is_refused(generation):
    with pytest.raises(m.Unreadable, match="generation"):
        m.score_of(from_weave(), {m.GENERATION: generation}, NAMES)


@pytest.mark.parametrize(
    "ended_at", ["2026-11-01T00:00:00.5Z", "2026-11-01T01:00:00.500000+01:00", "2026-11-01T00:00:00.5"]
)
def test_ended_calls_are_understood_in_every_spelling_of_time(ended_at):
    nothing = {"started_at": None, "exception": None, "output": None, "summary": {}, "wb_run_step_end": None}
    value = json.dumps({"project_id": "UHJvamVjdDo3", "id": "c1", "ended_at": ended_at} | nothing).encode()
    assert m.ended_of(value, NAMES) == EndedCall("acme/prod", "c1", 1_793_491_200_500_000)


def test_an_ended_call_has_its_names_and_nothing_that_it_holds():
    assert json.loads(m.ended_value(EndedCall("acme/prod", "c1", 1_793_491_200_500_000), NAMES)) == {
        "project_id": "UHJvamVjdDo3",
        "id": "c1",
        "ended_at": "2026-11-01T00:00:00.500000Z",
        "exception": None,
        "output": None,
        "summary": {},
    }


def test_a_project_is_one_key_or_spread_over_buckets_by_the_first_call():
    assert m.key_of("e/p", "c1", 1) == b"e/p"
    assert m.key_of("e/p", "c1", 8) == f"e/p:{crc32(b'c1') % 8}".encode()


def test_a_ref_of_another_or_an_unknown_project_stays_what_it_is():
    other = "weave:///acme/other/object/short:abc"
    assert NAMES.ref_outside(other, "acme/prod") == other
    assert (
        NAMES.ref_inside("weave-trace-internal:///bm9ib2R5/op/short:abc")
        == "weave-trace-internal:///bm9ib2R5/op/short:abc"
    )
    assert NAMES.ref_inside("weave-trace-internal:///e/p/op/short:abc") == "weave:///e/p/op/short:abc"


TASKS = st.lists(
    st.builds(
        Task,
        project_id=st.sampled_from(["e/p", "e/q"]),
        call_id=st.integers(0, 300).map(str),
        scorer_ref=st.sampled_from(["r1", "r2", "r3"]),
        generation=st.integers(0, 1),
        job_id=st.sampled_from(["", "j"]),
        trigger_ref=st.sampled_from([None, "t"]),
        wb_user_id=st.sampled_from([None, "u"]),
    ),
    unique=True,
    max_size=400,
)


@given(TASKS)
def test_messages_say_the_same_as_the_tasks_they_were_made_of(tasks):
    messages = m.messages_of(tasks)
    said = [task for message in messages for task in m.tasks_of(message)]
    assert len(said) == len(tasks)
    assert set(said) == set(tasks)
    assert all(len(message.call_ids) <= MAX_MESSAGE_CALLS for message in messages)


def test_a_request_for_many_calls_is_as_few_messages_as_may_be():
    tasks = [Task(project_id="e/p", call_id=str(n), scorer_ref=ref) for n in range(250) for ref in ("a", "b")]
    assert [len(one.call_ids) for one in m.messages_of(tasks)] == [100, 100, 50]


@pytest.mark.parametrize(("calls", "refs"), [(100, 1), (1, 400), (100, 400)])
def test_a_message_is_cut_until_a_broker_takes_it(calls, refs):
    long = "x" * 4000
    tasks = [
        Task(project_id="e/p", call_id=f"{n}", scorer_ref=f"{long}{r}")
        for n in range(calls)
        for r in range(refs)
    ]
    messages = m.messages_of(tasks)
    assert all(len(m.score_value(one, NAMES)) < 1_000_000 for one in messages)
    assert {task for one in messages for task in m.tasks_of(one)} == set(tasks)
