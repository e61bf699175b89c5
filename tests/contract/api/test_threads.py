"""Threads over the API: what their turns come to (weave-api.md §5.3)."""

from __future__ import annotations

import pytest

from tests.contract.api.bodies import PROJECT, call_id, end_item, start_item

PATH = "/threads/stream_query"


@pytest.fixture
def api(either_api):
    return either_api


def a_turn(number: int, thread: str, second: int, milliseconds: int | None) -> list[dict]:
    """A turn that starts in this second of a minute and takes so long, or is still open."""
    uuid = f"00000000-0000-7000-8000-{number:012x}"
    ids = {"id": uuid} if number % 2 else {}
    turn = ids.get("id", call_id(number))
    started = f"2026-01-02T03:04:{second:02d}Z"
    start = start_item(number, thread_id=thread, turn_id=turn, started_at=started, **ids)
    if milliseconds is None:
        return [start]
    ended = f"2026-01-02T03:04:{second + milliseconds // 1000:02d}.{milliseconds % 1000:03d}Z"
    return [start, end_item(number, ended_at=ended, **ids)]


@pytest.fixture
async def conversations(api):
    """Thread a of three turns and a call that is none, thread b of one open turn, a call without a thread."""
    await api.upsert(
        *a_turn(1, "a", 1, 1000),
        *a_turn(2, "a", 5, 2000),
        *a_turn(3, "a", 10, 4000),
        *a_turn(4, "b", 20, None),
        start_item(5, thread_id="a", turn_id=call_id(2)),
        start_item(6, thread_id="c"),
        start_item(7),
    )


async def threads(api, **members) -> list[dict]:
    reply = await api.post(PATH, {"project_id": PROJECT} | members)
    return reply.lines


async def names(api, **members) -> list[str]:
    return [thread["thread_id"] for thread in await threads(api, **members)]


@pytest.mark.usefixtures("conversations")
class TestThreads:
    async def test_a_thread_is_what_its_turns_come_to(self, api):
        b, a = await threads(api)

        assert a == {
            "thread_id": "a",
            "turn_count": 3,
            "start_time": "2026-01-02T03:04:01Z",
            "last_updated": "2026-01-02T03:04:14Z",
            "first_turn_id": "00000000-0000-7000-8000-000000000001",
            "last_turn_id": "00000000-0000-7000-8000-000000000003",
            "p50_turn_duration_ms": 2000,
            "p99_turn_duration_ms": 3960.0,
        }
        assert b == {
            "thread_id": "b",
            "turn_count": 1,
            "start_time": "2026-01-02T03:04:20Z",
            "last_updated": "2026-01-02T03:04:20Z",
            "first_turn_id": call_id(4),
            "last_turn_id": call_id(4),
            "p50_turn_duration_ms": None,
            "p99_turn_duration_ms": None,
        }

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({"thread_ids": ["a", "x"]}, ["a"]),
            ({"thread_ids": []}, []),
            ({"thread_ids": None}, ["b", "a"]),
            ({"after_datetime": "2026-01-02T03:04:01Z"}, ["b"]),
            ({"after_datetime": "2026-01-02T03:04:00.999999Z"}, ["b", "a"]),
            ({"before_datetime": "2026-01-02T03:04:14Z"}, []),
            ({"before_datetime": "2026-01-02T03:04:14.000001"}, ["a"]),
        ],
    )
    async def test_a_filter_selects(self, api, asked, found):
        assert await names(api, filter=asked) == found

    @pytest.mark.parametrize(
        ("field", "ascending"),
        [
            ("thread_id", ["a", "b"]),
            ("turn_count", ["b", "a"]),
            ("start_time", ["a", "b"]),
            ("last_updated", ["a", "b"]),
        ],
    )
    async def test_threads_are_sorted(self, api, field, ascending):
        for direction, found in (("asc", ascending), ("desc", ascending[::-1])):
            assert await names(api, sort_by=[{"field": field, "direction": direction}]) == found

    @pytest.mark.parametrize("direction", ["asc", "desc"])
    async def test_threads_without_a_duration_come_last(self, api, direction):
        by = [{"field": "p50_turn_duration_ms", "direction": direction}]
        assert await names(api, sort_by=by) == ["a", "b"]

    async def test_pages_are_cut(self, api):
        assert await names(api, limit=1) == ["b"]
        assert await names(api, limit=1, offset=1) == ["a"]

    async def test_the_answer_is_json_lines(self, api):
        reply = await api.post(PATH, {"project_id": PROJECT}, {"Accept": "application/jsonl"})
        assert reply.headers["Content-Type"] == "application/jsonl"
        assert reply.body.count(b"\n") == 2


async def test_a_project_without_threads_has_none(api):
    assert await threads(api) == []


@pytest.mark.parametrize(
    "members",
    [
        {"filter": {"nothing": 1}},
        {"filter": {"after_datetime": "soon"}},
        {"sort_by": [{"field": "name", "direction": "asc"}]},
        {"limit": -1},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(api, members):
    assert (await api.post(PATH, {"project_id": PROJECT} | members)).status == 422
