"""What a `weave` exporter is told (`contract/pipeline-config.md` §2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from otel_bridge.backoff import Retry
from otel_bridge.translate.options import Options

if TYPE_CHECKING:
    from pydantic import SecretStr

MAX_BODY_BYTES: Final = 31 << 20
"""Weave's server takes 32 MiB; its SDK splits at 31 MiB (`contract/weave-api.md` §1.1)."""

Compression = Literal["auto", "gzip", "none"]
Scheme = Literal["basic", "bearer"]


class WeaveSettings(Struct, frozen=True, kw_only=True):
    """Where calls go, how, and what becomes of those that cannot.

    `endpoint` is the base URL. `api_key`, or the contents of `api_key_file`, is sent as HTTP Basic
    `api:KEY` or as Bearer token. `project` ("entity/project") takes the calls of the default project;
    `max_batch_bytes` counts uncompressed JSON. `in_flight` requests of one project may be under way at a
    time. `flush_seconds` is how long calls may wait for others before a batch that is not full leaves.
    `required` False: a full queue drops the oldest instead of refusing the client.
    """

    endpoint: str
    name: str = "weave"
    api_key: SecretStr | None = None
    api_key_file: str | None = None
    scheme: Scheme = "basic"
    project: str | None = None
    timeout_seconds: float = 30.0
    compression: Compression = "auto"
    max_batch_calls: int = 1000
    max_batch_bytes: int = 3 << 20
    in_flight: int = 4
    flush_seconds: float = 0.2
    retry: Retry = Retry()
    required: bool = True
    options: Options = Options()
