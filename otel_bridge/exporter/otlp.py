"""An OTLP receiver that spans are passed on to: one attempt at a time, and what came of it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from otel_bridge.exporter.otlp_verdict import judge_otlp
from otel_bridge.exporter.posting import LastAnswer, Post
from otel_bridge.exporter.tls import tls_of
from otel_bridge.exporter.verdict import Again
from otel_bridge.http.session import open_session
from otel_bridge.receiver.headers import PROJECT_ID, WB_RUN_ID

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from otel_bridge.exporter.frames import Outgoing
    from otel_bridge.exporter.settings import OtlpHttpSettings
    from otel_bridge.exporter.verdict import Verdict

_HEADERS: Final = {"Content-Type": "application/x-protobuf", "Accept-Encoding": "identity"}


class OtlpTarget:
    """The receiver at `settings.url`, as `base.Target`.

    It is told the project of the spans in a header, as another bridge or Weave reads it, unless that is
    `default_project`: whoever comes next has a default of its own.
    """

    def __init__(self, settings: OtlpHttpSettings, post: Post, default_project: str | None) -> None:
        self._url = settings.url
        self._post = post
        self._default_project = default_project
        self._headers = _HEADERS | {
            name: value.get_secret_value() for name, value in settings.headers.items()
        }
        self._gzip = settings.compression == "gzip"

    async def takes_gzip(self) -> bool:
        """As `base.Target`."""
        return self._gzip

    def refuse_gzip(self) -> None:
        """As `base.Target`."""
        self._gzip = False

    async def send(self, request: Outgoing, body: bytes, *, project: str, gzip: bool) -> Verdict:
        """As `base.Target`."""
        headers = {**self._of(request, project), **self._headers}
        if gzip:
            headers["Content-Encoding"] = "gzip"
        answer = await self._post(self._url, body, headers)
        if isinstance(answer, Again):
            return answer
        verdict = judge_otlp(answer.status, answer.headers, answer.body, gzip=gzip)
        if isinstance(verdict, Again) and verdict.coding:
            self.refuse_gzip()
        return verdict

    @property
    def last(self) -> LastAnswer | None:
        """As `base.Target`."""
        return self._post.last

    async def renew(self) -> bool:
        """As `base.Target`: keys in headers stay what they are."""
        return False

    def _of(self, request: Outgoing, project: str) -> dict[str, str]:
        said = {PROJECT_ID: project if project != self._default_project else None,
                WB_RUN_ID: request.wb_run_id}  # fmt: skip
        return {name: quote(value, safe="/") for name, value in said.items() if value}


@asynccontextmanager
async def open_otlp(settings: OtlpHttpSettings, default_project: str | None) -> AsyncGenerator[OtlpTarget]:
    """Lend a client of the receiver; raise StartError for certificates that cannot be used."""
    async with open_session(tls=await tls_of(settings)) as session:
        yield OtlpTarget(settings, Post(session, settings.timeout_seconds), default_project)
