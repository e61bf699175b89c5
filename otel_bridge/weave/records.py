"""Checked bodies become changes: one function for each kind of object that a write route takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_bridge.model.call import CompletedCall, EndedCall, StartedCall
from otel_bridge.weave import fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otel_bridge.weave.schema import (
        CompletedCallSchemaForInsert,
        EndedCallSchemaForInsert,
        StartedCallSchemaForInsert,
    )


def started(
    body: StartedCallSchemaForInsert | CompletedCallSchemaForInsert, new_id: Callable[[], str]
) -> StartedCall:
    """Make the start of a call, with new ids where the sender gave none; raise BadValue."""
    return StartedCall(
        project_id=fields.project_id(body.project_id),
        id=new_id() if body.id is None else fields.call_id(body.id),
        trace_id=new_id() if body.trace_id is None else fields.trace_id(body.trace_id),
        op_name=fields.op_name(body.op_name),
        started_at=fields.micros(body.started_at, "started_at"),
        attributes=fields.tree(body.attributes, "attributes"),
        inputs=fields.tree(body.inputs, "inputs"),
        parent_id=fields.parent_id(body.parent_id),
        display_name=fields.display_name(body.display_name),
        thread_id=fields.text(body.thread_id),
        turn_id=fields.text(body.turn_id),
        wb_user_id=fields.text(body.wb_user_id),
        wb_run_id=fields.text(body.wb_run_id),
        wb_run_step=fields.step(body.wb_run_step, "wb_run_step"),
        otel_dump=None if body.otel_dump is None else fields.tree(body.otel_dump, "otel_dump"),
    )


def ended(
    body: EndedCallSchemaForInsert | CompletedCallSchemaForInsert, sent: Mapping[str, Any]
) -> EndedCall:
    """Make the end of a call; `sent` is the object that `body` was read from; raise BadValue."""
    return EndedCall(
        project_id=fields.project_id(body.project_id),
        id=fields.call_id(body.id),
        ended_at=fields.micros(body.ended_at, "ended_at"),
        summary=fields.summary(sent["summary"], body.summary),
        output=None if body.output is None else fields.tree(body.output, "output"),
        exception=fields.text(body.exception),
        wb_run_step_end=fields.step(body.wb_run_step_end, "wb_run_step_end"),
    )


def completed(
    body: CompletedCallSchemaForInsert, sent: Mapping[str, Any], new_id: Callable[[], str]
) -> CompletedCall:
    """Make a whole call; raise BadValue."""
    return CompletedCall(start=started(body, new_id), end=ended(body, sent))
