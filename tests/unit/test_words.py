"""Words for people."""

from __future__ import annotations

import pytest

from otel_bridge.words import many


@pytest.mark.parametrize(("count", "said"), [(0, "0 calls"), (1, "1 call"), (1234, "1,234 calls")])
def test_one_is_no_plural(count, said):
    assert many(count, "call") == said
