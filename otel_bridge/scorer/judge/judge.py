"""A judge: which model is asked, with which messages, and what kind of answer is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec
import orjson
from msgspec import Struct

from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.judge.template import Template

if TYPE_CHECKING:
    from collections.abc import Mapping

Format: TypeAlias = Literal["text", "json_object", "json_schema"]
Content: TypeAlias = str | list[dict[str, Any]] | None

MAX_SETTINGS_BYTES: Final = 1 << 20
"""A judge's prompts, parameters and schema together, as JSON."""
OURS: Final = frozenset({"model", "messages", "stream", "stream_options", "n", "response_format"})
"""Members of a request that no parameter may set: one whole answer is read, of the format that was chosen."""


class Host(Struct, frozen=True, forbid_unknown_fields=True):
    """A model server that a stored `Provider` object names; its key is the secret of that name."""

    base_url: str
    secret: str | None = None
    headers: dict[str, str] = {}


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The settings of a scorer of kind `llm_judge`.

    `prompt` is one user message, after `system`; `messages` are an alternative to both. All have
    placeholders. `preamble` goes before them as it is (a stored model's messages). `model` is
    `PROVIDER/MODEL`, or what `host` calls it.
    """

    model: str
    system: str | None = None
    prompt: str | None = None
    messages: list[dict[str, Any]] | None = None
    preamble: list[dict[str, Any]] = []
    response_format: Format | None = None
    response_schema: dict[str, Any] | None = None
    params: dict[str, Any] = {}
    host: Host | None = None


SETTINGS: Final = Settings.__struct_fields__
"""The keys of these settings."""


class Part(Struct, frozen=True):
    """A message: `content` is a tree in which texts are templates, `rest` are its other members."""

    rest: dict[str, Any]
    content: Any


class Judge(Struct, frozen=True):
    """A judge that can be asked. `reading` tells how its answer is read; None: JSON if it is, else text."""

    model: str
    host: Host | None
    preamble: list[dict[str, Any]]
    parts: tuple[Part, ...]
    params: dict[str, Any]
    response_format: Format | None
    response_schema: dict[str, Any] | None
    reading: Literal["text", "json"] | None

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What the prompt asks for."""
        found = (one for part in self.parts for one in _placeholders(part.content))
        return tuple(dict.fromkeys(found))


def judge_of(settings: Mapping[str, Any]) -> Judge:
    """Read settings of either origin, a configuration or an object; raise Unusable, naming what is wrong."""
    known = _settings(settings)
    if not known.model.strip():
        raise Unusable("the judge names no model")
    wrong = sorted(OURS & known.params.keys())
    if wrong:
        raise Unusable(f"params may not have {', '.join(wrong)}")
    if known.response_schema is not None and known.response_format not in {None, "json_schema"}:
        raise Unusable(f"a response_schema does not go with the response_format {known.response_format}")
    response_format: Format | None = known.response_format
    if known.response_schema is not None:
        response_format = "json_schema"
    elif response_format == "json_schema":
        response_format = "json_object"  # Weave's objects can ask for a schema but hold none
    return Judge(
        model=known.model.strip(),
        host=known.host,
        preamble=[_message(one) for one in known.preamble],
        parts=_parts(known),
        params={name: value for name, value in known.params.items() if value is not None},
        response_format=response_format,
        response_schema=known.response_schema,
        reading=None if response_format is None else "text" if response_format == "text" else "json",
    )


def _settings(settings: Mapping[str, Any]) -> Settings:
    present = {name: value for name, value in settings.items() if value is not None}
    try:
        if len(orjson.dumps(present)) > MAX_SETTINGS_BYTES:
            raise Unusable(f"the settings of the judge are larger than {MAX_SETTINGS_BYTES} bytes")
        return msgspec.convert(present, Settings)
    except (msgspec.ValidationError, TypeError) as error:
        raise Unusable(f"the settings of the judge cannot be read: {error}") from error


def _parts(known: Settings) -> tuple[Part, ...]:
    if known.messages is not None:
        if known.prompt is not None or known.system is not None:
            raise Unusable("a judge has messages, or a prompt and perhaps a system text, not both")
        messages = known.messages
    else:
        messages = [] if known.system is None else [{"role": "system", "content": known.system}]
        messages += [] if known.prompt is None else [{"role": "user", "content": known.prompt}]
    parts = tuple(_part(one) for one in messages)
    if not parts:
        raise Unusable("the judge has no prompt")
    return parts


def _part(message: dict[str, Any]) -> Part:
    whole = _message(message)
    return Part(
        {name: value for name, value in whole.items() if name != "content"}, _templates(whole.get("content"))
    )


def _message(message: dict[str, Any]) -> dict[str, Any]:
    """Check a message and take off what is null."""
    whole = {name: value for name, value in message.items() if value is not None}
    if not isinstance(whole.get("role"), str):
        raise Unusable("a message of the judge has no role")
    if not isinstance(whole.get("content", ""), str | list):
        raise Unusable("a message of the judge has a content that is neither text nor a list of parts")
    return whole


def _templates(content: Any) -> Any:
    """Turn every text of a content into a template, but for the kinds of its parts."""
    if isinstance(content, str):
        return Template(content)
    if isinstance(content, list):
        return [_templates(one) for one in content]
    if isinstance(content, dict):
        return {name: one if name == "type" else _templates(one) for name, one in content.items()}
    return content


def _placeholders(content: Any) -> tuple[str, ...]:
    if isinstance(content, Template):
        return content.placeholders
    inner = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    return tuple(found for one in inner for found in _placeholders(one))
