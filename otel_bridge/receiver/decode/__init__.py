"""An OTLP export request becomes spans: pure, no I/O, no clock (`contract/otlp-receiver.md` §7, §8)."""

from otel_bridge.receiver.decode.decoded import Decoded, partial_message
from otel_bridge.receiver.decode.export import decode

__all__ = ["Decoded", "decode", "partial_message"]
