"""What of a configuration runs: pipelines, extensions, and what concerns the bridge as a whole."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from otel_bridge.config_file.gates import FeatureGates  # noqa: TC001 - pydantic reads the annotations
from otel_bridge.config_file.ids import ComponentId
from otel_bridge.config_file.own_telemetry import OwnTelemetry
from otel_bridge.parsers import Duration, Strict, Wait


def _each_once(names: list[str]) -> list[str]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{twice[0]} is listed twice")
    return names


Names = Annotated[list[ComponentId], AfterValidator(_each_once)]
OnOff = Literal["on", "off"]


class Pipeline(Strict):
    """From receivers, through processors in their order, to exporters.

    A connector is an exporter of one pipeline and a receiver of another.
    """

    receivers: Names = Field(min_length=1)
    """Where it begins: receivers and connectors."""
    processors: Names = Field(default_factory=list)
    """What it goes through, in this order."""
    exporters: Names = Field(min_length=1)
    """Where it ends: exporters and connectors. Each gets everything."""


class Translation(Strict):
    """What spans become, in every exporter."""

    usage_on_wrappers: Literal["drop", "keep"] = "drop"
    """Tokens of agents, workflows and chains, which repeat their children's: set apart, or counted twice."""
    session_threads: OnOff = "on"
    """Whether session ids name threads where nothing better does."""
    turns: Literal["roots", "spans"] = "roots"
    """What is a turn of a thread: its root spans, or all its spans."""


class Service(Strict):
    """What of all this runs."""

    extensions: Names = Field(default_factory=list)
    """The extensions that run."""
    data_dir: str | None = None
    """Where the bridge keeps what has no directory of its own; made when it is missing."""
    shutdown_timeout: Wait = Field(default="25s", validate_default=True)
    """How long stopping may take; until 5 s before it, what waits is still sent."""
    feature_gates: FeatureGates = Field(default_factory=list)
    """Behaviour chosen by name: `name` turns it on, `-name` off; `otel-bridge featuregate` lists it."""
    allow_unauthenticated: bool = False
    """Whether OTLP and the API may be reached from other machines though they ask nobody for a key."""
    reload_interval: Duration = Field(default="5s", validate_default=True)
    """How often the files of the configuration are looked at: what has changed is taken over while the bridge
    runs; `off`: only when it is told to, by SIGHUP."""
    telemetry: OwnTelemetry = OwnTelemetry()
    """What the bridge says of itself."""
    translation: Translation = Translation()
    """What spans become."""
    pipelines: dict[str, Pipeline] = Field(min_length=1)
    """The pipelines, by signal: `traces` or `logs`, or with a name, `traces/audit`."""


class Shell(Strict):
    """A whole configuration; components are checked one by one, by their type."""

    receivers: dict[str, Any] = Field(min_length=1)
    """Where spans and calls come in, by id: `TYPE` or `TYPE/NAME`."""
    processors: dict[str, Any] = Field(default_factory=dict)
    """What changes or drops what passes, by id."""
    exporters: dict[str, Any] = Field(min_length=1)
    """Where calls go, by id."""
    connectors: dict[str, Any] = Field(default_factory=dict)
    """What leads from pipelines into others, by id."""
    extensions: dict[str, Any] = Field(default_factory=dict)
    """What runs beside pipelines, by id."""
    service: Service
    """What of all this runs."""
