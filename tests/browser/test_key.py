"""A server that asks for a key."""

from __future__ import annotations

import pytest

from tests.browser import browser as browsers
from tests.browser.gate import gate
from tests.browser.spans import a_span, send

KEYS = {"a bearer token": ("k3y-of_visible.ASCII~only", "key/one"), "any text": ("a key with ü", "key/two")}


@pytest.mark.parametrize(("key", "project"), KEYS.values(), ids=KEYS)
def test_the_page_asks_for_a_key_once_and_sends_it_with_every_request(chromium, bridge, key, project):
    send(bridge, [a_span("kept", trace=650, number=651)], project=project)
    with gate(bridge.api, key) as address:
        page = browsers.Page(chromium, address)
        page.begin()
        page.open_any(f"#/traces?project={project}")
        page.type("dialog input[type=password]", "wrong", enter=True)
        fields = "return [...document.querySelectorAll('dialog input')].map((field) => field.value)"
        page.wait(lambda: page.run(fields) == [""], "it asks again")
        assert page.texts(".row-link") == []
        page.type("dialog input[type=password]", key, enter=True)
        page.wait(lambda: page.texts(".row-link") == ["kept"], "the list, with the key")
        page.open(f"#/threads?project={project}")
        assert page.css("dialog") == []
        assert key not in page.run("return JSON.stringify(localStorage) + document.cookie + location.href")
        chromium.get("about:blank")  # it would go on asking
    assert [message for message in page.errors() if "401" not in message] == []
