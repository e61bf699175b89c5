"""What waits in a queue, and dead letters, as one kind of thing; and how each looks in a file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from otel_bridge.commands.otlp_files import to_json
from otel_bridge.model.call import CompletedCall, DeletedCalls, EndedCall, StartedCall, UpdatedCall
from otel_bridge.queue.base import Record
from otel_bridge.queue.payload import UnreadablePayload, read_changes, read_spans
from otel_bridge.translate.batch import upsert_batch
from otel_bridge.translate.calls import translate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otel_bridge.queue.sqlite.dead import DeadLetters, Letter
    from otel_bridge.queue.sqlite.reader import SqliteQueueReader

STEP_RECORDS: Final = 64
"""Records of a lane that are read at once."""


class Which(Struct, frozen=True):
    """What is asked for; None: whatever there is."""

    destination: str | None = None
    project: str | None = None
    reason: str | None = None

    def takes(self, destination: str, project_id: str) -> bool:
        """Tell whether a destination and a project are asked for."""
        return self.destination in {None, destination} and self.project in {None, project_id}


class Item(Struct, frozen=True):
    """A record that waits for a destination, or a dead letter of one: then `letter` says more."""

    destination: str
    project_id: str
    record: Record
    letter: Letter | None = None


def waiting_lanes(reader: SqliteQueueReader, which: Which) -> list[Any]:
    """Return lane, destination, project, shard, cursor, records, calls, bytes, since of what is asked for."""
    return [row for row in reader.ask("waiting") if which.takes(row[1], row[2])]


def waiting_items(reader: SqliteQueueReader, which: Which) -> Iterator[Item]:
    """Yield what waits, lane by lane, the oldest first."""
    for lane, destination, project_id, _, cursor, *_ in waiting_lanes(reader, which):
        after = cursor
        while heads := reader.ask("next_heads", lane, after, STEP_RECORDS):
            for record in reader.records(lane, after, heads[-1][0]):
                yield Item(destination, project_id, record)
            after = heads[-1][0]


def dead_items(letters: DeadLetters | None, which: Which) -> Iterator[Item]:
    """Yield dead letters, the oldest first."""
    for letter in letters.letters() if letters is not None else ():
        wanted = which.reason in {None, letter.reason}
        if wanted and which.takes(letter.destination, letter.project_id):
            yield Item(letter.destination, letter.project_id, _record(letter), letter)


def _record(letter: Letter) -> Record:
    return Record(
        seq=letter.number,
        kind=letter.kind,
        calls=letter.calls,
        payload=letter.payload,
        received_ns=letter.received_ns,
        wb_run_id=letter.wb_run_id,
        damage="its record was damaged on the disk" if letter.reason == "corrupt" else None,
    )


def rendered(item: Item, shape: str) -> bytes:
    """Write an item as a file of this shape has it; nothing where it has no spans and the shape is OTLP."""
    if shape == "calls":
        return msgspec.json.encode(_line(item)) + b"\n"
    if item.record.kind != "spans" or item.record.damage is not None:
        return b""
    return item.record.payload if shape == "otlp-proto" else to_json(item.record.payload) + b"\n"


def _line(item: Item) -> dict[str, Any]:
    record, letter = item.record, item.letter
    said: dict[str, Any] = {
        "destination": item.destination,
        "project_id": item.project_id,
        "received_at": iso(record.received_ns),
    }
    if letter is not None:
        said |= {
            "reason": letter.reason,
            "died_at": iso(letter.died_ns),
            "status": letter.status,
            "answer": letter.answer.decode(errors="replace"),
        }
    try:
        items = _batch(item) if record.damage is None else None
    except UnreadablePayload as error:
        items = None
        record = msgspec.structs.replace(record, damage=str(error))
    return said | ({"damage": record.damage, "bytes": record.payload} if items is None else {"batch": items})


def _batch(item: Item) -> list[Any]:
    """Return the calls as items of `/call/upsert_batch`; updates and deletions as bodies of theirs."""
    changes = _changes(item)
    plain = [each for each in changes if isinstance(each, StartedCall | EndedCall | CompletedCall)]
    batch: list[Any] = msgspec.json.decode(upsert_batch(plain))["batch"] if plain else []
    for change in changes:
        match change:
            case UpdatedCall(project_id=project_id, id=number, display_name=name):
                body = {"project_id": project_id, "call_id": number, "display_name": name}
                batch.append({"mode": "update", "req": body})
            case DeletedCalls(project_id=project_id, ids=ids):
                batch.append({"mode": "delete", "req": {"project_id": project_id, "call_ids": ids}})
            case _:
                pass
    return batch


def _changes(item: Item) -> Sequence[Any]:
    if item.record.kind == "spans":
        return [translate(span) for span in read_spans(item.record, item.project_id)]
    return read_changes(item.record.payload)


def iso(nanos: int) -> str:
    """Show a time, in UTC."""
    return datetime.fromtimestamp(nanos / 1e9, UTC).isoformat(timespec="seconds")
