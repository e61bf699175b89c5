"""One runner process as its pool sees it: started, given a batch, watched, killed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

import msgspec

from otel_bridge.ingest.child import SOCKET_BYTES
from otel_bridge.scoring import runner_frames as frames
from otel_bridge.scoring.printed import Printed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RECEIVE_BYTES: Final = 1 << 18
LISTEN_SECONDS: Final = 1.0
"""What a process printed last is waited for so long: one that it left behind may hold the pipe."""


class Lost(Exception):
    """The process ended, or said what no runner says."""


class RunnerProcess:
    """A runner process. Owned by a pool, which closes it."""

    def __init__(self, process: asyncio.subprocess.Process, door: socket.socket) -> None:
        self._process = process
        self._door = door
        self._replies = frames.Replies()
        self.printed = Printed()
        assert process.stdout is not None
        self._listening = asyncio.create_task(self.printed.listen(process.stdout))
        self._watching = asyncio.create_task(self._watch())

    @classmethod
    async def start(cls, *, python_path: Sequence[Path], max_memory: int, max_result: int) -> Self:
        """Start a process; it is ready when its first batch is."""
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
        ours.setblocking(False)
        path = [*map(str, python_path), *filter(None, sys.path)]
        arguments = (theirs.fileno(), max_memory, max_result, os.getpid())
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "otel_bridge.scoring.runner", *map(str, arguments)),
                    pass_fds=(theirs.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                    start_new_session=True,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"},
                )
        except BaseException:
            ours.close()
            raise
        return cls(process, ours)

    @property
    def has_ended(self) -> bool:
        """Tell whether the process is known to have ended."""
        return self._process.returncode is not None

    async def send(self, batch: frames.Batch) -> None:
        """Hand over a batch. Raise Lost."""
        try:
            await asyncio.get_running_loop().sock_sendall(self._door, frames.frame(batch))
        except OSError as error:
            raise Lost from error

    async def receive(self, seconds: float) -> list[frames.Reply]:
        """Wait for replies; there may be none yet, when only a part of one has come.

        Raise TimeoutError when nothing comes within `seconds`, Lost when nothing will.
        """
        if not await self._readable(seconds):
            raise TimeoutError
        try:
            data = self._door.recv(RECEIVE_BYTES)
            replies = list(self._replies.feed(data))
        except (OSError, msgspec.DecodeError) as error:
            raise Lost from error
        if not data:
            raise Lost
        return replies

    async def close(self) -> int | None:
        """Kill the process and all that it started, and return how it ended: as `Popen.returncode`."""
        self._door.close()
        if not self._watching.done():
            self._kill_group()
        await asyncio.wait([self._watching])
        return self._process.returncode

    async def ended(self) -> int | None:
        """Wait for a process that has closed its socket; kill it when it does not end."""
        await asyncio.wait([self._watching], timeout=LISTEN_SECONDS)
        return await self.close()

    async def _watch(self) -> None:
        """Wait until the process ends, then end what it left behind, and take the last of what it printed."""
        await self._process.wait()
        self._kill_group()
        _, late = await asyncio.wait([self._listening], timeout=LISTEN_SECONDS)
        for task in late:
            task.cancel()
            await asyncio.wait([task])
        self.printed.flush()

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _readable(self, seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        loop.add_reader(self._door, _note, ready)
        try:
            await asyncio.wait([ready], timeout=seconds)
        finally:
            loop.remove_reader(self._door)
        return ready.done()


def _note(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
