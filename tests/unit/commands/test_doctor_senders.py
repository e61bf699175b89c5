"""What the doctor makes of senders: their gaps, clocks, roots and versions."""

from __future__ import annotations

import time

import orjson
import pytest

from otel_bridge.commands.doctor.report import Report
from otel_bridge.commands.doctor.senders import BY_CODE, TRIED_SDKS, refusals, tell
from otel_bridge.model.senders import Hint, Sender
from tests.fixtures.captures import CAPTURES, exports
from tests.unit.translate.test_senders import seen

SECOND = 1_000_000_000
HINT = Hint(("inputs", "output"), "it sends content only when it is told to", "SOME_SWITCH=true")
TO_LOGS = Hint(("inputs", "output"), "it sends log records", "SOME_SWITCH=true")


def a_sender(**fields) -> Sender:
    now = time.time_ns()
    return Sender(
        **{
            "door": "otlp http",
            "service": "shop",
            "scope": "scope 1",
            "first_ns": now,
            "last_ns": now,
            **fields,
        }
    )


def found(*senders: Sender, logs: bool = False, stored: tuple[Sender, ...] = ()) -> dict[str, str]:
    report = Report()
    tell(senders, stored, report, logs=logs, url="http://127.0.0.1:4318")
    return {one.id: f"{one.text} {one.fix}" for one in report.findings if one.id}


def test_nobody_is_told_where_to_send():
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318" in found()["sender.none"]


def test_a_sender_whose_last_calls_all_lacked_content_is_named_with_its_switch():
    told = found(a_sender(dialect="Some", no_content=(True, True), content=HINT))
    assert "shop: scope 1: inputs and output empty" in told["sender.no_content"]
    assert "set SOME_SWITCH=true" in told["sender.no_content"]


def test_one_call_with_content_is_enough():
    assert found(a_sender(dialect="Some", no_content=(True, False), content=HINT)) == {}


def test_content_that_may_come_as_log_records_is_a_note_where_these_are_taken():
    sender = a_sender(dialect="Some", no_content=(True,), content=TO_LOGS)
    assert set(found(sender, logs=True)) == {"sender.content_in_logs"}
    assert set(found(sender)) == {"sender.no_content"}


def test_a_sender_without_a_switch_is_a_note():
    sender = a_sender(dialect="Some", no_content=(True,), content=Hint(("inputs",), "it never does", ""))
    assert "it never does" in found(sender)["sender.never_content"]


@pytest.mark.parametrize(
    ("seconds", "finding"),
    [(-60, {"sender.clock_ahead"}), (-2, set()), (30, set()), (7200, {"sender.clock_behind"})],
)
def test_clocks_are_judged_by_the_shortest_delay(seconds, finding):
    assert set(found(a_sender(delays=(seconds * SECOND, 86_400 * SECOND)))) == finding


def test_what_was_stored_long_after_it_ended_may_have_been_imported():
    assert found(stored=(a_sender(door="", delays=(86_400 * SECOND,)),)) == {}


def test_no_roots_are_told_once_enough_was_seen():
    assert set(found(a_sender(looks=5, spans=9))) == {"sender.no_roots"}
    assert found(a_sender(looks=1, spans=2)) == {}
    assert found(a_sender(looks=5, spans=9), a_sender(scope="root", looks=1, roots=True)) == {}


def test_a_stored_sender_that_sends_now_is_told_once():
    report = Report()
    tell((a_sender(),), (a_sender(door=""), a_sender(door="", service="old")), report, logs=False, url="")
    assert [one["service"] for one in report.senders] == ["shop", "old"]


def test_an_older_sdk_than_any_that_was_tried_is_a_note():
    told = found(a_sender(sdk="opentelemetry 1.20.0", language="python"))
    assert "1.20.0" in told["version.sdk"]
    assert found(a_sender(sdk="opentelemetry 1.44.1", language="python")) == {}


def test_the_sdks_that_were_tried_are_those_of_the_recordings():
    oldest: dict[str, tuple[int, ...]] = {}
    for capture in CAPTURES:
        if exports(capture):
            for one in seen(capture).values():
                if one.language and one.sdk.startswith("opentelemetry "):
                    version = tuple(map(int, one.sdk.split()[1].split(".")))
                    oldest[one.language] = min(version, oldest.get(one.language, version))
    assert {name: tuple(map(int, text.split("."))) for name, text in TRIED_SDKS.items()} == oldest


def test_refusals_of_the_last_hour_say_why_and_what_helps():
    now = time.time()
    one = {"transport": "http", "client": "10.0.0.9", "requests": 3, "items": 0, "first": now}
    report = Report()
    refusals(
        [
            {**one, "code": "404", "reason": "there is nothing at this path", "last": now},
            {**one, "code": "400", "reason": "old", "last": now - 7200},
        ],
        report,
    )
    (finding,) = report.findings
    assert finding.text.startswith("10.0.0.9 by http: 3 requests refused with 404, last ")
    assert finding.fix == BY_CODE["404"]
    assert orjson.dumps(finding.text)
