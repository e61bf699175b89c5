"""What an answer of the upstream means for the calls that were sent (`contract/weave-api.md` §1.2). Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_RETRY_AFTER_SECONDS: Final = 300.0
"""An upstream that asks for more is asked again after this time."""

COMPLETE_MODE: Final = "CALLS_COMPLETE_MODE_REQUIRED"
"""The `error_code` of a project that takes whole calls only (`contract/weave-api.md` §1.1)."""

KEPT_ANSWER_BYTES: Final = 4096
"""How much of an answer is kept with a dead letter."""


class Sent(Struct, frozen=True):
    """The destination has what was sent, but for so many spans that it `rejected` for good.

    `message` is what it said of them, or a warning where it rejected none.
    """

    rejected: int = 0
    message: str = ""


class Again(Struct, frozen=True):
    """Nothing is known to be kept; send the same after a while, `after` seconds at least.

    `status` is None when no answer came. `coding`: the request's compression was not understood.
    `unreachable`: no connection could be made at all.
    """

    reason: str
    status: int | None = None
    after: float = 0.0
    coding: bool = False
    unreachable: bool = False


class Held(Struct, frozen=True):
    """No call of this project is taken until a person changes something: key, endpoint or project."""

    reason: str
    status: int
    after: float = 0.0


class TooLarge(Struct, frozen=True):
    """A smaller batch may pass."""

    status: int
    answer: str


class Refused(Struct, frozen=True):
    """At least one call of the batch is unacceptable."""

    status: int
    answer: str


class WholeCallsOnly(Struct, frozen=True):
    """The project takes whole calls: send the same to `/v2/{entity}/{project}/calls/complete`."""


Verdict: TypeAlias = Sent | Again | Held | TooLarge | Refused | WholeCallsOnly

_REFUSED: Final = frozenset({400, 409, 422})
_AGAIN: Final = frozenset({408, 425, 429})
_CODING: Final = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
_SUCCESS: Final = range(200, 300)


class _Results(Struct, frozen=True):
    res: list[msgspec.Raw]


class _Object(Struct, frozen=True):
    error_code: str | None = None


_results: Final = msgspec.json.Decoder(_Results)
_object: Final = msgspec.json.Decoder(_Object)


def judge(
    status: int, headers: Mapping[str, str], body: bytes, *, items: int | None, final: bool = False
) -> Verdict:
    """Return what an answer means; `items` is how many results a success must have, None for any object.

    `final`: a 404 is about the call that was sent.
    A success that does not read like one is no success: what answered may be a proxy, not the upstream.
    """
    if status in _SUCCESS:
        if _reads_like_success(body, items):
            return Sent()
        return Again(f"answered {status} with a body that is not the API's: {first_words(body)}", status)
    answer = first_words(body)
    after = retry_after(headers.get("Retry-After"))
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLarge(status, answer)
    if status in _REFUSED or (final and status == HTTPStatus.NOT_FOUND):
        return WholeCallsOnly() if _asks_for_whole_calls(body) else Refused(status, answer)
    if status == _CODING:
        return Again(f"answered {status}: {answer}", status, after, coding=True)
    if status in _AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Again(f"answered {status}: {answer}", status, after)
    return Held(f"answered {status}: {answer}", status, after)


def retry_after(text: str | None, *, now: datetime | None = None) -> float:
    """Read a `Retry-After`, seconds or a date (RFC 9110 §10.2.3): at most `MAX_RETRY_AFTER_SECONDS`."""
    if text is None:
        return 0.0
    text = text.strip()
    try:
        seconds = float(text) if not text[:1].isalpha() else _until(text, now or datetime.now(UTC))
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS) if seconds == seconds else 0.0  # noqa: PLR0124 - NaN


def _until(text: str, now: datetime) -> float:
    moment = parsedate_to_datetime(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - now).total_seconds()


def _reads_like_success(body: bytes, items: int | None) -> bool:
    try:
        if items is None:
            _object.decode(body)
            return True
        return len(_results.decode(body).res) == items
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _asks_for_whole_calls(body: bytes) -> bool:
    try:
        return _object.decode(body).error_code == COMPLETE_MODE
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def first_words(body: bytes) -> str:
    """Return the beginning of an answer, in one line."""
    return " ".join(body[:KEPT_ANSWER_BYTES].decode("utf-8", "replace").split())
