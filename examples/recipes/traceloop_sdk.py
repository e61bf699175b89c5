from openai import OpenAI
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import workflow

Traceloop.init(app_name="weather")


@workflow(name="answer question")
def answer_question(question: str) -> str:
    messages = [{"role": "user", "content": question}]
    answer = OpenAI().chat.completions.create(model="gpt-5-mini", messages=messages)
    return answer.choices[0].message.content


print(answer_question("What is the weather in Paris?"))
