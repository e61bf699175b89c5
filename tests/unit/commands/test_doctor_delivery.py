"""What the doctor makes of a queue."""

from __future__ import annotations

import pytest

from otel_bridge.commands.doctor import delivery
from otel_bridge.commands.doctor.report import Report
from otel_bridge.commands.doctor.senders import BY_CODE
from otel_bridge.config import BridgeConfig


@pytest.mark.parametrize(("calls", "ids"), [(3, {"queue.unused"}), (0, set())])
def test_calls_that_wait_for_an_exporter_that_nothing_names_are_a_warning(calls, ids):
    weave = {"name": "weave", "health": "ok", "last": None, "endpoint": "http://up", "again_in": None}
    queue = {
        "bytes": 1, "max_bytes": 1000, "dead_calls": 0, "damaged": 0, "totals": [],
        "oldest_seconds": {"weave": 5, "weave/gone": 5}, "waiting": {"weave": 1, "weave/gone": calls},
    }  # fmt: skip
    report = Report()
    delivery.running({"exporters": [weave], "queue": queue}, BridgeConfig(), report)
    assert {one.id for one in report.findings if one.id} == ids
    assert all("--destination weave/gone" in one.fix for one in report.findings if one.id)


def test_what_helps_against_429_is_about_the_rate_limit_of_a_key():
    assert "rate_limit" in BY_CODE["429"]
