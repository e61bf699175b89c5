"""The JSON Schema: it is one, it takes what the bridge takes, and says what keys mean."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import orjson
import pytest
import yaml

from otel_bridge.config_file.builtin import PROFILES, text_of
from otel_bridge.config_file.notes import models_in, notes_of
from otel_bridge.config_file.published import json_schema
from otel_bridge.config_file.registry import KINDS, TYPES
from otel_bridge.config_file.service import Shell

FILES = sorted((Path(__file__).parents[3] / "config").glob("*.yaml"))
TEXTS = {path.stem: path.read_text() for path in FILES} | {f"profile {one}": text_of(one) for one in PROFILES}
ROOTS = [Shell, *(one.model for kind in KINDS for one in TYPES[kind].values())]
MODELS = list(dict.fromkeys(inner for root in ROOTS for inner in models_in(root)))
OURS = [
    model for model in MODELS if not model.__module__.startswith(("otel_bridge.scorer.", "otel_bridge.jobs."))
]
"""What is about scoring has a page of its own."""


@pytest.fixture(scope="module")
def schema():
    return json_schema()


@pytest.fixture(scope="module")
def validator(schema):
    return jsonschema_rs.validator_for(schema)


def test_it_is_a_schema_of_draft_2020_12(schema):
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(schema)


@pytest.mark.parametrize("name", TEXTS)
def test_every_file_and_profile_follows_it(validator, name):
    assert [error.message for error in validator.iter_errors(yaml.safe_load(TEXTS[name]))] == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("receivers: {oltp: {}}", "receivers"),
        ("exporters: {weave: {endpoint: 'http://a', timeuot: 1s}}", "exporters"),
        ("exporters: {weave: {endpoint: 'http://a', required: often}}", "exporters"),
        ("exporters: {store: {retention: [1]}}", "exporters"),
        ("service: {pipelines: {traces: {receivers: [otlp]}}}", "service"),
        ("processors: {batch: {}}", "processors"),
    ],
)
def test_what_the_bridge_refuses_an_editor_marks(validator, change, where):
    document = yaml.safe_load(text_of("standalone")) | yaml.safe_load(change)
    assert [next(iter(error.instance_path)) for error in validator.iter_errors(document)] == [where]


def test_durations_are_written_as_people_write_them_in_every_model(schema):
    kafka = schema["$defs"]["KafkaSettings"]["properties"]["timeout"]
    limiter = schema["$defs"]["MemoryLimiterSettings"]["properties"]["check_interval"]
    assert [kafka["default"], limiter["default"]] == ["10s", "1s"]
    assert {each["title"] for each in (kafka, limiter)} == {"duration"}
    assert b'"format":"duration"' not in orjson.dumps(schema), "ISO 8601 is not what is read"


def test_references_may_stand_for_anything(validator):
    document = yaml.safe_load(text_of("standalone"))
    document["exporters"] = {
        "store": None,
        "weave": {"endpoint": "${env:URL}", "required": "${env:R:-true}", "sending_queue": "${env:QUEUE}"},
        "weave/b": {"endpoint": "${env:URL}", "sending_queue": {"num_consumers": "${N}"}, "auth": None},
    }
    assert validator.is_valid(document)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_says_what_it_is(model):
    assert model.__doc__


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_key_says_what_it_is(model):
    assert set(notes_of(model)) == set(model.model_fields)
    assert all(note.endswith(".") for note in notes_of(model).values())


def test_descriptions_are_in_the_schema(schema):
    queue = schema["$defs"]["SendingQueue"]["properties"]["num_consumers"]
    assert queue["description"] == "How many requests of one project are under way at a time."
    assert queue["default"] == 4
