"""Anthropic's client under opentelemetry-instrumentation-genai-anthropic; its own spans are switched off."""

from anthropic_dialog import talk
from opentelemetry.instrumentation.genai.anthropic import AnthropicInstrumentor
from otlp import provider

AnthropicInstrumentor().instrument(tracer_provider=provider())
talk()
