"""What the writer process keeps things in: opened anew where other settings say so, else as it was."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from otel_bridge.errors import Unavailable
from otel_bridge.ingest.kept import Kept
from otel_bridge.ingest.settings import QueueSettings, WriterSettings
from otel_bridge.pipeline.plan import Component, Pipeline, Plan
from otel_bridge.queue.base import Destination


@pytest.fixture
def settings(tmp_path):
    return WriterSettings(
        data_dir=str(tmp_path), retention_seconds=None, max_bytes=None, default_project="a/b"
    )


@pytest.fixture
def kept(settings):
    with Kept(settings, None, lambda _: None) as opened:
        yield opened


def a_queue(folder) -> QueueSettings:
    return QueueSettings(
        path=str(folder / "queue.db"),
        dead_path=str(folder / "dead" / "dead_letters.db"),
        destinations=(Destination("weave"),),
    )


def test_what_settings_say_alike_stays_open(kept, settings):
    store = kept.store
    kept.switch(replace(settings, default_project="c/d"))
    assert kept.store is store
    assert kept.settings.default_project == "c/d"


def test_what_they_say_otherwise_is_opened_anew(kept, settings, tmp_path):
    store = kept.store
    kept.switch(replace(settings, retention_seconds=60, queue=a_queue(tmp_path)))
    assert kept.store is not store
    assert kept.queue is not None
    assert kept.queue_is_new


def test_when_something_cannot_be_opened_everything_is_as_it_was(kept, settings, tmp_path):
    (tmp_path / "file").write_text("no directory")
    with pytest.raises(Unavailable, match="cannot make the directory"):
        kept.switch(replace(settings, retention_seconds=60, queue=a_queue(tmp_path / "file")))
    assert kept.settings == settings
    assert kept.queue is None
    kept.store.begin()
    kept.store.rollback()


def test_pipelines_that_make_no_sense_close_nothing(kept, settings):
    store = kept.store
    wrong = Component("redaction", {"blocked_values": ["("], "allow_all_keys": True})
    line = Pipeline("traces", ("otlp",), ("redaction",), ("store",))
    with pytest.raises(ValueError, match="RE2"):
        kept.switch(replace(settings, pipelines=Plan((line,), {"redaction": wrong}, {}, ("store",))))
    assert kept.store is store
