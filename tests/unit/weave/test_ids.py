"""Ids of calls and traces."""

from __future__ import annotations

import pytest

from otel_bridge.weave.ids import RANDOM_BYTES, is_call_id, is_trace_id, new_id, uuid7

UUID = "01a1fcec-f319-7ed3-a430-1976786d9659"


def test_a_uuid7_holds_its_time_version_variant_and_randomness():
    assert uuid7(0x0123456789AB, bytes(RANDOM_BYTES)) == "01234567-89ab-7000-8000-000000000000"
    assert uuid7(2**48 - 1, b"\xff" * RANDOM_BYTES) == "ffffffff-ffff-7fff-bfff-ffffffffffff"


def test_new_ids_are_ids_of_calls_and_of_traces_and_differ():
    ids = [new_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert all(is_call_id(one) and is_trace_id(one) for one in ids)


def test_ids_of_a_later_millisecond_sort_later():
    assert uuid7(1, b"\xff" * RANDOM_BYTES) < uuid7(2, bytes(RANDOM_BYTES))


@pytest.mark.parametrize("text", ["0" * 16, "00f067aa0ba902b7", UUID])
def test_span_ids_and_uuids_are_ids_of_calls(text):
    assert is_call_id(text)


@pytest.mark.parametrize("text", ["4bf92f3577b34da6a3ce929d0e0e4736", UUID])
def test_otel_trace_ids_and_uuids_are_ids_of_traces(text):
    assert is_trace_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0" * 15,
        "0" * 17,
        "00F067AA0BA902B7",
        UUID.upper(),
        UUID.replace("-", ""),
        UUID + "\n",
        "{" + UUID + "}",
    ],
)
def test_nothing_else_is_the_id_of_a_call(text):
    assert not is_call_id(text)
