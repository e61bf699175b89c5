"""What the writer does with one request before the store sees it: bytes in, changes and an answer out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from otel_bridge.ingest import frames
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.decode import decode, partial_message
from otel_bridge.translate.calls import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.annex import AnnexChange
    from otel_bridge.model.call import Change
    from otel_bridge.store.base import Applied


class Prepared(Struct, frozen=True):
    """A request that is ready to be applied, and what to say once it is kept."""

    id: int
    changes: Sequence[Change | AnnexChange]
    received_at: int
    reply: frames.Exported | frames.Answered
    body: bytes = b""

    def kept(self, applied: Applied) -> bytes:
        """Return the frame that tells the service the request is durable."""
        counts = self.reply.counts | {
            "duplicate_spans": applied.unchanged,
            "merged_calls": applied.merged,
            "id_collisions": applied.collisions,
        }
        reply: frames.Exported | frames.Answered
        match self.reply:
            case frames.Exported(id=number, accepted=accepted, rejected=rejected, message=message):
                reply = frames.Exported(number, accepted, rejected, message, counts)
            case frames.Answered(id=number, status=status):
                reply = frames.Answered(number, status, counts)
        return frames.frame(reply, applied.answer or self.body)


def prepare_export(request: frames.ExportSpans, body: bytes, *, default_project: str | None) -> Prepared:
    """Decode and translate an OTLP request; raise InvalidRequest when it cannot be decoded."""
    export = Export(
        body=body,
        encoding=Encoding(request.encoding),
        received_ns=request.received_ns,
        project_id=request.project_id,
        wb_run_id=request.wb_run_id,
    )
    decoded = decode(export, default_project=default_project)
    changes = [translate(span) for span in decoded.spans]
    reply = frames.Exported(
        request.id,
        len(changes),
        decoded.rejected,
        partial_message(decoded.reasons, decoded.warnings),
        decoded.counts,
    )
    return Prepared(request.id, changes, request.received_ns // 1000, reply)


def prepare_write(request: frames.WriteCalls, body: bytes) -> Prepared:
    """Decode the body of a write route; a refused body becomes an answer without changes."""
    from otel_bridge.weave.base import Write  # noqa: PLC0415 - pydantic, only where the API is written to
    from otel_bridge.weave.writes import WriteRefused, decode_write, new_id  # noqa: PLC0415 - the same

    write = Write(
        route=request.route,
        body=body,
        received_at=request.received_at,
        project_id=request.project_id,
        content_type=request.content_type,
    )
    try:
        decoded = decode_write(write, new_id=new_id)
    except WriteRefused as refused:
        return Prepared(request.id, (), request.received_at, _answer(request, refused.status), refused.body)
    return Prepared(request.id, decoded.changes, request.received_at, _answer(request, 200), decoded.answer)


def _answer(request: frames.WriteCalls, status: int) -> frames.Answered:
    return frames.Answered(request.id, status, {})
