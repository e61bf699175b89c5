"""The bridge's own traces, as its parts see them: what they say of their work, and to whom.

Off, as they are unless `service.telemetry.traces` says where they go, nobody listens and nothing is made.
What listens needs opentelemetry-sdk and is opened by `service.own_traces`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import SecretStr

Facts: TypeAlias = "Mapping[str, str | int | float | bool]"
Kind: TypeAlias = Literal["internal", "server", "client"]

INSTANCE: Final = "otel_bridge.instance.id"
"""The resource attribute that every span of a bridge's own traces has: a UUID of the process."""
NOTHING: Final[Facts] = {}


class SpanTarget(Struct, frozen=True, kw_only=True):
    """Where own spans go: the whole URL of an OTLP/HTTP endpoint, and how they are sent there.

    Times are seconds. `max_queue` spans wait at most, what comes on top is lost. `tls` is an
    `exporter.settings.TlsSettings`.
    """

    url: str
    tls: Any
    name: str = "of own traces"
    headers: Mapping[str, SecretStr] = {}
    gzip: bool = True
    timeout_seconds: float = 10.0
    delay_seconds: float = 5.0
    max_queue: int = 2048
    max_batch: int = 512


class TraceSettings(Struct, frozen=True, kw_only=True):
    """What becomes of own spans.

    `ratio` of traces are kept. `continues`: a trace that a request names goes on; `by_parent`: it is kept
    when its sender keeps it. `resource` adds to the resource of spans, and with None takes away.
    """

    targets: tuple[SpanTarget, ...]
    ratio: float = 1.0
    by_parent: bool = True
    continues: bool = False
    resource: Mapping[str, str | None] = {}


class Step:
    """Work under way; whoever does it says here what there is to know of it."""

    def tell(self, facts: Facts) -> None:
        """Note what the work is about, or came to."""

    def happened(self, event: str, facts: Facts = NOTHING) -> None:
        """Note that something happened, now."""

    def failed(self, reason: str) -> None:
        """Note that it failed; `reason` has nothing of what was sent."""

    def forget(self) -> None:
        """Do not tell of this work at all."""


NO_STEP: Final = Step()
_NO_STEP: Final = nullcontext(NO_STEP)
_NOTHING_ASKED: Final = nullcontext()


class Tracing:
    """Own traces that are off."""

    on: bool = False
    instance: str | None = None
    """The value of `INSTANCE`, None while they are off."""

    def request(
        self, name: str, facts: Facts = NOTHING, *, carrier: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Step]:
        """Begin a trace of a request; `carrier` are its headers. Ends with the block."""
        return _NO_STEP

    def work(
        self, name: str, facts: Facts = NOTHING, *, kind: Kind = "internal"
    ) -> AbstractContextManager[Step]:
        """Begin a trace of our own work. Ends with the block; told of only when something happened in it."""
        return _NO_STEP

    def now(self) -> Step:
        """Return the request that this is a part of."""
        return NO_STEP

    def asking(self, number: int) -> AbstractContextManager[None]:
        """Remember, for the length of the block, that request `number` to the writer is for `now()`."""
        return _NOTHING_ASKED

    def worked(self, requests: Sequence[tuple[int, int, int]], commit: tuple[int, int]) -> None:
        """Tell what the writer did: number, start and end of each request that one commit was for.

        All times here are nanoseconds since the Unix epoch.
        """

    def done(self, name: str, start_ns: int, end_ns: int, facts: Facts, *, failed: str | None = None) -> None:
        """Tell of work that has been done, in a trace of its own."""


OFF: Final = Tracing()
