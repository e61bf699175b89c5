"""Python scorers: finds the operator's callable, calls it, makes JSON of what it returns.

Only a runner process loads them: importing is running code.
"""

from __future__ import annotations

import inspect
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec
import orjson
from msgspec import Raw, Struct

from otel_bridge.scorer.arguments import Matcher
from otel_bridge.scorer.base import ScorerFailed, Unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Loaded(Struct, frozen=True):
    """A callable, and what finds its arguments; `is_async` tells whether calling it gives an awaitable."""

    score: Callable[..., Any]
    matcher: Matcher
    is_async: bool


def load(settings: Mapping[str, Any], column_map: Mapping[str, str] | None) -> Loaded:
    """Import `package.module:name` and make it ready; raise Unusable for whatever goes wrong."""
    name, arguments = settings["callable"], settings.get("arguments") or {}
    try:
        found = _found(name)
        score, fixed = _scoring(found, arguments)
        signature = inspect.signature(score)
    except Unusable:
        raise
    except Exception as error:
        raise Unusable(f"{name} cannot be loaded: {type(error).__name__}: {error}") from error
    return Loaded(score, Matcher(signature, column_map, fixed), _is_async(score))


def encoded(value: Any, max_bytes: int) -> Raw:
    """Return a result as compact JSON; raise ScorerFailed for what is none, or larger than `max_result`.

    NaN and infinities become null. A whole number beyond a double is refused: no reader has room for it.
    """
    try:
        content = msgspec.json.encode(value, enc_hook=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise ScorerFailed(f"the result is no JSON: {error or type(error).__name__}") from error
    if len(content) > max_bytes:
        raise ScorerFailed(f"the result has {len(content)} bytes, more than max_result = {max_bytes}")
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ScorerFailed(f"the result is JSON that nobody can read: {error.msg}") from error
    return Raw(content)


def _found(name: str) -> Any:
    module_name, _, path = name.partition(":")
    found: Any = import_module(module_name)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _scoring(found: Any, arguments: Mapping[str, Any]) -> tuple[Callable[..., Any], frozenset[str]]:
    """Return what is called for each call, and which of its parameters are set already."""
    if inspect.isclass(found):
        return _method(found(**arguments)), frozenset()
    if callable(getattr(found, "score", None)):
        if arguments:
            raise Unusable("arguments are for a class or a function, not for an object")
        return _method(found), frozenset()
    if not callable(found):
        raise Unusable(
            f"an object of class {type(found).__name__} is no scorer: it has no score and is no function"
        )
    return (partial(found, **arguments), frozenset(arguments)) if arguments else (found, frozenset())


def _method(scorer: Any) -> Callable[..., Any]:
    score = getattr(scorer, "score", None)
    if callable(score):
        return score  # type: ignore[no-any-return]  # callable() told
    if callable(scorer):
        return scorer  # type: ignore[no-any-return]  # as above
    raise Unusable(f"class {type(scorer).__name__} has no method score")


def _is_async(score: Any) -> bool:
    inner = score.func if isinstance(score, partial) else score
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(getattr(inner, "__call__", None))  # noqa: B004 - an object that is called


def _plain(value: Any) -> Any:
    """Turn what msgspec does not know into what it knows; raise TypeError."""
    if callable(dump := getattr(value, "model_dump", None)) and not inspect.isclass(value):
        return dump(mode="json")  # pydantic
    if callable(item := getattr(value, "item", None)) and getattr(value, "shape", None) == ():
        return item()  # a scalar of numpy, torch and the like
    if callable(to_list := getattr(value, "tolist", None)):
        return to_list()
    raise TypeError(f"an object of class {type(value).__name__} has no JSON form")
