import litellm

litellm.callbacks = ["otel"]
answer = litellm.completion(
    model="openai/gpt-5-mini", messages=[{"role": "user", "content": "What is the weather in Paris?"}]
)
print(answer.choices[0].message.content)
