"""An OTLP export request becomes spans, or log records of spans: pure, no I/O, no clock.

The rules are `contract/otlp-receiver.md` §7 and §8.
"""

from otel_bridge.receiver.decode.decoded import Decoded, DecodedLogs, partial_message
from otel_bridge.receiver.decode.export import decode
from otel_bridge.receiver.decode.led import DecodedParts, decode_led
from otel_bridge.receiver.decode.logs import decode_logs

__all__ = [
    "Decoded",
    "DecodedLogs",
    "DecodedParts",
    "decode",
    "decode_led",
    "decode_logs",
    "partial_message",
]
