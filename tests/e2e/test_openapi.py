"""The examples of the description work on a running bridge, and are answered as described."""

from __future__ import annotations

import re
import shutil
import subprocess
from html import unescape
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import jsonschema_rs
import orjson
import pytest

from tests.e2e.process import environment, running

FORM = "multipart/form-data"
JSON_TYPES = ("application/json", "application/jsonl")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMMANDS = re.compile(
    r'<details class="operation" id="(\w+)">.*?<div class="command"><pre>(.*?)</pre>', re.DOTALL
)
TIMEOUT_SECONDS = 60


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    """A bridge with an empty store: the examples tell one story from its beginning."""
    with running(tmp_path_factory.mktemp("examples") / "data") as bridge:
        yield bridge


def get(url: str) -> bytes:
    with urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
        return answer.read()


@pytest.fixture(scope="module")
def document(bridge) -> dict:
    return orjson.loads(get(f"{bridge.api}/openapi.json"))


def operations(document: dict) -> dict[str, tuple[str, str, dict]]:
    """Method, path and description of every operation, by its id, in the order of the document."""
    return {
        operation["operationId"]: (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "servers"
    }


def expected(operation: dict) -> int:
    """The status of an example: 404 where it is the signal that is not taken."""
    return 404 if "not taken" in operation["summary"] else 200


def form(example: dict) -> tuple[bytes, str]:
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in example.items()
    ]
    return "".join([*parts, "--x--\r\n"]).encode(), f"{FORM}; boundary=x"


def needed(operation: dict) -> dict[str, str]:
    """What the query of the URL must say, as in the examples."""
    asked = [one for one in operation.get("parameters", ()) if one["in"] == "query" and one["required"]]
    return {one["name"]: one["example"] for one in asked}


def request(api: str, method: str, path: str, operation: dict) -> Request:
    """The example as a request."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
    if asked := needed(operation):
        path += "?" + urlencode(asked)
    content = operation.get("requestBody", {}).get("content", {})
    body, kind = None, "application/json"
    if FORM in content:
        body, kind = form(content[FORM]["example"])
    elif content:
        body = orjson.dumps(content[kind]["example"])
    return Request(api + path, data=body, headers={"Content-Type": kind}, method=method.upper())


def answer(sent: Request) -> tuple[int, str, bytes]:
    """Status, media type and body."""
    try:
        with urlopen(sent, timeout=TIMEOUT_SECONDS) as reply:
            return reply.status, reply.headers.get_content_type(), reply.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers.get_content_type(), error.read()


def schema_of(document: dict, told: dict, media: str) -> dict:
    """The schema of a body, whole."""
    return {"$schema": DIALECT, "components": document["components"], **told["content"][media]["schema"]}


def check(document: dict, told: dict, media: str, body: bytes) -> None:
    """Hold an answer to its description."""
    assert media in told["content"]
    schema = schema_of(document, told, media)
    if media in JSON_TYPES:
        values = [orjson.loads(line) for line in (body.splitlines() if media == JSON_TYPES[1] else [body])]
        assert values
        for value in values:
            jsonschema_rs.validate(schema, value, validate_formats=True)


def test_every_example_works_and_its_answer_is_the_described_one(bridge, document):
    for name, (method, path, operation) in operations(document).items():
        status, media, body = answer(request(bridge.api, method, path, operation))

        assert status == expected(operation), (name, body)
        check(document, operation["responses"][str(status)], media, body)


def test_every_example_fits_the_schema_of_its_body(document):
    for _, _, operation in operations(document).values():
        body = operation.get("requestBody", {"content": {}})
        for media, told in body["content"].items():
            if "example" in told:
                schema = schema_of(document, body, media)
                jsonschema_rs.validate(schema, told["example"], validate_formats=True)


def test_an_example_that_is_broken_is_refused_as_described(bridge, document):
    for method, path, operation in operations(document).values():
        if "422" not in operation["responses"]:
            continue
        broken = request(bridge.api, method, path, operation)
        if needed(operation):
            broken.full_url = bridge.api + path
        elif "requestBody" in operation:
            is_form = FORM in operation["requestBody"]["content"]
            broken.data = b"--x--\r\n" if is_form else b"[]"
        else:
            continue  # nothing is needed
        status, media, body = answer(broken)

        assert status == 422, path
        check(document, operation["responses"]["422"], media, body)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_command_on_the_page_works_as_written(document, tmp_path):
    with running(tmp_path / "data") as bridge:
        commands = {
            name: unescape(text) for name, text in COMMANDS.findall(get(f"{bridge.api}/docs").decode())
        }
        assert commands.keys() == operations(document).keys()
        for name, (_, _, operation) in operations(document).items():
            here = commands[name].replace("http://127.0.0.1:6345", bridge.api)
            done = subprocess.run(
                ["sh", "-c", f"{here} -o {tmp_path}/body -w '%{{http_code}}'"],
                env=environment(),
                capture_output=True,
                text=True,
                timeout=TIMEOUT_SECONDS,
                check=True,
            )
            assert int(done.stdout) == expected(operation), (name, (tmp_path / "body").read_bytes())
