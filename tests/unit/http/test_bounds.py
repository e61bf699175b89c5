"""Budget, gate and guard: what lets a request in."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest
from backports import zstd

from otel_bridge.errors import Forbidden, InvalidRequest, RequestTooLarge, Unavailable, UnsupportedCoding
from otel_bridge.http.budget import ByteBudget
from otel_bridge.http.coding import Coding, content_coding
from otel_bridge.http.gate import Gate
from otel_bridge.http.guard import guard_for
from otel_bridge.http.inflate import open_inflater
from otel_bridge.http.loopback import is_loopback


class TestByteBudget:
    def test_a_claim_gives_back_what_it_took(self):
        heard = []
        budget = ByteBudget(10, on_change=heard.append)
        with budget.claim() as claim:
            claim.grow_to(4)
            claim.grow_to(3)
            claim.grow_to(10)
            assert budget.used_bytes == 10
        assert (budget.used_bytes, heard) == (0, [4, 10, 0])

    def test_what_does_not_fit_changes_nothing(self):
        budget = ByteBudget(10)
        with budget.claim() as one, budget.claim() as two:
            one.grow_to(6)
            two.grow_to(4)
            with pytest.raises(Unavailable):
                two.grow_to(5)
            assert budget.used_bytes == 10

    def test_expecting_takes_nothing_but_tells_early(self):
        budget = ByteBudget(10)
        with budget.claim() as claim:
            claim.expect(10)
            assert budget.used_bytes == 0
            with pytest.raises(Unavailable):
                claim.expect(11)

    def test_releasing_twice_gives_back_once(self):
        budget = ByteBudget(10)
        with budget.claim() as other, budget.claim() as claim:
            other.grow_to(3)
            claim.grow_to(5)
            claim.release()
            claim.release()
            assert budget.used_bytes == 3


class TestGate:
    async def test_it_is_empty_when_the_last_one_left(self):
        gate = Gate()
        with gate.enter():
            waiting = asyncio.create_task(gate.empty())
            await asyncio.sleep(0)
            assert not waiting.done()
        await waiting

    async def test_a_shut_gate_lets_nobody_in_and_everybody_out(self):
        gate = Gate()
        with gate.enter():
            gate.shut()
            with pytest.raises(Unavailable, match="shutting down"), gate.enter():
                pass
        await gate.empty()
        assert gate.is_shut

    async def test_a_full_gate_opens_again(self):
        gate = Gate(1)
        with gate.enter(), pytest.raises(Unavailable), gate.enter():
            pass
        with gate.enter():
            pass


class TestGuard:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.9.9.9", "a.localhost"])
    def test_a_loopback_listener_has_one(self, host):
        assert is_loopback(host)
        assert guard_for(host) is not None

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com", ""])
    def test_another_listener_has_none(self, host):
        assert guard_for(host) is None

    def test_allowed_origins_are_not_foreign(self):
        guard = guard_for("127.0.0.1", origins=("https://app.example",))
        guard.check(["localhost"], ["https://app.example"])
        with pytest.raises(Forbidden):
            guard.check(["localhost"], ["https://app.example.evil"])

    @pytest.mark.parametrize("host", ["[::1", "[", ":", "localhost:1:2", "user@localhost", ""])
    def test_a_malformed_host_is_foreign(self, host):
        with pytest.raises(Forbidden):
            guard_for("127.0.0.1").check([host], [])

    def test_a_program_without_host_and_origin_is_let_in(self):
        assert guard_for("127.0.0.1").check([], []) is None


class TestContentCoding:
    @pytest.mark.parametrize("headers", [[], [""], ["identity"], ["IDENTITY "]])
    def test_identity_has_many_names(self, headers):
        assert content_coding(headers) is None

    @pytest.mark.parametrize("headers", [["br"], ["gzip", "gzip"], ["gzip,"], ["gzip", ""]])
    def test_anything_else_is_refused(self, headers):
        with pytest.raises(UnsupportedCoding):
            content_coding(headers)


class TestInflater:
    async def test_a_claim_that_cannot_grow_stops_the_inflating(self):

        budget = ByteBudget(3 << 20)
        wire = [gzip.compress(bytes(8 << 20))]
        async with open_inflater() as inflater:
            with budget.claim() as claim, pytest.raises(Unavailable):
                await inflater.inflate(wire, Coding.GZIP, max_bytes=64 << 20, claim=claim)
        assert budget.used_bytes == 0

    async def test_a_zstd_window_larger_than_any_encoder_asks_for_is_refused(self):

        options = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.content_size_flag: 0}
        stream = zstd.ZstdCompressor(options=options)
        wire = stream.compress(bytes(100)) + stream.flush()
        async with open_inflater() as inflater:
            with pytest.raises(InvalidRequest):
                await inflater.inflate([wire], Coding.ZSTD, max_bytes=1000)

    async def test_the_limit_is_exact(self):

        async with open_inflater() as inflater:
            wire = [zlib.compress(bytes(1000))]
            assert await inflater.inflate(wire, Coding.DEFLATE, max_bytes=1000) == bytes(1000)
            with pytest.raises(RequestTooLarge):
                await inflater.inflate(wire, Coding.DEFLATE, max_bytes=999)
