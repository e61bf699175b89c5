"""What scorers print, and what is told of what they raise."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from otel_bridge.scoring.printed import MAX_LINE_CHARACTERS, MAX_LINES, Printed
from otel_bridge.scoring.reasons import MAX_REASON_CHARACTERS, how_it_ended, reason_of


async def printed(*data: bytes) -> list[dict]:
    stream, found = asyncio.StreamReader(), Printed()
    for one in data:
        stream.feed_data(one)
    stream.feed_eof()
    with capture_logs() as logs:
        await found.listen(stream)
        found.flush()
    return logs


async def test_lines_are_logged_whole_even_the_last_one_and_blank_ones_are_not():
    logs = await printed(b"first li", b"ne\n\n  \nlast")
    assert [one["line"] for one in logs] == ["first line", "last"]


async def test_more_lines_than_are_logged_are_counted():
    logs = await printed(b"line\n" * (MAX_LINES + 7))
    assert len(logs) == MAX_LINES + 1
    assert (logs[-1]["event"], logs[-1]["lines"]) == ("a scorer printed more than is logged", 7)


async def test_a_line_without_end_is_cut():
    (one,) = await printed(b"x" * (1 << 20))
    assert len(one["line"]) == MAX_LINE_CHARACTERS


class Silent(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("no question"), "ValueError: no question"),
        (KeyError(), "KeyError"),
        (Silent(), "Silent"),
        (MemoryError(), "MemoryError: no more memory (scoring.max_memory bounds it)"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_an_exception_is_told_by_class_and_message(error, reason):
    assert reason_of(error) == reason


def test_a_reason_tells_the_place_and_has_an_end():
    try:
        raise ValueError("x" * 10_000)  # noqa: TRY301 - to have a place
    except ValueError as error:
        reason = reason_of(error)
    assert len(reason) == MAX_REASON_CHARACTERS
    assert "… (test_printed.py, line " in reason


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (3, "the scorer ended its process, exit code 3"),
        (-9, "the scorer's process was ended by SIGKILL"),
        (-63, "the scorer's process was ended by signal 63"),
    ],
)
def test_the_end_of_a_process_is_told(code, told):
    assert how_it_ended(code) == told
