"""The exact calls that each recorded capture becomes, in `calls/` (conftest.py tells how to rewrite them)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import orjson
import pytest

from otel_bridge.translate.calls import translate
from tests.fixtures.captures import CAPTURES, spans

CALLS = Path(__file__).parent / "calls"
TREES = ("attributes", "inputs", "output", "summary")


def plain(record) -> dict:
    """Return a record without its span (the parity test compares the dump) and with its trees readable."""
    members = msgspec.structs.asdict(record)
    members.pop("span", None)
    return {
        name: orjson.loads(value) if name in TREES else value
        for name, value in members.items()
        if value is not None
    }


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_capture_becomes_exactly_these_calls(capture, rewrite_golden):
    calls = [translate(span) for span in spans(capture)]
    got = [{"start": plain(call.start), "end": plain(call.end)} for call in calls]
    golden = CALLS / f"{capture}.json"
    if rewrite_golden:
        golden.write_bytes(orjson.dumps(got, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    assert got == orjson.loads(golden.read_bytes())
