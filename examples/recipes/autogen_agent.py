import asyncio

from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
OpenAIInstrumentor().instrument(tracer_provider=provider)


async def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"22 degrees in {city}"


async def main() -> None:
    model = OpenAIChatCompletionClient(model="gpt-4o-mini")
    agent = AssistantAgent("weather_agent", model, tools=[get_weather], reflect_on_tool_use=True)
    done = await agent.run(task="What is the weather in Paris?")
    print(done.messages[-1].content)


asyncio.run(main())
