"""What a Weave SDK asks before it traces: server facts, and the few GraphQL documents of `weave.init`.

`contract/weave-api.md` §5.2. There are no accounts and no list of projects: every project exists, nobody is
logged in, and a project without an entity belongs to the default one.
"""

import re
from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import BaseModel

if TYPE_CHECKING:
    from otel_bridge.api.parts import Parts

TRACE_SERVER_VERSION: Final = "0.54.0"
"""The newest Weave server whose routes these are."""

MIN_CLIENT_VERSION: Final = "0.0.1"
"""No client is turned away: one that is too old switches its tracing off without an error."""

_FIELD: Final = re.compile(r"\b(upsertModel|project|viewer|artifact|serverInfo)\b")
_OFFERED: Final = frozenset({"upsertModel", "project", "viewer"})


class GraphqlReq(BaseModel):
    """A GraphQL request; of its document only the names of the fields matter."""

    query: str
    variables: dict[str, Any] | None = None


def server_info() -> bytes:
    """Tell which server this is, and which clients may talk to it."""
    return orjson.dumps(
        {
            "min_required_weave_python_version": MIN_CLIENT_VERSION,
            "trace_server_version": TRACE_SERVER_VERSION,
        }
    )


def health() -> bytes:
    """Say that the server answers."""
    return b'{"status":"ok"}'


async def graphql(parts: "Parts", request: GraphqlReq) -> bytes:
    """Answer the project, viewer and upsertModel documents; refuse others as GraphQL does."""
    fields = set(_FIELD.findall(request.query))
    if not fields or not fields <= _OFFERED:
        return orjson.dumps({"errors": [{"message": "only project, viewer and upsertModel are known here"}]})
    name = (request.variables or {}).get("name")
    known = {
        "project": {"name": name},
        "upsertModel": {"model": {"name": name, "description": None}},
        "viewer": {"username": None, "defaultEntity": {"name": parts.default_entity}},
    }
    return orjson.dumps({"data": {field: known[field] for field in sorted(fields)}})
