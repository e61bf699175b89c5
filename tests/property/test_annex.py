"""Both stores keep and answer alike what lies beside calls; feedback against a plain list of rows."""

from __future__ import annotations

import tempfile
from pathlib import Path

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_bridge.errors import BridgeError
from otel_bridge.model import annex
from otel_bridge.model import query as e
from otel_bridge.model import questions as q
from otel_bridge.query.annex_fields import feedback_field
from otel_bridge.query.refs import call_ref
from tests.contract.store.annex_records import a_price, a_remark
from tests.contract.store.records import PROJECT, T0, Store, a_call, a_deletion, call_id
from tests.property.amounts import examples

CALM = settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
projects = st.sampled_from([PROJECT, PROJECT, "acme/other"])
names = st.sampled_from(["a", "b", "c", "d'; --"])
texts = st.sampled_from(["", "x", "10", "9", "Ä", "ä", "true", "null"]) | st.text(max_size=3)
scalars = st.none() | st.booleans() | st.integers(-3, 12) | st.sampled_from([0.5, 5.0, -1.5]) | texts
payloads = st.dictionaries(
    st.sampled_from(["output", "note", "x"]),
    scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.just("y"), scalars),
)
kinds = st.sampled_from(["wandb.note.1", "wandb.runnable.judge", "custom"])


@st.composite
def rows(draw) -> annex.Feedback:
    return a_remark(
        draw(names),
        draw(st.sampled_from([1, 2, None])),
        project_id=draw(projects),
        feedback_type=draw(kinds),
        payload=draw(payloads),
        runnable_ref=draw(st.none() | texts),
    )


objects = st.builds(
    lambda name, value, project, op: annex.KeepObject(
        version=annex.Version(
            project_id=project, object_id=name, digest=f"d{value}", is_op=op, val=orjson.dumps(value)
        )
    ),
    st.sampled_from(["one", "two"]),
    st.integers(0, 3),
    projects,
    st.booleans(),
)
deletions = st.builds(
    annex.DeleteObject,
    project_id=projects,
    object_id=st.sampled_from(["one", "two"]),
    digests=st.none() | st.lists(st.sampled_from(["latest", "v0", "v1", "d0", "d1"]), max_size=2).map(tuple),
)
table_rows = st.integers(0, 4).map(lambda n: annex.Row(f"r{n}", orjson.dumps({"x": n})))
tables = st.builds(
    lambda own, project: annex.KeepTable(
        project_id=project, digest="t" + "".join(row.digest for row in own), rows=tuple(own)
    ),
    st.lists(table_rows, max_size=3),
    projects,
)
updates = st.builds(
    annex.UpdateTable,
    project_id=projects,
    base_digest=st.sampled_from(["t", "tr1", "tr2r1"]),
    updates=st.lists(
        st.builds(annex.Append, table_rows)
        | st.builds(annex.Insert, st.integers(0, 2), table_rows)
        | st.builds(annex.Pop, st.integers(0, 2)),
        max_size=3,
    ).map(tuple),
)
prices = st.builds(
    lambda name, model, project: annex.KeepPrices(prices=(a_price(name, model, project_id=project),)),
    names,
    st.sampled_from(["m", "n"]),
    projects,
)
changes = (
    st.builds(
        annex.KeepFeedback,
        rows=st.lists(rows(), min_size=1, max_size=3).map(tuple),
        replaces=st.none() | names,
    )
    | st.builds(annex.PurgeFeedback, project_id=projects, ids=st.lists(names, max_size=2).map(tuple))
    | prices
    | st.builds(annex.PurgePrices, project_id=projects, ids=st.lists(names, max_size=2).map(tuple))
    | objects
    | deletions
    | tables
    | updates
    | st.sampled_from([a_call(1), a_call(2, parent_id=call_id(1)), a_deletion(1), a_deletion(2)])
)

literals = st.builds(e.Literal, scalars)
fields = st.sampled_from(
    ["id", "weave_ref", "feedback_type", "payload", "payload.output", "payload.x.y", "runnable_ref"]
).map(lambda name: e.GetField(feedback_field(name)))
known_refs = st.sampled_from([call_ref(PROJECT, call_id(1)), f"weave:///{PROJECT}/object/x:1", "x"])
by_ref = st.builds(
    lambda ref: e.Compare("eq", e.GetField(feedback_field("weave_ref")), e.Literal(ref)), known_refs
)
by_ids = st.builds(
    lambda ids: e.In(e.GetField(feedback_field("id")), tuple(map(e.Literal, ids))),
    st.lists(names, max_size=3),
)
leaves = (
    by_ref
    | by_ids
    | st.builds(e.Compare, st.sampled_from(["eq", "gt", "gte", "lt", "lte"]), fields, literals)
    | st.builds(e.Contains, fields, literals, st.booleans())
)
expressions = st.recursive(
    leaves,
    lambda inner: (
        st.builds(e.Not, inner)
        | st.builds(e.And, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(e.Or, st.lists(inner, min_size=1, max_size=3).map(tuple))
    ),
    max_leaves=5,
)
sorts = st.lists(
    st.builds(
        e.SortBy,
        st.sampled_from(["id", "feedback_type", "payload.output", "created_at"]),
        st.sampled_from(["asc", "desc"]),
    ),
    max_size=2,
).map(tuple)
questions = (
    st.builds(
        q.AskFeedback,
        project_id=projects,
        query=st.none() | expressions,
        sort_by=sorts,
        limit=st.none() | st.integers(0, 3),
        offset=st.integers(0, 2),
    )
    | st.builds(q.AskPrices, project_id=projects)
    | st.builds(
        q.AskObjects,
        project_id=projects,
        filter=st.builds(
            q.ObjectsFilter, latest_only=st.none() | st.booleans(), is_op=st.none() | st.booleans()
        ),
    )
    | st.builds(
        q.AskObject,
        project_id=projects,
        object_id=st.sampled_from(["one", "two"]),
        digest=st.sampled_from(["latest", "v0", "v1", "d2"]),
    )
    | st.builds(
        q.AskTable,
        project_id=projects,
        digest=st.sampled_from(["t", "tr1", "tr2r1", "tr1r1"]),
        row_digests=st.none() | st.just(("r1", "r9")),
        limit=st.none() | st.integers(0, 2),
        offset=st.integers(0, 2),
    )
    | st.builds(q.AskSizes, project_id=projects)
    | st.builds(q.AskProjects, limit=st.integers(1, 3))
    | st.builds(q.AskUnknownCalls, project_id=projects, call_ids=st.just((call_id(1), call_id(2), "x")))
)


def outcome(ask, *args, **named):
    """What came of it: the answer, or the refusal."""
    try:
        return ask(*args, **named)
    except BridgeError as error:
        return type(error), str(error)


@CALM
@given(st.lists(changes, max_size=10), st.lists(questions, min_size=1, max_size=5))
def test_both_stores_keep_and_answer_alike(history, asked):
    with tempfile.TemporaryDirectory() as folder:
        stores = [Store("memory", Path(folder)), Store("sqlite", Path(folder) / "calls.db")]
        for at, change in enumerate(history):
            memory, sqlite = (outcome(s.write, change, received_at=T0 + at) for s in stores)
            assert memory == sqlite
            for store in stores:
                store.writer.rollback()
        for question in asked:
            memory, sqlite = (outcome(s.reader.answer, question) for s in stores)
            assert memory == sqlite, question
        for store in stores:
            store.close()


kept = st.builds(annex.KeepFeedback, rows=st.lists(rows(), min_size=1, max_size=3).map(tuple))
purges = st.builds(annex.PurgeFeedback, project_id=projects, ids=st.lists(names, max_size=2).map(tuple))


@CALM
@given(st.lists(kept | purges, max_size=8), st.data())
def test_feedback_is_a_list_in_which_an_id_keeps_its_first_place_and_its_last_content(history, data):
    store, model = Store("memory", Path()), {}
    for change in history:
        again = data.draw(st.booleans())
        for _ in range(1 + again):  # a sender that never saw the answer repeats
            store.write(change)
        match change:
            case annex.KeepFeedback(rows=rows_):
                model.update(
                    {(row.project_id, row.id): orjson.loads(row.members)["payload"] for row in rows_}
                )
            case annex.PurgeFeedback(project_id=project_id, ids=ids):
                for one in ids:
                    model.pop((project_id, one), None)

    for project in (PROJECT, "acme/other"):
        answer = orjson.loads(store.reader.answer(q.AskFeedback(project_id=project)))
        found = [((project, row["id"]), row["payload"]) for row in answer["result"]]
        assert found == [(key, payload) for key, payload in model.items() if key[0] == project]


@CALM
@given(st.lists(rows(), max_size=6), expressions)
def test_what_an_index_narrows_is_what_the_expression_would_have_found(own, expression):
    with tempfile.TemporaryDirectory() as folder:
        store = Store("sqlite", Path(folder) / "calls.db")
        if own:
            store.write(annex.KeepFeedback(rows=tuple(own)))
        narrowed = q.AskFeedback(project_id=PROJECT, query=expression)
        everything = e.Or((expression, e.And((expression, e.Literal(True)))))
        looked_at = q.AskFeedback(project_id=PROJECT, query=e.Not(e.Not(everything)))
        assert store.reader.answer(narrowed) == store.reader.answer(looked_at)
        store.close()
