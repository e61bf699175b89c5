from langfuse import Langfuse, observe
from langfuse.openai import OpenAI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

langfuse = Langfuse(span_exporter=OTLPSpanExporter())


@observe
def answer_question(question: str) -> str:
    messages = [{"role": "user", "content": question}]
    answer = OpenAI().chat.completions.create(model="gpt-5-mini", messages=messages)
    return answer.choices[0].message.content


print(answer_question("What is the weather in Paris?"))
langfuse.flush()
