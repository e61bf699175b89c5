"""What lies beside calls, through the real processes: kept over a kill, refused in the API's words."""

from __future__ import annotations

import json
import uuid

from tests.e2e import client
from tests.e2e.process import start

OBJECT = {"project_id": client.PROJECT, "object_id": "thing"}
RATES = {"prompt_token_cost": 1, "completion_token_cost": 2}
FORM = (
    b"--x\r\nContent-Disposition: form-data; name=project_id\r\n\r\n%b\r\n"
    b"--x\r\nContent-Disposition: form-data; name=file; filename=f\r\n\r\n\0\xff\r\n--x--\r\n"
) % client.PROJECT.encode()


def refused(base: str, path: str, body: dict) -> tuple[int, dict]:
    status, answer = client.call(f"{base}{path}", json.dumps(body).encode())
    return status, json.loads(answer)


def post(base: str, path: str, **body) -> dict:
    return client.post(base, path, {"project_id": client.PROJECT} | body)


def test_everything_that_was_acknowledged_survives_a_kill(tmp_path):
    bridge = start(tmp_path / "data")
    base = bridge.api
    ref = f"weave:///{client.PROJECT}/call/{uuid.uuid4()}"
    note = {"weave_ref": ref, "feedback_type": "wandb.note.1", "payload": {"note": "kept"}}
    post(base, "/feedback/create", **note)
    post(base, "/cost/create", costs={"m": RATES})
    client.post(base, "/obj/create", {"obj": OBJECT | {"val": {"k": 1}}})
    table = client.post(base, "/table/create", {"table": {"project_id": client.PROJECT, "rows": [{"x": 1}]}})
    form = {"Content_Type": "multipart/form-data; boundary=x"}
    status, answer = client.call(f"{base}/file/create", FORM, **form)
    assert status == 200, answer
    bridge.kill_tree()
    bridge.process.stdout.close()

    bridge = start(tmp_path / "data")
    try:
        base = bridge.api
        (row,) = post(base, "/feedback/query")["result"]
        assert row["payload"] == {"note": "kept"}
        assert [price["llm_id"] for price in post(base, "/cost/query")["results"]] == ["m"]
        assert post(base, "/obj/read", object_id="thing", digest="latest")["obj"]["val"] == {"k": 1}
        assert post(base, "/table/query", digest=table["digest"])["rows"][0]["val"] == {"x": 1}
        asked = json.dumps({"project_id": client.PROJECT} | json.loads(answer)).encode()
        assert client.call(f"{base}/file/content", asked) == (200, b"\0\xff")
    finally:
        bridge.terminate()
        bridge.process.stdout.close()


def test_what_the_processes_refuse_is_said_in_words_of_the_api(bridge_process):
    base = bridge_process.api
    gone = {"project_id": client.PROJECT, "object_id": "gone"}
    digest = client.post(base, "/obj/create", {"obj": gone | {"val": 1}})["digest"]
    assert client.post(base, "/obj/delete", gone)["num_deleted"] == 1

    status, answer = refused(base, "/obj/read", gone | {"digest": digest})
    assert (status, set(answer)) == (404, {"reason", "deleted_at"})
    assert refused(base, "/obj/delete", gone) == (404, {"reason": "object gone is not known"})
    status, answer = refused(base, "/table/update", {"project_id": "e/p", "base_digest": "x", "updates": []})
    assert (status, answer) == (404, {"reason": "table x is not known"})
    status, answer = refused(base, "/obj/create", {"obj": gone | {"val": 2, "expected_digest": "x"}})
    assert (status, answer["reason"][:15]) == (409, "expected_digest")
    assert refused(base, "/trace/usage", {"project_id": "e/p", "limit": 0})[0] == 422


def test_threads_and_usage_of_spans_come_through_the_reader(bridge_process):
    request = client.a_request(3)
    for span in request.resource_spans[0].scope_spans[0].spans:
        for key, value in (("gen_ai.usage.input_tokens", 5), ("gen_ai.usage.output_tokens", 2)):
            span.attributes.add(key=key).value.int_value = value
        span.attributes.add(key="gen_ai.request.model").value.string_value = "gpt-4o"
        span.attributes.add(key="gen_ai.conversation.id").value.string_value = "talk"
    assert client.export(bridge_process.http, request) == 200

    ids = client.span_ids(request)
    answer = post(bridge_process.api, "/calls/usage", call_ids=ids, include_costs=True)
    assert answer["call_usage"][ids[0]]["gpt-4o"]["prompt_tokens"] == 5
    assert answer["call_usage"][ids[0]]["gpt-4o"]["prompt_tokens_total_cost"] > 0
    (thread,) = post(bridge_process.api, "/threads/stream_query")
    assert (thread["thread_id"], thread["turn_count"]) == ("talk", 3)
