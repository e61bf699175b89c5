"""Upstreams as the running bridge sees them, and what waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.commands.doctor.running import ago
from otel_bridge.commands.failing import CommandFailed
from otel_bridge.commands.queue_inspect import look
from otel_bridge.errors import BridgeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.commands.doctor.report import Report
    from otel_bridge.commands.queue_places import Places
    from otel_bridge.config import BridgeConfig

SECTION: Final = "Delivery"
OLD_SECONDS: Final = 3600
FULL_PERCENT: Final = 95
CLOCK_SECONDS: Final = 10.0


def running(facts: dict[str, Any], config: BridgeConfig, report: Report) -> None:
    """Say how a running bridge delivers."""
    for one in facts["exporters"]:
        last = one["last"]
        if one["health"] == "ok":
            sent = f"the last answer was {last['status']}" if last and last["status"] else "nothing sent yet"
            report.fine(SECTION, f"{one['name']}: calls leave for {one['endpoint']}, {sent}")
        else:
            again = f", next attempt in {ago(one['again_in'])}" if one["again_in"] else ""
            report.found("upstream.waits", f"{one['name']}: {one['health']}{again}")
        if last:
            tell_clock(one["name"], last["ahead"], report)
    queue = facts["queue"]
    if queue is None:
        return
    _full(queue["bytes"], queue["max_bytes"], report)
    used = {one["name"] for one in facts["exporters"]}
    for name, seconds in queue["oldest_seconds"].items():
        calls = queue["waiting"].get(name, 0)
        if calls and name not in used:
            report.found(
                "queue.unused", f"{name}: {calls} calls wait for nothing, no pipeline names it", name=name
            )
        else:
            _old(name, calls, seconds, config, report)
    _counted(
        {total["destination"]: total["lost"] for total in queue["totals"]},
        dead=queue["dead_calls"],
        damaged=queue["damaged"],
        report=report,
    )


def tell_clock(name: str, ahead: float | None, report: Report) -> None:
    """Say when the clocks of an upstream and of this machine differ."""
    if ahead is not None and abs(ahead) > CLOCK_SECONDS:
        word = "ahead of" if ahead > 0 else "behind"
        report.found("upstream.clock", f"{name}: its clock is {abs(ahead):.0f} s {word} ours")


def resting(where: Places, config: BridgeConfig, report: Report) -> None:
    """Say what lies in the queue of a bridge that does not run."""
    if not where.queue.exists():
        report.note(SECTION, f"there is no queue in {where.queue.parent} yet")
        return
    try:
        found = look(where)
    except (BridgeError, CommandFailed) as error:
        report.note(SECTION, f"the queue cannot be read: {error}")
        return
    _full(found["bytes"], int(config.queue_size), report)
    for row in found["waiting"]:
        text = f"{row['destination']}: {row['calls']} calls of {row['project']} wait"
        report.note(SECTION, f"{text} since {row['waiting since']}")
    lost = {row["destination"]: row["lost"] for row in found["totals"]}
    dead = sum(row["calls"] for row in found["dead_letters"])
    _counted(lost, dead=dead, damaged=found["damaged_records"], report=report)


def _full(size: int, most: int, report: Report) -> None:
    percent = 100 * size / most if most else 0
    if percent >= FULL_PERCENT:
        report.found("queue.full", f"the queue is {percent:.0f} % full")
    else:
        report.fine(SECTION, f"the queue is {percent:.0f} % full")


def _old(name: str, calls: int, seconds: int, config: BridgeConfig, report: Report) -> None:
    age = config.queue_max_age
    if seconds >= OLD_SECONDS:
        text = f"{name}: {calls} calls wait, the oldest for {ago(seconds)}"
        report.found("queue.old", text, max_age=age or "no time, so never,")
    elif calls:
        report.note(SECTION, f"{name}: {calls} calls wait, the oldest for {ago(seconds)}")


def _counted(lost: Mapping[str, int], *, dead: int, damaged: int, report: Report) -> None:
    for name, count in lost.items():
        if count:
            report.found("queue.lost", f"{name}: {count} calls are lost")
    if dead:
        report.found("queue.dead", f"{dead} calls are dead letters")
    if damaged:
        report.found("queue.damaged", f"{damaged} records were damaged")
