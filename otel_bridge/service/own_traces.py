"""The bridge's own traces, made with opentelemetry-sdk: loaded only where the configuration asks for them."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import uuid
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, TraceIdRatioBased
from opentelemetry.sdk.version import __version__ as sdk_version
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from otel_bridge import __version__
from otel_bridge.exporter.tls import tls_of
from otel_bridge.http.session import open_session
from otel_bridge.receiver.seldom import MINUTE, Seldom
from otel_bridge.service.own_exporter import OwnSpanExporter
from otel_bridge.telemetry import log
from otel_bridge.tracing import INSTANCE, NO_STEP, NOTHING, Step, Tracing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence

    from otel_bridge.telemetry import Telemetry
    from otel_bridge.tracing import Facts, Kind, TraceSettings

SERVICE: Final = "otel-bridge"
MAX_REASON_CHARS: Final = 200

_KINDS: Final = {"internal": SpanKind.INTERNAL, "server": SpanKind.SERVER, "client": SpanKind.CLIENT}
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_STEP: Final[ContextVar[_Live | None]] = ContextVar("own_step", default=None)


class _Live(Step):
    """A span that is not over. One that is `forgotten` is never ended, so that nobody hears of it."""

    __slots__ = ("_failed", "forgotten", "span")

    def __init__(self, span: Any, *, forgotten: bool = False) -> None:
        self.span = span
        self.forgotten = forgotten
        self._failed = False

    def tell(self, facts: Facts) -> None:
        self.span.set_attributes(facts)

    def happened(self, event: str, facts: Facts = NOTHING) -> None:
        self.forgotten = False
        self.span.add_event(event, dict(facts))

    def failed(self, reason: str) -> None:
        if not self._failed:  # the first reason is the nearest
            self._failed = True
            self.span.set_status(StatusCode.ERROR, reason[:MAX_REASON_CHARS])

    def forget(self) -> None:
        self.forgotten = True


class OwnTraces(Tracing):
    """Own traces that are on."""

    on = True

    def __init__(self, tracer: Any, instance: str, *, continues: bool) -> None:
        self.instance = instance
        self._tracer = tracer
        self._continues = continues
        self._asked: dict[int, Context] = {}

    @contextmanager
    def request(
        self, name: str, facts: Facts = NOTHING, *, carrier: Mapping[str, str] | None = None
    ) -> Generator[Step]:
        context = Context()
        if self._continues and carrier is not None:
            context = _PROPAGATOR.extract(carrier, context)
        with self._under_way(_Live(self._span(name, facts, context, "server"))) as step:
            yield step

    @contextmanager
    def work(self, name: str, facts: Facts = NOTHING, *, kind: Kind = "internal") -> Generator[Step]:
        span = self._span(name, facts, Context(), kind)
        with self._under_way(_Live(span, forgotten=True)) as step:
            yield step

    def now(self) -> Step:
        return _STEP.get() or NO_STEP

    @contextmanager
    def asking(self, number: int) -> Generator[None]:
        step = _STEP.get()
        if step is None or step.forgotten or not step.span.is_recording():
            yield
            return
        self._asked[number] = set_span_in_context(step.span, Context())
        try:
            yield
        finally:
            del self._asked[number]

    def worked(self, requests: Sequence[tuple[int, int, int]], commit: tuple[int, int]) -> None:
        together: Facts = {"requests": len(requests)}
        for number, start_ns, end_ns in requests:
            context = self._asked.get(number)
            if context is not None:
                self._past("writer/prepare", (start_ns, end_ns), NOTHING, context)
                self._past("writer/commit", commit, together, context)

    def done(self, name: str, start_ns: int, end_ns: int, facts: Facts, *, failed: str | None = None) -> None:
        self._past(name, (start_ns, end_ns), facts, Context(), failed)

    @contextmanager
    def _under_way(self, step: _Live) -> Generator[_Live]:
        token = _STEP.set(step)
        try:
            yield step
        except Exception as error:
            step.failed(type(error).__name__)
            raise
        finally:
            _STEP.reset(token)
            if not step.forgotten:
                step.span.end()

    def _past(
        self, name: str, times: tuple[int, int], facts: Facts, context: Context, failed: str | None = None
    ) -> None:
        span = self._span(name, facts, context, "internal", start_ns=times[0])
        if failed is not None:
            span.set_status(StatusCode.ERROR, failed[:MAX_REASON_CHARS])
        span.end(times[1])

    def _span(
        self, name: str, facts: Facts, context: Context, kind: Kind, *, start_ns: int | None = None
    ) -> Any:
        return self._tracer.start_span(
            name, context=context, kind=_KINDS[kind], attributes=dict(facts), start_time=start_ns
        )


@asynccontextmanager
async def open_own_traces(
    settings: TraceSettings, telemetry: Telemetry, seconds_left: Callable[[], float]
) -> AsyncGenerator[OwnTraces]:
    """Lend own traces; leaving sends what waits, for at most as many seconds as are left then.

    Raise StartError for certificates that cannot be used.
    """
    instance = str(uuid.uuid4())
    provider = TracerProvider(
        sampler=_sampler(settings), resource=_resource(settings, instance), shutdown_on_exit=False
    )
    async with AsyncExitStack() as owned:
        exporters: list[OwnSpanExporter] = []
        for target in settings.targets:
            session = await owned.enter_async_context(open_session(tls=await tls_of(target)))
            exporters.append(OwnSpanExporter(target, session, telemetry))
            provider.add_span_processor(
                BatchSpanProcessor(
                    exporters[-1],
                    max_queue_size=target.max_queue,
                    schedule_delay_millis=target.delay_seconds * 1000,
                    max_export_batch_size=target.max_batch,
                    export_timeout_millis=target.timeout_seconds * 1000,
                )
            )
        with _heard():
            try:
                tracer = provider.get_tracer(SERVICE, __version__)
                yield OwnTraces(tracer, instance, continues=settings.continues)
            finally:
                await _flush(provider, exporters, seconds_left())


async def _flush(provider: TracerProvider, exporters: Sequence[OwnSpanExporter], seconds: float) -> None:
    """Send what waits, for so long; a thread that hangs on is left behind."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()

    def shutdown() -> None:
        provider.shutdown()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(over.set)

    threading.Thread(target=shutdown, name="own-traces", daemon=True).start()
    try:
        await asyncio.wait_for(over.wait(), seconds)
    except TimeoutError:
        log().warning("own_traces_cut_off", after=round(seconds, 1))
    for exporter in exporters:
        await exporter.give_up()


def _sampler(settings: TraceSettings) -> Any:
    root = ALWAYS_ON if settings.ratio == 1 else TraceIdRatioBased(settings.ratio)
    return ParentBased(root) if settings.by_parent else root


def _resource(settings: TraceSettings, instance: str) -> Resource:
    """Return what spans say they come from: no variable of the environment has a say in it."""
    attributes: dict[str, str | None] = {
        "service.name": SERVICE,
        "service.version": __version__,
        "service.instance.id": instance,
        "host.name": socket.gethostname(),
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.version": sdk_version,
        **settings.resource,
        INSTANCE: instance,
    }
    return Resource({name: value for name, value in attributes.items() if value is not None})


class _Events(logging.Handler):
    """Turns what the SDK logs into events of ours, each once a minute."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._minutely = Seldom(MINUTE)

    def emit(self, record: logging.LogRecord) -> None:
        if self._minutely.due(record.msg):
            log().warning("own_traces_trouble", reason=record.getMessage())


@contextmanager
def _heard() -> Generator[None]:
    logger, handler = logging.getLogger("opentelemetry"), _Events()
    before, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
