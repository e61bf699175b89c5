"""Expressions and sort keys over stored calls, in every store (`contract/weave-api.md` §2.3, §2.4)."""

from __future__ import annotations

import itertools

import orjson
import pytest

from otel_bridge.errors import QueryTimeout
from otel_bridge.model import query as q
from otel_bridge.model.annex import Feedback, KeepFeedback
from otel_bridge.query.fields import field_of
from otel_bridge.store.sqlite import scan
from otel_bridge.store.sqlite.deadlines import SCAN_SECONDS
from tests.contract.store.records import PROJECT, T0, a_call, a_span, a_start, call_id

TEXTS = [
    "'; DROP TABLE calls; --", '" OR 1=1 --', "100%", "a_b", "*", "?", "[x]", "[", "x]", "\\", '"', "\x00",
    "a\nb", "é", "\U0001f600", "?1", ":name", "$x", "{}", "%s", "); DELETE FROM calls; (", "a" * 2000,
]  # fmt: skip


def get(name):
    return q.GetField(field_of(name))


def eq(name, value):
    return q.Compare("eq", get(name), q.Literal(value))


def contains(name, part, *, fold=False):
    return q.Contains(get(name), q.Literal(part), fold)


def with_inputs(number, tree, **members):
    return a_start(number, inputs=orjson.dumps(tree), **members)


class TestTheWholeSpan:
    """`attributes.otel_span` is no stored tree, but it can be asked for as if it were."""

    @pytest.fixture
    def filled(self, store):
        store.write(
            a_span(1, span=b"one"),
            a_span(2, span=b"two", attributes=b'{"otel_span":{"record":"one"}}'),
            a_start(3, otel_dump=b'{"record":"one","list":[{"n":5}]}'),
            a_start(4, attributes=b'{"otel_span":{"record":"one"}}'),
            a_start(5),
        )
        return store

    def test_is_compared_as_it_is_shown(self, filled):
        assert filled.numbers(query=eq("attributes.otel_span.record", "one")) == [1, 3, 4]
        assert filled.numbers(query=eq("attributes.otel_span.list.0.n", 5)) == [3]
        assert filled.numbers(query=contains("attributes.otel_span", "TWO", fold=True)) == [2]

    def test_may_be_missing(self, filled):
        missing = eq("attributes.otel_span", None)
        assert filled.numbers(query=missing) == [5]
        assert filled.numbers(query=q.Not(missing)) == [1, 2, 3, 4]

    def test_may_be_one_condition_of_several_and_a_sort_key(self, filled):
        both = q.And((eq("id", call_id(3)), eq("attributes.otel_span.record", "one")))
        assert filled.numbers(query=both) == [3]
        assert filled.count(query=eq("attributes.otel_span.record", "one"), limit=2) == 2
        assert filled.numbers(sort_by=(q.SortBy("attributes.otel_span.record", "desc"),)) == [2, 4, 3, 1, 5]

    def test_is_no_part_of_the_attributes_as_a_whole(self, filled):
        assert filled.numbers(query=contains("attributes", "two")) == []


@pytest.mark.parametrize("text", TEXTS)
class TestTextStaysText:
    """Whatever stands at a place for text is text, in values, in keys and in what is asked."""

    @pytest.fixture
    def filled(self, store, text):
        store.write(
            with_inputs(1, {"x": text, "list": [text]}, display_name=text.replace("\x00", "")),
            with_inputs(2, {"x": "other", "y": 1}),
            with_inputs(3, {"x": f"<{text}>"}),
        )
        return store

    def test_as_a_literal(self, filled, text):
        assert filled.numbers(query=eq("inputs.x", text)) == [1]
        assert filled.numbers(query=q.In(get("inputs.x"), (q.Literal(text), q.Literal(5)))) == [1]
        assert filled.numbers(query=eq("display_name", text.replace("\x00", ""))) == [1]

    def test_as_a_substring(self, filled, text):
        assert filled.numbers(query=contains("inputs.x", text)) == [1, 3]
        assert filled.numbers(query=contains("inputs.x", text, fold=True)) == [1, 3]

    def test_as_a_part_of_the_whole_tree(self, filled, text):
        written = orjson.dumps(text).decode()
        assert filled.numbers(query=contains("inputs", written)) == [1]
        assert filled.numbers(query=contains("inputs", written, fold=True)) == [1]
        assert filled.numbers(query=contains("inputs.list", written)) == [1]

    def test_as_a_key(self, store, text):
        key = text.replace("\\", "") or "k"  # a path has no way to write a backslash before a dot
        store.write(with_inputs(1, {key: "here"}), with_inputs(2, {"other": "here"}))
        name = "inputs." + key.replace(".", r"\.")
        if len(name) > 2048:
            pytest.skip("longer than a name may be")
        assert store.numbers(query=eq(name, "here")) == [1]
        assert store.numbers(sort_by=(q.SortBy(name, "desc"),)) == [1, 2]

    def test_as_a_type_of_feedback(self, store, text):
        kind = text.replace("]", "") or "k"
        store.write(a_call(1), a_call(2))
        store.write(remark("f", 1, {"x": 5}, kind=kind))
        assert store.numbers(query=eq(f"feedback.[{kind}].payload.x", 5)) == [1]


def remark(name, number, payload, *, kind="wandb.runnable.judge", runnable_ref=None):
    row = Feedback(
        project_id=PROJECT,
        id=name,
        weave_ref=f"weave:///{PROJECT}/call/{call_id(number)}",
        feedback_type=kind,
        members=orjson.dumps({"id": name, "payload": payload, "runnable_ref": runnable_ref}),
    )
    return KeepFeedback(rows=(row,))


class TestSorting:
    """The example of §2.4."""

    @pytest.fixture
    def filled(self, store):
        values = [1, None, "missing", "a", 10, "b", 2]
        store.write(
            *(
                with_inputs(number, {} if value == "missing" else {"x": value}, started_at=T0 + number)
                for number, value in enumerate(values, 1)
            )
        )
        return store

    def sorted_values(self, store, direction):
        found = store.calls(sort_by=(q.SortBy("inputs.x", direction), q.SortBy("started_at", "asc")))
        return [call["inputs"].get("x", "missing") for call in found]

    def test_descending(self, filled):
        assert self.sorted_values(filled, "desc") == [10, 2, 1, "b", "a", None, "missing"]

    def test_ascending(self, filled):
        assert self.sorted_values(filled, "asc") == [1, 2, 10, "a", "b", None, "missing"]

    def test_pages_do_not_overlap(self, filled):
        sort_by = (q.SortBy("inputs.x", "desc"),)
        pages = [filled.numbers(sort_by=sort_by, limit=2, offset=offset) for offset in range(0, 8, 2)]
        assert list(itertools.chain(*pages)) == filled.numbers(sort_by=sort_by)

    def test_by_feedback(self, filled):
        for number, score in ((1, 0.5), (5, 9), (7, "x")):
            filled.write(remark(f"f{number}", number, {"output": score}))
        sort_by = (q.SortBy("feedback.[wandb.runnable.judge].payload.output", "desc"),)
        assert filled.numbers(sort_by=sort_by)[:3] == [5, 1, 7]

    def test_by_latency_with_running_calls_last(self, store):
        store.write(a_call(1), a_start(2), a_call(3, started_at=T0 - 1000))
        for direction, expected in (("asc", [1, 3, 2]), ("desc", [3, 1, 2])):
            assert store.numbers(sort_by=(q.SortBy("summary.weave.latency_ms", direction),)) == expected


class TestFeedback:
    @pytest.fixture
    def filled(self, store):
        store.write(*(a_call(number) for number in range(1, 5)))
        store.write(remark("a", 1, {"output": {"passed": False}}))
        store.write(remark("b", 1, {"output": {"passed": True}}, runnable_ref="weave:///e/p/op/judge:v1"))
        store.write(remark("c", 2, {"output": ""}))
        store.write(remark("d", 3, {"note": "one"}, kind="wandb.note.1"))
        store.write(remark("e", 3, {"note": "two"}, kind="wandb.note.1"))
        return store

    def test_the_newest_verdict_of_a_scorer_counts(self, filled):
        name = "feedback.[wandb.runnable.judge].payload.output.passed"
        assert filled.numbers(query=eq(name, True)) == [1]
        assert filled.numbers(query=eq(name, False)) == []

    def test_any_note_counts(self, filled):
        for note in ("one", "two"):
            assert filled.numbers(query=eq("feedback.[wandb.note.1].payload.note", note)) == [3]
            assert filled.numbers(query=contains("feedback.[*].payload", note)) == [3]

    def test_scored_by(self, filled):
        """The SDK asks so for calls that have a verdict: missing reads as an empty text."""
        query = q.Not(eq("feedback.[wandb.runnable.judge].payload.output", ""))
        assert filled.numbers(query=query) == [1]
        by_ref = eq("feedback.[wandb.runnable.judge].runnable_ref", "weave:///e/p/op/judge:v1")
        assert filled.numbers(query=by_ref) == [1]

    def test_calls_without_feedback_can_be_asked_for(self, filled):
        query = eq("feedback.[*].payload", None)
        assert filled.numbers(query=query) == [4]
        assert filled.count(query=query) == 1


NO_FEEDBACK = q.Compare("eq", get("feedback.[*].payload"), get("feedback.[a].payload"))


class TestLongScans:
    @pytest.fixture
    def filled(self, store, monkeypatch):
        monkeypatch.setattr(scan, "WINDOW_CALLS", 7)
        monkeypatch.setattr(scan, "WEIGHED_CALLS", 5)
        monkeypatch.setattr(scan, "SLICE_CALLS", 3)
        monkeypatch.setattr(scan, "PART_CALLS", 4)
        store.write(*(with_inputs(n, {"x": n % 5}, started_at=T0 + n % 9) for n in range(1, 41)))
        return store

    @pytest.mark.parametrize(
        "query",
        [
            eq("inputs.x", 3),
            contains("inputs", '"x":3'),
            q.And(
                (eq("inputs.x", 3), q.Compare("eq", get("feedback.[*].payload"), get("feedback.[a].payload")))
            ),
        ],
        ids=["pushed", "text", "decided by the reference"],
    )
    @pytest.mark.parametrize("direction", ["asc", "desc"])
    def test_many_short_statements_find_what_one_would(self, filled, query, direction):
        sort_by = (q.SortBy("started_at", direction),)
        every = filled.numbers(sort_by=sort_by)
        expected = [number for number in every if number % 5 == 3]
        assert filled.numbers(query=query, sort_by=sort_by) == expected
        for limit, offset in ((3, 0), (3, 2), (100, 7), (1, 100), (0, 0)):
            page = filled.numbers(query=query, sort_by=sort_by, limit=limit, offset=offset)
            assert page == expected[offset : offset + limit]

    def test_calls_that_arrive_meanwhile_are_not_in_later_parts(self, filled):
        if filled.kind == "memory":
            pytest.skip("answers in one part")
        query = q.CallsQuery(project_id=PROJECT, query=eq("inputs.x", 3))
        plan = filled.reader.plan(query)
        seqs = list(plan.seqs)
        filled.write(with_inputs(99, {"x": 3}, started_at=T0 + 100))
        while plan.after is not None:
            plan = filled.reader.plan(query, after=plan.after)
            seqs += plan.seqs
        assert len(seqs) == 8

    def test_a_scan_that_takes_too_long_says_so(self, filled):
        if filled.kind == "memory":
            pytest.skip("has no deadline")
        clock = itertools.count(step=SCAN_SECONDS / 2)
        filled.reader._clock = lambda: next(clock)
        filled.reader.run = patiently(filled.reader)
        with pytest.raises(QueryTimeout, match="longer than 20 s"):
            filled.reader.plan(q.CallsQuery(project_id=PROJECT, query=contains("inputs", "nowhere")))

    @pytest.mark.parametrize("ask", ["plan", "count"])
    def test_calls_that_the_reference_weighs_have_a_deadline_too(self, filled, ask):
        if filled.kind == "memory":
            pytest.skip("has no deadline")
        clock = itertools.count(step=SCAN_SECONDS / 2)
        filled.reader._clock = lambda: next(clock)
        filled.reader.run = patiently(filled.reader)
        filled.reader.passing = lambda _asked, _seqs: set()
        by_name = (q.SortBy("op_name", "asc"),)
        asked = q.CallsQuery(project_id=PROJECT, query=NO_FEEDBACK, sort_by=by_name)
        with pytest.raises(QueryTimeout, match="longer than 20 s"):
            getattr(filled.reader, ask)(asked)


def patiently(reader):
    """Let single statements take their time, so that only the scan as a whole is late."""
    connection = reader._borrow()
    return lambda sql: connection.execute(sql.text, sql.args).fetchall()
