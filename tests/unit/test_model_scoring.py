"""Outcomes travel as JSON, whatever a scorer says."""

from __future__ import annotations

import re
from uuid import UUID

import msgspec
import pytest

from otel_bridge.model.scoring import Outcome, Task

TASK = Task(project_id="acme/app", call_id="c1", scorer_ref="weave:///acme/app/object/s:d")


@pytest.mark.parametrize("output", [b"true", b'"text"', b'{"a":[1,null]}', b"null", b"0.5"])
def test_an_output_comes_back_as_it_was_sent(output):
    sent = Outcome(task=TASK, attempt=1, state="done", output=msgspec.Raw(output))
    assert bytes(msgspec.json.decode(msgspec.json.encode(sent), type=Outcome).output) == output


def test_the_ids_of_a_task_are_its_own_and_always_the_same():
    again = Task(project_id="acme/app", call_id="c1", scorer_ref=TASK.scorer_ref, job_id="another")
    assert (TASK.run_id, TASK.trace_id, TASK.feedback_id) == (again.run_id, again.trace_id, again.feedback_id)
    others = [
        Task(project_id="acme/app", call_id="c2", scorer_ref=TASK.scorer_ref),
        Task(project_id="acme/app", call_id="c1", scorer_ref=TASK.scorer_ref, generation=1),
        Task(project_id="acme/other", call_id="c1", scorer_ref=TASK.scorer_ref),
    ]
    assert len({one.run_id for one in (TASK, *others)}) == 4
    assert len({TASK.run_id, TASK.feedback_id}) == 2
    assert UUID(TASK.run_id).version == UUID(TASK.feedback_id).version == 8
    assert str(UUID(TASK.run_id)) == TASK.run_id
    assert re.fullmatch(r"[0-9a-f]{32}", TASK.trace_id)
