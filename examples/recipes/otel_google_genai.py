from google import genai
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.google_genai import GoogleGenAiSdkInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
GoogleGenAiSdkInstrumentor().instrument(tracer_provider=provider)

client = genai.Client()
answer = client.models.generate_content(model="gemini-3-flash", contents="What is the weather in Paris?")
print(answer.text)
