import asyncio

from fastmcp import Client, FastMCP
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
server = FastMCP("weather")


@server.tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"22 degrees in {city}"


async def main() -> None:
    async with Client(server) as client:
        print((await client.call_tool("get_weather", {"city": "Paris"})).data)


asyncio.run(main())
