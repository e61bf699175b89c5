"""Content of strangers harms nothing: it is text, it is bounded, and it cannot turn what stands around it."""

from __future__ import annotations

import pytest
from selenium.common.exceptions import NoAlertPresentException

from tests.browser.browser import LAPTOP, PHONE
from tests.browser.spans import a_span, failed, json_of, send, span_id, text, trace_id
from tests.e2e import client

PROJECT = "hostile/all"
SCRIPT = "<script>alert('harm')</script><img src=x onerror=\"window.harmed=1\"><svg onload=window.harmed=1>"
TURNED = "\u202egnp.\u202cexe \u2066\u202b abc \u200f def"
HUGE = "x" * 500_000 + SCRIPT + "longword" * 60_000
DEEP_LEVELS = 90
THREAD = f"t{SCRIPT}{TURNED}/?&#%"


def deep() -> dict:
    tree: dict = {"end": SCRIPT}
    for _ in range(DEEP_LEVELS):
        tree = {SCRIPT: tree}
    return tree


@pytest.fixture(scope="module")
def hostile(bridge):
    """Spans with markup, a megabyte, deep trees and turning marks in every place that is shown."""
    asked = [
        text("system", SCRIPT),
        text(SCRIPT, SCRIPT),
        text("user", HUGE),
        text("user", TURNED, name=SCRIPT),
    ]
    calling = {
        "role": "assistant",
        "parts": [{"type": "tool_call", "id": SCRIPT, "name": SCRIPT, "arguments": deep()}],
    }
    picture = {
        "type": "blob",
        "modality": "image",
        "mime_type": "image/svg+xml",
        "content": "PHN2ZyBvbmxvYWQ9J2EoKSc+",
    }
    remote = {"type": "uri", "modality": "image", "uri": 'http://example.invalid/x.png" onerror="alert(1)'}
    said = {
        "role": "assistant",
        "parts": [picture, remote, {"type": SCRIPT, "x": SCRIPT}],
        "finish_reason": SCRIPT,
    }
    talk = a_span(
        SCRIPT, trace=800, number=801, lasts=3,
        gen_ai__operation__name="chat", gen_ai__provider__name=SCRIPT, gen_ai__request__model=SCRIPT,
        gen_ai__conversation__id=THREAD, gen_ai__input__messages=json_of([*asked, calling]),
        gen_ai__output__messages=json_of([said]), gen_ai__usage__input_tokens=1,
        **{SCRIPT: SCRIPT, "__proto__.x": "y"},
    )  # fmt: skip
    plain = a_span(
        TURNED, trace=800, number=802, parent=801, input__value=json_of(deep()), output__value=HUGE
    )
    child = failed(
        a_span("javascript:alert(1)", trace=800, number=803, parent=801), SCRIPT, SCRIPT, SCRIPT * 50 + TURNED
    )
    send(bridge, [talk, plain, child], project=PROJECT, resource={"service.name": SCRIPT})
    ref = f"weave:///{PROJECT}/call/{span_id(801).hex()}"
    note = {
        "project_id": PROJECT,
        "weave_ref": ref,
        "feedback_type": "wandb.note.1",
        "payload": {"note": SCRIPT},
    }
    client.post(bridge.api, "/feedback/create", note)
    return bridge


TRACE = f"#/trace/{trace_id(800).hex()}?project={PROJECT}"
ADDRESSES = {
    "traces": f"#/traces?project={PROJECT}&show=calls",
    "talk": f"{TRACE}&call={span_id(801).hex()}",
    "plain": f"{TRACE}&call={span_id(802).hex()}",
    "error": f"{TRACE}&call={span_id(803).hex()}",
    "threads": f"#/threads?project={PROJECT}",
    "charts": f"#/charts?project={PROJECT}&split=op",
    "compare": f"#/compare/{span_id(801).hex()}/{span_id(802).hex()}?project={PROJECT}&rows=all",
    "address": f"#/traces?project={PROJECT}&text=%3Cscript%3Ealert(1)%3C/script%3E&op=%3Ci%3E&status=%00",
    "no view": "#/%3Cscript%3Ealert(1)%3C/script%3E/%E0%A4%A?%%%",
}


@pytest.mark.parametrize("view", ADDRESSES)
def test_nothing_of_it_runs_or_breaks_the_page(page, hostile, view):
    page.open_any(ADDRESSES[view])
    page.settled()
    unfold(page)
    for size in (LAPTOP, PHONE):
        page.resize(size)
        assert page.overflow() <= 0
    assert page.run("return window.harmed") is None
    assert (
        page.run("return document.querySelectorAll('main script, main svg[onload], main [onerror]').length")
        == 0
    )
    with pytest.raises(NoAlertPresentException):
        _ = page.driver.switch_to.alert.text
    assert [url for url in page.requests() if "example.invalid" in url] == []


FOLDED = "main [aria-expanded=false], main details:not([open]) > summary"


def unfold(page) -> None:
    """Open everything that folds, twice, so that deep trees show some depth."""
    for _ in range(2):
        page.run("document.querySelectorAll(arguments[0]).forEach((one) => one.click())", FOLDED)
        page.drawn()


def test_a_thread_with_any_id_opens(page, hostile):
    page.open(f"#/threads?project={PROJECT}")
    page.click(".thread-opening a")
    page.wait(lambda: page.css(".turn"), "its turn")
    assert SCRIPT in page.one("h1").text
    assert page.run("return window.harmed") is None


def test_a_megabyte_of_text_is_shown_in_steps(page, hostile):
    page.open(ADDRESSES["talk"])
    long = page.wait(
        lambda: next((one for one in page.css(".call [data-role='user']") if "x" * 1000 in one.text), None)
    )
    assert len(long.text) < 20_000
    before = page.run("return document.querySelector('.call').textContent.length")
    page.click(long.find_element("css selector", "button.more"))
    page.wait(lambda: page.run("return document.querySelector('.call').textContent.length") > before + 50_000)
