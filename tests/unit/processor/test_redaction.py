import base64
import hashlib

import orjson
import pytest
from pydantic import ValidationError

from otel_bridge.model.call import EndedCall, UpdatedCall
from otel_bridge.patterns import BadPattern
from otel_bridge.processor.redaction import Redaction
from otel_bridge.processor.settings import RedactionSettings
from tests.fixtures.processing import (
    a_call,
    a_request,
    a_span,
    attributes_of,
    call_after,
    processed,
    put,
    spans_of,
    the_attributes,
)

KEY = "sk-abcdefghijklmnopqrstuvwx"
CARD = "4111 1111 1111 1111"
IBAN = "DE89 3704 0044 0532 0130 00"


def redaction(**settings) -> Redaction:
    return Redaction("redaction", RedactionSettings(**{"allow_all_keys": True, **settings}))


class TestKeys:
    def test_without_a_list_of_keys_every_attribute_goes(self):
        assert the_attributes(redaction(allow_all_keys=False), {"a": 1, "b": "x"}) == {}

    def test_allowed_keys_stay(self):
        allowed = redaction(allow_all_keys=False, allowed_keys=["a"])
        assert the_attributes(allowed, {"a": 1, "b": "x"}) == {"a": 1}

    def test_what_says_which_project_spans_belong_to_always_stays(self):
        request = a_request(a_span(), resource={"wandb.entity": "acme", "wandb.project": "p", "host": "h"})
        processed(request, redaction(allow_all_keys=False))
        found = attributes_of(request.resource_spans[0].resource)
        assert found == {"wandb.entity": "acme", "wandb.project": "p"}

    def test_ignored_keys_stay_with_whatever_they_hold(self):
        one = redaction(
            allow_all_keys=False, ignored_keys=["a"], ignored_key_patterns=["^safe[.]"], blocked_values=["x"]
        )
        assert the_attributes(one, {"a": "xx", "safe.b": "x", "c": "x"}) == {"a": "xx", "safe.b": "x"}

    def test_values_of_blocked_keys_are_masked_at_any_depth(self):
        one = redaction(blocked_key_patterns=["(?i)token|password"])
        before = {"api_token": 7, "args": {"user": "ann", "list": [{"Password": "p", "n": 1}]}}
        after = {"api_token": "****", "args": {"user": "ann", "list": [{"Password": "****", "n": 1}]}}
        assert the_attributes(one, before) == after
        call = call_after(a_call(attributes=before, inputs=before, output=before), one)
        assert orjson.loads(call.start.attributes) == orjson.loads(call.start.inputs) == after
        assert orjson.loads(call.end.output) == after

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ('{"password": "p", "n": 1.0}', '{"password": "****", "n": 1.0}'),
            (' [{"a": {"password": ["p"]}, "\u00e4": 1}]', '[{"a": {"password": "****"}, "\u00e4": 1}]'),
            ('{"arguments": "{\\"password\\": \\"p\\"}"}', '{"arguments": "{\\"password\\": \\"****\\"}"}'),
            ('{"p\\u0061ssword": "p"}', '{"password": "****"}'),
            ('{"password": "p", "x": NaN}', '{"password": "****", "x": NaN}'),
            ('{"a": 1, "password": "p", "b": "cut he', "****"),
            ('{"arguments": "{\\"password\\": \\"p', "****"),
            ('{"password": "p", "x": "\\ud800"}', "****"),
            ("[" * 100 + '{"password": "p"}' + "]" * 100, "****"),
            ('{"user":  "password"}', '{"user":  "password"}'),
            ('{"user":  "cut', '{"user":  "cut'),
            ("the password is in the vault", "the password is in the vault"),
            ("{" * 5000, "{" * 5000),
        ],
    )
    def test_keys_of_json_in_texts_are_blocked_too(self, before, after):
        one = redaction(blocked_key_patterns=["^password$"])
        assert the_attributes(one, {"a": before, "b": {"c": [before]}}) == {"a": after, "b": {"c": [after]}}
        assert the_attributes(one, {"a": before.encode()}) == {"a": base64.b64encode(after.encode()).decode()}
        call = call_after(a_call(inputs={"q": [before]}, output=before), one)
        assert orjson.loads(call.start.inputs) == {"q": [after]}
        assert orjson.loads(call.end.output) == after


class TestValues:
    def test_only_what_matches_is_masked(self):
        one = redaction(blocked_values=["sk-[A-Za-z0-9]{20,}"])
        assert the_attributes(one, {"a": f"my key is {KEY}, ok?"}) == {"a": "my key is ****, ok?"}

    def test_a_value_that_is_allowed_stays(self):
        one = redaction(blocked_values=["[a-z]+@[a-z.]+"], allowed_values=["@acme[.]com$"])
        before = {"a": "ann@acme.com", "b": "bob@other.org"}
        assert the_attributes(one, before) == {"a": "ann@acme.com", "b": "****"}

    @pytest.mark.parametrize(
        ("text", "after"),
        [
            (CARD, "****"),
            ("4111111111111111", "****"),
            ("4111 1111 1111 1112", "4111 1111 1111 1112"),
            ("order 1234567890123", "order 1234567890123"),
            (f"pay {IBAN} now", "pay **** now"),
            ("DE88 3704 0044 0532 0130 00", "DE88 3704 0044 0532 0130 00"),
            (f"{IBAN} and GB82 WEST 1234 5698 7654 32 too", "**** and **** too"),
            (f"id42 {IBAN}", "id42 ****"),
            (f"{CARD} 5500 0000 0000 0004", "**** ****"),
            ("4111 1100 0000 0000", "4111 1100 0000 0000"),
        ],
    )
    def test_checksums_tell_cards_and_ibans_from_lookalikes(self, text, after):
        one = redaction(blocked_values=[{"kind": "card"}, {"kind": "iban"}])
        assert the_attributes(one, {"a": text}) == {"a": after}

    def test_a_pattern_may_have_a_checksum(self):
        one = redaction(blocked_values=[{"pattern": "[0-9]{16}", "checksum": "luhn"}])
        found = the_attributes(one, {"a": "4111111111111111 4111111111111112"})
        assert found == {"a": "**** 4111111111111112"}

    def test_numbers_are_looked_at_unless_told_otherwise(self):
        blocked = [{"kind": "card"}]
        number = {"a": 4111111111111111}
        assert the_attributes(redaction(blocked_values=blocked), number) == {"a": "****"}
        assert the_attributes(redaction(blocked_values=blocked, redact_all_types=False), number) == number

    @pytest.mark.parametrize(
        ("name", "algorithm"),
        [("md5", "md5"), ("sha1", "sha1"), ("sha256", "sha256"), ("sha3", "sha3_256")],
    )
    def test_a_hash_may_stand_in_place_of_the_mask(self, name, algorithm):
        one = redaction(blocked_values=["secret"], hash_function=name)
        digest = hashlib.new(algorithm, b"secret").hexdigest()
        assert the_attributes(one, {"a": "a secret b"}) == {"a": f"a {digest} b"}


class TestPlaces:
    def test_nothing_of_a_request_holds_what_is_blocked(self):
        span = a_span(f"chat {KEY}", {"a": [{"b": f"<{KEY}>"}]}, trace_state=f"a={KEY}")
        span.attributes.add(key="raw").value.bytes_value = f"bytes {KEY}".encode()
        span.status.message = f"failed with {KEY}"
        put(span.events.add(name=f"e {KEY}").attributes, {"x": KEY})
        put(span.links.add(trace_state=f"b={KEY}").attributes, {"x": KEY})
        request = a_request(span, resource={"r": KEY}, scope={"s": KEY})
        resource_spans = request.resource_spans[0]
        resource_spans.scope_spans[0].scope.name = KEY
        resource_spans.schema_url = resource_spans.scope_spans[0].schema_url = f"https://{KEY}@schemas"
        processed(request, redaction(blocked_values=["sk-[A-Za-z0-9]{20,}"]))
        assert KEY.encode() not in request.SerializeToString()

    def test_nothing_of_a_call_holds_what_is_blocked(self):
        tree = {"a": [f"<{KEY}>"]}
        call = a_call(
            tree, tree, tree,
            op_name=f"op {KEY}", display_name=KEY, exception=f"failed {KEY}",
            thread_id=KEY, turn_id=KEY, wb_user_id=KEY, wb_run_id=KEY,
            otel_dump=orjson.dumps(tree), summary=orjson.dumps(tree),
        )  # fmt: skip
        left = call_after(call, redaction(blocked_values=["sk-[A-Za-z0-9]{20,}"]))
        assert KEY not in repr(left)
        assert left.start.op_name == "op ****"

    def test_a_name_that_a_call_gets_later_holds_nothing_either(self):
        renamed = UpdatedCall(project_id="a/b", id="0" * 16, display_name=f"about {KEY}")
        left = call_after(renamed, redaction(blocked_values=["sk-[A-Za-z0-9]{20,}"]))
        assert left == UpdatedCall(project_id="a/b", id="0" * 16, display_name="about ****")

    def test_fields_that_this_version_does_not_know_go(self):
        unknown = b"\xfa\x3e" + bytes([len(KEY)]) + KEY.encode()  # field 1007, length-delimited
        request = a_request(a_span("chat", {"a": 1}))
        request.resource_spans[0].scope_spans[0].spans[0].MergeFromString(unknown)
        request.resource_spans[0].resource.MergeFromString(unknown)
        assert KEY.encode() in request.SerializeToString()
        processed(request, redaction())
        assert KEY.encode() not in request.SerializeToString()
        assert [attributes_of(span) for span in spans_of(request)] == [{"a": 1}]


class TestCalls:
    def test_keys_of_inputs_and_attributes_are_judged_and_output_by_its_own_name(self):
        strict = redaction(allow_all_keys=False, allowed_keys=["question", "model"])
        left = call_after(a_call({"model": "m", "x": 1}, {"question": "q", "y": 2}, "so"), strict)
        assert orjson.loads(left.start.attributes) == {"model": "m"}
        assert orjson.loads(left.start.inputs) == {"question": "q"}
        assert left.end.output == b"null"

    def test_an_output_that_is_allowed_stays(self):
        strict = redaction(allow_all_keys=False, allowed_keys=["output"])
        assert call_after(a_call(output={"a": 1}), strict).end.output == b'{"a":1}'
        assert call_after(a_call(output="so"), strict).end.output == b'"so"'

    def test_an_end_that_travels_alone_is_judged_too(self):
        end = EndedCall(project_id="a/b", id="0" * 16, ended_at=1, summary=b"{}", output=b'"x secret"')
        assert call_after(end, redaction(blocked_values=["secret"])).output == b'"x ****"'


class TestSummary:
    def summarised(self, level):
        one = redaction(
            allow_all_keys=False,
            allowed_keys=["a", "b"],
            ignored_keys=["left"],
            blocked_values=["secret"],
            summary=level,
        )
        before = {"a": "secret", "b": "secret secret", "gone": 1, "left": "secret"}
        found = the_attributes(one, before)
        return {key: value for key, value in found.items() if key.startswith("redaction.")}

    def test_silent_says_nothing(self):
        assert self.summarised("silent") == {}

    def test_info_counts(self):
        assert self.summarised("info") == {
            "redaction.masked.count": 2,
            "redaction.redacted.count": 1,
            "redaction.ignored.count": 1,
        }

    def test_debug_names_the_keys_too(self):
        assert self.summarised("debug") == {
            "redaction.masked.count": 2,
            "redaction.masked.keys": "a,b",
            "redaction.redacted.count": 1,
            "redaction.redacted.keys": "gone",
            "redaction.ignored.count": 1,
            "redaction.ignored.keys": "left",
        }

    def test_a_call_of_the_api_has_its_summary_in_its_attributes(self):
        one = redaction(blocked_values=["secret"], summary="info")
        left = call_after(a_call({"a": "secret"}, {"q": "secret"}), one)
        assert orjson.loads(left.start.attributes) == {"a": "****", "redaction.masked.count": 2}


@pytest.mark.parametrize("field", ["blocked_values", "allowed_values", "blocked_key_patterns"])
def test_a_pattern_that_is_none_is_told(field):
    with pytest.raises(BadPattern, match="no RE2 regular expression"):
        redaction(**{field: ["ok", "(?=x)"]})


def test_patterns_may_be_longer_together_than_one_may_be():
    one = redaction(blocked_values=[f"{'x' * 80}{number}" for number in range(60)])
    assert the_attributes(one, {"a": f"my {'x' * 80}7"}) == {"a": "my ****"}


@pytest.mark.parametrize(
    "value", [{}, {"pattern": "x", "kind": "card"}, {"kind": "card", "checksum": "luhn"}]
)
def test_a_blocked_value_that_makes_no_sense_is_told(value):
    with pytest.raises(ValidationError):
        RedactionSettings(blocked_values=[value])
