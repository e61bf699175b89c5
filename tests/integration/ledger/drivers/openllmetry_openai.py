"""OpenAI's client under OpenLLMetry's opentelemetry-instrumentation-openai."""

from openai_dialog import talk
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from otlp import provider

OpenAIInstrumentor().instrument(tracer_provider=provider())
talk()
