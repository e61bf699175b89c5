"""Asks an upstream itself: whether it is there, takes the key, and has the project."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import aiohttp
import msgspec
from msgspec import Struct

from otel_bridge.commands.doctor.delivery import tell_clock
from otel_bridge.commands.failing import said
from otel_bridge.errors import StartError
from otel_bridge.exporter.frames import Outgoing
from otel_bridge.exporter.otlp import open_otlp
from otel_bridge.exporter.rendering import UPSERT
from otel_bridge.exporter.upstream import EMPTY_BATCH, open_upstream
from otel_bridge.exporter.verdict import Again, Held, Sent
from otel_bridge.http.session import read_at_most, why_unreached

if TYPE_CHECKING:
    from otel_bridge.commands.doctor.report import Report
    from otel_bridge.exporter.settings import OtlpHttpSettings, WeaveSettings
    from otel_bridge.exporter.upstream import Upstream
    from otel_bridge.exporter.verdict import Verdict

SECTION: Final = "Delivery"
SECONDS: Final = 10.0
MAX_ANSWER_BYTES: Final = 1 << 20
KEY_REFUSED: Final = frozenset({401, 403})
NO_PROJECT: Final = frozenset({403, 404})


_NO_SPANS: Final = Outgoing("", 0, 0)
_EMPTY: Final = Outgoing(UPSERT, len(EMPTY_BATCH), 0)


class Asked(Struct, frozen=True):
    """What came back: of an empty batch, and of a question about the project, `(status, words)`."""

    verdict: Verdict
    ahead: float | None
    project: tuple[int, str] | None = None


def probe(one: WeaveSettings, project: str | None, report: Report) -> None:
    """Ask one upstream, and say what it answers. Nothing is written there."""
    try:
        asked = asyncio.run(_ask(one, project))
    except StartError as error:
        report.found("upstream.no_key", f"{one.name}: {error}", name=one.name)
        return
    verdict = asked.verdict
    if isinstance(verdict, Sent):
        key = "takes the key" if _has_key(one) else "takes calls without a key"
        report.fine(SECTION, f"{one.name}: {one.endpoint} answers and {key}")
        _tell_project(one, project, asked.project, report)
    else:
        _tell_verdict(one.name, one.endpoint, verdict, report, has_key=_has_key(one))
    tell_clock(one.name, asked.ahead, report)


def probe_otlp(one: OtlpHttpSettings, default_project: str | None, report: Report) -> None:
    """Send no span to an OTLP receiver, and say what it answers."""
    verdict, clock = asyncio.run(_ask_otlp(one, default_project))
    if isinstance(verdict, Sent):
        report.fine(SECTION, f"{one.name}: {one.url} takes spans")
    else:
        _tell_verdict(one.name, one.url, verdict, report, has_key=None)
    tell_clock(one.name, clock, report)


def _tell_verdict(name: str, url: str, verdict: Verdict, report: Report, *, has_key: bool | None) -> None:
    """Say what is wrong; `has_key` None: keys are not ours to name."""
    reason = getattr(verdict, "reason", "") or getattr(verdict, "answer", "")
    status = getattr(verdict, "status", None)
    text = f"{name}: {url}: {reason[:200]}"
    if isinstance(verdict, Held) and status in KEY_REFUSED and has_key is not None:
        report.found("upstream.key" if has_key else "upstream.no_key", text, name=name)
    elif isinstance(verdict, Again) and "certificate" in reason.lower():
        report.found("upstream.tls", text)
    elif isinstance(verdict, Again) and status is None:
        report.found("upstream.unreachable", text, endpoint=url)
    else:
        report.found("upstream.answers", text, name=name)


def _tell_project(
    one: WeaveSettings, project: str | None, answer: tuple[int, str] | None, report: Report
) -> None:
    if project is None or answer is None:
        return
    status, words = answer
    if status in NO_PROJECT:
        text = f"{one.name}: the project {project}: answered {status}: {words[:200]}"
        report.found("upstream.project", text, name=one.name)
    elif status == 200:  # noqa: PLR2004 - success
        report.fine(SECTION, f"{one.name}: the project {project} can be read")
    else:
        report.note(SECTION, f"{one.name}: whether {project} is there cannot be told: {status} {words[:200]}")


def _has_key(one: WeaveSettings) -> bool:
    return one.api_key is not None or one.api_key_file is not None


async def _ask(one: WeaveSettings, project: str | None) -> Asked:
    brief = msgspec.structs.replace(one, timeout_seconds=min(SECONDS, one.timeout_seconds))
    async with open_upstream(brief) as upstream:
        verdict = await upstream.send(_EMPTY, EMPTY_BATCH, project="", gzip=False)
        ahead = None if upstream.last is None else upstream.last.ahead
        if not isinstance(verdict, Sent) or project is None:
            return Asked(verdict, ahead)
        return Asked(verdict, ahead, await _ask_project(upstream, project))


async def _ask_otlp(one: OtlpHttpSettings, default_project: str | None) -> tuple[Verdict, float | None]:
    brief = msgspec.structs.replace(one, timeout_seconds=min(SECONDS, one.timeout_seconds))
    async with open_otlp(brief, default_project) as target:
        verdict = await target.send(_NO_SPANS, b"", project=default_project or "", gzip=False)
        return verdict, None if target.last is None else target.last.ahead


async def _ask_project(upstream: Upstream, project: str) -> tuple[int, str]:
    try:
        async with upstream.session.post(
            f"{upstream.url}/calls/query_stats",
            json={"project_id": project, "limit": 1},
            headers=upstream.credential.headers,
            timeout=aiohttp.ClientTimeout(total=SECONDS),
            allow_redirects=False,
        ) as response:
            body = await read_at_most(response, MAX_ANSWER_BYTES)
            return response.status, said(body or b"")
    except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
        return 0, why_unreached(error)
