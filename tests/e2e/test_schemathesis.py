"""A tool that knows nothing but the description tries the running bridge, and finds nothing.

It sends what the description allows and what it forbids, and holds every answer to it: no fault of the
server, and no status, content type, header or body that is not described.
"""

from __future__ import annotations

import subprocess
import sys
from urllib.request import urlopen

import orjson
import pytest

from tests.e2e.process import environment, running
from tests.e2e.shallow import shallow

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
EXAMPLES_EACH = 3
EXAMPLES_EACH_AT_LENGTH = 100
LISTED = (
    "/call/upsert_batch",
    "/calls/stats",
    "/call/read",
    "/calls/score",
    "/obj/read",
    "/threads/stream_query",
)
"""Endpoints whose cases are listed one by one in the quick run too."""
TIMEOUT_SECONDS = 600
REQUEST_SECONDS = 60
"""A machine that is busy with other things is no fault of the bridge."""
LONG_TIMEOUT_SECONDS = 3600


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    """A bridge whose store the tool may fill and delete."""
    with running(tmp_path_factory.mktemp("schemathesis") / "data") as bridge:
        yield bridge


@pytest.fixture(scope="module")
def document(bridge) -> dict:
    with urlopen(f"{bridge.api}/openapi.json") as answer:
        return orjson.loads(answer.read())


@pytest.fixture
def tried(bridge, tmp_path):
    """Try the bridge by a description, `tried(document, "--phases=…")`: the tool's exit code and words."""

    def run(document: dict, *options: str, seconds: int = TIMEOUT_SECONDS) -> tuple[int, str]:
        description = tmp_path / "openapi.json"
        description.write_bytes(orjson.dumps(document))
        command = [sys.executable, "-m", "schemathesis.cli", "run", str(description), f"--url={bridge.api}"]
        patient = [f"--request-timeout={REQUEST_SECONDS}", "--suppress-health-check=all"]
        fixed = ["--generation-deterministic", "--seed=1", "--warnings=off", "--no-color"]
        done = subprocess.run(
            [*command, f"--checks={','.join(CHECKS)}", *patient, *fixed, *options],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def including(*paths: str) -> list[str]:
    return [f"--include-path={path}" for path in paths]


def test_examples_and_made_up_bodies_are_answered_as_described(tried, document):
    code, said = tried(document, "--phases=examples,fuzzing", f"--max-examples={EXAMPLES_EACH}")

    assert code == 0, said
    assert (
        f"Tested: {len([1 for item in document['paths'].values() for _ in item.keys() - {'servers'}])}"
        in said
    )


@pytest.mark.long
def test_every_listed_case_of_some_endpoints_is_answered_as_described(tried, document):
    code, said = tried(document, "--phases=coverage", *including(*LISTED))

    assert code == 0, said
    assert f"Tested: {len(LISTED)}" in said


def test_the_tool_would_find_a_status_that_is_not_described(tried, document):
    told = orjson.loads(orjson.dumps(document))
    del told["paths"]["/call/read"]["post"]["responses"]["422"]
    code, said = tried(told, "--phases=coverage", "--max-failures=1", *including("/call/read"))

    assert code == 1, said
    assert "Received: 422" in said


@pytest.mark.long
def test_every_listed_case_of_every_endpoint_is_answered_as_described(tried, document):
    code, said = tried(shallow(document), "--phases=coverage", seconds=LONG_TIMEOUT_SECONDS)

    assert code == 0, said


@pytest.mark.long
def test_many_made_up_bodies_are_answered_as_described(tried, document):
    budget = f"--max-examples={EXAMPLES_EACH_AT_LENGTH}"
    code, said = tried(document, "--phases=fuzzing", budget, seconds=LONG_TIMEOUT_SECONDS)

    assert code == 0, said
