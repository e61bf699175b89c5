"""What the API wrote, a line for each item of `/call/upsert_batch` (`contract/weave-api.md` §1.1).

A new name and a deletion are no items of it; they stand in the same form under the modes `update` and
`delete`, with the body of `/call/update` and `/calls/delete`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from otel_bridge.model.call import CompletedCall, DeletedCalls, EndedCall, StartedCall, UpdatedCall
from otel_bridge.translate.batch import upserts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otel_bridge.model.call import Change


def call_lines(changes: Iterable[Change]) -> Iterator[bytes]:
    """Yield the lines, each with its end."""
    for change in changes:
        match change:
            case StartedCall() | EndedCall() | CompletedCall():
                for pieces in upserts(change):
                    yield _line(b"".join(pieces))
            case UpdatedCall(project_id=project_id, id=call_id, display_name=name):
                body = {"project_id": project_id, "call_id": call_id, "display_name": name}
                yield _line(orjson.dumps({"mode": "update", "req": body}))
            case DeletedCalls(project_id=project_id, ids=ids):
                yield _line(
                    orjson.dumps({"mode": "delete", "req": {"project_id": project_id, "call_ids": ids}})
                )
            case _:
                raise TypeError(f"a {type(change).__name__} is nothing to write down")


def _line(text: bytes) -> bytes:
    """End a line; inside JSON, line breaks are white space: in a string they are escaped."""
    return text.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n"
