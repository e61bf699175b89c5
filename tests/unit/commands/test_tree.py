"""Traces as trees, also those that are none."""

from __future__ import annotations

import sys

import pytest
from rich.console import Console

from otel_bridge.commands import shown
from otel_bridge.commands.tree import forest


def a_call(name: str, parent: str | None = None) -> dict:
    return {
        "id": name, "op_name": name, "parent_id": parent, "exception": None,
        "started_at": "2026-01-02T03:04:05Z",
        "summary": {"weave": {"status": "success", "trace_name": name, "latency_ms": 5}},
    }  # fmt: skip


def drawn(*calls: dict) -> list[str]:
    console = Console(width=10_000, highlight=False)
    with console.capture() as captured:
        for tree in forest(calls, marked=""):
            console.print(tree)
    return [line.split("  5 ms")[0].rstrip() for line in captured.get().splitlines()]


def test_children_hang_below_their_parents_in_their_order():
    assert drawn(a_call("a"), a_call("b", "a"), a_call("c", "b"), a_call("d", "a")) == [
        "a", "├── b", "│   └── c", "└── d",
    ]  # fmt: skip


def test_neither_a_name_nor_an_exception_can_command_a_terminal():
    (name, exception) = drawn(a_call("a\x1b[2Jb\nc") | {"id": "1", "exception": "boom\x1b[2J\x00"})
    assert (name, exception) == (r"a\x1b[2Jb c", r"boom\x1b[2J\x00")


def test_a_call_whose_parent_is_missing_is_a_root():
    assert drawn(a_call("a"), a_call("b", "gone")) == ["a", "b"]


def test_a_circle_of_parents_is_shown_once():
    assert drawn(a_call("a", "b"), a_call("b", "a"), a_call("c", "c")) == ["c", "a", "└── b"]


def test_a_trace_may_be_deeper_than_pythons_stack():
    many = sys.getrecursionlimit() + 1
    calls = [a_call("0"), *(a_call(str(n), str(n - 1)) for n in range(1, many))]
    assert len(drawn(*calls)) == many


@pytest.mark.parametrize(
    ("millis", "text"),
    [(None, ""), (0, "0 ms"), (999, "999 ms"), (1250, "1.25 s"), (59_000, "59.00 s"), (200_400, "3 m 20 s")],
)
def test_durations(millis, text):
    assert shown.latency(millis) == text


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (0, ""),
        (None, ""),
        (0.000165, "$0.00016"),
        (9.25e-05, "$0.000092"),
        (1e-7, "$0.0000001"),
        (0.0123, "$0.0123"),
        (12, "$12.00"),
    ],
)
def test_sums_of_money(dollars, text):
    assert shown.money(dollars) == text
