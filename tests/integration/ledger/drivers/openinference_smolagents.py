"""An agent of smolagents under openinference-instrumentation-smolagents."""

from __future__ import annotations

import os

from openinference.instrumentation.smolagents import SmolagentsInstrumentor
from otlp import QUESTION, WEATHER, provider
from smolagents import OpenAIServerModel, ToolCallingAgent, tool


@tool
def get_weather(city: str) -> str:
    """The weather of a city.

    Args:
        city: its name
    """
    return WEATHER if city else ""


SmolagentsInstrumentor().instrument(tracer_provider=provider())
model = OpenAIServerModel(model_id="gpt-5-mini", api_base=os.environ["OPENAI_BASE_URL"])
agent = ToolCallingAgent(tools=[get_weather], model=model, name="weather_agent", description="Knows weather.")
assert agent.run(QUESTION) == "It is sunny in Paris."
