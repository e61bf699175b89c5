"""Every error the bridge raises on purpose.

    BridgeError
    ├── Permanent                 asking again changes nothing
    │   ├── InvalidRequest        the request cannot be understood
    │   │   └── UnsupportedCoding its Content-Encoding is unknown
    │   ├── TooSlow               the body did not arrive in time
    │   ├── RequestTooLarge       over a byte limit, on the wire or inflated
    │   ├── Unauthenticated       no key, or one that is not known
    │   ├── Forbidden             foreign Host or Origin, a key without the right or for other projects
    │   ├── UnknownPath           no such signal or route
    │   ├── NotFound              no such object, table or file is kept
    │   ├── Refused               kept nowhere, for good (quarantined request, destination said no)
    │   ├── QueryTimeout          a query that took longer than it may
    │   ├── NotBuilt              documented by Weave, not offered here yet
    │   └── StartError            a setting, a port or a data directory that cannot be used
    └── Retryable                 the same request may succeed later
        ├── RateLimited           too many requests with one key
        └── Unavailable           no room, no disk, starting, stopping, or a bug of ours

One file maps them to protocol answers: `receiver/status.py` for OTLP, `api/answers.py` for Weave's API.
"""

from __future__ import annotations

from typing import Final

RETRY_AFTER_SECONDS: Final = 1
"""What a retryable answer asks the client to wait. Exporters give up at once when a larger delay passes
the rest of their 10 s budget (`contract/otlp-receiver.md` §0.2), and read 0 as "at once"."""


class BridgeError(Exception):
    """Anything the bridge raises on purpose; `str(error)` is safe to show to a client."""


class Permanent(BridgeError):
    """Asking again changes nothing."""


class Retryable(BridgeError):
    """The same request may succeed later."""


class InvalidRequest(Permanent):
    """The request cannot be understood; `field` names the part at fault."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class UnsupportedCoding(InvalidRequest):
    """The request's `Content-Encoding` is unknown, or there is more than one."""


class TooSlow(Permanent):
    """The body did not arrive in time."""


class RequestTooLarge(Permanent):
    """The request is over a byte limit, on the wire or inflated."""


class Unauthenticated(Permanent):
    """Nobody is known to have sent the request; `challenge` is the value of `WWW-Authenticate`."""

    def __init__(self, message: str, *, challenge: str) -> None:
        super().__init__(message)
        self.challenge = challenge


class Forbidden(Permanent):
    """The request has a foreign `Host` or `Origin`, or its key may not do this, or not in this project."""


class UnknownPath(Permanent):
    """There is no such signal or route."""


class NotFound(Permanent):
    """Nothing is kept under this name; `deleted_at` tells when it was deleted, if it was."""

    def __init__(self, message: str, *, deleted_at: str | None = None) -> None:
        super().__init__(message)
        self.deleted_at = deleted_at


class Refused(Permanent):
    """The request is kept nowhere, for good."""


class QueryTimeout(Permanent):
    """A query took longer than it may; a narrower one may not."""


class NotBuilt(Permanent):
    """Weave documents this; the bridge does not offer it yet."""


class StartError(Permanent):
    """A setting, a port or a data directory that cannot be used; one line for a person."""

    exit_code = 2


class DataDirectoryLocked(StartError):
    """Another process uses the data directory."""

    exit_code = 3


class Unavailable(Retryable):
    """No room, no disk, starting, stopping, or a bug of ours; nothing of the request was kept."""


class RateLimited(Retryable):
    """Too many requests with one key; nothing of this one was kept."""
