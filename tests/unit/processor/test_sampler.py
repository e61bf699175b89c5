import random

import orjson
import pytest

from otel_bridge.model.thresholds import TOP, probability, read_state, spelled, threshold_of
from otel_bridge.processor.sampler import Sampler
from otel_bridge.processor.settings import SamplerSettings
from tests.fixtures.processing import a_call, a_request, a_span, call_after, processed


def a_sampler(percentage, **settings) -> Sampler:
    return Sampler("sampler", SamplerSettings(sampling_percentage=percentage, **settings))


THRESHOLDS = [
    (1.0, "0"),
    (0.5, "8"),
    (0.25, "c"),
    (0.1, "e666"),
    (0.01, "fd70a"),
    (1 / 3, "aaab"),
    (0.0, spelled(TOP)),
]


@pytest.mark.parametrize(("share", "written"), THRESHOLDS)
def test_a_share_is_a_threshold_of_four_digits(share, written):
    assert spelled(threshold_of(share, 4)) == written


@pytest.mark.parametrize("share", [1.0, 0.9, 0.5, 1e-3, 1e-9])
def test_a_threshold_keeps_its_share(share):
    assert probability(threshold_of(share, 4)) == pytest.approx(share, rel=1e-3)


def ids(count=4000):
    chance = random.Random(1)
    return [chance.randbytes(16) for _ in range(count)]


@pytest.mark.parametrize("mode", ["proportional", "equalizing", "hash_seed"])
def test_about_the_share_of_traces_is_kept_and_says_so(mode):
    spans, dropped = processed(a_request(*(a_span(trace_id=one) for one in ids())), a_sampler(25, mode=mode))
    assert 900 < len(spans) < 1100
    assert dropped == {("sampler", "sampled_out"): 4000 - len(spans)}
    assert all(read_state(span.trace_state).threshold == threshold_of(0.25) for span in spans)


def test_all_spans_of_a_trace_share_its_fate():
    traces = ids(50)
    spans = [a_span(trace_id=one, number=number) for number in (1, 2, 3) for one in traces]
    left, _ = processed(a_request(*spans), a_sampler(50))
    assert all(sum(span.trace_id == one for span in left) in {0, 3} for one in traces)


def test_what_a_smaller_share_keeps_a_larger_one_keeps_too():
    kept = [
        {span.trace_id for span in processed(a_request(*(a_span(trace_id=one) for one in ids())), sampler)[0]}
        for sampler in (a_sampler(5), a_sampler(20), a_sampler(100))
    ]
    assert kept[0] < kept[1] < kept[2]


def test_another_seed_keeps_other_traces():
    one, other = (
        {
            span.trace_id
            for span in processed(
                a_request(*(a_span(trace_id=one) for one in ids())),
                a_sampler(50, mode="hash_seed", hash_seed=seed),
            )[0]
        }
        for seed in (1, 2)
    )
    assert 0.4 < len(one & other) / len(one) < 0.6


def trace_of(randomness: int) -> bytes:
    return bytes(8) + b"\x01" + randomness.to_bytes(7, "big")


def the_state(sampler, state):
    trace_id = trace_of(TOP - 1)
    spans, _ = processed(a_request(a_span(trace_id=trace_id, trace_state=state)), sampler)
    return spans[0].trace_state if spans else None


def test_the_threshold_joins_what_the_trace_state_says_already():
    assert the_state(a_sampler(50), "a=b,ot=xy:1,c=d") == "ot=th:8;xy:1,a=b,c=d"


def test_a_share_of_a_share_is_proportional():
    assert the_state(a_sampler(50), "ot=th:8") == "ot=th:c"


def test_equalizing_takes_what_was_sampled_harder_as_it_is():
    assert the_state(a_sampler(50, mode="equalizing"), "ot=th:c") == "ot=th:c"
    assert the_state(a_sampler(50, mode="equalizing"), "ot=th:4") == "ot=th:8"


def test_explicit_randomness_counts_instead_of_the_trace_id():
    assert the_state(a_sampler(50), "ot=rv:80000000000000") == "ot=th:8;rv:80000000000000"
    assert the_state(a_sampler(50), "ot=rv:7fffffffffffff") is None


def test_a_broken_trace_state_is_dropped_unless_told_otherwise():
    assert the_state(a_sampler(50), "ot=th:zz") is None
    assert the_state(a_sampler(50, fail_closed=False), "ot=th:zz") == "ot=th:zz"


@pytest.mark.parametrize(
    ("priority", "kept"), [(0, 0), ("0", 0), (1, 1), ("2.5", 1), ("urgent", 0), (True, 1)]
)
def test_a_priority_decides_for_its_span(priority, kept):
    span = a_span(attributes={"sampling.priority": priority}, trace_id=trace_of(0))
    assert len(processed(a_request(span), a_sampler(50))[0]) == kept


def test_a_call_of_the_api_says_how_many_it_stands_for():
    trace_id = trace_of(TOP - 1).hex()
    halved = call_after(a_call({"a": 1}, trace_id=trace_id), a_sampler(50))
    assert orjson.loads(halved.start.attributes) == {
        "a": 1,
        "otel_bridge": {"sampling": {"threshold": "8", "adjusted_count": 2.0}},
    }
    again = orjson.loads(call_after(halved, a_sampler(50)).start.attributes)
    assert again["otel_bridge"]["sampling"] == {"threshold": "c", "adjusted_count": 4.0}
    whole = call_after(a_call({"a": 1}, trace_id=trace_id), a_sampler(100))
    assert orjson.loads(whole.start.attributes) == {"a": 1}


def test_calls_of_the_api_share_the_fate_of_the_spans_of_their_trace():
    for one in ids(40):
        left = call_after(a_call(trace_id=one.hex()), a_sampler(50))
        spans, _ = processed(a_request(a_span(trace_id=one)), a_sampler(50))
        assert (left is not None) == bool(spans)
