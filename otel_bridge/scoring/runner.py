"""A runner process: scorers compute here, and nowhere else.

It has one socket, to the pool that started it, and gives way to everything else on the machine. A scorer may
spin, crash or end it: the pool then starts another one. What scorers print goes to the pool's log.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from otel_bridge.scoring import runner_frames as frames
from otel_bridge.scoring.niceness import RUNNER, be_nice
from otel_bridge.scoring.opened import Opener

if TYPE_CHECKING:
    from collections.abc import Sequence

_PR_SET_PDEATHSIG: Final = 1
"""prctl(2): a signal for this process when its parent ends."""


class Door:
    """The socket: batches in, replies out."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._owner = os.getpid()

    def batch(self) -> frames.Batch | None:
        """Wait for a batch, None when the pool has gone."""
        prefix = self._exactly(frames.PREFIX.size)
        content = None if prefix is None else self._exactly(frames.PREFIX.unpack(prefix)[0])
        return None if content is None else frames.batch_of(content)

    def reply(self, reply: frames.Reply) -> None:
        """Send a reply at once: what the pool has does not get lost with this process."""
        if os.getpid() != self._owner:
            os._exit(0)  # a scorer forked, and its copy came back from it: only one of the two may go on
        self._door.sendall(frames.frame(reply))

    def _exactly(self, length: int) -> bytearray | None:
        content = bytearray(length)
        view, have = memoryview(content), 0
        while have < length:
            count = self._door.recv_into(view[have:])
            if not count:
                return None
            have += count
        return content


def serve(door: Door, opener: Opener) -> None:
    """Carry out batches until the pool goes."""
    while (batch := door.batch()) is not None:
        opened = opener.open(batch.spec)
        if isinstance(opened, frames.CannotOpen):
            door.reply(opened)
            continue
        door.reply(frames.Opened(opened.is_async, opened.at_a_time))
        opened.carry_out(batch.lines, door.reply)
        sys.stdout.flush()


def main(arguments: Sequence[str]) -> None:
    """Run with: the descriptor of the socket, the most bytes of memory (0: any number) and of a result."""
    descriptor, max_memory, max_result, parent = map(int, arguments)
    be_nice(RUNNER)
    _end_with(parent)
    _limit(max_memory)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.set_inheritable(descriptor, False)
    with socket.socket(fileno=descriptor) as door, Opener(max_result) as opener, suppress(OSError):
        serve(Door(door), opener)


def _end_with(parent: int) -> None:
    """Let the system end this process when its parent ends, even while a scorer spins (Linux)."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - 3 ms, only here

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit()


def _limit(max_memory: int) -> None:
    """Bound the memory, and leave no core dump: it would hold what was scored."""
    if max_memory:
        resource.setrlimit(resource.RLIMIT_AS, (max_memory, max_memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(sys.argv[1:])
