"""What processors do to log records, which carry the prompts of some instrumentations."""

from otel_bridge.processor.attributes import Attributes
from otel_bridge.processor.filter import Filter
from otel_bridge.processor.redaction import Redaction
from otel_bridge.processor.run import process_logs
from otel_bridge.processor.sampler import Sampler
from otel_bridge.processor.settings import (
    AttributesSettings,
    FilterSettings,
    RedactionSettings,
    SamplerSettings,
    TruncateSettings,
)
from otel_bridge.processor.truncate import Truncate
from tests.fixtures.processing import attributes_of, logs

SECRET = "sk-abcdefghijklmnopqrstuvwx"


def after(request, *processors):
    dropped = process_logs(request, processors, lambda _each: None)
    return [record for each in request.resource_logs for scope in each.scope_logs
            for record in scope.log_records], dict(dropped)  # fmt: skip


def redaction(**settings):
    return Redaction("redaction", RedactionSettings(**settings))


def test_nothing_of_a_log_record_holds_what_is_blocked():
    request = logs(SECRET, attributes={"a": [SECRET]}, resource={"r": SECRET})
    after(request, redaction(allow_all_keys=True, blocked_values=["sk-[a-z]{20,}"]))
    assert SECRET.encode() not in request.SerializeToString()


def test_without_permission_a_body_goes():
    (record,), _ = after(logs("hello", attributes={"a": 1}), redaction())
    assert not record.HasField("body")
    assert attributes_of(record) == {}
    (record,), _ = after(logs("hello"), redaction(allowed_keys=["body"]))
    assert record.body.kvlist_value.values[0].value.string_value == "hello"


def test_members_of_a_body_are_masked_by_their_keys():
    (record,), _ = after(logs("hello"), redaction(allow_all_keys=True, blocked_key_patterns=["^content$"]))
    assert record.body.kvlist_value.values[0].value.string_value == "****"


def test_a_huge_body_is_cut():
    (record,), _ = after(logs("x" * 200), Truncate("truncate", TruncateSettings(max_value_bytes=64)))
    assert record.body.kvlist_value.values[0].value.string_value.endswith("[cut by otel-bridge: 200 bytes]")
    assert attributes_of(record) == {"otel_bridge.truncated": 1}


def test_a_log_record_shares_the_fate_of_its_trace():
    kept, dropped = after(logs("a", "b"), Sampler("sampler", SamplerSettings(sampling_percentage=0)))
    assert (kept, dropped) == ([], {("sampler", "sampled_out"): 2})


def test_attributes_of_log_records_are_edited_where_no_condition_asks_for_spans():
    actions = [{"action": "delete", "key": "a"}]
    edited = Attributes("attributes", AttributesSettings(actions=actions))
    asked = Attributes("attributes", AttributesSettings(actions=actions, where='name == "x"'))
    assert attributes_of(after(logs("t", attributes={"a": 1}), edited)[0][0]) == {}
    assert attributes_of(after(logs("t", attributes={"a": 1}), asked)[0][0]) == {"a": 1}


def test_log_records_go_with_a_resource_that_is_filtered():
    noise = Filter("filter", FilterSettings(traces={"resource": ['attributes["service.name"] == "noise"']}))
    assert after(logs("a", resource={"service.name": "noise"}), noise) == ([], {("filter", "filtered"): 1})
