"""`probabilistic_sampler`: keeps a part of all traces, each whole, and says which part in the trace state."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.model.thresholds import (
    BITS,
    SAMPLING,
    BadTraceState,
    OtState,
    probability,
    randomness_of,
    read_state,
    threshold_of,
    told,
    told_threshold,
)
from otel_bridge.processor.base import Processor

if TYPE_CHECKING:
    from otel_bridge.processor.base import Fate
    from otel_bridge.processor.settings import SamplerSettings
    from otel_bridge.processor.views import CallView, LogView, SpanView

PRIORITY: Final = "sampling.priority"
"""An attribute that decides for its span: 0 drops it, any other number keeps it."""


class Sampler(Processor):
    """The processor. Every bridge with the same settings keeps the same traces."""

    def __init__(self, name: str, settings: SamplerSettings) -> None:
        self.name = name
        self._mode = settings.mode
        self._seed = settings.hash_seed.to_bytes(4, "big")
        self._precision = settings.sampling_precision
        self._fail_closed = settings.fail_closed
        self._share = settings.sampling_percentage / 100
        self._own = threshold_of(self._share, self._precision)

    def span(self, view: SpanView) -> Fate | None:
        """`Processor.span`."""
        kept = _priority(view.attributes.get(PRIORITY))
        if kept is not None:
            return None if kept else "sampled_out"
        message = view.message
        try:
            state = read_state(message.trace_state)
        except BadTraceState:
            return "sampled_out" if self._fail_closed else None
        threshold, randomness = self._threshold(state), self._randomness(view.trace_id, state)
        if randomness < threshold:
            return "sampled_out"
        told = randomness if self._mode == "hash_seed" else None
        message.trace_state = state.with_threshold(threshold, told)
        return None

    def log(self, view: LogView) -> Fate | None:
        """`Processor.log`: a log record shares the fate of its trace."""
        trace_id = view.trace_id
        if not trace_id or self._randomness(trace_id, OtState()) >= self._own:
            return None
        return "sampled_out"

    def call(self, view: CallView) -> Fate | None:
        """`Processor.call`. An end that travels alone says no trace: see `base.Gone`."""
        trace_id, attributes = view.trace_id, view.attributes
        if trace_id is None or attributes is None:
            return None
        kept = _priority(attributes.get(PRIORITY))
        if kept is not None:
            return None if kept else "sampled_out"
        tree = view.tree("attributes")
        state = OtState(threshold=told_threshold(tree) or None)
        threshold = self._threshold(state)
        if self._randomness(trace_id, state) < threshold:
            return "sampled_out"
        if threshold:
            own, name = SAMPLING
            known = tree.get(own)
            beside = known if isinstance(known, dict) else {}
            view.put("attributes", tree | {own: beside | {name: told(threshold)}})
        return None

    def _threshold(self, state: OtState) -> int:
        """Return the threshold for a span: those before this one have had their say."""
        if state.threshold is None:
            return self._own
        if self._mode == "proportional":
            return threshold_of(probability(state.threshold) * self._share, self._precision)
        return max(state.threshold, self._own)

    def _randomness(self, trace_id: str, state: OtState) -> int:
        if self._mode == "hash_seed":
            digest = hashlib.blake2b(trace_id.encode(), key=self._seed, digest_size=BITS // 8).digest()
            return int.from_bytes(digest, "big")
        return randomness_of(trace_id) if state.randomness is None else state.randomness


def _priority(value: Any) -> bool | None:
    """Read what an attribute decides; None when it decides nothing."""
    try:
        return float(value) != 0 if isinstance(value, str | int | float) else None
    except ValueError:
        return None
