"""What a bridge says when it is up: to a person, or as a log event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from otel_bridge import __version__
from otel_bridge.http.loopback import is_loopback
from otel_bridge.receiver.signals import taken
from otel_bridge.service.state import fleeting
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from otel_bridge.config import BridgeConfig
    from otel_bridge.http.listener import Bound


UNLIKE_A_COLLECTOR: Final = (
    "a variable that is not set and has no default is an error",
    "what was acknowledged is retried for ever unless max_elapsed_time says otherwise",
    "the queue is on the disk and synced, and batches are made behind it",
    "an empty map, or nothing behind a key, takes nothing away from the file before",
    "another configuration is checked first, and what runs goes on when it is wrong",
)
"""What a person who brings a collector's file should know (`contract/pipeline-config.md` §2.1)."""


class Doors(Struct, frozen=True, kw_only=True):
    """Where the bridge listens; None where it does not."""

    grpc: Bound | None = None
    http: Bound | None = None
    api: Bound | None = None
    admin: Bound | None = None
    metrics: Bound | None = None
    http_tls: bool = False
    api_tls: bool = False


def announce(config: BridgeConfig, doors: Doors) -> None:
    """Say what listens where and where data lies. Reads the mounts: call it in a thread."""
    if config.log_format == "json":
        log().info("ready", **_facts(config, doors))
    else:
        print(*_lines(config, doors), sep="\n", flush=True)  # noqa: T201 - this is what a person reads
    delivering = config.upstreams or config.otlp_receivers
    if delivering and (with_what := fleeting(config.queue_dir or config.data_dir)) is not None:
        log().warning(
            "queue_is_fleeting", directory=str(config.queue_dir or config.data_dir), goes_with=with_what
        )
    _remark(config)


def _remark(config: BridgeConfig) -> None:
    """Say what of the configuration somebody may not expect."""
    if config.config_files:
        log().info("configured", files=config.config_files, unlike_a_collector=UNLIKE_A_COLLECTOR)
    if config.unused:
        log().info("unused_components", components=config.unused)
    doors = [door for door in (config.otlp_http, config.otlp_grpc, config.api) if door is not None]
    if config.profile == "gateway" and all(is_loopback(door.host) for door in doors):
        log().warning(
            "gateway_on_loopback",
            hint="OTEL_BRIDGE_BIND names the address to listen on, OTEL_BRIDGE_AUTH_FILE the keys",
        )


def _facts(config: BridgeConfig, doors: Doors) -> dict[str, object]:
    facts: dict[str, object] = {
        "version": __version__,
        "profile": config.profile,
        "otlp_grpc": None if doors.grpc is None else str(doors.grpc),
        "otlp_http": _url(doors.http, tls=doors.http_tls),
        "api": _url(doors.api, tls=doors.api_tls),
        "page": _page(doors),
        "admin": _url(doors.admin),
        "metrics": _url(doors.metrics),
        "data_dir": str(config.data_dir),
        "default_project": config.default_project,
        "logs": config.logs,
    }
    if config.store:
        facts["kept"] = _limits(config)
    if config.upstreams or config.otlp_receivers:
        facts["upstreams"] = {one.name: one.endpoint for one in config.upstreams}
        facts["otlp_receivers"] = {one.name: one.url for one in config.otlp_receivers}
        facts["queue_bytes"] = int(config.queue_size)
    return facts


def _lines(config: BridgeConfig, doors: Doors) -> list[str]:
    paths = ", ".join(f"/v1/{signal.name}" for signal in taken(logs=config.logs == "on"))
    project = f"project {config.default_project}" if config.default_project else "no default project"
    answered = project if config.store else f"{_answering(config)}; {project}"
    lines = [
        f"otel-bridge {__version__}",
        f"  OTLP/HTTP  {_url(doors.http, tls=doors.http_tls) or 'off'}  (POST {paths})",
        f"  OTLP/gRPC  {doors.grpc or 'off'}",
        f"  Weave API  {_url(doors.api, tls=doors.api_tls) or 'off'}  ({answered})",
    ]
    if doors.api is not None:
        lines.append(f"  Page       {_page(doors)}  (open it in a browser)")
    own = (("admin    ", doors.admin), ("metrics  ", doors.metrics))
    lines += [f"  {name}  {_url(door)}" for name, door in own if door is not None]
    lines += [f"  calls go to {one.endpoint}  (exporter {one.name})" for one in config.upstreams]
    lines += [f"  spans go to {one.url}  (exporter {one.name})" for one in config.otlp_receivers]
    kept = [_limits(config)] if config.store else []
    kept += (
        [f"queue of {config.queue_size.human_readable()}"]
        if config.upstreams or config.otlp_receivers
        else []
    )
    return [*lines, f"  data in    {config.data_dir}  ({'; '.join(kept)})"]


def _answering(config: BridgeConfig) -> str:
    return f"answered by {config.upstreams[0].endpoint}" if config.upstreams else "calls are not kept here"


def _url(door: Bound | None, *, tls: bool = False) -> str | None:
    return None if door is None else f"{'https' if tls else 'http'}://{door}"


def _page(doors: Doors) -> str | None:
    url = _url(doors.api, tls=doors.api_tls)
    return None if url is None else f"{url}/"


def _limits(config: BridgeConfig) -> str:
    size = "any size" if config.max_disk is None else f"at most {config.max_disk.human_readable()}"
    return f"kept {config.kept_for}, {size}"
