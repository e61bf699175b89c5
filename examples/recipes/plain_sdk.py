from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("weather")

with tracer.start_as_current_span("chat gpt-5-mini") as span:
    span.set_attribute("gen_ai.operation.name", "chat")
    span.set_attribute("gen_ai.provider.name", "openai")
    span.set_attribute("gen_ai.request.model", "gpt-5-mini")
    span.set_attribute("input.value", "What is the weather in Paris?")
    span.set_attribute("output.value", "It is sunny in Paris.")  # what your model has answered
    span.set_attribute("gen_ai.usage.input_tokens", 20)
    span.set_attribute("gen_ai.usage.output_tokens", 5)
