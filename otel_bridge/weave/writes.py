"""The write routes of Weave's API: a body in, changes and an answer out (`contract/weave-api.md` §1).

Pure; a request is decoded whole or refused whole. The caller keeps the changes before it sends the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from otel_bridge.weave.ids import new_id
from otel_bridge.weave.refusals import WriteRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.model.annex import AnnexChange
    from otel_bridge.model.call import Change
    from otel_bridge.weave.base import Write

__all__ = ["WRITES", "DecodedWrite", "WriteRefused", "decode_write", "new_id"]

WRITES: Final = (
    "/call/upsert_batch",
    "/call/start",
    "/call/end",
    "/call/update",
    "/calls/delete",
    "/v2/calls/complete",
    "/v2/call/start",
    "/v2/call/end",
    "/feedback/create",
    "/feedback/batch/create",
    "/feedback/replace",
    "/feedback/purge",
    "/cost/create",
    "/cost/purge",
    "/obj/create",
    "/obj/delete",
    "/file/create",
    "/table/create",
    "/table/create_from_digests",
    "/table/update",
)
"""The keys of the routes; `{entity}/{project}` is cut out of those under `/v2`."""


class DecodedWrite(Struct, frozen=True):
    """What a write asks for: changes to apply together, and the body of the 200 that follows them."""

    changes: tuple[Change | AnnexChange, ...]
    answer: bytes


def decode_write(write: Write, new_id: Callable[[], str]) -> DecodedWrite:
    """Decode the body of a write; `new_id` makes ids for calls and traces that come without.

    Raise WriteRefused (with the 422, 400, 403 or 413 to send) when nothing of it may be kept.
    """
    # The writer process pays for pydantic (some 10 MB, 0.1 s) with the first API write, or not at all.
    from otel_bridge.weave.body import Body  # noqa: PLC0415
    from otel_bridge.weave.decoders import DECODERS  # noqa: PLC0415
    from otel_bridge.weave.touched import check_projects  # noqa: PLC0415

    body = Body(write.body, write.project_id, new_id, write.received_at, write.content_type)
    decoded = DECODERS[write.route](body)
    if write.projects is not None:
        check_projects(decoded.changes, write.projects)
    return DecodedWrite(decoded.changes, decoded.answer)
