"""The test span on its way: sent to each receiver, followed through the pipelines, found and taken away."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from otel_bridge.commands.doctor.span import Taken, TestSpan, make, send_grpc, send_http
from otel_bridge.translate.senders import DOCTOR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otel_bridge.commands.doctor.report import Report
    from otel_bridge.commands.doctor.running import Client

    Send = Callable[[Client, str, TestSpan, Mapping[str, str]], Taken]
    from otel_bridge.commands.doctor.waiting import Fate, Queue

TRIES: Final = 24
"""Trace ids to try where a sampler goes by a hash: of one that keeps 20 % one passes in 199 of 200 runs."""
LOOK_SECONDS: Final = 0.1
TLS_WORDS: Final = ("certificate", "ssl", "tls", "handshake")
OUT: Final = {"filtered": "span.filtered", "sampled_out": "span.sampled_out"}
SECTION: Final = "Test span"
WEAVE: Final = "weave"
"""The type of exporters that delete calls, too."""


class Wanted(Struct, frozen=True):
    """What the options say of the test span. `seconds`: how long it may take to be delivered."""

    project: str | None
    attributes: dict[str, str]
    resource: dict[str, str]
    seconds: float


class Journey:
    """Sends test spans to one bridge and says what became of them."""

    def __init__(
        self, client: Client, facts: dict[str, Any], wanted: Wanted, queue: Queue | None, report: Report
    ) -> None:
        self._client = client
        self._facts = facts
        self._wanted = wanted
        self._queue = queue
        self._report = report
        self._project = wanted.project or facts["config"]["default_project"]
        self._kept: list[tuple[TestSpan, set[str]]] = []
        self._found: dict[str, list[str]] = {}

    def go(self) -> None:
        """Send a span to each receiver of OTLP, then look where they are, and take them away."""
        doors = self._facts["doors"]
        ways: list[tuple[str, str, Send, str]] = [
            ("OTLP/HTTP", "otlp_http", send_http, "otlp"),
            ("OTLP/gRPC", "otlp_grpc", send_grpc, "otlp"),
            ("the API's port", "api", send_http, "weave_api"),
        ]
        seen: dict[str, list[Any]] = {}
        for label, name, send, receiver in ways:
            if doors.get(name) is not None:
                self._send(f"{label} {doors[name]}", doors[name], send, receiver, seen)
        for receiver, steps in seen.items():
            self._tell(receiver, steps)
        self._look()
        self._clean()

    def _send(
        self,
        label: str,
        address: str,
        send: Send,
        receiver: str,
        seen: dict[str, list[Any]],
    ) -> None:
        span, steps = self._kept_by_samplers(receiver)
        if receiver == "weave_api" and not steps:
            return  # no pipeline takes spans there
        taken = send(self._client, address, span, self._headers())
        if taken.ok:
            self._report.fine(SECTION, f"{label} took it" + (f"; it says: {taken.why}" if taken.why else ""))
            seen[receiver] = steps
            given = {step["component"] for step in steps if step["fate"] == "given"}
            self._kept.append((span, given))
        elif not taken.reached and any(word in taken.why.lower() for word in TLS_WORDS):
            self._report.found("span.tls", f"{label}: {taken.why}")
        elif not taken.reached:
            self._report.found("span.unreachable", f"{label}: {taken.why}", address=address)
        elif taken.rejected and self._project is None:
            self._report.found("span.no_project", f"{label} rejected it: {taken.why}")
        else:
            self._report.found("span.refused", f"{label} refused it: {taken.why}")

    def _headers(self) -> dict[str, str]:
        return {"project_id": self._wanted.project} if self._wanted.project else {}

    def _kept_by_samplers(self, receiver: str) -> tuple[TestSpan, list[Any]]:
        """Return a span that samplers keep, if they keep any, and its way."""
        span, steps = self._fresh(receiver, random=False)
        for _ in range(TRIES):
            if not any(step["fate"] == "sampled_out" for step in steps):
                break
            span, steps = self._fresh(receiver, random=True)
        return span, steps

    def _fresh(self, receiver: str, *, random: bool) -> tuple[TestSpan, list[Any]]:
        span = make(self._wanted.attributes, self._wanted.resource, random=random)
        answer = self._client.post("/bridge/path", {"receiver": receiver, "request": span.encoded})
        return span, msgspec.json.decode(answer.body)["steps"] if answer.status == 200 else []  # noqa: PLR2004

    def _tell(self, receiver: str, steps: list[Any]) -> None:
        """Say which way spans of a receiver take, and who takes them out."""
        given = False
        for step in steps:
            where = f"{receiver}: pipeline {step['pipeline']}: {step['component']}"
            detail = f" ({step['detail']})" if step["detail"] else ""
            match step["fate"]:
                case "given":
                    given = True
                    self._report.fine(SECTION, f"{where} gets it")
                case "passed":
                    self._report.note(SECTION, f"{where} leaves it as it is")
                case "changed":
                    self._report.note(SECTION, f"{where} changes it{detail}")
                case "routed":
                    self._report.note(SECTION, f"{where} leads it on to {step['detail']}")
                case _:
                    pass
        for step in steps:
            if step["fate"] in OUT:
                self._tell_out(step, f"{receiver}: pipeline {step['pipeline']}", elsewhere=given)

    def _tell_out(self, step: dict[str, Any], where: str, *, elsewhere: bool) -> None:
        """Say who took it out: an error where then nobody gets it."""
        detail = f" ({step['detail']})" if step["detail"] else ""
        word = "filters it out" if step["fate"] == "filtered" else "samples it out"
        text = f"{where}: {step['component']} {word}{detail}"
        if elsewhere:
            self._report.note(SECTION, f"{text}; other pipelines keep it")
        else:
            self._report.found(OUT[step["fate"]], text, component=step["component"])

    def _look(self) -> None:
        stores = set(self._facts["config"]["stores"])
        for span, given in self._kept:
            if given & stores:
                self._look_in_store(span)
        if self._found:
            told = "; ".join(f"{where}: {', '.join(ids)}" for where, ids in self._found.items())
            self._report.fine(SECTION, f"the store has it, in {told}")
        for exporter in self._facts["exporters"]:
            spans = [span for span, given in self._kept if exporter["name"] in given]
            if spans:
                self._look_in_queue(exporter["name"], spans)

    def _look_in_store(self, span: TestSpan) -> None:
        answer = self._client.post(
            "/calls/stream_query", {"project_id": self._project, "filter": {"call_ids": [span.id]}}
        )
        if answer.body.strip() and answer.status == 200:  # noqa: PLR2004
            self._found.setdefault(str(self._project), []).append(span.id)
            return
        others = self._queue.in_store(span.id) if self._queue is not None else []
        if others:
            self._found.setdefault(", ".join(others), []).append(span.id)
        else:
            why = "" if answer.status == 200 else f" ({answer.status}: {answer.words})"  # noqa: PLR2004
            self._report.found("span.missing", f"call {span.id} is not in {self._project}{why}")

    def _look_in_queue(self, exporter: str, spans: list[TestSpan]) -> None:
        """Wait until an upstream has the spans, or until time is up; say what became of them."""
        if self._queue is None or not self._queue.is_here:
            self._report.found("span.unknown", f"{exporter} has it in its queue")
            return
        deadline = time.monotonic() + self._wanted.seconds
        fates = [self._queue.fate(exporter, span.id) for span in spans]
        while any(fate.waits for fate in fates) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
            fates = [self._queue.fate(exporter, span.id) for span in spans]
        self._tell_fates(exporter, fates)

    def _tell_fates(self, exporter: str, fates: list[Fate]) -> None:
        dead = next((fate for fate in fates if fate.dead), None)
        if dead is not None:
            self._report.found("span.dead", f"{exporter}: it is a dead letter: {dead.why}")
        elif any(fate.waits for fate in fates):
            why = _reason(self._client.get("/bridge/status").body, exporter)
            self._report.found("span.queued", f"{exporter}: it waits in the queue{why}")
        else:
            self._report.fine(SECTION, f"{exporter}: its upstream has it")

    def _clean(self) -> None:
        """Delete what was sent; the deletion takes the same way, also through the queue."""
        weave = {one["name"] for one in self._facts["exporters"] if one["type"] == WEAVE}
        deletes = weave | set(self._facts["config"]["stores"])
        stays = sorted({name for _, given in self._kept for name in given - deletes})
        if stays:
            self._report.note(SECTION, f"what {', '.join(stays)} got stays there: its service is {DOCTOR}")
        ids = [span.id for span, given in self._kept if given & deletes]
        if not ids or self._project is None:
            return
        answer = self._client.post("/calls/delete", {"project_id": self._project, "call_ids": ids})
        if answer.status == 200:  # noqa: PLR2004
            upstream = ", and upstreams are told to" if any(given & weave for _, given in self._kept) else ""
            self._report.fine(SECTION, f"it is deleted again{upstream}")
        else:
            text = f"it could not be deleted: {answer.status or 'no answer'}: {answer.words}"
            self._report.found("span.left", text, project=self._project, calls=ids)


def _reason(body: bytes, exporter: str) -> str:
    try:
        found = msgspec.json.decode(body)["exporters"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return ""
    word = next((one["health"] for one in found if one["name"] == exporter), "ok")
    return "" if word == "ok" else f": {word}"
