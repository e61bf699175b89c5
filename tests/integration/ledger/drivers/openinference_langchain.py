"""A chain and a tool round of LangChain under openinference-instrumentation-langchain."""

from __future__ import annotations

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import APIStatusError
from openinference.instrumentation.langchain import LangChainInstrumentor
from otlp import QUESTION, WEATHER, provider


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return WEATHER if city else ""


LangChainInstrumentor().instrument(tracer_provider=provider())
model = ChatOpenAI(model="gpt-5-mini", max_retries=0)
with_tool = model.bind_tools([get_weather])
asked = with_tool.invoke([HumanMessage(QUESTION)])
(call,) = asked.tool_calls
result = ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
with_tool.invoke([HumanMessage(QUESTION), asked, result])

chain = ChatPromptTemplate.from_template("Answer: {question}") | model | StrOutputParser()
assert chain.invoke({"question": QUESTION}) == "It is sunny in Paris."
streaming = ChatOpenAI(model="gpt-5-nano", max_retries=0, stream_usage=True)
assert "".join((streaming | StrOutputParser()).stream(QUESTION)) == "It is sunny in Paris."
ChatOpenAI(model="silent-mini", max_retries=0).invoke(QUESTION)
try:
    ChatOpenAI(model="broken-429", max_retries=0).invoke(QUESTION)
except APIStatusError as error:
    assert error.status_code == 429  # noqa: PT017 - pytest is not here
else:
    raise AssertionError("no error for 429")
