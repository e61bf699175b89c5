"""Calls are read many at a time, once for all, and always fresh."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from otel_bridge.errors import Unavailable
from otel_bridge.scoring import reading
from otel_bridge.scoring.client import open_client
from otel_bridge.scoring.reading import CallReader, Wants
from tests.unit.scoring.double import a_call, a_task, serving

QUERY = "/calls/stream_query"


@asynccontextmanager
async def reader_of(desk):
    async with serving(desk) as url, open_client(url, name="w1") as client:
        reader = CallReader(client)
        yield reader
        await reader.close()


def known(desk, *calls: str):
    for call in calls:
        desk.calls[call] = a_call(call)
    return [a_task(call) for call in calls]


async def test_those_who_ask_together_share_one_query(desk):
    tasks = known(desk, "c1", "c2")
    async with reader_of(desk) as reader:
        found = await asyncio.gather(*(reader.read([task], Wants()) for task in (*tasks, *tasks)))
    assert len(found) == 4
    assert [body["filter"]["call_ids"] for body in desk.bodies(QUERY)] == [["c1", "c2"]]


async def test_more_calls_than_a_query_may_have_are_read_in_several(desk):
    tasks = known(desk, *(f"c{n}" for n in range(250)))
    async with reader_of(desk) as reader:
        assert None not in await reader.read(tasks, Wants())
    assert sorted(len(body["filter"]["call_ids"]) for body in desk.bodies(QUERY)) == [50, 100, 100]


async def test_a_call_is_kept_for_others_that_are_expected_and_no_longer(desk):
    (task,) = known(desk, "c1")
    async with reader_of(desk) as reader:
        reader.expect([task, task])
        await reader.read([task], Wants())
        reader.forget(task)
        await reader.read([task], Wants())
        assert len(desk.bodies(QUERY)) == 1
        reader.forget(task)
        await reader.read([task], Wants())
        assert len(desk.bodies(QUERY)) == 2


async def test_a_task_that_comes_later_gets_the_call_as_it_is_then(desk):
    (task,) = known(desk, "c1")
    async with reader_of(desk) as reader:
        reader.expect([task, task])
        await reader.read([task], Wants())
        desk.calls["c1"] = a_call("c1", output="changed")
        reader.expect([task])
        (line,) = await reader.read([task], Wants())
    assert b"changed" in line


async def test_nobody_waits_in_vain_when_a_task_comes_while_others_ask(desk):
    (task,) = known(desk, "c1")

    async def come(reader):
        reader.expect([task])
        return await reader.read([task], Wants())

    async with reader_of(desk) as reader, asyncio.timeout(60):
        found = await asyncio.gather(reader.read([task], Wants()), come(reader), reader.read([task], Wants()))
    assert found[0] == found[1] == found[2] != [None]


async def test_attributes_and_costs_are_read_only_for_those_who_look_at_them(desk):
    (task,) = known(desk, "c1")
    async with reader_of(desk) as reader:
        await reader.read([task], Wants())
        await reader.read([task], Wants(attributes=True, costs=True))
    plain, whole = desk.bodies(QUERY)
    assert ("attributes" in plain["columns"], plain["include_costs"]) == (False, False)
    assert ("attributes" in whole["columns"], whole["include_costs"]) == (True, True)


async def test_a_line_with_all_in_it_serves_those_who_want_less(desk):
    (task,) = known(desk, "c1")
    async with reader_of(desk) as reader:
        reader.expect([task, task])
        await reader.read([task], Wants(costs=True))
        await reader.read([task], Wants())
    assert len(desk.bodies(QUERY)) == 1


async def test_what_does_not_fit_is_read_again(desk, monkeypatch):
    monkeypatch.setattr(reading, "MAX_SHARED_BYTES", 10)
    (task,) = known(desk, "c1")
    async with reader_of(desk) as reader:
        reader.expect([task, task])
        await reader.read([task], Wants())
        await reader.read([task], Wants())
    assert len(desk.bodies(QUERY)) == 2


async def test_a_call_that_is_not_there_is_none(desk):
    async with reader_of(desk) as reader:
        assert await reader.read([a_task("gone")], Wants()) == [None]


async def test_an_answer_that_breaks_off_is_no_answer(desk):
    async def half(_body):
        return b'{"id":"c1"}\n{"id":"c'

    desk.instead[QUERY] = half
    async with reader_of(desk) as reader:
        with pytest.raises(Unavailable, match="broke off"):
            await reader.read([a_task("c1"), a_task("c2")], Wants())
