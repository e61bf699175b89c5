"""Where no rule of ours says otherwise, a call is what Weave's server makes of it (otel-mapping.md §11)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import orjson
import pytest

from otel_bridge.translate.calls import translate
from otel_bridge.translate.dump import render
from otel_bridge.translate.fields import BLOCK, FIELDS
from otel_bridge.translate.lookup import look_up
from otel_bridge.translate.options import Options
from otel_bridge.translate.sources import Told
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
        spoken = span.attributes.get("logfire.msg")  # §10: a good display name, where it says more
        assert start.display_name == (weave["display_name"] or (spoken if spoken != span.name else None))
        assert end.id == expected["end"]["id"]


@pytest.mark.parametrize("capture", CAPTURES)
def test_times_are_weaves_within_its_rounding(capture):
    for span, expected in cases(capture):
        start, end = completed(span)
        assert abs(start.started_at - micros(expected["start"]["started_at"])) <= 1
        assert abs(end.ended_at - micros(expected["end"]["ended_at"])) <= 1


OURS = frozenset(
    {"system", "system_instructions", "kind", "provider", "aggregated_usage", "wandb_attributes"}
)
"""Members of `attributes` under a rule of ours: the golden files fix them."""

ADDED = frozenset(field for field in BLOCK if any(source.ours for source in FIELDS[field]))
"""Members that may come from a source which Weave does not read."""

REBUILT = ("llm.input_messages", "llm.output_messages")


@pytest.mark.parametrize("capture", CAPTURES)
def test_what_weave_finds_for_inputs_and_output_is_what_we_find(capture):
    for span, expected in cases(capture):
        start, end = completed(span)
        for got, weave in (
            (orjson.loads(start.inputs), expected["start"]["inputs"]),
            (orjson.loads(end.output), expected["end"]["output"]),
        ):
            if weave and not (type(got) is dict and set(got) & set(REBUILT)):
                assert got == weave


@pytest.mark.parametrize("capture", CAPTURES)
def test_what_weave_does_not_find_is_empty_or_comes_from_a_source_of_ours(capture):
    for span, expected in cases(capture):
        start, end = completed(span)
        for field, got, weave in (
            ("inputs", orjson.loads(start.inputs), expected["start"]["inputs"]),
            ("output", orjson.loads(end.output), expected["end"]["output"]),
        ):
            if weave or not any(got.values()):  # what is empty counts for us (§0.4)
                continue
            places = look_up(span.attributes).shape.fields.get(field, ())
            told = {source.key for source in FIELDS[field] if source.told is not Told.ATTRIBUTES}
            assert got.keys() <= told or any(place.ours for place in places)


@pytest.mark.parametrize("capture", CAPTURES)
def test_attributes_are_weaves_but_for_our_rules(capture):
    for span, expected in cases(capture):
        got = without_empties(orjson.loads(completed(span)[0].attributes))
        weave = without_empties(expected["start"]["attributes"])
        assert {name: value for name, value in got.items() if name in weave and name not in OURS} == {
            name: value for name, value in weave.items() if name not in OURS
        }
        assert got.keys() - weave.keys() <= OURS | ADDED


@pytest.mark.parametrize("capture", CAPTURES)
def test_usage_is_weaves_in_one_spelling_but_for_wrappers(capture):
    for span, expected in cases(capture):
        _, end = completed(span)
        summary = orjson.loads(end.summary)
        got = {
            (model, name): count
            for model, counts in summary.get("usage", {}).items()
            for name, count in counts.items()
        }
        embedded = span.attributes.get("embedding.model_name", "usage")  # a model that Weave does not know
        weave = {
            (embedded if model == "usage" else model, SPELLINGS.get(name, name)): count
            for model, counts in expected["end"]["summary"]["usage"].items()
            for name, count in counts.items()
            if count is not None
        }
        if not got:
            told = orjson.loads(completed(span)[0].attributes).get("aggregated_usage", {})
            assert {name: told.get(name) for _, name in weave} == {
                name: count for (_, name), count in weave.items()
            }
            continue
        assert {place: got.get(place) for place in weave} == weave
        # Weave leaves out zeros (§0.4), totals of which it has only one part and what it does not read (§6).
        dropped = {
            gap["gap"].split(" tokens")[0] for gap in expected["weave_gaps"] if "tokens dropped" in gap["gap"]
        }
        for (model, name), count in got.items():
            assert (
                (model, name) in weave
                or count == 0
                or name == "total_tokens"
                or GAPS[name] in dropped | UNLISTED.get(capture, set())
            )


UNLISTED = {"langfuse-sdk": {"cache_read", "reasoning"}}
"""Counts that the oracle does not list as dropped, and that the span says."""


@pytest.mark.parametrize("capture", CAPTURES)
def test_told_to_keep_them_wrappers_have_weaves_usage(capture):
    for span, expected in cases(capture):
        kept = translate(span, Options(usage_on_wrappers="keep")).end
        got = list(orjson.loads(kept.summary).get("usage", {}).values())
        (weave,) = expected["end"]["summary"]["usage"].values()
        counts = {SPELLINGS.get(name, name): count for name, count in weave.items() if count is not None}
        assert counts.items() <= (got[0] if got else {}).items()


@pytest.mark.parametrize("capture", CAPTURES)
def test_told_that_all_spans_are_turns_they_are_weaves(capture):
    for span, expected in cases(capture):
        start = translate(span, Options(turns="spans")).start
        if expected["start"]["turn_id"] is not None:
            assert start.turn_id == expected["start"]["turn_id"]


GAPS = {
    "input_tokens": "input",
    "output_tokens": "output",
    "cache_read_input_tokens": "cache_read",
    "cache_creation_input_tokens": "cache_write",
    "reasoning_tokens": "reasoning",
}
"""Count → what the oracle calls it."""


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
