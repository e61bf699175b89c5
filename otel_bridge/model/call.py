"""Calls as they are written: the records Weave's API and the translator produce.

Times are whole microseconds since the Unix epoch, UTC. Members that hold a tree (`attributes`, `inputs`,
`output`, `summary`, `otel_dump`) are compact, valid JSON in UTF-8 bytes as orjson writes it, with no escape
that need not be: nothing here ever looks into them.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct


class StartedCall(Struct, frozen=True, kw_only=True):
    """The start of a call (`contract/weave-api.md` §1.1).

    `span` is the whole span as it was processed: an OTLP `TracesData` message that holds one resource, one
    scope and one span, uncompressed. A call written through the API has `otel_dump` instead, or neither.
    """

    project_id: str
    id: str
    trace_id: str
    op_name: str
    started_at: int
    attributes: bytes
    inputs: bytes
    parent_id: str | None = None
    display_name: str | None = None
    thread_id: str | None = None
    turn_id: str | None = None
    wb_user_id: str | None = None
    wb_run_id: str | None = None
    wb_run_step: int | None = None
    otel_dump: bytes | None = None
    span: bytes | None = None
    span_start_ns: int | None = None
    """The span's `start_time_unix_nano` as it was sent: tells two spans of one id apart."""


class EndedCall(Struct, frozen=True, kw_only=True):
    """The end of a call. `summary` is a JSON object; `output` is any JSON value, None when there is none."""

    project_id: str
    id: str
    ended_at: int
    summary: bytes
    output: bytes | None = None
    exception: str | None = None
    wb_run_step_end: int | None = None


class CompletedCall(Struct, frozen=True):
    """Start and end of one call that travel together."""

    start: StartedCall
    end: EndedCall


class UpdatedCall(Struct, frozen=True, kw_only=True):
    """A person renamed the call; `display_name` "" clears the name. Beats the name of any start."""

    project_id: str
    id: str
    display_name: str


class DeletedCalls(Struct, frozen=True, kw_only=True):
    """These calls and all their descendants go, and stay away."""

    project_id: str
    ids: tuple[str, ...]


class LoggedSpan(Struct, frozen=True, kw_only=True):
    """Log records of one span: they complete its call, whichever of the two comes first.

    `logs` is an OTLP `LogsData` message: the records with their resources and scopes. `id` is the span's id.
    """

    project_id: str
    trace_id: str
    id: str
    logs: bytes


Change: TypeAlias = StartedCall | EndedCall | CompletedCall | UpdatedCall | DeletedCalls | LoggedSpan
