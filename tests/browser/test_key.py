"""A bridge that asks for a key."""

from __future__ import annotations

import pytest

from tests.browser import browser as browsers
from tests.browser.spans import PROTOBUF, a_request, a_span
from tests.e2e import client
from tests.e2e.keys import auth_file, bearer
from tests.e2e.process import running

KEYS = {"a bearer token": "k3y-of_visible.ASCII~only", "any text": "a key with ü"}
FILE = """
- {name: writer, key: writer-key, rights: [ingest]}
- {name: token, key: k3y-of_visible.ASCII~only, projects: [key/*], rights: [read]}
- {name: text, key: a key with ü, projects: [key/*], rights: [read]}
"""


@pytest.fixture(scope="module")
def keyed(tmp_path_factory, chromium):
    """A bridge with keys, and a span in it."""
    directory = tmp_path_factory.mktemp("keys")
    with running(directory / "data", f"--auth-file={auth_file(directory, FILE)}") as process:
        body = a_request(a_span("kept", trace=650, number=651)).SerializeToString()
        sent = {"Content_Type": PROTOBUF, "project_id": "key/one"} | bearer("writer-key")
        assert client.call(f"{process.http}/v1/traces", body, **sent) == (200, b"")
        yield process


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_the_page_asks_for_a_key_once_and_sends_it_with_every_request(chromium, keyed, key):
    page = browsers.Page(chromium, keyed.api)
    page.begin()
    page.open_any("#/traces?project=key/one")
    page.type("dialog input[type=password]", "wrong", enter=True)
    fields = "return [...document.querySelectorAll('dialog input')].map((field) => field.value)"
    page.wait(lambda: page.run(fields) == [""], "it asks again")
    assert page.texts(".row-link") == []
    page.type("dialog input[type=password]", key, enter=True)
    page.wait(lambda: page.texts(".row-link") == ["kept"], "the list, with the key")
    page.open("#/threads?project=key/one")
    assert page.css("dialog") == []
    assert key not in page.run("return JSON.stringify(localStorage) + document.cookie + location.href")
    page.run("sessionStorage.clear()")  # the tab is the next test's, too
    chromium.get("about:blank")  # it would go on asking
    assert [message for message in page.errors() if "401" not in message] == []
