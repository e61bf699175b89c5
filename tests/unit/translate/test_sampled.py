"""What the call of a span says of the sampler that kept it."""

from __future__ import annotations

import orjson
import pytest

from otel_bridge.translate.calls import translate
from tests.fixtures.otlp_spans import a_span


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("ot=th:c", {"threshold": "c", "adjusted_count": 4.0}),
        ("a=b, ot=rv:80000000000000;th:8", {"threshold": "8", "adjusted_count": 2.0}),
        ("ot=th:0", None),
        ("ot=th:zz", None),
        ("other=th:8", None),
        ("", None),
    ],
)
def test_a_sampled_span_says_how_many_it_stands_for(state, said):
    call = translate(a_span({"gen_ai.request.model": "m", "otel_bridge.note": "x"}, trace_state=state))
    attributes = orjson.loads(call.start.attributes)
    assert attributes.get("otel_bridge", {}).get("sampling") == said
    assert attributes["model"] == "m"


def test_what_a_sampled_span_says_stands_beside_what_it_had():
    call = translate(a_span({"otel_bridge.note": "x"}, trace_state="ot=th:8"))
    assert orjson.loads(call.start.attributes)["otel_bridge"] == {
        "note": "x",
        "sampling": {"threshold": "8", "adjusted_count": 2.0},
    }
