"""Anthropic's client under OpenLLMetry's opentelemetry-instrumentation-anthropic; its own spans are off."""

from anthropic_dialog import talk
from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
from otlp import provider

AnthropicInstrumentor().instrument(tracer_provider=provider())
talk()
