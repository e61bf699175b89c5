"""File systems that record what is written, for tests of power cuts and failing disks."""

from __future__ import annotations

import itertools

import pytest

from tests.contract.store.crash_vfs import RecordingVFS, Tape

_NAMES = (f"recording{number}" for number in itertools.count())


@pytest.fixture
def tape():
    return Tape()


@pytest.fixture
def vfs(tape):
    name = next(_NAMES)
    registered = RecordingVFS(name, tape)
    yield name
    registered.unregister()
