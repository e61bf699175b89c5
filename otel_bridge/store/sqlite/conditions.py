"""Compiles a filter to SQL conditions over `calls AS c` (`contract/weave-api.md` §2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from otel_bridge.store.asked import names_and_prefixes, run_ids
from otel_bridge.store.sqlite.fragments import Sql, joined
from otel_bridge.store.sqlite.ids import PACKED, pack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.query import CallsFilter, CallsQuery

_LAST_CHARACTER = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def conditions(query: CallsQuery, project: int) -> Sql:
    """Compile the filter of a query; `project` is the number of its project."""
    asked = query.filter
    runs = asked.wb_run_ids and run_ids(query.project_id, asked.wb_run_ids)
    pieces = [Sql("c.project = ?", (project,))]
    pieces += _any_id_of("c.id", asked.call_ids)
    pieces += _any_id_of("c.trace_id", asked.trace_ids)
    pieces += _any_id_of("c.parent_id", asked.parent_ids)
    pieces += _any_of("c.wb_user_id", asked.wb_user_ids)
    pieces += _any_of("c.wb_run_id", runs)
    pieces += _any_of("c.thread_id", asked.thread_ids, empty_matches=False)
    pieces += _any_of("c.turn_id", asked.turn_ids, empty_matches=False)
    if asked.trace_roots_only:
        pieces.append(Sql("c.parent_id IS NULL"))
    if asked.op_names:
        pieces.append(_named("c.op_name", asked.op_names))
    pieces += _refers(project, 0, asked.input_refs)
    pieces += _refers(project, 1, asked.output_refs)
    return joined(" AND ", pieces)


def is_selective(asked: CallsFilter) -> bool:
    """Tell whether an index finds few calls for this filter, so that they are best selected all at once."""
    return any(
        (
            asked.call_ids,
            asked.trace_ids,
            asked.parent_ids,
            asked.thread_ids,
            asked.input_refs,
            asked.output_refs,
        )
    )


def _any_of(column: str, entries: Sequence[str] | None, *, empty_matches: bool = True) -> list[Sql]:
    if entries is None or (not entries and empty_matches):
        return []
    if len(entries) == 1:
        return [Sql(f"{column} = ?", (entries[0],))]
    return [Sql(f"{column} IN (SELECT value FROM json_each(?))", (_json(entries),))]  # noqa: S608 - a column of ours


def _any_id_of(column: str, entries: Sequence[str] | None) -> list[Sql]:
    if not entries:
        return []
    if len(entries) == 1:
        return [Sql(f"{column} = ?", (pack(entries[0]),))]
    return [Sql(f"{column} IN ({PACKED})", (_json(entries),))]


def _named(column: str, entries: Sequence[str]) -> Sql:
    exact, prefixes = names_and_prefixes(entries)
    pieces = _any_of(column, exact)
    pieces += [_starts_with(column, prefix) for prefix in prefixes]
    either = joined(" OR ", pieces)
    return Sql(f"({either.text})", either.args)


def _starts_with(column: str, prefix: str) -> Sql:
    """Compare as a range, which an index answers; UTF-8 sorts as code points do."""
    above = _after(prefix)
    if above is None:
        return Sql(f"{column} >= ?", (prefix,))
    return Sql(f"({column} >= ? AND {column} < ?)", (prefix, above))


def _after(prefix: str) -> str | None:
    """Return the least text above everything that starts with `prefix`."""
    stem = prefix.rstrip(chr(_LAST_CHARACTER))
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    if following in _SURROGATES:
        following = _SURROGATES.stop
    return stem[:-1] + chr(following)


def _refers(project: int, side: int, entries: Sequence[str] | None) -> list[Sql]:
    if not entries:
        return []
    named = _named("r.ref", entries)
    text = f"c.seq IN (SELECT r.seq FROM refs AS r WHERE r.project = ? AND r.side = ? AND {named.text})"  # noqa: S608
    return [Sql(text, (project, side, *named.args))]


def _json(entries: Sequence[str]) -> str:
    return msgspec.json.encode(entries).decode()
