"""The end of a call that comes alone shares the fate of its start, which alone has a name and a trace."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from otel_bridge.model.call import CompletedCall
from otel_bridge.processor import base
from otel_bridge.processor.filter import Filter
from otel_bridge.processor.run import process_changes
from otel_bridge.processor.sampler import Sampler
from otel_bridge.processor.settings import FilterSettings, SamplerSettings
from tests.fixtures.processing import a_call


def sampler(percentage: float) -> Sampler:
    return Sampler("sampler", SamplerSettings(sampling_percentage=percentage))


def a_call_of(number: int, **members) -> CompletedCall:
    call_id = f"{number:016x}"
    whole = a_call(id=call_id, trace_id=f"{number * 0x9E3779B97F4A7C15 % (1 << 64):032x}", **members)
    return CompletedCall(whole.start, replace(whole.end, id=call_id))


def test_a_start_that_is_sampled_out_takes_its_end_with_it():
    halves = sampler(50)
    calls = [a_call_of(number) for number in range(1, 200)]
    starts, _ = process_changes([call.start for call in calls], [halves])
    ends, dropped = process_changes([call.end for call in calls], [halves])
    assert 0 < len(starts) < len(calls)
    assert [start.id for start in starts] == [end.id for end in ends]
    assert dropped == {("sampler", "sampled_out"): len(calls) - len(starts)}


def test_halves_fare_as_whole_calls_do():
    halves, wholes = sampler(30), sampler(30)
    calls = [a_call_of(number) for number in range(1, 100)]
    kept, _ = process_changes(calls, [wholes])
    starts, _ = process_changes([call.start for call in calls], [halves])
    assert [call.start.id for call in kept] == [start.id for start in starts]


def test_an_end_whose_start_nobody_saw_goes_on():
    ends, dropped = process_changes([a_call_of(1).end], [sampler(0)])
    assert (len(ends), dropped) == (1, {})


def test_the_same_id_in_another_project_is_another_call():
    none = sampler(0)
    call = a_call_of(1)
    process_changes([call.start], [none])
    other = replace(call.end, project_id="acme/other")
    assert process_changes([other], [none])[0] == [other]
    assert process_changes([call.end], [none])[0] == []


def test_a_filtered_start_takes_its_end_with_it():
    noise = Filter("filter", FilterSettings(traces={"span": ['name == "noise"']}))
    call = a_call_of(1, op_name="noise")
    process_changes([call.start], [noise])
    assert process_changes([call.end], [noise]) == ([], {("filter", "filtered"): 1})


def test_the_oldest_are_forgotten_first(monkeypatch):
    monkeypatch.setattr(base, "MAX_GONE", 2)
    none = sampler(0)
    calls = [a_call_of(number) for number in (1, 2, 3)]
    process_changes([call.start for call in calls], [none])
    ends, _ = process_changes([call.end for call in calls], [none])
    assert [end.id for end in ends] == [calls[0].end.id]


@pytest.mark.parametrize("times", [1, 3])
def test_an_end_that_comes_again_fares_as_before(times):
    none = sampler(0)
    call = a_call_of(1)
    process_changes([call.start], [none])
    for _ in range(times):
        assert process_changes([call.end], [none])[0] == []
