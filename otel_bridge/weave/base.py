"""Bodies of the write routes, and the answers to them."""

from __future__ import annotations

from msgspec import Struct


class Write(Struct, frozen=True, kw_only=True):
    """A body that one of the write routes received, inflated but not decoded.

    `route` is the route's path without variables (a key of `weave.writes.WRITES`); `project_id` comes from
    the path of the v2 routes. `received_at` is microseconds since the Unix epoch. `content_type` is the
    header as it was sent; only forms are read by it. `projects` are globs of the projects that the sender may
    change; None is all of them.
    """

    route: str
    body: bytes
    received_at: int
    project_id: str | None = None
    content_type: str | None = None
    projects: tuple[str, ...] | None = None


class Answer(Struct, frozen=True):
    """An HTTP answer: status and JSON body."""

    status: int
    body: bytes
