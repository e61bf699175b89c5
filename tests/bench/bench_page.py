"""What the page costs: to open it on a full store, to open a large trace in it, and to leave it open.

    python -m tests.bench.bench_page                         a store of 100,000 calls
    python -m tests.bench.bench_page --calls 5000 --rounds 2 --idle 5

Times are those of the browser's own clock, medians over rounds; busy is the CPU time of its main thread,
free the share of a core that a busy loop gets meanwhile: with less than 100 the machine has other work to do.
CPU of the bridge is that of its process tree while the list is open and nothing arrives, against the same
without a page.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

from otel_bridge.ingest.settings import STORE_FILE
from tests.bench.bench_query import build
from tests.bench.machines import PROJECT, bridge
from tests.bench.otlp_load import Tree
from tests.bench.sections import table
from tests.browser import browser as browsers
from tests.browser.spans import send
from tests.browser.traces import SPANS, address, large_trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from selenium.webdriver import Chrome

    from tests.bench.machines import Machine
    from tests.browser.browser import Page

SPIN_SECONDS: Final = 0.1
SETTLE_TURNS: Final = 60
AT_REST_PERCENT: Final = 0.5
LARGE: Final = "bench/large"
READY: Final = """
  new MutationObserver(() => {
    const ready = document.body?.dataset.ready === 'true' && document.querySelector('[data-id]');
    if (ready && window.readyAt === undefined) window.readyAt = performance.now();
  }).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-ready']});
"""
"""Runs before the page: notes when the view has its first rows."""
PAINT: Final = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
OPEN: Final = """
  const [address, whole, done] = arguments;
  const start = performance.now();
  let rows = null;
  const look = () => {
    const drawn = document.body.dataset.view === 'trace' && document.querySelector('.tree-rows [data-id]');
    if (drawn && rows === null) rows = performance.now() - start;
    const all = drawn && document.querySelector('.facts').textContent.includes(whole);
    if (all) done([rows, performance.now() - start]);
    else requestAnimationFrame(look);
  };
  location.hash = address;
  requestAnimationFrame(look);
"""


def busy(page: Page) -> float:
    """CPU milliseconds that the main thread has worked for this document."""
    metrics = page.cdp("Performance.getMetrics")["metrics"]
    return 1000 * next(one["value"] for one in metrics if one["name"] == "TaskDuration")


def first_visit(page: Page, *, cold: bool) -> tuple[float, float, float]:
    """Load the list; return first paint, first rows, and what the main thread worked until then, in ms."""
    if cold:
        page.cdp("Network.clearBrowserCache")
    page.driver.get("about:blank")
    before = busy(page)
    page.driver.get(f"{page.base}/#/traces?show=calls&project={PROJECT}")
    ready = page.wait(lambda: page.run("return window.readyAt"), "the list has rows")
    return page.wait(lambda: page.run(PAINT), "something is painted"), ready, busy(page) - before


def open_trace(page: Page) -> tuple[float, float, float]:
    """Go from the list to the large trace; return first rows, all rows, and the main thread's work, in ms."""
    page.open(f"#/traces?project={LARGE}")
    before = busy(page)
    rows, whole = page.driver.execute_async_script(OPEN, address(LARGE), f"{SPANS:,}")
    return rows, whole, busy(page) - before


def medians(measure: Callable[[], tuple[float, ...]], rounds: int) -> list[float]:
    """Measure some times after one that does not count; last comes what share of a core was to be had."""
    measure()
    return [median(values) for values in zip(*((*measure(), free()) for _ in range(rounds)), strict=True)]


def free() -> float:
    """Percent of a core that a busy loop gets now: 100 on a quiet machine."""
    wall, cpu = time.perf_counter(), time.process_time()
    while time.process_time() - cpu < SPIN_SECONDS:
        pass
    return 100 * (time.process_time() - cpu) / (time.perf_counter() - wall)


def cpu_share(machine: Machine, seconds: float) -> float:
    """Percent of a core that the process tree took during `seconds`."""
    tree, started = Tree(machine.pid), time.perf_counter()
    time.sleep(seconds)
    tree.sample()
    return 100 * tree.seconds() / (time.perf_counter() - started)


def settle(machine: Machine) -> None:
    """Wait until what was written lies where it stays."""
    for _ in range(SETTLE_TURNS):
        if cpu_share(machine, 1) < AT_REST_PERCENT:
            return


def measure(machine: Machine, driver: Chrome, options: argparse.Namespace) -> None:
    """Measure and print one store."""
    page = browsers.Page(driver, machine.api)
    page.begin()
    page.cdp("Page.addScriptToEvaluateOnNewDocument", source=READY)
    page.cdp("Performance.enable", timeDomain="threadTicks")
    lines: list[tuple[object, ...]] = []
    for name, cold in (("nothing cached", True), ("files cached", False)):
        paint, ready, worked, spare = medians(lambda cold=cold: first_visit(page, cold=cold), options.rounds)
        lines += [
            (f"first paint, {name}", "300", paint, "", spare),
            (f"list with rows, {name}", "500", ready, worked, spare),
        ]
    rows, whole, worked, spare = medians(lambda: open_trace(page), options.rounds)
    lines += [
        (f"trace of {SPANS:,}, first rows", "", rows, "", spare),
        (f"trace of {SPANS:,}, whole", "1,000", whole, worked, spare),
    ]
    table(f"The page at {options.calls:,} calls", ("what", "bar ms", "ms", "busy ms", "free %"), lines)
    driver.get("about:blank")
    settle(machine)
    resting = cpu_share(machine, options.idle)
    page.open(f"#/traces?show=calls&project={PROJECT}")
    watched = cpu_share(machine, options.idle)
    shares = [
        ("without a page", "", resting),
        ("with the list open", "", watched),
        ("live updates", "2", watched - resting),
    ]
    table("The bridge's CPU while nothing arrives", ("what", "bar %", "% of a core"), shares)


def main() -> None:
    """Build a store, open the page on it, measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7, help="how often each thing is measured")
    parser.add_argument("--idle", type=float, default=30, help="seconds of watching a bridge at rest")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if lacking := browsers.missing(Path(scratch) / "first"):
            print(f"SKIPPED: {lacking}")
        else:
            run(Path(scratch), options)


def run(scratch: Path, options: argparse.Namespace) -> None:
    """Build the store in `scratch` and measure a browser that looks at it."""
    print(f"Python {platform.python_version()}, {platform.machine()}")
    data = scratch / "data"
    data.mkdir()
    build(data / STORE_FILE, options.calls)
    flags = ("--data-dir", str(data), "--retention", "off", "--max-disk", "off")
    with bridge(None, *flags) as machine, browsers.chromium(scratch / "profile") as driver:
        send(SimpleNamespace(http=machine.http), large_trace(time.time() - 3600), project=LARGE)
        measure(machine, driver, options)


if __name__ == "__main__":
    main()
