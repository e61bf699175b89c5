"""Weave's `LLMAsAJudgeScorer` objects, as settings of a judge.

An object comes with the objects it names in place of their refs: `model` is an
`LLMStructuredCompletionModel`, `scoring_prompt` a text, a `MessagesPrompt` or a `StringPrompt`; the model's
`llm_model_id` may be a `ProviderModel`, which names a `Provider` (shapes as the SDK 0.54 publishes them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.judge.judge import judge_of
from otel_bridge.scorer.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

REF: Final = "weave:///"
MEDIA: Final = ("enable_image_input_scoring", "enable_audio_input_scoring", "enable_video_input_scoring")
PARAMS: Final = (
    "temperature", "top_p", "max_tokens", "presence_penalty", "frequency_penalty", "stop", "functions",
)  # fmt: skip
"""Members of `default_params` that go into a request as they are; not `n_times`, as one answer is read."""


def settings_of(val: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that an `LLMAsAJudgeScorer` object amounts to; raise Unusable, saying why not."""
    media = [name for name in MEDIA if val.get(name)]
    if media:
        raise Unusable(
            f"it wants images, sound or video to be picked out of the call ({', '.join(media)}), which is"
            " not supported: publish it without, or put a URL into an image_url part of a MessagesPrompt"
        )
    model = _object(val.get("model"), "model", "LLMStructuredCompletionModel")
    params = model.get("default_params") or {}
    if not isinstance(params, dict):
        raise Unusable("default_params of its model is no object")
    settings = {
        **_model(model.get("llm_model_id")),
        **_prompt(val.get("scoring_prompt")),
        "preamble": _preamble(params),
        "params": {name: params[name] for name in PARAMS if params.get(name) not in (None, [])},
        **_response_format(params.get("response_format")),
    }
    judge_of(settings)
    return settings


def _object(value: Any, name: str, *classes: str) -> dict[str, Any]:
    if isinstance(value, str) and value.startswith(REF):
        raise Unusable(f"its {name} is not kept here: {value}")
    found = (
        value.get("_class_name") or value.get("_type") if isinstance(value, dict) else type(value).__name__
    )
    if not isinstance(value, dict) or found not in classes:
        raise Unusable(f"its {name} is no {' or '.join(classes)}, but {found}")
    return {**value, "_type": found}


def _model(model_id: Any) -> dict[str, Any]:
    if isinstance(model_id, str) and not model_id.startswith(REF):
        return {"model": model_id}
    of_provider = _object(model_id, "llm_model_id", "ProviderModel")
    provider = _object(of_provider.get("provider"), "provider", "Provider")
    name, url = of_provider.get("name"), provider.get("base_url")
    if not isinstance(name, str) or not isinstance(url, str):
        raise Unusable("its provider or model has no base_url or no name")
    host = {
        "base_url": url,
        "secret": provider.get("api_key_name") or None,
        "headers": provider.get("extra_headers") or {},
    }
    return {"model": name, "host": host}


def _prompt(prompt: Any) -> dict[str, Any]:
    if isinstance(prompt, str) and not prompt.startswith(REF):
        return {"prompt": prompt}
    found = _object(prompt, "scoring_prompt", "MessagesPrompt", "StringPrompt")
    if found["_type"] == "StringPrompt":
        return {"prompt": found.get("content")}
    return {"messages": _messages(found.get("messages"), "scoring_prompt")}


def _preamble(params: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the model says before the prompt. As in Weave, a prompt object takes precedence."""
    if params.get("prompt") is not None:
        prompt = _object(params["prompt"], "prompt of its model", "MessagesPrompt")
        return _messages(prompt.get("messages"), "prompt of its model")
    return _messages(params.get("messages_template") or [], "messages_template")


def _messages(messages: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        raise Unusable(f"its {name} holds no list of messages")
    return [plain(one) for one in messages]


def _response_format(wanted: Any) -> dict[str, Any]:
    """Read a name, or the object that goes into a request."""
    if not isinstance(wanted, dict):
        return {"response_format": wanted}
    schema = wanted.get("json_schema")
    found = schema.get("schema") if isinstance(schema, dict) else None
    return {"response_format": wanted.get("type"), "response_schema": plain(found)}
