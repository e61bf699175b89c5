"""What a person would read in one call of each recorded instrumentation: role and words, in their order.

A row is the call's op, which of those it is in the order of their start, and its messages. Tool calls and
results are told by the tool's name or what it said.
"""

from __future__ import annotations

PARIS = "It is sunny in Paris, 21 °C ☀️."
SHORT = "Here is a short answer: 你好, hello"
ANSWER = "The answer is 42."
LOOKED_UP = (("assistant", "get_weather"), ("tool", "sunny"), ("assistant", PARIS))
WEATHER = (("user", "What is the weather in Paris?"), *LOOKED_UP)
ANTHROPIC = (
    ("user", "Weather in Paris?"),
    ("assistant", "Let me look that up."),
    ("tool", "sunny, 21 °C"),
    ("assistant", SHORT),
)
HELPED = (("system", "You help."), ("user", "weather in Paris?"), *LOOKED_UP)
TERSE = (("system", "Be terse"), ("user", "weather in Paris?"), *LOOKED_UP)
VERCEL = (("user", "weather in Paris?"), ("assistant", "weather"), ("tool", "sunny"), ("assistant", PARIS))

TALKS = {
    "agent-framework": ("invoke_agent weather_agent", 0, (
        ("system", "Help"), ("user", "weather in Paris?"), *LOOKED_UP)),
    "genai-langchain-span": ("chat gpt-4o-mini", 3, HELPED),
    "genai-openai-events": ("chat gpt-4o-mini", 2, WEATHER),
    "genai-openai-span": ("chat gpt-4o-mini", 2, WEATHER),
    "google-adk-old": ("call_llm", 1, (("system", "You are an agent."), *WEATHER)),
    "langfuse-sdk": ("answer", 0, (("system", "terse"), ("user", "6*7?"), ("assistant", ANSWER))),
    "langsmith-otel": ("ChatOpenAI", 3, HELPED),
    "litellm-otel": ("litellm_request", 0, (("system", "terse"), ("user", "6*7?"), ("assistant", ANSWER))),
    "oi-agents": ("response", 1, (("system", "Help with weather"), *WEATHER)),
    "oi-anthropic": ("messages.create", 2, ANTHROPIC),
    "oi-langchain": ("ChatOpenAI", 3, HELPED),
    "oi-llama": ("OpenAI.achat", 1, (("system", "help"), ("user", "weather in Paris?"), *LOOKED_UP)),
    "oi-old-openai": ("ChatCompletion", 2, WEATHER),
    "oi-openai": ("ChatCompletion", 2, WEATHER),
    "oi-smolagents": ("OpenAIModel.generate", 1, (
        ("system", "You are an expert assistant"), ("user", "New task:"), ("assistant", "Calling tools:"),
        ("tool", "sunny in Paris"), ("assistant", "get_weather"))),
    "openllmetry-anthropic": ("anthropic.chat", 2, ANTHROPIC),
    "openllmetry-old-anthropic": ("anthropic.chat", 2, ANTHROPIC),
    "openllmetry-old-openai": ("openai.chat", 2, WEATHER),
    "otel-google-genai-latest": ("generate_content gemini-2.5-flash", 0, (
        ("system", "Be terse"), ("user", "What is 6*7?"), ("assistant", ANSWER))),
    "otel-openai-v2-latest": ("chat gpt-4o-mini", 2, WEATHER),
    "pydantic-ai-1x": ("agent run", 0, TERSE),
    "pydantic-ai-logfire": ("invoke_agent weather_agent", 0, TERSE),
    "strands-default": ("chat", 2, (*TERSE, ("user", "and 6*7?"), ("assistant", ANSWER))),
    "traceloop-sdk": ("openai.chat", 3, (
        ("user", "weather in Paris"), ("assistant", "get_weather"), ("tool", "Paris"), ("assistant", PARIS))),
    "vercel-ai4-proto": ("ai.generateText.doGenerate", 2, VERCEL),
    "vercel-ai5-json": ("ai.generateText.doGenerate", 2, VERCEL),
    "weave-conversation-sdk": ("chat gpt-4o-mini", 0, (
        ("system", "Be terse"), ("user", "weather in Paris?"), ("assistant", "calling tool"))),
}  # fmt: skip

SILENT = {
    "autogen": "create_agent weather_agent",
    "google-adk-litellm": "generate_content openai/gpt-4o-mini",
    "mcp-native": "tools/call add",
    "node-http-json": "compute",
    "otel-google-genai-default": "generate_content gemini-2.5-flash",
    "otel-openai-v2-default": "chat gpt-4o-mini",
    "plain-edge": "events and links",
    "plain-web": "select",
}
"""Captures in which nothing was said, or its sender does not record it, and an op to look at."""
