"""Projects that keep their calls for another time: how a file says so, and what comes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from otel_bridge.service.announcing import _limits
from otel_bridge.service.keeping import writer_settings
from otel_bridge.store.limits import ProjectLimits

STORE = """
receivers: {otlp: {protocols: {http: }}}
exporters:
  store:
    retention: 14d
    projects:
      acme/shop: {retention: 30d}
      "archive/*": {retention: off}
service: {pipelines: {traces: {receivers: [otlp], exporters: [store]}}}
"""


def test_the_store_keeps_calls_of_some_projects_for_another_time(configure):
    config = configure(STORE).config
    assert config.project_retention == {"acme/shop": timedelta(days=30), "archive/*": None}
    assert writer_settings(config).project_limits == (
        ProjectLimits(projects="acme/shop", retention_seconds=30 * 86_400),
        ProjectLimits(projects="archive/*", retention_seconds=None),
    )
    assert _limits(config).startswith("kept 14 days but for 2 others, ")


def test_one_key_can_be_set_by_itself(configure):
    config = configure(STORE, sets=("exporters.store.projects.acme/shop.retention=2d",)).config
    assert config.project_retention == {"acme/shop": timedelta(days=2), "archive/*": None}


@pytest.mark.parametrize("name", ["shop", "/shop", "acme/"])
def test_what_is_no_project_is_an_error(problems, name):
    (problem,) = problems(STORE.replace("acme/shop", f'"{name}"'))
    assert "ENTITY/PROJECT" in problem
    assert name in problem


def test_a_project_without_a_time_is_an_error(problems):
    (problem,) = problems(STORE.replace("{retention: 30d}", "{}"))
    assert "exporters.store.projects.acme/shop.retention" in problem
