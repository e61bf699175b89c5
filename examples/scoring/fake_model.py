"""A model server that thinks nothing: an OpenAI-compatible `/v1/chat/completions` for trying judges out.

    python examples/scoring/fake_model.py --port 9000

Its verdict is kind when the last message holds a kind word. It answers as JSON or text, whatever is asked
for, and fills in a JSON schema by the types of its members. The same question always gets the same answer;
every word counts as one token. What a model is called makes the server misbehave: see `FAULTS`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import Counter
from contextlib import suppress

from aiohttp import web

KIND_WORDS = ("please", "thank", "sorry", "happy to", "welcome")
HUGE_BYTES = 32 << 20
RETRY_AFTER_SECONDS = 2
MAX_REQUEST_BYTES = 64 << 20


class FakeModel:
    """The server; `requests` are the bodies that came, `headers` theirs, `key` is what clients must send."""

    def __init__(self, key: str | None = None) -> None:
        self.key = key
        self.requests: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.asked: Counter[str] = Counter()
        self.released = asyncio.Event()

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_REQUEST_BYTES)
        app.router.add_post("/v1/chat/completions", self.complete)
        app.on_shutdown.append(self._release)
        return app

    async def complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.key is not None and given != self.key:
            return failure(401, f"Incorrect API key provided: {given}")
        self.asked[body["model"]] += 1
        fault = FAULTS.get(body["model"])
        return await fault(self, request, body) if fault is not None else web.json_response(completion(body))

    async def _release(self, _app: web.Application) -> None:
        self.released.set()


def completion(body: dict) -> dict:
    """The answer of a good server."""
    told = " ".join(text for message in body["messages"] for text in texts(message.get("content")))
    last = " ".join(texts(body["messages"][-1].get("content")))
    answer = verdict(last, body.get("response_format") or {"type": "text"})
    return {
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer}}
        ],
        "usage": usage(len(told.split()), len(answer.split())),
    }


def usage(asked: int, answered: int) -> dict:
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def texts(content) -> list[str]:
    """The texts of a message, whether it is one text or a list of parts."""
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content or [] if part.get("type") == "text"]


def verdict(text: str, wanted: dict) -> str:
    word = next((word for word in KIND_WORDS if word in text.lower()), None)
    reason = f"it says {word!r}" if word else "it has no kind word"
    if wanted["type"] == "json_schema":
        properties = wanted["json_schema"]["schema"].get("properties", {})
        return json.dumps(
            {name: member(one, kind=word is not None, reason=reason) for name, one in properties.items()}
        )
    if wanted["type"] == "json_object":
        return json.dumps({"pass": word is not None, "score": 1.0 if word else 0.0, "reason": reason})
    return f"{'kind' if word else 'unkind'}: {reason}"


def member(schema: dict, *, kind: bool, reason: str):
    """A value of the type that a member of a schema has."""
    by_type = {
        "boolean": kind,
        "number": float(kind),
        "integer": int(kind),
        "array": [],
        "object": {},
        "null": None,
    }
    return by_type.get(schema.get("type"), reason)


def failure(status: int, message: str, **headers: str) -> web.Response:
    error = {"message": message, "type": "fake", "code": None}
    return web.json_response({"error": error}, status=status, headers=headers)


async def rate_limited(_server, _request, _body) -> web.Response:
    return failure(429, "Rate limit reached", **{"Retry-After": str(RETRY_AFTER_SECONDS)})


async def busy_once(server, _request, body) -> web.Response:
    """Limited when it is first asked, as good as any after that."""
    if server.asked[body["model"]] == 1:
        return failure(429, "Rate limit reached", **{"Retry-After": "0.1"})
    return web.json_response(completion(body))


async def broken(_server, _request, _body) -> web.Response:
    return failure(500, "The server had an error")


async def unknown(_server, _request, body) -> web.Response:
    return failure(404, f"The model {body['model']} does not exist")


async def hanging(server, _request, _body) -> web.Response:
    await server.released.wait()
    return failure(503, "stopped")


async def without_schemas(_server, _request, body) -> web.Response:
    """Like many local servers: JSON, but no schemas."""
    if (body.get("response_format") or {}).get("type") == "json_schema":
        return failure(400, "'response_format.type' must be 'json_object' or 'text'")
    return web.json_response(completion({**body, "response_format": {"type": "json_object"}}))


async def reasoning(_server, _request, body) -> web.Response:
    """Like OpenAI's reasoning models: no `max_tokens`."""
    if "max_tokens" in body:
        return failure(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
    return web.json_response(completion(body))


async def no_json(_server, _request, body) -> web.Response:
    """A success whose verdict is none."""
    answer = completion({**body, "response_format": {"type": "text"}})
    answer["choices"][0]["message"]["content"] = "Well, it depends."
    return web.json_response(answer)


async def garbled(_server, _request, _body) -> web.Response:
    return web.Response(body=b'{"choices": [{"mess', content_type="application/json")


async def huge(_server, request, _body) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for _ in range(HUGE_BYTES >> 16):
        await response.write(b" " * (1 << 16))
    return response


async def redirecting(_server, _request, _body) -> web.Response:
    return web.Response(status=307, headers={"Location": "/v1/elsewhere"})


async def cutting(_server, request, _body) -> web.Response:
    """No answer: the connection ends."""
    request.transport.abort()
    return web.Response()


FAULTS = {
    "fake-429": rate_limited,
    "fake-429-once": busy_once,
    "fake-500": broken,
    "fake-404": unknown,
    "fake-hang": hanging,
    "fake-no-schema": without_schemas,
    "fake-reasoning": reasoning,
    "fake-no-json": no_json,
    "fake-garbled": garbled,
    "fake-huge": huge,
    "fake-redirect": redirecting,
    "fake-cut": cutting,
}
"""Models that misbehave, each in its way; all others are good."""


async def serve(port: int, key: str | None) -> None:
    runner = web.AppRunner(FakeModel(key).app(), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def main() -> None:
    arguments = argparse.ArgumentParser(description="An OpenAI-compatible server without a model.")
    arguments.add_argument("--port", type=int, default=9000, help="0 takes any that is free")
    arguments.add_argument("--key", help="the API key that clients must send")
    given = arguments.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(given.port, given.key))


if __name__ == "__main__":
    main()
