"""The doctor's round: from the bridge and the test span to senders, delivery, disks and versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from otel_bridge.commands.doctor import configuration, delivery, disk, ports, senders
from otel_bridge.commands.doctor.journey import Journey, Wanted
from otel_bridge.commands.doctor.report import Report
from otel_bridge.commands.doctor.running import find
from otel_bridge.commands.doctor.shown import as_json, as_text
from otel_bridge.commands.doctor.stored import stored_senders
from otel_bridge.commands.doctor.waiting import Queue
from otel_bridge.commands.failing import told
from otel_bridge.commands.queue_places import places
from otel_bridge.config import BridgeConfig
from otel_bridge.ingest.settings import STORE_FILE
from otel_bridge.model.senders import Sender
from otel_bridge.parsers import BadSetting, parse_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


OTLP_URL: Final = "http://127.0.0.1:4318"


def examine(load: Callable[[], BridgeConfig], data_dir: str | None, **asked: Any) -> int:
    """Make the round and print what was found; return the exit code. `load` reads the configuration."""
    wanted = _wanted(asked)
    report = Report()
    with told():
        config = _config(load, report)
        _round(config or _fallback(data_dir), wanted, report, asked, is_valid=config is not None)
        click.echo(as_json(report) if asked["as_json"] else as_text(report))
    return 1 if report.failed else 0


def _wanted(asked: dict[str, Any]) -> Wanted:
    project = asked["project"]
    try:
        project = project and parse_project(project)
    except ValueError as error:
        raise click.UsageError(f"--project: {error}") from error
    attributes, resources = (dict(map(_pair, asked[name])) for name in ("attributes", "resources"))
    return Wanted(project or None, attributes, resources, asked["wait"])


def _pair(text: str) -> tuple[str, str]:
    key, found, value = text.partition("=")
    if not found or not key:
        raise click.UsageError(f"{text!r} is no KEY=VALUE")
    return key, value


def _config(load: Callable[[], BridgeConfig], report: Report) -> BridgeConfig | None:
    try:
        return load()
    except BadSetting as error:
        for problem in getattr(error, "problems", (str(error),)):
            report.found("config.wrong", " ".join(problem.split()))
        return None


def _fallback(data_dir: str | None) -> BridgeConfig:
    """Return what can be looked at where the configuration is wrong."""
    return BridgeConfig.model_validate({"data_dir": data_dir} if data_dir else {})


def _round(
    config: BridgeConfig, wanted: Wanted, report: Report, asked: dict[str, Any], *, is_valid: bool
) -> None:
    url = asked["url"]
    runs, running = find(config, url, report)
    facts = None if running is None else running.facts
    where = places(config.data_dir, config.queue_dir, config.dead_letter_dir)
    if running is not None and facts is not None and not asked["no_span"]:
        beside = None if url else Queue(where, config.data_dir)
        Journey(running.client, facts, wanted, beside, report).go()
    if not runs:
        ports.look(config, report)
    _senders(config, facts, report, url, may_know=facts is not None or not runs)
    if running is not None and facts is not None:
        facts = running.now() or facts
        delivery.running(facts, config, report)
    elif (config.upstreams or config.otlp_receivers) and not url:
        delivery.resting(where, config, report)
    if not url:
        _upstreams(config, report)
        disk.disks(config, report)
    disk.memory(facts, report)
    if is_valid:
        configuration.configuration(config, None if url else facts, report)
    configuration.versions(config, report)


def _upstreams(config: BridgeConfig, report: Report) -> None:
    if not (config.upstreams or config.otlp_receivers):
        return
    from otel_bridge.commands.doctor.upstream import (  # noqa: PLC0415 - aiohttp takes long to import
        probe,
        probe_otlp,
    )

    for one in config.upstreams:
        probe(one, one.project or config.default_project, report)
    for receiver in config.otlp_receivers:
        probe_otlp(receiver, config.default_project, report)


def _senders(
    config: BridgeConfig, facts: dict[str, Any] | None, report: Report, url: str | None, *, may_know: bool
) -> None:
    """Say who sends; nothing where the bridge that runs does not tell, and no store does."""
    live: Iterable[Sender] = ()
    otlp, logs = OTLP_URL, config.logs == "on"
    if facts is not None:
        live = msgspec.convert(facts["senders"], tuple[Sender, ...])
        otlp, logs = facts["doors"].get("otlp_http") or OTLP_URL, facts["config"]["logs"] == "on"
        senders.refusals(facts["refusals"], report)
    stored = () if url or not config.store else stored_senders(config.data_dir / STORE_FILE)
    if may_know or stored:
        senders.tell(tuple(live), stored, report, logs=logs, url=otlp)
