"""The `debug` exporter: what it tells the log, and of how many requests."""

from __future__ import annotations

import orjson
import pytest

from otel_bridge.ingest.exporters.debug import DebugOutlet
from otel_bridge.ingest.exporters.settings import DebugSettings
from otel_bridge.model.call import DeletedCalls
from tests.fixtures.otlp_spans import a_message, a_request, decoded
from tests.fixtures.processing import a_call

SECRET = "what the user asked"


class Told(list):
    """A log that remembers, and hears how many were sent."""

    sent = 0

    def count_of(self, outcome: str, count: int) -> None:
        assert outcome == "sent"
        self.sent += count

    def __call__(self, event: str, /, **fields):
        self.append((event, fields))


@pytest.fixture
def told():
    return Told()


def spans():
    parent = {"parent_span_id": bytes(7) + b"\1"}
    return decoded(a_request(a_message({"input.value": SECRET}, name="chat"), a_message(**parent))).spans


def tell(outlet: DebugOutlet, piece) -> None:
    outlet.put(piece, 1)
    outlet.commit()
    outlet.maintain()


def test_basic_counts_and_shows_nothing_of_contents(told):
    outlet = DebugOutlet(DebugSettings(), told, told.count_of)
    tell(outlet, outlet.spans(spans()))
    tell(outlet, outlet.changes([a_call(inputs={"q": SECRET})]))
    assert told.sent == 2
    assert told == [
        ("spans_seen", {"exporter": "debug", "spans": 2, "scopes": 1}),
        ("calls_seen", {"exporter": "debug", "calls": 1}),
    ]


def test_normal_names_each_span_and_call_without_contents(told):
    outlet = DebugOutlet(DebugSettings(verbosity="normal"), told, told.count_of)
    tell(outlet, outlet.spans(spans()))
    tell(outlet, outlet.changes([a_call(inputs={"q": SECRET}), DeletedCalls(project_id="a/b", ids=("1",))]))
    assert SECRET not in str(told)
    (_, first), (_, second) = [one for one in told if one[0] == "span_seen"]
    assert (first["name"], first["milliseconds"], first["attributes"]) == ("chat", 1500.0, 1)
    assert "parent_id" not in first
    assert second["parent_id"] == "0" * 15 + "1"
    (_, call), (_, deletion) = [one for one in told if one[0] == "call_seen"]
    assert (call["change"], call["call_id"]) == ("CompletedCall", "0" * 15 + "1")
    assert (deletion["change"], deletion["calls"]) == ("DeletedCalls", 1)


def test_detailed_shows_everything(told):
    outlet = DebugOutlet(DebugSettings(verbosity="detailed"), told, told.count_of)
    tell(outlet, outlet.spans(spans()))
    tell(outlet, outlet.changes([a_call(inputs={"q": SECRET})]))
    shown = orjson.loads(told[1][1]["span"])
    assert shown["attributes"] == [{"key": "input.value", "value": {"stringValue": SECRET}}]
    assert SECRET in told[-1][1]["call"]


def test_of_many_requests_in_a_second_some_are_told(told):
    now = [5.0]
    settings = DebugSettings(sampling_initial=2, sampling_thereafter=3)
    outlet = DebugOutlet(settings, told, told.count_of, clock=lambda: now[0])
    for number in range(11):
        outlet.put([(f"request {number}", {})] if outlet.spans(spans()) else [], 1)
    now[0] = 6.0
    outlet.put([("next second", {})] if outlet.spans(spans()) else [], 1)
    outlet.commit()
    outlet.close()
    assert [event for event, _ in told] == [f"request {n}" for n in (0, 1, 4, 7, 10)] + ["next second"]


def test_a_second_may_have_no_more_than_its_first_requests(told):
    outlet = DebugOutlet(
        DebugSettings(sampling_initial=1, sampling_thereafter=0), told, told.count_of, clock=lambda: 5.0
    )
    assert [bool(outlet.spans(spans())) for _ in range(4)] == [True, False, False, False]


def test_what_is_not_kept_is_not_told(told):
    outlet = DebugOutlet(DebugSettings(), told, told.count_of)
    outlet.put(outlet.spans(spans()), 2)
    outlet.rollback()
    outlet.commit()
    outlet.maintain()
    assert told == []
