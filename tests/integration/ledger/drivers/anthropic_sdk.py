"""Anthropic's client with the spans it makes by itself."""

from anthropic_dialog import talk
from otlp import provider

provider()
talk()
