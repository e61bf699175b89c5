"""Agents of Pydantic AI, over OpenAI and Anthropic, with the spans it makes by itself."""

from __future__ import annotations

from otlp import QUESTION, WEATHER, provider
from pydantic_ai import Agent
from pydantic_ai.models.instrumented import InstrumentationSettings


def get_weather(city: str) -> str:
    """The weather of a city."""
    return WEATHER if city else ""


Agent.instrument_all(InstrumentationSettings(tracer_provider=provider()))
for model in ("openai-chat:gpt-5-mini", "openai-responses:gpt-5-nano", "anthropic:claude-opus-5"):
    agent = Agent(model, name="weather_agent", tools=[get_weather])
    assert agent.run_sync(QUESTION).output == "It is sunny in Paris."
    assert agent.run_stream_sync(QUESTION).get_output() == "It is sunny in Paris."
