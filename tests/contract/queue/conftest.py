from __future__ import annotations

import itertools

import pytest

from tests.contract.queue.records import Queue, Wheel
from tests.contract.store.crash_vfs import RecordingVFS, Tape

_NAMES = (f"queue{number}" for number in itertools.count())


@pytest.fixture
def wheel():
    return Wheel()


@pytest.fixture
def queue(tmp_path, wheel):
    opened = Queue(tmp_path / "queue.db", wheel=wheel)
    yield opened
    opened.close()


@pytest.fixture
def quick():
    """A file system that does not wait for the disk, for tests that open many queues."""
    name = next(_NAMES)
    registered = RecordingVFS(name, Tape())
    yield name
    registered.unregister()
