"""Whatever a body holds, it is decoded or refused, and what is kept is what was sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.model.call import StartedCall
from otel_bridge.weave.base import Write
from otel_bridge.weave.fields import micros
from otel_bridge.weave.ids import is_call_id, is_trace_id, new_id
from otel_bridge.weave.writes import WRITES, WriteRefused, decode_write
from tests.contract.api.bodies import a_batch, a_start, a_whole_call, an_end, call_id
from tests.property.amounts import examples

text = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
trees = st.dictionaries(text, json, max_size=4)
NAMES = sorted(
    a_whole_call() | {"mode": 0, "req": 0, "start": 0, "end": 0, "batch": 0, "call_id": 0, "call_ids": 0}
)


@st.composite
def spoiled(draw, body: dict) -> dict:
    """Replace, drop or add members somewhere in a good body."""
    changed = dict(body)
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=3)):
        value = changed.get(name)
        if isinstance(value, dict) and draw(st.booleans()):
            changed[name] = draw(spoiled(value))
        elif draw(st.booleans()):
            changed.pop(name, None)
        else:
            changed[name] = draw(json)
    return changed


good = st.sampled_from(
    [
        a_batch({"mode": "start", "req": {"start": a_start()}}, {"mode": "end", "req": {"end": an_end()}}),
        a_batch(a_whole_call()),
        {"start": a_start()},
        {"end": an_end(summary={"usage": {"m": {"requests": 1}}, "status_counts": {"error": 0}})},
        {"project_id": "acme/app", "call_id": call_id(1), "display_name": "n"},
        {"project_id": "acme/app", "call_ids": [call_id(1)]},
    ]
)
routes = st.sampled_from(WRITES)


def decode(route: str, body: bytes):
    return decode_write(Write(route=route, body=body, received_at=0), new_id)


def outcome(route: str, body: bytes) -> None:
    """Decode; a refusal must be one of those a client knows, in JSON."""
    try:
        status, answer = 200, decode(route, body).answer
    except WriteRefused as refused:
        status, answer = refused.status, refused.body
    members = orjson.loads(answer).keys()
    if status == 200:
        assert members in ({"res"}, {"id", "trace_id"}, {"num_deleted"}, set())
    else:
        assert (status, *members) in {(400, "reason"), (413, "reason"), (422, "detail")}


@settings(max_examples=examples(200))
@given(route=routes, body=json | good.flatmap(spoiled))
def test_any_json_is_decoded_or_refused(route, body):
    outcome(route, orjson.dumps(body))


@settings(max_examples=examples(200))
@given(route=routes, body=st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(route, body):
    outcome(route, body)


@given(body=good, cut=st.floats(0, 1), extra=st.binary(max_size=3), route=routes)
def test_damaged_json_is_decoded_or_refused(body, cut, extra, route):
    data = orjson.dumps(body)
    at = int(cut * len(data))
    outcome(route, data[:at] + extra + data[at + 1 :])


@given(
    attributes=trees,
    inputs=trees,
    output=json,
    summary=trees,
    name=text.filter(lambda name: len(name) <= 128),
)
def test_what_is_kept_is_what_was_sent(attributes, inputs, output, summary, name):
    rest = {key: value for key, value in summary.items() if key not in {"usage", "status_counts"}}
    call = a_whole_call(attributes=attributes, inputs=inputs, output=output, summary=rest, op_name=name)
    (kept,) = decode("/v2/calls/complete", orjson.dumps(a_batch(call))).changes

    assert orjson.loads(kept.start.attributes) == attributes
    assert orjson.loads(kept.start.inputs) == inputs
    assert kept.end.output == (None if output is None else orjson.dumps(output))
    assert orjson.loads(kept.end.summary) == rest
    assert kept.start.op_name == name.replace("\0", "")


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001 - shifted below
def test_times_are_exact_in_every_zone(moment, offset):
    shift = timedelta(minutes=offset)
    sign = "-" if offset < 0 else "+"
    zone = f"{sign}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    sent = (moment + shift).isoformat() + zone
    (start,) = decode("/call/start", orjson.dumps({"start": a_start(started_at=sent)})).changes

    assert isinstance(start, StartedCall)
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start.started_at) == moment.replace(
        tzinfo=UTC
    )
    assert micros(moment, "started_at") == start.started_at


@given(text)
def test_an_id_is_taken_or_refused_but_never_changed(sent):
    body = orjson.dumps({"start": a_start(id=sent, trace_id=sent)})
    if is_call_id(sent) and is_trace_id(sent):
        assert decode("/call/start", body).changes[0].id == sent
    else:
        with pytest.raises(WriteRefused):
            decode("/call/start", body)
