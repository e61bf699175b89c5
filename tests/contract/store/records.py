"""Builders of records, and a store under test as one thing."""

from __future__ import annotations

from pathlib import Path

import orjson

from otel_bridge.model.call import CompletedCall, DeletedCalls, EndedCall, StartedCall, UpdatedCall
from otel_bridge.model.query import CallsQuery
from otel_bridge.store.derive import Deriver
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.memory import MemoryStore
from otel_bridge.store.retranslation import Retranslation
from otel_bridge.store.sqlite.reader import SqliteReader
from otel_bridge.store.sqlite.writer import SqliteWriter

PROJECT = "acme/shop"
T0 = 1_767_323_045_006_000  # 2026-01-02T03:04:05.006Z
EVERYTHING = StoreLimits(retention_seconds=None, max_bytes=None)


def call_id(number: int) -> str:
    return f"{number:016x}"


def trace_id(number: int) -> str:
    return f"{number:032x}"


def a_start(number=1, /, **members) -> StartedCall:
    defaults = {
        "project_id": PROJECT,
        "id": call_id(number) if isinstance(number, int) else number,
        "trace_id": trace_id(1),
        "op_name": "chat",
        "started_at": T0,
        "attributes": b"{}",
        "inputs": b'{"q":1}',
    }
    return StartedCall(**{**defaults, **members})


def an_end(number=1, /, **members) -> EndedCall:
    defaults = {
        "project_id": PROJECT,
        "id": call_id(number) if isinstance(number, int) else number,
        "ended_at": T0 + 1_500_000,
        "summary": b"{}",
        "output": b'"hello"',
    }
    return EndedCall(**{**defaults, **members})


def a_span(number=1, /, **members) -> StartedCall:
    """A start that carries a whole OTLP span; the span's bytes say which one it is."""
    start_ns = members.pop("span_start_ns", T0 * 1000)
    record = members.pop("span", f"span {number} {start_ns} {members.get('trace_id', '')}".encode())
    return a_start(number, span=record, span_start_ns=start_ns, **members)


def a_call(number=1, /, **members) -> CompletedCall:
    return CompletedCall(a_start(number, **members), an_end(number))


def an_ended_span(number=1, /, **members) -> CompletedCall:
    return CompletedCall(a_span(number, **members), an_end(number))


def a_name(name: str, number: int = 1) -> UpdatedCall:
    return UpdatedCall(project_id=PROJECT, id=call_id(number), display_name=name)


def a_deletion(*numbers: int) -> DeletedCalls:
    return DeletedCalls(project_id=PROJECT, ids=tuple(call_id(number) for number in numbers))


def render(record: bytes) -> bytes:
    """Stand in for the translator's renderer: shows which record it was given."""
    return orjson.dumps({"record": record.decode(errors="replace")})


class Store:
    """A writer and a reader of one place."""

    def __init__(self, kind: str, path: Path, limits: StoreLimits = EVERYTHING, **writing) -> None:
        self.kind, self.path, self.limits, self.writing = kind, path, limits, writing
        self.open()

    def open(self) -> None:
        if self.kind == "memory":
            self.writer = self.reader = MemoryStore(self.limits, render=render, **self.writing)
        else:
            self.writer = SqliteWriter(self.path, self.limits, **self.writing)
            self.reader = SqliteReader(self.path, render=render)

    def limit_retention(self, *, seconds: int) -> None:
        limits = StoreLimits(retention_seconds=seconds, max_bytes=None)
        if self.kind == "memory":
            self.writer._limits = limits
            return
        self.close()
        self.limits = limits
        self.open()

    def translate_with(self, translate, *, version: int) -> None:
        """Let another version of the tables take over."""
        if self.kind == "memory":
            self.writer._deriver, self.writer._translator = Deriver(translate), version
            return
        self.close()
        self.writing = {"translate": translate, "translator": version}
        self.open()

    def retranslate(self, **asked):
        """Do one whole run; return the result of every step."""
        steps, cursor = [], None
        while not steps or cursor is not None:
            self.writer.begin()
            steps.append(self.writer.retranslate(Retranslation(**asked), cursor))
            self.writer.commit()
            cursor = steps[-1].cursor
        return steps

    def close(self) -> None:
        self.reader.close()
        self.writer.close()

    def write(self, *changes, received_at: int = T0):
        self.writer.begin()
        applied = self.writer.apply(changes, received_at=received_at)
        self.writer.commit()
        return applied

    def score(self, change, *, now: int = T0):
        self.writer.begin()
        answer = self.writer.apply_scoring(change, now=now)
        self.writer.commit()
        return answer

    def all_seqs(self, query: CallsQuery) -> list[int]:
        plan = self.reader.plan(query)
        seqs = list(plan.seqs)
        while plan.after is not None:
            plan = self.reader.plan(query, after=plan.after)
            seqs += plan.seqs
        return seqs

    def text(self, **query) -> bytes:
        query = CallsQuery(**{"project_id": PROJECT, **query})
        return self.reader.lines(query, self.all_seqs(query))

    def calls(self, **query) -> list[dict]:
        return [orjson.loads(line) for line in self.text(**query).splitlines()]

    def ids(self, **query) -> list[str]:
        return [call["id"] for call in self.calls(**query)]

    def numbers(self, **query) -> list[int]:
        return [int(name, 16) for name in self.ids(**query)]

    def count(self, **query) -> int:
        return self.reader.count(CallsQuery(**{"project_id": PROJECT, **query}))

    def the_call(self, number: int = 1) -> dict:
        (call,) = [call for call in self.calls() if call["id"] == call_id(number)]
        return call
