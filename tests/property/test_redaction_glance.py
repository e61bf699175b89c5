"""One look at a whole span comes to what a look at each of its values does."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from otel_bridge.patterns import union, union_of_lines
from otel_bridge.processor import glance
from otel_bridge.processor.redaction import Redaction
from otel_bridge.processor.run import process_spans
from otel_bridge.processor.settings import RedactionSettings
from tests.fixtures.processing import a_request, a_span, put

CARD = "4111 1111 1111 1111"
IBAN = "DE89 3704 0044 0532 0130 00"
PATTERNS = (
    "^a", "b$", "^$", r"\bcat\b", r"\Bx", r"x\B", "a.c", "(?i)KEY", r"\d{3,}", "x*", "[^a]b", "a\nb",
    "(?s)a.b", r"\Aab", r"ab\z", r"(?-m)^q", r"(?m)^c", r"(?i-s)q.b", r"\Qa.b\E", "(?:^|,)a", "é", r"\s1",
    r"a\s*b", "^1|2$",
    r"\W$", r"\C\C", "(cat|dog)$", r"(?U)a+b",
)  # fmt: skip
pieces = st.sampled_from(
    ["a", "b", "c", "x", "q", "1", "29", "cat", "dog", "key", "KEY", " ", "\n", ",", "é", "-", ""]
)
texts = st.one_of(st.lists(pieces, max_size=6).map("".join), st.sampled_from([CARD, IBAN, "9" * 30]))
values = st.recursive(
    st.one_of(
        texts,
        texts.map(str.encode),
        st.binary(max_size=4),
        st.integers(0, 99_999),
        st.floats(0, 99),
        st.none(),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
attributes = st.dictionaries(texts.filter(bool), values, max_size=4)
blocked = st.lists(
    st.one_of(st.sampled_from(PATTERNS), st.sampled_from([{"kind": "card"}, {"kind": "iban"}])), max_size=3
)
rules = st.fixed_dictionaries(
    {
        "blocked_values": blocked,
        "allow_all_keys": st.sampled_from([True, True, False]),
        "allowed_keys": st.just(["a", "cat"]),
        "ignored_keys": st.sampled_from([[], ["q"]]),
        "blocked_key_patterns": st.sampled_from([[], ["key", "^1"]]),
        "redact_all_types": st.booleans(),
        "summary": st.sampled_from(["info", "debug", "silent"]),
    }
)


def value_by_value(said: dict) -> Redaction:
    """The same without the look at everything."""
    redaction = Redaction("redaction", RedactionSettings(**said))
    redaction._glance = Never()
    return redaction


class Never:
    def finds_nothing(self, _span) -> bool:
        return False


def after(redaction: Redaction, name, state, of_span, of_event, of_link) -> bytes:
    span = a_span(name, of_span)
    span.trace_state = state
    span.status.message = state
    put(span.events.add(name=name).attributes, of_event)
    put(span.links.add(trace_state=state).attributes, of_link)
    request = a_request(span)
    process_spans(request, [redaction], lambda _spans: None)
    return request.SerializeToString(deterministic=True)


@settings(max_examples=300)
@given(rules, texts, texts, attributes, attributes, attributes)
def test_a_span_is_the_same_after_one_look_and_after_many(said, name, state, of_span, of_event, of_link):
    parts = (name, state, of_span, of_event, of_link)
    quick = Redaction("redaction", RedactionSettings(**said))
    assert after(quick, *parts) == after(value_by_value(said), *parts)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3), st.lists(texts, min_size=1, max_size=5))
@example([r"\Aab"], ["x", "ab"])
@example([r"ab\z"], ["ab", "x"])
@example(["(?-m)^q"], ["x", "q"])
@example([r"\Qa\E\A"], ["x", "a"])
@example(["^a", "b$"], ["x", "a", "b", "x"])
@example([r"\Bx", r"\bcat\b"], ["-", "cat", "-"])
def test_what_is_found_in_one_of_several_texts_is_found_in_all_of_them(patterns, several):
    alone, together = union(patterns), union_of_lines(patterns)
    if together is not None and any(alone.search(text) for text in several):
        assert together.search("\n".join(several)) is not None


@pytest.mark.parametrize("pattern", [r"\Aa", r"a\z", "(?-m)^a", "(?i-s:a)", r"\C"])
def test_what_is_about_a_text_as_a_whole_is_looked_for_value_by_value(pattern):
    assert union_of_lines([pattern]) is None


def test_a_span_that_says_very_much_is_looked_at_value_by_value(monkeypatch):
    monkeypatch.setattr(glance, "MAX_CHARACTERS", 10)
    redaction = Redaction("redaction", RedactionSettings(allow_all_keys=True, blocked_values=["secret"]))
    assert b"secret" not in after(redaction, "x" * 20, "", {"a": "a secret"}, {}, {})
    assert not redaction._glance.finds_nothing(a_span("x" * 20))
