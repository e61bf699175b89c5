"""How a scorer is named: by a ref of Weave's, or by the plain name of a registered one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from otel_bridge.query.derived import REF_SCHEME
from otel_bridge.query.refs import Ref, parsed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.scorer.spec import Spec

FORM: Final = f"{REF_SCHEME}entity/project/object/NAME:DIGEST"
_KINDS: Final = frozenset({"object", "op"})


class Unfit(Exception):
    """A scorer that cannot be used; the message says why."""


def named(text: str, registered: Mapping[str, Spec]) -> Ref | Spec:
    """Return what `text` names: an object or op by its ref, or a registered scorer. Raise Unfit."""
    if text in registered:
        return registered[text]
    ref = parsed(text)
    if ref is None:
        raise Unfit(_unnamed(text, registered))
    if ref.kind not in _KINDS:
        raise Unfit(f"names a {ref.kind}, not a scorer; scorers are named {FORM}")
    if ref.extra:
        raise Unfit("names a part of an object, not a scorer")
    return ref


def _unnamed(text: str, registered: Mapping[str, Spec]) -> str:
    if not text or any(mark in text for mark in "/: "):
        return f"is neither a ref ({FORM}) nor the name of a registered scorer"
    close = get_close_matches(text, sorted(registered), 1)
    hint = f"did you mean {close[0]}?" if close else f"published ones are named {FORM}"
    return f"is no registered scorer; {hint}"
