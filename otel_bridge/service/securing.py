"""What guards the listeners: keys and certificates read, watched for changes, and put before each door."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from otel_bridge.auth.rate import RateLimiter
from otel_bridge.auth.settings import Security
from otel_bridge.config import EXPOSED
from otel_bridge.errors import StartError
from otel_bridge.http.door import Door
from otel_bridge.ingest.child import background
from otel_bridge.parsers import BadSetting
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack

    from otel_bridge.auth.watching import Watched
    from otel_bridge.config import BridgeConfig
    from otel_bridge.telemetry import Telemetry


class Guarded(Struct, frozen=True):
    """The doors of a bridge. `limiter` counts what a key asks at all of them together."""

    otlp_http: Door
    otlp_grpc: Door
    api: Door
    limiter: RateLimiter


async def open_guards(owned: AsyncExitStack, config: BridgeConfig, telemetry: Telemetry) -> Guarded:
    """Read keys and certificates and watch their files.

    Raise StartError for a file that cannot be used, and for a listener that others may reach without a key
    although nobody said that they may.
    """
    check_exposed(config)
    guards, files = await asyncio.to_thread(_made, config, telemetry.note)
    for watched in files:
        await owned.enter_async_context(background(watched.watch()))
    return guards


def check_files(config: BridgeConfig) -> None:
    """Raise BadSetting for keys and certificates that a bridge could not start with. Reads them all."""
    try:
        _made(config, lambda _: None)
    except StartError as error:
        raise BadSetting(str(error)) from error


def check_exposed(config: BridgeConfig) -> None:
    """Raise StartError for a listener that other machines may reach and that asks nobody who they are."""
    for listener in config.exposed:
        flag, endpoint = f"--{listener.replace('_', '-')}", getattr(config, listener)
        if not config.allow_unauthenticated:
            raise StartError(f"{flag} {endpoint}: {EXPOSED}")
        log().warning("listener_without_auth", listener=flag, address=str(endpoint))


def _made(config: BridgeConfig, note: Callable[[str], None]) -> tuple[Guarded, list[Watched[Any]]]:
    """Return the doors and the files behind them; raise StartError. Blocks."""
    limiter = RateLimiter(time.monotonic)
    said = (
        (config.otlp_http, config.otlp_http_security),
        (config.otlp_grpc, config.otlp_grpc_security),
        (config.api, config.api_security),
    )
    used = [Security() if endpoint is None else own for endpoint, own in said]
    if not any(one.asks or one.tls for one in used):
        http, grpc, api = (Door(cors=one.cors) for one in used)
        return Guarded(http, grpc, api, limiter), []
    from otel_bridge.service.doormaker import Doormaker  # noqa: PLC0415 - most bridges have no keys

    maker = Doormaker(limiter, note)
    http, grpc, api = map(maker.door, used)
    return Guarded(http, grpc, api, limiter), maker.watched
