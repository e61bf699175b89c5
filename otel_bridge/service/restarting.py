"""What of another configuration a bridge cannot take over while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from otel_bridge.config import BridgeConfig
    from otel_bridge.ingest.settings import WriterSettings

FIELDS: Final = {
    "data_dir": "service.data_dir or exporters.store.path",
    "kafka": "extensions.kafka or receivers.weave_api.scoring.jobs",
    "own_traces": "service.telemetry.traces",
    "shown": "service.telemetry.metrics",
}
"""Field that stays → the keys that set it."""
LISTENERS: Final = {
    "otlp_grpc": "receivers.otlp.protocols.grpc",
    "otlp_http": "receivers.otlp.protocols.http",
    "api": "receivers.weave_api",
}
"""Listener → its place in a configuration."""


class NeedsRestart(Permanent):
    """Another configuration is right, but it needs a restart. `keys` says because of which keys."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = tuple(keys)
        super().__init__(f"needs a restart: {', '.join(self.keys)}")


def needs_restart(
    before: BridgeConfig,
    after: BridgeConfig,
    kept: tuple[WriterSettings, WriterSettings],
    *,
    grpc_bytes: int,
) -> Sequence[str]:
    """Return the keys that differ and cannot be taken over; none: everything can be.

    `kept` are the settings of the writer process now and then. `grpc_bytes` is the largest message that the
    listener of OTLP/gRPC takes, which stays as long as its address does.
    """
    fields = [said for name, said in FIELDS.items() if getattr(before, name) != getattr(after, name)]
    return [
        *fields,
        *_of_store(before, after),
        *_of_queue(*kept),
        *_of_tls(before, after),
        *_of_grpc(before, after, grpc_bytes),
    ]


def _of_store(before: BridgeConfig, after: BridgeConfig) -> Iterator[str]:
    if before.store != after.store:
        yield "exporters.store, which pipelines name no more" if before.store else "exporters.store"


def _of_queue(before: WriterSettings, after: WriterSettings) -> Iterator[str]:
    now, then = before.queue, after.queue
    if now is None or then is None:
        return
    if now.path != then.path:
        yield "extensions.file_storage.directory"
    elif now.dead_path != then.dead_path:
        yield "dead_letter.directory of exporters"


def _of_tls(before: BridgeConfig, after: BridgeConfig) -> Iterator[str]:
    for listener, place in LISTENERS.items():
        if not _stays(listener, before, after):
            continue
        if _tls_of(before, listener) != _tls_of(after, listener):
            yield f"{place}.tls, on or off, its client_ca_file and its min_version"


def _of_grpc(before: BridgeConfig, after: BridgeConfig, grpc_bytes: int) -> Iterator[str]:
    if not _stays("otlp_grpc", before, after):
        return
    place = LISTENERS["otlp_grpc"]
    if before.otlp_grpc_keepalive != after.otlp_grpc_keepalive:
        yield f"{place}.keepalive"
    if after.otlp_grpc_size > grpc_bytes:
        yield f"{place}.max_recv_msg_size_mib, more than {grpc_bytes >> 20} as it began"


def _stays(listener: str, before: BridgeConfig, after: BridgeConfig) -> bool:
    """Tell whether a listener keeps its address, and so its socket."""
    address = getattr(before, listener)
    return address is not None and address == getattr(after, listener)


def _tls_of(config: BridgeConfig, listener: str) -> object:
    """Return what of TLS a socket keeps: certificates and keys come anew with each handshake."""
    tls = getattr(config, f"{listener}_security").tls
    return None if tls is None else (tls.client_ca_file is not None, tls.min_version)
