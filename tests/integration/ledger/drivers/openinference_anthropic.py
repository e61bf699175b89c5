"""Anthropic's client under openinference-instrumentation-anthropic; its own spans are switched off."""

from anthropic_dialog import talk
from openinference.instrumentation.anthropic import AnthropicInstrumentor
from otlp import provider

AnthropicInstrumentor().instrument(tracer_provider=provider())
talk()
