"""What a bridge is by its profile and the variables that users of Weave have set anyway.

A sidecar needs no flag and no file: `WANDB_API_KEY` (or `WANDB_API_KEY_FILE`), `WANDB_ENTITY`,
`WANDB_PROJECT`, `WEAVE_ENDPOINT` (or `WF_TRACE_SERVER_URL`), see `contract/pipeline-config.md` §5.1. In a
standalone bridge these variables mean nothing unless `--upstream` is given: programs beside it have them set
so that their SDK finds the bridge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from otel_bridge.exporter.settings import WeaveSettings
from otel_bridge.http.loopback import is_loopback
from otel_bridge.parsers import BadSetting, checked_key, checked_url, parse_project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.config import BridgeConfig

WEAVE_URL: Final = "https://trace.wandb.ai"
"""Where Weave's own server is; it wants a key."""
ENDPOINT_VARIABLES: Final = ("WEAVE_ENDPOINT", "WF_TRACE_SERVER_URL")
KEY: Final = "WANDB_API_KEY"
KEY_FILE: Final = "WANDB_API_KEY_FILE"


def with_profile(given: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a `BridgeConfig` for what was given; raise BadSetting.

    `given` holds fields by name, and `upstream`, the URL of an upstream, beside them.
    """
    fields = dict(given)
    upstream = fields.pop("upstream", None)
    if fields.get("profile", "standalone") == "standalone":
        if upstream is not None:
            fields["upstreams"] = (*fields.get("upstreams", ()), _upstream(upstream, "--upstream", environ))
        return fields
    if fields.get("logs") == "on":
        raise BadSetting("--logs: a sidecar keeps no calls that log records could complete")
    fields.setdefault("store", False)
    if not fields.get("upstreams"):
        fields["upstreams"] = (_sidecar_upstream(upstream, environ),)
    elif upstream is not None:
        raise BadSetting("--upstream: the configuration file says already where calls go")
    if "default_project" not in fields:
        fields["default_project"] = _project(environ)
    return fields


def checked(config: BridgeConfig) -> BridgeConfig:
    """Return the configuration, every upstream told what spans become; raise BadSetting for a circle."""
    for upstream in config.upstreams:
        url = urlsplit(upstream.endpoint)
        mine = {door.port for door in (config.api, config.otlp_http) if door is not None and door.port}
        if is_loopback(url.hostname or "") and url.port in mine:
            raise BadSetting(f"the upstream {upstream.endpoint} is this bridge itself")
    names = [one.name for one in config.upstreams]
    if len(set(names)) != len(names):
        raise BadSetting("two upstreams have one name")
    upstreams = tuple(replace(one, options=config.options) for one in config.upstreams)
    return config.model_copy(update={"upstreams": upstreams})


def _sidecar_upstream(upstream: str | None, environ: Mapping[str, str]) -> WeaveSettings:
    if upstream is not None:
        return _upstream(upstream, "--upstream", environ)
    for name in ENDPOINT_VARIABLES:
        if environ.get(name):
            return _upstream(environ[name], name, environ)
    settings = _upstream(WEAVE_URL, "WEAVE_ENDPOINT", environ)
    if settings.api_key is None and settings.api_key_file is None:
        raise BadSetting(f"{KEY}: a key for {WEAVE_URL} is needed, or another server in WEAVE_ENDPOINT")
    return settings


def _upstream(url: str, name: str, environ: Mapping[str, str]) -> WeaveSettings:
    key, file = environ.get(KEY), environ.get(KEY_FILE)
    if key and file:
        raise BadSetting(f"{KEY} and {KEY_FILE} are both set: take one")
    return WeaveSettings(
        endpoint=checked_url(url, name),
        api_key=checked_key(key, KEY) if key else None,
        api_key_file=file or None,
    )


def _project(environ: Mapping[str, str]) -> str | None:
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
