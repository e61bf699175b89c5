"""What a condition may ask about: names of fields, in the words of OTTL's span and resource contexts."""

from __future__ import annotations

from typing import Any, Final, Literal, Protocol, TypeAlias

Context: TypeAlias = Literal["span", "spanevent", "resource"]
Key: TypeAlias = "str | int"
ErrorMode: TypeAlias = Literal["propagate", "ignore", "silent"]
"""What configurations of Collectors say of conditions that fail; ours never do (`docs/conditions.md`)."""


class Subject(Protocol):
    """A span, a resource or a call that a condition is asked about."""

    def field(self, name: str) -> Any:
        """Return a field by its name in `FIELDS`; None when there is none."""

    def entry(self, mapping: str, key: str) -> Any:
        """Return an entry of a map by the map's name in `MAPS`; None when there is none."""


SPAN_FIELDS: Final = {
    "name": "name",
    "kind": "kind",
    "status.code": "status.code",
    "status.message": "status.message",
    "trace_id": "trace_id",
    "trace_id.string": "trace_id",
    "span_id": "span_id",
    "span_id.string": "span_id",
    "parent_span_id": "parent_span_id",
    "parent_span_id.string": "parent_span_id",
    "trace_state": "trace_state",
    "start_time_unix_nano": "start_time_unix_nano",
    "end_time_unix_nano": "end_time_unix_nano",
    "duration_ms": "duration_ms",
    "project": "project",
    "instrumentation_scope.name": "scope.name",
    "instrumentation_scope.version": "scope.version",
    "scope.name": "scope.name",
    "scope.version": "scope.version",
}
"""Spelling in a condition → field of a subject."""

SPAN_MAPS: Final = {
    "attributes": "attributes",
    "resource": "resource",
    "resource.attributes": "resource",
    "instrumentation_scope.attributes": "scope",
    "scope.attributes": "scope",
    "inputs": "inputs",
    "output": "output",
}
"""Spelling in a condition → map of a subject. `inputs` and `output` are those of calls written by the API."""

CONSTANTS: Final = {
    "SPAN_KIND_UNSPECIFIED": 0,
    "SPAN_KIND_INTERNAL": 1,
    "SPAN_KIND_SERVER": 2,
    "SPAN_KIND_CLIENT": 3,
    "SPAN_KIND_PRODUCER": 4,
    "SPAN_KIND_CONSUMER": 5,
    "STATUS_CODE_UNSET": 0,
    "STATUS_CODE_OK": 1,
    "STATUS_CODE_ERROR": 2,
}
"""The enums of OTLP's `trace.proto`."""


FIELDS: Final[dict[Context, dict[str, str]]] = {
    "span": SPAN_FIELDS,
    "spanevent": {
        **{f"span.{name}": field for name, field in SPAN_FIELDS.items() if "scope" not in name},
        **{name: field for name, field in SPAN_FIELDS.items() if "scope" in name or name == "project"},
        "name": "event.name",
    },
    "resource": {"project": "project"},
}
"""Context → spelling of a field in a condition → the field of a subject."""

MAPS: Final[dict[Context, dict[str, str]]] = {
    "span": SPAN_MAPS,
    "spanevent": {
        **{name: mapping for name, mapping in SPAN_MAPS.items() if mapping in {"resource", "scope"}},
        "attributes": "event",
        "span.attributes": "attributes",
    },
    "resource": {"attributes": "resource", "resource": "resource", "resource.attributes": "resource"},
}
"""Context → spelling of a map in a condition → the map of a subject."""
