"""Which project spans belong to (`contract/otlp-receiver.md` §10)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.errors import InvalidRequest
from otel_bridge.model.projects import holds
from otel_bridge.translate.values import flatten

if TYPE_CHECKING:
    from otel_bridge.receiver.base import Export

ENTITY_KEY: Final = "wandb.entity"
PROJECT_KEY: Final = "wandb.project"

THREE_WAYS: Final = (
    f"set the resource attributes {ENTITY_KEY} and {PROJECT_KEY}, or send the header "
    "project_id: ENTITY/PROJECT, or start the bridge with --default-project ENTITY/PROJECT"
)

MAX_SHOWN: Final = 80

_NAME: Final = re.compile(r"[^/\s\x00-\x1f\x7f](?:[^/\x00-\x1f\x7f]*[^/\s\x00-\x1f\x7f])?")


def fallback(export: Export, default_project: str | None) -> str | None:
    """Return the project of spans whose resource names none; raise InvalidRequest for a malformed header."""
    header = export.project_id
    if header is None:
        return default_project
    entity, slash, project = header.strip().partition("/")
    if not (slash and _NAME.fullmatch(entity) and _NAME.fullmatch(project)):
        raise InvalidRequest(
            f"the header project_id must read ENTITY/PROJECT, not {shown(header)}", field="project_id"
        )
    return f"{entity}/{project}"


def project_of(
    resource_spans: Any, otherwise: str | None, allowed: tuple[str, ...] | None = None
) -> tuple[str | None, str]:
    """Return the project that a `ResourceSpans` belongs to, or None and the reason why it has none.

    `allowed` are globs of the projects that the sender may write to, None: all of them.
    """
    project, reason = _named(resource_spans, otherwise)
    if allowed is not None and project is not None and not holds(allowed, project):
        return None, f"the key may not write to the project {shown(project)}"
    return project, reason


def _named(resource_spans: Any, otherwise: str | None) -> tuple[str | None, str]:
    if not resource_spans.HasField("resource"):
        return otherwise, f"no project: {THREE_WAYS}"
    attributes = flatten(resource_spans.resource.attributes, {})
    entity, project = attributes.get(ENTITY_KEY), attributes.get(PROJECT_KEY)
    if entity in {None, ""} or project in {None, ""}:
        return otherwise, f"no project: {THREE_WAYS}"
    for key, part in ((ENTITY_KEY, entity), (PROJECT_KEY, project)):
        if type(part) is not str or not _NAME.fullmatch(part):
            return None, f"resource attribute {key} must be a name without slashes, not {shown(part)}"
    return f"{entity}/{project}", ""


def shown(value: object) -> str:
    """Return the value as a short quoted text, fit for a message."""
    text = str(value)
    cut = text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."
    return f'"{cut}"'
