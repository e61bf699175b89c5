"""What is told of an exception that a scorer raised."""

from __future__ import annotations

import signal
from pathlib import PurePath
from traceback import extract_tb
from typing import Final

MAX_REASON_CHARACTERS: Final = 2000


def reason_of(error: BaseException) -> str:
    """Return class, message and place: `ValueError: no question (scorers.py, line 12)`."""
    name, message = type(error).__name__, _message(error)
    frames = extract_tb(error.__traceback__)
    place = f" ({PurePath(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    text = f"{name}: {message}" if message else name
    return _cut(text, MAX_REASON_CHARACTERS - len(place)) + place


def too_long(seconds: float) -> str:
    """Return what is told of a run that was stopped."""
    return f"took longer than {seconds:g} s and was stopped"


def how_it_ended(code: int | None) -> str:
    """Return what is told of a run whose process ended; `code` as `Popen.returncode`."""
    if code is None or code >= 0:
        return f"the scorer ended its process, exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"the scorer's process was ended by {name}"


def _message(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "no more memory (scoring.max_memory bounds it)"
    if isinstance(error, SystemExit):
        return "the scorer ended its process"
    try:
        return str(error).strip()
    except Exception:  # noqa: BLE001 - a class of the scorer's own, whose text cannot be had
        return ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
