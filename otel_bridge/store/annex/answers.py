"""Answers questions about what lies beside calls; the one engine behind every store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

import orjson

from otel_bridge.errors import NotFound
from otel_bridge.model import questions as q
from otel_bridge.stats import payloads, series
from otel_bridge.store.annex import listing, objects, resolving, tables, threads, usage
from otel_bridge.store.scoring.status import status

if TYPE_CHECKING:
    from otel_bridge.costs.defaults import DefaultPrices
    from otel_bridge.model.query import CallsQuery
    from otel_bridge.model.questions import Beside
    from otel_bridge.store.annex.base import Reads

_MANY: Final = 1 << 62
"""More calls than any store holds."""


def answer(reads: Reads, question: Beside, defaults: DefaultPrices) -> bytes:
    """Answer as `store.base.CallReader.answer` promises."""
    match question:
        case q.AskFeedback() | q.AskFeedbackStats() | q.AskPayloadSchema():
            return _feedback(reads, question)
        case q.AskPrices():
            return listing.prices(reads, question)
        case q.AskThreads():
            return threads.threads(reads, question)
        case q.AskTraceUsage():
            return usage.trace_usage(reads, question, defaults)
        case q.AskCallsUsage():
            return usage.calls_usage(reads, question, defaults)
        case q.AskTotalSize(query=query):
            return _total_size(reads, query)
        case q.AskProjects(limit=limit):
            return orjson.dumps(reads.projects(limit))
        case q.AskUnknownCalls(project_id=project_id, call_ids=call_ids):
            known = reads.known_calls(project_id, call_ids)
            return orjson.dumps([one for one in dict.fromkeys(call_ids) if one not in known])
        case q.AskScoring():
            return status(reads.scoring, question)
        case _:
            return _content(reads, question)


def _feedback(reads: Reads, question: q.AskFeedback | q.AskFeedbackStats | q.AskPayloadSchema) -> bytes:
    match question:
        case q.AskFeedback():
            return listing.feedback(reads, question)
        case q.AskFeedbackStats():
            return series.answer(question, reads.feedback_values)
        case q.AskPayloadSchema():
            return payloads.schema(reads.feedback_samples(question))
        case _:
            assert_never(question)


def _content(
    reads: Reads,
    question: q.AskObject | q.AskObjects | q.AskFile | q.AskTable | q.AskTables | q.AskRefs | q.AskSizes,
) -> bytes:
    match question:
        case q.AskObject():
            return objects.one(reads, question)
        case q.AskObjects():
            return objects.listed(reads, question)
        case q.AskFile(project_id=project_id, digest=digest):
            return _file(reads, project_id, digest)
        case q.AskTable():
            return tables.rows(reads, question)
        case q.AskTables():
            return tables.stats(reads, question)
        case q.AskRefs(refs=refs, projects=projects):
            values = resolving.Resolver(reads, projects).values(refs)
            return b'{"vals":[%b]}' % b",".join(values)
        case q.AskSizes(project_id=project_id):
            return _sizes(reads, project_id)
        case _:
            assert_never(question)


def _file(reads: Reads, project_id: str, digest: str) -> bytes:
    content = reads.file(project_id, digest)
    if content is None:
        raise NotFound(f"file {digest} is not known")
    return content


def _total_size(reads: Reads, query: CallsQuery) -> bytes:
    calls = reads.used(query, _MANY if query.limit is None else query.limit)
    traces = sorted({call.trace_id for call in calls if call.parent_id is None})
    return orjson.dumps(sum(reads.trace_sizes(query.project_id, traces).values()))


def _sizes(reads: Reads, project_id: str) -> bytes:
    sizes = reads.sizes(project_id)
    return orjson.dumps(
        {
            "trace_storage_size_bytes": reads.trace_bytes(project_id),
            "objects_storage_size_bytes": sizes.objects,
            "tables_storage_size_bytes": sizes.tables,
            "files_storage_size_bytes": sizes.files,
        }
    )
