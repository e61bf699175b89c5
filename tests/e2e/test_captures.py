"""Recorded exports of real instrumentations, in several languages, through the real doors (R-24)."""

from __future__ import annotations

import gzip

import grpc
import pytest

from tests.e2e import client
from tests.fixtures.captures import CAPTURES, exports, spans

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def send(bridge, export, request, project: str) -> None:
    """Send a recorded body over the wire it was recorded on."""
    if request["wire"].startswith("grpc"):
        with grpc.insecure_channel(bridge.grpc) as channel:
            method = channel.unary_unary(EXPORT)
            assert method(export.body, metadata=(("project_id", project),), timeout=30) == b""
        return
    body, headers = export.body, {"Content_Type": request["content_type"], "project_id": project}
    if request["content_encoding"]:
        assert request["content_encoding"] == "gzip"
        body, headers["Content_Encoding"] = gzip.compress(body), "gzip"
    status, answer = client.call(f"{bridge.http}/v1/traces", body, **headers)
    assert (status, answer) == (200, b"{}" if export.encoding.value == "json" else b"")


@pytest.mark.parametrize("capture", CAPTURES)
def test_every_span_of_a_recorded_export_is_a_call(bridge_process, capture):
    project = f"captures/{capture}"
    for export, request in zip(exports(capture), CAPTURES[capture]["requests"], strict=True):
        send(bridge_process, export, request, project)
    homes = {span.origin.project_id for span in spans(capture)} - {"ent/proj"}
    stored = [found for home in {project, *homes} for found in client.ids(bridge_process.api, home)]
    assert set(stored) == {span.id for span in spans(capture)}
    assert len(stored) == CAPTURES[capture]["distinct_spans"]
