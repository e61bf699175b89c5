"""What passes a pipeline, as processors see it: spans of OTLP requests, and calls that the API wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson
from msgspec.structs import replace

from otel_bridge.model.call import CompletedCall, EndedCall, StartedCall
from otel_bridge.processor.attributes_map import TreeAttributes, WireAttributes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


HalfT = TypeVar("HalfT", StartedCall, EndedCall)
NANOS_A_MS: Final = 1_000_000
MICROS_A_MS: Final = 1_000


class ResourceView:
    """A `ResourceSpans` or `ResourceLogs` of a request, to be read and edited.

    `project` is what its spans belong to when no processor changes that.
    """

    __slots__ = ("attributes", "message", "project")

    def __init__(self, message: Any, project: str | None) -> None:
        self.message = message
        self.project = project
        self.attributes = WireAttributes(message.resource.attributes)

    def scopes(self) -> list[Any]:
        """Return its `ScopeSpans` or `ScopeLogs`."""
        message = self.message
        return list(message.scope_spans if hasattr(message, "scope_spans") else message.scope_logs)

    def field(self, name: str) -> Any:
        return self.project if name == "project" else None

    def entry(self, mapping: str, key: str) -> Any:
        return self.attributes.get(key) if mapping == "resource" else None


class ItemView:
    """A span or log record of a request, to be read and edited; `message` is OTLP's own."""

    __slots__ = ("attributes", "message", "resource", "scope")

    def __init__(self, message: Any, scope: Any, resource: ResourceView) -> None:
        self.message = message
        self.scope = scope
        self.resource = resource
        self.attributes = WireAttributes(message.attributes)

    @property
    def trace_id(self) -> str:
        """32 hex digits; none for a log record that belongs to no span."""
        trace_id: str = self.message.trace_id.hex()
        return trace_id


class LogView(ItemView):
    """`message` is OTLP's `LogRecord`."""

    __slots__ = ()


class SpanView(ItemView):
    """`message` is OTLP's `Span`."""

    __slots__ = ("_scope_attributes",)

    def __init__(self, message: Any, scope: Any, resource: ResourceView) -> None:
        super().__init__(message, scope, resource)
        self._scope_attributes: WireAttributes | None = None

    def field(self, name: str) -> Any:
        return _SPAN_FIELDS[name](self)

    def entry(self, mapping: str, key: str) -> Any:
        if mapping == "attributes":
            return self.attributes.get(key)
        if mapping == "resource":
            return self.resource.attributes.get(key)
        if mapping == "scope":
            if self._scope_attributes is None:
                self._scope_attributes = WireAttributes(self.scope.attributes)
            return self._scope_attributes.get(key)
        return None


def _duration(view: SpanView) -> float | None:
    start, end = view.message.start_time_unix_nano, view.message.end_time_unix_nano
    return (end - start) / NANOS_A_MS if start and end else None


_SPAN_FIELDS: Final[Mapping[str, Callable[[SpanView], Any]]] = {
    "name": lambda view: view.message.name,
    "kind": lambda view: view.message.kind,
    "status.code": lambda view: view.message.status.code,
    "status.message": lambda view: view.message.status.message,
    "trace_id": lambda view: view.trace_id,
    "span_id": lambda view: view.message.span_id.hex(),
    "parent_span_id": lambda view: view.message.parent_span_id.hex(),
    "trace_state": lambda view: view.message.trace_state,
    "start_time_unix_nano": lambda view: view.message.start_time_unix_nano,
    "end_time_unix_nano": lambda view: view.message.end_time_unix_nano,
    "duration_ms": _duration,
    "project": lambda view: view.resource.project,
    "scope.name": lambda view: view.scope.name,
    "scope.version": lambda view: view.scope.version,
}
"""By the names of `condition.paths.SPAN_FIELDS`."""


class CallView:
    """A call that the API wrote, or one half of it, to be read and edited.

    A half has only the trees and fields that travel with it. Trees are parsed when somebody looks.
    """

    __slots__ = ("_attributes", "_trees", "end", "start")

    def __init__(self, change: StartedCall | EndedCall | CompletedCall) -> None:
        self.start: StartedCall | None
        self.end: EndedCall | None
        match change:
            case CompletedCall(start=start, end=end):
                self.start, self.end = start, end
            case StartedCall():
                self.start, self.end = change, None
            case _:
                self.start, self.end = None, change
        self._trees: dict[str, Any] = {}
        self._attributes: TreeAttributes | None = None

    @property
    def project(self) -> str:
        """`ENTITY/PROJECT`."""
        half = self.start or self.end
        assert half is not None
        return half.project_id

    @property
    def trace_id(self) -> str | None:
        """As it was written; an end does not say."""
        return None if self.start is None else self.start.trace_id

    @property
    def attributes(self) -> TreeAttributes | None:
        """The attributes; an end has none."""
        if self._attributes is None and self.start is not None:
            self._attributes = TreeAttributes(self.tree("attributes"))
        return self._attributes

    def tree(self, name: str) -> Any:
        """Return `attributes`, `inputs`, `output`, `summary` or `otel_dump` to be edited; None without it.

        Say `put` afterwards, unless it is `attributes` edited by its map.
        """
        if name not in self._trees:
            half = self.start if name in _OF_STARTS else self.end
            raw = None if half is None else getattr(half, name)
            self._trees[name] = None if raw is None else orjson.loads(raw)
        return self._trees[name]

    def put(self, name: str, value: Any) -> None:
        """Replace a tree of the half that has it."""
        self._trees[name] = value
        if name == "attributes":
            self._attributes = None  # that was a map of the old tree
        raw = orjson.dumps(value)
        if name in _OF_STARTS and self.start is not None:
            self.start = replace(self.start, **{name: raw})
        elif self.end is not None:
            self.end = replace(self.end, **{name: raw})

    def change_texts(self, change: Callable[[Any], Any]) -> None:
        """Change the texts that are no trees: names, what the call belongs to, and the exception."""
        if self.start is not None:
            self.start = _with_texts(self.start, _TEXTS_OF_STARTS, change)
        if self.end is not None:
            self.end = _with_texts(self.end, ("exception",), change)

    def change(self) -> StartedCall | EndedCall | CompletedCall:
        """Return the call as it is now."""
        if self._attributes is not None and self._attributes.changed:
            self.put("attributes", self._trees["attributes"])
        if self.start is None:
            assert self.end is not None
            return self.end
        return self.start if self.end is None else CompletedCall(self.start, self.end)

    def field(self, name: str) -> Any:
        read = _CALL_FIELDS.get(name)
        return None if read is None else read(self)

    def entry(self, mapping: str, key: str) -> Any:
        if mapping == "attributes":
            return None if self.attributes is None else self.attributes.get(key)
        if mapping in {"inputs", "output"}:
            tree = self.tree(mapping)
            return TreeAttributes(tree).get(key) if isinstance(tree, dict) else None
        return None


def _with_texts(half: HalfT, names: tuple[str, ...], change: Callable[[Any], Any]) -> HalfT:
    old = {name: getattr(half, name) for name in names}
    new = {name: change(text) for name, text in old.items() if text}
    changed = {name: text for name, text in new.items() if text is not old[name]}
    return replace(half, **changed) if changed else half


_OF_STARTS: Final = frozenset({"attributes", "inputs", "otel_dump"})
_TEXTS_OF_STARTS: Final = ("op_name", "display_name", "thread_id", "turn_id", "wb_user_id", "wb_run_id")


def _milliseconds(view: CallView) -> float | None:
    if view.start is None or view.end is None:
        return None
    return (view.end.ended_at - view.start.started_at) / MICROS_A_MS


_CALL_FIELDS: Final[Mapping[str, Callable[[CallView], Any]]] = {
    "name": lambda view: None if view.start is None else view.start.op_name,
    "status.code": lambda view: None if view.end is None else 2 if view.end.exception is not None else 0,
    "status.message": lambda view: None if view.end is None else view.end.exception,
    "trace_id": lambda view: view.trace_id,
    "span_id": lambda view: (view.start or view.end).id,  # type: ignore[union-attr]  # one of them is there
    "parent_span_id": lambda view: None if view.start is None else view.start.parent_id or "",
    "duration_ms": _milliseconds,
    "project": lambda view: view.project,
}
"""Those of `condition.paths.SPAN_FIELDS` that a call has too."""
