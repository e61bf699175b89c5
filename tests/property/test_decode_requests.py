"""Any bytes into the decoder give spans or one plain refusal; both encodings of a request mean the same."""

from __future__ import annotations

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.errors import InvalidRequest
from otel_bridge.receiver.base import Encoding
from otel_bridge.receiver.decode import decode
from otel_bridge.receiver.decode.otlp_json import to_protobuf
from tests.fixtures.captures import CAPTURES, exports
from tests.fixtures.otlp_json import as_otlp_json
from tests.fixtures.otlp_spans import PROJECT, a_message, a_request, an_export
from tests.property.test_translate_spans import messages

BODY = a_request(a_message({"a": [1, "x"]}), resource={"service.name": "s"}).SerializeToString()

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceSpans",
                    "scopeSpans",
                    "spans",
                    "traceId",
                    "attributes",
                    "key",
                    "value",
                    "arrayValue",
                ]
            ),
            children,
            max_size=4,
        )
    ),
)


def attempt(body: bytes, encoding: Encoding) -> None:
    with suppress(InvalidRequest):
        decode(an_export(body, encoding=encoding), default_project=PROJECT)


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(body):
    for encoding in Encoding:
        attempt(body, encoding)


@given(st.integers(0, len(BODY) - 1), st.integers(0, 255))
def test_a_request_with_one_wrong_byte_is_decoded_or_refused(at, byte):
    attempt(BODY[:at] + bytes([byte]) + BODY[at + 1 :], Encoding.PROTOBUF)


@given(json_values)
def test_any_json_is_decoded_or_refused(value):
    attempt(orjson.dumps(value), Encoding.JSON)
    attempt(orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [value]}]}]}), Encoding.JSON)


@given(messages)
def test_both_encodings_of_a_request_are_one_request(message):
    request = a_request(message)
    read = type(request).FromString(to_protobuf(as_otlp_json(request), {}, []))
    assert read.SerializeToString() == request.SerializeToString()  # NaN equals nothing


@pytest.mark.parametrize("capture", CAPTURES)
def test_the_captures_mean_the_same_in_json(capture):
    for export in exports(capture):
        if export.encoding is Encoding.PROTOBUF:
            request = type(a_request()).FromString(export.body)
            assert type(request).FromString(to_protobuf(as_otlp_json(request), {}, [])) == request
