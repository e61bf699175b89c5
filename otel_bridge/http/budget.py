"""A budget of bytes: how much request data may be worked on at one time, over all requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from otel_bridge.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

FULL: Final = "too many bytes are being worked on; try again in a moment"


class ByteBudget:
    """Bounds the memory of requests under way: `contract/otlp-receiver.md` §5. For one event loop.

    `on_change` hears the bytes in use after every change. `closed` may say why nothing is taken now.
    """

    def __init__(
        self,
        capacity_bytes: int,
        *,
        on_change: Callable[[int], None] | None = None,
        closed: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.capacity_bytes: Final = capacity_bytes
        self._closed = closed
        self._used = 0
        self._on_change = on_change

    @property
    def used_bytes(self) -> int:
        """Bytes of all claims that are open now."""
        return self._used

    def claim(self) -> Claim:
        """Open a claim of 0 bytes; use it as a context manager, or release it.

        Raise Unavailable when nothing is taken now.
        """
        if (why := self._closed()) is not None:
            raise Unavailable(why)
        return Claim(self)

    def _move(self, by: int) -> None:
        if by > self.capacity_bytes - self._used:
            raise Unavailable(FULL)
        self._used += by
        if self._on_change is not None:
            self._on_change(self._used)


class Claim:
    """What one request holds of a budget."""

    __slots__ = ("_budget", "_size")

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self._size = 0

    def expect(self, size: int) -> None:
        """Raise Unavailable when `size` bytes would not fit now; take nothing.

        A client that announces much and sends little must not keep others out, so bytes are taken as
        they arrive; this early look only saves reading what cannot fit.
        """
        if size - self._size > self._budget.capacity_bytes - self._budget.used_bytes:
            raise Unavailable(FULL)

    def grow_to(self, size: int) -> None:
        """Hold at least `size` bytes; raise Unavailable, changing nothing, when they do not fit."""
        if size > self._size:
            self._budget._move(size - self._size)  # noqa: SLF001 - the two classes are one thing
            self._size = size

    def release(self) -> None:
        """Give everything back; again is a no-op."""
        size, self._size = self._size, 0
        if size:
            self._budget._move(-size)  # noqa: SLF001 - the two classes are one thing

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
