"""Every span has a project, or is rejected loudly (otlp-receiver.md §10)."""

from __future__ import annotations

import pytest

from otel_bridge.errors import InvalidRequest
from tests.fixtures.otlp_spans import a_message, a_request, decoded

BOTH = {"wandb.entity": "acme", "wandb.project": "shop"}


def project_of(resource=None, **options):
    (span,) = decoded(a_request(a_message(), resource=resource), **options).spans
    return span.origin.project_id


def test_the_resource_comes_first():
    assert project_of(BOTH, project_id="header/project", default_project="default/project") == "acme/shop"


def test_then_the_header():
    assert (
        project_of({"a": 1}, project_id=" header/project ", default_project="default/project")
        == "header/project"
    )


def test_then_the_default():
    assert project_of(default_project="default/project") == "default/project"


@pytest.mark.parametrize("key", BOTH)
def test_half_a_project_is_none(key):
    assert project_of({key: "x"}, default_project="default/project") == "default/project"


def test_one_request_may_carry_several_projects():
    request = a_request(a_message(), resource=BOTH)
    request.MergeFrom(a_request(a_message(), resource={"wandb.entity": "acme", "wandb.project": "other"}))
    assert [span.origin.project_id for span in decoded(request).spans] == ["acme/shop", "acme/other"]


def test_spans_without_a_project_are_rejected_naming_the_three_ways():
    request = a_request(a_message(), a_message())
    request.MergeFrom(a_request(a_message(), resource=BOTH))
    got = decoded(request, default_project=None)
    assert (len(got.spans), got.rejected) == (1, 2)
    (reason,) = got.reasons
    for way in ("2 spans rejected", "wandb.entity", "wandb.project", "project_id", "--default-project"):
        assert way in reason


@pytest.mark.parametrize("part", ["a/b", " ", "a\nb", 5, "x "])
@pytest.mark.parametrize("key", BOTH)
def test_a_malformed_project_rejects_its_spans(key, part):
    got = decoded(a_request(a_message(), resource=BOTH | {key: part}))
    assert (got.spans, got.rejected) == ([], 1)
    assert key in got.reasons[0]


@pytest.mark.parametrize("header", ["project", "a/b/c", "/b", "a/", "", "a\x00/b"])
def test_a_malformed_header_is_refused(header):
    with pytest.raises(InvalidRequest, match="ENTITY/PROJECT") as refused:
        decoded(a_request(a_message()), project_id=header)
    assert refused.value.field == "project_id"
