"""Builders of what lies beside calls, and questions for it."""

from __future__ import annotations

import orjson

from otel_bridge.model import annex
from otel_bridge.model import questions as q
from otel_bridge.query.refs import call_ref
from tests.contract.store.records import PROJECT, Store, call_id


def a_remark(
    name: str = "a", number: int | None = 1, /, project_id: str = PROJECT, **members
) -> annex.Feedback:
    """Feedback on a call, or on an object where there is no number."""
    ref = f"weave:///{project_id}/object/x:1" if number is None else call_ref(project_id, call_id(number))
    known = {"id": name, "weave_ref": ref, "feedback_type": "custom", "payload": {"n": number}} | members
    return annex.Feedback(
        project_id=project_id,
        id=known["id"],
        weave_ref=known["weave_ref"],
        feedback_type=known["feedback_type"],
        members=orjson.dumps(known),
    )


def remarks(*rows: annex.Feedback, replaces: str | None = None) -> annex.KeepFeedback:
    return annex.KeepFeedback(rows=rows, replaces=replaces)


def an_object(value: bytes = b"1", name: str = "thing", digest: str | None = None) -> annex.KeepObject:
    digest = digest or f"digest of {value.decode()}"
    version = annex.Version(project_id=PROJECT, object_id=name, digest=digest, is_op=False, val=value)
    return annex.KeepObject(version=version)


def a_price(name: str = "p", model: str = "m", **members) -> annex.Price:
    defaults = {
        "project_id": PROJECT,
        "id": name,
        "llm_id": model,
        "effective_date": 0,
        "prompt_token_cost": 1.0,
        "completion_token_cost": 2.0,
    }
    return annex.Price(**{**defaults, **members})


def a_file(content: bytes = b"x", digest: str = "f") -> annex.KeepFile:
    return annex.KeepFile(project_id=PROJECT, digest=digest, content=content)


def a_table(*values: bytes, digest: str = "t") -> annex.KeepTable:
    rows = tuple(annex.Row(f"row {value.decode()}", value) for value in values)
    return annex.KeepTable(project_id=PROJECT, digest=digest, rows=rows)


def feedback_ids(store: Store, project_id: str = PROJECT) -> list[str]:
    answer = orjson.loads(store.reader.answer(q.AskFeedback(project_id=project_id)))
    return [row["id"] for row in answer["result"]]


def ask(store: Store, question: q.Question):
    return orjson.loads(store.reader.answer(question))
