"""The exact calls that each recorded capture becomes, in `calls/` (conftest.py tells how to rewrite them)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import orjson
import pytest

from otel_bridge.translate.calls import translate
from otel_bridge.translate.stored import read_logs
from tests.fixtures.captures import CAPTURES, WITH_LOGS, logged_spans, spans

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


def is_golden(name: str, made, *, rewrite: bool) -> None:
    """Compare calls with their golden file, after writing it anew where that is wanted."""
    got = [{"start": plain(call.start), "end": plain(call.end)} for call in made]
    golden = CALLS / f"{name}.json"
    if rewrite:
        golden.write_bytes(orjson.dumps(got, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    assert got == orjson.loads(golden.read_bytes())


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_capture_becomes_exactly_these_calls(capture, rewrite_golden):
    is_golden(capture, map(translate, spans(capture)), rewrite=rewrite_golden)


@pytest.mark.parametrize("capture", WITH_LOGS)
def test_with_its_log_records_a_capture_becomes_exactly_these_calls(capture, rewrite_golden):
    logs: dict[str, tuple] = {}
    for logged in logged_spans(capture):
        logs[logged.id] = logs.get(logged.id, ()) + read_logs(logged.logs)
    joined = [msgspec.structs.replace(span, logs=logs.get(span.id, ())) for span in spans(capture)]
    is_golden(f"{capture}+logs", map(translate, joined), rewrite=rewrite_golden)
