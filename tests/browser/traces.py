"""One large trace, for tests and benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.spans import a_span, failed, trace_id

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

SPANS = 10_000
TRACE = 900
ROOT = 1_000_000
"""The number of the root; the others follow."""
PER_STEP = 100
SECONDS = 100
START = 1_790_000_000


def large_trace(start: float = START) -> list[Span]:
    """A root, a hundred steps below it, a hundred calls below each; the last one fails."""
    spans = [a_span("nightly run", trace=TRACE, number=ROOT, at=start, lasts=SECONDS)]
    for number in range(1, SPANS):
        step, leaf = divmod(number, PER_STEP)
        below = step > 0 and leaf > 0
        spans.append(
            a_span(
                f"call {number}" if leaf else f"step {step}",
                trace=TRACE,
                number=ROOT + number,
                parent=ROOT + step * PER_STEP if below else ROOT,
                at=start + number * SECONDS / SPANS,
                lasts=SECONDS / SPANS,
            )
        )
    failed(spans[-1], "Late", "the last one failed", "")
    return spans


def address(project: str) -> str:
    """The page's address of the trace."""
    return f"#/trace/{trace_id(TRACE).hex()}?project={project}"
