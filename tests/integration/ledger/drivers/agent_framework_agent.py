"""An agent of Microsoft's agent framework, over OpenAI's responses, with the spans it makes by itself."""

from __future__ import annotations

import asyncio

from agent_framework import Agent
from agent_framework.observability import enable_instrumentation
from agent_framework.openai import OpenAIChatClient
from otlp import QUESTION, WEATHER, provider


def get_weather(city: str) -> str:
    """The weather of a city."""
    return WEATHER if city else ""


async def main() -> None:
    agent = Agent(client=OpenAIChatClient(model="gpt-5-mini"), name="weather agent", tools=[get_weather])
    assert str(await agent.run(QUESTION)) == "It is sunny in Paris."
    said = [str(update) async for update in agent.run(QUESTION, stream=True)]
    assert "".join(said) == "It is sunny in Paris."


provider()
enable_instrumentation()
asyncio.run(main())
