"""docs/semconv.md says what the tables say, and its examples are what translation does."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from otel_bridge.translate.explain.words import of_reader
from otel_bridge.translate.fields import FIELDS
from otel_bridge.translate.sources import Dialect
from tests.fixtures.calls import call
from tests.pages import prose
from tests.pages.examples import READING, THREADS, USAGE
from tests.pages.semconv import GROUPS, PAGE, page

TREES = ("inputs", "output", "attributes", "summary")


def test_the_page_is_what_the_tables_give():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.pages.semconv"


def test_every_field_stands_in_one_group_and_every_dialect_is_told_of():
    assert Counter(name for names in GROUPS.values() for name in names) == Counter(list(FIELDS))
    assert set(prose.RECOGNISED) == set(Dialect)


def test_the_page_names_every_source():
    text = page()
    assert [row.key for rows in FIELDS.values() for row in rows if f"`{row.key}`" not in text] == []


def test_every_reader_has_words():
    readers = {row.read for rows in FIELDS.values() for row in rows}
    assert [read for read in readers if of_reader(read).startswith("what `")] == []


def members(translated) -> dict:
    """Return what the examples name, by the names they use."""
    both = {
        **{
            name: getattr(translated.start, name) for name in ("inputs", "attributes", "thread_id", "turn_id")
        },
        **{name: getattr(translated.end, name) for name in ("output", "summary")},
    }
    found = {name: orjson.loads(value) if name in TREES else value for name, value in both.items()}
    found["summary.usage"] = found["summary"].get("usage")
    found["attributes.aggregated_usage"] = found["attributes"].get("aggregated_usage")
    return found


@pytest.mark.parametrize("example", [*READING, *USAGE, *THREADS], ids=lambda example: example.says[:40])
def test_an_example_is_what_translation_does(example):
    found = members(call(example.attributes, **example.fields))
    assert {name: found[name] for name in example.call} == example.call
