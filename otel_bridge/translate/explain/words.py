"""The readers and conditions of the tables in words, for explanations and for `docs/semconv.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.translate import kinds, messages, readers
from otel_bridge.translate.sources import Wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otel_bridge.translate.sources import Only

READERS: Final[Mapping[Callable[[Any], Any], str]] = {
    readers.as_is: "any value",
    readers.as_name: "a text that is not empty; a number in decimal",
    readers.as_text: "any value as text; an empty text is nothing",
    readers.unquoted: "any value; of a JSON string its text",
    readers.unquoted_name: "a text that is not empty, also as a JSON string",
    readers.as_count: "a whole number from 0 to 2^63-1, also as text or as a float without fraction",
    readers.as_object: "an object that is not empty",
    readers.as_list: "a list; any other value as a list of it alone",
    readers.as_flag: "a boolean; the texts false, 0, no and off are false",
    readers.as_micros: "a time: ISO text, whole nanoseconds or seconds with a fraction",
    kinds.of_operation: "an operation that has a kind",
    kinds.of_vercel: "a Vercel operation that has a kind",
    kinds.of_log: "`log`, for a log line of no length",
    messages.input_messages: "messages that went in, of all its events",
    messages.output_messages: "messages that came out, of all its events",
    messages.system_instructions: "system instructions, of all its events",
    messages.listed_inputs: "a list of event objects: the messages that went in",
    messages.listed_output: "a list of event objects: the messages that came out",
}
"""What each reader takes."""

WRAPS: Final[Mapping[Wrap, str]] = {
    Wrap.ALWAYS: "under its key",
    Wrap.UNLESS_OBJECT: "an object alone, anything else under its key",
    Wrap.NEVER: "alone",
}
"""How a value stands in `inputs` and `output`."""


def of_reader(read: Callable[[Any], Any]) -> str:
    """Return what a reader takes."""
    if isinstance(read, messages.WithoutLevel):
        return f"a list, without the level `{read.level}` of its items"
    if isinstance(read, messages.OnlyMember):
        return f"a list: the `{read.member}` of each `{read.level}`"
    if isinstance(read, readers.MemberCount):
        return "an object: the count under " + " or ".join(f"`{name}`" for name in read.names)
    return READERS.get(read) or f"what `{getattr(read, '__name__', type(read).__name__)}` takes"


def of_condition(only: Only) -> str:
    """Return a condition as the end of a sentence."""
    if not only.values:
        return f"where `{only.key}` is a text"
    return f"where `{only.key}` is " + " or ".join(f"`{value}`" for value in sorted(only.values))
