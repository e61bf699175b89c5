"""Scorers as people type them: `KIND:key=value,…` becomes an object, published under a name of its own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec
from pydantic import ValidationError

from otel_bridge.query.derived import REF_SCHEME
from otel_bridge.scorer.catalogue import object_form, registered
from otel_bridge.scorer.kinds import DETERMINISTIC, Kind, kind_of
from otel_bridge.scorer.settings import LlmJudge, Remote, ScoringSettings
from otel_bridge.words import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DESCRIBED: Final[tuple[type[Kind], ...]] = (*DETERMINISTIC, LlmJudge, Remote)
KINDS: Final[Mapping[str, type[Kind]]] = {kind_of(model): model for model in _DESCRIBED}
"""What may be described by settings alone; Python callables are the operator's to register."""
NAME: Final = "name"
"""The key that names the object, in place of a name made of the kind and its settings."""
_DIGITS: Final = 8
_OPENING, _CLOSING = "[{(", "]})"


def is_inline(text: str) -> bool:
    """Tell whether a scorer is described where it is named."""
    return ":" in text and not text.startswith(REF_SCHEME)


def object_of(text: str) -> dict[str, Any]:
    """Return the object that `KIND:key=value,…` describes; raise UsageError."""
    kind, _, rest = text.partition(":")
    if kind not in KINDS:
        raise click.UsageError(f"--scorer: {kind!r} is none of {', '.join(KINDS)}")
    settings = dict(_pair(text, part) for part in _parts(rest))
    name = settings.pop(NAME, None)
    if name is None:
        canonical = msgspec.json.encode([kind, settings], order="deterministic")
        name = f"{kind}-{hashlib.sha256(canonical).hexdigest()[:_DIGITS]}"
    try:
        known = registered(ScoringSettings.model_validate({"scorers": {name: settings | {"type": kind}}}))
    except ValidationError as error:
        said = (
            told(error, skip=3).replace(f"scorers.{name}.[key]: ", "name: ").replace(f"scorers.{name}: ", "")
        )
        raise click.UsageError(f"--scorer {text!r}: {said}") from error
    return object_form(known[name])


def _pair(text: str, part: str) -> tuple[str, Any]:
    key, equals, value = part.partition("=")
    if not equals or not key.strip():
        raise click.UsageError(f"--scorer {text!r}: {part!r} is not key=value")
    return key.strip(), _value(value.strip())


def _value(text: str) -> Any:
    """Read JSON where it is JSON, else take the text as it is."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _parts(text: str) -> Iterator[str]:
    """Split at commas that stand outside of brackets and quotes."""
    part, depth, quoted, escaped = "", 0, False, False
    for char in text:
        if char == "," and not depth and not quoted:
            yield part
            part = ""
            continue
        part += char
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif not quoted:
            depth += (char in _OPENING) - (char in _CLOSING and depth > 0)
    if part.strip():
        yield part
