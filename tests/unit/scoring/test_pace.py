"""How fast a scorer is asked, and how much of its work is held."""

from __future__ import annotations

import asyncio

from otel_bridge.scorer.spec import Bounds, Spec
from otel_bridge.scoring.pace import FIRST_BATCH, Limiters, Pace


def a_spec(per_minute: float | None, **settings) -> Spec:
    bounds = Bounds(per_minute=per_minute)
    return Spec(name="s", kind="regex", settings=settings, origin="config", bounds=bounds)


async def test_a_scorer_that_nobody_knows_gets_little_and_a_fast_one_all_it_may():
    pace = Pace(None, slots=2, most=100)
    assert pace.batch == FIRST_BATCH
    assert pace.room(0) == 4 * FIRST_BATCH
    pace.took(0.0001, 1000)
    assert pace.batch == 100
    assert pace.room(150) == 250


async def test_a_slow_scorer_and_large_calls_make_small_batches():
    slow, large = Pace(None, slots=2, most=100), Pace(None, slots=2, most=100)
    slow.took(30.0, 1000)
    large.took(0.0001, 4 << 20)
    assert slow.batch == 1
    assert slow.room(4) == 0
    assert large.batch == 2


async def test_a_scorer_that_becomes_slow_is_known_to_be_at_its_first_slow_call():
    pace = Pace(None, slots=1, most=100)
    for _ in range(100):
        pace.took(0.0001, 100)
    pace.took(30.0, 100)
    assert pace.batch == 1


async def test_a_long_pause_leaves_no_room():
    pace = Pace(None, slots=2, most=1)
    pace.shut(5)
    assert pace.room(0) == 4
    pace.shut(60)
    assert pace.room(0) == 0


async def test_a_rate_is_kept_one_task_after_the_other():
    limiter = Limiters().of(a_spec(2.0))
    assert limiter is not None
    pace = Pace(limiter, slots=4, most=100)
    assert pace.batch == 1
    await pace.admit(1)
    await pace.admit(1)
    third = asyncio.ensure_future(pace.admit(1))
    done, _ = await asyncio.wait([third], timeout=0.05)
    assert not done
    third.cancel()


async def test_less_than_one_run_a_minute_is_a_rate_too():
    limiter = Limiters().of(a_spec(0.5))
    assert limiter is not None
    assert (limiter.max_rate, limiter.time_period) == (1.0, 120.0)


async def test_what_has_the_same_settings_shares_its_rate_whatever_it_is_called_by():
    limiters = Limiters()
    one, same = limiters.of(a_spec(2.0, pattern="x")), limiters.of(a_spec(2.0, pattern="x"))
    assert one is same is not None
    assert limiters.of(a_spec(2.0, pattern="y")) is not one
    assert limiters.of(a_spec(None, pattern="x")) is None
