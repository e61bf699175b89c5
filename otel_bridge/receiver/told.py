"""What a reader of the API's description is told of the OTLP endpoints (`http.route.About`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.http.route import About
from otel_bridge.receiver.headers import MEDIA_TYPE

if TYPE_CHECKING:
    from otel_bridge.receiver.signals import Signal


TAG: Final = "OTLP"


def told(signal: Signal, *, taken: bool) -> About:
    """Describe an endpoint of a signal to a reader."""
    media = tuple(MEDIA_TYPE.values())[::-1]  # JSON first: it has a schema
    if taken:
        return About(
            TAG,
            f"Export {signal.name}",
            signal.request,
            "ExportResponse",
            "An answer comes after the commit. A partial success counts what was not kept, and says why.",
            takes=media,
            gives=media,
        )
    return About(
        TAG,
        f"Export {signal.name}: not taken",
        signal.request,
        "ExportResponse",
        f"Answers 404 and says which setting stops the sender; with `--unsupported-signals discard`"
        f" it counts the {signal.items} and drops them.",
        takes=media,
        gives=media,
        refuses=(404,),
    )
