"""What exporters that deliver from the queue are told (`contract/pipeline-config.md` §2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from otel_bridge.backoff import Retry
from otel_bridge.translate.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

MAX_BODY_BYTES: Final = 31 << 20
"""Weave's server takes 32 MiB; its SDK splits at 31 MiB (`contract/weave-api.md` §1.1)."""

TRACES_PATH: Final = "/v1/traces"

Compression = Literal["auto", "gzip", "none"]
Scheme = Literal["basic", "bearer"]


class TlsSettings(Struct, frozen=True, kw_only=True):
    """Whom to trust instead of the system's authorities, and what to show: PEM files.

    `insecure_skip_verify`: anybody is trusted.
    """

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    insecure_skip_verify: bool = False


class DeliverySettings(Struct, frozen=True, kw_only=True):
    """What every exporter has that delivers from the queue.

    `max_batch_calls` bounds calls, or spans, of one request; `max_batch_bytes` counts them uncompressed.
    `in_flight` requests of one project may be under way at a time. `flush_seconds` is how long calls may
    wait for others before a batch that is not full leaves. `required` False: a full queue drops the oldest
    instead of refusing the client.
    """

    endpoint: str
    name: str
    timeout_seconds: float = 30.0
    max_batch_calls: int = 1000
    max_batch_bytes: int = 3 << 20
    in_flight: int = 4
    flush_seconds: float = 0.2
    retry: Retry = Retry()
    required: bool = True
    tls: TlsSettings = TlsSettings()


class WeaveSettings(DeliverySettings, frozen=True, kw_only=True):
    """A Weave server: where calls go, how, and what becomes of those that cannot.

    `endpoint` is the base URL. `api_key`, or the contents of `api_key_file`, is sent as HTTP Basic
    `api:KEY` or as Bearer token. `project` ("entity/project") takes the calls of the default project;
    `options` say what spans become.
    """

    name: str = "weave"
    api_key: SecretStr | None = None
    api_key_file: str | None = None
    scheme: Scheme = "basic"
    project: str | None = None
    compression: Compression = "auto"
    options: Options = Options()


class OtlpHttpSettings(DeliverySettings, frozen=True, kw_only=True):
    """An OTLP receiver: a Collector, another bridge, or what else takes spans as OTLP/HTTP in protobuf.

    Spans go to `endpoint` with `/v1/traces` behind it, or to `traces_endpoint` as it is. `headers` are
    secrets: they hold keys.
    """

    name: str = "otlp_http"
    endpoint: str = ""
    traces_endpoint: str | None = None
    headers: Mapping[str, SecretStr] = {}
    compression: Literal["gzip", "none"] = "gzip"

    @property
    def url(self) -> str:
        """Return where spans are posted."""
        return self.traces_endpoint or self.endpoint.rstrip("/") + TRACES_PATH

    @property
    def options(self) -> None:
        """Spans stay spans: nothing says what they become."""
        return
