"""What a query selects, in which order, and what its lines hold (weave-api.md §2.1, §2.2, §2.4-§2.7)."""

from __future__ import annotations

from itertools import chain

import pytest

from otel_bridge.model.query import COLUMNS
from tests.contract.api.bodies import PROJECT, a_batch, a_whole_call, call_id, end_item, start_item, trace_id
from tests.contract.api.openapi import problems

REF = "weave:///acme/app/object/prompt:v1"
OP_REF = "weave:///acme/app/op/chat:v1"
CALLS = (
    {"op_name": OP_REF, "thread_id": "t1", "turn_id": "u1", "wb_user_id": "ann", "inputs": {"p": REF}},
    {"op_name": "chat", "parent_id": call_id(1), "wb_run_id": "acme/app/run1", "output": [REF]},
    {"op_name": "weave:///acme/app/op/chat:v2", "trace_id": trace_id(2), "thread_id": "t2"},
    {"op_name": "weave:///acme/app/op/chatXX:v1", "parent_id": "", "turn_id": "u2"},
)


@pytest.fixture
async def kept(api):
    """Four calls, 1 to 4, that differ in everything one may filter by."""
    calls = [a_whole_call(n, **members) for n, members in enumerate(CALLS, start=1)]
    reply = await api.post(f"/v2/{PROJECT}/calls/complete", a_batch(*calls))
    assert reply.status == 200, reply.body
    return api


async def test_a_listing_goes_by_arrival_where_a_clock_is_wrong_and_no_order_asked_for_changes(api):
    ahead = a_whole_call(1, started_at="2099-01-01T00:00:00Z", ended_at="2099-01-01T00:00:01Z")
    await api.post(f"/v2/{PROJECT}/calls/complete", a_batch(ahead))
    await api.post(f"/v2/{PROJECT}/calls/complete", a_batch(a_whole_call(2)))
    listed = [{"field": name, "direction": "desc"} for name in ("listed_at", "started_at")]
    newest = await api.query(sort_by=listed, columns=["id", "received_at", "listed_at", "happened_at"])
    assert [call["id"] for call in newest] == [call_id(2), call_id(1)]
    assert newest[1]["started_at"] == "2099-01-01T00:00:00Z"
    assert newest[1]["received_at"] == newest[1]["listed_at"] == newest[1]["happened_at"]
    by_start = await api.query(sort_by=[{"field": "started_at", "direction": "desc"}])
    assert [call["id"] for call in by_start] == [call_id(1), call_id(2)]
    assert [call["id"] for call in await api.query()] == [call_id(2), call_id(1)]


FILTERS = {
    "op_names by equality": ({"op_names": ["chat"]}, [2]),
    "op_names of one version": ({"op_names": [OP_REF]}, [1]),
    "op_names of all versions": ({"op_names": ["weave:///acme/app/op/chat:*"]}, [1, 3]),
    "op_names without wildcards": ({"op_names": ["weave:///acme/app/op/chat__:*", "%"]}, []),
    "input_refs": ({"input_refs": [REF]}, [1]),
    "input_refs of all versions": ({"input_refs": ["weave:///acme/app/object/prompt:*"]}, [1]),
    "output_refs": ({"output_refs": [REF]}, [2]),
    "parent_ids": ({"parent_ids": [call_id(1)]}, [2]),
    "trace_ids": ({"trace_ids": [trace_id(2)]}, [3]),
    "call_ids": ({"call_ids": [call_id(3), call_id(1), call_id(77)]}, [1, 3]),
    "thread_ids": ({"thread_ids": ["t1", "t2"]}, [1, 3]),
    "no thread_ids at all": ({"thread_ids": []}, []),
    "turn_ids": ({"turn_ids": ["u2"]}, [4]),
    "no turn_ids at all": ({"turn_ids": []}, []),
    "wb_user_ids": ({"wb_user_ids": ["ann"]}, [1]),
    "wb_run_ids": ({"wb_run_ids": ["acme/app/run1"]}, [2]),
    "wb_run_ids of this project": ({"wb_run_ids": ["run1"]}, [2]),
    "trace_roots_only": ({"trace_roots_only": True}, [1, 3, 4]),
    "trace_roots_only false": ({"trace_roots_only": False}, [1, 2, 3, 4]),
    "empty lists elsewhere": ({"op_names": [], "call_ids": [], "parent_ids": []}, [1, 2, 3, 4]),
    "nulls": ({"op_names": None, "thread_ids": None, "trace_roots_only": None}, [1, 2, 3, 4]),
    "two members": ({"thread_ids": ["t1", "t2"], "trace_ids": [trace_id(1)]}, [1]),
    "nothing": ({}, [1, 2, 3, 4]),
    "null": (None, [1, 2, 3, 4]),
}


@pytest.mark.parametrize(("asked", "found"), FILTERS.values(), ids=FILTERS)
async def test_a_filter_selects(kept, asked, found):
    assert await kept.ids(filter=asked) == found

    stats = await kept.post("/calls/query_stats", {"project_id": PROJECT, "filter": asked})
    assert stats.json == {"count": len(found), "has_more": False, "total_storage_size_bytes": None}


async def test_another_project_has_no_calls(kept):
    reply = await kept.post("/calls/stream_query", {"project_id": "acme/other"})

    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize(
    ("sort_by", "order"),
    [
        (None, [1, 2, 3, 4]),
        ([], [1, 2, 3, 4]),
        ([{"field": "started_at", "direction": "desc"}], [4, 3, 2, 1]),
        ([{"field": "id", "direction": "desc"}], [4, 3, 2, 1]),
        ([{"field": "thread_id", "direction": "asc"}], [1, 3, 4, 2]),
        ([{"field": "thread_id", "direction": "desc"}], [3, 1, 4, 2]),
        (
            [{"field": "trace_id", "direction": "desc"}, {"field": "started_at", "direction": "asc"}],
            [3, 1, 2, 4],
        ),
        ([{"field": "op_name", "direction": "asc"}], [2, 1, 3, 4]),
    ],
)
async def test_calls_are_sorted_with_nulls_last(kept, sort_by, order):
    assert await kept.ids(sort_by=sort_by) == order


async def test_pages_of_1000_are_stable_and_whole(api):
    calls = [a_whole_call(n, started_at="2026-01-02T03:04:05Z") for n in range(1, 2501)]
    for part in (calls[:1000], calls[1000:2000], calls[2000:]):
        await api.post(f"/v2/{PROJECT}/calls/complete", a_batch(*part))

    pages = [await api.ids(limit=1000, offset=offset) for offset in (0, 1000, 2000, 3000)]
    assert [len(page) for page in pages] == [1000, 1000, 500, 0]
    assert list(chain(*pages)) == list(range(1, 2501))
    assert await api.ids() == list(range(1, 2501))


async def test_limit_and_offset(kept):
    assert await kept.ids(limit=2, offset=1) == [2, 3]
    assert await kept.ids(limit=0) == []
    assert await kept.ids(offset=3) == [4]
    assert await kept.ids(limit=None, offset=None) == [1, 2, 3, 4]
    assert await kept.ids(limit=2**64 - 1, offset=2**64 - 1) == []


async def test_a_line_has_every_member_in_order(kept):
    (line,) = await kept.query(filter={"call_ids": [call_id(2)]})

    assert list(line) == list(COLUMNS)
    assert line | {"summary": None} == {
        "id": call_id(2),
        "project_id": PROJECT,
        "op_name": "chat",
        "display_name": None,
        "trace_id": trace_id(1),
        "parent_id": call_id(1),
        "thread_id": None,
        "turn_id": None,
        "started_at": "2026-01-02T03:04:02Z",
        "attributes": {"env": "test"},
        "inputs": {"question": 2},
        "ended_at": "2026-01-02T03:04:02.500000Z",
        "exception": None,
        "output": [REF],
        "summary": None,
        "wb_user_id": None,
        "wb_run_id": "acme/app/run1",
        "wb_run_step": None,
        "wb_run_step_end": None,
        "deleted_at": None,
        "expire_at": None,
        "storage_size_bytes": None,
        "total_storage_size_bytes": None,
    }
    assert line["summary"]["weave"] == {"status": "success", "trace_name": "chat", "latency_ms": 500}
    assert problems(line, "CallSchema") == []


DERIVED = {
    "an exception is an error": ({"exception": "boom", "summary": {"status_counts": {"error": 1}}}, "error"),
    "an empty exception is none": ({"exception": ""}, "success"),
    "a failed child": ({"summary": {"status_counts": {"error": 1}}}, "descendant_error"),
    "a stored status is discarded": ({"summary": {"weave": {"status": "error", "mine": 1}}}, "success"),
}


@pytest.mark.parametrize(("end", "status"), DERIVED.values(), ids=DERIVED)
async def test_the_status_is_derived(api, end, status):
    await api.upsert(start_item(1), end_item(1, **end))

    weave = (await api.call(1))["summary"]["weave"]
    assert weave["status"] == status
    assert weave.get("mine") == end.get("summary", {}).get("weave", {}).get("mine")


async def test_a_running_parent_with_a_failed_child_runs(api):
    await api.upsert(start_item(1))

    weave = (await api.call(1))["summary"]["weave"]
    assert weave == {"status": "running", "trace_name": "chat"}


async def test_a_display_name_takes_the_place_of_the_trace_name(api):
    await api.upsert(start_item(1, display_name="mine", op_name=OP_REF), start_item(2, op_name=OP_REF))

    first, second = await api.query()
    assert first["summary"]["weave"] == {"status": "running", "display_name": "mine"}
    assert second["summary"]["weave"] == {"status": "running", "trace_name": "chat"}


async def test_columns_choose_members_and_derived_fields_come_from_all_data(kept):
    (line,) = await kept.query(filter={"call_ids": [call_id(2)]}, columns=["output.0", "summary.weave"])

    assert list(line) == list(COLUMNS)
    assert (line["output"], line["inputs"], line["attributes"]) == ([REF], {}, {})
    assert line["wb_run_id"] is None
    assert line["op_name"] == "chat"
    assert line["summary"]["weave"]["status"] == "success"

    (bare,) = await kept.query(filter={"call_ids": [call_id(2)]}, columns=["wb_username"])
    assert bare["summary"]["weave"]["status"] == "success"
    assert bare["output"] is None
    assert bare["trace_id"] == trace_id(1)

    (whole,) = await kept.query(filter={"call_ids": [call_id(2)]}, columns=[])
    assert whole["inputs"] == {"question": 2}


async def test_members_that_change_nothing_and_unknown_ones_are_accepted(kept):
    everything = {
        "include_usernames": True,
        "latest_only": True,
        "return_expanded_column_values": True,
        "expand_columns": [],
        "include_costs": None,
        "include_feedback": False,
        "from_the_future": {"a": 1},
    }
    assert await kept.ids(**everything) == [1, 2, 3, 4]
    assert await kept.ids(expand_columns=["inputs.x"], return_expanded_column_values=False) == [1, 2, 3, 4]


class TestCounting:
    @pytest.mark.parametrize(
        ("limit", "count", "has_more"),
        [(None, 4, False), (3, 3, True), (4, 4, False), (9, 4, False), (0, 0, True)],
    )
    async def test_the_count_stops_at_the_limit(self, kept, limit, count, has_more):
        reply = await kept.post("/calls/query_stats", {"project_id": PROJECT, "limit": limit})

        assert reply.json == {"count": count, "has_more": has_more, "total_storage_size_bytes": None}

    async def test_paths_to_expand_do_not_matter_without_a_query(self, kept):
        reply = await kept.post(
            "/calls/query_stats", {"project_id": PROJECT, "expand_columns": ["inputs.x"], "unknown": 1}
        )
        assert reply.json["count"] == 4

    async def test_a_negative_limit_is_refused(self, kept):
        assert (await kept.post("/calls/query_stats", {"project_id": PROJECT, "limit": -1})).status == 400


class TestOtherShapes:
    async def test_calls_query_puts_all_calls_into_one_object(self, kept):
        lines = await kept.query()
        reply = await kept.post("/calls/query", {"project_id": PROJECT})

        assert reply.headers["Content-Type"] == "application/json"
        assert reply.json == {"calls": lines}

    async def test_calls_query_of_no_calls(self, kept):
        reply = await kept.post("/calls/query", {"project_id": "acme/none"})

        assert reply.json == {"calls": []}

    async def test_call_read_gives_the_line_of_a_call(self, kept):
        (line,) = await kept.query(filter={"call_ids": [call_id(3)]})

        assert await kept.call(3) == line

    async def test_call_read_gives_null_for_an_unknown_call(self, kept):
        reply = await kept.post("/call/read", {"project_id": PROJECT, "id": "whatever"})

        assert (reply.status, reply.json) == (200, {"call": None})
