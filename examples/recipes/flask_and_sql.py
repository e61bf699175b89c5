import sqlite3

from flask import Flask
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
app = Flask("weather")
FlaskInstrumentor().instrument_app(app, tracer_provider=provider)
SQLite3Instrumentor().instrument(tracer_provider=provider)


@app.get("/weather/<city>")
def weather(city: str) -> str:
    (degrees,) = sqlite3.connect(":memory:").cursor().execute("SELECT 22").fetchone()
    return f"{degrees} degrees in {city}"


print(app.test_client().get("/weather/Paris").text)
