import asyncio

from google.adk.agents import Agent
from google.adk.models.lite_llm import LiteLlm
from google.adk.runners import InMemoryRunner
from google.genai.types import UserContent
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"22 degrees in {city}"


async def main() -> None:
    agent = Agent(name="weather_agent", model=LiteLlm("openai/gpt-5-mini"), tools=[get_weather])
    runner = InMemoryRunner(agent, app_name="weather")
    session = await runner.session_service.create_session(app_name="weather", user_id="ann")
    question = UserContent("What is the weather in Paris?")
    async for event in runner.run_async(user_id="ann", session_id=session.id, new_message=question):
        if event.is_final_response():
            print(event.content.parts[0].text)


asyncio.run(main())
