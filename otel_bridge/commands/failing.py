"""What goes wrong while a command runs, as one line for a person."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from otel_bridge.errors import BridgeError, StartError
from otel_bridge.weave.refusals import WriteRefused

if TYPE_CHECKING:
    from collections.abc import Generator

CommandFailed = click.ClickException
"""Ends the command with exit code 1 and one line on standard error."""
STOPPED_EXIT: Final = 130
"""What shells give a program that Ctrl-C ended."""


def said(body: bytes) -> str:
    """Take the words for a person out of an error's body in Weave's shape."""
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body[:200].decode(errors="replace")
    if isinstance(document, dict) and "reason" in document:
        return str(document["reason"])
    details = document.get("detail", document.get("message")) if isinstance(document, dict) else document
    if isinstance(details, list):
        return "; ".join(map(_detail, details[:3]))
    return str(details)


def _detail(detail: Any) -> str:
    if not isinstance(detail, dict):
        return str(detail)
    place = ".".join(map(str, detail.get("loc", ())[1:]))
    message = str(detail.get("msg", "")).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


@contextmanager
def told() -> Generator[None]:
    """Turn errors of ours into one line; end quietly when whoever reads the output has gone."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more
        raise click.exceptions.Exit(0) from error
    except StartError:
        raise  # has an exit code of its own
    except WriteRefused as error:
        raise CommandFailed(said(error.body)) from error
    except BridgeError as error:
        raise CommandFailed(str(error)) from error
