"""OpenAI's client under opentelemetry-instrumentation-openai-v2."""

from openai_dialog import talk
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from otlp import provider

OpenAIInstrumentor().instrument(tracer_provider=provider())
talk()
