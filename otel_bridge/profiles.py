"""What a bridge is by its profile and the variables that users of Weave have set anyway.

A sidecar needs no flag and no file: `WANDB_API_KEY` (or `WANDB_API_KEY_FILE`), `WANDB_ENTITY`,
`WANDB_PROJECT`, `WEAVE_ENDPOINT` (or `WF_TRACE_SERVER_URL`), see `contract/pipeline-config.md` §5.1. In a
standalone bridge these variables mean nothing unless `--upstream` is given: programs beside it have them set
so that their SDK finds the bridge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from otel_bridge.http.loopback import is_loopback
from otel_bridge.parsers import BadSetting, parse_project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.config import BridgeConfig
    from otel_bridge.exporter.settings import WeaveSettings

WEAVE_URL: Final = "https://trace.wandb.ai"
"""Where Weave's own server is; it wants a key."""
KEY: Final = "WANDB_API_KEY"
KEY_FILE: Final = "WANDB_API_KEY_FILE"


def checked(config: BridgeConfig) -> BridgeConfig:
    """Return the configuration, every upstream told what spans become; raise BadSetting for a circle."""
    mine = {door.port for door in (config.api, config.otlp_http) if door is not None and door.port}
    for there in (*(one.endpoint for one in config.upstreams), *(one.url for one in config.otlp_receivers)):
        url = urlsplit(there)
        if is_loopback(url.hostname or "") and url.port in mine:
            raise BadSetting(f"the upstream {there} is this bridge itself")
    names = [one.name for one in (*config.upstreams, *config.otlp_receivers, *config.outlets)]
    if len(set(names)) != len(names):
        raise BadSetting("two exporters have one name")
    upstreams = tuple(replace(one, options=config.options) for one in config.upstreams)
    return config.model_copy(update={"upstreams": upstreams})


def check_key_of_weave(settings: WeaveSettings) -> None:
    """Raise BadSetting for Weave's own server without a key for it."""
    if settings.api_key is None and settings.api_key_file is None:
        raise BadSetting(f"{KEY}: a key for {WEAVE_URL} is needed, or another server in WEAVE_ENDPOINT")


def wandb_project(environ: Mapping[str, str]) -> str | None:
    """Return where calls go that name no project, None when nothing says; then they are rejected."""
    entity, project = environ.get("WANDB_ENTITY", "").strip(), environ.get("WANDB_PROJECT", "").strip()
    if not project:
        return None
    if not entity and "/" not in project:
        raise BadSetting("WANDB_PROJECT: WANDB_ENTITY must be set too")
    try:
        return parse_project(project if "/" in project else f"{entity}/{project}")
    except ValueError as error:
        raise BadSetting(f"WANDB_ENTITY, WANDB_PROJECT: {error}") from error
