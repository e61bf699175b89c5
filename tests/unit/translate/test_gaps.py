"""Where Weave loses what a span says, the call has it: one test for every kind of gap that the oracle lists.

Expected values are the oracle's `facts`: what the payload says, and which key said it (otel-mapping.md §11).
"""

from __future__ import annotations

from functools import cache

import orjson
import pytest

from otel_bridge.translate.calls import translate
from otel_bridge.translate.kinds import of_operation, of_vercel
from tests.fixtures.captures import CAPTURES, oracle, spans

COUNTS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "total": "total_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_creation_input_tokens",
    "reasoning": "reasoning_tokens",
}
"""What the oracle calls a count → what the call does."""

REPEATED = "usage repeated on a wrapper span"

TWO_INSTRUMENTORS = frozenset({"oi-anthropic"})
"""The SDK's own span below another instrumentor's: both stay, which no rule for single spans can see (§6)."""

TESTED = set()


@cache
def every_gap() -> dict[str, dict[str, list[int]]]:
    """Return the gaps of all captures: name → capture → positions of spans."""
    found: dict[str, dict[str, list[int]]] = {}
    for capture in CAPTURES:
        for place, call in enumerate(oracle(capture)):
            for name in {gap["gap"] for gap in call["weave_gaps"]}:
                found.setdefault(name, {}).setdefault(capture, []).append(place)
    return found


@cache
def translated(capture: str) -> list[tuple]:
    """Return each span of a capture with its call and what the oracle says of it."""
    sent = spans(capture)
    return list(zip(map(translate, sent), oracle(capture), sent, strict=True))


def closes(gap: str):
    """Parametrize a test by the captures that have the gap: each with its calls, facts and spans."""
    TESTED.add(gap)
    captures = [name for name in every_gap()[gap] if gap != REPEATED or name not in TWO_INSTRUMENTORS]
    return pytest.mark.parametrize(
        "gapped",
        [[translated(name)[place] for place in every_gap()[gap][name]] for name in captures],
        ids=captures,
    )


def attributes(call) -> dict:
    return orjson.loads(call.start.attributes)


def tokens(call) -> dict:
    """Return the call's counts: of its usage, or set apart because they are its children's."""
    usage = orjson.loads(call.end.summary).get("usage")
    return next(iter(usage.values())) if usage else attributes(call)["aggregated_usage"]


def as_sent(span, key: str):
    """Return an attribute as it stands in the call: a text that is JSON is parsed."""
    value = span.attributes[key]
    try:
        return orjson.loads(value) if isinstance(value, str) and value[:1] in {"{", "["} else value
    except orjson.JSONDecodeError:
        return value


@pytest.mark.parametrize("name", COUNTS)
def test_no_count_is_lost_anywhere(name):
    for capture in CAPTURES:
        for call, told, _ in translated(capture):
            fact = told.get("facts", {}).get("tokens", {}).get(name)
            assert fact is None or tokens(call)[COUNTS[name]] == fact["value"]


def counts_as_said(gapped, name: str) -> None:
    for call, told, _ in gapped:
        assert tokens(call)[COUNTS[name]] == told["facts"]["tokens"][name]["value"]


@closes("input tokens dropped")
def test_input_tokens_dropped(gapped):
    counts_as_said(gapped, "input")


@closes("output tokens dropped")
def test_output_tokens_dropped(gapped):
    counts_as_said(gapped, "output")


@closes("total tokens dropped")
def test_total_tokens_dropped(gapped):
    counts_as_said(gapped, "total")


@closes("cache_read tokens dropped")
def test_cache_read_tokens_dropped(gapped):
    counts_as_said(gapped, "cache_read")


@closes("cache_write tokens dropped")
def test_cache_write_tokens_dropped(gapped):
    counts_as_said(gapped, "cache_write")


@closes("reasoning tokens dropped")
def test_reasoning_tokens_dropped(gapped):
    counts_as_said(gapped, "reasoning")


@closes("tokens written under both spellings")
def test_tokens_written_under_both_spellings(gapped):
    for call, told, _ in gapped:
        assert not tokens(call).keys() & {"prompt_tokens", "completion_tokens"}
        assert tokens(call)["input_tokens"] == told["facts"]["tokens"]["input"]["value"]


@closes(REPEATED)
def test_usage_repeated_on_a_wrapper_span(gapped):
    for call, told, _ in gapped:
        facts = {COUNTS[name]: fact["value"] for name, fact in told["facts"]["tokens"].items()}
        assert "usage" not in orjson.loads(call.end.summary)
        assert facts.items() <= attributes(call)["aggregated_usage"].items()


@closes("usage keyed by wrong model")
def test_usage_keyed_by_wrong_model(gapped):
    for call, told, _ in gapped:
        assert list(orjson.loads(call.end.summary)["usage"]) == [told["facts"]["model"]["value"]]


@closes("kind missing")
def test_kind_missing(gapped):
    for call, told, _ in gapped:
        fact = told["facts"]["kind"]
        derive = {"gen_ai.operation.name": of_operation, "ai.operationId": of_vercel}.get(fact["key"], str)
        assert attributes(call)["kind"] == derive(fact["value"])


@closes("provider missing")
def test_provider_missing(gapped):
    for call, told, _ in gapped:
        assert attributes(call)["provider"] == told["facts"]["provider"]["value"]


@closes("thread id not recognised")
def test_thread_id_not_recognised(gapped):
    for call, told, _ in gapped:
        assert call.start.thread_id == told["facts"]["thread"]["value"]


@closes("input dropped")
def test_input_dropped(gapped):
    for call, told, span in gapped:
        key, inputs = told["facts"]["input_key"], orjson.loads(call.start.inputs)
        if key.startswith("event:"):
            assert inputs["gen_ai.input.messages"]
        elif key in {"gen_ai.tool.call.arguments", "tool_arguments"}:
            assert inputs == as_sent(span, key)
        else:
            assert inputs == {key: as_sent(span, key)}


@closes("output dropped")
def test_output_dropped(gapped):
    for call, told, span in gapped:
        key, output = told["facts"]["output_key"], orjson.loads(call.end.output)
        if key.startswith("event:"):
            assert output["gen_ai.output.messages"]
        else:
            assert output == {key: as_sent(span, key)}


@closes("error without exception text")
def test_error_without_exception_text(gapped):
    for call, told, _ in gapped:
        event = told["facts"].get("exception_event")
        if event:
            expected = ": ".join(filter(None, (event.get("type"), event.get("message"))))
        else:
            expected = told["facts"].get("error_type", "error")
        assert call.end.exception.startswith(expected)


@closes("stack trace only in otel_dump")
def test_stack_trace_only_in_otel_dump(gapped):
    for call, _, span in gapped:
        last = [event for event in span.message.events if event.name == "exception"][-1]
        sent = {pair.key: pair.value.string_value for pair in last.attributes}
        assert call.end.exception.endswith("\n\n" + sent["exception.stacktrace"])


@closes("span lost")
def test_span_lost(gapped):
    for call, _, span in gapped:
        assert call.start.id == span.id


def test_every_kind_of_gap_has_its_test():
    assert set(every_gap()) == TESTED
