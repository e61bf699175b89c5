"""An agent of OpenAI's SDK, whole and as a stream, under openinference-instrumentation-openai-agents."""

from __future__ import annotations

import asyncio

from agents import Agent, Runner, function_tool
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor
from otlp import QUESTION, WEATHER, provider


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return WEATHER if city else ""


async def main() -> None:
    agent = Agent(name="weather agent", instructions="Be brief.", model="gpt-5-mini", tools=[get_weather])
    done = await Runner.run(agent, QUESTION)
    assert done.final_output == "It is sunny in Paris."
    running = Runner.run_streamed(agent, QUESTION)
    async for _ in running.stream_events():
        pass
    assert running.final_output == "It is sunny in Paris."


OpenAIAgentsInstrumentor().instrument(tracer_provider=provider())
asyncio.run(main())
