"""What the service and the writer say about calls that are translated again, erased or copied."""

from __future__ import annotations

from msgspec import Struct

from otel_bridge.store.copying import Copied, CopyAsked  # noqa: TC001 - msgspec reads the annotations
from otel_bridge.store.erasure import (  # noqa: TC001 - msgspec reads the annotations
    EraseCursor,
    Erased,
    Erasure,
)
from otel_bridge.store.retranslation import (  # noqa: TC001 - the same
    Cursor,
    Retranslated,
    Retranslation,
)


class Retranslate(Struct, frozen=True, tag="retranslate"):
    """One step of `CallWriter.retranslate`."""

    id: int
    asked: Retranslation
    cursor: Cursor | None


class Erase(Struct, frozen=True, tag="erase"):
    """One step of `CallWriter.erase`, and of `QueueWriter.erase`."""

    id: int
    asked: Erasure
    cursor: EraseCursor | None


class Stepped(Struct, frozen=True, tag="stepped"):
    """A step of a retranslation is committed."""

    id: int
    result: Retranslated


class EraseStepped(Struct, frozen=True, tag="erase_stepped"):
    """A step of an erasure is committed."""

    id: int
    result: Erased


class BackUp(Struct, frozen=True, tag="back_up"):
    """One step of a backup."""

    id: int
    asked: CopyAsked


class BackedUp(Struct, frozen=True, tag="backed_up"):
    """How far a backup is."""

    id: int
    result: Copied
