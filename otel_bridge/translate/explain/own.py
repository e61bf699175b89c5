"""What a call owes to the span itself: ids, names, times, thread and turn, failure, heads of its summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from msgspec.structs import replace

from otel_bridge.translate.explain.report import Field, Lost, Said
from otel_bridge.translate.failure import failure
from otel_bridge.translate.identity import MAX_DISPLAY_NAME, MAX_OP_NAME, UNNAMED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_bridge.model.call import EndedCall, StartedCall
    from otel_bridge.model.span import Attributes, Span
    from otel_bridge.translate.explain.choose import Chooser
    from otel_bridge.translate.lookup import Found
    from otel_bridge.translate.options import Options

STATUSES: Final = {0: "UNSET", 1: "OK", 2: "ERROR"}

UNNAMED_PROJECT: Final = (
    "the resource names none by wandb.entity and wandb.project: it is the request's header project_id, "
    "else the bridge's --default-project"
)


def _span(path: str, value: Any, key: str, rule: str) -> Field:
    return Field(path=(path,), value=value, said=Said(key=key, told="span"), rule=rule)


def identity(span: Span, start: StartedCall, resource: Attributes) -> Iterator[Field]:
    """Yield project, ids and op name."""
    named = all(resource.get(key) for key in ("wandb.entity", "wandb.project"))
    yield Field(
        path=("project_id",),
        value=start.project_id,
        said=Said(key="wandb.entity, wandb.project", told="resource")
        if named
        else Said(key="project_id", told="request"),
        rule="the resource names it" if named else UNNAMED_PROJECT,
    )
    yield _span("id", start.id, "span_id", "the span's id")
    yield _span("trace_id", start.trace_id, "trace_id", "the trace's id")
    yield _span("parent_id", start.parent_id, "parent_span_id", _parent_rule(span))
    yield _span("op_name", start.op_name, "name", _name_rule(span.name))


def _parent_rule(span: Span) -> str:
    sent = span.message.parent_span_id
    if span.parent_id is not None:
        return "the parent's id; it stays, whether the parent was ever seen or not"
    if sent in {b"", bytes(8)}:
        return "none: a root"
    return "none: what was sent is malformed or the span's own id, so it is a root"


def _name_rule(name: str) -> str:
    if not name:
        return f"the span has no name: {UNNAMED!r} stands for it"
    if len(name) > MAX_OP_NAME:
        return f"the span's name, cut to {MAX_OP_NAME} characters with a hash of the whole at its end"
    return "the span's name" + (", without its NULs" if "\0" in name else "")


def times(span: Span, start: StartedCall, end: EndedCall | None, chooser: Chooser) -> Iterator[Field]:
    """Yield when the call started and ended."""
    yield chooser.field("started_at", ("started_at",)) or _span(
        "started_at", start.started_at, *_start_said(span)
    )
    if end is not None:
        yield chooser.field("ended_at", ("ended_at",)) or _span(
            "ended_at",
            end.ended_at,
            "end_time_unix_nano",
            "the span's end, cut to whole microseconds"
            + (", before its start, as sent" * (span.end_ns < span.start_ns)),
        )


def _start_said(span: Span) -> tuple[str, str]:
    if span.start_ns:
        return "start_time_unix_nano", "the span's start, cut to whole microseconds"
    if span.end_ns:
        return "end_time_unix_nano", "the span has no start: its end stands for it"
    return "received", "the span has no times: it is when the request came"


def thread(span: Span, start: StartedCall, chooser: Chooser, options: Options) -> Iterator[Field]:
    """Yield thread and turn."""
    path = ("thread_id",)
    named, session = chooser.field("thread_id", path), chooser.field("session_id", path)
    if named is not None:
        later = (Lost(session.said, "comes later"),) if session and session.said else ()
        yield replace(named, value=start.thread_id, lost=(*named.lost, *later))
    elif session is not None and options.session_threads:
        yield replace(session, value=start.thread_id, rule=f"{session.rule}: nothing names a thread itself")
    elif session is not None and session.said is not None:
        off = Lost(session.said, "--session-threads is off")
        yield Field(path=path, value=None, rule="nothing names a thread itself", lost=(off,))
    turn = chooser.field("is_turn", ("turn_id",))
    yield Field(
        path=("turn_id",),
        value=start.turn_id,
        said=turn.said if turn else None,
        rule=_turn_rule(span, start, None if turn is None else bool(turn.value), options),
        used=turn.used if turn else (),
    )


def _turn_rule(span: Span, start: StartedCall, is_turn: bool | None, options: Options) -> str:  # noqa: FBT001
    if is_turn is not None:
        return f"wandb.is_turn says that it is {'a' if is_turn else 'no'} turn"
    if start.thread_id is None:
        return "no turn: there is no thread"
    if options.turns == "spans":
        return "every span of a thread is a turn (--turns spans)"
    return (
        "the root of a thread is a turn" if span.parent_id is None else "no turn: only a thread's roots are"
    )


def names(span: Span, start: StartedCall, chooser: Chooser) -> Iterator[Field]:
    """Yield the name that is shown, and the run."""
    cut = (
        f", cut to {MAX_DISPLAY_NAME} characters" if len(start.display_name or "") == MAX_DISPLAY_NAME else ""
    )
    chosen = chooser.field("display_name", ("display_name",))
    spoken = chooser.field("spoken_name", ("display_name",))
    if chosen or (spoken and spoken.value != span.name):
        shown = chosen or spoken
        assert shown is not None
        yield replace(shown, value=start.display_name, rule=shown.rule + cut)
    yield from _run(span, start, chooser)


def _run(span: Span, start: StartedCall, chooser: Chooser) -> Iterator[Field]:
    path = ("wb_run_id",)
    told = chooser.field("wb_run_id", path)
    if span.origin.wb_run_id:
        header = Said(key="wb_run_id", told="request")
        yield Field(path=path, value=start.wb_run_id, said=header, rule="the request's header names it")
    elif told is not None:
        rule = (
            "it has `/` or `:`, which names of runs have not"
            if start.wb_run_id is None
            else "the project in front"
        )
        yield Field(path=path, value=start.wb_run_id, said=told.said, rule=rule, used=told.used)
    if step := chooser.field("wb_run_step", ("wb_run_step",)):
        yield step


def outcome(span: Span, end: EndedCall, found: Found, chooser: Chooser) -> Iterator[Field]:
    """Yield the failure and the heads of the summary."""
    failed = _exception(span, end, found)
    yield failed
    summary = orjson.loads(end.summary)
    counted = "the status of the span" if failed.value is None else "the span failed"
    yield _summary(("summary", "status_counts"), summary["status_counts"], "status.code", counted)
    heads = summary["weave"]
    yield _summary(("summary", "weave", "status"), heads["status"], "status.code", counted)
    yield _summary(
        ("summary", "weave", "latency_ms"),
        heads["latency_ms"],
        "start_time_unix_nano, end_time_unix_nano",
        "from start to end in whole milliseconds",
    )
    yield _summary(("summary", "weave", "trace_name"), heads["trace_name"], "name", "the op name")
    if step := chooser.field("wb_run_step_end", ("wb_run_step_end",)):
        yield step


def _summary(path: tuple[str, ...], value: Any, key: str, rule: str) -> Field:
    return Field(path=path, value=value, said=Said(key=key, told="span"), rule=rule)


def _exception(span: Span, end: EndedCall, found: Found) -> Field:
    failed = failure(span, found)
    if failed is None:
        status = STATUSES.get(span.message.status.code, "UNSET")
        handled = any(event.name == "exception" for event in span.message.events)
        return _span(
            "exception",
            None,
            "status.code",
            f"none: the status is {status}"
            + (", so the exception event tells of one that was handled" * handled),
        )
    place, _ = found.first(found.shape.fields.get("error_type", ()))
    used = (failed.told,) if place is not None and failed.told == place.key else ()
    return Field(
        path=("exception",),
        value=end.exception,
        said=Said(key=failed.told, told="attributes" if used else "span"),
        rule=f"the status is ERROR: {failed.told}"
        + (", and the stack trace of the last exception event" if failed.trace else ""),
        used=used,
    )
