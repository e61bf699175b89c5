"""Tables, files and refs over the API (weave-api.md §5.3)."""

from __future__ import annotations

import hashlib

import pytest

from tests.contract.api.bodies import PROJECT

ROWS = [{"x": number} for number in range(5)]
BOUNDARY = "frontier"


@pytest.fixture
def api(either_api):
    return either_api


async def post(api, path: str, body: dict) -> dict:
    reply = await api.post(path, {"project_id": PROJECT} | body)
    assert reply.status == 200, reply.body
    return reply.json


async def make(api, rows=ROWS, **members) -> dict:
    return await post(api, "/table/create", {"table": {"project_id": PROJECT, "rows": rows} | members})


async def read(api, digest: str, **members) -> list[dict]:
    return (await post(api, "/table/query", {"digest": digest} | members))["rows"]


async def xs(api, digest: str, **members) -> list:
    return [row["val"]["x"] for row in await read(api, digest, **members)]


async def test_rows_come_back_in_their_order_with_their_digests(api):
    made = await make(api)

    rows = await read(api, made["digest"])
    assert [row["val"] for row in rows] == ROWS
    assert [row["digest"] for row in rows] == made["row_digests"]
    assert [row["original_index"] for row in rows] == list(range(5))


async def test_the_digest_of_a_table_is_that_of_the_digests_of_its_rows(api):
    made = await make(api)

    assert made["digest"] == hashlib.sha256("".join(made["row_digests"]).encode()).hexdigest()
    assert (await make(api))["digest"] == made["digest"]
    assert await xs(api, made["digest"]) == [0, 1, 2, 3, 4]


async def test_a_table_may_hold_a_row_twice_or_none(api):
    twice = await make(api, [{"x": 1}, {"x": 2}, {"x": 1}])
    none = await make(api, [])

    assert await xs(api, twice["digest"]) == [1, 2, 1]
    assert none["digest"] == hashlib.sha256(b"").hexdigest()
    assert await read(api, none["digest"]) == []


async def test_pages_are_cut(api):
    digest = (await make(api))["digest"]

    assert await xs(api, digest, limit=2, offset=3) == [3, 4]
    assert await xs(api, digest, limit=0) == []
    assert [row["original_index"] for row in await read(api, digest, offset=4)] == [4]


async def test_rows_are_found_by_their_digests(api):
    made = await make(api)
    wanted = [made["row_digests"][3], made["row_digests"][1], "unknown"]

    rows = await read(api, made["digest"], filter={"row_digests": wanted})
    assert [(row["val"]["x"], row["original_index"]) for row in rows] == [(1, 1), (3, 3)]
    assert await xs(api, made["digest"], filter={"row_digests": wanted}, offset=1) == [3]


async def test_rows_are_sorted_by_paths_into_them(api):
    made = await make(api, [{"x": x, "deep": {"list": [x]}} for x in (1, None, "a", 10, 2)])

    for field in ("x", "deep.list.0"):
        by = [{"field": field, "direction": "desc"}]
        assert await xs(api, made["digest"], sort_by=by) == [10, 2, 1, "a", None]
    by = [{"field": "x", "direction": "asc"}]
    assert await xs(api, made["digest"], sort_by=by, limit=2, offset=1) == [2, 10]


async def test_a_table_that_nobody_knows_has_no_rows_and_no_size(api):
    assert await read(api, "unknown") == []
    reply = await api.post("/table/query_stats", {"project_id": PROJECT, "digest": "unknown"})
    assert (reply.status, reply.json) == (404, {"reason": "table unknown is not known"})


async def test_sizes_of_tables(api):
    digest = (await make(api))["digest"]

    assert await post(api, "/table/query_stats", {"digest": digest}) == {"count": 5}
    asked = {"digests": [digest, "unknown"], "include_storage_size": True}
    assert await post(api, "/table/query_stats_batch", asked) == {
        "tables": [{"digest": digest, "count": 5, "storage_size_bytes": 5 * len('{"x":0}')}]
    }
    assert await post(api, "/table/query_stats_batch", {}) == {"tables": []}


async def test_a_table_is_made_of_rows_that_are_there(api):
    first, second = await make(api, ROWS[:2]), await make(api, ROWS[2:])
    digests = [*second["row_digests"], *first["row_digests"]]

    made = await post(api, "/table/create_from_digests", {"row_digests": digests})
    assert await xs(api, made["digest"]) == [2, 3, 4, 0, 1]
    assert (await make(api, ROWS[2:] + ROWS[:2]))["digest"] == made["digest"]
    assert (await post(api, "/table/create_from_digests", {"row_digests": []}))["digest"]


async def test_a_table_of_rows_that_are_not_there_is_refused(api):
    body = {"project_id": PROJECT, "row_digests": ["unknown"]}

    reply = await api.post("/table/create_from_digests", body)
    assert (reply.status, reply.json) == (404, {"reason": "row unknown is not known"})


async def test_updates_make_another_table(api):
    base = await make(api)
    updates = [
        {"append": {"row": {"x": 5}}},
        {"pop": {"index": 0}},
        {"insert": {"index": 1, "row": {"x": "new"}}},
    ]

    made = await post(api, "/table/update", {"base_digest": base["digest"], "updates": updates})
    assert await xs(api, made["digest"]) == [1, "new", 2, 3, 4, 5]
    assert made["updated_row_digests"][1] == base["row_digests"][0]
    assert len(made["updated_row_digests"]) == 3
    assert await xs(api, base["digest"]) == [0, 1, 2, 3, 4]
    assert (await make(api, [{"x": x} for x in (1, "new", 2, 3, 4, 5)]))["digest"] == made["digest"]


@pytest.mark.parametrize(
    ("update", "status"),
    [
        ({"pop": {"index": 6}}, 400),
        ({"insert": {"index": 7, "row": {}}}, 400),
        ({"pop": {"index": -1}}, 422),
        ({"append": {"row": 1}}, 422),
        ({"append": {"row": {}}, "pop": {"index": 0}}, 422),
        ({}, 422),
        ({"nothing": 1}, 422),
    ],
)
async def test_an_update_that_makes_no_sense_is_refused_and_named(api, update, status):
    base = (await make(api))["digest"]
    fine = {"append": {"row": {"x": 9}}}
    body = {"project_id": PROJECT, "base_digest": base, "updates": [fine, update]}

    reply = await api.post("/table/update", body)
    assert reply.status == status
    if status == 422:
        assert reply.json["detail"][0]["loc"][:3] == ["body", "updates", 1]
    else:
        assert reply.json["reason"].startswith("updates[1]")


async def test_too_many_updates_are_too_large(api, monkeypatch):
    monkeypatch.setattr("otel_bridge.weave.objects.MAX_UPDATES", 1)
    body = {"project_id": PROJECT, "base_digest": "x", "updates": [{"pop": {"index": 0}}] * 2}
    reply = await api.post("/table/update", body)
    assert (reply.status, reply.json) == (413, {"reason": "updates holds more than 1 entries"})


async def test_updates_of_a_table_that_nobody_knows_are_refused(api):
    body = {"project_id": PROJECT, "base_digest": "unknown", "updates": []}
    assert (await api.post("/table/update", body)).status == 404


async def test_a_digest_that_is_not_the_expected_one_is_a_conflict(api):
    table = {"project_id": PROJECT, "rows": ROWS, "expected_digest": "other"}
    assert (await api.post("/table/create", {"table": table})).status == 409
    body = {"project_id": PROJECT, "row_digests": [], "expected_digest": "other"}
    assert (await api.post("/table/create_from_digests", body)).status == 409


async def test_a_row_that_is_no_object_is_refused_with_its_place(api):
    reply = await api.post("/table/create", {"table": {"project_id": PROJECT, "rows": [{}, 1]}})

    assert (reply.status, reply.json["detail"][0]["loc"]) == (422, ["body", "table", "rows", 1])


def a_form(**members: bytes) -> bytes:
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
        % (
            BOUNDARY.encode(),
            name.encode(),
            b'; filename="f"\r\nContent-Type: x/y' if name == "file" else b"",
            value,
        )
        for name, value in members.items()
    ]
    return b"".join(parts) + b"--%b--\r\n" % BOUNDARY.encode()


FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@pytest.mark.parametrize("content", [b"", b"text", bytes(range(256)) * 5000, b"\r\n--frontie\r\n--x--\r\n"])
@pytest.mark.parametrize("route", ["file", "files"])
async def test_a_file_comes_back_byte_for_byte(api, route, content):
    form = a_form(project_id=PROJECT.encode(), file=content)
    reply = await api.post(f"/{route}/create", form, FORM)
    assert reply.status == 200, reply.body
    digest = reply.json["digest"]

    reply = await api.post(f"/{route}/content", {"project_id": PROJECT, "digest": digest})
    assert (reply.status, reply.body) == (200, content)
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_file_of_another_digest_than_expected_is_a_conflict(api):
    form = a_form(project_id=PROJECT.encode(), expected_digest=b"other", file=b"x")
    assert (await api.post("/file/create", form, FORM)).status == 409


async def test_a_file_is_found_in_its_own_project_only(api):
    form = a_form(project_id=PROJECT.encode(), file=b"x")
    digest = (await api.post("/file/create", form, FORM)).json["digest"]

    for project, name in (("acme/other", digest), (PROJECT, "unknown")):
        reply = await api.post("/file/content", {"project_id": project, "digest": name})
        assert (reply.status, reply.json) == (404, {"reason": f"file {name} is not known"})


@pytest.mark.parametrize(
    ("form", "headers", "status"),
    [
        (a_form(file=b"x"), FORM, 422),
        (a_form(project_id=b"e/p"), FORM, 422),
        (a_form(project_id=b"e", file=b"x"), FORM, 400),
        (a_form(project_id=b"e/p", file=b"x")[:-20], FORM, 400),
        (a_form(project_id=b"e/p", file=b"x"), {"Content-Type": "multipart/form-data"}, 400),
        (a_form(project_id=b"e/p", file=b"x"), {}, 422),
        (a_form(**{f"m{number}": b"" for number in range(30)}), FORM, 400),
    ],
)
async def test_a_form_that_makes_no_sense_is_refused(api, form, headers, status):
    assert (await api.post("/file/create", form, headers)).status == status
