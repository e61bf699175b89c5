"""What is promised of scoring, at random: see `tests.faults.scoring_rounds` for hundreds of rounds."""

from __future__ import annotations

import pytest

from tests.faults.scoring_rounds import rounds


@pytest.mark.long
def test_kills_lose_no_job_and_double_no_result(tmp_path):
    tally = rounds(2, tmp_path, seed=3)
    assert tally["results"] >= tally["promised"] > 0
    assert tally["failed"] == 0


@pytest.mark.long
def test_many_kills_lose_no_job_and_double_no_result(tmp_path):
    tally = rounds(25, tmp_path, seed=5)
    assert tally["results"] >= tally["promised"] > 0
