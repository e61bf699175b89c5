"""What the page asks for, and of whom."""

from __future__ import annotations

from urllib.parse import urlsplit

VIEWS = ("traces", "threads", "charts", "scoring", "compare", "trace/00000000000000000000000000000001")


def test_no_view_asks_anybody_but_the_bridge(page, bridge):
    page.open("")
    for view in VIEWS:
        page.follow(f"#/{view}?project=weight/none")
        page.ready(view.split("/")[0])
    assert {urlsplit(url).netloc for url in page.requests()} == {urlsplit(bridge.api).netloc}


def test_a_second_visit_loads_no_file_again(page, bridge):
    page.open("#/charts?project=weight/none")
    page.open("#/charts?project=weight/none")
    files = "return performance.getEntriesByType('resource').filter(e => e.name.includes('/page/'))"
    loaded = page.run(files + ".map(e => e.transferSize)")
    assert loaded
    assert not any(loaded)


def test_a_list_asks_no_more_than_once_in_ten_seconds_how_scoring_goes(page):
    page.open("#/traces?project=weight/none")
    asked = "return performance.getEntriesByType('resource').filter(e => e.name.includes('/score/status'))"
    first, *more = page.run(asked + ".map(e => e.startTime)")
    assert all(later - first >= 9_900 for later in more)
