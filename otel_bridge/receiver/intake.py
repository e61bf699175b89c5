"""What both protocols do with an export once they have its bytes: hand it on, count it, survive its bugs."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, asynccontextmanager
from copy import copy
from typing import TYPE_CHECKING, Final, Self

from msgspec import Struct

from otel_bridge.errors import BridgeError, InvalidRequest, Refused, Retryable, Unavailable
from otel_bridge.http.body import BodyLimits
from otel_bridge.http.budget import ByteBudget, Claim
from otel_bridge.http.gate import Gate
from otel_bridge.http.inflate import Inflater, open_inflater
from otel_bridge.receiver.counting import count_items
from otel_bridge.receiver.quarantine import Quarantine
from otel_bridge.receiver.refusals import Refusals
from otel_bridge.receiver.seldom import HOUR, MINUTE, Seldom
from otel_bridge.receiver.signals import LOGS, TRACES, not_taken, taken
from otel_bridge.receiver.traced import answered, arrived, counted
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from otel_bridge.receiver.base import Consume, Encoding, Export, Outcome
    from otel_bridge.receiver.settings import ReceiverSettings
    from otel_bridge.receiver.signals import Signal
    from otel_bridge.telemetry import Telemetry

STUMBLED: Final = "an internal error; try again"
POISON: Final = "this request met the same internal error again and again; do not send it again"
_INLINE_COUNT_BYTES: Final = 256 * 1024
"""Bodies whose items are counted on the loop; above it in a thread. Some 80 spans, 0.1 ms."""

_REJECTED: Final = {TRACES: ("spans_rejected", "spans"), LOGS: ("log_records_rejected", "log_records")}
"""The event of a partial success, and the field that holds how many items were not kept."""


class Source(Struct, frozen=True):
    """Where a request came from: `client` is an address without its port."""

    transport: str
    client: str
    encoding: Encoding


class Admission:
    """The place and the bytes one request holds; leaving the block gives them back, unless `passed_on`."""

    __slots__ = ("_stack", "claim")

    def __init__(self, gate: Gate, budget: ByteBudget) -> None:
        self._stack = ExitStack()
        self.claim: Claim = self._stack.enter_context(budget.claim())
        self._stack.enter_context(gate.enter())

    def passed_on(self) -> ExitStack:
        """Take over what is held; the block then gives nothing back."""
        return self._stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


class Intake:
    """Takes exports from the listeners; one for all of them, so that they share one gate and one budget."""

    def __init__(
        self,
        consume: Consume,
        telemetry: Telemetry,
        settings: ReceiverSettings,
        *,
        inflater: Inflater,
        tasks: asyncio.TaskGroup,
        closed: Callable[[], str | None],
    ) -> None:
        self.telemetry: Final = telemetry
        self.refusals: Final = Refusals()
        self._go_by(settings)
        self.inflater: Final = inflater
        self.gate: Final = Gate(settings.max_requests)
        self.budget: Final = ByteBudget(
            settings.in_flight_bytes, on_change=telemetry.in_flight, closed=closed
        )
        self._consume = consume
        self._tasks = tasks
        self._gave_up = False
        self._under_way: set[asyncio.Task[Outcome | BridgeError]] = set()
        self._quarantine = Quarantine(
            settings.poison_after, settings.quarantine, max_bytes=settings.quarantine_bytes
        )
        self._minutely = Seldom(MINUTE)
        self._hourly = Seldom(HOUR)

    def by(self, settings: ReceiverSettings) -> Intake:
        """Return this intake as other settings want it: it shares the gate, the budget and what is counted.

        What they say of all requests together and of draining does not count.
        """
        other = copy(self)
        other._go_by(settings)  # noqa: SLF001 - it is one of us
        return other

    def _go_by(self, settings: ReceiverSettings) -> None:
        self.settings = settings
        self.taken = taken(logs=settings.logs)
        self.limits = BodyLimits(max_bytes=settings.max_request_bytes, seconds=settings.body_seconds)

    def admit(self) -> Admission:
        """Let one request in; raise Unavailable while stopping or when too many are inside."""
        return Admission(self.gate, self.budget)

    async def take(self, export: Export, admission: Admission, source: Source) -> Outcome:
        """Hand the export on and wait until its items are kept; raise nothing but a BridgeError.

        The work goes on when the caller is cancelled or told to come again because it takes too long, and
        holds its place and its bytes until it is done.
        """
        self.telemetry.request_size("decoded", len(export.body), transport=source.transport)
        arrived(self.telemetry.tracing, export)
        task = self._tasks.create_task(self._keep(export, admission.passed_on(), source))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        done, _ = await asyncio.wait((task,), timeout=self.settings.keep_seconds)
        if not done:
            raise Unavailable(f"the {export.signal.items} could not be kept in time; try again in a moment")
        result = task.result()
        if isinstance(result, BridgeError):
            raise result
        return result

    async def _keep(self, export: Export, held: ExitStack, source: Source) -> Outcome | BridgeError:
        with held:
            try:
                outcome = await self._consume(export)
            except BridgeError as error:
                await self._count_refused(export, error, source)
                return error
            except Exception as error:  # noqa: BLE001 - the top of a task: one bad request must not end it
                return await self._met_bug(export, error, source)
            self._count_kept(export.signal, outcome, source)
            return outcome

    def _count_kept(self, signal: Signal, outcome: Outcome, source: Source) -> None:
        self._count("accepted", outcome.accepted, signal, source)
        self.telemetry.notes(outcome.counts)
        if not outcome.rejected:
            return
        self._count("rejected", outcome.rejected, signal, source)
        self.refusals.note(source.transport, source.client, "partial", outcome.message, outcome.rejected)
        if self._minutely.due(("rejected", signal.name, source.client)):
            event, counted = _REJECTED[signal]
            log().warning(event, client=source.client, reason=outcome.message, **{counted: outcome.rejected})

    def _count(self, outcome: str, items: int, signal: Signal, source: Source) -> None:
        self.telemetry.received(
            signal.name, outcome, items, transport=source.transport, encoding=source.encoding.value
        )
        counted(self.telemetry.tracing, signal, outcome, items)

    async def _count_refused(self, export: Export, error: BridgeError, source: Source) -> None:
        if isinstance(error, Retryable):
            outcome = "refused"
        else:
            outcome = "rejected" if isinstance(error, InvalidRequest) else "failed"
        self._count(outcome, await self._items_of(export), export.signal, source)

    async def _items_of(self, export: Export) -> int:
        """Count the items of a body that nobody decoded; 0 for a body that holds none one could read."""
        try:
            return await self.count(export.body, export.encoding, export.signal)
        except InvalidRequest:
            return 0

    async def count(self, body: bytes, encoding: Encoding, signal: Signal) -> int:
        """Count the items of a body, a large one in a thread; raise InvalidRequest when it is malformed."""
        if len(body) <= _INLINE_COUNT_BYTES:
            return count_items(body, encoding, signal)
        return await asyncio.to_thread(count_items, body, encoding, signal)

    async def _met_bug(self, export: Export, error: Exception, source: Source) -> BridgeError:
        """Answer a bug of ours: come again; the same body `poison_after` times: do not."""
        await self.met_error(error, source.client)
        poison = await self._quarantine.met_bug(export)
        if poison:
            self.telemetry.note("quarantined_requests")
            if self._minutely.due(("quarantined", source.client)):
                log().error("request_quarantined", client=source.client, bytes=len(export.body))
        answer = Refused(POISON) if poison else Unavailable(STUMBLED)
        await self._count_refused(export, answer, source)
        return answer

    async def met_error(self, error: Exception, client: str) -> None:
        """Count and log an exception that nobody expected; the log comes once a minute for each kind."""
        self.telemetry.note("unhandled_errors")
        if self._minutely.due(repr(type(error))):
            # In a thread: a traceback is written with lines of source, which come from files.
            await asyncio.to_thread(log().error, "unhandled_error", client=client, exc_info=error)

    def answered(self, code: int | str, error: BridgeError | None, *, transport: str, client: str) -> None:
        """Count an answer; say why it was an error, once a minute for each client and code."""
        self.telemetry.request(code, transport=transport)
        answered(self.telemetry.tracing, code, error)
        if error is None:
            return
        self.refusals.note(transport, client, code, str(error))
        if self._minutely.due((code, transport, client)):
            log().warning(
                "request_refused", code=code, transport=transport, client=client, reason=str(error)[:200]
            )

    def met_signal(self, signal: Signal, client: str) -> str:
        """Count a request of a signal we do not take, log it once an hour for each client; say what helps."""
        self.telemetry.note("unsupported_signals")
        if self._hourly.due((signal.name, client)):
            handling = self.settings.unsupported_signals
            log().warning("unsupported_signal", signal=signal.name, client=client, handling=handling)
        return not_taken(signal, logs=self.settings.logs)

    async def drain(self) -> None:
        """Let nothing new in and wait for what is inside, `drain_seconds` at most; again is a no-op."""
        self.gate.shut()
        if self._gave_up:
            return
        try:
            async with asyncio.timeout(self.settings.drain_seconds):
                await self.gate.empty()
        except TimeoutError:
            self._gave_up = True
            log().warning("requests_cut_off", requests=len(self._under_way))

    def cut_off(self) -> None:
        """End what `drain` did not wait for."""
        for task in tuple(self._under_way):
            task.cancel()


@asynccontextmanager
async def open_intake(
    consume: Consume,
    telemetry: Telemetry,
    settings: ReceiverSettings,
    *,
    closed: Callable[[], str | None] = lambda: None,
) -> AsyncGenerator[Intake]:
    """Lend an intake; leaving drains it, then ends what is still under way. `closed` as in `ByteBudget`."""
    async with open_inflater() as inflater, asyncio.TaskGroup() as tasks:
        intake = Intake(consume, telemetry, settings, inflater=inflater, tasks=tasks, closed=closed)
        try:
            yield intake
        finally:
            await intake.drain()
            intake.cut_off()
