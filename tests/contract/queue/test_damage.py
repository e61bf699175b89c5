"""What the disk has damaged is put aside alone."""

from __future__ import annotations

import os

import apsw
import pytest

from tests.contract.queue.records import (
    a_record,
)


class TestDamage:
    def spoil(self, queue, text: bytes, with_text: bytes) -> None:
        queue.close()
        content = queue.path.read_bytes()
        assert content.count(text) == 1
        queue.path.write_bytes(content.replace(text, with_text))
        queue.open()

    @pytest.fixture
    def noise(self):
        return [os.urandom(3000) for _ in range(5)]

    def put_noise(self, queue, noise) -> None:
        records = [a_record(calls=2) for _ in noise]
        queue.put(*(self.with_payload(record, text) for record, text in zip(records, noise, strict=True)))

    def with_payload(self, record, payload):
        return type(record)(
            **{name: getattr(record, name) for name in record.__struct_fields__} | {"payload": payload}
        )

    def test_a_damaged_record_is_put_aside_alone(self, queue, noise):
        self.put_noise(queue, noise)
        self.spoil(queue, noise[2][100:200], noise[2][100:199] + bytes([noise[2][199] ^ 1]))
        lent = queue.lend()
        assert [record.damage is None for _, record in lent] == [True, True, False, True, True]
        assert [record.payload for _, record in lent if record.damage is None] == noise[:2] + noise[3:]
        queue.settle(lent[0][0], lent[-1][1].seq, damaged=[lent[2][1].seq])
        total = queue.total()
        assert (total.delivered, total.lost, total.dead, total.waiting) == (8, 2, 0, 0)
        assert (queue.writer.sizes().damaged, queue.writer.sizes().bytes) == (1, 0)
        (letter,) = queue.letters()
        assert letter.reason == "corrupt"
        assert noise[2][300:] in letter.payload

    def test_a_column_that_changed_is_damage_too(self, queue):
        queue.put(a_record("a"), a_record("b"))
        connection = apsw.Connection(str(queue.path))
        connection.execute("UPDATE records SET received_ns = received_ns + 1 WHERE seq = 1")
        connection.close()
        assert [record.damage is None for _, record in queue.lend()] == [False, True]

    def test_a_damaged_page_takes_only_its_records_along(self, queue):
        texts = [f"{number:04}" + os.urandom(300).hex() for number in range(200)]
        queue.put(*(a_record(text) for text in texts))
        connection = apsw.Connection(str(queue.path))
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        rows = "SELECT pageno FROM dbstat WHERE name = 'records' AND pagetype = 'leaf' ORDER BY path"
        try:
            pages = [page for (page,) in connection.execute(rows)]
        except apsw.SQLError:
            pytest.skip("this SQLite cannot tell its pages (dbstat)")
        finally:
            connection.close()
        queue.close()
        with queue.path.open("r+b") as file:
            file.seek((pages[3] - 1) * 4096)
            file.write(b"\xff" * 64)
        queue.open()
        out = queue.drain()
        assert 150 < len([text for text in out if text]) < 200
        assert [text for text in out if text] == [text for text in texts if text in set(out)]
        total = queue.total()
        assert total.put == total.delivered + total.lost
        assert total.lost == queue.writer.sizes().damaged == 200 - len([text for text in out if text])
        queue.put(a_record("on it goes"))
        assert queue.drain() == ["on it goes"]
