"""OpenAI's client under opentelemetry-instrumentation-genai-openai."""

from openai_dialog import talk
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from otlp import provider

OpenAIInstrumentor().instrument(tracer_provider=provider())
talk()
