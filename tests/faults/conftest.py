"""A sidecar and its upstream, for tests that watch what leaves and what arrives."""

from __future__ import annotations

import pytest

from tests.faults.sidecar import config, sidecar
from tests.faults.upstream import upstream


@pytest.fixture
def weave():
    """An upstream of the test's own."""
    with upstream() as server:
        yield server


@pytest.fixture
def start(tmp_path, weave):
    """Start an impatient sidecar: `with start(timeout="1s") as bridge`; the keys are the exporter's."""

    def starts(*flags: str, **exporter: object):
        file = config(tmp_path / "bridge.json", weave.url, **exporter)
        return sidecar(tmp_path / "data", weave.url, file, *flags)

    return starts
