"""Inflating in steps, with every engine that is installed."""

from __future__ import annotations

import gzip
import zlib

import pytest
from backports import zstd

from otel_bridge.errors import InvalidRequest
from otel_bridge.http.coding import ENGINES, Coding, Inflation
from tests.contract.receiver.bodies import raw_deflate

PLAIN = bytes(range(256)) * 400
FORMS = {
    "gzip": (Coding.GZIP, gzip.compress),
    "zlib": (Coding.DEFLATE, zlib.compress),
    "deflate": (Coding.DEFLATE, raw_deflate),
    "zstd": (Coding.ZSTD, zstd.compress),
}


def inflated(pieces, coding, engine, step=1000) -> bytes:
    inflation = Inflation(pieces, coding, engine=engine)
    parts = []
    while not inflation.finished:
        parts.append(inflation.step(step))
        assert len(parts[-1]) <= step
    return b"".join(parts)


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.__name__)
def engine(request):
    return request.param


@pytest.mark.parametrize(("coding", "compress"), FORMS.values(), ids=FORMS)
class TestInflation:
    @pytest.mark.parametrize("cut", [1, 2, 7, 100, 1 << 20])
    def test_pieces_of_any_size_are_put_together(self, engine, coding, compress, cut):
        wire = compress(PLAIN)
        assert inflated([wire[at : at + cut] for at in range(0, len(wire), cut)], coding, engine) == PLAIN

    def test_a_body_cut_anywhere_is_refused(self, engine, coding, compress):
        wire = compress(PLAIN)
        for size in (*range(12), len(wire) // 2, *range(len(wire) - 9, len(wire))):
            with pytest.raises(InvalidRequest):
                inflated([wire[:size]], coding, engine)

    def test_what_follows_the_end_is_refused(self, engine, coding, compress):
        for more in (b"x", b"more", bytes(100)):
            with pytest.raises(InvalidRequest):
                inflated([compress(PLAIN), more], coding, engine)

    def test_plain_data_is_no_header(self, engine, coding, compress):
        for plain in (b"{}", b'{"resourceSpans": []}', b"\x0a\x02\x12\x00" * 50):
            with pytest.raises(InvalidRequest):
                inflated([plain], coding, engine)


@pytest.mark.parametrize("plain", [b"{}", b'{"a": 1}', b"x" * 100, b"1"])
def test_gzip_over_plain_data_is_said_as_the_collector_says_it(engine, plain):
    with pytest.raises(InvalidRequest, match=r"^gzip: invalid header$"):
        inflated([plain], Coding.GZIP, engine)


def test_gzip_members_are_joined(engine):
    wire = gzip.compress(b"a") + gzip.compress(b"") + gzip.compress(PLAIN)
    for cut in (1, 5, 1 << 20):
        pieces = [wire[at : at + cut] for at in range(0, len(wire), cut)]
        assert inflated(pieces, Coding.GZIP, engine) == b"a" + PLAIN


def test_zlib_streams_are_not_joined(engine):
    with pytest.raises(InvalidRequest, match="bytes follow"):
        inflated([zlib.compress(b"a") + zlib.compress(b"b")], Coding.DEFLATE, engine)


def test_a_wrong_checksum_is_refused(engine):
    wire = gzip.compress(PLAIN)
    with pytest.raises(InvalidRequest):
        inflated([wire[:-8], bytes(4), wire[-4:]], Coding.GZIP, engine)
