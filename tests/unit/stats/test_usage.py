"""What a summary says was spent."""

from __future__ import annotations

import orjson
import pytest

from otel_bridge.stats.usage import MAX_TOKENS, Usage, usages


def read(**usage) -> list[Usage]:
    return list(usages(orjson.dumps({"usage": usage})))


def test_both_names_of_a_count_are_added_up():
    counts = {"prompt_tokens": 1, "input_tokens": 2, "completion_tokens": 3, "output_tokens": 4}
    assert read(m=counts) == [Usage("m", 3, 7, None, 0, 0)]


def test_the_total_is_the_stored_one_only():
    assert read(m={"input_tokens": 1, "total_tokens": 5})[0].total_tokens == 5


def test_every_model_has_its_own():
    cached = {"cache_read_input_tokens": 1, "cache_creation_input_tokens": 2}
    assert read(a=cached, b={"requests": 1}) == [Usage("a", 0, 0, None, 1, 2), Usage("b", 0, 0, None, 0, 0)]


@pytest.mark.parametrize(
    "entry", [{}, {"input_tokens": None}, {"note": "x"}, None, 5, [1], {"input_tokens": True}]
)
def test_an_entry_without_a_number_is_none(entry):
    assert read(m=entry) == []


@pytest.mark.parametrize("value", ["5", True, None, [1]])
def test_what_is_no_number_is_no_total(value):
    assert read(m={"total_tokens": value, "requests": 1}) == [Usage("m", 0, 0, None, 0, 0)]


@pytest.mark.parametrize(("value", "count"), [(4.0, 4), (-3, 0), (1 << 60, MAX_TOKENS), (1e300, MAX_TOKENS)])
def test_a_number_becomes_a_count(value, count):
    assert read(m={"total_tokens": value})[0].total_tokens == count


@pytest.mark.parametrize(("input_tokens", "uncached"), [(10, 5), (5, 0), (4, 4)])
def test_the_cache_is_part_of_the_input_unless_it_is_larger(input_tokens, uncached):
    cached = {"cache_read_input_tokens": 2, "cache_creation_input_tokens": 3}
    assert read(m=cached | {"input_tokens": input_tokens})[0].uncached_tokens == uncached


@pytest.mark.parametrize("summary", [None, b"{}", b'{"usage":7}', b'["usage"]', b'{"x":"usage"}'])
def test_most_summaries_have_none(summary):
    assert list(usages(summary)) == []
