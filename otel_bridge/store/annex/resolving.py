"""Finds the values that refs name (`contract/weave-api.md` §5.3, §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.model.projects import holds
from otel_bridge.query.refs import Ref, parsed
from otel_bridge.store.annex.room import Room
from otel_bridge.store.annex.versions import chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.store.annex.base import AnnexRows

MAX_HOPS: Final = 16
"""Refs that are followed on the way into one value."""
MAX_TABLE_ROWS: Final = 100_000
"""Rows of a table that a ref to the whole of it gives, at most."""
NULL: Final = b"null"


class Resolver:
    """Resolves refs over one snapshot; what it read once it does not read again.

    `projects` are globs of those that are looked into; what lies in others is as if it were not kept.
    """

    def __init__(self, rows: AnnexRows, projects: tuple[str, ...] | None = None) -> None:
        self._rows = rows
        self._projects = projects
        self._known: dict[Ref, bytes | None] = {}

    def values(self, refs: Sequence[str]) -> list[bytes]:
        """Return the JSON of each value, null for what is not kept; raise InvalidRequest for too much."""
        room, found = Room(), []
        for ref in refs:
            value = self.value(ref)
            found.append(NULL if value is None else value)
            room.take(len(found[-1]))
        return found

    def value(self, ref: str) -> bytes | None:
        """Return the JSON of the value that a ref names, None when it is not kept."""
        named = parsed(ref)
        if named is None:
            return None
        whole = self._whole(named)
        if whole is None or not named.extra:
            return whole
        found = self._within(orjson.loads(whole), named.extra, MAX_HOPS)
        return None if found is None else orjson.dumps(found)

    def _whole(self, ref: Ref) -> bytes | None:
        root = Ref(ref.project_id, ref.kind, ref.name, ref.digest)
        if root not in self._known:
            self._known[root] = self._read(root)
        return self._known[root]

    def _read(self, ref: Ref) -> bytes | None:
        if not holds(self._projects, ref.project_id):
            return None
        if ref.kind == "table":
            if self._rows.table_count(ref.project_id, ref.name) is None:
                return None
            rows = self._rows.table_rows(ref.project_id, ref.name, offset=0, limit=MAX_TABLE_ROWS)
            return b"[%b]" % b",".join(row.val for row in rows)
        if ref.kind not in {"object", "op"}:
            return None
        versions = self._rows.versions(ref.project_id, (ref.name,))
        version = chosen([v for v in versions if v.is_op == (ref.kind == "op")], ref.digest)
        return None if version is None else self._rows.values((version,))[0]

    def _within(self, value: Any, extra: Sequence[tuple[str, str]], hops: int) -> Any:
        """Walk into a value, through the refs on the way."""
        for at, (edge, name) in enumerate(extra):
            if isinstance(value, str):
                return self._beyond(value, extra[at:], hops)
            match edge, value:
                case (("attr" | "key"), dict()):
                    value = value.get(name)
                case "index", list() if name.isascii() and name.isdigit():
                    value = value[int(name)] if int(name) < len(value) else None
                case _:
                    return None
        return value

    def _beyond(self, ref: str, extra: Sequence[tuple[str, str]], hops: int) -> Any:
        """Go on behind a ref that lies on the way."""
        named = parsed(ref)
        if named is None or not hops:
            return None
        path = (*named.extra, *extra)
        if named.kind == "table" and holds(self._projects, named.project_id) and path[0][0] == "id":
            rows = self._rows.rows(named.project_id, (path[0][1],))
            found = rows.get(path[0][1])
            return None if found is None else self._within(orjson.loads(found), path[1:], hops - 1)
        whole = self._whole(named)
        return None if whole is None else self._within(orjson.loads(whole), path, hops - 1)
