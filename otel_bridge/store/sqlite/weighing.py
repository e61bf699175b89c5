"""Lets the reference decide about calls, and put them in order, where SQL does not (design D6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from otel_bridge.model.query import FeedbackField, JsonField
from otel_bridge.query.evaluate import reference
from otel_bridge.query.fields import is_in_span
from otel_bridge.query.ordering import key_values
from otel_bridge.query.parts import fields_in
from otel_bridge.store.annex.resolving import Resolver
from otel_bridge.store.expanding import Expander
from otel_bridge.store.remarks import remarks_on
from otel_bridge.store.seen import SeenCall, no_remarks
from otel_bridge.store.sqlite.annex import SqliteAnnexRows
from otel_bridge.store.sqlite.rendering import lines_statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import apsw

    from otel_bridge.model.query import Field
    from otel_bridge.store.seen import Remarks
    from otel_bridge.store.sqlite.rendering import RowReader
    from otel_bridge.store.sqlite.select import Search


def passing(connection: apsw.Connection, rows: RowReader, asked: Search, seqs: Sequence[int]) -> set[int]:
    """Return those of the calls that the reference lets pass."""
    residual = asked.narrowed.residual
    assert residual is not None
    test = reference(residual)
    return {seq for seq, call in _seen(connection, rows, asked, fields_in(residual), seqs) if test(call)}


def ranked(
    connection: apsw.Connection, rows: RowReader, asked: Search, seqs: Sequence[int]
) -> list[tuple[tuple[Any, ...], int]]:
    """Return the values that the reference orders calls by, and their numbers, of those still there."""
    values = key_values(asked.keys)
    fields = [key.field for key in asked.keys]
    return [(values(call), seq) for seq, call in _seen(connection, rows, asked, fields, seqs)]


def _seen(
    connection: apsw.Connection, rows: RowReader, asked: Search, fields: Iterable[Field], seqs: Sequence[int]
) -> Iterator[tuple[int, SeenCall]]:
    """Read of these calls what `fields` need; those that are gone are missing."""
    project_id = asked.query.project_id
    needed = list(fields)
    wanted = frozenset({"exception", *(field.root for field in needed if isinstance(field, JsonField))})
    args = (msgspec.json.encode(seqs).decode(), project_id)
    statement = lines_statement(wanted, dumps=any(map(is_in_span, needed)))
    found: list[Any] = connection.execute(statement, args).fetchall()
    lines = [(row[0], rows.line(project_id, row[1:])) for row in found]
    annex = SqliteAnnexRows(connection)
    remarks: Remarks = no_remarks
    if any(isinstance(field, FeedbackField) for field in needed):
        remarks = remarks_on(annex, project_id, [line.id for _, line in lines])
    expander = Expander(asked.query.expand, Resolver(annex, asked.query.projects))
    return ((seq, SeenCall(line, remarks, expander)) for seq, line in lines)
