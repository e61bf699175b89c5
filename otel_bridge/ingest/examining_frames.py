"""What `otel-bridge doctor` asks of the writer, and what it answers."""

from __future__ import annotations

from msgspec import Struct

from otel_bridge.model.path import Step  # noqa: TC001 - msgspec reads the annotations
from otel_bridge.model.senders import Sender  # noqa: TC001 - the same


class AskSenders(Struct, frozen=True, tag="ask_senders"):
    """Asks who sends."""

    id: int


class SendersTold(Struct, frozen=True, tag="senders_told"):
    """Those who sent since the writer started, the last heard of first."""

    id: int
    senders: tuple[Sender, ...]


class AskPath(Struct, frozen=True, tag="ask_path"):
    """Asks which way the `ExportTraceServiceRequest` in the body would go; nothing is kept."""

    id: int
    receiver: str


class PathTold(Struct, frozen=True, tag="path_told"):
    """The way, step by step."""

    id: int
    steps: tuple[Step, ...]
