"""OpenAI's client under openinference-instrumentation-openai."""

from openai_dialog import talk
from openinference.instrumentation.openai import OpenAIInstrumentor
from otlp import provider

OpenAIInstrumentor().instrument(tracer_provider=provider())
talk()
