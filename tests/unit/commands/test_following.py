"""How far a long command is, where nobody watches and where somebody does."""

from __future__ import annotations

import sys

import pytest

from otel_bridge.commands import following as module
from otel_bridge.commands.following import counting, following


class Terminal:
    """Standard error that a person looks at."""

    def __init__(self, real) -> None:
        self._real = real

    def isatty(self) -> bool:
        return True

    def __getattr__(self, name: str):
        return getattr(self._real, name)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(module, "LINE_SECONDS", 0.0)
    monkeypatch.setattr(module, "WATCHED_SECONDS", 0.0)


def test_a_log_gets_lines(capsys):
    with following() as tell:
        tell("copying", 5 << 20, 20 << 20)
    with counting() as count:
        count("calls.db", 500)
        count("calls.db", 500)
    assert capsys.readouterr().err.splitlines() == [
        "copying: 5 of 20 MiB",
        "calls.db: 500 rows",
        "calls.db: 1,000 rows",
    ]


def test_lines_are_not_too_many(capsys, monkeypatch):
    monkeypatch.setattr(module, "LINE_SECONDS", 3600.0)
    with following() as tell, counting() as count:
        tell("copying", 5 << 20, 20 << 20)
        count("calls.db", 500)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_one_line_that_goes_in_the_end(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal(sys.stderr))
    with counting() as count:
        count("calls.db", 1500)
    assert capsys.readouterr().err == "\r\x1b[2Kcalls.db: 1,500 rows\r\x1b[2K"


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal(sys.stderr))
    with following() as tell:
        tell("verifying", 5 << 20, 20 << 20)
    assert "verifying" in capsys.readouterr().err
