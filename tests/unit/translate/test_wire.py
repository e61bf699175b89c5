"""Protobuf's wire format, as far as joining messages needs it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.translate.wire import after_field, number, varint


@given(st.integers(0, 2**64 - 1))
def test_a_varint_is_read_as_it_was_written(value):
    wire = varint(value)
    assert number(wire + b"\x01", 0) == (value, len(wire))


@pytest.mark.parametrize("wire_type", [6, 7])
def test_an_unheard_of_wire_type_is_refused(wire_type):
    with pytest.raises(ValueError, match=f"no wire type {wire_type}"):
        after_field(bytes([1 << 3 | wire_type, 0]), 0)
