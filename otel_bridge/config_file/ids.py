"""What names a component: its type, or its type and a name."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator

from otel_bridge.parsers import Written

ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(/[^/\s]\S*)?")
"""`TYPE` or `TYPE/NAME`."""


def _component_id(text: str) -> str:
    if ID.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no TYPE or TYPE/NAME")
    return text


ComponentId = Annotated[
    str,
    AfterValidator(_component_id),
    Written({"type": "string", "title": "TYPE or TYPE/NAME", "pattern": f"^{ID.pattern}$"}),
]
