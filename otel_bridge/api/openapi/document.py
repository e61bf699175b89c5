"""The OpenAPI 3.1 document of an application, made from its routes and the models they name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge import __version__
from otel_bridge.api.annex_routes import FORM
from otel_bridge.api.openapi.examples import EXAMPLES, FORM_EXAMPLE
from otel_bridge.api.openapi.refusals import BINARY, USED, refusals
from otel_bridge.api.openapi.schemas import components, query_parameters, reference
from otel_bridge.api.stream import JSONL
from otel_bridge.auth.principal import Need
from otel_bridge.http.route import JSON, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otel_bridge.http.route import Route

VERSION: Final = "3.1.0"
DESCRIPTION: Final = (
    "Weave's API over calls that were written here or came as OpenTelemetry spans. Bodies are JSON whatever"
    " their Content-Type says, and may be compressed with gzip or deflate. There are no accounts: a bridge"
    " that asks for keys (docs/security.md) knows them by name, any other takes credentials and does not look"
    " at them. Where Weave's own server answers otherwise is written down in"
    " docs/differences.md."
)
ROOT: Final = {"url": "/", "description": "The root."}
BELOW_TRACES: Final = {
    "url": "/traces",
    "description": "The same below the prefix that Weave's SDK derives from WANDB_BASE_URL.",
}
_PARAMETER: Final = re.compile(r"\{(\w+)(?::[^}]+)?\}")
"""A part of a path that varies; behind the colon is what aiohttp takes for it."""

_PARAMETER_EXAMPLES: Final = {"entity": "acme", "project": "app"}
_JSON_TYPES: Final = (JSON, JSONL)
_DONE: Final = {
    Kind.WRITE: "Done, and the disk has confirmed it.",
    Kind.OTLP: "Every item that is not counted as rejected is kept, and the disk has confirmed it.",
}


def document(mounted: Sequence[Route], own: Sequence[Route]) -> bytes:
    """Describe routes below every mount, and those at the root only, as JSON."""
    routes = (*mounted, *own)
    paths: dict[str, Any] = {}
    for route in routes:
        at_root = {} if route in mounted else {"servers": [ROOT]}
        paths.setdefault(_template(route.path), at_root)[route.method.lower()] = _operation(route)
    return orjson.dumps(
        {
            "openapi": VERSION,
            "info": _info(),
            "servers": [ROOT, BELOW_TRACES],
            "tags": [{"name": tag} for tag in dict.fromkeys(route.about.tag for route in routes)],
            "security": [{}, {"HTTPBasic": []}, {"HTTPBearer": []}, {"ApiKey": []}],
            "paths": paths,
            "components": {
                "schemas": components(_named(routes)),
                "securitySchemes": {
                    "HTTPBasic": {"type": "http", "scheme": "basic"},
                    "HTTPBearer": {"type": "http", "scheme": "bearer"},
                    "ApiKey": {"type": "apiKey", "in": "header", "name": "wandb-api-key"},
                },
            },
        }
    )


def operation_id(route: Route) -> str:
    """Name an operation after its path: `calls_stream_query`; `index` is at the root."""
    plain = _PARAMETER.sub("", route.path).replace(".", "_")
    return "_".join(part for part in plain.split("/") if part) or "index"


def _template(path: str) -> str:
    """Write a path as OpenAPI does."""
    return _PARAMETER.sub(r"{\1}", path)


def _info() -> dict[str, Any]:
    return {
        "title": "otel-bridge",
        "version": __version__,
        "summary": "OpenTelemetry traces in, Weave calls out.",
        "description": DESCRIPTION,
        "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
    }


def _named(routes: Iterable[Route]) -> set[str]:
    abouts = [route.about for route in routes]
    return {name for about in abouts for name in (about.body, about.answer) if name} | set(USED)


def _operation(route: Route) -> dict[str, Any]:
    about = route.about
    told: dict[str, Any] = {
        "operationId": operation_id(route),
        "tags": [about.tag],
        "summary": about.summary,
    }
    if about.more:
        told["description"] = about.more
    if route.need is Need.NOTHING:
        told["security"] = [{}]
    if about.deprecated:
        told["deprecated"] = True
    examples = {**_PARAMETER_EXAMPLES, **dict(about.parts)}
    parameters = [_parameter(name, examples[name]) for name in _PARAMETER.findall(route.path)]
    if about.query is not None:
        parameters += query_parameters(about.query)
    if parameters:
        told["parameters"] = parameters
    if about.body is not None:
        told["requestBody"] = _request(route, about.body)
    told["responses"] = {"200": _answer(route), **refusals(route)}
    if route.also:
        told["x-also-at"] = list(route.also)
    return told


def _parameter(name: str, example: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": "^[^{}/]+$"}
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


def _request(route: Route, body: str) -> dict[str, Any]:
    content = {media: _media(media, body) for media in route.about.takes}
    for media, told in content.items():
        if media in _JSON_TYPES:
            told["example"] = EXAMPLES[operation_id(route)]
        elif route.kind is not Kind.OTLP:
            told["example"] = FORM_EXAMPLE
    return {"required": True, "content": content}


def _answer(route: Route) -> dict[str, Any]:
    about = route.about
    content = {media: _media(media, about.answer) for media in about.gives}
    words = (
        "One object a line; no line is empty." if JSONL in content else _DONE.get(route.kind, "The answer.")
    )
    told: dict[str, Any] = {"description": words, "content": content}
    if about.headers:
        told["headers"] = {name: _header(said) for name, said in about.headers}
    return told


def _header(said: str) -> dict[str, Any]:
    return {"description": said, "required": True, "schema": {"type": "string", "minLength": 1}}


def _media(media: str, model: str | None) -> dict[str, Any]:
    """Describe a body: by its model, as text, or as bytes."""
    if model is not None and media in {*_JSON_TYPES, FORM}:
        return {"schema": reference(model)}
    return {"schema": {"type": "string"} if media.startswith("text/") else dict(BINARY)}
