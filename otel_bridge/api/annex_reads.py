"""The endpoints that answer questions about what lies beside calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from otel_bridge.model.questions import AskProjects, AskSizes
from otel_bridge.store.annex.digests import internal_project_id

if TYPE_CHECKING:
    from otel_bridge.api.annex_bodies import ProjectsInfoReq, ProjectStatsReq
    from otel_bridge.api.parts import Parts
    from otel_bridge.model.questions import Question

OCTETS: Final = "application/octet-stream"
"""Of a file: no page can make a browser run it."""


async def answer(parts: Parts, question: Question) -> bytes:
    """Give the store's answer as it is."""
    return await parts.calls.answer(question)


async def project_stats(parts: Parts, asked: ProjectStatsReq) -> bytes:
    """Tell how much a project keeps; a size that is not wanted is 0."""
    wanted = {
        "trace_storage_size_bytes": asked.include_trace_storage_size,
        "objects_storage_size_bytes": asked.include_object_storage_size,
        "tables_storage_size_bytes": asked.include_table_storage_size,
        "files_storage_size_bytes": asked.include_file_storage_size,
    }
    sizes = orjson.loads(await parts.calls.answer(AskSizes(project_id=asked.project_id)))
    return orjson.dumps({name: size if wanted[name] is not False else 0 for name, size in sizes.items()})


async def projects_info(parts: Parts, asked: ProjectsInfoReq) -> bytes:
    """Tell what stands for each project inside refs that are hashed; every project that is named exists."""
    names = asked.project_ids
    if names is not None and parts.principal is not None:
        for name in names:
            parts.principal.require_project(name)
    if names is None:
        names = orjson.loads(await parts.calls.answer(AskProjects()))
    return orjson.dumps(
        [{"external_project_id": name, "internal_project_id": internal_project_id(name)} for name in names]
    )
