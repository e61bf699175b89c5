"""The way of spans through pipelines, as it is told to people who ask."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Fate = Literal["passed", "changed", "filtered", "sampled_out", "routed", "given"]


class Step(Struct, frozen=True):
    """A component on the way, and what became of the spans there.

    `changed` and `passed` at a processor, `filtered` and `sampled_out` where the last of them went no
    further (a routing connector without a way among them), `routed` at a connector, `given` at an exporter.
    `detail` says what changed: attributes by their keys, never values.
    """

    pipeline: str
    component: str
    fate: Fate
    detail: str = ""
