"""Whether the bridge may trace itself: what that takes is there, and no trace comes back to it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from otel_bridge.config_file.telling import DOORS, PORTS, own_door
from otel_bridge.errors import StartError
from otel_bridge.http.own_host import leads_to_this_host
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from otel_bridge.config import BridgeConfig
    from otel_bridge.telemetry import Telemetry
    from otel_bridge.tracing import TraceSettings, Tracing

    Opening = Callable[[TraceSettings, Telemetry, Callable[[], float]], AbstractAsyncContextManager[Tracing]]

NEEDS: Final = "service.telemetry.traces needs opentelemetry-sdk: pip install 'otel-bridge[traces]'"
_STANDARD: Final = ("http://localhost:4318", "http://localhost:4317")
"""Where an SDK sends to that is told nothing, over HTTP and over gRPC."""
_VARIABLES: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def loaded_traces(config: BridgeConfig) -> Opening:
    """Return what opens own traces. Imports and asks for addresses: call it in a thread.

    Raise StartError without opentelemetry-sdk, and for a name that turns out to be this machine's.
    """
    assert config.own_traces is not None
    for target in config.own_traces.targets:
        parts = urlsplit(target.url)
        port = parts.port or PORTS[parts.scheme]
        doors = [getattr(config, name) for name in DOORS]
        same_port = any(door is not None and door.port == port for door in doors)
        if same_port and leads_to_this_host(parts.hostname or ""):
            raise StartError(f"service.telemetry.traces: {target.url} is this bridge itself")
    try:
        from otel_bridge.service.own_traces import open_own_traces  # noqa: PLC0415 - only where they are on
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        raise StartError(NEEDS) from error
    return open_own_traces


def quiet_instrumentation(config: BridgeConfig, environ: Mapping[str, str]) -> None:
    """End what `opentelemetry-instrument` began in this process, where it would send to the bridge itself.

    Each span it sends would be a request that makes another one.
    """
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return
    provider: Any = api.get_tracer_provider()
    said = next((environ[name] for name in _VARIABLES if environ.get(name)), None)
    doors = {name: getattr(config, name) for name in DOORS}
    for url in (said,) if said is not None else _STANDARD:
        if _leads_here(url, doors) and hasattr(provider, "shutdown"):
            provider.shutdown()
            log().warning("instrumentation_ended", sends_to=url, instead="service.telemetry.traces")
            return


def _leads_here(url: str, doors: Mapping[str, Any]) -> bool:
    whole = url if "://" in url else f"http://{url}"
    try:
        return urlsplit(whole).scheme in PORTS and own_door(whole, doors) is not None
    except ValueError:
        return False
