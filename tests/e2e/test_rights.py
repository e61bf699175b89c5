"""The walk over the route table: a key of one project can neither see nor change anything of another.

The examples of the description are about `acme/app` and work for who may do everything. A route that is new
is walked as soon as it is described, and fails here until it refuses whom it must, or is said to be public.
"""

from __future__ import annotations

import orjson
import pytest

from tests.e2e.keys import answer, ask, auth_file, bearer
from tests.e2e.process import running
from tests.e2e.test_openapi import expected, get, operations, request

PUBLIC = {
    "livez",
    "healthz",
    "readyz",
    "startupz",
    "metrics",
    "server_info",
    "health",
    "openapi_json",
    "docs",
    "docs_page_css",
    "docs_page_js",
    "index",
    "page",
}
"""What everybody may ask: it holds nothing of any project."""

ANY_KEY = {"graphql"}
"""What every key may ask: the answer repeats the question."""

WORK = {"bridge_scoring_lease", "bridge_scoring_renew", "bridge_scoring_settle", "bridge_scoring_enqueue"}
ADMIN = {"bridge_retranslate", "bridge_erase", "bridge_backup", "bridge_status", "bridge_path"}
NEEDS = {"calls_score": "score"} | dict.fromkeys(ADMIN, "admin") | dict.fromkeys(WORK, "score")
MARK = b"What is the capital of France?"
PROJECT = "acme/app"


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    directory = tmp_path_factory.mktemp("rights")
    with running(directory / "data", f"--auth-file={auth_file(directory)}", "--logs=on") as bridge:
        yield bridge


@pytest.fixture(scope="module")
def document(bridge) -> dict:
    return orjson.loads(get(f"{bridge.api}/openapi.json"))


@pytest.fixture(scope="module")
def filled(bridge, document):
    """The bridge once the story of the examples was told to its end."""
    for name, (method, path, operation) in operations(document).items():
        status, body = send(bridge, method, path, operation, "owner-key")
        assert status == expected(operation), (name, body)
    return bridge


def send(bridge, method, path, operation, key: str) -> tuple[int, bytes]:
    sent = request(bridge.api, method, path, operation)
    names = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    if "project_id" in names and "project_id" not in sent.full_url:  # where it need not be said
        sent.full_url += f"?project_id={PROJECT}"
    for header, value in bearer(key).items():
        sent.add_header(header, value)
    return answer(sent)


def contents(bridge) -> list[bytes]:
    """All that is kept of the project of the examples."""
    questions = {
        "/calls/query": {},
        "/feedback/query": {},
        "/cost/query": {},
        "/objs/query": {},
        "/project/stats": {},
        "/calls/query_stats": {},
        "/threads/stream_query": {},
    }
    return [ask(bridge.api + path, {"project_id": PROJECT} | body, key="owner-key")[1]
            for path, body in questions.items()]  # fmt: skip


def guarded(document) -> dict:
    return {name: one for name, one in operations(document).items() if name not in PUBLIC}


def needed(name: str, method: str, operation: dict) -> str:
    """The right that a route needs, told from what it is and not from the table."""
    if name in NEEDS:
        return NEEDS[name]
    asks = method == "get" or not any(word in operation["responses"]["200"]["description"] for word in
                                      ("the disk has confirmed",))  # fmt: skip
    return "read" if asks else "ingest"


def test_without_a_key_every_route_but_the_public_ones_is_401(bridge, document):
    for name, (method, path, operation) in operations(document).items():
        for key in ("", "wrong-key"):
            status, body = send(bridge, method, path, operation, key)
            assert (status == 401) == (name not in PUBLIC), (name, status, body)


def test_a_key_of_another_project_sees_and_changes_nothing(filled, document):
    before = contents(filled)
    for name, (method, path, operation) in guarded(document).items():
        status, body = send(filled, method, path, operation, "other-key")
        assert MARK not in body, name
        if "not taken" in operation["summary"]:
            assert status == 404
        elif "_v1_" in name or name.startswith("v1_"):
            partial = orjson.loads(body)["partialSuccess"]
            assert (status, [value for key, value in partial.items() if key.startswith("rejected")]) == (
                200,
                ["1"],
            ), name
            assert "may not write to the project" in partial["errorMessage"]
        elif name in ANY_KEY:
            assert status == 200
        else:
            assert status == 403, (name, status, body)
    assert contents(filled) == before


def test_a_key_of_the_project_may_do_all_of_it_again(filled, document):
    for name, (method, path, operation) in guarded(document).items():
        status, body = send(filled, method, path, operation, "team-key")
        if name in WORK | ADMIN:
            assert status == 403, name
        elif not name.removeprefix("agents_").removeprefix("otel_").startswith("v1_"):
            assert status not in {401, 403}, (name, body)


@pytest.mark.parametrize(("key", "right"), [("writer-key", "ingest"), ("reader-key", "read")])
def test_a_key_with_one_right_may_do_that_and_no_more(filled, document, key, right):
    for name, (method, path, operation) in guarded(document).items():
        status, body = send(filled, method, path, operation, key)
        allowed = name in ANY_KEY or needed(name, method, operation) == right
        if "not taken" in operation["summary"]:
            allowed = right == "ingest"
        assert (status != 403) == allowed, (name, status, body)


def test_projects_are_listed_that_a_key_may_see(filled):
    for key, names in (("owner-key", [PROJECT, "local/default"]), ("team-key", [PROJECT]), ("other-key", [])):
        status, body = ask(f"{filled.api}/service/projects_info", {}, key=key)
        found = [one["external_project_id"] for one in orjson.loads(body)]
        assert (status, found) == (200, names)


@pytest.mark.parametrize(("path", "body"), [("retranslate", {}), ("erase", {"user": "nobody"})])
def test_maintaining_all_projects_needs_a_key_for_all(filled, path, body):
    assert ask(f"{filled.api}/bridge/{path}", body, key="other-key")[0] == 403
    assert ask(f"{filled.api}/bridge/{path}", body, key="owner-key")[0] == 200


def test_the_same_holds_below_traces(filled):
    url = f"{filled.api}/traces/calls/query"
    assert [ask(url, {"project_id": PROJECT}, key=key)[0] for key in ("", "other-key", "team-key")] == [
        401,
        403,
        200,
    ]
