"""Numbers mean to SQLite what they mean to Python: to the last digit (design D6)."""

from __future__ import annotations

import math
import random
import struct

import apsw
import pytest

from otel_bridge.query.values import Kind, double_of, integer_of
from otel_bridge.store.sqlite.connection import open_reader
from otel_bridge.store.sqlite.readings import json_reading

NUMBERS = 5_000
KNOWN = ("548170913.103027284164", "60349280131.336078643902")
"""SQLite reads these one place beside what they are."""


@pytest.fixture
def connection(tmp_path):
    path = tmp_path / "empty.db"
    apsw.Connection(str(path)).close()
    opened = open_reader(path)
    yield opened
    opened.close()


def any_float(chance: random.Random) -> float:
    while not math.isfinite(number := struct.unpack("<d", chance.randbytes(8))[0]):
        pass
    return number


def any_text(chance: random.Random) -> str:
    whole, part = (chance.randrange(10 ** chance.randrange(1, 25)) for _ in range(2))
    return f"{whole}.{part}" if chance.random() < 0.7 else f"{whole}e{chance.randrange(-300, 280)}"


def read(connection, tree: str, kind: Kind):
    sql = json_reading("tree", (), kind)
    return connection.execute(f"SELECT {sql.text} FROM (SELECT ? AS tree)", (*sql.args, tree)).get


def test_numbers_as_they_are_stored_are_read_to_the_last_digit(connection):
    chance = random.Random(1)
    numbers = [chance.choice((any_float, lambda c: c.uniform(-1e6, 1e6)))(chance) for _ in range(NUMBERS)]
    wrong = [number for number in numbers if read(connection, repr(number), Kind.DOUBLE) != number]
    assert wrong == []


@pytest.mark.parametrize(("kind", "meant"), [(Kind.DOUBLE, double_of), (Kind.INTEGER, integer_of)])
def test_texts_of_any_number_of_digits_are_read_to_the_last_one(connection, kind, meant):
    chance = random.Random(2)
    texts = [*KNOWN, *(any_text(chance) for _ in range(NUMBERS))]
    assert [text for text in texts if read(connection, f'"{text}"', kind) != meant(text)] == []
