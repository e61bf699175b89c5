"""What is in hand, and what may be forgotten, against a model that remembers everything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.jobs.base import Receipt
from otel_bridge.jobs.kafka.window import Fetched, Window
from otel_bridge.model.scoring import EndedCall

TOPIC = "t"
PARTITIONS = (0, 1, 2)


def fetched(window: Window, partition: int, offset: int, size: int = 1) -> Fetched:
    epoch = window.epoch((TOPIC, partition))
    receipt = Receipt(TOPIC, partition, offset, -1 if epoch is None else epoch)
    return Fetched(receipt, b"", b"x" * size, [], message=EndedCall("e/p", f"{partition}-{offset}"))


def a_window(*partitions: int, messages: int = 100, size: int = 1 << 20) -> Window:
    window = Window(messages, size)
    window.assigned((TOPIC, one) for one in partitions or PARTITIONS)
    return window


def test_nothing_is_committed_before_something_is_finished():
    window = a_window()
    window.fetched(fetched(window, 0, 7))
    assert window.to_commit() == []
    window.finish([one.receipt for one in window.take(1)])
    assert window.to_commit() == [((TOPIC, 0), 8)]
    assert window.to_commit() == []


def test_what_the_brokers_have_not_kept_is_committed_again():
    window = a_window()
    window.fetched(fetched(window, 0, 7))
    window.finish([one.receipt for one in window.take(1)])
    assert window.to_commit() == [((TOPIC, 0), 8)]
    window.not_committed([(TOPIC, 0), (TOPIC, 9)])
    assert window.to_commit() == [((TOPIC, 0), 8)]


def test_a_receipt_of_a_former_loan_finishes_nothing():
    window = a_window(0)
    window.fetched(fetched(window, 0, 7))
    (before,) = window.take(1)
    window.revoked([(TOPIC, 0)])
    assert window.lost() == [before.receipt]
    assert window.lost() == []
    window.assigned([(TOPIC, 0)])
    window.fetched(fetched(window, 0, 7))
    (again,) = window.take(1)
    window.finish([before.receipt])
    assert window.to_commit() == []
    assert window.held(before.receipt) is None
    assert window.held(again.receipt) is not None


def test_what_waits_goes_with_its_partition():
    window = a_window(0, 1)
    for partition in (0, 1):
        window.fetched(fetched(window, partition, 0))
    window.revoked([(TOPIC, 0)])
    assert [one.receipt.partition for one in window.take(9)] == [1]


def test_a_message_of_a_partition_that_is_not_ours_is_not_taken():
    window = a_window(0)
    assert not window.fetched(fetched(window, 5, 0))
    assert window.fetched(fetched(window, 0, 0))
    assert not window.fetched(fetched(window, 0, 0))


def test_messages_and_bytes_bound_what_is_fetched():
    window = a_window(messages=4, size=100)
    for offset in range(4):
        assert not window.full
        window.fetched(fetched(window, 0, offset))
    assert window.full
    held = window.take(9)
    window.finish([held[0].receipt])
    assert not window.full
    assert not window.roomy
    window.finish([one.receipt for one in held[1:3]])
    assert window.roomy
    window.fetched(fetched(window, 0, 9, size=100))
    assert window.full


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("fetch"), st.sampled_from(PARTITIONS), st.integers(1, 3)),
        st.tuples(st.just("finish"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("commit"), st.just(0), st.just(0)),
        st.tuples(st.just("revoke"), st.sampled_from(PARTITIONS), st.just(0)),
        st.tuples(st.just("assign"), st.sampled_from(PARTITIONS), st.just(0)),
    ),
    max_size=60,
)


@given(STEPS)
def test_whatever_happens_nothing_unfinished_lies_before_what_is_committed(steps):
    window = a_window()
    offsets = dict.fromkeys(PARTITIONS, 0)
    committed = dict.fromkeys(PARTITIONS, 0)
    done: set[tuple[int, int]] = set()
    ours, held = set(PARTITIONS), []
    for what, number, gap in steps:
        if what == "fetch" and number in ours:
            offsets[number] += gap - 1
            if window.fetched(fetched(window, number, offsets[number])):
                offsets[number] += 1
            held += window.take(1)
        elif what == "finish" and held:
            one = held.pop(number % len(held))
            window.finish([one.receipt])
            done.add((one.receipt.partition, one.receipt.offset))
        elif what == "revoke" and number in ours:
            window.revoked([(TOPIC, number)])
            ours.discard(number)
            held = [one for one in held if one.receipt.partition != number]
        elif what == "assign" and number not in ours:
            window.assigned([(TOPIC, number)])
            ours.add(number)
            offsets[number] = committed[number]
        for (_, partition), position in window.to_commit() if what == "commit" else ():
            assert position >= committed[partition]
            committed[partition] = position
            assert all(one.receipt.offset >= position for one in held if one.receipt.partition == partition)
            assert done
