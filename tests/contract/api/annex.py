"""Bodies for what lies beside calls, and the API over either store."""

from __future__ import annotations

import asyncio

from tests.contract.api.bodies import PROJECT, call_id
from tests.contract.api.calls import InProcessCalls

CALL_REF = f"weave:///{PROJECT}/call/{call_id(1)}"
OBJECT_REF = f"weave:///{PROJECT}/object/judge:abc"
OP_REF = f"weave:///{PROJECT}/op/judge:abc"


def a_note(note: str = "well done", **members) -> dict:
    return feedback_body(feedback_type="wandb.note.1", payload={"note": note}, **members)


def a_reaction(emoji: str = "👍", **members) -> dict:
    return feedback_body(feedback_type="wandb.reaction.1", payload={"emoji": emoji}, **members)


def a_score(output=1, **members) -> dict:
    return feedback_body(
        **{
            "feedback_type": "wandb.runnable.judge",
            "payload": {"output": output},
            "runnable_ref": OBJECT_REF,
            "call_ref": f"weave:///{PROJECT}/call/{call_id(2)}",
        }
        | members
    )


def feedback_body(**members) -> dict:
    return {
        "project_id": PROJECT,
        "weave_ref": CALL_REF,
        "feedback_type": "custom",
        "payload": {"value": 1},
    } | members


def get(field: str) -> dict:
    return {"$getField": field}


def eq(field: str, value) -> dict:
    return {"$expr": {"$eq": [get(field), {"$literal": value}]}}


class StoredCalls(InProcessCalls):
    """The API's `Calls` over a writer and a reader of one SQLite file, off the event loop."""

    def __init__(self, writer, reader) -> None:
        super().__init__(writer)
        self.reader = reader

    async def plan(self, query, *, after=None):
        return await asyncio.to_thread(self.reader.plan, query, after=after)

    async def lines(self, query, seqs):
        return await asyncio.to_thread(self.reader.lines, query, seqs)

    async def count(self, query):
        return await asyncio.to_thread(self.reader.count, query)

    async def answer(self, question):
        return await asyncio.to_thread(self.reader.answer, question)


async def found(api, **members) -> list[dict]:
    reply = await api.post("/feedback/query", {"project_id": PROJECT} | members)
    assert reply.status == 200, reply.body
    assert reply.json["total_count"] >= len(reply.json["result"])
    return reply.json["result"]


async def create(api, body: dict, path: str = "/feedback/create") -> dict:
    reply = await api.post(path, body)
    assert reply.status == 200, reply.body
    return reply.json
