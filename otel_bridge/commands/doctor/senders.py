"""Who sends, and what each leaves out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from otel_bridge.commands.doctor.running import ago
from otel_bridge.translate.senders import DOCTOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from otel_bridge.commands.doctor.report import Report
    from otel_bridge.model.senders import Hint, Sender

SECTION: Final = "Senders"
SECOND_NS: Final = 1_000_000_000
AHEAD_SECONDS: Final = 5
BEHIND_SECONDS: Final = 600
"""Batches and queues of senders explain a minute or two, not this."""
ENOUGH_LOOKS: Final = 5
ENOUGH_SPANS: Final = 20
LATELY_SECONDS: Final = 3600
EARLIER: Final = "as the store says"
TRIED_SDKS: Final[Mapping[str, str]] = {"python": "1.44.0"}
"""The oldest OpenTelemetry SDKs that the recordings name which the bridge is tested with, by language."""

RETRY: Final = "the bridge was too busy, too full or starting: see Bridge, Delivery, Disk and memory"
OFTEN: Final = (
    "their key makes more requests than its rate_limit allows: raise it, or send more spans at once"
)
KEY: Final = "give senders a key that may write: OTEL_EXPORTER_OTLP_HEADERS"
BY_CODE: Final[Mapping[str, str]] = {
    "partial": "the reason names the span and what is wrong with it: mend the sender",
    "400": "the reason says what is wrong with the request: mend the sender, or what is in between",
    "401": KEY,
    "403": KEY,
    "UNAUTHENTICATED": KEY,
    "PERMISSION_DENIED": KEY,
    "404": "append /v1/traces to OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, or use OTEL_EXPORTER_OTLP_ENDPOINT",
    "UNIMPLEMENTED": "send traces only: OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none, or --logs on",
    "413": "send fewer spans at once: OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "RESOURCE_EXHAUSTED": "send fewer spans at once: OTEL_BSP_MAX_EXPORT_BATCH_SIZE; or fewer requests",
    "415": "send protobuf or JSON: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
    "429": OFTEN,
    "503": RETRY,
    "UNAVAILABLE": RETRY,
}
"""What helps against a refusal, by how it was answered."""


def tell(live: Sequence[Sender], stored: Sequence[Sender], report: Report, *, logs: bool, url: str) -> None:
    """Say who sends, those first that were heard of last, and what is missing from them."""
    known = {_name(one) for one in live}
    earlier = [one for one in stored if _name(one) not in known]
    senders = [one for one in (*live, *earlier) if one.service != DOCTOR]
    report.senders += [_for_machines(one) for one in senders]
    if not senders:
        report.found("sender.none", "nobody has sent a span lately", url=url)
        return
    for one in senders:
        if one.dialect:
            report.fine(SECTION, _line(one))
            _missing(one, report, logs=logs)
    _tell_others([one for one in senders if not one.dialect], report)
    for one in senders:
        _versions(one, report)
    for service in dict.fromkeys(one.service for one in senders):
        _clock(service, [one for one in senders if one.service == service], report)
    _roots(senders, report)


def _line(one: Sender) -> str:
    sdk = " ".join(part for part in (one.language, one.sdk) if part)
    parts = [one.dialect or "OpenTelemetry", one.scope, f"SDK {sdk}" if sdk else ""]
    told = ", ".join(part for part in parts if part)
    return f"{one.service or 'no service.name'}: {told}{_when(one)}"


def _when(one: Sender) -> str:
    seconds = max(0.0, time.time() - one.last_ns / SECOND_NS)
    return f", last {ago(seconds)} ago by {one.door}" if one.door else f", last {ago(seconds)} ago, {EARLIER}"


def _tell_others(others: Sequence[Sender], report: Report) -> None:
    """Say of each service and door how many scopes say nothing of models."""
    grouped: dict[tuple[str, str], list[Sender]] = {}
    for one in others:
        grouped.setdefault((one.service, one.door), []).append(one)
    for several in grouped.values():
        first = several[0]
        more = f" and {len(several) - 1} other scopes" if len(several) > 1 else ""
        plain = msgspec.structs.replace(first, scope=f"{first.scope or 'no scope'}{more}")
        report.note(SECTION, _line(plain))


def _missing(one: Sender, report: Report, *, logs: bool) -> None:
    who = f"{one.service or 'no service.name'}: {one.scope or one.dialect}"
    if one.no_content and all(one.no_content) and one.content is not None:
        _no_content(who, one.content, report, logs=logs)
    if one.no_tokens and all(one.no_tokens) and one.tokens is not None and one.tokens.switch:
        report.found("sender.no_tokens", f"{who}: no tokens: {one.tokens.text}", switch=one.tokens.switch)


def _no_content(who: str, hint: Hint, report: Report, *, logs: bool) -> None:
    text = f"{who}: {' and '.join(hint.fields)} empty: {hint.text}"
    if not hint.switch:
        report.found("sender.never_content", f"{who}: no content", why=hint.text)
    elif logs and "log records" in f"{hint.text} {hint.switch}":
        report.found("sender.content_in_logs", text, switch=hint.switch)
    else:
        report.found("sender.no_content", text, switch=hint.switch)


def _versions(one: Sender, report: Report) -> None:
    tried = TRIED_SDKS.get(one.language)
    name, _, version = one.sdk.rpartition(" ")
    if tried and name == "opentelemetry" and _numbers(version) < _numbers(tried):
        report.found(
            "version.sdk",
            f"{one.service}: the OpenTelemetry SDK for {one.language} is {version}",
            wanted=f"{tried} or newer",
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split(".")[:2])


def _clock(service: str, senders: Sequence[Sender], report: Report) -> None:
    """Judge by the shortest delay: what is on its way longest says least of clocks."""
    delays = [delay for one in senders for delay in one.delays]
    if not delays:
        return
    seconds = min(delays) / SECOND_NS
    who = service or "no service.name"
    if seconds < -AHEAD_SECONDS:
        report.found("sender.clock_ahead", f"{who}: its spans end {ago(-seconds)} after they arrive")
    elif seconds > BEHIND_SECONDS and any(one.door for one in senders):  # others may have been imported
        report.found("sender.clock_behind", f"{who}: its spans arrive {ago(seconds)} after they ended")


def _roots(senders: Iterable[Sender], report: Report) -> None:
    looked = [one for one in senders if one.looks]
    looks, spans = sum(one.looks for one in looked), sum(one.spans for one in looked)
    if (looks >= ENOUGH_LOOKS or spans >= ENOUGH_SPANS) and not any(one.roots for one in looked):
        report.found("sender.no_roots", "no sender has sent a span without a parent")


def refusals(found: Sequence[Mapping[str, Any]], report: Report) -> None:
    """Say what was refused within the last hour."""
    for one in found:
        if time.time() - one["last"] > LATELY_SECONDS:
            continue
        times = f"{one['requests']} request{'s' * (one['requests'] != 1)}"
        what = f"{one['items']} spans of {times}" if one["items"] else times
        answered = "" if one["code"] == "partial" else f" with {one['code']}"
        text = (
            f"{one['client']} by {one['transport']}: {what} refused{answered}, "
            f"last {ago(time.time() - one['last'])} ago: {one['reason']}"
        )
        report.found("sender.refused", text, fix=BY_CODE.get(one["code"], BY_CODE["400"]))


def _name(one: Sender) -> tuple[str, str, str]:
    return one.service, one.sdk, one.scope


def _for_machines(one: Sender) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(one)
    del told["look_ns"]
    return told
