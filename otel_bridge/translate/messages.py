"""Readers of message lists and documents, for shapes that vary (`contract/otel-mapping.md` §4, §11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from otel_bridge.translate.heard import Event
from otel_bridge.translate.tree import BRACKETS, as_lists, parsed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otel_bridge.model.span import Value

DETAILS: Final = "gen_ai.client.inference.operation.details"
"""The event of the current convention: what its attributes are called, the span's are too."""

CHOICE: Final = "gen_ai.choice"
ROLES: Final = {f"gen_ai.{role}.message": role for role in ("system", "user", "assistant", "tool")}
"""The old convention's events: the name tells the role."""

CONTENT: Final = {"gen_ai.content.prompt": "gen_ai.prompt", "gen_ai.content.completion": "gen_ai.completion"}
"""The oldest convention's events, and their only attribute."""


def items_of(value: Value) -> list[Any] | None:
    """Return a list, also from a dict of indexes with gaps, in their order."""
    if type(value) is list:
        return value
    if type(value) is dict and value and all(key.isdecimal() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    return None


class WithoutLevel(Struct, frozen=True):
    """Reads OpenInference's lists, dropping the level between an item and its members."""

    level: str

    def __call__(self, value: Value) -> Value:
        """Return the list; None for what is none."""
        items = items_of(value)
        return None if items is None else [_unwrapped(item, self.level) for item in items]

    def moves_only(self, path: str) -> bool:
        """Tell whether what the list holds at a path is moved and never looked at."""
        index, _, rest = path.partition(".")
        return index.isdecimal() and rest.startswith(self.level + ".")


class OnlyMember(Struct, frozen=True):
    """Reads one member of each item of such a list, None when no item has it."""

    level: str
    member: str

    def __call__(self, value: Value) -> list[Any] | None:
        """Return the members of the items that have one."""
        items = WithoutLevel(self.level)(value) or ()
        return [item[self.member] for item in items if type(item) is dict and self.member in item] or None


def _unwrapped(item: Value, level: str) -> Value:
    if type(item) is dict and type(item.get(level)) is dict:
        inner: dict[str, Any] = item[level]
        return inner if len(item) == 1 else {**{k: v for k, v in item.items() if k != level}, **inner}
    return item


def input_messages(events: Iterable[Event]) -> list[Any] | None:
    """Return the messages that went in, as the events tell them; None when none does."""
    events = list(events)
    detailed = _details(events, "gen_ai.input.messages")
    if detailed is not None:
        return detailed
    return _unless_silent([_message(event) for event in events if event.name in ROLES]) or _content(
        events, "gen_ai.content.prompt"
    )


def output_messages(events: Iterable[Event]) -> list[Any] | None:
    """Return the messages that came out, as the events tell them; None when none does."""
    events = list(events)
    detailed = _details(events, "gen_ai.output.messages")
    if detailed is not None:
        return detailed
    return _unless_silent([_choice(event) for event in events if event.name == CHOICE]) or _content(
        events, "gen_ai.content.completion"
    )


def system_instructions(events: Iterable[Event]) -> list[Any] | None:
    """Return the system's instructions that the current convention's event tells."""
    return _details(list(events), "gen_ai.system_instructions")


def listed_inputs(value: Value) -> list[Any] | None:
    """Return what went in from a list of event objects, as Pydantic AI's first version writes them."""
    return input_messages(_listed(value))


def listed_output(value: Value) -> list[Any] | None:
    """Return what came out from a list of event objects."""
    return output_messages(_listed(value))


def _listed(value: Value) -> Iterable[Event]:
    for item in value if type(value) is list else ():
        name = item.get("event.name") if type(item) is dict else None
        if type(name) is str:
            yield Event(name, {key: child for key, child in item.items() if key != "event.name"})


def _details(events: list[Event], key: str) -> list[Any] | None:
    """Join what the events say under a key: one event may tell a part of the messages."""
    said = [_plain(event.members[key]) for event in events if event.name == DETAILS and key in event.members]
    if not said:
        return None
    return [item for part in said for item in (part if type(part) is list else [part])]


def _content(events: list[Event], name: str) -> list[Any] | None:
    key = CONTENT[name]
    said = [_plain(event.members[key]) for event in events if event.name == name and key in event.members]
    return [item for part in said for item in (part if type(part) is list else [part])] or None


def _plain(value: Value) -> Value:
    return as_lists(parsed(value) if type(value) is str and value[:1] in BRACKETS else value)


def _members(event: Event) -> dict[str, Any]:
    return {key: _plain(value) for key, value in event.members.items() if not key.startswith("gen_ai.")}


def _message(event: Event) -> dict[str, Any]:
    members = _members(event)
    return {"role": members.pop("role", None) or ROLES[event.name], **members}


def _choice(event: Event) -> dict[str, Any]:
    members = _members(event)
    said = members.pop("message", None)
    message = said if type(said) is dict else {} if said is None else {"content": said}
    return {"role": "assistant", **message, **members}


def _unless_silent(messages: list[dict[str, Any]]) -> list[Any] | None:
    """Return the messages, None when all they say is who spoke: the sender holds back their content."""
    silent = all(set(message) <= {"role", "index", "finish_reason"} for message in messages)
    return None if silent else messages
