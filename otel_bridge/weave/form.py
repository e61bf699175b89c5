"""Forms with a file in them (`multipart/form-data`), as SDKs send files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from otel_bridge.weave.refusals import reason

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PARTS: Final = 16
"""Members of a form; a file comes with two."""


def members(content_type: str | None, body: bytes) -> dict[str, bytes]:
    """Return the members of a form by their names, none of a body that is no form.

    Raise WriteRefused (400) for a form that cannot be read.
    """
    kind, options = parse_options_header(content_type or "")
    if kind != "multipart/form-data":
        return {}
    boundary = options.get("boundary")
    if not boundary:
        raise reason(400, "the form cannot be read: its Content-Type names no boundary")
    try:
        with PushMultipartParser(boundary, max_segment_count=MAX_PARTS) as parser:
            return _collected(parser.parse(body))
    except MultipartError as error:
        raise reason(400, f"the form cannot be read: {error}") from None


def _collected(events: Iterable[MultipartSegment | bytearray | None]) -> dict[str, bytes]:
    found: dict[str, list[bytes]] = {}
    pieces: list[bytes] = []
    for event in events:
        if isinstance(event, MultipartSegment):
            pieces = found[event.name or ""] = []
        elif event:
            pieces.append(bytes(event))
    return {name: b"".join(parts) for name, parts in found.items()}
