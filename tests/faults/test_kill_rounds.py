"""The promise of a sidecar, at random: see `tests.faults.kill_rounds` for a thousand rounds."""

from __future__ import annotations

import pytest

from tests.faults.kill_rounds import rounds


@pytest.mark.long
def test_four_kills_lose_nothing_that_was_acknowledged(tmp_path):
    tally = rounds(4, tmp_path, seed=4)
    assert tally["rounds"] == 4
    assert tally["acknowledged"] > 0
    assert tally["arrived"] >= tally["acknowledged"]
