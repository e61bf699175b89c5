"""A copy of everything that is kept, made step by step while it changes: what is asked, and how far it is."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

TICKET_FILE: Final = "ticket"
"""Lies in the directory of an unfinished copy: who repeats its content may write there himself."""


class CopyAsked(Struct, frozen=True, kw_only=True):
    """One step of the copy into `directory` (an absolute path); `stop` ends it unfinished.

    `ticket` is the content of the file `TICKET_FILE` there: nobody can have files written to a place that is
    not his own.
    """

    directory: str
    ticket: str
    stop: bool = False


class Copied(Struct, frozen=True):
    """How far a copy is, in bytes; `total_bytes` grows with what comes meanwhile. `finished`: all of it.

    Everything that was acknowledged before the copy began is in a finished one, and the files of one copy are
    of the same moment.
    """

    done_bytes: int
    total_bytes: int
    finished: bool = False
