import asyncio

from agent_framework import Agent
from agent_framework.observability import configure_otel_providers
from agent_framework.openai import OpenAIChatClient

configure_otel_providers()


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"22 degrees in {city}"


async def main() -> None:
    agent = Agent(client=OpenAIChatClient(model="gpt-5-mini"), name="weather agent", tools=[get_weather])
    print(await agent.run("What is the weather in Paris?"))


asyncio.run(main())
