"""The `file` exporter: what is kept is in the file, whole; what is torn goes; large files are put aside."""

from __future__ import annotations

import os
import time
from itertools import pairwise

import orjson
import pytest
import zstandard
from msgspec.structs import replace
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from otel_bridge.errors import StartError, Unavailable
from otel_bridge.ingest.exporters.file import FileOutlet
from otel_bridge.ingest.exporters.settings import FileSettings, Rotation
from otel_bridge.model.call import CompletedCall, DeletedCalls, UpdatedCall
from tests.fixtures.otlp_spans import a_message, a_request, decoded
from tests.fixtures.processing import a_call

FORMS = [("json", "none"), ("json", "zstd"), ("proto", "none"), ("proto", "zstd")]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out" / "spans.jsonl"


@pytest.fixture
def opened(path):
    """Opens the file with some settings; closed at the end."""
    outlets = []

    def open_(told=None, **said) -> FileOutlet:
        heard = told if told is not None else []
        settings = FileSettings(path=str(path), **said)
        outlet = FileOutlet(settings, lambda outcome, count: heard.append((outcome, count)))
        outlets.append(outlet)
        return outlet

    yield open_
    for outlet in outlets:
        outlet.close()


def spans(*numbers: int):
    return decoded(a_request(*(a_message({"n": n}, span_id=n.to_bytes(8, "big")) for n in numbers))).spans


def keep(outlet: FileOutlet, *numbers: int) -> None:
    outlet.put(outlet.spans(spans(*numbers)), len(numbers))
    outlet.commit()


def numbers_in(path, form="json", compression="none") -> list[int]:
    """Read what a file holds, strictly: a piece that is torn is an error."""
    data = path.read_bytes()
    if compression == "zstd":
        with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
            data = reader.read()
    if form == "proto":
        scopes = [scope for each in TracesData.FromString(data).resource_spans for scope in each.scope_spans]
        return [int.from_bytes(span.span_id, "big") for scope in scopes for span in scope.spans]
    documents = [orjson.loads(line) for line in data.splitlines()]
    scopes = [s for one in documents for each in one["resourceSpans"] for s in each["scopeSpans"]]
    return [int(span["spanId"], 16) for scope in scopes for span in scope["spans"]]


@pytest.mark.parametrize(("form", "compression"), FORMS)
def test_what_is_kept_is_in_the_file_and_a_later_run_adds_to_it(path, opened, form, compression):
    first = opened(format=form, compression=compression)
    keep(first, 1, 2)
    keep(first, 3)
    first.close()
    keep(opened(format=form, compression=compression), 4)
    assert numbers_in(path, form, compression) == [1, 2, 3, 4]
    assert path.stat().st_mode & 0o777 == 0o600  # prompts are personal data
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("form", "compression"), FORMS)
def test_an_end_that_a_crash_left_half_written_is_removed(path, opened, form, compression):
    first = opened(format=form, compression=compression)
    keep(first, 1, 2)
    whole = path.stat().st_size
    keep(first, 3)
    first.close()
    everything = path.read_bytes()
    for cut in range(whole, len(everything)):
        path.write_bytes(everything[:cut])
        again = opened(format=form, compression=compression)
        assert again.cut == cut - whole
        keep(again, 4)
        again.close()
        assert numbers_in(path, form, compression) == [1, 2, 4]


@pytest.mark.parametrize(("form", "compression"), FORMS)
def test_a_file_that_holds_something_else_is_left_alone(path, opened, form, compression):
    path.parent.mkdir()
    path.write_text("dear diary\n")
    with pytest.raises(StartError, match="holds something else"):
        opened(format=form, compression=compression)
    assert path.read_text() == "dear diary\n"


def test_a_file_is_written_by_one_process(opened):
    opened()
    with pytest.raises(StartError, match="another process writes it"):
        opened()


def test_a_file_that_cannot_be_is_told_with_its_exporter(path, opened):
    path.mkdir(parents=True)
    with pytest.raises(StartError, match=r"exporter file: cannot use .*spans\.jsonl"):
        opened()


def test_a_group_that_is_rolled_back_is_not_in_the_file(path, opened):
    outlet = opened()
    outlet.put(outlet.spans(spans(1)), 1)
    outlet.rollback()
    keep(outlet, 2)
    assert numbers_in(path) == [2]


class FullDisk:
    """Lets some bytes through, then none."""

    def __init__(self, monkeypatch, room: int) -> None:
        self.room = room
        self.write = os.write
        monkeypatch.setattr(os, "write", self)

    def __call__(self, fd, data):
        if not self.room:
            raise OSError(28, "No space left on device")
        taken = self.write(fd, bytes(data[: self.room]))
        self.room -= taken
        return taken


def test_a_group_that_does_not_fit_on_the_disk_is_refused_and_leaves_nothing(path, opened, monkeypatch):
    outlet = opened()
    keep(outlet, 1)
    with monkeypatch.context() as context:
        FullDisk(context, room=40)
        with pytest.raises(Unavailable, match="exporter file"):
            keep(outlet, 2)
    assert numbers_in(path) == [1]
    keep(outlet, 3)
    assert numbers_in(path) == [1, 3]


def test_what_a_failure_left_behind_is_cut_before_more_is_added(path, opened, monkeypatch):
    outlet = opened()
    keep(outlet, 1)
    with monkeypatch.context() as context:
        FullDisk(context, room=40)
        context.setattr(os, "ftruncate", FullDisk(context, room=0))
        with pytest.raises(Unavailable):
            keep(outlet, 2)
    keep(outlet, 3)
    assert numbers_in(path) == [1, 3]


def test_a_sync_that_fails_keeps_nothing(path, opened, monkeypatch):
    outlet = opened()
    with monkeypatch.context() as context:
        context.setattr(os, "fsync", FullDisk(context, room=0))
        context.setattr(os, "write", os.write)
    with monkeypatch.context() as context:

        def broken(fd):
            raise OSError(5, "Input/output error")

        context.setattr(os, "fsync", broken)
        with pytest.raises(Unavailable):
            keep(outlet, 1)
    assert numbers_in(path) == []


def test_a_file_that_is_not_required_refuses_nobody_and_counts_what_it_missed(path, opened, monkeypatch):
    told: list[tuple[str, int]] = []
    outlet = opened(told, required=False)
    with monkeypatch.context() as context:
        FullDisk(context, room=0)
        keep(outlet, 1, 2)
    keep(outlet, 3)
    outlet.maintain()
    outlet.maintain()
    assert told == [("missed", 2), ("sent", 1)]
    assert numbers_in(path) == [3]


def test_only_a_required_file_is_synced_before_the_answer(opened, path, monkeypatch, tmp_path):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    required = opened()
    synced.clear()
    keep(required, 1)
    assert len(synced) == 1
    required.close()
    now = [100.0]
    settings = FileSettings(path=str(tmp_path / "other.jsonl"), required=False, flush_seconds=2.0)
    other = FileOutlet(settings, print, clock=lambda: now[0])
    synced.clear()
    keep(other, 1)
    other.maintain()
    assert synced == []
    now[0] += 2
    other.maintain()
    other.maintain()
    assert len(synced) == 1
    other.close()


@pytest.mark.parametrize(("form", "compression"), FORMS)
def test_a_file_that_is_large_is_put_aside_and_nothing_is_cut_in_two(path, opened, form, compression):
    outlet = opened(format=form, compression=compression, rotation=Rotation(max_bytes=600))
    for number in range(1, 21):
        keep(outlet, number)
    files = sorted(path.parent.iterdir())
    aside = [file for file in files if file != path]
    assert len(aside) > 1
    assert all(file.stat().st_size <= 600 for file in files)
    found = [number for file in (*aside, path) for number in numbers_in(file, form, compression)]
    assert found == list(range(1, 21))
    assert all(before.name < after.name for before, after in pairwise(aside))


def test_of_what_was_put_aside_the_last_ones_stay(path, opened):
    outlet = opened(rotation=Rotation(max_bytes=1, max_backups=2))
    for number in range(1, 8):
        keep(outlet, number)
    aside = [file for file in sorted(path.parent.iterdir()) if file != path]
    assert [numbers_in(file) for file in (*aside, path)] == [[5], [6], [7]]


def test_what_was_put_aside_long_ago_goes_and_foreign_files_stay(path, opened):
    outlet = opened(rotation=Rotation(max_bytes=1, max_days=3))
    foreign = path.with_name("spans-mine.jsonl")
    foreign.write_text("mine")
    keep(outlet, 1)
    keep(outlet, 2)
    (aside,) = [file for file in path.parent.iterdir() if file not in {path, foreign}]
    for file in (aside, foreign):
        os.utime(file, (0, time.time() - 4 * 86_400))
    outlet.maintain()
    assert sorted(path.parent.iterdir()) == sorted([path, foreign])


@pytest.mark.parametrize("how", ["moved", "removed", "emptied"])
def test_a_file_that_another_program_rotates_begins_anew(path, opened, how):
    outlet = opened()
    keep(outlet, 1)
    if how == "moved":
        path.rename(path.with_suffix(".1"))
    elif how == "removed":
        path.unlink()
    else:
        os.truncate(path, 0)
    keep(outlet, 2)
    assert numbers_in(path) == [2]


def test_what_the_api_wrote_is_a_line_for_each_item(path, opened):
    outlet, call = opened(), a_call()
    changes = [
        CompletedCall(replace(call.start, inputs=b'{"a":\n1}'), call.end),
        UpdatedCall(project_id="acme/prod", id="2" * 16, display_name="mine"),
        DeletedCalls(project_id="acme/prod", ids=("3" * 16,)),
    ]
    outlet.put(outlet.changes(changes), 3)
    outlet.commit()
    start, end, update, delete = map(orjson.loads, path.read_bytes().splitlines())
    assert (start["mode"], start["req"]["start"]["op_name"]) == ("start", "chat")
    assert (end["mode"], end["req"]["end"]["id"]) == ("end", start["req"]["start"]["id"])
    assert update["req"] == {"project_id": "acme/prod", "call_id": "2" * 16, "display_name": "mine"}
    assert delete == {"mode": "delete", "req": {"project_id": "acme/prod", "call_ids": ["3" * 16]}}


def test_calls_have_no_place_in_a_file_of_protobuf(opened):
    assert not opened(format="proto").takes_calls
