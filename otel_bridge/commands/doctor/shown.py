"""The report as text for people, or as JSON for machines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec

from otel_bridge import __version__
from otel_bridge.commands import shown
from otel_bridge.commands.doctor.entries import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.commands.doctor.entries import Level
    from otel_bridge.commands.doctor.report import Report

MARKS: Final[Mapping[Level, str]] = {"ok": "\u2713", "note": "\u00b7", "warning": "!", "error": "\u2717"}
PLAIN_MARKS: Final[Mapping[Level, str]] = {"ok": "+", "note": "-", "warning": "!", "error": "x"}


def as_text(report: Report) -> str:
    """Return the report for a person; in ASCII where the terminal knows no more."""
    unicode = _knows(MARKS["ok"] + "\u2192")
    marks, arrow = (MARKS, "\u2192") if unicode else (PLAIN_MARKS, "->")
    lines: list[str] = []
    for section in SECTIONS:
        found = [one for one in report.findings if one.section == section]
        lines += ["", section] if found else []
        for one in found:
            lines.append(f"  {marks[one.level]} {shown.clean(one.text)}")
            lines += [f"    {arrow} {shown.clean(one.fix)}"] if one.fix else []
    text = "\n".join([*lines, "", _sum(report)]).lstrip("\n")
    return text if unicode else text.encode("ascii", "replace").decode()


def as_json(report: Report) -> str:
    """Return the report as one JSON object."""
    document: dict[str, Any] = {
        "version": __version__,
        "ok": not report.failed,
        "findings": report.findings,
        "senders": report.senders,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _sum(report: Report) -> str:
    errors = sum(one.level == "error" for one in report.findings)
    warnings = sum(one.level == "warning" for one in report.findings)
    if not errors and not warnings:
        return "All is well."
    told = [(errors, "error"), (warnings, "warning")]
    return ", ".join(f"{count} {word}{'s' * (count != 1)}" for count, word in told if count) + "."


def _knows(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
