"""What a program gave, out of what its instrumentation put around it.

Inputs and outputs of spans are kept under the attribute that had them, as Weave does:
`{"output.value": "hi"}` (`contract/otel-mapping.md` §4). A rule about `output` means `hi`, whichever
instrumentation told it, and when it is a chat message, its text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.translate.tables.payloads import INPUTS, OUTPUT

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS: Final = {
    "inputs": frozenset(source.key for source in INPUTS),
    "output": frozenset(source.key for source in OUTPUT),
}
"""Attributes that a call's inputs and output may be kept under."""
SPEAKERS: Final = {
    "inputs": frozenset({"user", "human"}),
    "output": frozenset({"assistant", "model", "ai", "AIMessage"}),
}
_SPAN_ID: Final = re.compile(r"[0-9a-f]{16}")
_TEXT_PARTS: Final = frozenset({"text", "output_text", "input_text", None})


def unwrapped(call: Mapping[str, Any], root: str) -> tuple[Any, str | None]:
    """Return `inputs` or `output` of a call, and the attribute that it was under, None for none.

    Attributes whose names have no dot could be a program's own words: they count in calls made of spans only.
    """
    value = call.get(root)
    if isinstance(value, dict) and len(value) == 1 and root in KEYS:
        ((key, inner),) = value.items()
        if key in KEYS[root] and ("." in key or _SPAN_ID.fullmatch(str(call.get("id")))):
            return inner, key
    return value, None


def spoken(value: Any, root: str) -> Any:
    """Return the text of chat messages: what the model said of an `output`, what people said of `inputs`.

    Messages are known in the forms of OpenTelemetry, OpenAI, Anthropic, Gemini, LangChain and Vercel's AI
    SDK; anything else is returned as it is.
    """
    if root not in SPEAKERS:
        return value
    messages = _messages(value)
    if messages is None:
        return value
    said = [message for message in _latest(messages, root) if _speaker(message) in SPEAKERS[root]]
    return "\n".join(filter(None, map(_text, said))) if said else value


def _messages(value: Any) -> list[dict[str, Any]] | None:
    """Return the messages of a list or an answer, None for what has none."""
    if isinstance(value, list):
        is_chat = bool(value) and all(isinstance(each, dict) and _speaker(each) for each in value)
        return value if is_chat else None
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("messages"), list):
        return _messages(value["messages"])
    for answers in (value.get("choices"), value.get("candidates")):
        if isinstance(answers, list) and answers:
            found = [_answer(each) for each in answers]
            return None if None in found else [each for each in found if each is not None]
    if _speaker(value) in SPEAKERS["output"] | SPEAKERS["inputs"] and {"content", "parts"} & value.keys():
        return [value]
    if "finishReason" in value and isinstance(value.get("text"), str):
        return [{"role": "assistant", "content": value["text"]}]
    content = value.get("content")
    return [{"role": "assistant", **content}] if isinstance(content, dict) and "parts" in content else None


def _answer(choice: Any) -> dict[str, Any] | None:
    """Return the message of one of a model's answers, None for what is no such answer."""
    if not isinstance(choice, dict):
        return None
    for message in (choice.get("message"), choice.get("content")):
        if isinstance(message, dict):
            return {"role": "assistant", **message}
    return {"role": "assistant", "content": choice.get("text")} if "finish_reason" in choice else None


def _latest(messages: list[dict[str, Any]], root: str) -> list[dict[str, Any]]:
    """Leave out what came before the last question, where an output tells the whole conversation."""
    if root != "output":
        return messages
    asked = [at for at, each in enumerate(messages) if _speaker(each) in SPEAKERS["inputs"]]
    return messages[asked[-1] + 1 :] if asked else messages


def _speaker(message: Mapping[str, Any]) -> str | None:
    for said in (message.get("role"), message.get("type")):
        if isinstance(said, str):
            return said
    return None


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else message.get("parts")
    return "".join(map(_text_of_part, parts)) if isinstance(parts, list) else ""


def _text_of_part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or part.get("type") not in _TEXT_PARTS or part.get("thought") is True:
        return ""
    return next((said for said in (part.get("text"), part.get("content")) if isinstance(said, str)), "")
