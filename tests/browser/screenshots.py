"""Pictures of the page on a day of a shop: those of the docs, or every view in every look.

python -m tests.browser.screenshots                  the pictures of docs/page.md
python -m tests.browser.screenshots --all FOLDER     every view, dark and light, laptop and phone
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser import browser as browsers
from tests.browser import demo
from tests.browser.browser import LAPTOP, PHONE
from tests.browser.spans import send
from tests.e2e import client
from tests.e2e.process import ROOT, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.browser import Page
    from tests.e2e.process import Bridge

PROJECT = "local/default"
FOLDER = ROOT / "docs/images"
QUALITY = 82
DOCS = (
    ("list", "traces", "light", LAPTOP),
    ("trace", "trace", "light", LAPTOP),
    ("error", "error", "dark", LAPTOP),
    ("scores", "scores", "light", LAPTOP),
    ("charts", "charts", "light", LAPTOP),
    ("thread", "thread", "dark", LAPTOP),
    ("compare", "compare", "light", LAPTOP),
    ("phone", "trace", "light", PHONE),
)
"""Name, view, colours and screen of each picture of the docs."""


VIEWS = (
    "traces", "expression", "nothing", "trace", "error", "threads", "thread", "charts", "models", "ops",
    "compare", "pick", "scores", "scored", "scoring",
)  # fmt: skip
SCORES = "runnable.quality|output.score~runnable.quality|output.polite~runnable.brief|output.passed"
SCORED = f"scores={SCORES}&sort=runnable.quality|output.score"
REASONS = ("It says what happens next.", "It answers another question.", "Short, and right.")


def asked(bridge: Bridge, path: str, **question: object) -> list[dict]:
    return client.post(bridge.api, path, {"project_id": PROJECT, **question})


def calls(bridge: Bridge, op: str, condition: dict | None = None, **members: object) -> list[dict]:
    query = {"query": {"$expr": condition}} if condition else {}
    return asked(bridge, "/calls/stream_query", filter={"op_names": [op]}, **query, **members)


def addresses(bridge: Bridge) -> dict[str, str]:
    """An address of every view."""
    newest = {"sort_by": [{"field": "started_at", "direction": "desc"}], "columns": ["inputs"], "limit": 50}
    office = {"$contains": {"input": {"$getField": "inputs"}, "substr": {"$literal": "to my office"}}}
    failed = {"$eq": [{"$getField": "summary.weave.status"}, {"$literal": "error"}]}
    talks = calls(bridge, "chat gpt-4.1", office, **newest)
    (error, *_) = calls(bridge, "charge card", failed, **newest)
    answers = calls(bridge, "chat claude-sonnet-4-5", **newest)
    alike = {json.dumps(one["inputs"]): one for one in answers if "rotate" in json.dumps(one["inputs"])}
    one, other = alike.values()
    threads = asked(bridge, "/threads/stream_query", sort_by=[{"field": "turn_count", "direction": "desc"}])
    return {
        "traces": "#/traces",
        "expression": "#/traces?show=calls&status=error&expr=1",
        "nothing": "#/traces?project=my-team/new",
        "trace": f"#/trace/{talks[0]['trace_id']}?call={talks[0]['id']}",
        "error": f"#/trace/{error['trace_id']}?call={error['id']}",
        "threads": "#/threads",
        "thread": f"#/threads/{threads[0]['thread_id']}",
        "charts": "#/charts",
        "models": "#/charts?split=model",
        "ops": "#/charts?split=op",
        "compare": f"#/compare/{one['id']}/{other['id']}",
        "pick": f"#/compare/{talks[0]['id']}",
        "scores": f"#/traces?op=chat&show=calls&{SCORED}",
        "scored": f"#/trace/{talks[0]['trace_id']}?call={talks[0]['id']}",
        "scoring": "#/scoring",
    }


def scored(bridge: Bridge) -> None:
    """Let two scorers judge what models said."""
    dice = random.Random(7)
    said = asked(
        bridge,
        "/calls/stream_query",
        filter={"op_names": ["chat gpt-4.1", "chat claude-sonnet-4-5"]},
        limit=200,
    )
    batch = []
    for call in said:
        score = round(min(1.0, dice.gauss(0.78, 0.2)), 2)
        quality = {"score": score, "polite": score > 0.5, "reason": dice.choice(REASONS)}
        for name, output in (("quality", quality), ("brief", {"passed": dice.random() < 0.85})):
            batch.append(
                {
                    "project_id": PROJECT,
                    "weave_ref": f"weave:///{PROJECT}/call/{call['id']}",
                    "feedback_type": f"wandb.runnable.{name}",
                    "payload": {"output": output},
                    "runnable_ref": f"weave:///{PROJECT}/object/{name}:Q7dm2xYb",
                    "call_ref": f"weave:///{PROJECT}/call/{call['id']}",
                    "trigger_ref": f"weave:///{PROJECT}/object/answers:K3pTz0aa",
                }
            )
    client.post(bridge.api, "/feedback/batch/create", {"batch": batch})


def shots(everything: bool) -> Iterator[tuple[str, str, str, tuple[int, int]]]:
    if not everything:
        yield from DOCS
        return
    for view in VIEWS:
        for size, word in ((LAPTOP, "laptop"), (PHONE, "phone")):
            for theme in ("light", "dark"):
                yield f"{view}-{word}-{theme}", view, theme, size


def settled(page: Page) -> None:
    """Wait until nothing is asked any more and the last picture is drawn."""
    page.ready()
    page.settled()
    quiet = 0
    while quiet < 3:
        before = len(page.requests())
        time.sleep(0.3)
        quiet = quiet + 1 if len(page.requests()) == before else 0


def taken(page: Page, path: Path) -> None:
    """Keep what is on the screen as WebP, or as PNG where the name says so."""
    kind = {"format": "png"} if path.suffix == ".png" else {"format": "webp", "quality": QUALITY}
    path.write_bytes(base64.b64decode(page.cdp("Page.captureScreenshot", **kind)["data"]))
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} KB, wider by {page.overflow()} px {page.errors()}")


def main() -> None:
    """Fill a bridge, open its page, take the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every view in every look, as PNG")
    parser.add_argument("--only", default="", help="only pictures whose name begins so")
    options = parser.parse_args()
    folder = options.all or FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    suffix = ".png" if options.all else ".webp"
    with tempfile.TemporaryDirectory() as scratch, running(Path(scratch) / "data") as bridge:
        send(bridge, demo.a_day(time.time()), project=PROJECT, resource={"service.name": "shop"})
        scored(bridge)
        with browsers.chromium(Path(scratch) / "profile") as driver:
            page = browsers.Page(driver, bridge.api)
            found = addresses(bridge)
            for name, view, theme, size in shots(bool(options.all)):
                if name.startswith(options.only):
                    page.begin()
                    page.resize(size, mobile=size is PHONE)
                    page.prefer(prefers_color_scheme=theme, prefers_reduced_motion="reduce")
                    page.open(found[view])
                    settled(page)
                    taken(page, folder / f"{name}{suffix}")


if __name__ == "__main__":
    main()
