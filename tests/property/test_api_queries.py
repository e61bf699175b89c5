"""Whatever a read asks, it is understood or refused in words a client knows."""

from __future__ import annotations

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.api import queries
from otel_bridge.errors import NotBuilt
from otel_bridge.model.query import COLUMNS, CallsQuery
from otel_bridge.query.fields import field_of
from otel_bridge.weave.refusals import WriteRefused
from tests.property.amounts import examples

names = st.lists(st.text(max_size=5), max_size=3) | st.none()
numbers = st.integers(-2, 2**63) | st.none() | st.just("3") | st.floats()
fields = st.sampled_from([*COLUMNS, "inputs.a", "summary.weave.status", "nope", "feedback.[x]", ""])
filters = st.dictionaries(
    st.sampled_from([*queries.CallsFilterBody.model_fields, "nope"]), names | st.booleans()
)
bodies = st.fixed_dictionaries(
    {"project_id": st.sampled_from(["e/p", None, 1])},
    optional={
        "filter": filters | st.none() | st.integers(),
        "limit": numbers,
        "offset": numbers,
        "sort_by": st.lists(
            st.fixed_dictionaries({"field": fields, "direction": st.sampled_from(["asc", "desc", "up"])}),
            max_size=2,
        )
        | st.none(),
        "columns": st.lists(fields, max_size=3) | st.none(),
        "expand_columns": names,
        "query": st.none() | st.just({"$expr": {}}) | st.just({}),
        "include_costs": st.none() | st.booleans(),
        "whatever": st.integers(),
    },
)
readers = st.sampled_from([queries.calls_query, queries.calls_count, queries.one_call])


@settings(max_examples=examples(300))
@given(read=readers, body=bodies | st.integers() | st.lists(st.integers(), max_size=2))
def test_a_question_is_understood_or_refused(read, body):
    match understood(read, body):
        case NotBuilt() as error:
            assert str(error).endswith("is not offered yet; ask without it")
        case WriteRefused(status=status, body=answer):
            assert (status, *orjson.loads(answer)) in {(400, "reason"), (422, "reason"), (422, "detail")}
        case CallsQuery() as query:
            assert query.offset >= 0
            assert query.limit is None or query.limit >= 0
            assert all(field_of(key.field) for key in query.sort_by or ())
            assert query.columns is None or (query.columns and set(query.columns) <= set(COLUMNS))


def understood(read, body):
    try:
        return read(body)
    except (NotBuilt, WriteRefused) as error:
        return error
