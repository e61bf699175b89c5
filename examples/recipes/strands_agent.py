from strands import Agent, tool
from strands.models.openai import OpenAIModel
from strands.telemetry import StrandsTelemetry

StrandsTelemetry().setup_otlp_exporter()


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"22 degrees in {city}"


agent = Agent(
    name="weather agent", model=OpenAIModel(model_id="gpt-5-mini"), tools=[get_weather], callback_handler=None
)
print(agent("What is the weather in Paris?"))
