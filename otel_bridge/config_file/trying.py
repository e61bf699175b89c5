"""Conditions and patterns in the settings of processors and connectors: each is tried by itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, get_args

from otel_bridge.condition.condition import condition
from otel_bridge.condition.paths import Context
from otel_bridge.connector.settings import RoutingSettings
from otel_bridge.patterns import compiled
from otel_bridge.processor.settings import (
    AttributesSettings,
    FilterSettings,
    RedactionSettings,
    ResourceSettings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import BaseModel

    from otel_bridge.config_file.problems import Place
    from otel_bridge.processor.settings import Action

    Text = tuple[Place, str, Callable[[str], object]]

PATTERNS: Final = ("ignored_key_patterns", "blocked_key_patterns", "blocked_values", "allowed_values")
"""Keys of `redaction` that hold regular expressions."""


def wrong_texts(settings: BaseModel) -> Iterator[tuple[Place, str]]:
    """Return the place inside the settings of each condition or pattern that makes no sense, and why."""
    for place, text, read in _texts(settings):
        try:
            read(text)
        except ValueError as error:
            yield place, str(error)


def _texts(settings: BaseModel) -> Iterator[Text]:
    match settings:
        case FilterSettings(traces=traces):
            for context in get_args(Context):
                for at, text in enumerate(getattr(traces, context)):
                    yield ("traces", context, at), text, partial(condition, context=context)
        case RoutingSettings(table=table):
            for at, row in enumerate(table):
                yield ("table", at, "condition"), row.condition, partial(condition, context=row.context)
        case AttributesSettings(actions=actions, where=where):
            yield from _edits("actions", actions, where, "span")
        case ResourceSettings(attributes=actions, where=where):
            yield from _edits("attributes", actions, where, "resource")
        case RedactionSettings():
            yield from _patterns(settings)
        case _:  # it holds neither
            pass


def _edits(key: str, actions: tuple[Action, ...], where: str | None, context: Context) -> Iterator[Text]:
    for at, action in enumerate(actions):
        if action.pattern is not None:
            yield (key, at, "pattern"), action.pattern, compiled
    if where is not None:
        yield ("where",), where, partial(condition, context=context)


def _patterns(settings: RedactionSettings) -> Iterator[Text]:
    for key in PATTERNS:
        for at, one in enumerate(getattr(settings, key)):
            if isinstance(one, str):
                yield (key, at), one, compiled
            elif one.pattern is not None:
                yield (key, at, "pattern"), one.pattern, compiled
