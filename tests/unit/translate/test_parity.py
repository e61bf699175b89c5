"""Where no rule of ours says otherwise, a call is what Weave's server makes of it (otel-mapping.md §11)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import orjson
import pytest

from otel_bridge.translate.calls import translate
from otel_bridge.translate.dump import render
from tests.fixtures.captures import CAPTURES, oracle, spans

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SPELLINGS = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}


@cache
def cases(capture):
    """Return each span of a capture with Weave's call, but the spans that Weave loses."""
    pairs = zip(spans(capture), oracle(capture), strict=True)
    return [(span, call) for span, call in pairs if call.get("start")]


def completed(span):
    call = translate(span)
    return call.start, call.end


def micros(text: str) -> int:
    return round((datetime.fromisoformat(text) - EPOCH) / timedelta(microseconds=1))


def without_empties(picked: dict) -> dict:
    """What is present but empty (a JSON text `{}`) counts for us, and is left out by Weave (§0.4)."""
    return {key: value for key, value in picked.items() if value != {}}


@pytest.mark.parametrize("capture", CAPTURES)
def test_ids_and_names_are_weaves(capture):
    for span, expected in cases(capture):
        start, end = completed(span)
        weave = expected["start"]
        assert (start.id, start.trace_id, start.parent_id) == (
            weave["id"],
            weave["trace_id"],
            weave["parent_id"],
        )
        assert start.op_name == (weave["op_name"] or "unknown")  # §2: an empty name is "unknown"
        assert start.display_name == weave["display_name"]
        assert end.id == expected["end"]["id"]


@pytest.mark.parametrize("capture", CAPTURES)
def test_times_are_weaves_within_its_rounding(capture):
    for span, expected in cases(capture):
        start, end = completed(span)
        assert abs(start.started_at - micros(expected["start"]["started_at"])) <= 1
        assert abs(end.ended_at - micros(expected["end"]["ended_at"])) <= 1


@pytest.mark.parametrize("capture", CAPTURES)
def test_payloads_are_weaves(capture):
    for span, expected in cases(capture):
        start, end = completed(span)
        assert without_empties(orjson.loads(start.inputs)) == expected["start"]["inputs"]
        assert without_empties(orjson.loads(end.output)) == expected["end"]["output"]


@pytest.mark.parametrize("capture", CAPTURES)
def test_attributes_are_weaves(capture):
    for span, expected in cases(capture):
        start, _ = completed(span)
        assert without_empties(orjson.loads(start.attributes)) == without_empties(
            expected["start"]["attributes"]
        )


@pytest.mark.parametrize("capture", CAPTURES)
def test_usage_is_weaves_in_one_spelling(capture):
    for span, expected in cases(capture):
        _, end = completed(span)
        got = {
            (model, name): count
            for model, counts in orjson.loads(end.summary).get("usage", {}).items()
            for name, count in counts.items()
        }
        weave = {
            (model, SPELLINGS.get(name, name)): count
            for model, counts in expected["end"]["summary"]["usage"].items()
            for name, count in counts.items()
            if count is not None
        }
        # Weave leaves out zeros (§0.4), and totals of which it has only one part (§6).
        ours = {place for place, count in got.items() if count == 0 or place[1] == "total_tokens"}
        assert {place: count for place, count in got.items() if place in weave or place not in ours} == weave


@pytest.mark.parametrize("capture", CAPTURES)
def test_the_outcome_is_weaves(capture):
    for span, expected in cases(capture):
        _, end = completed(span)
        weave = expected["end"]
        assert (end.exception is None) == (weave["exception"] is None)
        summary = orjson.loads(end.summary)["weave"]
        told = weave["summary"]["weave"]
        assert (summary["status"], summary["latency_ms"]) == (told["status"], told["latency_ms"])
        if weave["exception"]:
            assert end.exception.startswith(weave["exception"])


@pytest.mark.parametrize("capture", CAPTURES)
def test_the_dump_is_weaves_and_more(capture):
    for span, expected in cases(capture):
        dump = orjson.loads(render(completed(span)[0].span))
        for member, weave in expected["start"]["otel_dump"].items():
            ours = dump[member]
            if member in {"start_time", "end_time"}:
                assert abs(datetime.fromisoformat(ours) - datetime.fromisoformat(weave)) <= timedelta(
                    microseconds=1
                )
            elif member == "attributes":
                assert loose(ours) == loose(weave)
            elif member == "resource" and weave:
                assert ours == weave | {"schema_url": ours["schema_url"]}
            else:
                assert ours == weave, member


def loose(value):
    """Weave's dump shares dicts with the values it picked, so some of them came out as lists."""
    if isinstance(value, list):
        return [loose(child) for child in value]
    if not isinstance(value, dict):
        return value
    if all(str(index) in value for index in range(len(value))):
        return [loose(value[str(index)]) for index in range(len(value))]
    return {key: loose(child) for key, child in value.items()}
