import logfire
from pydantic_ai import Agent

logfire.configure(send_to_logfire=False, metrics=False, console=False)
logfire.instrument_pydantic_ai()

agent = Agent("openai-chat:gpt-5-mini", name="weather_agent")
with logfire.span("answer question"):
    print(agent.run_sync("What is the weather in Paris?").output)
