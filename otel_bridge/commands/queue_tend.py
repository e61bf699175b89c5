"""`otel-bridge queue replay` and `purge`: what a person decides about what is kept."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from otel_bridge.commands.failing import told
from otel_bridge.commands.progress import progress
from otel_bridge.commands.queue_items import Item, Which, dead_items, waiting_lanes
from otel_bridge.commands.queue_places import Places, places
from otel_bridge.queue.base import API_SHARD, NewRecord
from otel_bridge.queue.payload import is_barrier, shard_of_payload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from otel_bridge.queue.sqlite.writer import SqliteQueueWriter


_LAST: Final = (1 << 62) - 1
"""Later than anything in a lane."""
_STEP_ITEMS: Final = 64


def replay_letters(
    *, data_dir: Path | None, queue_dir: Path | None, dead_letter_dir: Path | None, **which: str | None
) -> None:
    """Put dead letters back, each for its own destination; a stopped run goes on with what is left."""
    asked = Which(**which)
    where = places(data_dir, queue_dir, dead_letter_dir)
    with told():
        names, total = _selected(where, asked)
        back = damaged = 0
        with progress("putting back", total) as done:
            for items, whole in _replayed(where, names, asked):
                back += _calls(whole)
                damaged += _calls(items) - _calls(whole)
                done(_calls(items))
    click.echo(f"put back {back:,} calls; a bridge that runs here sends them", err=True)
    if damaged:
        click.echo(f"{damaged:,} calls lie in damaged records and cannot be sent", err=True)


def _replayed(where: Places, names: Sequence[str], asked: Which) -> Iterator[tuple[list[Item], list[Item]]]:
    """Put the letters of some destinations back; yield what was looked at, and what of it was put back."""
    for name in names:
        with where.writing([name]) as (writer, dead):
            for items in _some(dead_items(dead, Which(name, asked.project, asked.reason))):
                whole = [item for item in items if item.record.damage is None]
                _put(writer, whole)
                dead.drop([item.record.seq for item in whole])
                yield items, whole


def _some(items: Iterator[Item]) -> Iterator[list[Item]]:
    """Take a few at a time: each time is a commit."""
    while some := list(islice(items, _STEP_ITEMS)):
        yield some


def _calls(items: Sequence[Item]) -> int:
    return sum(item.record.calls for item in items)


def _put(writer: SqliteQueueWriter, items: Sequence[Item]) -> None:
    """Put dead letters into the queue, durably."""
    if items:
        writer.begin()
        writer.put([_record(item) for item in items])
        writer.commit()


def _record(item: Item) -> NewRecord:
    record = item.record
    spans = record.kind == "spans"
    return NewRecord(
        project_id=item.project_id,
        shard=shard_of_payload(record.payload) if spans else API_SHARD,
        kind=record.kind,
        calls=record.calls,
        payload=record.payload,
        received_ns=record.received_ns,
        wb_run_id=record.wb_run_id,
        barrier=not spans and is_barrier(record.payload),
    )


def purge_queue(
    *,
    data_dir: Path | None,
    queue_dir: Path | None,
    dead_letter_dir: Path | None,
    dead_letters: bool,
    yes: bool,
    **which: str | None,
) -> None:
    """Throw away what is selected, after asking."""
    asked = Which(**which)
    where = places(data_dir, queue_dir, dead_letter_dir)
    if asked.reason is not None and not dead_letters:
        raise click.UsageError("--reason is about dead letters: add --dead-letters")
    with told():
        _, calls = _selected(where, asked) if dead_letters else ((), _waiting(where, asked))
        what = "dead letters" if dead_letters else "waiting calls"
        if calls and not yes:
            click.confirm(f"Throw away {calls:,} {what} in {where.queue.parent} for good?", abort=True)
        gone = _purge_letters(where, asked) if dead_letters else _purge_waiting(where, asked)
    click.echo(f"threw away {gone:,} {what}", err=True)


def _purge_letters(where: Places, asked: Which) -> int:
    gone = 0
    with where.writing([]) as (_, dead):
        for item in dead_items(dead, asked):
            dead.drop([item.record.seq])
            gone += item.record.calls
    return gone


def _purge_waiting(where: Places, asked: Which) -> int:
    gone = 0
    with where.reader() as reader, where.writing([]) as (writer, _):
        for lane, destination, _, _, _, _, calls, *_ in waiting_lanes(reader, asked):
            writer.begin()
            writer.settle(destination, lane, _LAST, given_up=True)
            writer.commit()
            gone += calls
        while writer.maintain():
            pass
    return gone


def _waiting(where: Places, asked: Which) -> int:
    with where.reader() as reader:
        return sum(row[6] for row in waiting_lanes(reader, asked))


def _selected(where: Places, asked: Which) -> tuple[list[str], int]:
    """Return the destinations whose dead letters are asked for, and how many calls those hold."""
    names: dict[str, Any] = {}
    with where.letters() as letters:
        if letters is None and not where.queue.exists():
            raise where.nothing()
        for item in dead_items(letters, asked):
            names[item.destination] = names.get(item.destination, 0) + item.record.calls
    return list(names), sum(names.values())
