"""What of the configuration somebody may not expect, and which versions work together."""

from __future__ import annotations

import platform
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import apsw

from otel_bridge import __version__
from otel_bridge.errors import BridgeError
from otel_bridge.http.loopback import is_loopback
from otel_bridge.ingest.settings import STORE_FILE
from otel_bridge.service.announcing import UNLIKE_A_COLLECTOR
from otel_bridge.store.sqlite.connection import open_reader, start_trouble
from otel_bridge.store.sqlite.migrate import steps

if TYPE_CHECKING:
    from pathlib import Path

    from otel_bridge.commands.doctor.report import Report
    from otel_bridge.config import BridgeConfig

CONFIGURATION: Final = "Configuration"
VERSIONS: Final = "Versions"
LEAST_SQLITE: Final = (3, 53)
COMPARED: Final = ("profile", "default_project", "store", "logs")


def configuration(config: BridgeConfig, facts: dict[str, Any] | None, report: Report) -> None:
    """Say what there is to say of a configuration that is right."""
    pipelines = [] if config.pipelines is None else [each.name for each in config.pipelines.pipelines]
    files = f" from {', '.join(config.config_files)}" if config.config_files else ""
    report.fine(CONFIGURATION, f"valid{files}: {config.profile}, pipelines {', '.join(pipelines)}")
    for name in config.unused:
        report.found("config.unused", f"{name} is used by nothing")
    doors = [door for door in (config.otlp_http, config.otlp_grpc, config.api) if door is not None]
    if config.profile == "gateway" and doors and all(is_loopback(door.host) for door in doors):
        report.found("config.gateway", "the gateway listens on the loopback interface only")
    if config.config_files:
        report.found("config.unlike_a_collector", f"unlike a collector: {'; '.join(UNLIKE_A_COLLECTOR)}")
    if facts is not None:
        _compare(config, pipelines, facts["config"], report)


def _compare(config: BridgeConfig, pipelines: list[str], running: dict[str, Any], report: Report) -> None:
    here = {name: getattr(config, name) for name in COMPARED} | {"pipelines": pipelines}
    there = {name: running[name] for name in here}
    told = [f"{name} {there[name]} instead of {here[name]}" for name in here if there[name] != here[name]]
    if told:
        report.found("config.other", f"the running bridge has {'; '.join(told)}")


def versions(config: BridgeConfig, report: Report) -> None:
    """Say which versions this command runs with, and what the data directory is of."""
    sqlite = apsw.sqlite_lib_version()
    report.fine(VERSIONS, f"otel-bridge {__version__}, Python {platform.python_version()}, SQLite {sqlite}")
    if tuple(map(int, sqlite.split(".")[:2])) < LEAST_SQLITE:
        wanted = ".".join(map(str, LEAST_SQLITE))
        report.found("version.sqlite", f"SQLite is {sqlite}, older than {wanted}")
    if config.store:
        _schema(config.data_dir / STORE_FILE, report)


def _schema(path: Path, report: Report) -> None:
    if not path.exists():
        return
    known = len(steps())
    try:
        with start_trouble(path), closing(open_reader(path)) as connection:
            found = connection.pragma("user_version")
    except (BridgeError, apsw.Error) as error:
        report.note(VERSIONS, f"{path} cannot be read: {error}")
        return
    if found > known:
        report.found("version.schema", f"{path} has schema {found}, this version knows {known}")
    elif found < known:
        report.found("version.schema_older", f"{path} has schema {found}, this version makes {known}")
    else:
        report.fine(VERSIONS, f"{path} has schema {found}, that of this version")
