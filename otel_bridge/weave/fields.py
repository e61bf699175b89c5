"""Single values of a call: what the schema cannot say about them, and how they are written down.

The rules are those "applied after the schema" of `contract/weave-api.md` §1.1; each raises BadValue.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.errors import Permanent
from otel_bridge.weave.ids import is_call_id, is_trace_id

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_OP_NAME: Final = 128
MAX_DISPLAY_NAME: Final = 1024
MAX_PROJECT_ID: Final = 512
MAX_STEP: Final = 2**63 - 1
"""What an SQL integer holds."""

_REF_PREFIXES: Final = ("weave:///", "weave-trace-internal:///")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # the epoch for times without a zone, read as UTC
_MICROS_A_SECOND: Final = 1_000_000
_SECONDS_A_DAY: Final = 86_400
_MIN_MICROS: Final = -62_135_596_800 * _MICROS_A_SECOND
_MAX_MICROS: Final = 253_402_300_800 * _MICROS_A_SECOND - 1

# orjson writes 254 levels. Whoever renders a line puts a tree a few levels deeper: leave room for that.
_HEADROOM: Final = 4
MAX_DEPTH: Final = 254 - _HEADROOM


class BadValue(Permanent):
    """A value that fits the schema but cannot be kept; the message names the field."""


def project_id(value: str) -> str:
    """Check an `entity/project`."""
    entity, slash, project = value.partition("/")
    if not (entity and slash and project) or "/" in project or "\0" in value or len(value) > MAX_PROJECT_ID:
        raise BadValue("project_id must be entity/project")
    return value


def call_id(value: str, field: str = "id") -> str:
    """Check the id of a call."""
    if not is_call_id(value):
        raise BadValue(f"{field} must be 16 lower-case hex digits or a lower-case UUID")
    return value


def trace_id(value: str) -> str:
    """Check the id of a trace."""
    if not is_trace_id(value):
        raise BadValue("trace_id must be 32 lower-case hex digits or a lower-case UUID")
    return value


def parent_id(value: str | None) -> str | None:
    """Check the id of a parent; "" is no parent."""
    return call_id(value, "parent_id") if value else None


def op_name(value: str) -> str:
    """Check a plain name or a ref, and drop its NULs."""
    if len(value) > MAX_OP_NAME and not value.startswith(_REF_PREFIXES):
        raise BadValue(f"op_name is longer than {MAX_OP_NAME} characters")
    return value.replace("\0", "")


def display_name(value: str | None) -> str | None:
    """Check a display name, and drop its NULs."""
    if value is not None and len(value) > MAX_DISPLAY_NAME:
        raise BadValue(f"display_name is longer than {MAX_DISPLAY_NAME} characters")
    return text(value)


def text(value: str | None) -> str | None:
    """Drop NULs, which no database column can be trusted with (`contract/otlp-receiver.md` §8)."""
    return value.replace("\0", "") if value else value


def step(value: int | None, field: str) -> int | None:
    """Check a run step."""
    if value is not None and not 0 <= value <= MAX_STEP:
        raise BadValue(f"{field} must be between 0 and {MAX_STEP}")
    return value


def micros(value: datetime, field: str) -> int:
    """Count microseconds since the epoch, in whole numbers; a time without a zone is UTC."""
    since = value - (_NAIVE_EPOCH if value.tzinfo is None else _EPOCH)
    result = (since.days * _SECONDS_A_DAY + since.seconds) * _MICROS_A_SECOND + since.microseconds
    if not _MIN_MICROS <= result <= _MAX_MICROS:
        raise BadValue(f"{field} is outside the years 1 to 9999 in UTC")
    return result


def tree(value: Any, field: str) -> bytes:
    """Write a tree down as compact JSON."""
    try:
        return orjson.dumps([[[[value]]]])[_HEADROOM:-_HEADROOM]
    except TypeError:
        raise BadValue(
            f"{field} is nested deeper than {MAX_DEPTH} levels or holds an integer beyond 64 bits"
        ) from None


def summary(sent: Mapping[str, Any], read: Mapping[str, Any]) -> bytes:
    """Write a summary down as it was sent, with counts as the schema read them ("5" is 5)."""
    merged = {**sent, **read}
    if counts := merged.get("status_counts"):
        merged["status_counts"] = {str(status): count for status, count in counts.items()}
    return tree(merged, "summary")
