"""How a scorer is named: by a ref of Weave's, or by the plain name of a registered one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from otel_bridge.query.derived import REF_SCHEME
from otel_bridge.query.refs import Ref, parsed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.scorer.spec import Spec

Named = Ref
"""A ref taken apart."""

_FORMS: Final = f"{REF_SCHEME}entity/project/object/NAME:DIGEST"
MALFORMED: Final = f"is neither a ref ({_FORMS}) nor the name of a registered scorer"


def object_ref(project_id: str, kind: str, name: str, digest: str) -> str:
    """Write the ref of a version of an object or op."""
    return f"{REF_SCHEME}{project_id}/{kind}/{name}:{digest}"


def named(text: str, registered: Mapping[str, Spec]) -> Ref | Spec | str:
    """Return what `text` names: the ref of an object or op, a registered scorer, or why it names nothing."""
    if text in registered:
        return registered[text]
    ref = parsed(text)
    if ref is not None and ref.kind in {"object", "op"}:
        return ref if not ref.extra else "names a part of an object, not a scorer"
    if ref is not None:
        return f"names a {ref.kind}, not a scorer; refs of scorers are {_FORMS}"
    if not text or any(mark in text for mark in "/: "):
        return MALFORMED
    close = get_close_matches(text, sorted(registered), 1)
    hint = f"did you mean {close[0]}?" if close else f"published ones are named {_FORMS}"
    return f"no scorer of this name is registered; {hint}"
