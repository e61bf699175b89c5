"""The message of a partial success (otlp-receiver.md §3)."""

from __future__ import annotations

from otel_bridge.receiver.decode import partial_message


def test_nothing_to_say_is_empty():
    assert partial_message([], []) == ""


def test_reasons_come_before_warnings_and_once():
    assert partial_message(["a", "b", "a"], ["w"]) == "a; b; w"


def test_twenty_distinct_reasons_are_told_and_the_others_counted():
    message = partial_message([f"reason {number}" for number in range(50)], ["w"])
    assert message == "; ".join(f"reason {number}" for number in range(20)) + "; and 31 more"


def test_a_message_is_at_most_16_kib_of_whole_characters():
    message = partial_message(["\U0001f333" * 1000 + str(number) for number in range(30)], [])
    assert 16_000 < len(message.encode()) <= 16_384
    assert message.endswith("...; and 10 more")
