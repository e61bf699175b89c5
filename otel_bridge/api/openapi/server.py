"""What the server says of itself, its probes and its OTLP endpoints, and how it refuses, as pydantic models.

No postponed annotations here: pydantic reads them.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from otel_bridge.api.openapi.calls import OPEN, Text
from otel_bridge.store.erasure import Phase
from otel_bridge.weave.schema import Tree


class ServerInfoRes(BaseModel):
    """Which server this is, and which clients may talk to it."""

    min_required_weave_python_version: str
    trace_server_version: str


class HealthRes(BaseModel):
    """It answers."""

    status: Literal["ok"]


class ReadyRes(BaseModel):
    """How the bridge and its parts are."""

    status: Literal["ok", "unavailable"]
    parts: dict[str, str] = Field(default={}, description="A word on each part.")


class GraphqlError(BaseModel):
    """What GraphQL says."""

    message: str


class GraphqlRes(TypedDict, total=False):
    """An answer of GraphQL: data or errors."""

    data: Tree
    errors: list[GraphqlError]


class CursorRes(BaseModel):
    """Where a run is."""

    after: int
    through: int


class EraseCursorRes(BaseModel):
    """Where an erasure is."""

    phase: Phase
    after: int
    through: int


class EraseRes(BaseModel):
    """What one step came to."""

    cursor: EraseCursorRes | None = Field(description="Where to go on; null when nothing is left.")
    calls: int = Field(description="Calls that went, or with `dry_run` would go, those below not counted.")
    copies: int = Field(description="Spans and calls that went from files of `file` exporters.")


class BackupRes(BaseModel):
    """How far a backup is."""

    done_bytes: int
    total_bytes: int = Field(description="It grows with what comes meanwhile.")
    finished: bool


class StatusRes(BaseModel):
    """How the bridge is, for `otel-bridge doctor`; no secrets, no content. Times are as members say."""

    model_config = OPEN

    version: str
    pid: int
    started_at: float = Field(description="Seconds since the epoch.")
    ready: bool
    parts: dict[str, str] = Field(description="As `/readyz` tells.")
    doors: dict[str, str | None] = Field(description="Where it listens.")
    config: dict[str, Any] = Field(description="What of the configuration matters here.")
    senders: list[dict[str, Any]] = Field(description="Who sent since it started; times in nanoseconds.")
    refusals: list[dict[str, Any]] = Field(description="What was refused lately, and why.")
    exporters: list[dict[str, Any]] = Field(description="Each upstream, and how the last attempt went.")
    queue: dict[str, Any] | None = Field(description="How full the queue is.")
    memory: dict[str, Any] = Field(description="Bytes taken and allowed.")
    counters: dict[str, int] = Field(description="Counters of trouble that are not 0.")


class PathStep(BaseModel):
    """A component on the way."""

    pipeline: str
    component: str
    fate: Literal["passed", "changed", "filtered", "sampled_out", "routed", "given"]
    detail: str = ""


class PathRes(BaseModel):
    """The way of a request, step by step."""

    steps: list[PathStep]


class RetranslateRes(BaseModel):
    """What one step came to."""

    cursor: CursorRes | None = Field(description="Where to go on; null when all is done.")
    started: CursorRes
    changed: int
    unchanged: int
    current: int
    unreadable: int
    named: list[str] = Field(description="Some of the unreadable calls.")
    resumed: bool


class OpenApiDocument(TypedDict):
    """An OpenAPI document."""

    __pydantic_config__ = OPEN  # type: ignore[misc]  # how pydantic configures a TypedDict

    openapi: Literal["3.1.0"]
    info: Tree
    paths: Tree


class ExportTraceServiceRequest(BaseModel):
    """Spans, as OTLP has them."""

    model_config = OPEN
    resourceSpans: list[Tree] = []  # noqa: N815  # OTLP's name


class ExportLogsServiceRequest(BaseModel):
    """Log records, as OTLP has them."""

    model_config = OPEN
    resourceLogs: list[Tree] = []  # noqa: N815  # OTLP's name


class ExportMetricsServiceRequest(BaseModel):
    """Metrics, as OTLP has them."""

    model_config = OPEN
    resourceMetrics: list[Tree] = []  # noqa: N815  # OTLP's name


class ExportResponse(TypedDict, total=False):
    """Empty when all was kept."""

    partialSuccess: Annotated[Tree, Field(description="How many items were not kept, and why.")]


class Status(BaseModel):
    """`google.rpc.Status`: a gRPC code, a message and details."""

    code: int
    message: str
    details: list[Tree] = []


class ErrorReason(BaseModel):
    """Why a request was refused."""

    model_config = ConfigDict(extra="allow")
    reason: str


class Detail(BaseModel):
    """What HTTP itself refuses: a path or method that is not there."""

    detail: str


class ValidationError(BaseModel):
    """One thing that is wrong, and where."""

    loc: list[str | int]
    msg: str
    type: str
    input: Any = Field(default=None, description="What was sent, where there is room to repeat it.")
    ctx: Tree = Field(default={})


class HTTPValidationError(BaseModel):
    """What is wrong with a body, at most 100 things."""

    detail: list[ValidationError]


class Deleted(ErrorReason):
    """Why something is not there; when it was deleted, if it was."""

    deleted_at: Text = None
