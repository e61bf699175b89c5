"""Names of fields: what `$getField` and `sort_by` may say (`contract/weave-api.md` §2.3)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, get_args

from otel_bridge.errors import InvalidRequest
from otel_bridge.model.query import (
    OWN_COLUMNS,
    SORTABLE,
    Column,
    Derived,
    FeedbackField,
    Field,
    JsonField,
    JsonRoot,
)

MAX_NAME_CHARACTERS: Final = 2048
"""Of a whole field name, path and all."""
MAX_PATH_SEGMENTS: Final = 100
"""Steps from the root of a tree to the place that is named."""
MAX_INDEX_DIGITS: Final = 9
"""Of a list index; no list is longer."""

QUEUE_ID: Final = "annotation_queue_items.queue_id"
INSTANTS: Final = frozenset(
    {"started_at", "ended_at", "deleted_at", "expire_at", "created_at", "effective_date", *OWN_COLUMNS}
)
INTEGERS: Final = frozenset({"wb_run_step", "wb_run_step_end"})
NUMBERS: Final = frozenset(
    {
        "prompt_token_cost",
        "completion_token_cost",
        "cache_read_input_token_cost",
        "cache_creation_input_token_cost",
    }
)
JSON_ROOTS: Final[frozenset[str]] = frozenset(get_args(JsonRoot))
SIZES: Final = frozenset({"storage_size_bytes", "total_storage_size_bytes"})
ANY_TYPE: Final = "*"
MULTIPLE: Final = frozenset({ANY_TYPE, "wandb.reaction.1", "wandb.note.1"})
"""Types of feedback of which a call has several at once: one that matches is enough. Of other types the
newest entry is the one that counts."""

SPAN: Final = "otel_span"
"""Member of `attributes` that shows the whole span: rendered on read, so in no tree that is stored."""

_DERIVED: Final = frozenset({"status", "latency_ms", "trace_name"})
_DOT: Final = re.compile(r"(?<!\\)\.")
_FEEDBACK: Final = re.compile(
    r"feedback\.\[([^\]]+)\]\.(payload|runnable_ref|trigger_ref)(?:\.(.*))?", re.DOTALL
)


class UnknownField(InvalidRequest):
    """There is no such field, or it cannot be asked for."""


@lru_cache(maxsize=1024)
def field_of(name: str) -> Field:
    """Read a field's name; raise UnknownField."""
    if len(name) > MAX_NAME_CHARACTERS:
        raise UnknownField(f"a field name is longer than {MAX_NAME_CHARACTERS} characters")
    if name in SORTABLE or name == QUEUE_ID:
        return Column(name)
    if name.startswith("feedback."):
        return _feedback(name)
    root, dot, rest = name.partition(".")
    if root not in JSON_ROOTS:
        raise _unknown(name)
    path = path_of(name, rest) if dot else ()
    if root == "summary" and path[:1] == ("weave",):
        return _derived(name, path)
    return JsonField(root, path)  # type: ignore[arg-type]  # a member of JSON_ROOTS is a JsonRoot


def _derived(name: str, path: tuple[str | int, ...]) -> Derived:
    match path:
        case (_, str(member)) if member in _DERIVED:
            return Derived(member)  # type: ignore[arg-type]  # one of the three
        case _:
            raise _unknown(name)


def _feedback(name: str) -> FeedbackField:
    match = _FEEDBACK.fullmatch(name)
    if match is None:
        raise _unknown(name)
    kind, member, rest = match.groups()
    if member != "payload":
        if rest is not None:
            raise _unknown(name)
        return FeedbackField(kind, member)  # type: ignore[arg-type]  # the pattern knows three
    return FeedbackField(kind, "payload", () if rest is None else path_of(name, rest))


def is_in_span(field: Field) -> bool:
    """Tell whether a field is the whole span of a call or a place in it."""
    return isinstance(field, JsonField) and field.root == "attributes" and field.path[:1] == (SPAN,)


def path_of(name: str, text: str) -> tuple[str | int, ...]:
    r"""Split at dots; `\.` is a dot that does not split, a step of digits only is an index."""
    parts = _DOT.split(text)
    if len(parts) > MAX_PATH_SEGMENTS:
        raise UnknownField(f"a field path has more than {MAX_PATH_SEGMENTS} steps")
    return tuple(_step(name, part) for part in parts)


def _step(name: str, text: str) -> str | int:
    if text.isascii() and text.isdigit():
        if len(text) > MAX_INDEX_DIGITS:
            raise _unknown(name)
        return int(text)
    if not text:
        raise _unknown(name)
    return text.replace("\\.", ".")


def _unknown(name: str) -> UnknownField:
    return UnknownField(f"Field {name} is not allowed")
