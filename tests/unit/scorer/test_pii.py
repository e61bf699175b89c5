"""`pii`: what is found, what only looks like it, and that a result tells places and no more."""

from __future__ import annotations

import orjson
import pytest

from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.rules.opening import open_rule
from tests.unit.scorer.rules import scored

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCD"


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("email", "ada.lovelace+math@mail.example.co.uk"),
        ("email", "a@b.io"),
        ("phone", "+49 30 1234567"),
        ("phone", "+1 (555) 123-4567"),
        ("phone", "+442071838750"),
        ("phone", "0044 20 7183 8750"),
        ("phone", "(555) 123-4567"),
        ("phone", "555-123-4567"),
        ("phone", "1-555-123-4567"),
        ("credit_card", "4111 1111 1111 1111"),
        ("credit_card", "5500-0000-0000-0004"),
        ("credit_card", "378282246310005"),
        ("credit_card", "2223003122003222"),
        ("credit_card", "30569309025904"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "GB82WEST12345698765432"),
        ("iban", "NO9386011117947"),
        ("ip_address", "203.0.113.9"),
        ("ip_address", "10.1.2.3"),
        ("ip_address", "2001:db8::8a2e:370:7334"),
        ("ip_address", "fe80::1"),
        ("us_ssn", "536-90-4399"),
        ("us_ssn", "536 90 4399"),
        ("secret", f"sk-{KEY}"),
        ("secret", f"sk-proj-{KEY}"),
        ("secret", f"sk-ant-api03-{KEY}"),
        ("secret", f"ghp_{KEY}"),
        ("secret", f"github_pat_{KEY}{KEY}"),
        ("secret", f"glpat-{KEY}"),
        ("secret", "xoxb-1234567890-abcdef"),
        ("secret", "AKIAIOSFODNN7EXAMPLE"),
        ("secret", f"hf_{KEY}"),
        ("secret", f"sk_live_{KEY}"),
        ("secret", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w"),
        ("secret", "-----BEGIN RSA PRIVATE KEY-----"),
        ("secret", f"Bearer {KEY}"),
    ],
)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("Größe: ", ", so"), ("(", ")."), ("<", "> AND")])
def test_personal_data_and_secrets_are_found_where_they_are(kind, found, before, after):
    result = scored("pii", {}, f"{before}{found}{after}")
    (finding,) = result["findings"]
    assert finding == {
        "kind": kind, "path": "output", "start": len(before), "end": len(before) + len(found),
    }  # fmt: skip
    assert (result["passed"], result["count"], result["kinds"]) == (False, 1, {kind: 1})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ada@localhost", id="an-address-without-domain"),
        pytest.param("@ada, look", id="a-mention"),
        pytest.param("4111 1111 1111 1112", id="a-card-with-a-wrong-digit"),
        pytest.param("1764341234567891", id="microseconds"),
        pytest.param("0000 0000 0000 0000", id="zeros"),
        pytest.param("x4111111111111111", id="digits-in-a-word"),
        pytest.param("0.4111111111111111", id="a-fraction"),
        pytest.param("3fa85f64-5717-4562-b3fc-2c963f66afa6", id="a-uuid"),
        pytest.param("DE89 3704 0044 0532 0130 01", id="an-iban-with-a-wrong-digit"),
        pytest.param("version 1.2.3.4.5", id="five-numbers"),
        pytest.param("300.1.1.1", id="no-address"),
        pytest.param("127.0.0.1 and ::1 and 0.0.0.0", id="this-machine"),
        pytest.param("std::vector<a::b> at 12:30:45", id="colons"),
        pytest.param("000-12-3456 and 666-12-3456 and 912-12-3456", id="no-social-security-number"),
        pytest.param("2026-11-28T12:30:45.123456Z", id="a-time"),
        pytest.param("12-34-5678 or 12,345,678.90", id="numbers"),
        pytest.param("sk-short and task-abcdefghijklmnopqrstuvwxyz", id="words-with-sk"),
        pytest.param("eyJhbGciOiJIUzI1NiJ9", id="half-a-token"),
        pytest.param("The year 2026, 1999-2001, page 123-456.", id="prose"),
    ],
)
def test_what_only_looks_like_it_is_not_found(text):
    assert scored("pii", {}, text)["findings"] == []


def test_a_result_tells_places_and_never_what_stands_there():
    secret, card = f"sk-{KEY}", 4111111111111111
    output = {"text": f"use {secret}", "more": [{"n.o": card}], "ada@example.com": {"x": "ada@example.org"}}
    result = scored("pii", {"fields": ["output", "inputs"]}, output, inputs={"q": secret})
    assert [(one["kind"], one["path"]) for one in result["findings"]] == [
        ("email", "output.*"),
        ("secret", "output.text"),
        ("credit_card", r"output.more.0.n\.o"),
        ("email", "output.*.x"),
        ("secret", "inputs.q"),
    ]
    told = orjson.dumps(result).decode()
    assert not any(part in told for part in (secret, str(card), "ada@example"))


def test_only_the_wanted_kinds_are_looked_for_and_what_is_allowed_does_not_count():
    text = f"help@example.com, ada@example.com, +49 30 1234567, sk-{KEY}"
    settings = {"kinds": ["email", "phone"], "allow": [r"help@example\.com", r"\+49.*"]}
    result = scored("pii", settings, text)
    assert [text[one["start"] : one["end"]] for one in result["findings"]] == ["ada@example.com"]


def test_a_number_is_of_one_kind_only():
    result = scored("pii", {}, "IBAN GB82 WEST 1234 5698 7654 32 and card 4111 1111 1111 1111")
    assert result["kinds"] == {"iban": 1, "credit_card": 1}


def test_one_number_does_not_hide_the_next():
    text = "GB82 WEST 1234 5698 7654 32 AND DE89 3704 0044 0532 0130 00, AB12 NO93 8601 1117 947"
    found = [text[one["start"] : one["end"]] for one in scored("pii", {}, text)["findings"]]
    assert found == ["GB82 WEST 1234 5698 7654 32", "DE89 3704 0044 0532 0130 00", "NO93 8601 1117 947"]


def test_a_call_full_of_findings_is_told_in_part():
    result = scored("pii", {}, ["a@example.com"] * 5000)
    assert (result["count"], len(result["findings"]), result["complete"]) == (1000, 100, False)


def test_a_call_without_the_fields_passes_unless_told_otherwise():
    assert scored("pii", {}, None)["passed"]
    assert scored("pii", {"missing": "fail"}, None)["reason"] == "the call has no output"


def test_a_pattern_that_re2_does_not_take_says_so():
    with pytest.raises(Unusable, match=r"the pattern '\(' is no RE2 regular expression"):
        open_rule("pii", {"allow": "("})
