"""What a row of the tables says: who tells a field of a call, where, and how its value is read."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from otel_bridge.translate.readers import as_is

if TYPE_CHECKING:
    from collections.abc import Callable


class Dialect(StrEnum):
    """Who writes an attribute (`contract/otel-mapping.md` §1)."""

    GENAI = "OTel gen_ai"
    OPENINFERENCE = "OpenInference"
    OPENLLMETRY = "OpenLLMetry"
    TRACELOOP = "Traceloop"
    VERCEL = "Vercel AI"
    PYDANTIC_AI = "Pydantic AI"
    LOGFIRE = "Logfire"
    GOOGLE_ADK = "Google ADK"
    LANGSMITH = "LangSmith"
    STRANDS = "Strands"
    LITELLM = "LiteLLM"
    AUTOGEN = "AutoGen"
    LANGFUSE = "Langfuse"
    MLFLOW = "MLflow"
    ANTHROPIC = "Anthropic SDK"
    MCP = "MCP"
    WEAVE = "Weave"
    PLAIN = "plain"


class Told(StrEnum):
    """Where a sender says it."""

    ATTRIBUTES = "attributes"
    EVENTS = "span events"
    LOGS = "log records"


class Wrap(StrEnum):
    """Whether a value stands under its source's key in `inputs` and `output` (§4)."""

    ALWAYS = "always"
    UNLESS_OBJECT = "unless an object"
    NEVER = "never"


class Only(Struct, frozen=True):
    """When a source counts: another attribute is a text and, when `values` names any, says one of them."""

    key: str
    values: frozenset[str] = frozenset()
    """In lower case."""


class Source(Struct, frozen=True, kw_only=True):
    """One place that may carry a field. `ours`: Weave's server does not read it."""

    key: str
    dialect: Dialect
    read: Callable[[Any], Any] = as_is
    told: Told = Told.ATTRIBUTES
    wrap: Wrap = Wrap.ALWAYS
    only: Only | None = None
    ours: bool = False


def weave(read: Callable[[Any], Any], *rows: tuple[str, Dialect]) -> tuple[Source, ...]:
    """Return sources that Weave's server reads too."""
    return tuple(Source(key=key, dialect=dialect, read=read) for key, dialect in rows)


def ours(
    read: Callable[[Any], Any], *rows: tuple[str, Dialect], only: Only | None = None
) -> tuple[Source, ...]:
    """Return sources that Weave's server leaves in the span."""
    return tuple(Source(key=key, dialect=dialect, read=read, only=only, ours=True) for key, dialect in rows)


def told(where: Told, read: Callable[[Any], Any], key: str, dialect: Dialect) -> Source:
    """Return a source in events or log records; `key` is what its value is called in the call."""
    return Source(key=key, dialect=dialect, read=read, told=where, ours=True)
