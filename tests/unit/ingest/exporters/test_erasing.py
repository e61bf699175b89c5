"""Erasing from files of exporters: what is meant goes, in whatever form, and nothing else changes."""

from __future__ import annotations

import os

import pytest
from msgspec.structs import replace

from otel_bridge.errors import InvalidRequest
from otel_bridge.ingest.exporters.erasing import FilesErasing
from otel_bridge.ingest.exporters.file import FileOutlet
from otel_bridge.ingest.exporters.remembered import WrittenFile, remember, remembered
from otel_bridge.ingest.exporters.settings import DebugSettings, FileSettings, Rotation
from otel_bridge.ingest.ledger import Ledger
from otel_bridge.model.call import CompletedCall, EndedCall, UpdatedCall
from otel_bridge.repair.erasing import erase_all
from otel_bridge.store.erasure import EraseCursor, Erased, Erasure
from otel_bridge.store.memory import MemoryStore
from otel_bridge.translate.calls import translate
from tests.fixtures.otlp_spans import a_message, a_request, decoded
from tests.fixtures.processing import a_call
from tests.unit.ingest.exporters.test_file import FORMS, numbers_in

ANN = Erasure(user="ann")
SECRET = b"what ann said"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out" / "spans.jsonl"


@pytest.fixture
def outlet(path):
    """Makes an exporter of the file; closed at the end."""
    made = []

    def make(**said) -> FileOutlet:
        settings = FileSettings(path=str(path), **said)
        made.append(FileOutlet(settings, lambda *_: None, default_project="local/default"))
        return made[-1]

    yield make
    for each in made:
        each.close()


def spans(*numbers: int, project: str | None = None, parent: int | None = None):
    """Spans of ann where the number is even, of ben where it is odd."""
    messages = [
        a_message(
            {"user.id": "ben" if n % 2 else "ann", "text": "fine" if n % 2 else SECRET.decode() * 50},
            span_id=n.to_bytes(8, "big"),
            parent_span_id=b"" if parent is None else parent.to_bytes(8, "big"),
        )
        for n in numbers
    ]
    return decoded(a_request(*messages), default_project=project or "local/default").spans


def keep(outlet: FileOutlet, *numbers: int, **said) -> None:
    outlet.put(outlet.spans(spans(*numbers, **said)), len(numbers))
    outlet.commit()


def erase(files, asked=ANN, **said) -> int:
    """Do all steps; return how many spans and calls went."""
    erasing = files if isinstance(files, FilesErasing) else FilesErasing(files, **said)
    cursor: EraseCursor | None = EraseCursor("files", 0, 0)
    copies = 0
    for _ in range(1000):
        done = erasing.step(asked, cursor)
        copies, cursor = copies + done.copies, done.cursor
        if cursor is None:
            return copies
    raise AssertionError("it does not end")


def written(path, form="json", compression="none", default_project="local/default"):
    return [
        WrittenFile(path=str(path), format=form, compression=compression, default_project=default_project)
    ]


@pytest.mark.parametrize(("form", "compression"), FORMS)
def test_what_is_meant_goes_and_the_rest_stays_as_it_was(path, outlet, form, compression):
    writing = outlet(format=form, compression=compression)
    keep(writing, 1, 2, 3)
    keep(writing, 4)
    keep(writing, 5)
    said = written(path, form, compression)
    assert erase(said, Erasure(user="ann", dry_run=True)) == 2
    assert numbers_in(path, form, compression) == [1, 2, 3, 4, 5]
    assert erase(said, own=[str(path)]) == 2
    assert numbers_in(path, form, compression) == [1, 3, 5]
    keep(writing, 7)
    assert numbers_in(path, form, compression) == [1, 3, 5, 7]
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert erase(said, own=[str(path)]) == 0


def test_files_that_were_put_aside_are_reached_and_keep_their_time(path, outlet):
    writing = outlet(rotation=Rotation(max_bytes=2500))
    for number in range(1, 9):
        keep(writing, number)
    aside = sorted(each for each in path.parent.iterdir() if each != path)
    assert len(aside) >= 2
    for each in aside:
        os.utime(each, (1_000_000, 1_000_000))
    assert erase(written(path), own=[str(path)]) == 4
    left = [number for each in (*aside, path) for number in numbers_in(each)]
    assert left == [1, 3, 5, 7]
    assert all(SECRET not in each.read_bytes() for each in path.parent.iterdir())
    assert {each.stat().st_mtime for each in aside} == {1_000_000}
    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o600}


def test_what_lies_below_goes_too_wherever_it_stands(path, outlet):
    writing = outlet()
    keep(writing, 11, parent=9)
    keep(writing, 9, parent=2)
    keep(writing, 2, 3)
    assert erase(written(path), own=[str(path)]) == 3
    assert numbers_in(path) == [3]


def test_only_spans_of_the_project_go_also_where_a_header_named_it(path, outlet):
    writing = outlet()
    keep(writing, 2)
    keep(writing, 4, project="acme/shop")
    assert erase(written(path), Erasure(user="ann", project_id="acme/shop"), own=[str(path)]) == 1
    assert numbers_in(path) == [2]
    assert erase(written(path), Erasure(user="ann", project_id="local/default"), own=[str(path)]) == 1
    assert numbers_in(path) == []


def test_calls_of_the_api_go_with_their_ends_and_names(path, outlet):
    writing = outlet()
    project = "acme/prod"
    ann = a_call(inputs={"q": SECRET.decode()}, attributes={"user.id": "ann"})
    assert isinstance(ann, CompletedCall)
    other = a_call(attributes={"user.id": "ben"}).start
    other = replace(other, id="b" * 16)
    changes = [
        ann,
        other,
        UpdatedCall(project_id=project, id=ann.start.id, display_name="of ann"),
        EndedCall(project_id=project, id="b" * 16, ended_at=2, summary=b"{}"),
    ]
    writing.put(writing.changes(changes), 4)
    writing.commit()
    before = path.read_bytes().splitlines()
    assert erase(written(path), own=[str(path)]) == 3
    assert path.read_bytes().splitlines() == [before[2], before[4]]


def test_the_old_bytes_are_overwritten_unless_somebody_else_keeps_the_file(path, outlet, tmp_path):
    keep(outlet(), 2)
    with path.open("rb") as old:
        assert erase(written(path), own=[str(path)]) == 1
        assert set(old.read()) == {0}
    path.unlink()
    keep(outlet(name="again"), 4)
    os.link(path, tmp_path / "kept")
    assert erase(written(path), own=[str(path)]) == 1
    assert numbers_in(tmp_path / "kept") == [4]


def test_a_file_that_grows_or_is_put_aside_meanwhile_loses_nothing(path, outlet, monkeypatch):
    monkeypatch.setattr("otel_bridge.ingest.exporters.rewriting.STEP_BYTES", 1)
    writing = outlet(rotation=Rotation(max_bytes=12_000))
    for number in range(1, 9):
        keep(writing, number)
    erasing = FilesErasing(written(path), [str(path)])
    cursor, more = EraseCursor("files", 0, 0), iter(range(9, 41, 2))
    while cursor is not None:
        cursor = erasing.step(ANN, cursor).cursor
        for number in [each for each in [next(more, None)] if each is not None]:
            keep(writing, number)
    files = sorted(each for each in path.parent.iterdir() if each != path)
    left = [number for each in (*files, path) for number in numbers_in(each)]
    assert sorted(left) == list(range(1, 41, 2))


def test_one_erasure_waits_for_another_and_one_that_was_left_is_forgotten(path, outlet, monkeypatch):
    monkeypatch.setattr("otel_bridge.ingest.exporters.rewriting.STEP_BYTES", 1)
    keep(outlet(), 1)
    erasing = FilesErasing(written(path), [str(path)])
    first = erasing.step(ANN, EraseCursor("files", 0, 0))
    assert first.cursor == EraseCursor("files", 1, 1)
    asked, begin = Erasure(user="ben"), EraseCursor("files", 0, 0)
    assert erasing.step(asked, begin).cursor == begin
    monkeypatch.setattr("otel_bridge.ingest.exporters.erasing.HOLD_SECONDS", 0.0)
    erasing.step(ANN, first.cursor)
    assert erase(erasing, asked) == 1
    assert numbers_in(path) == []


def test_what_a_killed_erasure_left_beside_a_file_goes_with_the_next_start(path, outlet):
    keep(outlet(), 1)
    left = path.with_name(path.name + ".erasing")
    left.write_bytes(SECRET)
    FilesErasing(written(path))
    assert not left.exists()


def test_a_file_that_another_process_writes_is_not_touched(path, outlet):
    keep(outlet(), 2)
    with pytest.raises(InvalidRequest, match="written by another process"):
        erase(written(path))
    assert numbers_in(path) == [2]


@pytest.mark.parametrize("text", ["dear diary, ann\n", '{"resourceSpans": [{"ann\n', '{"mode": 7}\nann'])
def test_what_is_none_of_ours_stays(path, text):
    path.parent.mkdir()
    path.write_text(text)
    assert erase(written(path)) == 0
    assert erase(written(path, "proto", "zstd")) == 0
    assert path.read_text() == text


def test_where_exporters_have_written_is_remembered_after_they_are_gone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = FileSettings(name="a", path="spans.jsonl")
    remember(tmp_path, [first, DebugSettings()], "acme/shop")
    remember(tmp_path, [FileSettings(path="/elsewhere/x.pb", format="proto", compression="zstd")], None)
    assert remembered(tmp_path) == [
        WrittenFile(path=str(tmp_path / "spans.jsonl"), default_project="acme/shop"),
        WrittenFile(path="/elsewhere/x.pb", format="proto", compression="zstd"),
    ]
    assert remembered(tmp_path / "other") == []


def erase_in(ledger: Ledger, asked: Erasure) -> tuple[Erased, list[str]]:
    """Do all steps of an erasure; what they came to, and their phases."""
    phases: list[str] = []

    def step(asked: Erasure, cursor: EraseCursor | None) -> Erased:
        phases.append("begin" if cursor is None else cursor.phase)
        ledger.begin()
        done = ledger.erase(asked, cursor)
        ledger.commit()
        return done

    return erase_all(step, asked), list(dict.fromkeys(phases))


def test_a_bridge_that_only_writes_files_erases_from_them(path, outlet):
    keep(outlet(), 1, 2, 4)
    ledger = Ledger(None, None, files=FilesErasing(written(path), [str(path)]))
    found, phases = erase_in(ledger, Erasure(user="ann", dry_run=True))
    assert (found.calls, found.copies, phases) == (0, 2, ["begin", "files"])
    assert numbers_in(path) == [1, 2, 4]
    done, phases = erase_in(ledger, ANN)
    assert (done.calls, done.copies, phases) == (0, 2, ["begin", "files"])
    assert numbers_in(path) == [1]


def test_files_come_after_the_store_and_before_its_cleaning(path, outlet):
    keep(outlet(), 1, 2)
    store = MemoryStore()
    store.begin()
    store.apply([translate(span) for span in spans(1, 2, 3, 4)], received_at=1)
    store.commit()
    ledger = Ledger(store, None, files=FilesErasing(written(path), [str(path)]))
    done, phases = erase_in(ledger, ANN)
    assert (done.calls, done.copies) == (2, 1)
    assert phases[0] == "begin"
    assert phases[-2:] == ["files", "clean"]
    assert numbers_in(path) == [1]


def test_without_store_queue_and_files_there_is_nothing_to_erase_from():
    with pytest.raises(InvalidRequest, match="keeps no calls"):
        Ledger(None, None).erase(ANN, None)
