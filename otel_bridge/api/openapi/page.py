"""The page at `/docs`: the OpenAPI document as HTML for people, complete without a script."""

from __future__ import annotations

import re
import shlex
from html import escape
from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.api.annex_routes import FORM
from otel_bridge.api.openapi.markup import code, members, pretty, prose, table, type_of
from otel_bridge.api.openapi.schemas import REFS
from otel_bridge.http.route import JSON

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ORIGIN: Final = "http://127.0.0.1:6345"
"""Where a bridge listens that was told nothing; the script writes the page's own origin over it."""
_METHODS: Final = ("get", "post")
_PARAMETER: Final = re.compile(r"\{(\w+)\}")

_TEMPLATE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} API</title>
<link rel="stylesheet" href="/docs/page.css">
<link rel="icon" href="data:,">
<script src="/docs/page.js" defer></script>
</head>
<body>
<a class="skip" href="#endpoints">Skip to the endpoints</a>
<header>
<h1>{title} <small>{version}</small></h1>
<p>{description}</p>
<p>Every path is also served below {mounts}, except where it says otherwise. For programs:
<a href="/openapi.json">openapi.json</a>.</p>
<p class="search" hidden><label>Find <input type="search" id="find" autocomplete="off"></label>
<output id="found"></output></p>
</header>
<nav aria-label="Endpoints"><ul>{contents}</ul></nav>
<main id="endpoints">
{sections}
<section id="schemas"><h2>Schemas</h2>
{schemas}
</section>
</main>
</body>
</html>
"""


def page(document: bytes) -> bytes:
    """Render an OpenAPI document."""
    api = orjson.loads(document)
    tags = [tag["name"] for tag in api["tags"]]
    info = api["info"]
    text = _TEMPLATE.format(
        title=escape(info["title"]),
        version=escape(info["version"]),
        description=prose(info["description"]),
        mounts=" and ".join(code(server["url"]) for server in api["servers"] if server["url"] != "/"),
        contents="".join(f'<li><a href="#{_anchor(tag)}">{escape(tag)}</a></li>' for tag in tags)
        + '<li><a href="#schemas">Schemas</a></li>',
        sections="\n".join(_section(api, tag) for tag in tags),
        schemas="\n".join(_schema(name, schema) for name, schema in api["components"]["schemas"].items()),
    )
    return text.encode()


def curl(method: str, path: str, operation: Mapping[str, Any]) -> str:
    """Write the command that sends the example of an operation."""
    parameters = operation.get("parameters", ())
    values = {one["name"]: one["example"] for one in parameters if one["in"] == "path"}
    url = ORIGIN + _PARAMETER.sub(lambda found: values[found[1]], path)
    content = operation.get("requestBody", {}).get("content", {})
    if method == "get":
        needed = [one for one in parameters if one["in"] == "query" and one["required"]]
        data = "".join(f" -d {one['name']}={one['example']}" for one in needed)
        return f"curl -s {url} -G{data}" if data else f"curl -s {url}"
    if FORM in content:
        project, file = (content[FORM]["example"][name] for name in ("project_id", "file"))
        return f"curl -s {url} \\\n  -F project_id={project} -F 'file={file};filename=hello.txt'"
    body = orjson.dumps(content[JSON]["example"]).decode()
    return f"curl -s {url} \\\n  -H 'Content-Type: {JSON}' \\\n  --data {shlex.quote(body)}"


def _section(api: Mapping[str, Any], tag: str) -> str:
    found = "\n".join(
        _operation(api, method, path)
        for path, item in api["paths"].items()
        for method in _METHODS
        if method in item and tag in item[method]["tags"]
    )
    return f'<section id="{_anchor(tag)}"><h2>{escape(tag)}</h2>\n{found}\n</section>'


def _operation(api: Mapping[str, Any], method: str, path: str) -> str:
    item = api["paths"][path]
    operation = item[method]
    name = operation["operationId"]
    body = operation.get("requestBody")
    old = ' <span class="old">deprecated</span>' if operation.get("deprecated") else ""
    notes = [prose(operation["description"])] if "description" in operation else []
    if "servers" in item:
        notes.append("At the root only.")
    if also := operation.get("x-also-at"):
        notes.append(f"Also at {', '.join(map(code, also))}.")
    head = (
        f'<span class="method {method}">{method.upper()}</span> <span class="path">{code(path)}</span>'
        f' <span class="told">{escape(operation["summary"])}{old}</span>'
    )
    asked = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
    return (
        f'<details class="operation" id="{name}"><summary>{head}</summary>\n'
        f"{''.join(f'<p>{note}</p>' for note in notes)}{_query(asked)}"
        f"{_request(api, body) if body else ''}{_copied(curl(method, path, operation))}"
        f"<h3>Answers</h3>{_answers(operation['responses'])}</details>"
    )


def _request(api: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    media = body["content"]
    kinds = " or ".join(map(code, media))
    shown = media.get(JSON) or next(iter(media.values()))
    schema = shown["schema"]
    held = members(api["components"]["schemas"][schema["$ref"].removeprefix(REFS)])
    return f"<h3>Request</h3><p>{kinds}: {type_of(schema)}</p>{held}{_example(shown)}"


def _query(asked: Sequence[Mapping[str, Any]]) -> str:
    if not asked:
        return ""
    properties = {one["name"]: {**one["schema"], "description": one["description"]} for one in asked}
    required = [one["name"] for one in asked if one["required"]]
    return f"<h3>Query</h3>{members({'properties': properties, 'required': required})}"


def _example(media: Mapping[str, Any]) -> str:
    return f"<h3>Example</h3><pre>{escape(pretty(media['example']))}</pre>" if "example" in media else ""


def _copied(command: str) -> str:
    return f'<h3>Try it</h3><div class="command"><pre>{escape(command)}</pre></div>'


def _answers(responses: Mapping[str, Any]) -> str:
    return table(
        ("Status", "When", "Body"),
        (
            (
                code(status),
                prose(told["description"]) + _headers(told),
                _bodies(told.get("content", {}).items()),
            )
            for status, told in responses.items()
        ),
    )


def _headers(response: Mapping[str, Any]) -> str:
    return "".join(f" With {code(name)}." for name in response.get("headers", ()))


def _bodies(content: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    return "<br>".join(f"{code(media)}: {type_of(told['schema'])}" for media, told in content)


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    told = f"<p>{prose(schema['description'])}</p>" if "description" in schema else ""
    return (
        f'<details class="schema" id="schema-{escape(name)}"><summary>{code(name)}</summary>'
        f"{told}{members(schema)}</details>"
    )


def _anchor(tag: str) -> str:
    return "tag-" + tag.lower().replace(" ", "-")
