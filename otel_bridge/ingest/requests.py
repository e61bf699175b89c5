"""What the writer does with one request before the store sees it: bytes in, changes and an answer out."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec import Struct

from otel_bridge.ingest import frames
from otel_bridge.ingest.fan import Fan, Shared
from otel_bridge.ingest.quarantined import erase_quarantined
from otel_bridge.ingest.repair_frames import EraseStepped, Stepped
from otel_bridge.model.annex import ANNEX_CHANGES
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.decode import decode, decode_logs, partial_message
from otel_bridge.receiver.signals import LOGS
from otel_bridge.translate.calls import announces, translate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from otel_bridge.ingest.fan import Written
    from otel_bridge.ingest.leading import Leading
    from otel_bridge.ingest.ledger import Ledger
    from otel_bridge.ingest.repair_frames import Erase
    from otel_bridge.model.annex import AnnexChange
    from otel_bridge.model.call import Change
    from otel_bridge.queue.base import NewRecord
    from otel_bridge.receiver.decode import Decoded
    from otel_bridge.receiver.decode.export import Seen
    from otel_bridge.store.base import Applied
    from otel_bridge.store.erasure import EraseCursor, Erasure
    from otel_bridge.store.retranslation import Cursor, Retranslation
    from otel_bridge.translate.options import Options


class Prepared(Struct, frozen=True):
    """A request that is ready to be applied, and what to say once it is kept.

    `changes` are for the store, `records` for the queue, `written` for exporters of this process. `unchanged`
    is the counter of `telemetry.NOTES` for changes that came again.
    """

    id: int
    changes: Sequence[Change | AnnexChange]
    received_at: int
    reply: frames.Exported | frames.Answered
    body: bytes = b""
    unchanged: str = "duplicate_spans"
    records: Sequence[NewRecord] = ()
    written: Sequence[Written] = ()

    def apply(self, ledger: Ledger) -> bytes:
        """Apply the changes in the open transaction; return what to say once it is committed."""
        return self.kept(
            ledger.apply(self.changes, self.records, received_at=self.received_at, written=self.written)
        )

    def kept(self, applied: Applied) -> bytes:
        """Return the frame that tells the service the request is durable."""
        counts = self.reply.counts | {
            self.unchanged: applied.unchanged,
            "merged_calls": applied.merged,
            "id_collisions": applied.collisions,
            "cut_log_records": applied.cut,
        }
        reply: frames.Exported | frames.Answered
        match self.reply:
            case frames.Exported(id=number, accepted=accepted, rejected=rejected, message=message):
                reply = frames.Exported(number, accepted, rejected, message, counts)
            case frames.Answered(id=number, status=status):
                reply = frames.Answered(number, status, counts)
        return frames.frame(reply, applied.answer or self.body)


class Step(Struct, frozen=True):
    """A step of a retranslation: applied and committed like a request."""

    id: int
    asked: Retranslation
    cursor: Cursor | None
    changes: Sequence[Change] = ()
    records: Sequence[NewRecord] = ()

    def apply(self, ledger: Ledger) -> bytes:
        """As `Prepared.apply`."""
        return frames.frame(Stepped(self.id, ledger.retranslate(self.asked, self.cursor)))


class EraseStep(Struct, frozen=True):
    """A step of an erasure: applied and committed like a request."""

    id: int
    asked: Erasure
    cursor: EraseCursor | None
    changes: Sequence[Change] = ()
    records: Sequence[NewRecord] = ()

    def apply(self, ledger: Ledger) -> bytes:
        """As `Prepared.apply`."""
        return frames.frame(EraseStepped(self.id, ledger.erase(self.asked, self.cursor)))


class Settlement(Struct, frozen=True):
    """A destination has what it was sent: committed like a request."""

    asked: frames.Settle
    changes: Sequence[Change] = ()
    records: Sequence[NewRecord] = ()

    @property
    def id(self) -> int:
        """The number of the request."""
        return self.asked.id

    def apply(self, ledger: Ledger) -> bytes:
        """As `Prepared.apply`."""
        asked = self.asked
        ledger.settle(asked.destination, asked.lane, asked.through, dead=asked.dead, damaged=asked.damaged)
        return frames.frame(frames.Done(asked.id))


def prepare_erase(request: Erase, quarantine: Path) -> EraseStep:
    """Return a step of an erasure; the first one looks at what is in quarantine."""
    if request.cursor is None and not request.asked.dry_run:
        erase_quarantined(quarantine, request.asked)
    return EraseStep(request.id, request.asked, request.cursor)


def prepare_export(
    request: frames.ExportSpans,
    body: bytes,
    *,
    default_project: str | None,
    options: Options,
    store: bool = True,
    fan: Fan | None = None,
    leading: Leading | None = None,
    own_instance: str | None = None,
    seen: Seen | None = None,
) -> Prepared:
    """Decode an OTLP request; raise InvalidRequest when it cannot be decoded.

    For a store spans are translated, `fan` shares them out among others. Spans that only announce others are
    counted and become neither. `leading` is what pipelines make of it, where they make anything. `seen` as in
    `decode`.
    """
    export = Export(
        body=body,
        encoding=Encoding(request.encoding),
        received_ns=request.received_ns,
        project_id=request.project_id,
        wb_run_id=request.wb_run_id,
        projects=request.projects,
        own_instance=own_instance,
    )
    if leading is not None:
        return leading.export(request, export, default_project=default_project, options=options, seen=seen)
    decoded = decode(export, default_project=default_project, seen=seen)
    spans = [span for span in decoded.spans if not announces(span)]
    counts, announced = decoded.counts, len(decoded.spans) - len(spans)
    return prepared_export(
        request,
        decoded,
        counts | {"announced_spans": announced} if announced else counts,
        accepted=len(decoded.spans),
        changes=[translate(span, options) for span in spans] if store else (),
        shared=fan.spans(spans) if fan else Shared(),
    )


def prepared_export(
    request: frames.ExportSpans,
    decoded: Decoded,
    counts: dict[str, int],
    *,
    accepted: int,
    changes: Sequence[Change],
    shared: Shared,
) -> Prepared:
    """Return a request that is ready to be applied; `decoded` says why spans were rejected."""
    message = partial_message(decoded.reasons, decoded.warnings)
    reply = frames.Exported(request.id, accepted, decoded.rejected, message, counts | shared.counts)
    return Prepared(
        request.id,
        changes,
        request.received_ns // 1000,
        reply,
        records=shared.records,
        written=shared.written,
    )


def prepare_logs(
    request: frames.ExportLogs,
    body: bytes,
    *,
    default_project: str | None,
    leading: Leading | None = None,
) -> Prepared:
    """Decode an OTLP request of log records; raise InvalidRequest when it cannot be decoded.

    `leading` as in `prepare_export`.
    """
    export = Export(
        body=body,
        encoding=Encoding(request.encoding),
        received_ns=request.received_ns,
        signal=LOGS,
        project_id=request.project_id,
        projects=request.projects,
    )
    counts: dict[str, int] = {}
    if leading is None:
        decoded = decode_logs(export, default_project=default_project)
    else:
        lead = leading.logs(request.receiver, counts)
        decoded = decode_logs(export, default_project=default_project, lead=lead)
    reply = frames.Exported(
        request.id,
        decoded.accepted,
        decoded.rejected,
        partial_message(decoded.reasons, decoded.warnings),
        decoded.counts | counts,
    )
    received_at = request.received_ns // 1000
    return Prepared(request.id, decoded.spans, received_at, reply, unchanged="duplicate_logs")


def prepare_write(
    request: frames.WriteCalls, body: bytes, *, fan: Fan | None = None, leading: Leading | None = None
) -> Prepared:
    """Decode the body of a write route; a refused body becomes an answer without changes.

    What is kept beside calls goes to a store only. `fan` and `leading` as in `prepare_export`.
    """
    from otel_bridge.weave.base import Write  # noqa: PLC0415 - pydantic, only where the API is written to
    from otel_bridge.weave.writes import WriteRefused, decode_write, new_id  # noqa: PLC0415 - the same

    write = Write(
        route=request.route,
        body=body,
        received_at=request.received_at,
        project_id=request.project_id,
        content_type=request.content_type,
        projects=request.projects,
    )
    try:
        decoded = decode_write(write, new_id=new_id)
    except WriteRefused as refused:
        return Prepared(request.id, (), request.received_at, _answer(request, refused.status), refused.body)
    received_ns = request.received_at * 1000
    if leading is not None:
        changes, shared = leading.written(decoded.changes, received_ns)
    else:
        calls = [each for each in decoded.changes if not isinstance(each, ANNEX_CHANGES)] if fan else []
        changes = decoded.changes
        shared = (fan or Fan()).changes(cast("list[Change]", calls), received_ns)
    return Prepared(
        request.id,
        changes,
        request.received_at,
        _answer(request, 200, shared.counts),
        decoded.answer,
        records=shared.records,
        written=shared.written,
    )


def _answer(request: frames.WriteCalls, status: int, counts: dict[str, int] | None = None) -> frames.Answered:
    return frames.Answered(request.id, status, counts or {})
