"""Calls in a table, on terminals of any width and with names of any kind."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from otel_bridge.commands import listing, shown, table

UUID = "01a221f2-e689-7f50-90d0-0ed47c86e49f"


def a_line(name: str, **members) -> bytes:
    weave = {"status": "descendant_error", "trace_name": name, "latency_ms": 5}
    call = {"id": UUID, "op_name": name, "exception": None, "started_at": "2020-01-02T03:04:05Z"}
    return msgspec.json.encode({**call, "summary": {"weave": weave}, **members})


@pytest.fixture
def shows(monkeypatch):
    """Return what lines look like on a terminal of 80 columns."""
    screen = io.StringIO()
    monkeypatch.setattr(listing, "terminal", lambda: Console(width=80, file=screen, highlight=False))

    def show(*lines: bytes) -> list[str]:
        listing._Rows()(list(lines))
        return screen.getvalue().splitlines()

    return show


def test_on_a_narrow_terminal_only_the_name_is_cut(shows):
    _, row = shows(a_line("a name that is longer than there is room for"))
    assert row.split()[:4] == ["2020-01-02", "03:04:05", "descendant", "error"]
    assert "a name that…" in row
    assert row.rstrip().endswith(UUID)


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\x1b]0;title\x07b", "a\x9b31mb", "a\u202eb", "a\x00b"])
def test_no_name_can_command_a_terminal(shows, name):
    assert all(line.isprintable() for line in shows(a_line(name)))
    model = {"timestamp": "", "model": name, "count": 1, **dict.fromkeys(table._USAGE.values(), 0)}
    console = Console(width=80, file=io.StringIO(), highlight=False)
    console.print(table._by_model({"usage_buckets": [model]}))
    assert all(line.isprintable() for line in console.file.getvalue().splitlines())


def test_what_stands_on_one_line_is_on_one_line():
    assert shown.in_line("a\nb\r\n\tc \x1b") == r"a b c \x1b"
