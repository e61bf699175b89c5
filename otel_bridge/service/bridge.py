"""A running bridge: who owns what, in which order things open and close, how it takes over other settings.

Opened from what keeps outwards, closed from the doors inwards: nothing is accepted that cannot be kept. What
a configuration alone makes is a generation (`generation`); the rest stays for as long as the bridge runs.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from otel_bridge.ingest.address import ADDRESS_FILE, PROBES_FILE, publish_address, withdraw_address
from otel_bridge.ingest.keeper import open_keeper
from otel_bridge.ingest.settings import QUARANTINE_DIR
from otel_bridge.receiver.intake import open_intake
from otel_bridge.service.announcing import Doors
from otel_bridge.service.doors import ADMIN, API, METRICS, OTLP_GRPC, OTLP_HTTP, WORKERS, probe_sites
from otel_bridge.service.generation import Lasting, open_generation, reading_page, receiver_settings
from otel_bridge.service.keeping import settings_beside, writer_settings
from otel_bridge.service.listening import Listening
from otel_bridge.service.quarantined import QuarantinedBytes
from otel_bridge.service.restarting import NeedsRestart, needs_restart
from otel_bridge.service.sending import Sending
from otel_bridge.service.state import State
from otel_bridge.service.status import Status, doors_of
from otel_bridge.service.tracing import loaded_traces
from otel_bridge.service.working import Working
from otel_bridge.telemetry import Telemetry, configure_logging

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from otel_bridge.config import BridgeConfig
    from otel_bridge.http.listener import Bound
    from otel_bridge.ingest.keeper import Keeper
    from otel_bridge.ingest.settings import WriterSettings
    from otel_bridge.jobs.base import JobProducer
    from otel_bridge.service.generation import Generation
    from otel_bridge.service.listening import Change, Listener
    from otel_bridge.service.stop import Stop

PROBES: Final = (ADMIN, METRICS)
DOORS: Final = (OTLP_GRPC, OTLP_HTTP, API, WORKERS)
RETIRE_SECONDS: Final = 300.0
"""How long what belongs to a former configuration stays for requests that began by it."""


class Bridge:
    """One bridge. `config` is what it runs by now."""

    def __init__(self, config: BridgeConfig, stop: Stop) -> None:
        self.config = config
        self.telemetry: Final = Telemetry(config.shown)
        self.telemetry.of_files.register(QuarantinedBytes(config.data_dir / QUARANTINE_DIR))
        self.state: Final = State()
        self.listening: Final = Listening()
        self._stop = stop
        self._grpc_bytes = config.otlp_grpc_size
        self._retiring: set[asyncio.Task[None]] = set()
        self._published: set[str] = set()
        self._kept_by: WriterSettings
        self._lasting: Lasting
        self._generation: Generation
        self._sending: Sending
        self._working: Final = Working(self.telemetry, self.state, stop)

    @property
    def doors(self) -> Doors:
        """Return where it listens."""
        bound = self.listening.bound
        return Doors(
            grpc=bound(OTLP_GRPC),
            http=bound(OTLP_HTTP),
            api=bound(API),
            admin=bound(ADMIN),
            metrics=bound(METRICS),
            http_tls=self.config.otlp_http_security.tls is not None,
            api_tls=self.config.api_security.tls is not None,
        )

    @property
    def _asked_by_workers(self) -> Bound | None:
        """Return where the bridge's own workers ask."""
        return self.listening.bound(WORKERS) or self.listening.bound(API)

    async def open(self, owned: AsyncExitStack) -> None:
        """Open everything, for as long as `owned` is; raise StartError."""
        config, telemetry, state = self.config, self.telemetry, self.state
        await self._open_traces(owned)
        page = None
        if config.api is not None:
            page = reading_page(config)
            owned.push_async_callback(asyncio.wait, [page])
        owned.push_async_callback(self.listening.close, PROBES)
        await self.listening.open(probe_sites(config, state, telemetry, self.listening))
        self._kept_by = writer_settings(config, telemetry.tracing.instance)
        keeper = await owned.enter_async_context(open_keeper(self._kept_by, telemetry))
        state.keeper = keeper
        self._sending = Sending(keeper, telemetry, state, self._stop)
        owned.push_async_callback(self._close_sending)
        ready = await self._sending.ready(config)
        await self._sending.switch(ready)
        intake = await owned.enter_async_context(
            open_intake(keeper.export, telemetry, receiver_settings(config), closed=self._closed)
        )
        self.listening.drained_by(intake.drain)
        owned.push_async_callback(self._retired)
        jobs = await _open_jobs(owned, config, keeper)
        status = Status(config, keeper, intake, state)
        parts = (telemetry, state, self.listening, keeper, intake, jobs, status)
        self._lasting = Lasting(*parts, self._working.token)
        self._generation = await open_generation(config, self._lasting, ready.upstream, page)
        owned.push_async_callback(self._close_generation)
        owned.push_async_callback(self.listening.close, DOORS)
        await self.listening.open(self._generation.sites)
        owned.push_async_callback(self._close_desk)
        owned.push_async_callback(self._working.close)
        await self._working.switch(config, self._generation.desk, self._asked_by_workers)
        owned.push_async_callback(self._withdraw)
        await self._publish()

    async def _open_traces(self, owned: AsyncExitStack) -> None:
        """Begin traces of our own, where the configuration says where they go. Raise StartError."""
        config = self.config
        if config.own_traces is not None:
            opened = await asyncio.to_thread(loaded_traces, config)  # the SDK takes a moment
            opening = opened(config.own_traces, self.telemetry, self._seconds_left)
            self.telemetry.tracing = await owned.enter_async_context(opening)

    def _seconds_left(self) -> float:
        """Return what is left of `shutdown_timeout`."""
        return self._stop.seconds_left(self.config.shutdown_timeout.total_seconds())

    async def replace(self, config: BridgeConfig) -> None:
        """Run by another configuration from now on; requests that have begun end by the former one.

        Raise NeedsRestart, StartError or Unavailable: then nothing has changed.
        """
        settings = settings_beside(config, self._kept_by)
        keys = needs_restart(self.config, config, (self._kept_by, settings), grpc_bytes=self._grpc_bytes)
        if keys:
            raise NeedsRestart(keys)
        async with AsyncExitStack() as undo:
            ready = await self._sending.ready(config)
            undo.push_async_callback(self._sending.give_up, ready)
            generation = await open_generation(config, self._lasting, ready.upstream)
            undo.push_async_callback(generation.owned.aclose)
            change = await self.listening.ready(generation.sites)
            undo.push_async_callback(change.give_up)
            if settings != self._kept_by:
                await self._lasting.keeper.reconfigure(settings)
            undo.pop_all()
        self._kept_by = settings
        before, ended = self._switch(generation, change)
        left = await self._sending.switch(ready)
        left.push_async_callback(before.owned.aclose)
        self._retire(ended, left)
        await self.listening.switched(change)
        await self._working.switch(config, generation.desk, self._asked_by_workers)
        await self._publish()

    def _switch(
        self, generation: Generation, change: Change
    ) -> tuple[Generation, tuple[Sequence[Any], Sequence[Listener]]]:
        """Let another generation take over, at once; return the one before, and what of it is to end."""
        before, self._generation, self.config = self._generation, generation, generation.config
        ended = self.listening.switch(change)
        if OTLP_GRPC in change.opened:
            self._grpc_bytes = generation.config.otlp_grpc_size
        self._lasting.status.goes_by(generation.config)
        configure_logging(generation.config.log_level, generation.config.log_format)
        if generation.config.memory_limiter is None:
            self.telemetry.memory(limit=0)
        if before.desk is not None:
            before.desk.close()
        return before, ended

    def _retire(self, ended: tuple[Sequence[Any], Sequence[Listener]], left: AsyncExitStack) -> None:
        task = asyncio.create_task(_end(*ended, left))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _retired(self) -> None:
        """End what has not ended by itself: no request is under way any more."""
        for task in tuple(self._retiring):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _closed(self) -> str | None:
        return self._generation.closed()

    async def _close_generation(self) -> None:
        await self._generation.owned.aclose()

    async def _close_desk(self) -> None:
        if self._generation.desk is not None:
            self._generation.desk.close()

    async def _close_sending(self) -> None:
        await self._sending.close(self._seconds_left())

    async def _publish(self) -> None:
        """Leave the addresses where other programs of ours find them."""
        doors, folder = self.doors, self.config.data_dir
        self._lasting.status.doors = doors_of(doors)
        probed_tls = doors.api_tls and doors.admin is None
        for name, door, tls in (
            (ADDRESS_FILE, doors.api, doors.api_tls),
            (PROBES_FILE, doors.admin or doors.api, probed_tls),
        ):
            if door is not None:
                self._published.add(name)
                publish = partial(publish_address, folder, door.host, door.port, name, tls=tls)
                await asyncio.to_thread(publish)
            elif name in self._published:
                self._published.discard(name)
                await asyncio.to_thread(withdraw_address, folder, name)

    async def _withdraw(self) -> None:
        for name in self._published:
            await asyncio.to_thread(withdraw_address, self.config.data_dir, name)


async def _end(acts: Sequence[Any], listeners: Sequence[Listener], left: AsyncExitStack) -> None:
    """Close what belongs to a former configuration once nothing of it is being answered any more."""
    try:
        async with asyncio.timeout(RETIRE_SECONDS):
            await asyncio.gather(*(listener.leave() for listener in listeners))
            for act in acts:
                await act.empty()
    except TimeoutError:
        pass  # whoever still asks loses the answer
    finally:
        for act in acts:
            await act.close()
        await left.aclose()


async def _open_jobs(owned: AsyncExitStack, config: BridgeConfig, keeper: Keeper) -> JobProducer | None:
    """Open what scoring jobs travel through, if not the store alone."""
    if config.kafka is None or keeper.scoring is None:
        return None
    from otel_bridge.service.relaying import open_jobs  # noqa: PLC0415 - most bridges have none

    return await open_jobs(owned, config.kafka, keeper.scoring)
