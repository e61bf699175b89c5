"""The service's side of keeping calls: `Consume` for the receivers, `Calls` for the API."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from otel_bridge.errors import Retryable, Unavailable
from otel_bridge.ingest import frames
from otel_bridge.ingest.child import Child, UnhandledInChild, background
from otel_bridge.ingest.disk import Disk
from otel_bridge.ingest.examining_frames import AskPath, AskSenders, PathTold, SendersTold
from otel_bridge.ingest.outbox import ServiceOutbox
from otel_bridge.ingest.repair_frames import BackedUp, BackUp, Erase, EraseStepped, Retranslate, Stepped
from otel_bridge.ingest.scoring import ServiceScoring
from otel_bridge.ingest.scoring_frames import BacklogChanged
from otel_bridge.ingest.settings import STORE_FILE
from otel_bridge.receiver.base import Outcome
from otel_bridge.receiver.signals import LOGS
from otel_bridge.store.base import Plan
from otel_bridge.weave.base import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from otel_bridge.ingest.disk import DiskState
    from otel_bridge.ingest.settings import WriterSettings
    from otel_bridge.model.path import Step
    from otel_bridge.model.query import CallsQuery
    from otel_bridge.model.questions import Question
    from otel_bridge.model.senders import Sender
    from otel_bridge.receiver.base import Export
    from otel_bridge.store.copying import Copied, CopyAsked
    from otel_bridge.store.erasure import EraseCursor, Erased, Erasure
    from otel_bridge.store.retranslation import Cursor, Retranslated, Retranslation
    from otel_bridge.telemetry import Telemetry
    from otel_bridge.weave.base import Write

PING_SECONDS: Final = 1.0
SILENT_SECONDS: Final = 5.0
"""Without an answer for this long the writer counts as stuck (`/livez`)."""

ReplyT = TypeVar("ReplyT", bound=frames.Reply)


class Keeper:
    """Hands requests to the writer and the reader process and waits for their replies.

    `outbox` is there where calls go on to upstreams, `scoring` where they are kept.
    """

    def __init__(
        self,
        writer: Child,
        reader: Child | None,
        data_dir: Path,
        telemetry: Telemetry,
        outbox: ServiceOutbox | None,
        scoring: ServiceScoring | None,
    ) -> None:
        self._writer = writer
        self._reading = reader
        self._data_dir = data_dir
        self.outbox = outbox
        self._hearing = outbox
        self.scoring = scoring
        self._telemetry = telemetry
        self._heard = 0.0
        self.disk: DiskState = "ok"

    async def export(self, export: Export) -> Outcome:
        """`Consume`: return when the spans or log records are committed."""
        self._check_disk()
        request = _request(self._writer.number(), export)
        with self._telemetry.tracing.asking(request.id):
            reply, _ = await self._ask(self._writer, request, frames.Exported, export.body)
        return Outcome(
            accepted=reply.accepted, rejected=reply.rejected, message=reply.message, counts=reply.counts
        )

    async def write(self, write: Write) -> Answer:
        """`Calls.write`: return when the calls are committed."""
        self._check_disk()
        request = frames.WriteCalls(
            self._writer.number(),
            write.route,
            write.received_at,
            write.project_id,
            write.content_type,
            write.projects,
        )
        with self._telemetry.tracing.asking(request.id):
            reply, body = await self._ask(self._writer, request, frames.Answered, write.body)
        self._telemetry.notes(reply.counts)
        return Answer(reply.status, body)

    async def retranslate(self, asked: Retranslation, cursor: Cursor | None) -> Retranslated:
        """`Calls.retranslate`: return when the step is committed."""
        request = Retranslate(self._writer.number(), asked, cursor)
        reply, _ = await self._ask(self._writer, request, Stepped)
        return reply.result

    async def erase(self, asked: Erasure, cursor: EraseCursor | None) -> Erased:
        """`Calls.erase`: return when the step is committed."""
        reply, _ = await self._ask(self._writer, Erase(self._writer.number(), asked, cursor), EraseStepped)
        return reply.result

    async def back_up(self, asked: CopyAsked) -> Copied:
        """`Calls.back_up`."""
        reply, _ = await self._ask(self._writer, BackUp(self._writer.number(), asked), BackedUp)
        return reply.result

    async def reconfigure(self, settings: WriterSettings) -> None:
        """Have all that comes from now on kept by other settings, which are about the same directories.

        Raise Unavailable when it cannot be: then nothing has changed.
        """
        if settings.queue is not None:
            self.coming_outbox()
        body = msgspec.json.encode(settings)
        await self._ask(self._writer, frames.Reconfigure(self._writer.number()), frames.Done, body)
        self._writer.restart_with([body.decode()])
        if settings.queue is not None:
            await self.coming_outbox().changes(0)  # it knows how full the queue is
            self.outbox = self._hearing

    def coming_outbox(self) -> ServiceOutbox:
        """Return the outbox of the queue that there is, or that is to be opened."""
        if self._hearing is None:
            self._hearing = ServiceOutbox()
            self._hearing.reach(self._writer)
        return self._hearing

    def hear(self, news: frames.QueueChanged | BacklogChanged) -> None:
        """Take what the writer tells without being asked."""
        match news:
            case frames.QueueChanged() if self._hearing is not None:
                self._hearing.hear(news)
            case BacklogChanged() if self.scoring is not None:
                self.scoring.hear(news)
            case _:
                pass

    async def plan(self, query: CallsQuery, *, after: bytes | None = None) -> Plan:
        """`CallReader.plan`."""
        request = frames.PlanQuery(self._reader.number(), query, after)
        reply, _ = await self._ask(self._reader, request, frames.Planned)
        return Plan(reply.seqs, reply.after)

    async def lines(self, query: CallsQuery, seqs: tuple[int, ...]) -> bytes:
        """`CallReader.lines`."""
        request = frames.RenderLines(self._reader.number(), query, seqs)
        _, body = await self._ask(self._reader, request, frames.Rendered)
        return body

    async def spans(self, project_id: str, seqs: tuple[int, ...]) -> bytes:
        """`CallReader.spans`."""
        request = frames.FetchSpans(self._reader.number(), project_id, seqs)
        _, body = await self._ask(self._reader, request, frames.Rendered)
        return body

    async def count(self, query: CallsQuery) -> int:
        """`CallReader.count`."""
        request = frames.CountCalls(self._reader.number(), query)
        reply, _ = await self._ask(self._reader, request, frames.Counted)
        return reply.count

    async def answer(self, question: Question) -> bytes:
        """`CallReader.answer`."""
        request = frames.Ask(self._reader.number(), question)
        _, body = await self._ask(self._reader, request, frames.Told)
        return body

    async def senders(self) -> tuple[Sender, ...]:
        """Return who sent since the writer started, the last heard of first."""
        reply, _ = await self._ask(self._writer, AskSenders(self._writer.number()), SendersTold)
        return reply.senders

    async def path(self, receiver: str, body: bytes) -> tuple[Step, ...]:
        """Return the way that an export request (protobuf) would take, keeping nothing."""
        reply, _ = await self._ask(self._writer, AskPath(self._writer.number(), receiver), PathTold, body)
        return reply.steps

    async def open_store(self) -> None:
        """Tell the reader where the store is, if there is one."""
        if self._reading is not None:
            path = str(self._data_dir / STORE_FILE)
            await self._ask(self._reading, frames.OpenStore(self._reading.number(), path), frames.Done)
        self._heard = asyncio.get_running_loop().time()

    def progressing(self) -> bool:
        """Whether the writer has answered within `SILENT_SECONDS`."""
        return asyncio.get_running_loop().time() - self._heard < SILENT_SECONDS

    def _check_disk(self) -> None:
        if self.disk == "gone":
            raise Unavailable("the data directory was removed or replaced; start the bridge again")

    async def watch(self) -> None:
        """Look every second whether the writer works and the disk has room. Never returns."""
        loop = asyncio.get_running_loop()
        files = [] if self._reading is None else [self._data_dir / STORE_FILE]
        disk = await asyncio.to_thread(Disk, self._data_dir, files)
        while True:
            try:
                await self._ask(self._writer, frames.Ping(self._writer.number()), frames.Done)
            except (Retryable, UnhandledInChild):
                pass
            else:
                self._heard = loop.time()
            self.disk = await asyncio.to_thread(disk.look)
            await asyncio.sleep(PING_SECONDS)

    @property
    def _reader(self) -> Child:
        if self._reading is None:
            raise Unavailable("this bridge keeps no calls to read: it passes them on")
        return self._reading

    @staticmethod
    async def _ask(
        child: Child, request: frames.Request, expected: type[ReplyT], body: bytes = b""
    ) -> tuple[ReplyT, bytes]:
        reply, data = await child.ask(request, body)
        if not isinstance(reply, expected):
            raise UnhandledInChild(f"expected {expected.__name__}, got {type(reply).__name__}")
        return reply, data


@asynccontextmanager
async def open_keeper(settings: WriterSettings, telemetry: Telemetry) -> AsyncGenerator[Keeper]:
    """Start writer and reader on the data directory; at the end let them finish and exit.

    Raise StartError (DataDirectoryLocked when another process has it) when the directory cannot be used.
    """
    outbox = ServiceOutbox() if settings.queue is not None else None
    scoring = ServiceScoring() if settings.store else None
    arguments = [msgspec.json.encode(settings).decode()]

    def told(news: frames.QueueChanged | BacklogChanged) -> None:
        keeper.hear(news)

    writer = Child("writer", "otel_bridge.ingest.writer", arguments, telemetry, told=told)
    reader = Child("reader", "otel_bridge.ingest.reader", [], telemetry) if settings.store else None
    children = [writer, *([reader] if reader else [])]
    keeper = Keeper(writer, reader, Path(settings.data_dir), telemetry, outbox, scoring)
    for part in (outbox, scoring):
        if part is not None:
            part.reach(writer)
    async with AsyncExitStack() as owned:
        for child in reversed(children):
            owned.push_async_callback(child.stop)
        started = await asyncio.gather(*(child.start() for child in children), return_exceptions=True)
        for outcome in started:  # side by side: each takes a tenth of a second
            if outcome is not None:
                raise outcome
        await keeper.open_store()
        if reader is not None:
            await owned.enter_async_context(background(reader.supervise(keeper.open_store)))
        await owned.enter_async_context(background(writer.supervise(_nothing)))
        await owned.enter_async_context(background(keeper.watch()))
        yield keeper


def _request(number: int, export: Export) -> frames.ExportSpans | frames.ExportLogs:
    encoding = export.encoding.value
    if export.signal is LOGS:
        return frames.ExportLogs(
            number, encoding, export.received_ns, export.project_id, export.receiver, export.projects
        )
    return frames.ExportSpans(
        number,
        encoding,
        export.received_ns,
        export.project_id,
        export.wb_run_id,
        export.receiver,
        export.projects,
        export.transport,
    )


async def _nothing() -> None:
    """Do nothing: a writer that was started again has opened its store itself."""
