"""Bodies as clients write them."""

from __future__ import annotations

PROJECT = "acme/app"


def call_id(n: int) -> str:
    return f"{n:016x}"


def trace_id(n: int) -> str:
    return f"{n:032x}"


def without(body: dict, *names: str) -> dict:
    return {name: value for name, value in body.items() if name not in names}


def a_start(n: int = 1, **members) -> dict:
    """The start of call `n`, in second `n` of a minute."""
    return {
        "project_id": PROJECT,
        "id": call_id(n),
        "trace_id": trace_id(1),
        "op_name": "chat",
        "started_at": f"2026-01-02T03:04:{n % 60:02d}Z",
        "attributes": {"env": "test"},
        "inputs": {"question": n},
    } | members


def an_end(n: int = 1, **members) -> dict:
    """The end of call `n`, half a second after its start."""
    return {
        "project_id": PROJECT,
        "id": call_id(n),
        "ended_at": f"2026-01-02T03:04:{n % 60:02d}.5Z",
        "summary": {},
        "output": {"answer": n},
    } | members


def a_whole_call(n: int = 1, **members) -> dict:
    return a_start(n) | an_end(n) | members


def start_item(n: int = 1, **members) -> dict:
    return {"mode": "start", "req": {"start": a_start(n, **members)}}


def end_item(n: int = 1, **members) -> dict:
    return {"mode": "end", "req": {"end": an_end(n, **members)}}


def a_batch(*items: dict) -> dict:
    return {"batch": list(items)}


def end_with_usage(n: int, usage: dict | None) -> dict:
    return end_item(n, summary={} if usage is None else {"usage": usage})
