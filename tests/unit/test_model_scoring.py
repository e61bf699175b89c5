"""Outcomes travel as JSON, whatever a scorer says."""

from __future__ import annotations

import msgspec
import pytest

from otel_bridge.model.scoring import Outcome, Task

TASK = Task(project_id="acme/app", call_id="c1", scorer_ref="weave:///acme/app/object/s:d")


@pytest.mark.parametrize("output", [b"true", b'"text"', b'{"a":[1,null]}', b"null", b"0.5"])
def test_an_output_comes_back_as_it_was_sent(output):
    sent = Outcome(task=TASK, attempt=1, state="done", output=msgspec.Raw(output))
    assert bytes(msgspec.json.decode(msgspec.json.encode(sent), type=Outcome).output) == output
