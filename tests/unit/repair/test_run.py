"""What a person sees of a run, and how it ends."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from otel_bridge.errors import Unavailable
from otel_bridge.repair import retranslate
from otel_bridge.repair.retranslate import run
from otel_bridge.store.retranslation import Cursor, Retranslated, Retranslation


def a_step(after: int | None, *, begin: int = 0, **counts) -> Retranslated:
    cursor = None if after is None else Cursor(after, 5_000)
    return Retranslated(cursor=cursor, started=Cursor(begin, 5_000), **counts)


class Scripted:
    """Steps that answer what they were told; errors are raised."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.cursors: list[Cursor | None] = []

    def __call__(self, asked, cursor):
        self.cursors.append(cursor)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def shown(steps, *, terminal: bool = False) -> tuple[int, str]:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, highlight=False)
    return run(steps, Retranslation(), console), out.getvalue()


def test_a_run_goes_from_cursor_to_cursor_and_sums_up():
    steps = Scripted(a_step(2_000, changed=1_900, unchanged=100), a_step(None, changed=1, current=7))
    code, text = shown(steps)
    assert code == 0
    assert text.splitlines() == [
        "looked at 2,001 calls: 1,901 changed, 100 unchanged, 0 unreadable",
        "7 more were up to date already; --all translates them too",
    ]
    assert steps.cursors == [None, Cursor(2_000, 5_000)]


def test_unreadable_calls_are_named_and_not_without_end():
    steps = Scripted(a_step(None, unreadable=25, named=("e/p/1", "e/p/2")))
    assert "unreadable, kept as they were: e/p/1, e/p/2 and 23 more" in shown(steps)[1]


def test_a_run_that_goes_on_says_where():
    steps = Scripted(a_step(None, begin=1_234, resumed=True))
    assert "going on where an earlier run stopped, behind arrival 1,234 of 5,000" in shown(steps)[1]


def test_ctrl_c_says_where_it_goes_on():
    code, text = shown(Scripted(a_step(2_000, changed=3), KeyboardInterrupt()))
    assert code == 130
    assert text.endswith("stopped behind arrival 2,000 of 5,000; the same command goes on there\n")


def test_trouble_says_so_too_and_is_not_hidden():
    out = io.StringIO()
    with pytest.raises(Unavailable):
        run(Scripted(a_step(2_000), Unavailable("full")), Retranslation(), Console(file=out))
    assert "stopped behind arrival 2,000" in out.getvalue()


def test_a_run_that_never_began_says_nothing():
    out = io.StringIO()
    with pytest.raises(Unavailable):
        run(Scripted(Unavailable("full")), Retranslation(), Console(file=out))
    assert out.getvalue() == ""


def test_off_a_terminal_there_is_a_plain_line_now_and_then(monkeypatch):
    seconds = iter([0.0, 1.0, 4.0, 4.0, 5.0, 8.0, 8.0])
    monkeypatch.setattr(retranslate.time, "monotonic", lambda: next(seconds))
    steps = Scripted(a_step(1_000), a_step(2_000, changed=5), a_step(3_000), a_step(None))
    lines = shown(steps)[1].splitlines()
    assert lines[:-1] == ["arrival 2,000 of 5,000: 5 changed", "arrival 5,000 of 5,000: 5 changed"]


def test_on_a_terminal_there_is_a_bar():
    text = shown(Scripted(a_step(2_000, changed=3), a_step(None)), terminal=True)[1]
    assert "retranslating" in text
    assert "5000/5000" in text
    assert "3 changed" in text
