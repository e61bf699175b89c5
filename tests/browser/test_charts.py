"""Charts: drawn from statistics, zoomed by dragging, and the way to the calls behind a point."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from selenium.webdriver import ActionChains

from tests.e2e import client

pytestmark = pytest.mark.usefixtures("shop")
CHARTS = "#/charts?project=shop/day"
CALLS = {"metric": "call_count"}
NAMES = ["calls", "errors", "latency", "tokens", "cost"]
PAINTED = """
  const canvas = document.querySelector(`[data-chart='${arguments[0]}'] canvas`);
  if (!canvas?.width) return 0;
  const seen = new Set();
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] === 255) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
  }
  return seen.size;"""


def query(page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(page.hash.partition("?")[2]).items()}


def over(page, chart: str):
    return page.one(f"[data-chart='{chart}'] .u-over")


def half(page) -> int:
    """Half of the width of a chart, in pixels."""
    return int(over(page, "calls").size["width"]) // 2 - 4


def test_the_charts_are_drawn_with_the_sums_that_the_api_has(page, shop):
    page.open(CHARTS)
    page.wait(lambda: all(page.run(PAINTED, name) for name in NAMES), "every chart is painted")
    sums = client.post(shop.api, "/calls/query_stats", {"project_id": "shop/day"})
    assert page.one("[data-chart='calls'] .card-total").text == f"{sums['count']:,}"
    assert page.texts("[data-chart='latency'] .legend a") == ["p50", "p95", "p99"]
    assert "$" in page.one("[data-chart='cost'] .card-total").text


@pytest.mark.parametrize(("split", "expected"), [("model", "gpt-4.1"), ("op", "POST /v1/orders")])
def test_charts_can_be_split(page, split, expected):
    page.open(CHARTS)
    page.choose("Split by", split)
    page.wait(lambda: expected in page.texts("[data-chart='calls'] .legend a"), f"split by {split}")
    assert query(page)["split"] == split


def test_dragging_zooms_and_the_back_button_returns(page):
    page.open(CHARTS)
    page.wait(lambda: page.run(PAINTED, "calls"))
    drag = ActionChains(page.driver, duration=0).move_to_element(over(page, "calls")).click_and_hold()
    drag.move_by_offset(half(page) // 2, 0).move_by_offset(half(page) // 2, 0).release().perform()
    page.wait(lambda: "from" in query(page), "the address has the range")
    seen = [datetime.fromisoformat(query(page)[name]) for name in ("from", "to")]
    assert 9 * 3600 < (seen[1] - seen[0]).total_seconds() < 13 * 3600
    page.driver.back()
    page.wait(lambda: "from" not in query(page), "the whole day again")


def test_a_click_goes_to_the_calls_behind_a_point(page, shop):
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    asked = {"start": (end - timedelta(days=1)).isoformat(), "end": end.isoformat(), "granularity": 900}
    answer = client.post(
        shop.api, "/calls/stats", asked | {"project_id": "shop/day", "call_metrics": [CALLS]}
    )
    counts = [bucket["sum_call_count"] for bucket in answer["call_buckets"]]
    most = counts.index(max(counts))
    ends = {name: asked[member].replace("+00:00", "Z") for name, member in (("from", "start"), ("to", "end"))}
    page.open(CHARTS + "".join(f"&{name}={value}" for name, value in ends.items()))
    page.wait(lambda: page.run(PAINTED, "calls"))
    right = ((most + 0.5) / len(counts) - 0.5) * over(page, "calls").size["width"]
    at = ActionChains(page.driver, duration=0).move_to_element_with_offset(
        over(page, "calls"), round(right), 50
    )
    at.click().perform()
    page.ready("traces")
    title = f"{counts[most]} calls"
    page.wait(lambda: page.one(".list-title").text == title, "as many calls as the point stands for")


def test_every_chart_is_also_a_table_with_the_same_links(page):
    page.open(CHARTS)
    page.click(page.named("Errors as a table"))
    rows = page.wait(lambda: page.css("[data-chart='errors'] tbody tr"), "the rows")
    total = sum(int(row.text.split()[-1]) for row in rows)
    assert page.one("[data-chart='errors'] .card-total").text.startswith(f"{total} (")
    page.click("[data-chart='errors'] tbody a")
    page.ready("traces")
    assert query(page)["status"] == "error"
    page.wait(lambda: page.css(".rows .row-error"), "calls that failed")


def test_a_time_without_calls_says_so(page):
    page.open(CHARTS + "&from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z")
    assert "No calls in this time" in page.one("main").text
