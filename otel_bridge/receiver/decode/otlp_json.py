"""OTLP/JSON to the protobuf form of the same request (`contract/otlp-receiver.md` §7).

Each message is a table from JSON key to the writer of its field. What the tables write is parsed like any
other protobuf body, so that limits and meaning are the same for both encodings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.errors import InvalidRequest
from otel_bridge.receiver.decode import scalars
from otel_bridge.receiver.decode.envelopes import check_tree
from otel_bridge.receiver.decode.scalars import Malformed
from otel_bridge.receiver.decode.writers import (
    EMPTY_ITEM,
    Reading,
    count,
    enum,
    flags,
    identifier,
    many,
    message,
    nanos,
    nested,
    of,
    one,
    scalar,
    string,
    text,
)
from otel_bridge.receiver.signals import LOGS, TRACES

if TYPE_CHECKING:
    from otel_bridge.receiver.decode.writers import Writer
    from otel_bridge.receiver.signals import Signal

BOM: Final = b"\xef\xbb\xbf"

ENUM_NAMES: Final = "enums in OTLP/JSON are numbers; names were read as their numbers"
TWO_VALUES: Final = "an attribute value has more than one member; the last one was taken"


def snake_case(signal: Signal) -> str:
    """Tell the sender of a request in which nothing was found but keys that OTLP/JSON does not know."""
    key = signal.members[0][0]
    return (
        f"the request holds no {signal.items} but has snake_case keys: OTLP/JSON keys are lowerCamelCase "
        f'("{key}", not "{_snake(key)}")'
    )


def _snake(key: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in key)


def to_protobuf(body: bytes, counts: dict[str, int], warnings: list[str], signal: Signal = TRACES) -> bytes:
    """Return the request as protobuf; raise InvalidRequest, naming the field, when it is not OTLP/JSON."""
    try:
        tree = orjson.loads(body.removeprefix(BOM))
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"the body is not JSON: {error.msg} (at character {error.pos})") from None
    check_tree(tree, signal)
    reading = Reading()
    try:
        wire = message(tree, REQUESTS[signal], reading)
    except Malformed as error:
        field = ".".join(error.path).replace(".[", "[") or None
        raise InvalidRequest(f"{field or 'the body'} {error}", field=field) from None
    counts.update(reading.counts)
    for name, warning in (("json_enum_names", ENUM_NAMES), ("json_two_values", TWO_VALUES)):
        if name in reading.counts:
            warnings.append(warning)
    return wire


def _any_value(value: Any, reading: Reading) -> bytes:
    if type(value) is not dict:
        raise Malformed("must be an object")
    key: str | None = None
    for name, child in value.items():
        if name not in ANY_VALUE:
            _note_member(name, reading)
        elif child is not None:
            if key is not None:
                reading.note("json_two_values")
            key = name
    if key is None:
        return b""
    try:
        return ANY_VALUE[key](value[key], reading)
    except Malformed as error:
        error.path.insert(0, key)
        raise


def _note_member(name: str, reading: Reading) -> None:
    if name == "stringValueStrindex":
        reading.note("string_table_references")
    else:
        reading.unknown(name, ANY_VALUE)


def _key_value(value: Any, reading: Reading) -> bytes:
    if type(value) is dict and "keyStrindex" in value and not value.get("key"):
        reading.note("string_table_references")
    return message(value, KEY_VALUE, reading)


ANY_VALUE: Final[dict[str, Writer]] = {
    "stringValue": text(1),
    "boolValue": scalar(2, scalars.VARINT, scalars.boolean),
    "intValue": scalar(3, scalars.VARINT, scalars.INT64),
    "doubleValue": scalar(4, scalars.FIXED64, scalars.double),
    "arrayValue": one(5, nested(of({"values": many(1, _any_value, null=EMPTY_ITEM)}))),
    "kvlistValue": one(6, nested(of({"values": many(1, _key_value)}))),
    "bytesValue": scalar(7, scalars.BYTES, scalars.octets),
}
KEY_VALUE: Final[dict[str, Writer]] = {"key": text(1), "value": one(2, _any_value)}

RESOURCE: Final[dict[str, Writer]] = {
    "attributes": many(1, _key_value),
    "droppedAttributesCount": count(2),
    "entityRefs": many(
        3,
        of(
            {
                "schemaUrl": text(1),
                "type": text(2),
                "idKeys": many(3, string),
                "descriptionKeys": many(4, string),
            }
        ),
    ),
}
SCOPE: Final[dict[str, Writer]] = {
    "name": text(1),
    "version": text(2),
    "attributes": many(3, _key_value),
    "droppedAttributesCount": count(4),
}
EVENT: Final[dict[str, Writer]] = {
    "timeUnixNano": nanos(1),
    "name": text(2),
    "attributes": many(3, _key_value),
    "droppedAttributesCount": count(4),
}
LINK: Final[dict[str, Writer]] = {
    "traceId": identifier(1),
    "spanId": identifier(2),
    "traceState": text(3),
    "attributes": many(4, _key_value),
    "droppedAttributesCount": count(5),
    "flags": flags(6),
}
STATUS: Final[dict[str, Writer]] = {
    "message": text(2),
    "code": enum(3, {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}),
}
SPAN: Final[dict[str, Writer]] = {
    "traceId": identifier(1),
    "spanId": identifier(2),
    "traceState": text(3),
    "parentSpanId": identifier(4),
    "name": text(5),
    "kind": enum(
        6,
        {
            f"SPAN_KIND_{name}": number
            for number, name in enumerate(
                ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
            )
        },
    ),
    "startTimeUnixNano": nanos(7),
    "endTimeUnixNano": nanos(8),
    "attributes": many(9, _key_value),
    "droppedAttributesCount": count(10),
    "events": many(11, of(EVENT)),
    "droppedEventsCount": count(12),
    "links": many(13, of(LINK)),
    "droppedLinksCount": count(14),
    "status": one(15, of(STATUS)),
    "flags": flags(16),
}
SEVERITIES: Final = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
"""Each has four numbers, the first without a digit: INFO, INFO2, INFO3, INFO4."""

LOG_RECORD: Final[dict[str, Writer]] = {
    "timeUnixNano": nanos(1),
    "severityNumber": enum(
        2,
        {"SEVERITY_NUMBER_UNSPECIFIED": 0}
        | {
            f"SEVERITY_NUMBER_{name}{step or ''}": 4 * place + max(step, 1)
            for place, name in enumerate(SEVERITIES)
            for step in (0, 2, 3, 4)
        },
    ),
    "severityText": text(3),
    "body": one(5, _any_value),
    "attributes": many(6, _key_value),
    "droppedAttributesCount": count(7),
    "flags": flags(8),
    "traceId": identifier(9),
    "spanId": identifier(10),
    "observedTimeUnixNano": nanos(11),
    "eventName": text(12),
}


def _request(signal: Signal, item: dict[str, Writer]) -> dict[str, Writer]:
    """Return the table of a signal's request: the envelopes are the same for all of them."""
    (resources,), (scopes,), (items,) = signal.members
    scope: dict[str, Writer] = {"scope": one(1, of(SCOPE)), items: many(2, of(item)), "schemaUrl": text(3)}
    resource: dict[str, Writer] = {
        "resource": one(1, of(RESOURCE)),
        scopes: many(2, of(scope)),
        "schemaUrl": text(3),
    }
    return {resources: many(1, of(resource))}


REQUESTS: Final = {TRACES: _request(TRACES, SPAN), LOGS: _request(LOGS, LOG_RECORD)}
