"""The `kafka` extension: what may be written, what it means to librdkafka, and that secrets stay secret."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from otel_bridge.jobs.kafka.options import consumer_options, producer_options
from otel_bridge.jobs.kafka.settings import KafkaSettings

ALL = {
    "brokers": ["kafka-1:9093", "[::1]:9093"],
    "sasl": {"mechanism": "SCRAM-SHA-512", "username": "bridge", "password": "hunter2"},
    "tls": {"ca_file": "/etc/ca.pem", "cert_file": "/etc/cert.pem", "key_file": "/etc/key.pem",
            "key_password": "hunter3"},
    "properties": {"sasl.oauthbearer.client.secret": "hunter4", "socket.keepalive.enable": True},
}  # fmt: skip


def test_the_contract_s_example_is_understood():
    settings = KafkaSettings.model_validate(
        {"brokers": ["a:1,b:2"], "topic": "weave.score_calls", "group_id": "otel-bridge", "acks": "all",
         "enable_idempotence": True}
    )  # fmt: skip
    assert settings.brokers == ("a:1", "b:2")
    assert settings.call_ended_topic == "weave.call_ended"
    assert settings.dead_letter_topic == "weave.score_calls.dead_letter"


def test_a_producer_keeps_every_message_once_and_a_consumer_commits_nothing_by_itself():
    settings = KafkaSettings(brokers="a:1")
    produces = producer_options(settings)
    assert (produces["acks"], produces["enable.idempotence"]) == ("all", True)
    assert (produces["message.timeout.ms"], produces["partitioner"]) == (10_000, "murmur2_random")
    consumes = consumer_options(settings, "group")
    assert (consumes["enable.auto.commit"], consumes["enable.auto.offset.store"]) == (False, False)
    assert consumes["partition.assignment.strategy"] == "cooperative-sticky"
    assert (consumes["group.id"], consumes["auto.offset.reset"]) == ("group", "earliest")


def test_sasl_and_tls_reach_the_client():
    options = producer_options(KafkaSettings.model_validate(ALL))
    assert options["security.protocol"] == "SASL_SSL"
    assert (options["sasl.mechanism"], options["sasl.username"], options["sasl.password"]) == (
        "SCRAM-SHA-512",
        "bridge",
        "hunter2",
    )
    assert (options["ssl.ca.location"], options["ssl.key.password"]) == ("/etc/ca.pem", "hunter3")
    assert options["enable.ssl.certificate.verification"] is True
    assert options["socket.keepalive.enable"] == "true"


@pytest.mark.parametrize(
    "shown", [repr, str, lambda one: one.model_dump_json(), lambda one: str(one.model_dump())]
)
def test_secrets_are_never_shown(shown):
    assert "hunter" not in shown(KafkaSettings.model_validate(ALL))


def test_a_child_is_told_the_secrets():
    settings = KafkaSettings.model_validate(ALL)
    assert KafkaSettings.model_validate_json(settings.in_the_clear()) == settings


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"brokers": []}, "at least 1"),
        ({"brokers": "kafka"}, "HOST:PORT"),
        ({"brokers": ["kafka:70000"]}, "HOST:PORT"),
        ({"topic": "with space"}, "name of a topic"),
        ({"topic": "same", "dead_letter_topic": "same"}, "three topics"),
        ({"acks": "1"}, "'all'"),
        ({"group_id": ""}, "at least 1"),
        ({"key_buckets": 0}, "greater than or equal to 1"),
        ({"timeout": "0s"}, "greater than or equal to 1 second"),
        ({"security_protocol": "SASL_SSL"}, "do not belong together"),
        ({"security_protocol": "PLAINTEXT", "tls": {}}, "uses no tls"),
        ({"projects": {"a": "e/p", "b": "e/p"}}, "same project"),
        ({"projects": {"a": "ep"}}, "ENTITY/PROJECT"),
        ({"properties": {"acks": "0", "group.id": "x"}}, "acks, group.id"),
        ({"offset": "latest"}, "Extra inputs"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(changes, why):
    with pytest.raises(ValidationError, match=why):
        KafkaSettings.model_validate({"brokers": ["a:1"]} | changes)
