"""One Strands agent, asked twice, so that its own figures grow over its life; it makes its spans itself."""

from __future__ import annotations

from otlp import QUESTION, WEATHER, provider
from strands import Agent, tool
from strands.models.openai import OpenAIModel


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return WEATHER if city else ""


provider()
agent = Agent(
    name="weather agent",
    model=OpenAIModel(model_id="gpt-5-mini"),
    tools=[get_weather],
    callback_handler=None,
)
for _ in range(2):
    assert str(agent(QUESTION)).strip() == "It is sunny in Paris."
