from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langsmith import Client


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"22 degrees in {city}"


agent = create_agent(ChatOpenAI(model="gpt-5-mini"), tools=[get_weather])
done = agent.invoke({"messages": [("user", "What is the weather in Paris?")]})
print(done["messages"][-1].content)
Client().flush()
