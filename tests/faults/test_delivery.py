"""What leaves a sidecar, and that it arrives."""

from __future__ import annotations

from tests.e2e import client
from tests.faults.sidecar import sidecar
from tests.faults.upstream import upstream


def test_spans_arrive_as_calls_of_the_project_in_the_environment(tmp_path):
    with upstream() as weave, sidecar(tmp_path / "data", weave.url) as bridge:
        sent = client.a_request(50)
        assert client.export(bridge.http, sent) == 200
        weave.wait(lambda: len(weave.whole()) == 50)
        assert set(weave.calls) == set(client.span_ids(sent))
        call = weave.calls[client.span_ids(sent)[3]]
        assert (call["project_id"], call["op_name"]) == ("team/shop", "span 3")
        assert call["inputs"] == {"input.value": "hello"}
        assert call["otel_dump"]["name"] == "span 3"
