"""What remembering senders costs ingest: µs of CPU for each `ScopeSpans`, and for a closer look.

`python -m tests.bench.bench_senders`
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_bridge.translate.record import resource_wire, scope_wire
from otel_bridge.translate.senders import Senders
from tests.fixtures.captures import exports

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 9
NOW_NS = 1_790_000_000_000_000_000


def micros(work: Callable[[], object], times: int) -> float:
    """CPU of one run, the median of several measurements."""
    taken = []
    for _ in range(RUNS):
        start = time.process_time()
        for _ in range(times):
            work()
        taken.append((time.process_time() - start) / times * 1e6)
    return statistics.median(taken)


def main() -> None:
    """Print both figures."""
    request = ExportTraceServiceRequest.FromString(exports("oi-openai")[0].body)
    resource = request.resource_spans[0]
    scope = resource.scope_spans[0]

    def wires() -> tuple[bytes, bytes]:
        return resource_wire(resource), scope_wire(scope)  # which decoding makes anyway

    senders, looking = Senders(), Senders(look_ns=0, pause_ns=0)
    senders.see("otlp http", NOW_NS, *wires(), scope.spans)
    known = micros(lambda: senders.see("otlp http", NOW_NS, *wires(), scope.spans), 20_000)
    look = micros(lambda: looking.see("otlp http", NOW_NS, *wires(), scope.spans), 100)
    alone = micros(wires, 20_000)
    print(f"a ScopeSpans of a known sender {known - alone:.2f} µs, with a closer look {look - alone:.0f} µs")


if __name__ == "__main__":
    main()
