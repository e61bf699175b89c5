"""`/call/upsert_batch` and its relatives: what is kept and what is answered (weave-api.md §1.1, §1.3)."""

from __future__ import annotations

import orjson
import pytest

from tests.contract.api.bodies import (
    PROJECT,
    a_batch,
    a_start,
    an_end,
    call_id,
    end_item,
    start_item,
    trace_id,
    without,
)


async def test_the_answer_has_one_entry_for_each_item_in_order(api):
    answer = await api.upsert(end_item(1), start_item(2), start_item(1))

    assert answer == [
        {},
        {"id": call_id(2), "trace_id": trace_id(1)},
        {"id": call_id(1), "trace_id": trace_id(1)},
    ]


async def test_an_empty_batch_is_legal(api):
    assert await api.upsert() == []


async def test_a_start_and_its_end_are_one_call(api):
    await api.upsert(start_item(1), end_item(1))

    call = await api.call(1)
    assert (call["inputs"], call["output"]) == ({"question": 1}, {"answer": 1})
    assert (call["started_at"], call["ended_at"]) == ("2026-01-02T03:04:01Z", "2026-01-02T03:04:01.500000Z")
    assert call["summary"]["weave"]["status"] == "success"


async def test_an_end_may_come_before_its_start_in_one_batch(api):
    await api.upsert(end_item(1), start_item(1))

    assert (await api.call(1))["output"] == {"answer": 1}


async def test_an_end_may_come_long_before_its_start(api):
    await api.upsert(end_item(1))
    assert await api.call(1) is None

    await api.upsert(start_item(1))
    assert (await api.call(1))["output"] == {"answer": 1}


async def test_the_payload_decides_what_an_item_is_when_mode_is_absent(api):
    await api.upsert({"req": {"start": a_start(1)}}, {"req": {"end": an_end(1)}})

    assert (await api.call(1))["ended_at"] is not None


async def test_unknown_members_of_starts_ends_items_and_the_body_are_ignored(api):
    body = a_batch(
        start_item(1, is_eval=True) | {"hint": 1}, end_item(1, trace_id=trace_id(1), is_eval=False)
    )
    reply = await api.post("/call/upsert_batch", body | {"client": "new"})

    assert reply.status == 200
    assert (await api.call(1))["output"] == {"answer": 1}


async def test_ids_are_generated_when_they_are_absent_or_null(api):
    nameless = {"mode": "start", "req": {"start": without(a_start(1), "id", "trace_id")}}
    first, second = await api.upsert(nameless, start_item(2, id=None, trace_id=None))

    assert len({first["id"], first["trace_id"], second["id"], second["trace_id"]}) == 4
    assert {call["id"] for call in await api.query()} == {first["id"], second["id"]}


async def test_a_trace_id_is_not_taken_from_the_parent(api):
    await api.upsert(start_item(1))
    (child,) = await api.upsert(start_item(2, parent_id=call_id(1), trace_id=None))

    assert child["trace_id"] != trace_id(1)


async def test_uuids_are_ids_too(api):
    uuid = "01a1fcec-f319-7ed3-a430-1976786d9659"
    await api.upsert(start_item(1, id=uuid, trace_id=uuid, parent_id=uuid))

    (call,) = await api.query()
    assert (call["id"], call["trace_id"], call["parent_id"]) == (uuid, uuid, uuid)


async def test_refs_and_unknown_ops_are_kept_as_they_are(api):
    op = "weave:///acme/app/op/chat:" + "x" * 200
    ref = "weave:///other/place/object/prompt:abc"
    await api.upsert(start_item(1, op_name=op, inputs={"prompt": ref, "text": f"see {ref}"}))

    call = await api.call(1)
    assert call["op_name"] == op
    assert call["inputs"] == {"prompt": ref, "text": f"see {ref}"}


async def test_a_repeated_write_changes_nothing(api):
    await api.keep_calls(1)
    before = await api.query()
    await api.keep_calls(1)

    assert await api.query() == before


async def test_an_otel_dump_comes_back_as_attributes_otel_span(api):
    await api.upsert(start_item(1, otel_dump={"name": "chat", "kind": "SPAN_KIND_CLIENT"}))

    assert (await api.call(1))["attributes"] == {
        "env": "test",
        "otel_span": {"name": "chat", "kind": "SPAN_KIND_CLIENT"},
    }


async def test_a_start_with_the_whole_span_beats_one_without(api):
    await api.upsert(start_item(1, op_name="whole", otel_dump={"name": "whole"}))
    await api.upsert(start_item(1, op_name="bare", thread_id="t"))

    call = await api.call(1)
    assert (call["op_name"], call["thread_id"]) == ("whole", "t")


async def test_a_large_value_is_kept_whole(api):
    text = "x" * (4 << 20)
    await api.upsert(start_item(1, inputs={"text": text}))

    assert (await api.call(1))["inputs"]["text"] == text


async def test_integers_beyond_64_bits_become_floating_point_numbers(api):
    body = b'{"batch":[%b]}' % orjson.dumps(start_item(1)).replace(
        b'"question":1', b'"n":%d,"m":%d' % (2**70, 2**63)
    )
    reply = await api.post("/call/upsert_batch", body)

    assert reply.status == 200
    assert (await api.call(1))["inputs"] == {"n": 2.0**70, "m": 2**63}


async def test_nul_is_dropped_in_columns_and_kept_in_trees(api):
    await api.upsert(
        start_item(1, op_name="ch\0at", thread_id="t\0", inputs={"a\0": "b\0"}),
        end_item(1, exception="bo\0om"),
    )

    call = await api.call(1)
    assert (call["op_name"], call["thread_id"], call["exception"]) == ("chat", "t", "boom")
    assert call["inputs"] == {"a\0": "b\0"}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.000001Z", "2026-01-02T03:04:05.000001Z"),
        ("2026-01-02T03:04:05.1234569Z", "2026-01-02T03:04:05.123456Z"),
        ("2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.25", "2026-01-02T03:04:05.250000Z"),
        ("2026-01-02 03:04:05", "2026-01-02T03:04:05Z"),
        ("2026-01-02", "2026-01-02T00:00:00Z"),
        (1767323045, "2026-01-02T03:04:05Z"),
        (1767323045.123456, "2026-01-02T03:04:05.123456Z"),
        ("1767323045.654321", "2026-01-02T03:04:05.654321Z"),
        (1767323045123, "2026-01-02T03:04:05.123000Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
async def test_a_time_is_read_as_utc_to_the_microsecond(api, sent, kept):
    await api.upsert(start_item(1, started_at=sent))

    assert (await api.call(1))["started_at"] == kept


async def test_token_counts_in_text_become_numbers_and_unknown_members_stay(api):
    usage = {"prompt_tokens": "5", "completion_tokens": 7.0, "requests": None, "tier": "gold"}
    summary = {"usage": {"gpt": usage}, "status_counts": {"success": "1"}, "mine": {"n": "5"}}
    await api.upsert(start_item(1), end_item(1, summary=summary))

    kept = (await api.call(1))["summary"]
    assert kept["usage"] == {
        "gpt": {"prompt_tokens": 5, "completion_tokens": 7, "requests": None, "tier": "gold"}
    }
    assert kept["status_counts"] == {"success": 1}
    assert kept["mine"] == {"n": "5"}


async def test_a_batch_with_one_bad_item_is_refused_whole(api):
    reply = await api.post("/call/upsert_batch", a_batch(start_item(1), start_item(2, id="nope")))

    assert reply.status == 400
    assert await api.query() == []


class TestTheSingleRoutes:
    async def test_call_start_answers_with_the_ids(self, api):
        reply = await api.post("/call/start", {"start": a_start(1)})

        assert (reply.status, reply.json) == (200, {"id": call_id(1), "trace_id": trace_id(1)})

    async def test_call_end_answers_with_an_empty_object(self, api):
        await api.post("/call/start", {"start": a_start(1)})
        reply = await api.post("/call/end", {"end": an_end(1)})

        assert (reply.status, reply.json) == (200, {})
        assert (await api.call(1))["output"] == {"answer": 1}

    async def test_an_update_renames_and_an_empty_name_clears(self, api):
        await api.keep_calls(1)
        named = {"project_id": PROJECT, "call_id": call_id(1), "display_name": "mine", "wb_user_id": None}
        reply = await api.post("/call/update", named)
        assert (reply.status, reply.json) == (200, {})
        assert (await api.call(1))["display_name"] == "mine"

        await api.post("/call/update", named | {"display_name": ""})
        assert (await api.call(1))["display_name"] in {None, ""}
        assert (await api.call(1))["summary"]["weave"]["trace_name"] == "chat"

    async def test_an_update_beats_the_name_of_a_start_that_comes_later(self, api):
        await api.post("/call/update", {"project_id": PROJECT, "call_id": call_id(1), "display_name": "mine"})
        await api.upsert(start_item(1, display_name="other"))

        assert (await api.call(1))["display_name"] == "mine"

    async def test_a_delete_takes_descendants_and_counts_what_was_asked(self, api):
        await api.upsert(
            start_item(1),
            start_item(2, parent_id=call_id(1)),
            start_item(3, parent_id=call_id(2)),
            start_item(4),
        )
        reply = await api.post(
            "/calls/delete", {"project_id": PROJECT, "call_ids": [call_id(1), call_id(99)]}
        )

        assert (reply.status, reply.json) == (200, {"num_deleted": 2})
        assert await api.ids() == [4]

    async def test_a_deleted_id_stays_deleted(self, api):
        await api.keep_calls(1)
        await api.post("/calls/delete", {"project_id": PROJECT, "call_ids": [call_id(1)]})
        await api.keep_calls(1)

        assert await api.call(1) is None

    async def test_a_delete_of_nothing_deletes_nothing(self, api):
        await api.keep_calls(1)
        reply = await api.post("/calls/delete", {"project_id": PROJECT, "call_ids": []})

        assert (reply.status, reply.json) == (200, {"num_deleted": 0})
        assert await api.ids() == [1]
