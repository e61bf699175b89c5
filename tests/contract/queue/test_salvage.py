"""A queue opens whatever its files have been through, and keeps what it cannot read."""

from __future__ import annotations

import os

import apsw
import pytest

from otel_bridge.errors import StartError, Unavailable
from otel_bridge.queue.sqlite.reader import SqliteQueueReader
from otel_bridge.queue.sqlite.salvage import open_queue
from tests.contract.queue.records import ANY_DISK, MANY, ONE, Queue, a_record


@pytest.fixture
def files(tmp_path):
    """A queue with a record and a dead letter's file, closed."""
    queue = Queue(tmp_path / "queue.db")
    queue.put(a_record("a"))
    queue.close()
    return queue.path, queue.dead_path


def opened(files):
    told = []
    writer = open_queue(*files, ONE, ANY_DISK, lost=lambda file, kept: told.append((file.name, kept.name)))
    records = writer.sizes().records
    writer.close()
    return told, records


def test_whole_files_are_opened_as_they_are(files):
    assert opened(files) == ([], 1)


@pytest.mark.parametrize(
    "noise", [b"no database at all" * 100, os.urandom(8192)], ids=["text", "random bytes"]
)
def test_a_queue_that_is_no_database_is_set_aside_and_a_new_one_begins(files, noise):
    path, _ = files
    path.write_bytes(noise)
    assert opened(files) == ([("queue.db", "queue.db.damaged-1")], 0)
    assert path.with_name("queue.db.damaged-1").read_bytes() == noise
    path.write_bytes(noise)
    assert opened(files) == ([("queue.db", "queue.db.damaged-2")], 0)


def test_a_queue_whose_first_pages_are_damaged_is_set_aside(files):
    path, _ = files
    content = bytearray(path.read_bytes())
    content[100:200] = b"\xff" * 100
    path.write_bytes(content)
    assert opened(files) == ([("queue.db", "queue.db.damaged-1")], 0)


def test_a_reader_goes_over_to_the_new_queue(files):
    path, _ = files
    reader = SqliteQueueReader(path)
    path.rename(path.with_name("aside"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with pytest.raises(Unavailable):
        reader.read("weave", 1, 0, max_calls=9, max_bytes=MANY)
    queue = Queue(path)
    queue.put(a_record("new"))
    (record,) = reader.read("weave", 1, 0, max_calls=9, max_bytes=MANY).records
    assert record.payload == b"new"
    queue.close()
    reader.close()


def test_damaged_dead_letters_leave_the_queue_alone(files):
    _, dead_path = files
    dead_path.write_bytes(b"no database at all" * 100)
    assert opened(files) == ([("dead_letters.db", "dead_letters.db.damaged-1")], 1)


def test_the_database_of_another_program_is_never_touched(files):
    path, _ = files
    path.unlink()
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StartError, match="another program"):
        opened(files)
    assert path.read_bytes() == before
