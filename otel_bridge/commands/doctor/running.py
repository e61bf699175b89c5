"""The bridge that runs, if one does: where it is, and what it tells."""

from __future__ import annotations

import http.client
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from otel_bridge import __version__
from otel_bridge.auth.own_key import advice, key_headers
from otel_bridge.commands.doctor.trust import context_for, grpc_credentials
from otel_bridge.commands.failing import said
from otel_bridge.ingest.address import running_address
from otel_bridge.ingest.lock import holder_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from otel_bridge.commands.doctor.report import Report
    from otel_bridge.config import BridgeConfig

TIMEOUT_SECONDS: Final = 10.0
MAX_ANSWER_BYTES: Final = 16 << 20
JSON: Final = {"Content-Type": "application/json"}
STATUS: Final = "/bridge/status"
OK: Final = 200
NOT_FOUND: Final = 404
REFUSED: Final = frozenset({401, 403})

PARTS: Final[Mapping[str, str]] = {
    "writer": "the process that writes is stuck: look at the log, and restart the bridge",
    "disk": "make room on the disk",
    "queue": "mend the upstream, see Delivery, or take a larger queue: --queue-size",
}
"""What to do about a part that `/readyz` calls anything but `ok`."""


class Answer(Struct, frozen=True):
    """What came back; `status` 0 when nothing did, `body` then says why."""

    status: int
    body: bytes

    @property
    def words(self) -> str:
        """Return what a person may read of it."""
        return self.body.decode(errors="replace") if not self.status else said(self.body)


class Client:
    """Asks the API of a bridge; shows the key of `auth.own_key` each time."""

    def __init__(self, url: str, config: BridgeConfig) -> None:
        self.url: Final = url.rstrip("/")
        self.headers: Final[Mapping[str, str]] = key_headers()
        self._tls = partial(context_for, config)
        self.grpc: Final = grpc_credentials(config)

    def get(self, path: str) -> Answer:
        """Ask without a body."""
        return self.send("GET", self.url + path, b"", {})

    def post(self, path: str, document: Any) -> Answer:
        """Ask with a body of JSON."""
        return self.send("POST", self.url + path, msgspec.json.encode(document), JSON)

    def send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a request to any listener of the bridge."""
        return ask(method, url, body, {**headers, **self.headers}, self._tls)


def ask(
    method: str, url: str, body: bytes, headers: Mapping[str, str], tls: Callable[[str], ssl.SSLContext]
) -> Answer:
    """Send a request; never raise for what the other side or the network does."""
    try:
        connection = _connection(url, tls)
        try:
            connection.request(method, urlsplit(url).path or "/", body or None, dict(headers))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(MAX_ANSWER_BYTES))
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Answer(0, why.encode())


def _connection(url: str, tls: Callable[[str], ssl.SSLContext]) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT_SECONDS, context=tls(host))
    return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_SECONDS)


class Running(Struct, frozen=True):
    """A bridge whose API answers; `facts` as `service.status` gathers them, None from another version."""

    client: Client
    facts: dict[str, Any] | None

    def now(self) -> dict[str, Any] | None:
        """Return the facts as they are now; None when there is no answer any more."""
        answer = self.client.get(STATUS)
        found: dict[str, Any] | None = msgspec.json.decode(answer.body) if answer.status == OK else None
        return found


def find(config: BridgeConfig, url: str | None, report: Report) -> tuple[bool, Running | None]:
    """Say whether a bridge runs, and return it where it can be asked."""
    data_dir = config.data_dir
    holder = None if url else holder_of(data_dir)
    if url is None and holder is None:
        report.found("bridge.down", f"no bridge runs on {data_dir}")
        return False, None
    base = url or running_address(data_dir)
    if base is None:
        if config.api is None:
            report.found("bridge.no_api", f"process {holder} runs on {data_dir}; it has no API")
        else:
            report.found("bridge.silent", f"process {holder} holds {data_dir}, but says no address of an API")
        return True, None
    return True, _asked(Client(base if "//" in base else f"http://{base}", config), holder, report)


def _asked(client: Client, holder: str | None, report: Report) -> Running | None:
    answer = client.get(STATUS)
    if answer.status in REFUSED:
        words = f"{answer.words}{advice(answer.status)}"
        report.found("bridge.refuses", f"{client.url} answered {answer.status}: {words}")
        return None
    if answer.status == OK:
        facts: dict[str, Any] = msgspec.json.decode(answer.body)
        _judge(client, facts, report)
        return Running(client, facts)
    if answer.status == NOT_FOUND and client.get("/livez").status == OK:
        report.found("bridge.older", f"{client.url} runs an older version than {__version__}")
        return Running(client, None)
    why = f"answered {answer.status}" if answer.status else answer.words
    if holder is None:
        report.found("bridge.down", f"no bridge answers at {client.url}: {why}")
    else:
        report.found("bridge.silent", f"process {holder} runs, but {client.url} does not answer: {why}")
    return None


def _judge(client: Client, facts: dict[str, Any], report: Report) -> None:
    version = facts["version"]
    if version != __version__:
        report.found("bridge.older", f"the running bridge is {version}, this command {__version__}")
    parts = facts["parts"]
    if facts["ready"]:
        up = int(facts["now"] - facts["started_at"])
        report.fine("Bridge", f"{version} runs: process {facts['pid']}, {client.url}, up {ago(up)}, ready")
    for name, word in parts.items():
        if not facts["ready"] and name in PARTS and word != "ok":
            report.found("bridge.not_ready", f"not ready: {name} is {word}", fix=PARTS[name])
    if not facts["ready"] and parts.get("service") != "running":
        report.found("bridge.not_ready", f"not ready: it is {parts.get('service')}", fix="wait a moment")
    if facts["counters"]:
        told = ", ".join(f"{name} {count}" for name, count in facts["counters"].items())
        report.found("bridge.trouble", f"since the start: {told}")


def ago(seconds: float) -> str:
    """Write a length of time as people do."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
