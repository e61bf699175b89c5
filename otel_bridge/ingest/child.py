"""A child process of the service: started, spoken to, started again when it ends, stopped at the end."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Protocol

from otel_bridge.errors import (
    DataDirectoryLocked,
    InvalidRequest,
    NotFound,
    QueryTimeout,
    Refused,
    RequestTooLarge,
    StartError,
    Unavailable,
)
from otel_bridge.ingest import frames
from otel_bridge.ingest.scoring_frames import BacklogChanged
from otel_bridge.ingest.timing_frames import Synced, Worked
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence

    from otel_bridge.telemetry import Telemetry

START_SECONDS: Final = 600.0
"""A store that was killed may have to replay its journal first, and one of an older version is brought up to
date: some seconds for a million calls."""
STOP_SECONDS: Final = 20.0
RESTART_SECONDS: Final = (0.05, 0.2, 1.0, 5.0)
"""Waits before the child is started again, the last one repeated."""
SOCKET_BYTES: Final = 1 << 20


class Request(Protocol):
    """What a child is asked: a message of `frames`, or of a module like it."""

    @property
    def id(self) -> int:
        """Its number, which the reply repeats."""


class UnhandledInChild(Exception):
    """A child met an exception nobody expected, so no BridgeError; its traceback is the message."""


class Conversation(asyncio.Protocol):
    """Requests out, replies in, over one socket; replies may come in any order."""

    def __init__(self, note: Callable[[frames.Message], None], decode: Callable[[bytes], Any]) -> None:
        self._cutter = frames.Cutter()
        self._waiting: dict[int, asyncio.Future[tuple[Any, bytes]]] = {}
        self._note = note
        self._decode = decode
        self._transport: asyncio.Transport | None = None
        loop = asyncio.get_running_loop()
        self.started: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for head, body in self._cutter.feed(data):
            self._take(self._decode(head), body)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the ending is what counts
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(Unavailable("the store's process ended and is being started again"))
        if not self.started.done():
            self.started.set_exception(StartError("the store's process ended while it was starting"))
        if not self.ended.done():
            self.ended.set_result(None)

    async def ask(self, request: Request, body: bytes) -> tuple[Any, bytes]:
        """Send `request` and wait for its reply. Raise what the child says went wrong, or Unavailable."""
        if self._transport is None or self._transport.is_closing():
            raise Unavailable("the store's process is being started")
        future: asyncio.Future[tuple[Any, bytes]] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_seen)
        self._waiting[request.id] = future
        self._transport.write(frames.head(request, len(body)))
        if body:
            self._transport.write(body)
        try:
            reply, data = await future
        finally:
            self._waiting.pop(request.id, None)
        if isinstance(reply, frames.Failed):
            raise _error(reply)
        return reply, data

    def end(self) -> None:
        """Tell the child that no more will come; it finishes, answers and exits."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _take(self, message: Any, body: bytes) -> None:
        match message:
            case frames.Ready():
                if not self.started.done():
                    self.started.set_result(None)
            case frames.CannotStart(message=text, locked=locked):
                if not self.started.done():
                    self.started.set_exception((DataDirectoryLocked if locked else StartError)(text))
            case (
                frames.Noted()
                | frames.Logged()
                | frames.QueueChanged()
                | BacklogChanged()
                | Worked()
                | Synced()
            ):
                self._note(message)
            case _:
                future = self._waiting.get(message.id)
                if future is not None and not future.done():
                    future.set_result((message, body))


class Child:
    """One child process, whichever incarnation of it runs now; `decode` reads the heads of its messages.

    `told` hears of changes of the queue and of the backlog of scoring.
    """

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        telemetry: Telemetry,
        *,
        decode: Callable[[bytes], Any] = frames.decode_message,
        told: Callable[[frames.QueueChanged | BacklogChanged], None] | None = None,
    ) -> None:
        self._name = name
        self._command = (sys.executable, "-P", "-m", module)
        self._arguments = tuple(arguments)
        self._telemetry = telemetry
        self._decode = decode
        self._told = told
        self._numbers = count(1)
        self._conversation: Conversation | None = None
        self._process: asyncio.subprocess.Process | None = None

    def restart_with(self, arguments: Sequence[str]) -> None:
        """Give other arguments to whatever is started from now on."""
        self._arguments = tuple(arguments)

    def number(self) -> int:
        """Return an id for the next request."""
        return next(self._numbers)

    async def ask(self, request: Request, body: bytes = b"") -> tuple[Any, bytes]:
        """Send a request and wait for its reply.

        Raise InvalidRequest, Refused or QueryTimeout as the child says, Unavailable when it is not there or
        cannot keep the request, UnhandledInChild when it met a bug.
        """
        if self._conversation is None:
            raise Unavailable("the store's process is being started")
        return await self._conversation.ask(request, body)

    async def start(self) -> None:
        """Start the process and wait until it is ready. Raise StartError when it cannot work."""
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                str(theirs.fileno()),
                *self._arguments,
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                    "MALLOC_ARENA_MAX": "2",
                },
            )
        loop = asyncio.get_running_loop()
        _, conversation = await loop.create_connection(
            lambda: Conversation(self._hear, self._decode), sock=ours
        )
        self._conversation = conversation
        try:
            await asyncio.wait_for(asyncio.shield(conversation.started), START_SECONDS)
        except TimeoutError as error:
            raise StartError(f"the {self._name} process did not start in {START_SECONDS:.0f} s") from error

    async def supervise(self, opened: Callable[[], Awaitable[None]]) -> None:
        """Start the process again whenever it ends; `opened` runs after each new start. Never returns."""
        attempt = 0
        while True:
            conversation, process = self._conversation, self._process
            assert conversation is not None
            assert process is not None
            await asyncio.shield(conversation.ended)
            code = await process.wait()
            self._telemetry.note("worker_restarts")
            log().error("child process ended, starting it again", process=self._name, exit_code=code)
            await asyncio.sleep(RESTART_SECONDS[min(attempt, len(RESTART_SECONDS) - 1)])
            attempt += 1
            try:
                await self.start()
                await opened()
            except (StartError, Unavailable) as error:
                log().error("child process does not start", process=self._name, reason=str(error))
                continue
            attempt = 0

    async def stop(self) -> None:
        """Let the process finish what it was given; kill it when it takes longer than `STOP_SECONDS`."""
        conversation, process = self._conversation, self._process
        if conversation is None or process is None:
            return
        conversation.end()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            log().error("child process does not stop, killing it", process=self._name)
            process.kill()
            await process.wait()
        conversation.abort()
        await conversation.ended

    def _hear(self, message: frames.Message) -> None:
        match message:
            case frames.Noted(counts=counts):
                self._telemetry.notes(counts)
            case frames.Logged(level=level, event=event, fields=fields):
                getattr(log(), level)(event, process=self._name, **fields)
            case Synced(seconds=seconds):
                self._telemetry.synced(seconds)
            case Worked(requests=requests, commit=commit):
                self._telemetry.tracing.worked(requests, commit)
            case frames.QueueChanged() | BacklogChanged() if self._told is not None:
                self._told(message)
            case _:
                pass


@asynccontextmanager
async def background(work: Coroutine[None, None, None]) -> AsyncGenerator[None]:
    """Do `work` until the block ends."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _seen(future: asyncio.Future[tuple[Any, bytes]]) -> None:
    """Look at the outcome, so that nobody complains when whoever waited for it has gone."""
    if not future.cancelled():
        future.exception()


def _error(reply: frames.Failed) -> Exception:
    match reply.trouble:
        case "invalid":
            return InvalidRequest(reply.message, field=reply.field)
        case "not_found":
            return NotFound(reply.message, deleted_at=reply.deleted_at)
        case "too_large":
            return RequestTooLarge(reply.message)
        case "unavailable":
            return Unavailable(reply.message)
        case "refused":
            return Refused(reply.message)
        case "timeout":
            return QueryTimeout(reply.message)
        case "bug":
            return UnhandledInChild(reply.message)
