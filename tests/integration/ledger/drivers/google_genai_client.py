"""Google's client under opentelemetry-instrumentation-google-genai.

The program calls the tool itself: where the client does, the package makes one span for both answers of the
model and tells the usage of the second alone.
"""

from __future__ import annotations

from google import genai
from google.genai import errors, types
from opentelemetry import trace
from opentelemetry.instrumentation.google_genai import GoogleGenAiSdkInstrumentor
from otlp import QUESTION, WEATHER, provider

MODEL = "gemini-3-pro"
CITY = types.Schema(type=types.Type.OBJECT, properties={"city": types.Schema(type=types.Type.STRING)})
TOOL = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(name="get_weather", description="The weather of a city.", parameters=CITY)
    ]
)


def use_a_tool(client: genai.Client) -> None:
    """Let the model call a tool and tell it the result."""
    config = types.GenerateContentConfig(tools=[TOOL])
    contents = [types.UserContent(QUESTION)]
    first = client.models.generate_content(model=MODEL, contents=contents, config=config)
    (call,) = first.function_calls
    result = types.Part.from_function_response(name=call.name, response={"result": WEATHER})
    contents += [first.candidates[0].content, types.UserContent(result)]
    client.models.generate_content(model=MODEL, contents=contents, config=config)


GoogleGenAiSdkInstrumentor().instrument(tracer_provider=provider())
google = genai.Client()
with trace.get_tracer("program").start_as_current_span("a program"):
    use_a_tool(google)
    pieces = google.models.generate_content_stream(model="gemini-3-flash", contents=QUESTION)
    assert "".join(piece.text or "" for piece in pieces) == "It is sunny in Paris."
    google.models.generate_content(model="silent-flash", contents=QUESTION)
    for status in (429, 500):
        try:
            google.models.generate_content(model=f"broken-{status}", contents=QUESTION)
        except errors.APIError as error:
            assert error.code == status  # noqa: PT017 - pytest is not here
        else:
            raise AssertionError(f"no error for {status}")
