"""Request headers that say something about the spans, the same in HTTP and gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from msgspec import Struct

from otel_bridge.receiver.base import Encoding

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT_ID: Final = "project_id"
WB_RUN_ID: Final = "wb_run_id"

_MEDIA_TYPES: Final = {"application/x-protobuf": Encoding.PROTOBUF, "application/json": Encoding.JSON}
MEDIA_TYPE: Final = {encoding: name for name, encoding in _MEDIA_TYPES.items()}


class Context(Struct, frozen=True):
    """What the headers of a request add to its spans; `escaped` headers held percent escapes."""

    project_id: str | None = None
    wb_run_id: str | None = None
    escaped: int = 0


_NOTHING: Final = Context()


def read_context(headers: Mapping[str, str]) -> Context:
    """Read `project_id` and `wb_run_id`, taking percent escapes off (`contract/otlp-receiver.md` §11)."""
    project, run = headers.get(PROJECT_ID), headers.get(WB_RUN_ID)
    if not project and not run:
        return _NOTHING
    plain_project, plain_run = _plain(project), _plain(run)
    escaped = (plain_project != project) + (plain_run != run)
    return Context(plain_project, plain_run, escaped)


def _plain(value: str | None) -> str | None:
    """Take percent escapes off; bytes that are not UTF-8 are Latin-1, as HTTP headers were for long."""
    if not value:
        return None
    if not value.isascii():
        value = _latin_1(value)
    return unquote(value)


def _latin_1(value: str) -> str:
    raw = value.encode(errors="surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def media_encoding(content_type: str | None) -> Encoding | None:
    """Read a `Content-Type`, any case, parameters ignored; None when it is not one of OTLP's two."""
    if content_type is None:
        return None
    return _MEDIA_TYPES.get(content_type.partition(";")[0].strip().lower())
