"""Queued items become requests: which, how large, in which order."""

from __future__ import annotations

import orjson
import pytest

from otel_bridge.exporter.rendering import Limits, render
from otel_bridge.model.call import CompletedCall, DeletedCalls, EndedCall, StartedCall, UpdatedCall

PROJECT = "team/shop"
WIDE = Limits(1000, 1 << 20)


def start(name: str, **more) -> StartedCall:
    return StartedCall(project_id=PROJECT, id=name, trace_id="t", op_name="op", started_at=1_000_000,
                       attributes=b"{}", inputs=b'{"q":1}', **more)  # fmt: skip


def end(name: str) -> EndedCall:
    return EndedCall(project_id=PROJECT, id=name, ended_at=2_000_000, summary=b"{}", output=b'"o"')


def whole(name: str) -> CompletedCall:
    return CompletedCall(start(name, otel_dump=b'{"d":1}'), end(name))


UPDATE = UpdatedCall(project_id=PROJECT, id="a", display_name="named")
DELETE = DeletedCalls(project_id=PROJECT, ids=("a", "b"))


def rendered(*changes, limits=WIDE, project_id=PROJECT, whole=False):
    batch = render([lambda one=one: one for one in changes], limits, project_id=project_id, whole=whole)
    return batch.items, [(r.path, orjson.loads(r.body), r.results) for r in batch.requests]


def test_nothing_is_no_batch():
    assert render([], WIDE, project_id=PROJECT, whole=False) is None


def test_calls_become_one_batch_of_starts_and_ends():
    items, [(path, body, results)] = rendered(whole("a"), start("b"), end("c"))
    assert (items, path, results) == (3, "/call/upsert_batch", 4)
    parts = [(item["mode"], item["req"][item["mode"]]["id"]) for item in body["batch"]]
    assert parts == [("start", "a"), ("end", "a"), ("start", "b"), ("end", "c")]


@pytest.mark.parametrize("count", [1, 3])
def test_a_batch_ends_when_it_has_as_many_calls_as_it_may(count):
    items, [(_, body, _)] = rendered(*map(start, "abcde"), limits=Limits(count, 1 << 20))
    assert (items, len(body["batch"])) == (count, count)


def test_a_batch_ends_before_it_is_too_large_but_has_one_call():
    (one,) = render([lambda: start("a")], WIDE, project_id=PROJECT, whole=False).requests
    for size, expected in ((1, 1), (len(one.body) * 2 - 10, 1), (len(one.body) * 2, 2)):
        batch = render([lambda: start("a")] * 5, Limits(1000, size), project_id=PROJECT, whole=False)
        assert batch.items == expected
        assert batch.items == 1 or len(batch.requests[0].body) <= size


@pytest.mark.parametrize(
    ("change", "path", "body"),
    [
        (UPDATE, "/call/update", {"project_id": PROJECT, "call_id": "a", "display_name": "named"}),
        (DELETE, "/calls/delete", {"project_id": PROJECT, "call_ids": ["a", "b"]}),
    ],
)
def test_names_and_deletions_travel_alone_and_end_a_batch(change, path, body):
    assert rendered(change, start("a")) == (1, [(path, body, None)])
    items, _ = rendered(start("a"), change, start("b"))
    assert items == 1


def test_a_project_of_whole_calls_gets_them_whole_and_halves_alone():
    items, requests = rendered(whole("a"), end("b"), start("c"), start("b"), end("d"), whole=True)
    assert items == 5
    assert [path for path, _, _ in requests] == [
        "/v2/team/shop/calls/complete",
        "/v2/team/shop/call/start",
        "/v2/team/shop/call/end",
    ]
    complete, alone, ended = (body for _, body, _ in requests)
    assert [call["id"] for call in complete["batch"]] == ["a", "b"]
    first = complete["batch"][0]
    assert first["otel_dump"] == {"d": 1}
    assert (first["inputs"], first["output"], first["project_id"]) == ({"q": 1}, "o", PROJECT)
    assert {"started_at", "ended_at", "summary", "attributes", "op_name", "trace_id"} <= first.keys()
    assert alone["start"]["id"] == "c"
    assert ended["end"]["id"] == "d"


def test_names_of_projects_are_quoted_in_paths():
    _, [(path, body, _)] = rendered(whole("a"), project_id="tëam/a b?c", whole=True)
    assert path == "/v2/t%C3%ABam/a%20b%3Fc/calls/complete"
    assert body["batch"][0]["project_id"] == "tëam/a b?c"


def test_everything_goes_under_the_project_of_the_destination():
    for change in (whole("a"), start("a"), end("a"), UPDATE, DELETE):
        _, [(_, body, _)] = rendered(change, project_id="other/one")
        assert PROJECT not in orjson.dumps(body).decode()
        assert "other/one" in orjson.dumps(body).decode()


def test_an_item_that_cannot_be_rendered_ends_the_batch_before_it():
    def broken():
        raise ZeroDivisionError

    good = lambda: start("a")  # noqa: E731 - an item
    assert render([good, broken, good], WIDE, project_id=PROJECT, whole=False).items == 1
    with pytest.raises(ZeroDivisionError):
        render([broken, good], WIDE, project_id=PROJECT, whole=False)
